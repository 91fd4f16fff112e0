"""Windows of an order's conditions as a sheet counts them: whole ones, with what absences and suspensions leave of each.

A condition that holds at all times has no windows of its own; a sheet counts it by local days, unless it holds for one night alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from domain.facts import Roster
from domain.instants import DAY_US, HOUR_US
from domain.records import Assessment, Condition, Order, Timetable, TimetableRow, Version
from domain.vocabulary import ZONE_KINDS, ConditionKind
from geofence.book import Book
from geofence.intervals import Span, common, without
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones

WITH_WINDOWS: Final = ZONE_KINDS | {ConditionKind.CURFEW, ConditionKind.ATTENDANCE}
"""Kinds of conditions that are kept or not kept window by window (contract.md)."""
MAX_RANGE_US: Final = 400 * DAY_US
"""The longest period of a sheet."""
ONE_WINDOW_US: Final = 36 * HOUR_US
"""A condition without hours that holds no longer is one window: from a release to the next morning."""

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Held:
    """A caseload to be asked: the book of its records, and the windows of its timetables."""

    book: Book
    cache: WindowCache
    zones: TimeZones


def held(versions: Iterable[Version], zones: TimeZones) -> Held:
    """What was learnt of one wearer, in the order learnt."""
    cache = WindowCache(zones)
    book = Book(Roster(), cache)
    for version in versions:
        book.learn(version)
    return Held(book, cache, zones)


class SheetWindow(NamedTuple):
    """One window, whole; ``enforced`` is what absences and suspensions leave of it.

    ``absent`` and ``suspended`` are how much each of the two takes out of it, in microseconds.
    """

    condition: str
    from_us: int
    to_us: int
    enforced: tuple[Span, ...]
    absent_us: int
    suspended_us: int


def conditions_of(of: Held, order: str) -> list[Condition]:
    """The conditions of an order that have windows, as they were learnt last, by id."""
    names = of.book.ids(Condition, Order, order)
    found = [one for name in names if (one := of.book.newest(Condition, name)) is not None and one.order == order]
    return sorted((one for one in found if one.kind in WITH_WINDOWS), key=lambda one: one.id)


def sheet_windows(of: Held, condition: Condition, from_us: int, to_us: int) -> list[SheetWindow]:
    """The windows that begin in ``[from_us, to_us)``, whole, in order; local days where the condition holds at all times.

    A window belongs to the period in which it begins, so that the sheets of two periods add up to that of both.
    """
    assert to_us - from_us <= MAX_RANGE_US
    by_days = counted_by_days(of, condition)
    spans = _days_held(of, condition, from_us, to_us) if by_days else of.book.windows(condition.id, from_us, to_us)
    spans = [span for span in spans if from_us <= span[0] < to_us]
    if not spans:
        return []
    reach = spans[0][0], spans[-1][1]
    absences = of.book.absences(condition.id, *reach)
    suspensions = of.book.suspensions(condition.order, *reach)
    return [_window(condition.id, span, absences, suspensions) for span in spans]


def _window(condition: str, span: Span, absences: list[Span], suspensions: list[Span]) -> SheetWindow:
    not_suspended = without([span], suspensions)
    enforced = without(not_suspended, absences)
    taken = _length(not_suspended) - _length(enforced)
    return SheetWindow(condition, *span, tuple(enforced), taken, span[1] - span[0] - _length(not_suspended))


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def counted_by_days(of: Held, condition: Condition) -> bool:
    """Whether a condition is counted by local days: no version of it has hours, and it holds for longer than a release day."""
    if any(one.timetable is not None for one in of.book.ever(Condition, condition.id)):
        return False
    return any(end - start > ONE_WINDOW_US for start, end in of.book.held(condition.id))


def _days_held(of: Held, condition: Condition, from_us: int, to_us: int) -> list[Span]:
    return common(local_days(of.cache, condition.timezone, from_us, to_us + DAY_US), of.book.held(condition.id))


def local_days(cache: WindowCache, timezone: str, from_us: int, to_us: int) -> list[Span]:
    """The local days that touch ``[from_us, to_us)``, whole: of 23, 24 or 25 hours."""
    rows = tuple(TimetableRow(day, 0, 1) for day in range(7))
    starts = [start for start, _ in cache.windows(Timetable(timezone, rows), from_us - 2 * DAY_US, to_us + 2 * DAY_US)]
    return [(start, end) for start, end in pairwise(starts) if start < to_us and end > from_us]


def local_date(zones: TimeZones, timezone: str, at_us: int) -> date:
    """The date on the clock on the wall at an instant."""
    return _EPOCH + timedelta(days=(at_us + zones.zone(timezone).offset_us(at_us)) // DAY_US)


def assessment_of(book: Book, violation: str, at_us: int) -> Assessment | None:
    """The assessment of a violation that stands at an instant: of several the newest; None where nobody has decided."""
    standing = [
        (max(start, one.at_us), place, one)
        for place, name in enumerate(book.ids(Assessment, "violation", violation))
        for start, end, one in book.eras(Assessment, name)
        if one.violation == violation and max(start, one.at_us) <= at_us < end
    ]
    return max(standing, key=lambda one: one[:2])[2] if standing else None
