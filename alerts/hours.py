"""Hours in which somebody may be told: a protected person's safe hours, and the nights of those under 18. Pure.

Wall-clock times are resolved as everywhere (rules.md 1), with the time zones that are handed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from domain.caseload_values import DAYS
from domain.instants import DAY_US, HOUR_US
from domain.records import Timetable, TimetableRow
from geofence.intervals import holding
from geofence.timetable import windows
from geofence.wallclock import TimeZones

QUIET_FROM_US: Final = 22 * HOUR_US
QUIET_TO_US: Final = 7 * HOUR_US
"""Wall-clock times between which a wearer under 18 is not called, but for what is critical."""
LOOK_AHEAD_US: Final = 8 * DAY_US
"""A weekly timetable begins again within so long."""

_CLOCK: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_WRITTEN: Final = re.compile(rf"(?:({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))? )?{_CLOCK}-(?:{_CLOCK}|(24):(00))")


class Unreadable(Exception):
    """Hours that were agreed in words that we cannot read: only a person can keep to them."""


@dataclass(frozen=True, slots=True)
class Hours:
    """``rows`` None: at any time."""

    rows: tuple[TimetableRow, ...] | None = None

    def opens_us(self, now_us: int, timezone: str, zones: TimeZones) -> int | None:
        """``now_us`` while they hold, else when they next begin; None when they do not within a week."""
        if self.rows is None:
            return now_us
        found = windows(Timetable(timezone, self.rows), zones, now_us, now_us + LOOK_AHEAD_US)
        if holding(found, now_us) is not None:
            return now_us
        return min((start for start, _ in found if start > now_us), default=None)


def read_hours(written: Any) -> Hours:
    """Safe hours as a caseload file has them. Null: at any time; else a text or a list of them.

    A text is ``09:00-17:00``, with ``mon `` or ``mon-fri `` before it where it is not every day; a list may also hold rows of
    a timetable (``day``, ``start``, ``end``). Raises `Unreadable` for anything else.
    """
    if written is None:
        return Hours()
    rows = [row for one in (written if isinstance(written, list) else [written]) for row in _rows(one)]
    if not rows:
        raise Unreadable
    return Hours(tuple(rows))


def _rows(written: Any) -> list[TimetableRow]:
    if isinstance(written, dict):
        if set(written) != {"day", "start", "end"}:
            raise Unreadable
        written = f"{written['day']} {written['start']}-{written['end']}"
    match = _WRITTEN.fullmatch(written.strip().lower()) if isinstance(written, str) else None
    if match is None:
        raise Unreadable
    first, last, *clock = match.groups()
    hours = [int(part) for part in clock if part is not None]
    start_s, end_s = hours[0] * 3600 + hours[1] * 60, hours[2] * 3600 + hours[3] * 60
    return [TimetableRow(day, start_s, end_s) for day in _days(first, last)]


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    start = DAYS.index(first)
    return [(start + k) % 7 for k in range((DAYS.index(last or first) - start) % 7 + 1)]


def quiet_until_us(now_us: int, timezone: str, zones: TimeZones) -> int | None:
    """The end of the night in which a wearer under 18 is not called, while it lasts; None by day."""
    zone = zones.zone(timezone)
    wall_us = now_us + zone.offset_us(now_us)
    midnight_us, of_day_us = wall_us - wall_us % DAY_US, wall_us % DAY_US
    if QUIET_TO_US <= of_day_us < QUIET_FROM_US:
        return None
    end_us = midnight_us + QUIET_TO_US + (DAY_US if of_day_us >= QUIET_FROM_US else 0)
    return zone.last_us(end_us)
