"""What a breach may rely on, and what the dates of a case make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bailiwick.timezones import pinned_time_zones
from domain.breaches import BreachStep, DatedStep
from domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from domain.vocabulary import AssessmentDecision, Cause, Change, Kind, OrderKind
from evidence.breaches import (
    BREACHES,
    WHY_NOT,
    Clock,
    Fault,
    NotRelied,
    Running,
    clocks,
    counted,
    faults,
    next_due,
    stand,
    why_not,
)
from evidence.routes import Route, read_routes, shipped_text
from tests.store.made import NOON, violation_of

ROUTES = read_routes(shipped_text(), pinned_time_zones())
UPHELD = AssessmentDecision.UPHELD
ONE = violation_of("W1-1")
S = BreachStep
MONDAY = parse_instant("2026-11-23T09:30:00Z")


def route_of(kind: OrderKind) -> Route:
    found = ROUTES.route_for(kind, NOON)
    assert found is not None
    return found


COURT, RECALL, BAIL = (route_of(kind) for kind in (OrderKind.COMMUNITY, OrderKind.LICENCE, OrderKind.BAIL))


def on(step: BreachStep, at: str | int | None, **more: Any) -> DatedStep:
    at_us = parse_instant(f"2026-{at}:00Z") if isinstance(at, str) else at
    told = {"no": 0, "result": None, "note": "", "corrects": None, "why": "", "made_us": MONDAY, "made_by": "dee"}
    return DatedStep(step=step, at_us=at_us, **(told | more))


@pytest.mark.parametrize(
    ("changed", "decision", "told_us", "why"),
    [
        ({}, UPHELD, None, None),
        ({"change": Change.WITHDRAWN}, UPHELD, None, NotRelied.WITHDRAWN),
        ({"cause": Cause.EQUIPMENT}, UPHELD, None, NotRelied.MONITORING_GAP),
        ({"cause": Cause.UNKNOWN}, UPHELD, NOON, NotRelied.MONITORING_GAP),
        ({"kind": Kind.ZONE_UNCONFIRMED}, UPHELD, None, NotRelied.NO_BREACH),
        ({"kind": Kind.CHECK_MISSED}, UPHELD, None, NotRelied.NO_BREACH),
        ({"kind": Kind.COMMUNICATION_LOST}, UPHELD, None, NotRelied.NO_BREACH),
        ({"untold": True}, UPHELD, None, NotRelied.UNTOLD),
        ({"untold": True, "retrospective": True}, UPHELD, NOON - 1, None),
        ({}, None, None, NotRelied.NOT_ASSESSED),
        ({}, AssessmentDecision.DISPUTED, None, NotRelied.NOT_ASSESSED),
        ({}, AssessmentDecision.REASONABLE_EXCUSE, None, NotRelied.EXCUSED),
        ({}, AssessmentDecision.EQUIPMENT, None, NotRelied.EXCUSED),
        ({}, AssessmentDecision.NOT_PURSUED, None, NotRelied.EXCUSED),
        ({"retrospective": True}, UPHELD, None, NotRelied.RETROSPECTIVE),
        ({"retrospective": True}, UPHELD, NOON, None),
        ({"retrospective": True}, UPHELD, NOON + 1, NotRelied.RETROSPECTIVE),
    ],
)
def test_what_may_be_relied_on(
    changed: dict[str, Any], decision: AssessmentDecision | None, told_us: int | None, why: NotRelied | None
) -> None:
    assert why_not(replace(ONE, **changed), decision, told_us) is why


def test_every_reason_has_words_and_no_warning_is_a_breach() -> None:
    assert set(WHY_NOT) == set(NotRelied)
    assert why_not(ONE, UPHELD, withdrawn=True) is NotRelied.WITHDRAWN
    warnings = {
        one
        for one in Kind
        if one.value.endswith(("_unknown", "_suspected", "_unconfirmed", "_edge", "_prealert", "_lost"))
    }
    assert not BREACHES & warnings


def test_the_minutes_that_count_against_an_allowance() -> None:
    curfew = replace(ONE, kind=Kind.CURFEW, minutes_certain=10.0, to_us=NOON + HOUR_US)
    found = [
        (curfew, UPHELD),
        (curfew, None),
        (curfew, AssessmentDecision.NOT_PURSUED),
        (curfew, AssessmentDecision.REASONABLE_EXCUSE),
        (curfew, AssessmentDecision.DISPUTED),
        (replace(curfew, retrospective=True), UPHELD),
        (replace(curfew, untold=True), UPHELD),
        (replace(curfew, cause=Cause.SERVICE), UPHELD),
        (replace(curfew, minutes_certain=None, to_us=None), None),
        (ONE, UPHELD),
    ]
    assert counted(found) == (30.0, 1)


BEGUN = (on(S.IDENTIFIED, "11-23T09:00"), on(S.PACK_REQUESTED, "11-24T10:00"))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (on(S.PACK_SENT, "11-23T08:59"), Fault("at", "Breach pack sent cannot be before Breach identified")),
        (on(S.PACK_SENT, "11-27T09:31"), Fault("at", "Breach pack sent cannot be ahead: it is when it happened")),
        (on(S.HEARING, "12-20T10:00"), Fault("step", "Hearing comes after Information laid, which has no date")),
        (on(S.IDENTIFIED, "11-23T09:10"), Fault("step", "Breach identified has a date: correct that one")),
        (on(S.ENDED, "11-25T09:10"), Fault("step", "What followed has ended comes after Result, which has no date")),
    ],
)
def test_dates_that_do_not_fit_together(more: DatedStep, fault: Fault) -> None:
    assert fault in faults(COURT, (*BEGUN, more), parse_instant("2026-11-27T09:30:00Z"))


def test_a_hearing_may_be_ahead_and_be_adjourned_and_a_result_is_one_of_the_route() -> None:
    now = parse_instant("2026-11-30T09:00:00Z")
    laid = (*BEGUN, on(S.INFORMATION, "11-27T10:00"))
    heard = (*laid, on(S.HEARING, "12-10T10:00"), on(S.HEARING, "12-20T10:00"))
    assert faults(COURT, heard, now) == []
    (wrong,) = faults(COURT, (*heard, on(S.RESULT, "11-29T10:00", result="recalled_standard")), now)
    assert wrong.field == "result"
    assert wrong.cause.startswith("is no result of the route court; it has withdrawn, not_proved")
    (wrong, *_) = faults(COURT, (*laid, on(S.RECALL, "11-28T10:00")), now)
    assert wrong.cause.startswith("recall is no step of the route court; it has identified,")


def test_a_correction_replaces_and_may_say_that_it_did_not_happen() -> None:
    first = replace(BEGUN[0], no=1)
    later = on(S.IDENTIFIED, "11-24T11:00", no=2, corrects=1, why="read the wrong line")
    assert faults(COURT, (first, later), NOON + 30 * 24 * HOUR_US) == []
    assert Fault("at", "Breach pack requested cannot be before Breach identified") in faults(
        COURT, (first, later, BEGUN[1]), NOON + 30 * 24 * HOUR_US
    )
    (wrong,) = faults(COURT, (first, on(S.IDENTIFIED, None, no=2, corrects=1, why="a mistake")), MONDAY)
    assert wrong.cause == "a case must keep the date on which the breach was identified"


def test_the_status_is_that_of_the_last_stage_and_a_served_recall_goes_on_resting() -> None:
    assert stand(COURT, BEGUN) == ("pack_requested", None, True)
    assert stand(COURT, BEGUN[:1]).status == "identified"
    begun = (on(S.IDENTIFIED, "11-23T09:00"), on(S.AUTHORITY_NOTIFIED, "11-23T10:00"), on(S.RECALL, "11-23T12:00"))
    assert stand(RECALL, begun) == ("recalled", None, True)
    decided = on(S.RESULT, "11-24T12:00", result="recalled_standard")
    assert stand(RECALL, (*begun, decided)) == ("decided", None, True)
    ended = on(S.ENDED, "12-24T12:00")
    assert stand(RECALL, (*begun, decided, ended)) == ("ended", ended.at_us, False)
    nothing = replace(decided, result="not_recalled")
    assert stand(RECALL, (*begun, nothing)) == ("decided", nothing.at_us, False)


def clock(route: Route, steps: tuple[DatedStep, ...], step: BreachStep, now: str) -> Clock:
    found = clocks(route, steps, ROUTES.calendar(), parse_instant(f"2026-{now}:00Z"))
    return next(one for one in found if one.step is step)


def test_a_clock_of_working_days_runs_out_with_the_last_local_day() -> None:
    asked = (on(S.IDENTIFIED, "11-23T09:00"), on(S.PACK_REQUESTED, "11-24T23:30"))
    due = clock(COURT, asked, S.PACK_SENT, "11-24T23:40")
    assert (due.state, str(due.due_day), due.left_days) == (Running.RUNNING, "2026-11-26", 2)
    assert format_instant(due.due_us or 0) == "2026-11-27T00:00:00Z"
    assert clock(COURT, asked, S.PACK_SENT, "11-26T23:59").left_days == 0
    assert clock(COURT, asked, S.PACK_SENT, "11-27T00:00").state is Running.OVERDUE
    assert clock(COURT, asked, S.PACK_SENT, "11-30T09:00").left_days == -2
    assert clock(COURT, BEGUN[:1], S.PACK_SENT, "11-30T09:00").state is Running.WAITING
    sent = (*asked, on(S.PACK_SENT, "11-27T08:00"))
    assert clock(COURT, sent, S.PACK_SENT, "12-01T09:00").state is Running.LATE
    assert clock(COURT, (*asked, on(S.PACK_SENT, "11-26T23:59")), S.PACK_SENT, "12-01T09:00").state is Running.IN_TIME
    christmas = (on(S.IDENTIFIED, "12-23T12:00"),)
    assert str(clock(COURT, christmas, S.INFORMATION, "12-23T12:00").due_day) == "2027-01-11"


def test_a_clock_of_hours_runs_over_the_night_when_clocks_change() -> None:
    begun = (
        on(S.IDENTIFIED, "10-24T23:30"),
        on(S.PACK_REQUESTED, "10-24T23:30"),
    )  # 00:30, summer time, of the long night
    due = clock(BAIL, begun, S.PACK_SENT, "10-25T03:30")
    assert (due.due_us, due.state, due.left_days) == (parse_instant("2026-10-25T03:30:00Z"), Running.RUNNING, None)
    assert clock(BAIL, begun, S.PACK_SENT, "10-25T03:31").state is Running.OVERDUE


def test_what_was_passed_over_is_due_no_more_and_the_next_is_the_first_to_run_out() -> None:
    laid = (*BEGUN, on(S.INFORMATION, "11-25T10:00"))
    now = parse_instant("2026-11-27T09:00:00Z")
    found = clocks(COURT, laid, ROUTES.calendar(), now)
    states = {one.step: one.state for one in found}
    assert states[S.AUTHORITY_NOTIFIED] is Running.PASSED_OVER
    assert states[S.INFORMATION] is Running.IN_TIME
    first = next_due(clocks(COURT, BEGUN, ROUTES.calendar(), now - MINUTE_US))
    assert first is not None
    assert first.step is S.PACK_SENT
    assert next_due(()) is None
