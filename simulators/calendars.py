"""Wall-clock times: making timetables up, and reading them. The reading is the auditor's own; it is slow and plain.

It shares nothing with the rules, so that the two can disagree (style.md, rule 14).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from random import Random
from zoneinfo import ZoneInfo

from domain.instants import SECOND_US
from domain.records import Timetable

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOME_ZONE = "Europe/London"
SOONEST_S = 60.0
"""A window of a short run does not begin earlier: the devices must have spoken before."""
ENDS_IN_RUN_SHARE = 0.4

Row = dict[str, str]
Interval = tuple[int, int]
"""Half open, microseconds UTC."""


@cache
def zone_named(name: str) -> ZoneInfo:
    """A time zone from the pinned tzdata package, whatever the machine has. Raises KeyError for an unknown one."""
    path = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not path.is_file():
        raise KeyError(name)
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def weekly(rng: Random, hours: tuple[str, str]) -> list[Row]:
    """Rows of a week with these hours, now and then without a day or with other hours at the weekend."""
    start, end = hours
    off = rng.choice(DAYS) if rng.random() < 0.1 else None
    return [{"day": day, "start": start, "end": end} for day in DAYS if day != off]


def demo_row(rng: Random, start_us: int, within_s: float) -> list[Row]:
    """Rows whose window begins within a short run, the same each day, and in two of five cases ends in it too."""
    begin_s = rng.uniform(min(SOONEST_S, within_s * 0.2), within_s * 0.55)
    ends_in_run = rng.random() < ENDS_IN_RUN_SHARE
    length_s = rng.uniform(0.25, 0.4) * within_s if ends_in_run else rng.uniform(2, 9) * 3600
    begin = datetime.fromtimestamp(start_us // SECOND_US + int(begin_s), UTC).astimezone(zone_named(HOME_ZONE))
    end = (begin.astimezone(UTC) + timedelta(seconds=int(length_s))).astimezone(zone_named(HOME_ZONE))
    return [{"day": day, "start": begin.strftime("%H:%M:%S"), "end": end.strftime("%H:%M:%S")} for day in DAYS]


def windows(timetable: Timetable, from_us: int, to_us: int) -> list[Interval]:
    """The timetable's windows that reach into ``[from_us, to_us)``, whole, those that touch merged (rules.md 1)."""
    zone = zone_named(timetable.timezone)
    first = datetime.fromtimestamp(from_us // SECOND_US, UTC).astimezone(zone).date() - timedelta(days=2)
    last = datetime.fromtimestamp(to_us // SECOND_US, UTC).astimezone(zone).date() + timedelta(days=1)
    found: list[Interval] = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        for row in timetable.rows:
            if row.day != day.weekday():
                continue
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock, until the zone says what it means
            over = 0 if row.end_s > row.start_s else 1
            begin_us = _instant(zone, midnight + timedelta(seconds=row.start_s), second=False)
            end_us = _instant(zone, midnight + timedelta(days=over, seconds=row.end_s), second=True)
            if end_us > begin_us:
                found.append((begin_us, end_us))
    return [w for w in merged(found) if w[1] > from_us and w[0] < to_us]


def _instant(zone: ZoneInfo, wall: datetime, *, second: bool) -> int:
    """What a wall-clock time means: the first instant after a hole; of two occurrences, the asked one."""
    early, late = (int(wall.replace(tzinfo=zone, fold=f).timestamp()) for f in (0, 1))
    if early <= late:
        return (late if second else early) * SECOND_US
    # In a hole `fold` turns round: the two lie on either side of the change, `late` before it.
    before = datetime.fromtimestamp(late, UTC).astimezone(zone).utcoffset()
    while early - late > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before:
            late = middle
        else:
            early = middle
    return early * SECOND_US


def merged(intervals: list[Interval]) -> list[Interval]:
    """In order, those that touch or overlap made one."""
    out: list[Interval] = []
    for begin, end in sorted(intervals):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


def cut(intervals: list[Interval], by: list[Interval]) -> list[Interval]:
    """What of the first lies in the second; both in order and without overlap."""
    return [(max(a, c), min(b, d)) for a, b in intervals for c, d in by if max(a, c) < min(b, d)]


def without(intervals: list[Interval], taken: list[Interval]) -> list[Interval]:
    """What of the first does not lie in the second."""
    left = intervals
    for c, d in taken:
        left = [piece for a, b in left for piece in ((a, min(b, c)), (max(a, d), b)) if piece[0] < piece[1]]
    return left
