"""Failure 04: tags dark for two days, whose data came later from their memory. Over a real broker and each database."""

from __future__ import annotations

import math
import time
from typing import Any

import msgspec
import pytest

from domain.instants import HOUR_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from domain.records import Circle, Condition, Version
from domain.vocabulary import ConditionKind
from domain.wire import up_topic
from tests.ingest.made import worn
from tests.ingest.processes import Questions, ingesting, prepare
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

DARK_US = 48 * HOUR_US
ENVELOPE = 500
LON, LAT, RADIUS_M = -0.12, 51.5, 200.0
AWAY_LAT = LAT + 0.02
TAGS = (1, 2, 3)
VISITS_H = (46, 30, 7)
"""How long before the end of the dark days each tag's wearer was in the zone, for `STAY_MIN`."""
STAY_MIN = 12


def dark_days(back_us: int) -> dict[int, tuple[int, float]]:
    """Fix time and latitude of each fix, by seq: one a minute, in the zone during the visits."""
    found = {}
    for minute in range(DARK_US // MINUTE_US):
        t_us = back_us - DARK_US + minute * MINUTE_US
        before_min = (back_us - t_us) // MINUTE_US
        inside = any(0 <= hours * 60 - before_min < STAY_MIN for hours in VISITS_H)
        found[minute + 1] = (t_us, LAT if inside else AWAY_LAT)
    return found


def envelopes(tag: int, fixes: dict[int, tuple[int, float]], sent_us: int) -> list[tuple[str, bytes]]:
    """The tag's memory in envelopes, the newest one first, as devices may send it."""
    items = [{"seq": seq, "t": t_us // 1000, "lat": lat, "lon": LON, "acc": 8.0} for seq, (t_us, lat) in fixes.items()]
    parts = [items[k : k + ENVELOPE] for k in range(0, len(items), ENVELOPE)]
    return [
        (up_topic(f"T{tag}"), msgspec.json.encode({"v": 1, "sent": sent_us // 1000, "fixes": part}))
        for part in reversed(parts)
    ]


def live(tag: int, seq: int, t_us: int) -> tuple[str, bytes]:
    item = {"seq": seq, "t": t_us // 1000, "lat": AWAY_LAT, "lon": LON, "acc": 8.0}
    return up_topic(f"T{tag}"), msgspec.json.encode({"v": 1, "sent": t_us // 1000, "fixes": [item]})


async def test_failure_04_the_violations_of_the_dark_days_are_found(database_url: str, mosquitto: Any) -> None:
    """Each visit of the dark days is one violation with its true times, marked late, with an alert; nothing is lost."""
    back_us = time.time_ns() // 1000 // SECOND_US * SECOND_US
    began_us = min(parse_instant("2026-11-01T09:00:00Z"), back_us - 2 * DARK_US)
    zone = Circle(LON, LAT, RADIUS_M)
    records = [version for tag in TAGS for version in worn(tag)]
    records += [
        Version(Condition(f"Z{tag}", f"O{tag}", ConditionKind.EXCLUSION_ZONE, shape=zone, from_us=began_us))
        for tag in TAGS
    ]
    await prepare(database_url, records)
    fixes = dark_days(back_us)
    with Questions(database_url) as database:
        async with ingesting(database_url, mosquitto.url), Publisher(mosquitto.url) as devices:
            # They are heard again, live, before any of their memory comes.
            await devices.publish([live(tag, len(fixes) + 1, back_us) for tag in TAGS])
            await eventually(lambda: database.fact_count() == len(TAGS), "they are back")
            stored = [envelopes(tag, fixes, back_us) for tag in TAGS]
            in_turn = [part[k] for k in range(len(stored[0])) for part in stored]
            await devices.publish(in_turn)
            await eventually(lambda: database.fact_count() == len(TAGS) * (len(fixes) + 1), "all of it is stored")

            def found() -> list[tuple[Any, ...]]:
                return database.rows(
                    """SELECT wearer, from_at, to_at, late, (SELECT count(*) FROM alert_violations a WHERE a.violation_id = v.id)
                    FROM current_violations v WHERE kind = 'exclusion_zone' ORDER BY wearer, from_at"""
                )

            await eventually(lambda: len(found()) == len(TAGS) * len(VISITS_H), "every visit is found")
        visits = [
            (
                format_instant(back_us - hours * HOUR_US),
                format_instant(back_us - hours * HOUR_US + STAY_MIN * MINUTE_US),
            )
            for hours in VISITS_H
        ]
        told = [
            (wearer, format_instant(_us(begun)), format_instant(_us(ended)), late, alerts)
            for wearer, begun, ended, late, alerts in found()
        ]
        assert told == [(f"W{tag}", *visit, True, 1) for tag in TAGS for visit in visits]
        assert database.parked() == {}


def _us(at: Any) -> int:
    return math.floor(at.timestamp()) * SECOND_US
