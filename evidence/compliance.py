"""The compliance sheet of an order: which windows were kept, kept with doubt, not kept or not monitored, and how many hours are certain.

Read by the court and by the person it is about. What is in doubt is never counted against anybody: docs/sheets.md says each case in
plain words, and `judge` is that table. Instants and lengths are microseconds; windows are those of `evidence.order_windows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from domain.instants import FAR_US, MINUTE_US
from domain.records import Condition, Order
from domain.violations import Violation
from domain.vocabulary import AssessmentDecision, Cause, ConditionKind, Kind
from evidence.order_windows import Held, SheetWindow, assessment_of, conditions_of, counted_by_days, sheet_windows
from evidence.unknown import Unknown
from geofence.intervals import Span, clipped, common, length_us, union, without


class KeptAs(StrEnum):
    """What a sheet says of one window."""

    RUNNING = "running"
    NOT_COUNTED = "not_counted"
    NOT_KEPT = "not_kept"
    UNDECIDED = "undecided"
    NOT_MONITORED = "not_monitored"
    DOUBT = "kept_with_doubt"
    KEPT = "kept"


class Weight(StrEnum):
    """What a violation does to the window in which it lies."""

    AGAINST = "against"
    UNDECIDED = "undecided"
    EXCUSED = "excused"
    DOUBT = "doubt"
    GAP = "gap"
    NOT_TOLD = "not_told"


AGAINST_A_WINDOW: Final = {
    ConditionKind.CURFEW: frozenset({Kind.CURFEW}),
    ConditionKind.ATTENDANCE: frozenset({Kind.ATTENDANCE_MISSED}),
    ConditionKind.EXCLUSION_ZONE: frozenset({Kind.EXCLUSION_ZONE}),
    ConditionKind.INCLUSION_ZONE: frozenset({Kind.INCLUSION_ZONE}),
    ConditionKind.RESTRICTION_ZONE: frozenset({Kind.RESTRICTION_ZONE}),
}
"""By the condition's kind, the violations that say that a window of it was not kept; warnings and information never do."""
BY_DECISION: Final = {
    AssessmentDecision.UPHELD: Weight.AGAINST,
    AssessmentDecision.REASONABLE_EXCUSE: Weight.EXCUSED,
    AssessmentDecision.EQUIPMENT: Weight.GAP,
    AssessmentDecision.DISPUTED: Weight.DOUBT,
    AssessmentDecision.NOT_PURSUED: Weight.DOUBT,
}


