"""Windows of a timetable, exactly as rules.md 1 has them, and a cache of them for a fleet that shares few timetables.

Windows are half open, ``[start, end)`` in microseconds UTC, in order, apart from each other. They come *whole*: a
window is the same whatever range was asked, so its start and end can be an identity. A timetable that leaves no
second of the week out has one window, ``(EARLY_US, FAR_US)``.

The rows are merged on the wall clock first, and resolved to instants after. That gives the same instants as
resolving each row and merging then: of two rows that touch or overlap, the first occurrence of the later's start is
never after the last occurrence of the earlier's end. What a clock change closes between two of them (a quarter of an
hour out at 01:15, on the night that has no 01:15) is merged once more.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from domain.instants import DAY_US, EARLY_US, FAR_US, SECOND_US
from domain.records import Timetable
from domain.weekly import covers_all, merged_week
from geofence.wallclock import TimeZones, Zone, merged

WEEK_US = 7 * DAY_US
_MONDAY_US = 4 * DAY_US
"""Monday 1970-01-05T00:00 as a wall time."""
_MAX_PAD_WEEKS = 12
"""Weeks looked at before and after a range. A chain of windows runs on only over a clock change, so two do."""
CHUNK_US = 32 * DAY_US
"""The cache works windows out for this long at a time."""
MAX_CHUNKS = 100_000
"""Chunks kept (about half a kilobyte each for one window a day) before all are dropped and worked out anew."""
MAX_TIMETABLES = 200_000
"""Timetable objects recognised without being compared, before all are dropped."""
MAX_RANGE_US = 400 * 366 * DAY_US
"""The longest range that may be asked for at once: an open end must be cut by who asks."""

Window = tuple[int, int]
Week = tuple[tuple[int, int], ...]


def windows(timetable: Timetable, zones: TimeZones, from_us: int, to_us: int) -> list[Window]:
    """Every merged window that overlaps ``[from_us, to_us)``, whole; none when the range is empty.

    Raises `KeyError` when the timetable's zone is none of ``zones``.
    """
    assert to_us - from_us <= MAX_RANGE_US
    zone = zones.zone(timetable.timezone)
    week = merged_week(timetable.rows)
    if from_us >= to_us:
        return []
    return [(EARLY_US, FAR_US)] if covers_all(week) else _overlapping(week, zone, from_us, to_us)


def _overlapping(week: Week, zone: Zone, from_us: int, to_us: int) -> list[Window]:
    """As `windows`, for a week that leaves something out."""
    for pad in range(2, _MAX_PAD_WEEKS):
        laid = merged(_laid_out(week, zone, from_us, to_us, pad))
        found = [(start, end) for start, end in laid if start < to_us and end > from_us]
        # Only a window with another on either side is known to be whole.
        if not found or (found[0] != laid[0] and found[-1] != laid[-1]):
            return found
    raise AssertionError(f"a week with a gap ran on for {_MAX_PAD_WEEKS} weeks in {zone.name}")


def _laid_out(week: Week, zone: Zone, from_us: int, to_us: int, pad: int) -> list[Window]:
    """The windows of every local week that the range touches and of ``pad`` weeks around, resolved one by one."""
    first = (from_us - _MONDAY_US) // WEEK_US - pad
    last = (to_us - _MONDAY_US) // WEEK_US + pad
    in_us = [(start * SECOND_US, end * SECOND_US) for start, end in week]
    laid: list[Window] = []
    for monday in range(first * WEEK_US + _MONDAY_US, last * WEEK_US + _MONDAY_US + 1, WEEK_US):
        if zone.change_near(monday - WEEK_US, monday + 3 * WEEK_US):
            laid += [(zone.first_us(monday + start), zone.last_us(monday + end)) for start, end in in_us]
        else:  # most of the year no clock changes, and a week is a week
            offset = zone.offset_us(monday)
            laid += [(monday + start - offset, monday + end - offset) for start, end in in_us]
    return laid


@dataclass(slots=True)
class _Kept:
    """One timetable's chunks: the starts and the ends of the windows that overlap each, by chunk number."""

    week: Week
    zone: Zone
    always: bool
    chunks: dict[int, tuple[array[int], array[int]]] = field(default_factory=dict)


class WindowCache:
    """`windows`, remembered: by timetable (equal ones share) and by stretch of `CHUNK_US`.

    A look-up that was made before costs a microsecond or two, whatever the timetable. What it keeps is bounded
    by ``max_chunks`` and ``max_timetables``; forgetting changes no answer.
    """

    def __init__(self, zones: TimeZones, max_chunks: int = MAX_CHUNKS, max_timetables: int = MAX_TIMETABLES) -> None:
        self._zones = zones
        self._max_chunks = max_chunks
        self._max_timetables = max_timetables
        # By identity, because a look-up by value would hash every row. The timetable is held so that its id stays its own.
        self._by_identity: dict[int, tuple[Timetable, _Kept]] = {}
        self._by_value: dict[Timetable, _Kept] = {}
        self.chunks_kept = 0

    def windows(self, timetable: Timetable, from_us: int, to_us: int) -> list[Window]:
        """Every merged window that overlaps ``[from_us, to_us)``, whole: what the function `windows` gives."""
        if from_us >= to_us:
            return []
        known = self._by_identity.get(id(timetable))
        kept = known[1] if known is not None else self._admit(timetable)
        if kept.always:
            return [(EARLY_US, FAR_US)]
        found: list[Window] = []
        first, last = from_us // CHUNK_US, (to_us - 1) // CHUNK_US
        assert last - first <= MAX_RANGE_US // CHUNK_US
        for number in range(first, last + 1):
            starts, ends = kept.chunks.get(number) or self._work_out(kept, number)
            i = bisect_right(ends, from_us)
            if found and i < len(starts) and starts[i] <= found[-1][0]:
                i = bisect_right(starts, found[-1][0])  # seen whole from the chunk before
            while i < len(starts) and starts[i] < to_us:
                found.append((starts[i], ends[i]))
                i += 1
        return found

    def window_at(self, timetable: Timetable, at_us: int) -> Window | None:
        """The window that holds an instant, or None."""
        found = self.windows(timetable, at_us, at_us + 1)
        return found[0] if found else None

    def _admit(self, timetable: Timetable) -> _Kept:
        if len(self._by_identity) >= self._max_timetables:
            self._by_identity.clear()
            self._forget()
        kept = self._by_value.get(timetable)
        if kept is None:
            week = merged_week(timetable.rows)
            kept = _Kept(week, self._zones.zone(timetable.timezone), covers_all(week))
            self._by_value[timetable] = kept
        self._by_identity[id(timetable)] = (timetable, kept)
        return kept

    def _work_out(self, kept: _Kept, number: int) -> tuple[array[int], array[int]]:
        if self.chunks_kept >= self._max_chunks:
            self._forget()
        found = _overlapping(kept.week, kept.zone, number * CHUNK_US, (number + 1) * CHUNK_US)
        chunk = array("q", [start for start, _ in found]), array("q", [end for _, end in found])
        kept.chunks[number] = chunk
        self.chunks_kept += 1
        return chunk

    def _forget(self) -> None:
        for kept in self._by_value.values():
            kept.chunks.clear()
        if not self._by_identity:
            self._by_value.clear()
        self.chunks_kept = 0
