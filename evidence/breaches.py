"""What a breach may rely on, and what the dates of a case make of it: its status, its clocks, whether they fit together. Pure.

Read by the officer, and in the end by a defence lawyer: for everything that may not be relied on there is one reason, in plain words.
Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from domain.breaches import BreachStep, DatedStep, standing
from domain.instants import DAY_US, HOUR_US
from domain.violations import Violation
from domain.vocabulary import AssessmentDecision, Cause, Kind
from evidence.routes import Limit, Route, Stage
from evidence.working_days import WorkingDays

BREACHES: Final = frozenset(
    {
        *(Kind.EXCLUSION_ZONE, Kind.INCLUSION_ZONE, Kind.RESTRICTION_ZONE, Kind.CURFEW, Kind.ATTENDANCE_MISSED),
        *(Kind.PROXIMITY_ALERT, Kind.ALCOHOL, Kind.ATV_EXCEEDED, Kind.STRAP_TAMPER, Kind.CASE_TAMPER, Kind.JAMMING),
        *(Kind.SHIELDING, Kind.HOME_UNIT_MOVED, Kind.BATTERY_LOW, Kind.BATTERY_DEAD, Kind.NOT_CHARGED, Kind.NOT_FITTED),
    }
)
"""Kinds that can be a breach at all. The rest are warnings, information, or the record of what was not known (rules.md 4 to 8)."""


INFORMATION: Final = frozenset(
    {Kind.ZONE_TRANSIT, Kind.ATTENDANCE_UNCONFIRMED, Kind.HOURS_SHORT, Kind.ASSOCIATION},
)
"""Kinds that are information (rules.md 4 and 6)."""
NOTICES: Final = INFORMATION | {
    *(Kind.ZONE_EDGE, Kind.ZONE_BUFFER, Kind.ZONE_UNCONFIRMED, Kind.PATTERN_NEAR_ZONE),
    *(Kind.ATV_WARNING, Kind.ATV_EXCEEDED, Kind.CHECK_MISSED, Kind.ALCOHOL_SUSPECTED),
    *(Kind.PROXIMITY_PREALERT, Kind.PATTERN_NEAR_VICTIM, Kind.SOS),
}
"""Kinds that are warnings or information, whatever their cause: never a violation of a condition (rules.md)."""


class NotRelied(StrEnum):
    """Why a violation may not be relied on; the first that holds is told."""

    WITHDRAWN = "withdrawn"
    MONITORING_GAP = "monitoring_gap"
    NO_BREACH = "no_breach"
    UNTOLD = "untold"
    NOT_ASSESSED = "not_assessed"
    EXCUSED = "excused"
    RETROSPECTIVE = "retrospective"


WHY_NOT: Final = {
    NotRelied.WITHDRAWN: "it was withdrawn",
    NotRelied.MONITORING_GAP: "it is a monitoring gap: its cause is not the wearer",
    NotRelied.NO_BREACH: "this kind is a warning or information, and never a breach by itself",
    NotRelied.UNTOLD: "the wearer had not been told of the condition",
    NotRelied.NOT_ASSESSED: "it has not been assessed, or is disputed",
    NotRelied.EXCUSED: "it was assessed otherwise than upheld",
    NotRelied.RETROSPECTIVE: "it was found by a change made later: say when and how the wearer had been told before",
}
"""In words."""
OPEN_DECISIONS: Final = frozenset({None, AssessmentDecision.DISPUTED})
"""What an officer has still to decide."""


def why_not(
    one: Violation, decision: AssessmentDecision | None, told_us: int | None = None, *, withdrawn: bool = False
) -> NotRelied | None:
    """Why a violation may not be relied on; None when it may.

    ``decision`` is the newest assessment; ``told_us`` the officer's record that the wearer had been told by then.
    """
    if withdrawn or not one.current:
        return NotRelied.WITHDRAWN
    if one.cause is not Cause.WEARER:
        return NotRelied.MONITORING_GAP
    if one.kind not in BREACHES:
        return NotRelied.NO_BREACH
    told_before = told_us is not None and told_us <= one.from_us
    if one.untold and not told_before:
        return NotRelied.UNTOLD
    if decision in OPEN_DECISIONS:
        return NotRelied.NOT_ASSESSED
    if decision is not AssessmentDecision.UPHELD:
        return NotRelied.EXCUSED
    return None if told_before or not one.retrospective else NotRelied.RETROSPECTIVE


class Counted(NamedTuple):
    """Curfew minutes of an order as its allowance counts them; ``going``: violations that still run and are not in it yet."""

    minutes: float
    going: int


NOT_COUNTED: Final = frozenset(
    {AssessmentDecision.REASONABLE_EXCUSE, AssessmentDecision.EQUIPMENT, AssessmentDecision.DISPUTED}
)
"""Assessments that take a curfew violation out of the sum (rules.md 5)."""


def counted(found: Iterable[tuple[Violation, AssessmentDecision | None]]) -> Counted:
    """The certain minutes of an order's curfew violations that count against its allowance (rules.md 5)."""
    those = [
        one
        for one, decision in found
        if one.kind is Kind.CURFEW and one.cause is Cause.WEARER and decision not in NOT_COUNTED
        if not one.retrospective and not one.untold
    ]
    return Counted(sum(one.minutes_certain or 0.0 for one in those), sum(one.to_us is None for one in those))


# ---- dates ----


class Fault(NamedTuple):
    """What is wrong with a date: the field, and why."""

    field: str
    cause: str


