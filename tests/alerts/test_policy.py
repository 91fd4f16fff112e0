"""What follows from an alert, sentence by sentence of alerts.md: "at 19:06 expect"."""

from __future__ import annotations

import msgspec
import pytest

from alerts.policy import look
from alerts.protocols import Match, Protocol, Protocols, Target
from alerts.rehearsal import Played
from alerts.shipped import shipped_protocols
from alerts.state import Answers, Looked, Plan, Promise, Told
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    AlertWork,
    Outcome,
    Severity,
)
from tests.alerts.made import at
from tests.alerts.playing import ADA, BEN, CHIEF, PLAIN, Play, mute, only, protocols, step

E = AlertEvent
SERIOUS, WARNING, INFORMATION = Severity.SERIOUS, Severity.WARNING, Severity.INFORMATION


NOBODY: list[str] = []


# ---- claims ----


def test_a_critical_alert_that_nobody_claims_goes_up_and_is_told_again_every_10_minutes() -> None:
    play = Play("strap_tamper")
    assert play.until("19:01:59") == [
        "19:00:00 operator console alert",
        "19:00:00 wearer call wearer_check_device",
        "19:00:00 officer email officer_notice",
    ]
    assert play.until("19:02:00") == ["19:02:00 supervisor sms unclaimed"]
    assert play.until("19:05:00") == ["19:05:00 duty_manager sms unclaimed"]
    assert only(play.until("19:36:00"), "duty_manager") == [
        "19:15:00 duty_manager sms unclaimed",
        "19:25:00 duty_manager sms unclaimed",
        "19:35:00 duty_manager sms unclaimed",
    ]


def test_a_claim_stops_what_is_for_unclaimed_alerts() -> None:
    play = Play("strap_tamper").act("19:01:59", E.CLAIM)
    assert only(play.until("19:16:58"), "supervisor", "duty_manager") == NOBODY


def test_a_claim_lapses_after_15_minutes_without_an_action_and_all_begins_again() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLAIM)
    assert play.until("19:15:59") == ["19:00:00 operator console alert", "19:00:00 police sms alert", "19:01:00 claim"]
    assert play.until("19:18:00") == [
        "19:16:00 expire",
        "19:16:00 operator console alert",
        "19:18:00 supervisor sms unclaimed",
    ]
    assert (play.now.job.work, play.now.job.holder) == (AlertWork.RAISED, None)


def test_an_action_or_a_renewed_claim_keeps_it_for_15_minutes_more() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLAIM).act("19:10:00", E.ACTION)
    play.act("19:20:00", E.CLAIM)
    assert "expire" not in " ".join(play.until("19:34:59"))
    assert play.until("19:35:00")[0] == "19:35:00 expire"


@pytest.mark.parametrize("severity", [SERIOUS, WARNING, INFORMATION])
def test_a_claim_of_the_rest_lapses_after_60_minutes(severity: Severity) -> None:
    play = Play("jamming", severity, protocols=PLAIN).act("19:01:00", E.CLAIM)
    play.until("20:00:59")
    assert play.until("20:01:00")[0] == "20:01:00 expire"


def test_a_release_begins_the_time_without_a_claim_anew() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLAIM).act("19:10:00", E.RELEASE)
    play.until("19:09:59")
    assert play.until("19:12:00") == [
        "19:10:00 release",
        "19:10:00 operator console alert",
        "19:12:00 supervisor sms unclaimed",
    ]


def test_one_that_is_open_after_60_minutes_goes_to_the_duty_manager_however_often_it_was_claimed() -> None:
    play = Play("strap_tamper")
    for minute in range(1, 150, 7):
        play.act(f"{19 + minute // 60}:{minute % 60:02d}:00", E.CLAIM)
    found = only(play.until("21:10:00"), "supervisor", "duty_manager")
    assert found == ["20:00:00 duty_manager sms still_open", "21:00:00 duty_manager sms still_open"]


def test_a_claim_of_somebody_else_is_refused_and_a_supervisor_takes_over() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLAIM).act("19:02:00", E.CLAIM, BEN)
    play.act("19:03:00", E.CLAIM, CHIEF)
    assert play.until("19:03:00")[2:] == [
        "19:01:00 claim",
        "19:02:00 refused: ada has claimed it; they or a supervisor can do that",
        "19:03:00 claim",
    ]
    assert play.now.job.holder == "chief"


# ---- the condition ----


