"""What the ingest benchmark sends: a generated caseload, and one fix a message of its location tags, pre-encoded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mqtt5
import msgspec

from domain.wire import up_topic
from simulators.caseload import as_lines, generate

STEP_M = 1.3
"""A fix a second of somebody on foot."""
METRES_A_DEGREE = 111_195.0
LOOP_STEPS = 400


def write_caseload(path: Path, wearers: int, start_us: int, seed: int = 1) -> list[dict[str, Any]]:
    """The records, also as a caseload file."""
    records = generate(wearers, seed, start_us)
    path.write_bytes(as_lines(records))
    return records


def tags(records: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """(device, lon, lat of where its wearer walks) of every location tag."""
    order = {r["id"]: r["wearer"] for r in records if r["type"] == "order"}
    place = {}
    for r in records:
        if r["type"] == "condition":
            place.setdefault(order[r["order"]], near(r))
    fitted = {r["device"]: r["wearer"] for r in records if r["type"] == "fitting" and r.get("wearer")}
    kinds = {r["id"]: r["kind"] for r in records if r["type"] == "device"}
    return [
        (device, *(place.get(wearer) or (-1.5, 52.5)))
        for device, wearer in fitted.items()
        if kinds[device] == "gps_tag"
    ]


def near(condition: dict[str, Any]) -> tuple[float, float] | None:
    """A point some hundred metres from a condition's place or zone: near enough that the rules must look."""
    if "place" in condition:
        return condition["place"]["lon"], condition["place"]["lat"]
    zone = condition.get("zone") or {}
    points = zone.get("center") or zone.get("coordinates")
    while points and isinstance(points[0], list):
        points = points[0]
    return (points[0] + 0.004, points[1] + 0.004) if points else None


def packets(
    devices: Sequence[tuple[str, float, float]], messages: int, newest_ms: int, first_seq: int = 1
) -> Iterator[bytes]:
    """PUBLISH packets, the devices in turn, a fix a second each up to ``newest_ms``, walking in circles."""
    topics = [up_topic(device) for device, _, _ in devices]
    rounds = -(-messages // len(devices))
    for number in range(messages):
        index, step = number % len(devices), number // len(devices)
        _, lon, lat = devices[index]
        angle = 2 * math.pi * step / LOOP_STEPS
        reach = STEP_M * LOOP_STEPS / (2 * math.pi) / METRES_A_DEGREE
        t = newest_ms - 1000 * (rounds - step)
        fix = {
            "seq": first_seq + step,
            "t": t,
            "lat": round(lat + reach * math.sin(angle), 7),
            "lon": round(lon + reach * math.cos(angle) / math.cos(math.radians(lat)), 7),
            "acc": 8.5,
            "spd": 1.3,
            "hdg": 271.5,
            "bat": 87,
        }
        payload = msgspec.json.encode({"v": 1, "sent": t + 400, "fixes": [fix]})
        yield mqtt5.PublishPacket(
            topics[index], payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number % 65_535 + 1
        ).write()
