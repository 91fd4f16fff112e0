"""Weekly rows of wall-clock times as windows (rules.md 1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, SECOND_US
from tests.twin.spans import Spans, merged

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, str]


def windows(rows: list[Row], timezone: str, low: int, high: int) -> Spans:
    """The merged windows of a timetable that reach into ``[low, high)``; not cut by it."""
    zone = ZoneInfo(timezone)
    day = date(1970, 1, 1) + timedelta(days=low // DAY_US - 3)
    last = date(1970, 1, 1) + timedelta(days=high // DAY_US + 3)
    found: Spans = []
    while day <= last:
        for row in rows:
            if DAYS[day.weekday()] == row["day"]:
                start, end = seconds(row["start"]), seconds(row["end"])
                if end <= start:
                    end += DAY_S
                found.append((instant(day, start, zone, last=False), instant(day, end, zone, last=True)))
        day += timedelta(days=1)
    return [span for span in merged(found) if span[1] > low and span[0] < high]


def seconds(text: str) -> int:
    parts = [int(part) for part in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def instant(day: date, wall_s: int, zone: ZoneInfo, *, last: bool) -> int:
    """A wall-clock time of a local date: of two the first or the last; of none the first instant after the hole."""
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=wall_s)  # noqa: DTZ001 - a wall clock has no zone
    early = _us(wall.replace(tzinfo=zone, fold=0))
    late = _us(wall.replace(tzinfo=zone, fold=1))
    if early > late:  # in a hole the earlier offset gives the later instant
        return _change(late, early, zone)
    return late if last else early


def _us(at: datetime) -> int:
    return (at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """The instant in ``(low, high]`` from which the offset is another."""
    before = _offset(low, zone)
    low_s, high_s = low // SECOND_US, high // SECOND_US
    while high_s - low_s > 1:
        middle = (low_s + high_s) // 2
        if _offset(middle * SECOND_US, zone) == before:
            low_s = middle
        else:
            high_s = middle
    return high_s * SECOND_US


def _offset(us: int, zone: ZoneInfo) -> timedelta:
    found = (EPOCH + timedelta(microseconds=us)).astimezone(zone).utcoffset()
    assert found is not None
    return found