def faults(route: Route, steps: Sequence[DatedStep], now_us: int) -> list[Fault]:
    """Why the dates that stand do not fit together; none when they do."""
    held = standing(steps)
    found = [one for step in held for one in _of_step(route, step, held, now_us)]
    if not any(one.step is BreachStep.IDENTIFIED for one in held):
        found.append(Fault("step", "a case must keep the date on which the breach was identified"))
    return found


def _of_step(route: Route, step: DatedStep, held: Sequence[DatedStep], now_us: int) -> list[Fault]:
    stage = route.stage(step.step)
    if stage is None:
        steps = ", ".join(one.step.value for one in route.stages)
        return [Fault("step", f"{step.step.value} is no step of the route {route.id}; it has {steps}")]
    at_us, found = step.at_us or 0, []
    if at_us > now_us and not stage.planned:
        found.append(Fault("at", f"{stage.title} cannot be ahead: it is when it happened"))
    for before in stage.follows:
        first = _first(held, before)
        if first is None:
            found.append(Fault("step", f"{stage.title} comes after {_title(route, before)}, which has no date"))
        elif at_us < first:
            found.append(Fault("at", f"{stage.title} cannot be before {_title(route, before)}"))
    if not stage.repeats and sum(one.step is step.step for one in held) > 1:
        found.append(Fault("step", f"{stage.title} has a date: correct that one"))
    if step.step is BreachStep.RESULT and route.result(step.result) is None:
        results = ", ".join(one.id for one in route.results)
        found.append(Fault("result", f"is no result of the route {route.id}; it has {results}"))
    return found


def _title(route: Route, step: BreachStep) -> str:
    stage = route.stage(step)
    return step.value if stage is None else stage.title


def _first(held: Iterable[DatedStep], step: BreachStep) -> int | None:
    return min((one.at_us for one in held if one.step is step and one.at_us is not None), default=None)


# ---- what the dates make of a case ----


class Standing(NamedTuple):
    """What a case is: the route's word for it, when it was over, and whether anything rests on what it relies on."""

    status: str
    over_us: int | None
    rests: bool


def stand(route: Route, steps: Sequence[DatedStep]) -> Standing:
    """By the last stage of the route that has a date. It is over with a result that nothing follows from, or when that ended."""
    held = standing(steps)
    there = {one.step for one in held}
    reached = [stage for stage in route.stages if stage.step in there]
    status = reached[-1].status if reached else route.stages[0].status
    ended_us = _first(held, BreachStep.ENDED)
    if ended_us is not None:
        return Standing(status, ended_us, rests=False)
    decided = next((one for one in held if one.step is BreachStep.RESULT), None)
    result = None if decided is None else route.result(decided.result)
    if decided is None or result is None or result.rests:
        return Standing(status, None, rests=True)
    return Standing(status, decided.at_us, rests=False)


class Running(StrEnum):
    """Where the clock of a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    OVERDUE = "overdue"
    IN_TIME = "in_time"
    LATE = "late"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Clock:
    """A step with a limit.

    Attributes
    ----------
    due_us : when it must have happened; a limit in days ends with its last day. None: what it is counted from has no date.
    due_day : that last day, for limits in days.
    left_days : working days after today up to and with ``due_day``; 0 today, negative when past. None for limits in hours.
    done_us : when it happened.
    """

    step: BreachStep
    state: Running
    due_us: int | None = None
    due_day: date | None = None
    left_days: int | None = None
    done_us: int | None = None


def clocks(route: Route, steps: Sequence[DatedStep], calendar: WorkingDays, now_us: int) -> tuple[Clock, ...]:
    """Every clock of a case, in the order of its route."""
    held = standing(steps)
    reached = max(
        (place for place, stage in enumerate(route.stages) if _first(held, stage.step) is not None), default=0
    )
    return tuple(
        _clock(stage, stage.limit, held, calendar, now_us, passed=place < reached)
        for place, stage in enumerate(route.stages)
        if stage.limit is not None
    )


def next_due(found: Iterable[Clock]) -> Clock | None:
    """The clock that runs out first of those that run, or that has run out longest ago."""
    going = [one for one in found if one.state in (Running.RUNNING, Running.OVERDUE)]
    return min(going, key=lambda one: one.due_us or 0, default=None)


def _clock(
    stage: Stage, limit: Limit, held: Sequence[DatedStep], calendar: WorkingDays, now_us: int, *, passed: bool
) -> Clock:
    begun_us, done_us = _first(held, limit.of), _first(held, stage.step)
    if begun_us is None:
        waiting = Running.WAITING if done_us is None else Running.IN_TIME
        return Clock(stage.step, waiting, done_us=done_us)
    due_us, day = _due(limit, begun_us, calendar)
    left = None if day is None else calendar.left(calendar.day_of(now_us), day)
    if done_us is not None:
        state = Running.IN_TIME if _in_time(done_us, due_us, day) else Running.LATE
    elif passed:
        state = Running.PASSED_OVER
    else:
        state = Running.RUNNING if _in_time(now_us, due_us, day) else Running.OVERDUE
    return Clock(stage.step, state, due_us, day, left, done_us)


def _in_time(at_us: int, due_us: int, day: date | None) -> bool:
    """A day's end is no more of that day; so many hours are over when they are over."""
    return at_us < due_us if day is not None else at_us <= due_us


def _due(limit: Limit, begun_us: int, calendar: WorkingDays) -> tuple[int, date | None]:
    if limit.hours is not None:
        return begun_us + round(limit.hours * HOUR_US), None
    begun = calendar.day_of(begun_us)
    if limit.working_days is not None:
        day = calendar.after(begun, limit.working_days)
    else:
        day = calendar.day_of(calendar.start_us(begun, 12 * HOUR_US) + (limit.days or 0) * DAY_US)
    return calendar.end_us(day), day
