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
