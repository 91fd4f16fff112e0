"""A backlog beside live facts: judged as if it had come in time, and without asking again for all that is stored."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from domain.instants import EARLY_US, MINUTE_US, SECOND_US, format_instant
from tests.rules.made import HOME, Line, condition, said, standing, told, us, wearer
from tests.rules.running import Running, batches_of, caseload_of, lines_of

DAY = "2026-11-02T"
START_US = us(f"{DAY}12:00:00")
"""Of a Monday."""
NIGHT = [{"day": "mon", "start": "19:00", "end": "07:00"}]
ZONE = {"type": "Circle", "center": [0.5, 51.23], "radius_m": 300}
DARK_FROM, BACK_AT, MINUTES = 60, 480, 560
"""Minutes: the last fix before the dark, the first live one after it, and the end."""
CHUNK = 20
"""Minutes of the backlog a message."""
RECORDS = [
    *wearer(("T1", "gps_tag")),
    condition("curfew", place=HOME, timezone="Europe/London", timetable=NIGHT, grace_s=300),
    condition("exclusion_zone", "C2", zone=ZONE, buffer_m=200),
]
VICTIM: list[Line] = [
    {"type": "victim", "id": "V1"},
    {"type": "device", "id": "U1", "kind": "victim_unit"},
    {"type": "fitting", "id": "F-U1", "victim": "V1", "device": "U1", "from": "2026-11-01T09:00:00Z"},
    condition("proximity", "C3", victim="V1", alert_m=500, prealert_m=1000),
]
KINDS = ("exclusion_zone", "zone_buffer", "zone_transit", "curfew", "proximity_alert", "proximity_prealert")

pytestmark = pytest.mark.slow


def walks(seed: int) -> list[float]:
    """Latitudes minute by minute: at home, into the zone and out again, now and then a jump nobody makes."""
    rng, lat, goal, found = Random(seed), 51.2, 51.2, []
    for minute in range(MINUTES):
        if minute % 40 == 0:
            goal = rng.choice((51.2, 51.2, 51.215, 51.23))
        lat += max(-0.004, min(0.004, goal - lat))
        found.append(lat if rng.random() > 0.02 else lat + 3.0)
    return found


def message(device: str, received_us: int, fixes: list[tuple[int, float]]) -> Line:
    """Fixes of these minutes, each numbered by its minute."""
    items = [
        {"seq": m + 1, "t": (START_US + m * MINUTE_US) // 1000, "lat": lat, "lon": 0.5, "acc": 8.0} for m, lat in fixes
    ]
    sent_ms = received_us // 1000
    envelope = {"v": 1, "sent": sent_ms, "fixes": items}
    return {"received": format_instant(received_us), "device": device, "envelope": envelope}


def feed(seed: int, chunk: int, *, oldest_first: bool = True) -> list[Line]:
    """Live, dark for hours, then live again with a part of the backlog behind each live fix."""
    lats = walks(seed)
    parts = [range(m, min(m + chunk, BACK_AT)) for m in range(DARK_FROM, BACK_AT, chunk)]
    parts = parts if oldest_first else parts[::-1]
    lines = []
    for minute in range(MINUTES):
        at_us = START_US + minute * MINUTE_US + SECOND_US
        if not DARK_FROM <= minute < BACK_AT:
            lines.append(message("T1", at_us, [(minute, lats[minute])]))
        if minute >= BACK_AT and parts:
            part = parts.pop(0)
            lines.append(message("T1", at_us + SECOND_US, [(m, lats[m]) for m in part]))
        if minute % 10 == 0:
            lines.append({"tick": format_instant(at_us + 2 * SECOND_US)})
    assert not parts
    return lines


def with_victim(lines: list[Line]) -> list[Line]:
    """A victim at one place, heard live all the time."""
    unit = [message("U1", START_US + m * MINUTE_US, [(m, 51.225)]) for m in range(MINUTES)]
    return [*unit, *lines]


def spans(records: list[Line], lines: list[Line]) -> list[tuple[Any, ...]]:
    return sorted(told(standing(said(records, lines), *KINDS), "kind", "from", "to", "minutes_certain"))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("oldest_first", [True, False])
def test_a_backlog_beside_live_facts_says_what_they_say_in_order(seed: int, oldest_first: bool) -> None:
    in_time = [message("T1", START_US + m * MINUTE_US + SECOND_US, [(m, lat)]) for m, lat in enumerate(walks(seed))]
    end: Line = {"tick": format_instant(START_US + MINUTES * MINUTE_US)}
    expected = spans(RECORDS, [*in_time, end])
    assert expected
    assert spans(RECORDS, [*feed(seed, CHUNK, oldest_first=oldest_first), end]) == expected


@pytest.mark.parametrize("seed", range(2))
def test_a_backlog_beside_a_victims_live_facts(seed: int) -> None:
    in_time = [message("T1", START_US + m * MINUTE_US + SECOND_US, [(m, lat)]) for m, lat in enumerate(walks(seed))]
    end: Line = {"tick": format_instant(START_US + MINUTES * MINUTE_US)}
    expected = spans([*RECORDS, *VICTIM], [*with_victim(in_time), end])
    assert {"proximity_alert"} <= {kind for kind, *_ in expected}
    assert spans([*RECORDS, *VICTIM], [*with_victim(feed(seed, CHUNK)), end]) == expected


@pytest.mark.parametrize("max_log", [30, 100])
def test_no_part_of_a_backlog_asks_for_what_was_before_it(max_log: int) -> None:
    """The base of the state has moved on long ago; each part starts where the one before it ended."""
    lines = [json.dumps(line) for line in feed(1, CHUNK)]
    running = Running(caseload_of([json.dumps(record) for record in RECORDS]), max_log=max_log)
    since: list[int] = []
    for batch in batches_of(running.versions, lines, running.roster, 1, None):
        since += running.rules.ask(batch).since_us
        running.take(batch)
    assert all(at_us > EARLY_US for at_us in since)
    assert all(at_us >= START_US + (DARK_FROM - 1) * MINUTE_US for at_us in since)
    assert since == sorted(since)
    whole = Running(caseload_of([json.dumps(record) for record in RECORDS]))
    for batch in batches_of(whole.versions, lines, whole.roster, 1 << 30, None):
        whole.take(batch)
    assert lines_of(running.said) == lines_of(whole.said)
