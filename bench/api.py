"""What the API answers, and how fast, while ingest is at work: 18,000 wearers, 50 million fixes stored, 5,000 more a second.

``python -m bench.api [--wearers N] [--fixes N] [--rate HZ] [--seconds S] [--followers N] [--alerts HZ] [--database URL]``
writes bench/results/api.json. Everything is real: TimescaleDB, Mosquitto, `bailiwick ingest` and `bailiwick api` as processes of their
own on the same cores, an operator's key. Times are a client's, from the request to the last byte. `stream_missed` counts, over all
followers, the events that stand in the database and did not come.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import numpy as np
import psutil
import psycopg

from api.made_secrets import new_key
from bailiwick.parts.processes import accepts, free_port
from bailiwick.parts.real_parts import real_parts
from bench.api_fill import fill, tracked
from bench.ingest import Ingest, Parts, Process, prepare, started
from bench.load import walkers
from bench.results import write_result
from domain.callers import Caller
from domain.instants import DAY_US, format_instant
from domain.vocabulary import Role
from simulators.caseload import as_lines, generate
from store import Store
from store.api_keys import Key
from store.audit import entry_of

WEARERS: Final = 18_000
FIXES: Final = 50_000_000
RATE_HZ: Final = 5_000.0
SECONDS: Final = 60.0
FOLLOWERS: Final = 200
ALERTS_HZ: Final = 100.0
PAGES_A_POSITION: Final = 10
"""Pages of alerts and trails that are asked for between two maps."""
DRAIN_S: Final = 60.0
START_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A client with one connection that is kept."""

    address: str
    key: str

    def times(self, seconds: float, wearers: Sequence[str]) -> dict[str, list[float]]:
        """Milliseconds of each request, alerts and trails between maps, one after another for so long."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        took: dict[str, list[float]] = {"alerts_page_ms": [], "positions_18000_ms": [], "trail_24h_ms": []}
        chosen, until_s = np.random.default_rng(1), time.monotonic() + seconds
        while time.monotonic() < until_s:
            took["positions_18000_ms"].append(self._ask(connection, "/api/v1/positions"))
            for _ in range(PAGES_A_POSITION):
                took["alerts_page_ms"].append(self._ask(connection, "/api/v1/alerts?limit=100"))
                wearer = quote(str(chosen.choice(np.array(wearers))))
                to_us = time.time_ns() // 1000
                span = f"from={format_instant(to_us - DAY_US)}&to={format_instant(to_us)}"
                took["trail_24h_ms"].append(self._ask(connection, f"/api/v1/wearers/{wearer}/trail?{span}"))
        connection.close()
        return took

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> float:
        began_s = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        response = connection.getresponse()
        body = response.read()
        took_ms = (time.perf_counter() - began_s) * 1000
        assert response.status == 200, (path, response.status, body[:400])
        return took_ms


@contextmanager
def serving(parts: Parts) -> Iterator[tuple[str, psutil.Process]]:
    """`bailiwick api` on a free port, once it says that it is ready; its address."""
    port = free_port()
    environment = {"BAILIWICK_DATABASE_URL": parts.url, "BAILIWICK_API_PORT": str(port)}
    child = Process("-m", "bailiwick", "api", environment=environment, quiet=True)
    until_s = time.monotonic() + START_S
    while not (accepts(port) and is_ready(port)):
        assert child.child.poll() is None, "the API has ended"
        assert time.monotonic() < until_s, "the API does not answer"
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", psutil.Process(child.child.pid)


def is_ready(port: int) -> bool:
    """Whether it has read the caseload."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
    try:
        asked.request("GET", "/health/readiness")
        return asked.getresponse().status == HTTPStatus.OK
    finally:
        asked.close()


async def key_for(url: str) -> str:
    """An operator's, for every area, that only reads."""
    made, now_us = new_key(), time.time_ns() // 1000
    by = Caller("bench", Role.ADMINISTRATOR, None, by="command")
    async with await Store.open(url) as store:
        key = Key(made.id, "bench", Role.OPERATOR, None, None, True, now_us, "bench", now_us + DAY_US)
        await store.keys.make(key, made.secret_hash, entry_of(by, now_us, "keys.make", "key", [made.id]))
    return made.shown


@contextmanager
def load(parts: Parts, caseload: Path, rate_hz: float, alerts_hz: float) -> Iterator[dict[str, Any]]:
    """Devices that speak as long as the block runs; what they say of it afterwards."""
    told: dict[str, Any] = {}
    devices = Process("-m", "bench.api_load", parts.broker.url, str(caseload), str(rate_hz), str(alerts_hz))
    devices.ready()
    before, began_s = committed(parts.url), time.monotonic()
    devices.go()
    yield told
    took_s = time.monotonic() - began_s
    told["committed_per_s"] = round((committed(parts.url) - before) / took_s)
    devices.go()
    told.update(devices.told())


