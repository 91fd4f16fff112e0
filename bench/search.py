"""Entering and finding at scale: ``python -m bench.search [--wearers N]`` over an embedded PostgreSQL, by the application itself.

Imports an invented caseload as a file, enters orders and conditions by API one after the other, and searches for wearers by name,
part of a name, identifier, telephone number, device and address. Milliseconds of whole requests, without a socket.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from fastapi import Request

from alerts.desk import DeskGuide
from alerts.work_store import AlertWork
from api.app import create_app
from api.caseload_desk import AtCaseload
from api.desk import AtDesk
from bailiwick.import_command import import_command
from bailiwick.parts.embedded_database import embedded_database
from bailiwick.timezones import pinned_time_zones
from bench.load import write_caseload
from bench.results import write_result
from domain.callers import Caller
from domain.vocabulary import Role
from store import Reading, Store

WEARERS = 18_000
ENTRIES = 300
SEARCHES = 600


class AnOperator:
    """Whoever asks is an operator of every area."""

    async def caller(self, request: Request) -> Caller:
        """Always the same."""
        return Caller("bench", Role.OPERATOR, None)


def main(wearers: int) -> dict[str, Any]:
    """The figures."""
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = embedded_database(folder)
        server.start()
        try:
            return asyncio.run(measured(server.url("postgres"), folder, wearers))
        finally:
            server.stop()


async def measured(url: str, folder: Path, wearers: int) -> dict[str, Any]:
    """Over a fresh database."""
    zones = pinned_time_zones()
    records = write_caseload(folder / "caseload.ndjson", wearers, time.time_ns() // 1000)
    for person in records:  # what an invented caseload lacks
        if person["type"] == "wearer":
            number = int(person["id"][1:])
            person |= {
                "phones": [f"+44 7700 {number:06d}"],
                "ids": {"pnc": f"20/{number:07d}A", "crn": f"X{number:06d}"},
            }
    (folder / "caseload.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    async with await Store.open(url) as store:
        await store.migrate()
    began = time.perf_counter()
    await asyncio.to_thread(import_command, folder / "caseload.ndjson", url)
    import_s = time.perf_counter() - began
    async with (
        await Store.open(url) as store,
        await Reading.open(url) as reading,
        await AlertWork.open(url, zones) as work,
    ):
        desk = AtDesk(work, _no_guide, _now, store.rota.shifts, _caseload(store))
        app = create_app(reading, (), _now, zones, desk, door=AnOperator())
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            entered = await entering(client, wearers)
            found = await searching(client, records)
    return {"wearers": wearers, "import_s": round(import_s, 1), "entry_ms": entered, "search_ms": found}


def _caseload(store: Store) -> AtCaseload:
    return AtCaseload(store.entry.entering, store.entry.looking, store.entry.seen, pinned_time_zones())


def _now() -> int:
    return time.time_ns() // 1000


async def _no_guide() -> DeskGuide:
    raise AssertionError("nothing here looks at alerts")


async def entering(client: httpx2.AsyncClient, wearers: int) -> dict[str, float]:
    """An order and a curfew each for some wearers, one request after the other."""
    rng = random.Random(1)
    took = []
    for number in range(ENTRIES // 2):
        order = {"id": f"BO{number}", "wearer": f"W{rng.randint(1, wearers):06d}", "kind": "community"}
        span = {"from": "2026-11-01T00:00:00Z", "to": "2027-11-01T00:00:00Z"}
        place = {"name": "12 Mill Lane", "lon": 0.5, "lat": 51.2}
        curfew = {"id": f"BC{number}", "order": f"BO{number}", "kind": "curfew", "place": place}
        rows = [{"day": "mon", "start": "19:00", "end": "07:00"}]
        for path, body in (("orders", order | span), ("conditions", curfew | {"timetable": rows})):
            took.append(await timed(client, "POST", path, 201, json=body))
    return quantiles(took)


async def searching(client: httpx2.AsyncClient, records: list[dict[str, Any]]) -> dict[str, float]:
    """By everything that a wearer is found by, and by words that half of them have."""
    rng = random.Random(2)
    people = [record for record in records if record["type"] == "wearer"]
    devices = [record["id"] for record in records if record["type"] == "device"]
    took = []
    for _ in range(SEARCHES // 8):
        person = rng.choice(people)
        first, *rest = person["name"].split()
        asked = [
            *(
                person["id"],
                person["name"],
                f"{(rest or [first])[-1][:3]} {first[:2]}",
                first[1:5],
                person["ids"]["pnc"],
            ),
            *(person["phones"][0][-4:], rng.choice(devices), "home"),
        ]
        took += [await timed(client, "GET", "search", 200, params={"q": q}) for q in asked]
    return quantiles(took)


async def timed(client: httpx2.AsyncClient, method: str, path: str, status: int, **more: Any) -> float:
    """Milliseconds of one request that must succeed."""
    began = time.perf_counter()
    answer = await client.request(method, f"/api/v1/{path}", **more)
    took = time.perf_counter() - began
    assert answer.status_code == status, answer.text
    return took * 1000


def quantiles(took_ms: list[float]) -> dict[str, float]:
    """p50, p95, p99."""
    return {f"p{q}": round(float(np.percentile(took_ms, q)), 1) for q in (50, 95, 99)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        write_result("search", main(given.wearers), f"python -m bench.search --wearers {given.wearers}")
