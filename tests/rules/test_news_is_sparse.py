"""A fact that only goes on with what was is no news: what is kept and judged does not grow with how long somebody stays."""

from __future__ import annotations

import json

import pytest

from domain.instants import SECOND_US, format_instant, parse_instant
from geofence.streams import MAX_RUN
from tests.rules.running import Running, batches_of, caseload_of, lines_of

pytestmark = pytest.mark.slow

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


ZONE = {"type": "condition", "id": "C2", "order": "O1", "kind": "exclusion_zone", "buffer_m": 100}
ZONE |= {"zone": {"type": "Circle", "center": [0.5, 51.2], "radius_m": 300}}
MANY = MAX_RUN + 300
METRE = 1 / 111_200
"""In degrees of latitude, nearly."""


def seconds(metres_away: list[int]) -> list[str]:
    """A fix a second, so far north of the middle of the zone."""
    lines = []
    for number, metres in enumerate(metres_away):
        at_us = START_US + number * SECOND_US
        fix = {"seq": number + 1, "t": at_us // 1000, "lat": round(51.2 + metres * METRE, 7), "lon": 0.5, "acc": 8}
        envelope = {"v": 1, "sent": at_us // 1000, "fixes": [fix]}
        lines.append(json.dumps({"received": format_instant(at_us), "device": "T1", "envelope": envelope}))
    return lines


def said_of(caseload: list[dict[str, object]], lines: list[str]) -> list[tuple[str, str, str, str | None]]:
    running = Running(caseload_of(map(json.dumps, caseload)))
    for batch in batches_of(running.versions, lines, running.roster, 1, None):
        running.take(batch)
    said = [json.loads(line) for line in lines_of(running.said)]
    return [(v["kind"], v["change"], v["from"], v["to"]) for v in said]


def clock(second: int) -> str:
    return format_instant(START_US + second * SECOND_US)


def test_who_leaves_a_zone_for_its_buffer_after_a_long_stay_is_warned_of() -> None:
    caseload = [*CASELOAD[:-1], {**ZONE, "threshold_points": 1}]
    left = 5 + MANY
    said = said_of(caseload, seconds([360] * 5 + [0] * MANY + [360] * 60))
    assert said[-3:] == [
        ("exclusion_zone", "opened", clock(5), None),
        ("exclusion_zone", "closed", clock(5), clock(left)),
        ("zone_buffer", "opened", clock(left), None),
    ]


def test_who_has_long_been_inside_when_a_schedule_begins_violates_it_from_then_on() -> None:
    schedule = [{"day": "mon", "start": "20:00", "end": "21:00"}]  # half an hour after the first fix
    caseload = [*CASELOAD[:-1], {**ZONE, "timezone": "Europe/London", "schedule": schedule}]
    begins = 30 * 60
    said = said_of(caseload, seconds([0] * (begins + 120)))
    assert said == [("exclusion_zone", "opened", clock(begins), None)]


def test_of_a_long_absence_from_a_home_with_a_unit_every_minute_is_certain() -> None:
    unit = {"type": "device", "id": "H1", "kind": "home_unit"}
    worn = {"type": "fitting", "id": "F2", "wearer": "W1", "device": "H1", "from": "2026-11-01T09:00:00Z", "to": None}
    home = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}
    curfew = {**CASELOAD[-1], "place": home, "timetable": [{"day": "mon", "start": "19:00", "end": "23:00"}]}
    running = Running(caseload_of(map(json.dumps, [*CASELOAD[:-1], unit, worn, curfew])))
    for batch in batches_of(running.versions, seconds([2_000] * MANY + [0] * 5), running.roster, 1, None):
        running.take(batch)
    closed = json.loads(list(lines_of(running.said))[-1])
    assert (closed["change"], closed["minutes_certain"]) == ("closed", round(MANY / 60, 3))