def committed(url: str) -> int:
    """Fixes so far."""
    return number(url, "SELECT COALESCE(sum(fixes), 0) FROM commits")


def number(url: str, query: str, *parameters: Any) -> int:
    """What a query gives."""
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(query.encode(), parameters or None).fetchone()
        assert row is not None
        return int(row[0])


def reads(
    parts: Parts, asked: Asked, caseload: Path, wearers: Sequence[str], told: argparse.Namespace
) -> dict[str, Any]:
    """The three requests, while fixes come in."""
    with load(parts, caseload, told.rate, 0.0) as spoken:
        asked.times(5.0, wearers)  # so that everybody has been at work
        took = asked.times(told.seconds, wearers)
    return {
        **{name: quantiles(values) for name, values in took.items()},
        "requests": {name: len(values) for name, values in took.items()},
        "ingest_while_reading": spoken,
    }


def followed(parts: Parts, asked: Asked, caseload: Path, told: argparse.Namespace) -> dict[str, Any]:
    """Followers of the stream, while fixes come in and alerts are raised."""
    followers = Process("-m", "bench.api_followers", asked.address, asked.key, str(told.followers))
    followers.ready()
    begun = number(parts.url, "SELECT COALESCE(max(event_no), 0) FROM stream_events")
    alerts = number(parts.url, "SELECT count(*) FROM alerts")
    began_s = time.monotonic()
    with load(parts, caseload, told.rate, told.alerts) as spoken:
        time.sleep(told.seconds)
    took_s = time.monotonic() - began_s
    time.sleep(DRAIN_S / 10)
    with psycopg.connect(parts.url, autocommit=True) as conn:
        rows = conn.execute("SELECT event_no FROM stream_events WHERE event_no > %s", (begun,)).fetchall()
    followers.go()
    heard = followers.told()
    stored = {row[0] for row in rows}
    first = stored - set(heard["ids"])
    others = sum(len(stored & set(different)) for different in heard["seen"])
    raised = number(parts.url, "SELECT count(*) FROM alerts") - alerts
    return {
        "stream_missed": len(first) + others,
        "stream": {
            "followers": told.followers,
            "events": len(stored),
            "alerts_per_s": round(raised / took_s, 1),
            "twice": heard["twice"],
            "broken": heard["broken"],
        },
        "ingest_while_streaming": spoken,
    }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99."""
    marks = np.quantile(np.array(values), (0.5, 0.95, 0.99)).tolist()
    return {name: round(mark, 1) for name, mark in zip(("p50", "p95", "p99"), marks, strict=True)}


def measure(told: argparse.Namespace, command: str) -> dict[str, Any]:
    """One run; its result is written and given."""
    real = real_parts()
    with ExitStack() as stack:
        parts = stack.enter_context(started(real))
        now_us = time.time_ns() // 1000
        caseload = parts.folder / "caseload.ndjson"
        records = tracked(generate(told.wearers, 1, now_us - 4 * DAY_US))
        caseload.write_bytes(as_lines(records))
        asyncio.run(prepare(parts.url, caseload))
        ingest = Ingest(parts)
        tags = walkers(records)
        began_s = time.monotonic()
        fill(parts.url, tags, told.fixes, now_us)
        filled_s = time.monotonic() - began_s
        address, process = stack.enter_context(serving(parts))
        asked = Asked(address, asyncio.run(key_for(parts.url)))
        wearers = [one["wearer"] for one in records if one["type"] == "fitting" and one.get("wearer")]
        result = {"fixes_stored": number(parts.url, "SELECT count(*) FROM fixes")}
        result |= reads(parts, asked, caseload, wearers, told)
        result |= followed(parts, asked, caseload, told)
        result |= {"fill_s": round(filled_s), "api_rss_mb": round(process.memory_info().rss / 1e6)}
        result |= {"wearers": told.wearers, "alerts_stored": number(parts.url, "SELECT count(*) FROM alerts")}
        ingest.connection.close()
    write_result("api", result, command, real.versions)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--fixes", type=int, default=FIXES)
    parser.add_argument("--rate", type=float, default=RATE_HZ)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--followers", type=int, default=FOLLOWERS)
    parser.add_argument("--alerts", type=float, default=ALERTS_HZ)
    result = measure(parser.parse_args(), " ".join(["python -m bench.api", *sys.argv[1:]]))
    sys.exit(0 if result["stream_missed"] == 0 else 1)


if __name__ == "__main__":
    main()