class Weighed(NamedTuple):
    """A violation as it counts on a sheet."""

    violation: Violation
    weight: Weight
    decision: AssessmentDecision | None
    reason: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Time of windows that are over, in microseconds. ``required`` is `present` + `absent` + `open_` exactly.

    Attributes
    ----------
    required : in force, absences and suspensions taken out.
    present : certainly kept. Of an attendance none is known to the hour: then it is in ``open_``.
    absent : certainly not kept, by violations that are upheld or that nobody has decided.
    absent_possible : the same at most; `minutes_possible` of those violations.
    unknown : of monitoring gaps, of violations in doubt or excused, without the time of those that count.
    excused : absences that were granted, and suspensions: not in ``required``.
    """

    required: int = 0
    present: int = 0
    absent: int = 0
    absent_possible: int = 0
    unknown: int = 0
    excused: int = 0

    @property
    def open_(self) -> int:
        """Neither certainly kept nor certainly not."""
        return self.required - self.present - self.absent

    def __add__(self, other: Hours) -> Hours:
        return Hours(
            self.required + other.required,
            self.present + other.present,
            self.absent + other.absent,
            self.absent_possible + other.absent_possible,
            self.unknown + other.unknown,
            self.excused + other.excused,
        )


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One window on the sheet, with the violations in it and what each does."""

    window: SheetWindow
    kept: KeptAs
    hours: Hours
    violations: tuple[Weighed, ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """Windows by what is said of them, and their hours."""

    windows: dict[KeptAs, int] = field(default_factory=lambda: dict.fromkeys(KeptAs, 0))
    hours: Hours = Hours()


@dataclass(frozen=True, slots=True)
class ConditionSheet:
    """One condition: its windows, sums by local week (the Monday's instant) and in all."""

    condition: Condition
    rows: tuple[SheetRow, ...]
    weeks: tuple[tuple[int, Sums], ...]
    all: Sums


@dataclass(frozen=True, slots=True)
class ComplianceSheet:
    """The sheet of an order in ``[from_us, to_us)`` as of ``now_us``; ``gaps`` are the monitoring gaps that touch it."""

    order: Order
    from_us: int
    to_us: int
    now_us: int
    conditions: tuple[ConditionSheet, ...]
    gaps: tuple[Violation, ...]

    @property
    def all(self) -> Sums:
        """Of every condition."""
        return added(one.all for one in self.conditions)


def compliance(
    of: Held, order: Order, violations: Sequence[Violation], from_us: int, to_us: int, now_us: int
) -> ComplianceSheet:
    """The sheet of an order; ``violations`` are the current ones of its wearer that touch the period.

    The period is at most `evidence.order_windows.MAX_RANGE_US` long. What is decided counts as of ``now_us``.
    """
    current = [one for one in violations if one.current]
    unknown = Unknown(of.book, order, current, now_us)
    conditions = tuple(
        _of_condition(of, one, current, unknown, (from_us, to_us, now_us)) for one in conditions_of(of, order.id)
    )
    gaps = [one for one in current if _is_gap(one) and one.from_us < to_us and (one.to_us or FAR_US) > from_us]
    shown = tuple(sorted(gaps, key=lambda one: (one.from_us, one.id)))
    return ComplianceSheet(order, from_us, to_us, now_us, tuple(one for one in conditions if one.rows), shown)


def _of_condition(
    of: Held, condition: Condition, violations: Sequence[Violation], unknown: Unknown, period: tuple[int, int, int]
) -> ConditionSheet:
    from_us, to_us, now_us = period
    kinds = AGAINST_A_WINDOW[condition.kind]
    own = [
        weigh(of, one, now_us)
        for one in violations
        if one.condition == condition.id and (one.kind in kinds or one.kind is Kind.ATTENDANCE_UNCONFIRMED)
    ]
    not_known, by_days = unknown.of(condition), counted_by_days(of, condition)
    by_window = condition.kind is ConditionKind.CURFEW and not by_days
    rows = tuple(
        _row(
            condition,
            window,
            [one for one in own if not by_window or _began_in(window, one.violation)],
            not_known,
            now_us,
        )
        for window in sheet_windows(of, condition, from_us, to_us)
    )
    mondays = of.book.mondays(condition.timezone, from_us, to_us)
    weeks = []
    for start, end in pairwise(mondays):
        some = [row for row in rows if start <= row.window.from_us < end]
        if some:
            weeks.append((start, _sums(some)))
    return ConditionSheet(condition, rows, tuple(weeks), _sums(rows))


def weigh(of: Held, violation: Violation, now_us: int) -> Weighed:
    """What a violation counts for: its cause first, then whether they had been told, then what the officer decided."""
    found = assessment_of(of.book, violation.id, now_us)
    decision, reason = (None, "") if found is None else (found.decision, found.reason)
    if _is_gap(violation):
        return Weighed(violation, Weight.GAP, decision, reason)
    if violation.retrospective or violation.untold:
        return Weighed(violation, Weight.NOT_TOLD, decision, reason)
    weight = Weight.UNDECIDED if decision is None else BY_DECISION[decision]
    return Weighed(violation, weight, decision, reason)


def _is_gap(violation: Violation) -> bool:
    return violation.cause is not Cause.WEARER and violation.victim is None


def _row(
    condition: Condition, window: SheetWindow, own: Sequence[Weighed], not_known: Sequence[Span], now_us: int
) -> SheetRow:
    inside = tuple(one for one in own if clipped(window.enforced, *_span(one.violation, now_us)))
    in_doubt = [_span(one.violation, now_us) for one in inside if one.weight in (Weight.GAP, Weight.DOUBT)]
    unknown = common(window.enforced, union([*not_known, *in_doubt]))
    kept = judge(window, inside, length_us(unknown), now_us)
    counted = kept not in (KeptAs.RUNNING, KeptAs.NOT_COUNTED)
    hours = _hours(condition, window, inside, unknown, now_us) if counted else Hours()
    return SheetRow(window, kept, hours, inside)


def judge(window: SheetWindow, inside: Sequence[Weighed], unknown_us: int, now_us: int) -> KeptAs:
    """What is said of a window: the first that holds. The one table of docs/sheets.md."""
    weights = {one.weight for one in inside}
    if window.to_us > now_us:
        return KeptAs.RUNNING
    if not window.enforced:
        return KeptAs.NOT_COUNTED
    if Weight.AGAINST in weights:
        return KeptAs.NOT_KEPT
    if Weight.UNDECIDED in weights:
        return KeptAs.UNDECIDED
    if Weight.NOT_TOLD in weights:
        return KeptAs.NOT_COUNTED
    if unknown_us >= length_us(window.enforced):
        return KeptAs.NOT_MONITORED
    return KeptAs.DOUBT if unknown_us or Weight.DOUBT in weights else KeptAs.KEPT


def _hours(
    condition: Condition, window: SheetWindow, inside: Sequence[Weighed], unknown: Sequence[Span], now_us: int
) -> Hours:
    required = length_us(window.enforced)
    excused = window.to_us - window.from_us - required
    against = [one.violation for one in inside if one.weight in (Weight.AGAINST, Weight.UNDECIDED)]
    away = common(window.enforced, union(_span(one, now_us) for one in against))
    if condition.kind is ConditionKind.CURFEW:
        shares = [(one, _share(window, _span(one, now_us))) for one in against]
        absent = round(sum((one.minutes_certain or 0.0) * MINUTE_US * share for one, share in shares))
        possible = round(sum((one.minutes_possible or 0.0) * MINUTE_US * share for one, share in shares))
    elif condition.kind is ConditionKind.ATTENDANCE:
        absent, possible = 0, length_us(away)  # never seen there is not: surely elsewhere all the time
    else:
        absent = possible = length_us(away)
    absent = min(absent, length_us(away))
    possible = min(max(possible, length_us(away)), required)
    excuses = [_span(one.violation, now_us) for one in inside if one.weight is Weight.EXCUSED]
    blank = length_us(without(common(window.enforced, union([*unknown, *excuses])), away))
    present = 0 if condition.kind is ConditionKind.ATTENDANCE else max(0, required - possible - blank)
    return Hours(required, present, absent, possible, blank, excused)


def _began_in(window: SheetWindow, violation: Violation) -> bool:
    """A curfew's violation is of one window (rules.md 5): the one in which it began."""
    return window.from_us <= violation.from_us < window.to_us


def _share(window: SheetWindow, span: Span) -> float:
    """How much of a violation lies in a window: all of it, but where the windows are days."""
    length = span[1] - span[0]
    return (min(span[1], window.to_us) - max(span[0], window.from_us)) / length if length else 1.0


def _span(violation: Violation, now_us: int) -> Span:
    return violation.from_us, max(now_us, violation.from_us) if violation.to_us is None else violation.to_us


def _sums(rows: Iterable[SheetRow]) -> Sums:
    found = Sums()
    hours = Hours()
    for row in rows:
        found.windows[row.kept] += 1
        hours += row.hours
    return Sums(found.windows, hours)


def added(some: Iterable[Sums]) -> Sums:
    """Sums of several in one."""
    windows = dict.fromkeys(KeptAs, 0)
    hours = Hours()
    for one in some:
        for kept, number in one.windows.items():
            windows[kept] += number
        hours += one.hours
    return Sums(windows, hours)
