"""What the ingest benchmark sends: a generated caseload, and one fix a message of its location tags, pre-encoded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import mqtt5
import msgspec

from domain.wire import up_topic
from simulators.caseload import as_lines, generate

STEP_M = 1.3
"""A fix a second of somebody on foot."""
METRES_A_DEGREE = 111_195.0
STROLL_M = 80.0
AT_HOME_M = 10.0
"""Radius of the circle that somebody walks: about the streets, or at home where the place of a curfew is."""


def write_caseload(path: Path, wearers: int, start_us: int, seed: int = 1) -> list[dict[str, Any]]:
    """The records, also as a caseload file."""
    records = generate(wearers, seed, start_us)
    path.write_bytes(as_lines(records))
    return records


SOMEWHERE = (-1.5, 52.5, STROLL_M)

Walker: TypeAlias = tuple[str, float, float, float]
"""Device, longitude, latitude, and the radius in metres of the circle that its wearer walks."""


def walkers(records: Sequence[dict[str, Any]]) -> list[Walker]:
    """Every location tag. Who has a curfew is at home, whatever the hour; the others walk near a zone of theirs."""
    order = {r["id"]: r["wearer"] for r in records if r["type"] == "order"}
    place: dict[str, tuple[float, float, float]] = {}
    for r in sorted(records, key=lambda r: r.get("kind") != "curfew"):
        if r["type"] == "condition":
            place.setdefault(order[r["order"]], near(r))
    fitted = {r["device"]: r["wearer"] for r in records if r["type"] == "fitting" and r.get("wearer")}
    kinds = {r["id"]: r["kind"] for r in records if r["type"] == "device"}
    return [(device, *place.get(wearer, SOMEWHERE)) for device, wearer in fitted.items() if kinds[device] == "gps_tag"]


def near(condition: dict[str, Any]) -> tuple[float, float, float]:
    """The place of a condition, or some hundred metres from its zone: near enough that the rules must look."""
    if "place" in condition:
        return condition["place"]["lon"], condition["place"]["lat"], AT_HOME_M
    zone = condition.get("zone") or {}
    points = zone.get("center") or zone.get("coordinates")
    while points and isinstance(points[0], list):
        points = points[0]
    return (points[0] + 0.004, points[1] + 0.004, STROLL_M) if points else SOMEWHERE


def fix_of(walker: Walker, seq: int, t_ms: int, step: int) -> dict[str, Any]:
    """A fix on the circle that somebody walks, so many steps on."""
    _, lon, lat, radius_m = walker
    angle, reach = STEP_M / STROLL_M * step, radius_m / METRES_A_DEGREE
    place = {
        "lat": round(lat + reach * math.sin(angle), 7),
        "lon": round(lon + reach * math.cos(angle) / math.cos(math.radians(lat)), 7),
    }
    return {"seq": seq, "t": t_ms, **place, "acc": 8.5, "spd": 1.3, "hdg": 271.5, "bat": 87}


def packets(devices: Sequence[Walker], messages: int, newest_ms: int) -> Iterator[bytes]:
    """PUBLISH packets, the devices in turn, a fix a second each up to ``newest_ms``, walking in circles."""
    topics = [up_topic(device) for device, *_ in devices]
    rounds = -(-messages // len(devices))
    for number in range(messages):
        index, step = number % len(devices), number // len(devices)
        fix = fix_of(devices[index], 1 + step, newest_ms - 1000 * (rounds - step), step)
        # All put into messages at one moment, as what a device has kept is: sent a second apart and come at once, they
        # would say that the clock of every device is wrong (rules.md 2).
        payload = msgspec.json.encode({"v": 1, "sent": newest_ms + 400, "fixes": [fix]})
        yield mqtt5.PublishPacket(
            topics[index], payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number % 65_535 + 1
        ).write()
