"""The windows of a timetable by walking minutes: slow, and sharing nothing with the code that it judges.

Every UTC minute of a stretch is shown to the standard library's reading of the pinned zone file, and so says what a
clock on the wall reads then. A row paints the minutes between its start and its end; what is painted is in force.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Row = tuple[str, str, str]
"""Day, start, end, as a caseload file writes them."""


def pinned_zone(name: str) -> ZoneInfo:
    """The zone of the ``tzdata`` package, not of the system."""
    written = resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    return ZoneInfo.from_file(io.BytesIO(written), key=name)


@dataclass(frozen=True)
class Stretch:
    """Minutes in a row: what UTC and the wall show, and the first and the last place of each wall time."""

    utc: list[datetime]
    shown: list[datetime]
    first: dict[datetime, int]
    last: dict[datetime, int]

    def past(self, wall: datetime) -> int:
        """The first minute that shows a later time: the far side of a hole, or an end of the stretch."""
        return next((i for i, seen in enumerate(self.shown) if seen > wall), len(self.shown))


@lru_cache(maxsize=64)
def stretch(zone_name: str, start: datetime, minutes: int) -> Stretch:
    zone = pinned_zone(zone_name)
    utc = [start + MINUTE * i for i in range(minutes)]
    shown = [at.astimezone(zone).replace(tzinfo=None) for at in utc]
    last = {wall: i for i, wall in enumerate(shown)}
    first = {wall: minutes - 1 - i for i, wall in enumerate(reversed(shown))}
    return Stretch(utc, shown, first, last)


def walk(rows: Sequence[Row], zone_name: str, start: datetime, minutes: int) -> list[tuple[datetime, datetime]]:
    """The windows within ``minutes`` from ``start`` (UTC); those at the two ends may be cut."""
    walked = stretch(zone_name, start, minutes)
    painted = [False] * minutes
    day = walked.shown[0].date() - timedelta(days=2)
    while day <= walked.shown[-1].date():
        for name, begins, ends in rows:
            if DAYS[day.weekday()] == name:
                _paint(painted, walked, *_as_written(day, begins, ends))
        day += timedelta(days=1)
    return _runs(painted, walked.utc)


def _as_written(day: date, begins: str, ends: str) -> tuple[datetime, datetime]:
    """The row's wall-clock start and end on a date; an end not after its start is the next day's."""
    midnight = datetime.combine(day, datetime.min.time())
    first, last = (_since_midnight(text) for text in (begins, ends))
    return midnight + first, midnight + last + timedelta(days=0 if last > first else 1)


def _since_midnight(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _paint(painted: list[bool], walked: Stretch, begins: datetime, ends: datetime) -> None:
    """Paint from the first minute that shows ``begins`` to the last that shows ``ends``, or to past the hole."""
    low = walked.first[begins] if begins in walked.first else walked.past(begins)
    high = walked.last[ends] if ends in walked.last else walked.past(ends)
    for i in range(low, high):
        painted[i] = True


def _runs(painted: list[bool], utc: list[datetime]) -> list[tuple[datetime, datetime]]:
    runs: list[tuple[datetime, datetime]] = []
    begun: datetime | None = None
    for at, on in zip([*utc, utc[-1] + MINUTE], [*painted, False], strict=True):
        if on and begun is None:
            begun = at
        elif not on and begun is not None:
            runs.append((begun, at))
            begun = None
    return runs


def utc(text: str) -> datetime:
    """``2026-10-25 01:00`` as an aware UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
