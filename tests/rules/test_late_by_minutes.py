"""While the centre is behind by minutes, what is judged is what would have been in time (rules.md 9, the law)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.instants import MINUTE_US, SECOND_US, format_instant, parse_instant
from tests.rules.made import HOME, Line, condition, said, standing, told, us, wearer

pytestmark = pytest.mark.slow

START_US = us("2026-11-02T18:00:00")
"""A Monday; the curfew begins at 19:00."""
MINUTES = 120
NIGHT = [{"day": "mon", "start": "19:00", "end": "07:00"}]
PLACE = {**HOME, "home_unit": "H1"}
CURFEW = condition("curfew", place=PLACE, timezone="Europe/London", timetable=NIGHT, grace_s=300)


def message(device: str, minute: int, late_s: float, **items: list[Line]) -> Line:
    t_us = START_US + minute * MINUTE_US
    received_us = t_us + round(late_s * SECOND_US)
    for of in items.values():
        for item in of:
            item |= {"seq": minute + 1, "t": t_us // 1000}
    envelope = {"v": 1, "sent": t_us // 1000, **items}
    return {"received": format_instant(received_us), "device": device, "envelope": envelope}


def fix(minute: int, late_s: float, *, out: bool) -> Line:
    place = {"lat": 51.21 if out else 51.2, "lon": 0.5, "acc": 8.0}
    return message("G1", minute, late_s, fixes=[place])


def heard(minute: int, late_s: float, tag: str, *, out: bool) -> Line:
    event = {"code": "in_range", "state": "end" if out else "start", "data": {"tag": tag}}
    return message("H1", minute, late_s, events=[event])


def silent_unit(late_s: float) -> list[Line]:
    """The home unit hears the location tag and falls silent; then its wearer goes out, from 18:20 to 19:40."""
    said_by_unit = [heard(minute, 1.0, "G1", out=False) for minute in range(10)]
    fixes = [fix(minute, 1.0 if minute < 15 else late_s, out=20 <= minute < 100) for minute in range(MINUTES)]
    return [*said_by_unit, *fixes]


def curfew_tag(late_s: float) -> list[Line]:
    """A curfew tag that its home unit does not hear from 18:50 to 19:20."""
    lines = []
    for minute in range(MINUTES):
        late = 1.0 if minute < 15 else late_s
        if 50 < minute < 80:
            lines.append(message("H1", minute, late, events=[{"code": "heartbeat"}]))
        else:
            lines.append(heard(minute, late, "R1", out=minute == 50))
    return lines


def versions(tag: tuple[str, str], lines: list[Line]) -> list[Line]:
    end: Line = {"tick": format_instant(START_US + (MINUTES + 20) * MINUTE_US)}
    in_order = sorted(lines, key=lambda line: line["received"])
    return said([*wearer(tag, ("H1", "home_unit")), CURFEW], [*in_order, end])


def stands(found: list[Line]) -> list[tuple[Any, ...]]:
    return sorted(told(standing(found, "curfew"), "kind", "code", "from", "to"))


def first_decided_us(found: list[Line]) -> int:
    return parse_instant(next(v["decided"] for v in found if v["kind"] == "curfew"))


@pytest.mark.parametrize("late_s", [200.0, 400.0, 1200.0])
@pytest.mark.parametrize(("tag", "lines"), [(("G1", "gps_tag"), silent_unit), (("R1", "rf_tag"), curfew_tag)])
def test_what_comes_late_by_minutes_is_judged_as_in_time(tag: tuple[str, str], lines: Any, late_s: float) -> None:
    in_time, late = versions(tag, lines(1.0)), versions(tag, lines(late_s))
    assert stands(in_time)
    assert stands(late) == stands(in_time)
    behind_us = first_decided_us(late) - first_decided_us(in_time)
    assert behind_us <= (late_s + 60) * SECOND_US, "found no later than its facts came"