def test_cleared_stops_no_step_of_a_critical_alert_and_does_not_close_it() -> None:
    play = Play("strap_tamper").alert("19:00:30", active=False)
    assert only(play.until("20:00:00"), "supervisor", "duty_manager") == [
        "19:02:00 supervisor sms unclaimed",
        *(f"19:{minute:02d}:00 duty_manager sms unclaimed" for minute in range(5, 60, 10)),
        "20:00:00 duty_manager sms still_open",
    ]
    assert (play.now.job.work, play.now.job.condition) == (AlertWork.RAISED, AlertCondition.CLEARED)


def test_a_cleared_alert_closes_itself_only_where_its_protocol_says_so() -> None:
    plain = Play("jamming", SERIOUS, protocols=PLAIN).alert("19:10:00", active=False)
    plain.until("21:00:00")
    assert plain.now.job.work is AlertWork.RAISED
    closing = Play(
        "jamming", SERIOUS, protocols=protocols(step(0, Target.OPERATOR), closes_when_cleared=Outcome.EXPLAINED)
    )
    closing.alert("19:10:00", active=False)
    assert closing.until("21:00:00")[1:] == ["19:10:00 clear", "19:10:00 close"]
    assert (closing.now.job.outcome, closing.now.job.closed_by) == (Outcome.EXPLAINED, None)
    assert closing.now.timers == {}


def test_it_does_not_close_itself_while_somebody_holds_it() -> None:
    said = protocols(step(0, Target.OPERATOR), closes_when_cleared=Outcome.EXPLAINED)
    play = Play("jamming", SERIOUS, protocols=said).act("19:05:00", E.CLAIM).alert("19:10:00", active=False)
    assert play.until("20:04:59")[-1] == "19:10:00 clear"
    assert play.until("20:05:00")[:2] == ["20:05:00 expire", "20:05:00 close"]


def test_what_opens_again_goes_on_and_the_repeat_is_recorded_and_not_told() -> None:
    play = Play("strap_tamper", protocols=PLAIN).alert("19:01:00", active=False).alert("19:01:30", active=True)
    assert play.until("19:02:00")[2:] == [
        "19:01:00 clear",
        "19:01:30 reactivate",
        "19:01:30 operator console alert not sent: repeat",
        "19:02:00 supervisor sms unclaimed",
    ]


def test_a_closed_alert_that_opens_again_is_raised_again_from_the_first_step() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE).alert("19:02:00", active=False)
    play.alert("19:05:00", active=True)
    assert play.until("19:07:00")[2:] == [
        "19:01:00 close",
        "19:02:00 clear",
        "19:05:00 reactivate",
        "19:05:00 operator console alert",
        "19:05:00 police sms alert",
        "19:07:00 supervisor sms unclaimed",
    ]


def test_victim_and_police_who_were_told_are_told_that_it_is_over_and_that_it_is_on_again() -> None:
    play = Play("proximity_alert", around={"victims": ("V1",)})
    play.around("19:00:10", answers=Answers(victim=True)).alert("19:00:20", active=False).alert("19:00:40", active=True)
    play.until("19:00:19")
    assert only(play.until("19:00:40"), "victim", "police", "wearer", "supervisor") == [
        "19:00:20 victim sms cleared",
        "19:00:20 police webhook cleared",
        "19:00:40 victim sms open_again",
        "19:00:40 police webhook open_again",
    ]


# ---- severity ----


def test_what_gets_worse_starts_the_protocol_of_the_new_severity() -> None:
    play = Play("curfew", SERIOUS).around("21:00:00", severity=Severity.CRITICAL)
    assert only(play.until("20:59:59"), "supervisor", "duty_manager") == [
        "19:15:00 supervisor sms unclaimed",
        "20:00:00 duty_manager sms unclaimed",
    ]
    found = play.until("21:05:00")
    assert found == [
        "21:00:00 operator console alert",
        "21:00:00 wearer call wearer_return_home",
        "21:00:00 officer email officer_notice",
        "21:02:00 supervisor sms unclaimed",
        "21:05:00 duty_manager sms unclaimed",
    ]
    assert play.now.plan.protocol == "curfew-critical"


def test_what_gets_less_bad_stops_nothing() -> None:
    play = Play("curfew").around("19:01:00", severity=WARNING)
    assert only(play.until("19:05:00"), "supervisor", "duty_manager") == [
        "19:02:00 supervisor sms unclaimed",
        "19:05:00 duty_manager sms unclaimed",
    ]


