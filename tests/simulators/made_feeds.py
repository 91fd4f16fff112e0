"""Feeds of small worlds, read back by the reader."""

from __future__ import annotations

import json
from collections import Counter

from domain.caseload_records import parse_record
from domain.feed_file import Received, Tick, read_feed
from simulators.feed import feed_lines
from simulators.scenario import Scenario
from simulators.service import timezone_names
from tests.simulators.worlds import world


def feed_of(scenario: Scenario, *, wearers: int = 40, duration_s: float = 200.0) -> list[Received | Tick]:
    simulation = world(wearers, duration_s, 0.5, scenario)
    zones = timezone_names()
    lines = list(read_feed(feed_lines(simulation.devices, scenario, 1), "made", lambda r: parse_record(r, zones)))
    return [line for line in lines if isinstance(line, Received | Tick)]


def identities(lines: list[Received | Tick]) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if isinstance(line, Received):
            body = json.loads(line.envelope)
            found.update((line.device, i["seq"]) for i in [*body.get("fixes", []), *body.get("events", [])])
    return found
