"""A fact that only goes on with what was is no news: what is kept and judged does not grow with how long somebody stays."""

from __future__ import annotations

import json

from domain.instants import SECOND_US, format_instant, parse_instant
from tests.rules.running import Running, batches_of, caseload_of, lines_of

START_US = parse_instant("2026-11-23T19:30:00Z")
CASELOAD = [
    {"type": "area", "id": "A", "kind": "pdu", "name": "Somewhere", "parent": None},
    {"type": "wearer", "id": "W1", "name": "Alex Example"},
    {"type": "device", "id": "T1", "kind": "gps_tag", "interval_s": 10, "upload_s": 10},
    {"type": "fitting", "id": "F1", "wearer": "W1", "device": "T1", "from": "2026-11-01T09:00:00Z", "to": None},
    {
        "type": "order",
        "id": "O1",
        "wearer": "W1",
        "kind": "community",
        "area": "A",
        "from": "2026-11-01T09:00:00Z",
        "to": "2027-02-01T00:00:00Z",
        "told_at": "2026-11-01T09:00:00Z",
        "notifying_organisation": "magistrates_court",
        "organisation": "probation",
    },
    {
        "type": "condition",
        "id": "C1",
        "order": "O1",
        "kind": "curfew",
        "timezone": "Europe/London",
        "place": {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": None},
        "timetable": [{"day": "mon", "start": "19:00", "end": "20:00"}],
    },
]
FIXES = 720
"""Two hours at one each 10 s; the window is over after half an hour."""


def feed() -> list[str]:
    lines = []
    for number in range(FIXES):
        at_us = START_US + number * 10 * SECOND_US
        fix = {"seq": number + 1, "t": at_us // 1000, "lat": 51.22, "lon": 0.5, "acc": 8}
        envelope = {"v": 1, "sent": at_us // 1000, "fixes": [fix]}
        lines.append(json.dumps({"received": format_instant(at_us), "device": "T1", "envelope": envelope}))
    return lines


def test_somebody_who_stays_out_after_the_window_makes_no_news() -> None:
    running = Running(caseload_of(map(json.dumps, CASELOAD)))
    for batch in batches_of(running.versions, feed(), running.roster, 1, None):
        running.take(batch)
    said = [json.loads(line) for line in lines_of(running.said)]
    assert [(v["change"], v["code"], v["minutes_certain"]) for v in said] == [
        ("opened", "AL10", None),
        ("closed", "AL11", 30.0),
    ]
    [stream] = running.rules.world.streams.rows.values()
    assert len(stream) < 10
