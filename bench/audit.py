"""What the audit costs: entries of changes and of looks, a map of everybody, and checking it all (docs/decisions/0014).

``python -m bench.audit [--entries 20000]`` writes bench/results/audit.json. On a real TimescaleDB with its usual settings: every
COMMIT is flushed to the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.real_parts import real_parts
from bailiwick.verify_audit import Given, verify
from bench.results import write_result
from domain.callers import Caller
from domain.instants import SECOND_US
from domain.vocabulary import Role
from store import Store
from store.audit import Entry, entry_of, write
from store.connecting import configure

AT_US = 1_795_000_000 * SECOND_US
FLEET = 18_000
CHANGES = 1_000
MAPS = 50
AT_ONCE = 200
ONE_ROW = b"INSERT INTO figures (name, body, at) VALUES ('b', '{}', now()) ON CONFLICT (name) DO UPDATE SET at = now()"
OLA = Caller("ola", Role.OPERATOR, None, address="192.0.2.7", session="s1")


def entry(number: int, *wearers: str) -> Entry:
    """One of its own second."""
    return entry_of(OLA, AT_US + number, "positions.read", "wearer", wearers or (f"W{number % FLEET}",), "an alert")


async def per_second(count: int, work: Callable[[int], Awaitable[None]]) -> float:
    """How many are done a second, one after the other."""
    started = time.perf_counter()
    for number in range(count):
        await work(number)
    return count / (time.perf_counter() - started)


async def changes(url: str) -> dict[str, float]:
    """Transactions a second of one row and with an entry beside it, of one connection and of four."""
    found: dict[str, float] = {}

    async def one(audited: bool) -> float:
        async with await AsyncConnection.connect(url, autocommit=True) as conn:
            await configure(conn)

            async def work(number: int) -> None:
                async with conn.transaction():
                    if audited:
                        await write(conn, entry(number))
                    else:
                        await conn.execute(ONE_ROW)

            return await per_second(CHANGES, work)

    found["plain_per_s"] = await one(audited=False)
    found["audited_per_s"] = await one(audited=True)
    found["audited_by_four_per_s"] = sum(await asyncio.gather(*(one(audited=True) for _ in range(4))))
    return found


async def looks(store: Store, count: int) -> dict[str, Any]:
    """Looks a second with so many asking at once, and how long each waits."""
    waits: list[float] = []

    async def asker(numbers: range) -> None:
        for number in numbers:
            began = time.perf_counter()
            await store.audit.look(entry(number))
            waits.append((time.perf_counter() - began) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(asker(range(first, count, AT_ONCE)) for first in range(AT_ONCE)))
    took_s = time.perf_counter() - started
    return {"at_once": AT_ONCE, "per_s": count / took_s, "wait_ms": quantiles(waits)}


async def maps(store: Store) -> dict[str, Any]:
    """A look at the whole fleet, again and again."""
    wearers = [f"W{number:05}" for number in range(FLEET)]
    waits = []
    for number in range(MAPS):
        began = time.perf_counter()
        await store.audit.look(entry(number, *wearers))
        waits.append((time.perf_counter() - began) * 1000)
    return {"wearers": FLEET, "ms": quantiles(waits)}


def quantiles(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "p99": round(cuts[98], 2)}


async def measure(url: str, entries: int) -> dict[str, Any]:
    """All of it on a fresh database."""
    async with await Store.open(url) as store:
        await store.migrate()
        found: dict[str, Any] = {"changes": await changes(url), "looks": await looks(store, entries)}
        found["map"] = await maps(store)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    verdict = await verify(url, Given())
    took_s = time.perf_counter() - started
    assert verdict.fault is None, verdict.fault
    grew_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found["verify"] = {"entries": verdict.entries, "per_s": verdict.entries / took_s, "peak_grew_mb": round(grew_mb, 1)}
    return found


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    told = parser.parse_args()
    parts = real_parts()
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as folder:
        Path(folder).chmod(0o711)
        server = PostgresServer(parts.timescale, Path(folder) / "data", Path(folder) / "server.log")
        server.start()
        try:
            found = asyncio.run(measure(server.url("postgres"), told.entries))
        finally:
            server.stop()
    write_result("audit", found, f"python -m bench.audit --entries {told.entries}", parts.versions)


if __name__ == "__main__":
    main()