def test_a_protocol_that_is_for_the_new_severity_too_goes_on_and_tells_nobody_again() -> None:
    play = Play("jamming", SERIOUS, protocols=PLAIN).around("19:01:00", severity=Severity.CRITICAL)
    assert play.until("19:10:00") == [
        "19:00:00 operator console alert",
        "19:00:00 police sms alert",
        "19:02:00 supervisor sms unclaimed",
    ]


def test_a_closed_alert_that_gets_worse_is_raised_again() -> None:
    play = Play("curfew", SERIOUS).act("19:30:00", E.CLOSE, outcome=Outcome.EXPLAINED)
    play.around("21:00:00", severity=Severity.CRITICAL)
    play.until("20:59:59")
    assert play.until("21:00:00")[:2] == ["21:00:00 reopen", "21:00:00 operator console alert"]
    assert play.now.job.work is AlertWork.RAISED


def test_a_closed_alert_is_looked_at_when_it_may_get_worse() -> None:
    play = Play("curfew", SERIOUS, around={"severity_again_us": at("21:00:00")})
    play.act("19:30:00", E.CLOSE, outcome=Outcome.EXPLAINED)
    play.until("20:00:00")
    assert play.now.timers == {"severity": at("21:00:00")}


def test_one_closed_after_it_got_worse_in_a_mute_stays_closed() -> None:
    play = Play("curfew", SERIOUS, around={"mutes": (mute(1, "19:10:00", "23:00:00"),)})
    play.around("20:00:00", severity=Severity.CRITICAL).act("20:10:00", E.CLOSE).look("20:11:00").look("23:30:00")
    play.until("23:30:00")
    assert play.now.job.work is AlertWork.CLOSED


def test_a_long_claim_on_what_has_just_become_critical_lapses_now_and_not_before() -> None:
    play = Play("curfew", SERIOUS).act("20:15:00", E.CLAIM).around("21:00:00", severity=Severity.CRITICAL)
    play.until("20:59:59")
    found = play.until("21:02:00")
    assert found[0] == "21:00:00 expire"
    assert only(found, "supervisor") == ["21:02:00 supervisor sms unclaimed"]


# ---- proximity, and who answers ----


def test_a_step_that_waits_for_something_is_done_when_it_comes_to_hold() -> None:
    play = Play("proximity_prealert", WARNING, around={"victims": ("V1",)})
    play.around("19:01:17", answers=Answers(wearer=False))
    assert only(play.until("19:01:16"), "victim", "police") == NOBODY
    assert only(play.until("19:01:17"), "victim", "police") == [
        "19:01:17 victim sms victim_near",
        "19:01:17 police webhook police_attend",
    ]
    play.around("19:01:30", answers=Answers(wearer=True)).around("19:01:40", answers=Answers(wearer=False))
    assert only(play.until("19:30:00"), "victim", "police") == NOBODY


def test_a_repeated_call_ends_when_it_is_answered() -> None:
    play = Play("strap_tamper").around("19:40:00", answers=Answers(wearer=True))
    assert only(play.until("22:00:00"), "wearer") == [
        "19:00:00 wearer call wearer_check_device",
        "19:15:00 wearer call wearer_check_device",
        "19:30:00 wearer call wearer_check_device",
    ]


# ---- under 18 ----


def test_a_wearer_under_18_is_not_called_at_night_but_in_the_morning() -> None:
    young = {"under_18": True, "quiet_until_us": at("2026-11-22T07:00:00Z")}
    play = Play("jamming", SERIOUS, raised="23:00:00", around=young)
    play.around("2026-11-22T07:00:00Z", quiet_until_us=None)
    found = play.until("2026-11-22T06:59:59Z")
    assert only(found, "wearer") == NOBODY
    assert only(found, "responsible_adult") == ["23:00:00 responsible_adult call adult_notice"]
    found = only(play.until("2026-11-22T07:00:00Z"), "wearer")
    assert found == ["day 2 07:00:00 wearer call wearer_check_device"]


def test_a_wearer_under_18_is_called_at_night_for_what_is_critical() -> None:
    young = {"under_18": True, "quiet_until_us": at("2026-11-22T07:00:00Z")}
    play = Play("strap_tamper", raised="23:00:00", around=young)
    assert play.until("23:00:00") == [
        "23:00:00 operator console alert",
        "23:00:00 responsible_adult call adult_notice",
        "23:00:00 wearer call wearer_check_device",
        "23:00:00 officer email officer_notice",
    ]


# ---- promises ----


def test_a_promise_that_is_not_kept_comes_back_once_to_operator_and_supervisor() -> None:
    play = Play("jamming", SERIOUS, protocols=PLAIN, around={"promises": (Promise(3, at("20:00:00")),)})
    play.act("19:01:00", E.CLAIM)
    play.until("19:59:59")
    assert play.until("20:00:59") == [
        "20:00:00 operator console promise_due",
        "20:00:00 supervisor console promise_due",
    ]


