"""States of the sheets and of the figures, for tests and pictures: a busy month of W1002 on bail, a programme, a year of breaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant
from domain.violations import Violation
from domain.vocabulary import Cause, Change, Code, Kind
from tests.console.world import DEE, NIGHT, World
from tests.store.made import violation_of

EVENING: Final = NIGHT - 2 * HOUR_US - 30 * MINUTE_US
"""Saturday 21 November 2026, 20:00 in London."""


def _out(number: int, days_ago: int, minutes: float, code: Code = Code.AL10, **more: Any) -> Violation:
    start = EVENING - days_ago * DAY_US
    told: dict[str, Any] = {"kind": Kind.CURFEW, "code": code, "order": "OW1002", "condition": "CW1002"}
    told |= {"from_us": start, "to_us": start + round(minutes * MINUTE_US), "decided_us": start + HOUR_US}
    told |= {"minutes_certain": minutes * 0.8, "minutes_possible": minutes + 12.0, "evidence": ()}
    return violation_of(f"W1002-{number}", **(told | more))


def _gap(number: int, days_ago: int, hours: int, kind: Kind = Kind.COMMUNICATION_LOST) -> Violation:
    more: dict[str, Any] = {"kind": kind, "code": None, "cause": Cause.NETWORK, "condition": None, "order": None}
    more |= {"device": "TW1002", "minutes_certain": None, "minutes_possible": None}
    return replace(_out(number, days_ago, hours * 60.0), **more)


async def on_bail(world: World) -> None:
    """Of each sort of window there is one, with what the officer decided."""
    opened = [
        *(_out(101, 3, 95.0), _out(102, 8, 50.0), _out(103, 11, 41.0), _out(104, 16, 20.0, untold=True)),
        *(_out(105, 19, 30.0), _gap(106, 5, 3), _gap(107, 13, 14, Kind.LOCATION_LOST)),
    ]
    await world.made.commit(opened, [])
    closed = replace(opened[0], version=2, change=Change.AMENDED, decided_us=EVENING - DAY_US, minutes_certain=80.0)
    await world.made.commit([closed], [])
    decisions = (
        ("W1002-101", "upheld", "No reason was given"),
        ("W1002-102", "reasonable_excuse", "At hospital; letter seen"),
        ("W1002-103", "disputed", "Says the tag was charging upstairs"),
    )
    for number, (violation, decision, reason) in enumerate(decisions):
        body = {"id": f"court-{number}", "violation": violation, "decision": decision, "reason": reason}
        await world.post("assessments", body, DEE)
    said = {"wearer": "W1002", "party": "wearer", "channel": "call", "answered": True}
    await world.post("contacts", said | {"said": "The bus did not come"})
    await world.post(
        "absences",
        {
            "id": "AC1",
            "condition": "CW1002",
            "from": "2026-11-14T19:00:00Z",
            "to": "2026-11-14T22:00:00Z",
            "reason": "a funeral",
            "granted_by": "Dee Farrow",
        },
        DEE,
    )
    await world.made.learn()


async def in_a_programme(world: World) -> None:
    """W1003 attends a workshop under intensive supervision, and is in custody on weekdays from Monday."""
    days = [{"day": day, "start": "10:00", "end": "16:00"} for day in ("mon", "tue", "wed", "thu", "fri")]
    place = {"name": "the workshop", "lon": -0.11, "lat": 51.498, "radius_m": 60}
    condition = {"id": "AT1", "order": "OW1003", "kind": "attendance", "name": "the workshop", "place": place}
    await world.post("conditions", condition | {"timetable": days, "hours_per_week": 25})
    inside = [{"day": "mon", "start": "09:00", "end": "09:00"}, {"day": "tue", "start": "09:00", "end": "17:00"}]
    custody = {
        "id": "SC1",
        "order": "OW1003",
        "from": "2026-11-21T00:00:00Z",
        "timetable": inside,
        "reason": "intermittent custody",
    }
    await world.post("suspensions", custody)
    await world.made.learn()
    week = NIGHT - 5 * DAY_US - 22 * HOUR_US - 30 * MINUTE_US
    told: dict[str, Any] = {
        "kind": Kind.HOURS_SHORT,
        "order": "OW1003",
        "condition": "AT1",
        "code": None,
        "evidence": (),
    }
    told |= {
        "from_us": week - 7 * DAY_US,
        "to_us": week,
        "decided_us": week,
        "minutes_certain": 930.0,
        "minutes_possible": 1110.0,
    }
    await world.made.commit([violation_of("W1003-101", **told)], [])


YEAR: Final = """
WITH made AS (
    INSERT INTO breaches (order_id, order_kind, wearer, area, route, status, made_at, made_by)
    SELECT 'OW100' || (n % 8 + 1), (ARRAY['community', 'suspended_sentence', 'licence', 'yro'])[n % 4 + 1], 'W100' || (n % 8 + 1),
        (ARRAY['london', 'kent', 'kent', 'dover'])[CASE WHEN n % 47 = 0 THEN 4 ELSE n % 3 + 1 END], 'court 2020-01-01', 'identified',
        '2026-01-05T10:00Z'::timestamptz + n * interval '31 hours', 'dee' FROM generate_series(1, 220) AS n RETURNING breach_no, made_at
), chosen AS (
    INSERT INTO breach_violations (breach_no, choice, violation_id, version, relied, why, told_how, made_at, made_by)
    SELECT breach_no, 1, 'W1008-' || 100 + extract(month FROM made_at), 1, true, '', '', made_at, 'dee' FROM made
)
INSERT INTO breach_steps (breach_no, step, at, result, note, why, made_at, made_by)
SELECT breach_no, step, at, result, '', '', at, 'dee' FROM made, LATERAL (VALUES
    ('identified', made_at, NULL), ('pack_requested', made_at + interval '1 day', NULL),
    ('pack_sent', made_at + interval '1 day' * (2 + breach_no % 4), NULL),
    ('information', made_at + interval '1 day' * (breach_no % 12), NULL),
    ('result', made_at + interval '1 day' * (20 + breach_no * 7 % 40),
        (ARRAY['continues', 'varied', 'continues', 'withdrawn', 'revoked_resentenced', 'not_proved'])[CASE WHEN breach_no % 73 = 0 THEN 6 ELSE breach_no % 5 + 1 END])
) AS s (step, at, result) WHERE at < '2026-11-21T22:30Z' RETURNING 1"""
STATISTICS: Final = """
INSERT INTO statistics_published (year, made_at, told) VALUES (2026, '2026-11-02T04:00Z', '{"tables": [{"by": "sex", "values": ["female", "male"],
    "results": ["continues", "varied", "withdrawn"], "counts": [[21, null, null, 34], [80, 41, 25, 146], [101, null, null, 180]], "least": 5}]}') RETURNING 1"""


async def a_year(world: World) -> None:
    """Two hundred breach cases of the year, and what the statistics job published."""
    months = [parse_instant(f"2026-{month:02d}-02T20:00:00Z") for month in range(1, 12)]
    told: dict[str, Any] = {"kind": Kind.CURFEW, "order": "OW1008", "condition": "CW1008", "evidence": ()}
    failures = [
        violation_of(f"W1008-{101 + k}", **told, from_us=at, to_us=at + HOUR_US, decided_us=at + HOUR_US)
        for k, at in enumerate(months)
    ]
    await world.made.commit(failures, [])
    world.ask(YEAR)
    world.ask(STATISTICS)
