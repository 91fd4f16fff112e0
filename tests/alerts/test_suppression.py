"""Who is not told, and who is stood down again, sentence by sentence of alerts.md: "at 19:06 expect"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.policy import NEVER_MUTED, look, mute_of
from alerts.protocols import Target
from alerts.severity import INCIDENTS
from alerts.state import Alert
from domain.vocabulary import (
    AlertEvent,
    AlertWork,
    Kind,
    Outcome,
    Severity,
    ToldReason,
)
from tests.alerts.made import at
from tests.alerts.playing import PLAIN, Play, mute, only, protocols, step

E = AlertEvent
SERIOUS, WARNING, INFORMATION = Severity.SERIOUS, Severity.WARNING, Severity.INFORMATION


NOBODY: list[str] = []


# ---- held, grouped, muted ----


@pytest.mark.parametrize("kind", ["communication_lost", "location_lost"])
def test_a_loss_is_told_to_nobody_for_its_first_120_s(kind: str) -> None:
    play = Play(kind, SERIOUS)
    assert play.until("19:01:59") == ["19:00:00 operator console alert not sent: held"]
    assert only(play.until("19:02:00"), "operator", "wearer") == [
        "19:02:00 operator console alert",
        "19:02:00 wearer call wearer_reception",
    ]


def test_a_loss_that_is_over_in_its_first_120_s_is_told_to_nobody_at_all() -> None:
    play = Play("communication_lost", SERIOUS).alert("19:01:30", active=False)
    assert play.until("21:00:00")[1:] == ["19:01:30 clear", "19:01:30 close"]


def test_an_outage_takes_a_loss_in_while_it_is_held_and_nobody_is_told() -> None:
    play = Play("communication_lost", SERIOUS).alert("19:01:30", grouped_under="outage-1")
    assert play.until("23:00:00") == [
        "19:00:00 operator console alert not sent: held",
        "19:01:30 operator console alert not sent: grouped_under",
    ]
    assert play.rehearsal.lines[-1].tells[0].detail == "outage-1"
    assert play.now.job.work is AlertWork.RAISED


def test_what_an_outage_lets_go_of_is_alerted_then() -> None:
    play = Play("whereabouts_unknown", SERIOUS, grouped_under="outage-1").alert("19:10:00", grouped_under=None)
    assert play.until("19:09:59") == ["19:00:00 operator console alert not sent: grouped_under"]
    assert only(play.until("19:25:00"), "operator", "supervisor") == [
        "19:10:00 operator console alert",
        "19:25:00 supervisor sms unclaimed",
    ]


def test_a_grouped_loss_that_is_over_closes_itself_untold() -> None:
    play = Play("communication_lost", SERIOUS, grouped_under="outage-1").alert("19:20:00", active=False)
    assert play.until("19:20:00")[1:] == ["19:20:00 clear", "19:20:00 close"]


def test_a_muted_alert_stays_visible_is_told_to_nobody_and_records_why() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "18:00:00", "20:00:00"),)})
    assert play.until("19:59:59") == ["19:00:00 operator console alert not sent: muted_by"]
    tell = play.rehearsal.lines[0].tells[0]
    assert (tell.sends, tell.detail, tell.reason) == (False, "7", ToldReason.MUTED_BY)
    assert play.now.job.work is AlertWork.RAISED


def test_what_is_still_open_when_a_mute_ends_is_alerted_then() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "18:00:00", "20:00:00"),)})
    play.until("19:59:59")
    assert only(play.until("20:15:00"), "operator", "supervisor") == [
        "20:00:00 operator console alert",
        "20:15:00 supervisor sms unclaimed",
    ]


def test_what_was_closed_in_a_mute_is_not_alerted_when_it_ends() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "18:00:00", "20:00:00"),)}).act("19:30:00", E.CLOSE)
    assert play.until("23:00:00")[1:] == ["19:30:00 close"]


def test_a_mute_that_begins_later_stops_what_is_told_and_what_is_open_at_its_end_is_alerted_again() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "19:05:00", "20:00:00"),)})
    play.until("19:04:59")
    assert play.until("19:59:59") == ["19:05:00 operator console alert not sent: muted_by"]
    assert "20:00:00 operator console alert" in play.until("20:00:00")


def test_of_two_mutes_the_longer_counts_and_a_mute_of_another_wearer_does_not() -> None:
    both = (mute(1, "18:00:00", "19:30:00"), mute(2, "18:00:00", "20:00:00"), mute(3, "18:00:00", "23:00:00", "W2"))
    play = Play("jamming", SERIOUS, around={"mutes": both})
    play.until("19:59:59")
    assert len(play.rehearsal.lines) == 1
    assert "20:00:00 operator console alert" in play.until("20:00:00")


NEVER = (
    *("strap_tamper", "case_tamper", "alcohol_tamper", "shielding"),
    *("exclusion_zone", "restriction_zone"),
    *("proximity_alert", "proximity_prealert", "proximity_unknown"),
    "sos",
)


@pytest.mark.parametrize("kind", [*NEVER, *INCIDENTS])
def test_a_mute_never_covers_tamper_exclusion_restriction_proximity_sos_or_the_services_own(kind: str) -> None:
    play = Play(kind, protocols=PLAIN, around={"mutes": (mute(7, "18:00:00", "23:00:00"),)})
    assert play.until("19:00:00") == ["19:00:00 operator console alert", "19:00:00 police sms alert"]


@pytest.mark.parametrize("kind", sorted({*Kind} - {*NEVER}))
def test_a_mute_covers_everything_else(kind: str) -> None:
    assert kind not in NEVER_MUTED
    alert = Alert(1, "W1-1", kind, SERIOUS, 0, 0, wearer="W1")
    assert mute_of(alert, [mute(7, "18:00:00", "23:00:00")], at("19:00:00")) is not None
    assert mute_of(replace(alert, wearer=None, victim="V1"), [mute(7, "18:00:00", "23:00:00")], at("19:00:00")) is None


def test_a_mute_is_half_open() -> None:
    alert, one = Alert(1, "W1-1", "jamming", SERIOUS, 0, 0, wearer="W1"), mute(7, "18:00:00", "20:00:00")
    covered = [mute_of(alert, [one], us) is not None for us in (one.from_us - 1, one.from_us, one.to_us - 1, one.to_us)]
    assert covered == [False, True, True, False]


# ---- stand down ----


def test_a_withdrawn_alert_stands_down_everybody_who_was_told_victim_and_police_first() -> None:
    play = Play("proximity_alert", around={"victims": ("V1",)}).alert("19:03:00", withdrawn=True, active=False)
    before = play.until("19:02:59")
    assert len(before) == 8
    found = play.until("23:00:00")
    assert found == [
        "19:03:00 withdraw",
        "19:03:00 victim sms withdrawn",
        "19:03:00 victim call withdrawn",
        "19:03:00 police webhook withdrawn",
        "19:03:00 operator console withdrawn",
        "19:03:00 officer email withdrawn",
        "19:03:00 victim_liaison email withdrawn",
        "19:03:00 wearer call withdrawn",
        "19:03:00 supervisor sms withdrawn",
    ]
    assert (play.now.job.work, play.now.job.outcome) == (AlertWork.CLOSED, Outcome.WITHDRAWN)


def test_a_stand_down_goes_by_the_same_channel_with_the_same_urgency_to_the_same_recipient() -> None:
    play = Play("curfew", SERIOUS).around("21:00:00", severity=Severity.CRITICAL)
    play.alert("21:10:00", withdrawn=True, active=False)
    play.until("21:10:00")
    told = {one.no: one for one in play.now.told}
    tells = play.rehearsal.lines[-1].tells
    assert tells
    for tell in tells:
        assert tell.again is not None
        one = told[tell.again.no]
        assert (tell.target, tell.by, tell.urgency) == (one.target, (one.channel,), one.urgency)
        assert tell.reason is ToldReason.STOOD_DOWN
    assert {tell.urgency for tell in tells if tell.target is Target.SUPERVISOR} == {Severity.CRITICAL}


def test_whoever_was_told_ten_times_is_stood_down_once_by_the_most_urgent() -> None:
    play = Play("strap_tamper").alert("20:30:00", withdrawn=True, active=False)
    play.until("20:29:59")
    found = play.until("20:30:00")
    assert only(found, "duty_manager") == ["20:30:00 duty_manager sms withdrawn"]


@pytest.mark.parametrize("outcome", [Outcome.FALSE, Outcome.EQUIPMENT, Outcome.DUPLICATE])
def test_closed_false_equipment_or_duplicate_stands_down_when_it_can_be_undone_no_more(outcome: Outcome) -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE, outcome=outcome)
    assert play.until("19:01:59")[2:] == ["19:01:00 close"]
    assert play.until("23:00:00") == [
        f"19:02:00 police sms closed_{outcome}",
        f"19:02:00 operator console closed_{outcome}",
    ]


def test_what_a_protocol_closes_as_equipment_stands_down_too() -> None:
    said = protocols(step(0, Target.POLICE), closes_when_cleared=Outcome.EQUIPMENT)
    play = Play("clock_wrong", WARNING, protocols=said).alert("19:10:00", active=False)
    assert play.until("21:00:00")[1:] == [
        "19:10:00 clear",
        "19:10:00 close",
        "19:11:00 police sms closed_equipment",
    ]


def test_whoever_was_stood_down_is_not_told_that_it_is_over_too() -> None:
    said = protocols(step(0, Target.POLICE), tells_cleared=True)
    play = Play("sos", protocols=said).act("19:01:00", E.CLOSE, outcome=Outcome.FALSE)
    play.alert("19:01:30", active=False)
    assert play.until("21:00:00")[1:] == ["19:01:00 close", "19:01:30 clear", "19:02:00 police sms closed_false"]
    again = Play("sos", protocols=said).act("19:01:00", E.CLOSE, outcome=Outcome.FALSE)
    again.act("19:01:10", E.REOPEN).alert("19:01:30", active=False)
    assert again.until("21:00:00")[3:] == ["19:01:30 clear", "19:01:30 police sms cleared"]


def test_a_closing_that_is_undone_within_60_s_stands_nobody_down() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE, outcome=Outcome.FALSE)
    play.act("19:02:00", E.REOPEN)
    found = play.until("19:04:00")
    assert [line for line in found if "closed" in line] == NOBODY
    assert found[-1] == "19:04:00 supervisor sms unclaimed"


def test_it_cannot_be_undone_later() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE).act("19:02:01", E.REOPEN)
    assert play.until("19:03:00")[-1].startswith("19:02:01 refused: a closing can be undone for 60 seconds")


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.EXPLAINED])
def test_closed_confirmed_or_explained_stands_nobody_down(outcome: Outcome) -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE, outcome=outcome)
    assert play.until("23:00:00")[2:] == ["19:01:00 close"]


def test_a_closed_alert_that_is_withdrawn_later_stands_down_then() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE)
    play.alert("22:00:00", withdrawn=True, active=False)
    assert play.until("23:00:00")[3:] == [
        "22:00:00 withdraw",
        "22:00:00 police sms withdrawn",
        "22:00:00 operator console withdrawn",
    ]


def test_one_that_was_stood_down_is_not_stood_down_again_when_it_is_withdrawn_too() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE, outcome=Outcome.FALSE)
    play.alert("22:00:00", withdrawn=True, active=False)
    play.until("21:59:59")
    assert play.until("23:00:00") == ["22:00:00 withdraw"]


def test_a_shortened_violation_stands_down_whoever_was_told_and_the_alert_goes_on() -> None:
    play = Play("strap_tamper", protocols=PLAIN).alert("19:01:00", shortened_us=at("19:01:00"))
    assert play.until("19:02:00")[2:] == [
        "19:01:00 police sms shortened",
        "19:01:00 operator console shortened",
        "19:02:00 supervisor sms unclaimed",
    ]
    play.alert("19:03:00", shortened_us=at("19:03:00"))
    assert only(play.until("19:03:00"), "police", "supervisor") == [
        "19:03:00 police sms shortened",
        "19:03:00 supervisor sms shortened",
    ]


def test_nobody_told_is_nobody_stood_down() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "18:00:00", "23:00:00"),)})
    play.alert("19:30:00", withdrawn=True, active=False)
    assert play.until("23:30:00")[1:] == ["19:30:00 withdraw"]


def test_failure_22_what_rests_on_a_withdrawn_violation_is_a_critical_task_until_answered() -> None:
    """People were recalled to prison on defective equipment: somebody may be in a cell."""
    play = Play("strap_tamper", protocols=None).around(
        "19:10:00", rests_on=(("recall:R-1", "W1-1"), ("breach:B-2", "W1-1"))
    )
    play.alert("19:30:00", withdrawn=True, active=False)
    play.until("19:29:59")
    found = play.until("19:30:00")
    assert found.count("19:30:00 raises rests_on_withdrawn") == 2
    raised = [one for no, one in play.rehearsal.alerts.items() if no != 1]
    assert [(one.alert.kind, one.alert.severity, one.alert.wearer) for one in raised] == [
        ("rests_on_withdrawn", Severity.CRITICAL, "W1")
    ] * 2
    lines = [line for line in play.rehearsal.lines if line.alert_no == raised[0].alert.no]
    assert {tell.target for line in lines for tell in line.tells} >= {Target.OFFICER, Target.DUTY_MANAGER}


@pytest.mark.parametrize("outcome", [Outcome.FALSE, Outcome.EQUIPMENT, Outcome.DUPLICATE])
def test_what_rests_on_one_that_is_closed_false_is_raised_too(outcome: Outcome) -> None:
    play = Play("strap_tamper", around={"rests_on": (("warrant:1", "W1-1"),)}).act("19:10:00", E.CLOSE, outcome=outcome)
    play.until("19:10:59")
    assert "19:11:00 raises rests_on_withdrawn" in play.until("19:11:00")


def test_what_waits_to_be_sent_is_taken_back_by_a_withdrawal() -> None:
    play = Play("strap_tamper", protocols=PLAIN)
    play.until("19:00:30")
    now = play.now
    gone = replace(now.alert, withdrawn=True, active=False)
    assert look(gone, now.job, now.plan, now.around, now.told, PLAIN, at("19:00:40")).unsend
    assert not look(now.alert, now.job, now.plan, now.around, now.told, PLAIN, at("19:00:40")).unsend