def test_a_promise_that_was_kept_does_not_come_back() -> None:
    play = Play("jamming", SERIOUS, protocols=PLAIN, around={"promises": (Promise(3, at("20:00:00")),)})
    play.around("19:50:00", promises=())
    assert not [line for line in play.until("21:00:00") if "promise" in line]


def test_a_promise_comes_back_after_the_alert_was_closed() -> None:
    play = Play("jamming", SERIOUS, protocols=PLAIN, around={"promises": (Promise(3, at("20:00:00")),)})
    play.act("19:01:00", E.CLOSE)
    play.until("19:59:59")
    assert "20:00:00 supervisor console promise_due" in play.until("20:00:00")


# ---- one protocol after another ----


def two(then_after_s: int = 600) -> Protocols:
    first = Protocol(
        id="a", version=1, title="", steps=(step(0, Target.OPERATOR),), then="b", then_after_s=then_after_s
    )
    second = Protocol(id="b", version=1, title="", match=Match(kinds=("none",)), steps=(step(60, Target.SUPERVISOR),))
    return Protocols(1, (first, second))


def test_a_protocol_goes_on_with_the_next_when_nobody_claims() -> None:
    assert Play("sos", protocols=two()).until("21:00:00") == [
        "19:00:00 operator console alert",
        "19:11:00 supervisor sms alert",
    ]
    claimed = Play("sos", protocols=two()).act("19:09:00", E.CLAIM)
    assert claimed.until("19:23:59")[-1] == "19:09:00 claim"
    assert claimed.until("19:35:00") == ["19:24:00 expire", "19:35:00 supervisor sms alert"]


def test_the_next_of_the_next_has_its_timer_at_once() -> None:
    chain = two().protocol
    third = Protocol(id="c", version=1, title="", match=Match(kinds=("none",)), steps=(step(0, Target.DUTY_MANAGER),))
    linked = Protocols(1, (chain[0], msgspec.structs.replace(chain[1], then="c", then_after_s=300), third))
    assert Play("sos", protocols=linked).until("21:00:00")[-1] == "19:15:00 duty_manager sms alert"


def test_a_running_alert_keeps_the_version_it_began_with() -> None:
    play = Play("sos", protocols=PLAIN)
    play.until("19:01:00")
    newer = msgspec.structs.replace(PLAIN.protocol[0], version=2, steps=(step(90, Target.DUTY_MANAGER),))
    play.rehearsal.protocols = Protocols(2, (newer,), retired=PLAIN.protocol)
    assert play.until("19:30:00") == ["19:02:00 supervisor sms unclaimed"]


# ---- late, again, and after a restart ----

PROTOCOL_OF_TAMPER = next(one for one in shipped_protocols().protocol if one.id == "tamper")


def at_rest(played: Played, protocols: Protocols, now_us: int) -> Looked:
    return look(played.alert, played.job, played.plan, played.around, played.told, protocols, now_us)


def away(play: Play, back: str) -> Play:
    """Nobody looks until ``back``, whatever was due."""
    play.now.timers = {}
    return play.look(back)


def test_failure_17_escalation_goes_on_after_a_restart_and_a_long_time_away() -> None:
    """An on-call tool's escalation did not go on after a restart. Nothing of a look is in memory: state, timers, plan are data."""
    play = Play("strap_tamper")
    play.until("19:01:00")
    plan = msgspec.json.decode(msgspec.json.encode(play.now.plan), type=Plan)
    assert plan == play.now.plan
    play.now.plan = plan
    away(play, "21:17:00")
    found = play.until("21:17:00")
    assert only(found, "supervisor", "duty_manager") == [
        "21:17:00 supervisor sms unclaimed",
        "21:17:00 duty_manager sms unclaimed",
        "21:17:00 duty_manager sms still_open",
    ]
    assert only(play.until("22:00:00"), "supervisor", "duty_manager") == [
        *(f"21:{minute:02d}:00 duty_manager sms unclaimed" for minute in range(25, 60, 10)),
        "22:00:00 duty_manager sms still_open",
    ]


def test_after_a_long_time_away_a_repeat_is_told_once_and_two_calls_for_one_thing_are_one() -> None:
    play = Play("strap_tamper")
    away(play, "21:17:00")
    found = play.until("21:17:00")
    assert only(found, "wearer") == ["21:17:00 wearer call wearer_check_device"]
    assert len(only(found, "duty_manager")) == 2
    assert only(play.until("21:30:00"), "wearer") == ["21:30:00 wearer call wearer_check_device"]


