"""The loop most people would write: ``python -m bench.naive MQTT_URL DATABASE_URL CASELOAD MESSAGES``.

aiomqtt, a parsed payload, a shapely call for each zone of the wearer, an INSERT and a commit for each fix. It
acknowledges on arrival, so it loses what it holds when it dies; what it decides is thrown away.
Prints ``ready``, then one JSON object: begun_us, ended_us (wall clock), fixes, inside.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import psycopg
from shapely.geometry import Point, shape

TABLE = """CREATE TABLE naive_fixes (device text, seq bigint, t timestamptz, lat double precision, lon double precision,
    acc double precision, inside text[])"""
INSERT = "INSERT INTO naive_fixes VALUES (%s, %s, to_timestamp(%s), %s, %s, %s, %s)"


def zones_by_device(caseload: Path) -> dict[str, list[tuple[str, Any]]]:
    """(condition, shape) of each device's wearer, from the caseload's records; circles and corridors as buffers."""
    records = [json.loads(line) for line in caseload.read_bytes().splitlines()]
    order = {r["id"]: r["wearer"] for r in records if r["type"] == "order"}
    shared = {r["id"]: r["shape"] for r in records if r["type"] == "zone"}
    zones: dict[str, list[tuple[str, Any]]] = {}
    for r in records:
        if r["type"] == "condition":
            geometry = shape_of(r, shared)
            if geometry is not None:
                zones.setdefault(order[r["order"]], []).append((r["id"], geometry))
    return {r["device"]: zones.get(r["wearer"], []) for r in records if r["type"] == "fitting" and r.get("wearer")}


def shape_of(record: dict[str, Any], shared: dict[str, Any]) -> Any | None:
    if "place" in record:
        place = record["place"]
        return Point(place["lon"], place["lat"]).buffer(place["radius_m"] / 111_000)
    zone = record.get("zone")
    if zone is None:
        return None
    zone = shared[zone["id"]] if "id" in zone else zone
    if zone["type"] == "Circle":
        return Point(zone["center"]).buffer(zone["radius_m"] / 111_000)
    if zone["type"] == "Corridor":
        line = shape({"type": "LineString", "coordinates": zone["coordinates"]})
        return line.buffer(zone["width_m"] / 222_000)
    return shape(zone)


async def naive(mqtt_url: str, database_url: str, caseload: Path, messages: int) -> None:
    zones = zones_by_device(caseload)
    parts = urlsplit(mqtt_url)
    inside_count = fixes = begun_us = 0
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as database:
        await database.execute(TABLE)
        async with aiomqtt.Client(
            parts.hostname or "127.0.0.1", parts.port or 1883, identifier="bench-naive", max_queued_incoming_messages=0
        ) as client:
            await client.subscribe("em/v1/+/+/up", qos=1)
            print("ready", flush=True)
            async for message in client.messages:
                begun_us = begun_us or time.time_ns() // 1000
                device = str(message.topic).split("/")[3]
                envelope = json.loads(message.payload)
                for fix in envelope["fixes"]:
                    point = Point(fix["lon"], fix["lat"])
                    inside = [name for name, geometry in zones.get(device, []) if geometry.covers(point)]
                    inside_count += len(inside)
                    row = (device, fix["seq"], fix["t"] / 1000, fix["lat"], fix["lon"], fix["acc"], inside)
                    await database.execute(INSERT, row)
                    fixes += 1
                if fixes >= messages:
                    break
    told = {"begun_us": begun_us, "ended_us": time.time_ns() // 1000, "fixes": fixes, "inside": inside_count}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(naive(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
