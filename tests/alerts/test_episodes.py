"""One alert an episode: what joins, what updates, what is forgotten, and that batches change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.episodes import REMEMBER_JOINED_US, REMEMBER_US, Episodes, parked_alarm
from domain.commits import AlertChange, DeadLetter
from domain.instants import SECOND_US
from domain.violations import Violation
from domain.vocabulary import AlertCondition, Change, Code, DeadLetterReason, Kind, Level, Severity
from tests.alerts.made import at
from tests.alerts.made import make_violation as violation


def fresh() -> Episodes:
    return Episodes(lambda wearer: Level.STANDARD)


def closed(version: Violation, to: str, **given: Any) -> Violation:
    """The next version of a violation, with its end."""
    end = at(to)
    told: dict[str, Any] = {"version": version.version + 1, "change": Change.CLOSED, "to_us": end, "decided_us": end}
    return replace(version, **(told | given))


def withdrawn(version: Violation, decided: str) -> Violation:
    return replace(version, version=version.version + 1, change=Change.WITHDRAWN, decided_us=at(decided))


def test_a_violation_raises_clears_and_reactivates_one_alert() -> None:
    episodes = fresh()
    opened = violation(Kind.EXCLUSION_ZONE, "10:00:00", decided="10:01:01")
    ended = closed(opened, "10:20:00")
    again = replace(ended, version=3, change=Change.EXTENDED, to_us=None, decided_us=at("10:25:00"))
    changes = episodes.apply([opened]) + episodes.apply([ended]) + episodes.apply([again])
    assert [change.episode for change in changes] == ["W1-1"] * 3
    assert [change.state for change in changes] == [
        AlertCondition.ACTIVE,
        AlertCondition.CLEARED,
        AlertCondition.ACTIVE,
    ]
    assert {change.severity for change in changes} == {Severity.CRITICAL}
    assert [change.version for change in changes] == [1, 2, 3]
    assert {change.raised_us for change in changes} == {at("10:01:01")}
    assert [change.changed_us for change in changes] == [at("10:01:01"), at("10:20:00"), at("10:25:00")]


def test_a_pulse_is_raised_cleared() -> None:
    (change,) = fresh().apply([violation(Kind.STRAP_TAMPER, "10:00:00", "10:00:00", device="T1")])
    assert (change.state, change.severity, change.device) == (AlertCondition.CLEARED, Severity.CRITICAL, "T1")


@pytest.mark.parametrize(("second", "joins"), [("10:15:00", True), ("10:15:00.000001", False)])
def test_one_that_opens_within_10_minutes_joins(second: str, joins: bool) -> None:
    first = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    later = violation(Kind.EXCLUSION_ZONE, second, id="W1-2")
    _, change = fresh().apply([first, later])
    assert change.episode == ("W1-1" if joins else "W1-2")
    assert change.violation_id == "W1-2"
    assert change.raised_us == (at("10:05:00") if joins else at(second))


@pytest.mark.parametrize("what", ["wearer", "victim", "device", "condition", "kind"])
def test_another_wearer_victim_device_condition_or_kind_is_another_episode(what: str) -> None:
    first = violation(Kind.STRAP_TAMPER, "10:00:00", "10:05:00", device="T1")
    other: dict[str, Any] = {what: Kind.CASE_TAMPER if what == "kind" else "X9"}
    second = violation(Kind.STRAP_TAMPER, "10:06:00", device="T1", id="W1-2")
    _, change = fresh().apply([first, replace(second, **other)])
    assert change.episode == "W1-2"


def test_what_counts_is_when_it_happened_not_when_it_was_decided() -> None:
    """A backlog brings two entries, four hours apart, in one second: two alerts. And two close ones: one alert."""
    first = violation(Kind.EXCLUSION_ZONE, "01:00:00", "01:30:00", decided="12:00:00")
    far = violation(Kind.EXCLUSION_ZONE, "05:00:00", "05:10:00", decided="12:00:00", id="W1-2")
    near = violation(Kind.EXCLUSION_ZONE, "05:15:00", "05:20:00", decided="12:00:01", id="W1-3")
    assert [change.episode for change in fresh().apply([first, far, near])] == ["W1-1", "W1-2", "W1-2"]


def test_one_found_late_that_ended_shortly_before_the_other_began_joins_too() -> None:
    first = violation(Kind.EXCLUSION_ZONE, "10:00:00")
    earlier = violation(Kind.EXCLUSION_ZONE, "09:40:00", "09:55:00", decided="10:03:00", id="W1-2")
    long_before = violation(Kind.EXCLUSION_ZONE, "08:40:00", "08:55:00", decided="10:03:00", id="W1-3")
    changes = fresh().apply([first, earlier, long_before])
    assert [change.episode for change in changes] == ["W1-1", "W1-1", "W1-3"]


def test_an_alert_is_active_while_one_of_its_violations_is() -> None:
    first = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    second = violation(Kind.EXCLUSION_ZONE, "10:07:00", id="W1-2")
    episodes = fresh()
    states = [change.state for change in episodes.apply([first, second, closed(second, "10:09:00")])]
    assert states == [AlertCondition.CLEARED, AlertCondition.ACTIVE, AlertCondition.CLEARED]


def test_its_severity_is_the_worst_that_its_violations_have_now() -> None:
    late = violation(Kind.CURFEW, "19:00:00", "19:16:00", code=Code.AL09, minutes_certain=16.0, decided="19:16:00")
    left = violation(Kind.CURFEW, "19:20:00", id="W1-2", code=Code.AL10)
    back = closed(left, "19:26:00", minutes_certain=6.0)
    episodes = fresh()
    changes = episodes.apply([late, left, back, withdrawn(back, "19:40:00")])
    assert [change.severity for change in changes] == [
        Severity.WARNING,
        Severity.SERIOUS,
        Severity.SERIOUS,
        Severity.WARNING,
    ]
    assert [change.code for change in changes] == ["AL09", "AL10", "AL10", "AL09"]
    assert not any(change.withdrawn for change in changes)


def test_a_code_that_makes_it_worse_raises_its_alert() -> None:
    opened = violation(Kind.CURFEW, "19:00:00", code=Code.AL08)
    whole = closed(opened, "19:30:00", code=Code.AL12, change=Change.AMENDED)
    assert [change.severity for change in fresh().apply([opened, whole])] == [Severity.SERIOUS, Severity.CRITICAL]


def test_the_level_of_the_wearer_counts() -> None:
    episodes = Episodes({"W1": Level.INTENSIVE}.__getitem__)
    (change,) = episodes.apply([violation(Kind.CURFEW, "19:00:00", code=Code.AL08)])
    assert change.severity is Severity.CRITICAL


def test_a_withdrawn_violation_withdraws_its_alert_and_nothing_joins_it() -> None:
    opened = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    gone = withdrawn(opened, "10:06:00")
    new = violation(Kind.EXCLUSION_ZONE, "10:07:00", id="W1-2")
    _, change, other = fresh().apply([opened, gone, new])
    assert (change.episode, change.withdrawn, change.state) == ("W1-1", True, AlertCondition.CLEARED)
    assert change.severity is Severity.CRITICAL
    assert (other.episode, other.withdrawn) == ("W1-2", False)


@pytest.mark.parametrize("loss", [Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST])
@pytest.mark.parametrize("cause", [Kind.BATTERY_DEAD, Kind.HOME_UNIT_POWER_LOST])
def test_a_loss_joins_the_alert_of_its_cause(loss: Kind, cause: Kind) -> None:
    dead = violation(cause, "10:00:00", device="T1", condition=None)
    lost = violation(loss, "10:00:00", decided="10:05:00", device="T1", condition=None, id="W1-2")
    other = replace(lost, id="W1-3", device="T2")
    _, joined, apart = fresh().apply([dead, lost, other])
    assert (joined.episode, joined.kind, joined.severity) == ("W1-1", cause.value, Severity.SERIOUS)
    assert (apart.episode, apart.kind) == ("W1-3", loss.value)


def test_what_is_not_a_loss_does_not_join_a_cause() -> None:
    dead = violation(Kind.BATTERY_DEAD, "10:00:00", device="T1")
    cut = violation(Kind.STRAP_TAMPER, "10:01:00", device="T1", id="W1-2")
    assert fresh().apply([dead, cut])[1].episode == "W1-2"


def test_a_retrospective_violation_that_is_over_makes_no_alert() -> None:
    over = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00", retrospective=True, decided="12:00:00")
    running = violation(Kind.EXCLUSION_ZONE, "11:00:00", retrospective=True, decided="12:00:00", id="W1-2")
    changes = fresh().apply([over, running])
    assert [change.episode for change in changes] == ["W1-2"]
    episodes = fresh()
    episodes.apply([running])
    (change,) = episodes.apply([closed(running, "12:30:00")])
    assert change.state is AlertCondition.CLEARED


def test_a_forgotten_violation_is_found_again_by_its_own_name() -> None:
    first = violation(Kind.EXCLUSION_ZONE, "00:00:00", "00:05:00")
    later = violation(Kind.STRAP_TAMPER, "12:00:00", id="W2-1", wearer="W2")
    amended = replace(first, version=2, change=Change.SHORTENED, to_us=at("00:04:00"), decided_us=at("12:00:01"))
    episodes = fresh()
    episodes.apply([first])
    episodes.apply([later])
    assert len(episodes.snapshot()) < 200
    changes = episodes.apply([amended, withdrawn(amended, "12:00:02")])
    assert [(change.episode, change.withdrawn) for change in changes] == [("W1-1", False), ("W1-1", True)]


def test_a_joined_violation_is_known_for_a_month() -> None:
    first = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    second = violation(Kind.EXCLUSION_ZONE, "10:07:00", "10:09:00", id="W1-2")
    episodes = fresh()
    episodes.apply([first, second])
    for days_us, known in [(REMEMBER_JOINED_US - SECOND_US, True), (2 * REMEMBER_JOINED_US, False)]:
        decided_us = second.decided_us + days_us
        copy = Episodes.restore(episodes.snapshot(), lambda wearer: Level.STANDARD)
        amended = replace(second, version=2, change=Change.AMENDED, decided_us=decided_us)
        assert copy.apply([amended])[0].episode == ("W1-1" if known else "W1-2")


def test_nothing_joins_what_closed_long_ago_by_decision_times() -> None:
    first = violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    second = violation(Kind.EXCLUSION_ZONE, "10:07:00", id="W1-2")
    for wait_us, episode in [(REMEMBER_US, "W1-1"), (REMEMBER_US + 1, "W1-2")]:
        late = replace(second, decided_us=first.decided_us + wait_us)
        assert fresh().apply([first, late])[1].episode == episode


def story() -> list[Violation]:
    """Some of everything, over a day."""
    told: list[Violation] = []
    for hour in range(24):
        for wearer in ("W1", "W2", "W3"):
            one = violation(
                Kind.EXCLUSION_ZONE, f"{hour:02}:00:00", id=f"{wearer}-{2 * hour + 1}", wearer=wearer, condition=wearer
            )
            two = replace(one, id=f"{wearer}-{2 * hour + 2}", from_us=at(f"{hour:02}:14:00"))
            two = replace(two, decided_us=two.from_us)
            told += [one, closed(one, f"{hour:02}:05:00"), two, closed(two, f"{hour:02}:20:00")]
            if hour % 5 == 0:
                told.append(withdrawn(one, f"{hour:02}:30:00"))
    return sorted(told, key=lambda version: (version.decided_us, version.id, version.version))


def test_batches_and_restarts_change_nothing() -> None:
    told = story()
    whole = fresh().apply(told)
    one_by_one: list[AlertChange] = []
    episodes = fresh()
    for version in told:
        one_by_one += episodes.apply([version])
        body = episodes.snapshot()
        episodes = Episodes.restore(body, lambda wearer: Level.STANDARD)
        assert episodes.snapshot() == body
    assert one_by_one == whole
    assert {change.episode for change in whole} == {f"{w}-{2 * h + 1}" for w in ("W1", "W2", "W3") for h in range(24)}


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        Episodes.restore(b"\x93\x09\x00\x90", lambda wearer: Level.STANDARD)


def test_a_parked_tamper_is_a_critical_platform_alert_once_an_hour_and_sender() -> None:
    letter = DeadLetter("em/v1/00/T1/up", b"{", at("10:00:00"), DeadLetterReason.SCHEMA, device="T1", critical=True)
    first, second = parked_alarm(letter), parked_alarm(replace(letter, received_us=at("10:59:00")))
    assert (first.severity, first.kind, first.device) == (Severity.CRITICAL, "parked_alarm", "T1")
    assert first.episode == second.episode
    assert parked_alarm(replace(letter, received_us=at("11:00:00"))).episode != first.episode
    nobody = parked_alarm(replace(letter, device=None, topic="x" * 1000))
    assert nobody.episode != first.episode
    assert len(nobody.episode) < 128