def test_a_claim_that_lapsed_while_nobody_looked_delays_nobody() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLAIM)
    play.until("19:02:00")
    away(play, "19:30:00")
    assert play.until("19:30:00") == [
        "19:30:00 expire",
        "19:30:00 operator console alert",
        "19:30:00 supervisor sms unclaimed",
    ]
    assert play.now.job.unclaimed_us == at("19:16:00")


def test_an_alert_that_is_first_looked_at_late_is_as_late_as_it_is() -> None:
    play = Play("strap_tamper")
    away(play, "19:04:00")
    assert only(play.until("19:05:00"), "supervisor", "duty_manager") == [
        "19:04:00 supervisor sms unclaimed",
        "19:05:00 duty_manager sms unclaimed",
    ]


def test_a_mute_that_ended_while_nobody_looked_delays_nobody() -> None:
    play = Play("jamming", SERIOUS, around={"mutes": (mute(7, "18:00:00", "20:00:00"),)})
    play.until("19:30:00")
    away(play, "20:20:00")
    assert only(play.until("20:20:00"), "supervisor") == ["20:20:00 supervisor sms unclaimed"]


def test_nothing_is_told_twice_by_looking_twice() -> None:
    play = Play("proximity_alert", around={"victims": ("V1",), "rests_on": (("recall:1", "W1-1"),)})
    play.act("19:01:00", E.CLAIM).alert("19:02:00", active=False).alert("19:40:00", withdrawn=True)
    for clock in ("19:00:00", "19:01:00", "19:02:00", "19:18:00", "19:40:00", "21:00:00"):
        play.until(clock)
        again = at_rest(play.now, play.rehearsal.protocols, at(clock))
        assert (again.acts, again.tells, again.tasks, again.raises, again.unsend) == ((), (), (), (), False), clock
        assert (again.job, again.plan, again.timers) == (play.now.job, play.now.plan, play.now.timers), clock


def test_keys_are_never_used_twice() -> None:
    play = Play("strap_tamper", around={"victims": ("V1",)})
    for minute in range(0, 300, 20):
        hour, rest = 19 + minute // 60, minute % 60
        play.alert(f"{hour}:{rest:02d}:30", active=False).alert(f"{hour}:{rest + 10:02d}:30", active=True)
    play.act("19:33:00", E.CLAIM).act("20:01:00", E.CLOSE, CHIEF)
    play.until("23:59:00")
    keys = [tell.key for line in play.rehearsal.lines for tell in line.tells]
    assert len(keys) > 100
    assert len(set(keys)) == len(keys)


def test_an_escalation_is_an_event_of_the_alert_and_its_repeats_are_not() -> None:
    play = Play("strap_tamper").act("19:30:00", E.CLAIM)
    play.until("20:00:00")
    acts = [act for line in play.rehearsal.lines for act in line.acts if act.event is E.ESCALATE]
    assert [(act.why, act.at_us) for act in acts] == [
        ("supervisor", at("19:02:00")),
        ("duty_manager", at("19:05:00")),
        ("supervisor", at("19:47:00")),
        ("duty_manager", at("19:50:00")),
        ("duty_manager", at("20:00:00")),
    ]


def test_a_plan_does_not_grow_with_claims_that_lapse_for_ever() -> None:
    play = Play("strap_tamper")
    for minute in range(1, 300, 16):
        play.act(f"{19 + minute // 60}:{minute % 60:02d}:00", E.CLAIM)
    play.until("23:59:00")
    assert play.now.job.period > 15
    assert len(play.now.plan.done) <= len(PROTOCOL_OF_TAMPER.steps)


def test_a_closed_alert_waits_for_nothing() -> None:
    play = Play("strap_tamper", protocols=PLAIN).act("19:01:00", E.CLOSE, ADA)
    play.until("19:01:00")
    assert play.now.timers == {}


def test_police_and_victim_come_first_of_what_is_told_at_once() -> None:
    def told(one: Told) -> int:
        return next(tell.rank for line in play.rehearsal.lines for tell in line.tells if tell.target is one.target)

    play = Play("proximity_alert", around={"victims": ("V1",)})
    play.until("19:02:00")
    ranks = {one.target: told(one) for one in play.now.told}
    assert ranks[Target.VICTIM] < ranks[Target.POLICE] < ranks[Target.WEARER] == ranks[Target.SUPERVISOR]
