"""After facts were folded again: which conditions must be judged anew, by what judges may read otherwise."""

from __future__ import annotations

import json

import pytest

from geofence.moved import Moved
from tests.rules.made import Line, Sender, condition, in_order, us, wearer
from tests.rules.running import WHOLE, Running, batches_of, caseload_of

HOME = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}
ZONE = {"type": "Circle", "center": [0.5, 51.21], "radius_m": 200}
EVENING = [{"day": "mon", "start": "19:50", "end": "20:10"}]
RECORDS = [
    *wearer(("T1", "gps_tag"), ("R1", "rf_tag"), ("H1", "home_unit")),
    condition("exclusion_zone", zone=ZONE, buffer_m=150, timezone="UTC", schedule=EVENING),
    condition("curfew", "C2", place=HOME, timezone="UTC", timetable=[{"day": "mon", "start": "20:00", "end": "23:00"}]),
]


@pytest.fixture
def running() -> Running:
    """The home unit has once said that the wearer was out; they are in the zone while it is enforced."""
    unit, tag = Sender("H1"), Sender("T1")
    words = ("start", "end", "start")
    lines: list[Line] = [
        unit.event(f"2026-11-02T19:5{n}:00", "in_range", state, tag="R1") for n, state in enumerate(words)
    ]
    lines += [tag.fix(f"2026-11-02T19:5{n}:00", 51.21) for n in range(5, 9)]
    found = Running(caseload_of([json.dumps(record) for record in RECORDS]))
    for batch in batches_of(found.versions, in_order(lines), found.roster, WHOLE, None):
        found.take(batch)
    return found


def may_move(running: Running, name: str, moved: Moved, at: str = "2026-11-02T19:59:00") -> bool:
    index = running.rules.book.condition_index[name]
    return running.rules.stepper.going_on.may_move(index, moved, us(at))


def test_a_curfew_is_judged_anew_for_its_home_unit_its_word_or_a_fix(running: Running) -> None:
    world = running.rules.world
    unit, tag = (running.roster.index[name] for name in ("H1", "R1"))
    case = world.layout.cases[running.rules.book.condition_index["C2"]]
    assert case is not None
    assert not may_move(running, "C2", Moved())
    assert not may_move(running, "C2", Moved(units={tag}, pairs={world.pair_index[unit, tag] + 1}))
    assert may_move(running, "C2", Moved(units={unit}))
    assert may_move(running, "C2", Moved(pairs={world.pair_index[unit, tag]}))
    assert may_move(running, "C2", Moved(tracks={case.row}))
    assert may_move(running, "C2", Moved(went_on={case.row: us("2026-11-02T19:58:00")}))


@pytest.mark.parametrize("of_buffer", [False, True])
def test_a_zone_in_which_somebody_stays_is_judged_anew_when_its_enforcement_turned_since(
    running: Running, of_buffer: bool
) -> None:
    case = running.rules.world.layout.cases[running.rules.book.condition_index["C1"]]
    assert case is not None
    row = case.buffer_row if of_buffer else case.row
    stays = Moved(went_on={row: us("2026-11-02T19:55:00")})
    assert not may_move(running, "C1", Moved())
    assert not may_move(running, "C1", stays)
    assert may_move(running, "C1", stays, at="2026-11-02T20:11:00")
    assert may_move(running, "C1", Moved(went_on={row: us("2026-11-02T19:49:00")}))
    assert may_move(running, "C1", Moved(tracks={row}))
