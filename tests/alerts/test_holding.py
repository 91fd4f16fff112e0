"""What a mass outage holds, alert by alert: what comes under it, what is let go of, and what never is its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from alerts.episodes import Episodes
from domain.commits import AlertChange
from domain.incidents import IncidentVersion, Release, Released, TakenIn
from domain.networks import UNTOLD
from domain.violations import Violation
from domain.vocabulary import AlertCondition, Change, Kind, Level, Severity
from tests.alerts.made import at, make_violation

OUTAGE = "outage-1"


def fresh() -> Episodes:
    return Episodes(lambda wearer: Level.STANDARD)


def loss(device: str = "T1", from_: str = "10:00:00", decided: str = "10:05:00", **given: Any) -> Violation:
    told = {"id": "W1-1", "condition": None, "order": None, "device": device}
    return make_violation(Kind.COMMUNICATION_LOST, from_, None, decided, **(told | given))


def whereabouts(decided: str = "10:20:00", **given: Any) -> Violation:
    return make_violation(Kind.WHEREABOUTS_UNKNOWN, decided, None, decided, **({"id": "W1-9"} | given))


def over(violation: Violation, clock: str) -> Violation:
    return replace(
        violation, version=violation.version + 1, change=Change.CLOSED, to_us=at(clock), decided_us=at(clock)
    )


def outage(version: int, clock: str, taken: Sequence[str] = (), released: Sequence[str] = (), **given: Any) -> Any:
    """A version of an incident; devices of W1."""
    told: dict[str, Any] = {"id": OUTAGE, "closed_us": None, "devices": 50, "silent": 50} | given
    return IncidentVersion(
        version=version,
        opened_us=at("10:05:00"),
        decided_us=at(clock),
        taken=tuple(TakenIn(device, "W1", None, UNTOLD) for device in taken),
        released=tuple(Released(device, "W1", None, Release.VICTIM) for device in released),
        **told,
    )


def told(changes: Sequence[AlertChange]) -> list[tuple[str, str, str | None]]:
    return [(change.episode, change.state.value, change.grouped_under) for change in changes]


def test_the_incident_has_one_critical_alert_which_is_cleared_when_it_closes() -> None:
    episodes = fresh()
    opened = episodes.apply([], [], [(0, outage(1, "10:05:00"))])
    closed = episodes.apply([], [], [(0, outage(2, "10:30:00", closed_us=at("10:30:00")))])
    assert [(c.episode, c.violation_id, c.version, c.kind, c.severity) for c in [*opened, *closed]] == [
        (OUTAGE, OUTAGE, version, "mass_outage", Severity.CRITICAL) for version in (1, 2)
    ]
    assert [c.state for c in [*opened, *closed]] == [AlertCondition.ACTIVE, AlertCondition.CLEARED]
    assert {c.raised_us for c in [*opened, *closed]} == {at("10:05:00")}


def test_what_an_incident_does_comes_before_the_versions_of_its_line() -> None:
    before = loss("T2", id="W1-2", decided="10:04:59")
    changes = fresh().apply([before, loss()], [3, 5], [(5, outage(1, "10:05:00", ["T1"]))])
    assert told(changes) == [("W1-2", "active", None), (OUTAGE, "active", None), ("W1-1", "active", OUTAGE)]


def test_what_opened_less_than_300_s_before_comes_under_it() -> None:
    for decided, under in (("10:00:00", []), ("10:00:01", [("W1-1", "active", OUTAGE)])):
        episodes = fresh()
        episodes.apply([loss(decided=decided)])
        changes = episodes.apply([], [], [(0, outage(1, "10:05:00", ["T1"]))])
        assert told(changes)[1:] == under


def test_a_location_that_was_amended_lately_was_alerted_long_before() -> None:
    episodes = fresh()
    lost = replace(loss(decided="09:00:00"), kind=Kind.LOCATION_LOST)
    episodes.apply([lost, replace(lost, version=2, change=Change.AMENDED, decided_us=at("10:04:00"))])
    assert told(episodes.apply([], [], [(0, outage(1, "10:05:00", ["T1"]))]))[1:] == []


def test_whereabouts_are_held_while_any_device_of_the_wearer_is() -> None:
    episodes = fresh()
    episodes.apply([loss()], [0], [(0, outage(1, "10:05:00", ["T1", "T2"]))])
    assert told(episodes.apply([whereabouts()])) == [("W1-9", "active", OUTAGE)]
    assert told(episodes.apply([], [], [(0, outage(2, "10:21:00", released=["T1"]))]))[1:] == [("W1-1", "active", None)]
    assert told(episodes.apply([], [], [(0, outage(3, "10:22:00", released=["T2"]))]))[1:] == [("W1-9", "active", None)]


def test_another_wearer_is_not_held() -> None:
    episodes = fresh()
    episodes.apply([], [], [(0, outage(1, "10:05:00", ["T1"]))])
    assert told(episodes.apply([whereabouts(id="W2-1", wearer="W2")])) == [("W2-1", "active", None)]
    assert told(episodes.apply([loss(id="W2-2", wearer="W2")])) == [("W2-2", "active", None)]


def test_a_device_that_is_back_is_held_no_more_and_its_alert_stays_where_it_was() -> None:
    episodes = fresh()
    first = loss()
    episodes.apply([first], [0], [(0, outage(1, "10:05:00", ["T1"]))])
    assert told(episodes.apply([over(first, "10:15:00")])) == [("W1-1", "cleared", OUTAGE)]
    again = loss(id="W1-2", from_="10:16:00", decided="10:21:00")
    assert told(episodes.apply([again])) == [("W1-1", "active", None)], "it joins its episode, and is told"


def test_what_is_over_is_not_let_go_of() -> None:
    episodes = fresh()
    first = loss()
    episodes.apply([first], [0], [(0, outage(1, "10:05:00", ["T1"]))])
    episodes.apply([over(first, "10:15:00")])
    assert told(episodes.apply([], [], [(0, outage(2, "10:20:00", released=["T1"]))]))[1:] == []


def test_another_incident_lets_go_of_nothing_of_ours() -> None:
    episodes = fresh()
    episodes.apply([loss()], [0], [(0, outage(1, "10:05:00", ["T1"], id="outage-2"))])
    assert told(episodes.apply([], [], [(0, outage(2, "10:20:00", released=["T1"]))]))[1:] == []
    assert told(episodes.apply([whereabouts()])) == [("W1-9", "active", "outage-2")]


def test_other_kinds_are_alerted_as_ever() -> None:
    episodes = fresh()
    episodes.apply([loss()], [0], [(0, outage(1, "10:05:00", ["T1"]))])
    for number, kind in enumerate((Kind.STRAP_TAMPER, Kind.LOST_IN_ZONE, Kind.VICTIM_UNIT_SILENT, Kind.UNMONITORED)):
        (change,) = episodes.apply([make_violation(kind, "10:10:00", id=f"W1-{number + 3}", device="T1")])
        assert change.grouped_under is None


def test_a_loss_that_joins_the_alert_of_its_cause_is_not_held() -> None:
    episodes = fresh()
    dead = make_violation(Kind.BATTERY_DEAD, "09:59:00", id="W1-3", device="T1", condition=None)
    episodes.apply([dead])
    changes = episodes.apply([loss()], [0], [(0, outage(1, "10:05:00", ["T1"]))])
    assert told(changes) == [(OUTAGE, "active", None), ("W1-3", "active", None)]


def test_a_restart_forgets_nothing_of_it() -> None:
    episodes = fresh()
    episodes.apply([loss()], [0], [(0, outage(1, "10:05:00", ["T1", "T2"]))])
    body = episodes.snapshot()
    episodes = Episodes.restore(body, lambda wearer: Level.STANDARD)
    assert episodes.snapshot() == body
    assert told(episodes.apply([whereabouts()])) == [("W1-9", "active", OUTAGE)]
    changes = episodes.apply([], [], [(0, outage(2, "10:21:00", released=["T1", "T2"]))])
    assert told(changes)[1:] == [("W1-1", "active", None), ("W1-9", "active", None)]
    assert [(c.violation_id, c.version) for c in changes[1:]] == [("W1-1", 1), ("W1-9", 1)]
