"""Weekly sheets of intensive supervision: for each local week the hours that an order asks for, that were kept, and that nobody knows.

The rules write down the hours of a week when they were short (`hours_short`), to the minute; of a week that was long enough they write
nothing, so a sheet says "at least" there and no more. Lengths are microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from domain.instants import MINUTE_US
from domain.records import Condition, Order
from domain.violations import Violation
from domain.vocabulary import ConditionKind, Kind, Programme
from evidence.compliance import Weighed, Weight, weigh
from evidence.order_windows import Held, sheet_windows
from geofence.attendance_rules import weeks_of
from geofence.intervals import Span, clipped, common, length_us

INTENSIVE: Final = frozenset({Programme.ISS, Programme.ICCP})
"""Programmes that report week by week."""


class Met(StrEnum):
    """What is said of the hours of a week."""

    RUNNING = "running"
    NO_HOURS = "no_hours"
    MET = "met"
    SHORT = "short"
    UNSURE = "short_or_unknown"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class WeekOfHours:
    """One local week of one condition.

    Attributes
    ----------
    span : the week as far as the condition holds in it.
    offered_us : hours of its timetable, absences and suspensions taken out.
    required_us : hours that are asked for; None where the condition asks for none, or the week is not whole.
    present_us : hours present: exactly, or at least so many where ``exactly`` is False.
    unknown_us : hours of the timetable of which nothing is known, as far as the rules wrote them down.
    short : the violation that says that the hours were short, as it counts.
    """

    condition: str
    span: Span
    met: Met
    offered_us: int
    required_us: int | None
    present_us: int = 0
    exactly: bool = False
    unknown_us: int = 0
    short: Weighed | None = None


def weekly_sheet(
    of: Held, order: Order, violations: Sequence[Violation], from_us: int, to_us: int, now_us: int
) -> list[WeekOfHours]:
    """The weeks that begin in ``[from_us, to_us)``, by week and condition; ``violations`` are the wearer's current ones."""
    found: list[WeekOfHours] = []
    for name in of.book.ids(Condition, Order, order.id):
        condition = of.book.newest(Condition, name)
        if condition is not None and condition.kind is ConditionKind.ATTENDANCE and condition.order == order.id:
            found += _weeks(of, condition, violations, (from_us, to_us), now_us)
    return sorted(found, key=lambda one: (one.span, one.condition))


def _weeks(
    of: Held, condition: Condition, violations: Sequence[Violation], period: Span, now_us: int
) -> list[WeekOfHours]:
    mondays = of.book.mondays(condition.timezone, *period)
    held = of.book.held(condition.id)

    def hours_at(at_us: int) -> float | None:
        then = of.book.at(Condition, condition.id, at_us)
        return None if then is None else then.hours_per_week

    asked = {week.span[1]: week for week in weeks_of(mondays, held, hours_at)}
    short = {
        one.from_us: weigh(of, one, now_us)
        for one in violations
        if one.current and one.kind is Kind.HOURS_SHORT and one.condition == condition.id
    }
    windows = sheet_windows(of, condition, mondays[0], mondays[-1])
    enforced = [span for window in windows for span in window.enforced]
    found = []
    for start, end in pairwise(mondays):
        own = common([(start, end)], held)
        if not own or not period[0] <= start < period[1]:
            continue
        span = (own[0][0], own[-1][1])
        offered = length_us(clipped(enforced, *span))
        week = asked.get(end)
        required = None if week is None else week.wanted_us
        found.append(_week(condition.id, span, offered, required, short.get(span[0]), now_us))
    return found


def _week(
    condition: str, span: Span, offered_us: int, required_us: int | None, short: Weighed | None, now_us: int
) -> WeekOfHours:
    if span[1] > now_us:
        return WeekOfHours(condition, span, Met.RUNNING, offered_us, required_us)
    if required_us is None:
        return WeekOfHours(condition, span, Met.NO_HOURS, offered_us, None)
    if short is None:
        return WeekOfHours(condition, span, Met.MET, offered_us, required_us, required_us)
    present = round((short.violation.minutes_certain or 0.0) * MINUTE_US)
    unknown = round((short.violation.minutes_possible or 0.0) * MINUTE_US) - present
    met = _met(short, present + unknown >= required_us)
    return WeekOfHours(condition, span, met, offered_us, required_us, present, True, unknown, short)


def _met(short: Weighed, may_have_been_enough: bool) -> Met:
    if short.weight in (Weight.EXCUSED, Weight.NOT_TOLD):
        return Met.EXCUSED
    if may_have_been_enough or short.weight in (Weight.GAP, Weight.DOUBT):
        return Met.UNSURE
    return Met.SHORT
