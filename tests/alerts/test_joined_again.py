"""A violation that joins an alert which somebody has closed is told like a new one; what waits for a loss waits for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.channels.channel import public_id
from alerts.episodes import JOIN_US, REMEMBER_US, Episodes
from alerts.machine import Act, Illegal, Job, step
from domain.instants import DAY_US, MINUTE_US
from domain.vocabulary import AlertEvent, AlertWork, Change, Code, Kind, Level, Outcome, Severity
from tests.alerts.made import at, make_violation
from tests.alerts.playing import ADA, Play
from tests.alerts.test_policy import only

E = AlertEvent
WARNING, SERIOUS, CRITICAL = Severity.WARNING, Severity.SERIOUS, Severity.CRITICAL
ONE, TWO = ("W1-1",), ("W1-1", "W1-2")


def times(lines: list[str], *words: str) -> list[str]:
    return [line for line in lines if all(word in line for word in words)]


# ---- closed, and then another ----


def test_failure_07_a_second_sos_after_the_first_was_closed_is_raised_again() -> None:
    play = Play("sos", violations=ONE, active=False)
    play.act("19:00:30", E.CLAIM).act("19:02:00", E.CLOSE)
    before = play.until("19:04:59")
    play.alert("19:05:00", violations=TWO)
    after = play.until("19:12:00")
    assert after[0] == "19:05:00 reopen"
    assert play.now.job.work is AlertWork.RAISED
    begins = [line.split(" ", 1)[1] for line in before if line.startswith("19:00:00") and line != "19:00:00 clear"]
    assert begins
    assert set(begins) <= {line.split(" ", 1)[1] for line in after if line.startswith("19:05:00")}
    assert only(after, "supervisor", "duty_manager")[:2] == [
        "19:07:00 supervisor sms unclaimed",
        "19:10:00 duty_manager sms unclaimed",
    ]


def test_failure_13_a_visit_of_a_late_backlog_that_is_over_raises_a_closed_alert_again() -> None:
    play = Play("exclusion_zone", violations=ONE)
    play.act("19:01:00", E.CLAIM).alert("19:05:00", active=False).act("19:10:00", E.CLOSE)
    play.until("19:39:59")
    play.alert("19:40:00", violations=TWO)
    assert "19:40:00 reopen" in play.until("19:40:00")


def test_one_commit_that_ends_the_first_and_opens_the_second_raises_a_closed_alert_again() -> None:
    play = Play("exclusion_zone", violations=ONE).act("19:01:00", E.CLAIM).act("19:03:00", E.CLOSE)
    play.until("19:19:59")
    play.alert("19:20:00", violations=TWO)  # active before, active after
    assert "19:20:00 reopen" in play.until("19:20:00")


def test_what_joins_an_open_alert_restarts_nothing() -> None:
    play = Play("exclusion_zone", violations=ONE).act("19:01:00", E.CLAIM)
    play.until("19:05:59")
    play.alert("19:06:00", violations=TWO)
    assert play.until("19:06:00") == []
    play.act("19:07:00", E.CLOSE)
    assert times(play.until("20:30:00"), "reopen") == []


def test_a_new_version_of_what_was_closed_raises_nothing() -> None:
    play = Play("exclusion_zone", violations=TWO).act("19:01:00", E.CLAIM).act("19:03:00", E.CLOSE)
    play.until("19:04:59")
    play.alert("19:05:00", active=False, changed_us=at("19:05:00"))
    assert times(play.until("23:00:00"), "reopen") == []


def test_another_parked_alarm_of_the_hour_raises_the_alert_that_was_closed_again() -> None:
    play = Play("parked_alarm").act("19:01:00", E.CLAIM).act("19:10:00", E.CLOSE)
    play.until("19:19:59")
    play.alert("19:20:00", changed_us=at("19:20:00"))
    assert "19:20:00 reopen" in play.until("19:20:00")
    play.act("19:21:00", E.CLAIM).act("19:22:00", E.CLOSE)
    assert times(play.until("23:00:00"), "reopen") == []


# ---- closed, and worse again ----


def test_a_closed_loss_that_is_needed_again_is_raised_again() -> None:
    play = Play("communication_lost", SERIOUS, violations=ONE).around("19:10:00", severity=CRITICAL)
    play.around("19:30:00", severity=Severity.INFORMATION).act("19:31:00", E.CLAIM).act("19:32:00", E.CLOSE)
    play.until("22:59:59")
    play.around("23:00:00", severity=CRITICAL)
    after = play.until("23:05:00")
    assert after[0] == "23:00:00 reopen"
    assert only(after, "supervisor")


def test_a_closed_loss_that_only_stays_as_bad_is_left_closed() -> None:
    play = Play("communication_lost", SERIOUS, violations=ONE).act("19:31:00", E.CLAIM).act("19:32:00", E.CLOSE)
    play.until("20:00:00")
    play.around("20:10:00", severity=SERIOUS)
    assert times(play.until("23:59:59"), "reopen") == []


# ---- each loss has its own two minutes ----


def test_a_loss_that_comes_back_is_told_to_nobody_for_its_own_two_minutes() -> None:
    play = Play("communication_lost", SERIOUS, violations=ONE, joined_us=at("19:00:00"))
    play.alert("19:01:00", active=False)
    play.until("19:05:59")
    play.alert("19:06:00", active=True, violations=TWO, joined_us=at("19:06:00"))
    assert [line for line in play.until("19:07:59") if "held" not in line and "reactivate" not in line] == []
    assert times(play.until("19:08:00"), "operator")


def test_a_victim_is_told_of_a_loss_that_comes_back_once_it_has_lasted_ten_minutes() -> None:
    play = Play("communication_lost", SERIOUS, around={"victims": ("V1",)}, violations=ONE, joined_us=at("19:00:00"))
    play.alert("19:08:00", active=False)
    play.until("19:11:59")
    play.alert("19:12:00", active=True, violations=TWO, joined_us=at("19:12:00"))
    assert times(play.until("19:21:59"), "victim") == []
    assert times(play.until("19:22:00"), "victim")


# ---- what a withdrawal reaches ----


def test_what_is_left_of_an_alert_is_withdrawn_under_its_name_however_late() -> None:
    episodes = Episodes(lambda _: Level.STANDARD)
    first = make_violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    second = make_violation(Kind.EXCLUSION_ZONE, "10:08:00", "10:12:00", id="W1-2")
    episodes.apply([first, second])
    episodes.apply([replace(first, version=2, change=Change.WITHDRAWN, decided_us=at("10:30:00"))])
    later = at("10:30:00") + REMEMBER_US + DAY_US
    (change,) = episodes.apply([replace(second, version=2, change=Change.WITHDRAWN, decided_us=later)])
    assert (change.episode, change.withdrawn) == ("W1-1", True)


def test_a_code_that_is_withdrawn_is_the_alert_s_no_longer() -> None:
    episodes = Episodes(lambda _: Level.STANDARD)
    early = make_violation(Kind.CURFEW, "10:00:00", "10:20:00", code=Code.AL09)
    late = make_violation(Kind.CURFEW, "10:25:00", "10:40:00", id="W1-2", code=Code.AL10)
    episodes.apply([early, late])
    (change,) = episodes.apply([replace(late, version=2, change=Change.WITHDRAWN)])
    assert change.code == "AL09"


def test_it_joins_whichever_alert_it_lies_near_not_the_newest_alone() -> None:
    episodes = Episodes(lambda _: Level.STANDARD)
    old = make_violation(Kind.EXCLUSION_ZONE, "10:00:00", "10:05:00")
    new = make_violation(Kind.EXCLUSION_ZONE, "10:30:00", "10:35:00", id="W1-2")
    late = make_violation(Kind.EXCLUSION_ZONE, "10:08:00", "10:10:00", id="W1-3", decided="10:40:00")
    names = [change.episode for change in episodes.apply([old, new, late])]
    assert names == ["W1-1", "W1-2", "W1-1"]
    gone = replace(new, version=2, change=Change.WITHDRAWN, decided_us=at("10:41:00"))
    again = make_violation(Kind.EXCLUSION_ZONE, "10:18:00", "10:19:00", id="W1-4", decided="10:42:00")
    assert again.from_us - late.from_us <= JOIN_US + 2 * MINUTE_US
    assert [change.episode for change in episodes.apply([gone, again])] == ["W1-2", "W1-1"]


def test_what_rests_on_another_violation_of_the_alert_is_left_alone() -> None:
    resting = (("breach:B1", "W1-1"), ("breach:B2", "W1-2"))
    play = Play("strap_tamper", around={"rests_on": resting}, violations=TWO)
    play.alert("19:10:00", shortened_us=at("19:10:00"), falls=(("W1-2", at("19:10:00")),))
    found = play.until("19:10:00")
    assert found.count("19:10:00 raises rests_on_withdrawn") == 1
    raised = [one.alert.episode for no, one in play.rehearsal.alerts.items() if no != 1]
    assert "breach:B2" in raised[0]


def test_nobody_reopens_what_the_rules_have_withdrawn() -> None:
    job = step(Job(at("10:00:00")), Act(E.WITHDRAW, at("10:10:00"), why="withdrawn"), CRITICAL)
    assert job.outcome is Outcome.WITHDRAWN
    with pytest.raises(Illegal, match="withdrawn"):
        step(job, Act(E.REOPEN, at("10:10:20"), ADA), CRITICAL)


# ---- what a far end learns ----


def test_an_id_that_leaves_the_centre_names_nobody() -> None:
    ours = "44:1:1:0:victim:V1:sms"
    told = public_id(ours)
    assert told == public_id(ours) != public_id("44:1:1:0:wearer:W1:sms")
    assert told.isalnum()
    assert "V1" not in told
    assert "victim" not in told
