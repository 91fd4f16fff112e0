"""`pattern_near_zone` (rules.md 4): the third transit or buffer entry of one zone in 7 days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain.instants import DAY_US, MINUTE_US, format_instant
from tests.rules.nights import AWAY_LAT, Line, Sender, Told, at, tagged, told, us

pytestmark = pytest.mark.slow
CENTRE = (0.5, AWAY_LAT)
M = 1 / 111_195
FAR, BUFFER, INSIDE, BEYOND = AWAY_LAT - 1000 * M, AWAY_LAT - 400 * M, AWAY_LAT, AWAY_LAT + 1000 * M
KEYS = ("decided", "change", "reason", "from", "to")


def zone(**more: Any) -> list[Line]:
    """A circle of 300 m and its buffer of 200 m; 1,000 m south of it is `FAR`, north of it `BEYOND`."""
    shape = {"type": "Circle", "center": list(CENTRE), "radius_m": 300}
    record = {"type": "condition", "id": "Z1", "order": "O1", "kind": "exclusion_zone", "zone": shape, "buffer_m": 200}
    return [*tagged(), record | more]


def way(tag: Sender, begin: int, lats: Sequence[float], received: int | None = None) -> list[Line]:
    """A fix a minute, the second at ``begin``."""
    return [tag.fix(begin + (k - 1) * MINUTE_US, lat, received=received) for k, lat in enumerate(lats)]


def entry(tag: Sender, begin: int, received: int | None = None) -> list[Line]:
    """Into the buffer at ``begin``, two minutes, and out again."""
    return way(tag, begin, (FAR, BUFFER, BUFFER, FAR, FAR), received)


def transit(tag: Sender, begin: int) -> list[Line]:
    """Past the zone: at ``begin`` south of it, two minutes later north of it."""
    return [tag.fix(begin, FAR), tag.fix(begin + 2 * MINUTE_US, BEYOND)]


def patterns(records: Sequence[Line], lines: Sequence[Line], keys: Sequence[str] = KEYS) -> list[Told]:
    return told(records, lines, ("pattern_near_zone",), keys)


def opened(begin: int, reason: str = "fixes") -> Told:
    decided = format_instant(begin + MINUTE_US + 1_000_000)
    return (decided, "opened", reason, format_instant(begin), format_instant(begin))


def days(*numbers: float, clock: str = "10:00") -> list[int]:
    return [us(clock) + round(number * DAY_US) for number in numbers]


def test_the_third_entry_makes_it_and_a_fourth_goes_on_with_it() -> None:
    tag = Sender("T1")
    lines = [line for begin in days(0, 1, 2, 3) for line in entry(tag, begin)]
    assert patterns(zone(), lines) == [opened(days(2)[0])]


def test_it_rests_on_the_first_fact_of_each() -> None:
    tag = Sender("T1")
    lines = [line for begin in days(0, 1, 2) for line in entry(tag, begin)]
    keys = ("order", "condition", "device", "cause", "p_inside", "evidence")
    evidence = [{"device": "T1", "gen": 0, "seq": seq} for seq in (2, 7, 12)]
    assert patterns(zone(), lines, keys) == [("O1", "Z1", None, "wearer", None, evidence)]


@pytest.mark.parametrize(("short_us", "found"), [(0, False), (1_000, True)])
def test_seven_days_are_half_open(short_us: int, found: bool) -> None:
    tag = Sender("T1")
    first, second, third = days(0, 3, 7)
    third -= short_us
    lines = [line for begin in (first, second, third) for line in entry(tag, begin)]
    assert patterns(zone(), lines) == ([opened(third)] if found else [])


def test_transits_count_with_entries() -> None:
    tag = Sender("T1")
    first, second, third = days(0, 1, 2)
    lines = [*entry(tag, first), *entry(tag, second), *transit(tag, third)]
    decided = format_instant(third + 2 * MINUTE_US + 1_000_000)
    instant = format_instant(third)
    assert patterns(zone(), lines) == [(decided, "opened", "fixes", instant, instant)]


def test_who_comes_out_of_the_zone_does_not_enter_its_buffer() -> None:
    tag = Sender("T1")
    visits = [line for begin in days(0, 1) for line in way(tag, begin, (FAR, INSIDE, INSIDE, BUFFER, BUFFER, FAR, FAR))]
    assert patterns(zone(), [*visits, *entry(tag, days(2)[0])]) == []


def test_who_is_there_when_enforcement_begins_does_not_enter() -> None:
    tag = Sender("T1")
    schedule = [{"day": day, "start": "10:01:30", "end": "11:00"} for day in ("mon", "tue", "wed")]
    lines = [line for begin in days(0, 1, 2) for line in entry(tag, begin)]
    assert patterns(zone(schedule=schedule, timezone="Etc/UTC"), lines) == []


def test_what_was_before_the_wearer_was_told_does_not_count() -> None:
    tag = Sender("T1")
    lines = [line for begin in days(0, 1, 2) for line in entry(tag, begin)]
    assert patterns(zone(told_at=at("12:00")), lines) == []


def test_an_entry_that_comes_to_light_late_makes_it_late() -> None:
    tag = Sender("T1")
    first, second, third = days(0, 1, 2)
    lines = [*entry(tag, first), *entry(tag, third)]
    came = third + 30 * MINUTE_US
    found = patterns(zone(), [*lines, *entry(tag, second, came)])
    assert [(one[1], one[2], one[3]) for one in found] == [("opened", "late_data", format_instant(third))]
    four = [*lines, *entry(tag, days(2.1)[0])]
    later = days(2.2)[0]
    moved = patterns(zone(), [*four, *entry(tag, second, later)])
    assert [(one[1], one[3]) for one in moved] == [
        ("opened", format_instant(days(2.1)[0])),
        (
            "amended",
            format_instant(days(2.1)[0]),
        ),  # until the fixes that end it are there, the second goes on past the third
        ("opened", format_instant(third)),
        ("withdrawn", format_instant(days(2.1)[0])),
    ]
