"""`bailiwick ingest` as a process of its own, and questions to its database from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bailiwick.timezones import pinned_time_zones
from domain.instants import format_instant
from domain.records import Version
from ingest.broker import BrokerAddress
from ingest.clock import SteadyClock, WallClock, wall_clock
from ingest.service import IngestConfig, serve
from store import Store
from tests.waiting import eventually

AT_WORK = "connected to the broker"
END_TIMEOUT_S = 30.0


class Pair(NamedTuple):
    """A database and a broker; whether the broker gives out at most once."""

    url: str
    mqtt_url: str
    at_most_once: bool


async def prepare(url: str, versions: Sequence[Version]) -> None:
    """The schema, and the caseload entered."""
    async with await Store.open(url) as store:
        await store.migrate()
        await store.learn(versions)


class IngestProcess:
    """One ``bailiwick ingest``; its log lines are in ``log``."""

    def __init__(self, url: str, mqtt_url: str, log: Path, *arguments: str, **settings: str) -> None:
        self.log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BAILIWICK_")}
        environment |= {"BAILIWICK_DATABASE_URL": url, "BAILIWICK_MQTT_URL": mqtt_url, **settings}
        with log.open("wb") as stream:
            command = [sys.executable, "-m", "bailiwick", "ingest", *arguments]
            self.child = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)

    def says(self, text: str) -> bool:
        """Whether its log has ``text``; fails when the process has ended, and was not told to."""
        assert self.child.poll() is None, self.log.read_text()
        return text in self.log.read_text()

    async def at_work(self) -> None:
        await eventually(lambda: self.says(AT_WORK), "ingest is at work", timeout_s=120)

    def kill(self) -> None:
        """``kill -9``."""
        self.child.kill()
        self.child.wait(END_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(END_TIMEOUT_S)


@contextmanager
def processes(url: str, mqtt_url: str, folder: Path, **settings: str) -> Iterator[Any]:
    """``start()`` starts one more, with these variables besides; all are ended at the end."""
    started: list[IngestProcess] = []

    def start(*arguments: str) -> IngestProcess:
        started.append(IngestProcess(url, mqtt_url, folder / f"ingest-{len(started)}.log", *arguments, **settings))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            if process.child.poll() is None:
                process.kill()


@asynccontextmanager
async def ingesting(
    url: str,
    mqtt_url: str,
    clock: WallClock = wall_clock,
    steady_s: SteadyClock = time.monotonic,
    *,
    at_most_once: bool = False,
    adapters: tuple[str, ...] = (),
) -> AsyncIterator[asyncio.Task[None]]:
    """Ingest inside of the test's process, until the block ends; with clocks of the test's own."""
    stop = asyncio.Event()
    address = BrokerAddress.parse(mqtt_url)
    config = IngestConfig(url, address, pinned_time_zones(), "tests-ingest", at_most_once, adapters=adapters)
    task = asyncio.create_task(serve(config, stop, clock, steady_s))
    database = Questions(url)
    await eventually(lambda: task.done() or database.connected(), "ingest is subscribed", timeout_s=60)
    try:
        yield task
        stop.set()
        async with asyncio.timeout(END_TIMEOUT_S):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        database.close()


class Questions:
    """What the database holds, asked on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Questions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Asks, connecting again when the server was restarted meanwhile."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True)
        return self._connection.execute(query.encode(), parameters or None).fetchall()

    def number(self, query: str, *parameters: Any) -> int:
        return int(self.rows(query, *parameters)[0][0] or 0)

    def commits(self) -> int:
        return self.number("SELECT count(*) FROM commits") if self.migrated() else 0

    def connected(self) -> bool:
        """Whether ingest says that it is subscribed at the broker."""
        told = "SELECT count(*) FROM figures WHERE name = 'ingest' AND (body ->> 'connected')::boolean"
        return self.migrated() and self.number(told) > 0

    def figure(self, name: str) -> float:
        """One of ingest's figures, as it published them last."""
        told = self.rows("SELECT body -> %s FROM figures WHERE name = 'ingest'", name)
        return float(told[0][0] or 0) if told else 0.0

    def withheld(self, reason: str) -> int:
        """Seconds without a tick for this reason, by ingest's figures."""
        told = self.rows("SELECT body -> 'withheld' ->> %s FROM figures WHERE name = 'ingest'", reason)
        return int(told[0][0] or 0) if told else 0

    def migrated(self) -> bool:
        return bool(self.rows("SELECT to_regclass('commits') IS NOT NULL")[0][0])

    def fact_count(self) -> int:
        return self.number("SELECT COALESCE(sum(fixes + equipment_events), 0) FROM commits")

    def facts(self) -> list[tuple[str, int, int]]:
        """(device, gen, seq) of every stored fact, sorted."""
        both = (
            "SELECT device_no, gen, seq FROM all_fixes UNION ALL SELECT device_no, gen, seq FROM all_equipment_events"
        )
        return sorted(self.rows(f"SELECT d.id, f.gen, f.seq FROM ({both}) f JOIN devices d USING (device_no)"))

    def parked(self) -> dict[str, int]:
        """How many dead letters there are of each reason."""
        return dict(self.rows("SELECT reason, count(*) FROM dead_letters GROUP BY reason"))

    def violations(self) -> list[dict[str, Any]]:
        """The current violations, with the names of contract.md."""
        query = """SELECT id, wearer, kind, code, condition, device, from_at, to_at, minutes_certain,
            minutes_possible, p_inside, evidence FROM current_violations"""
        columns = (
            "id",
            "wearer",
            "kind",
            "code",
            "condition",
            "device",
            "from",
            "to",
            "minutes_certain",
            "minutes_possible",
            "p_inside",
            "evidence",
        )
        found = [dict(zip(columns, row, strict=True)) for row in self.rows(query)]
        for violation in found:
            violation["from"] = instant_text(violation["from"])
            violation["to"] = violation["to"] and instant_text(violation["to"])
        return found

    def tick_instants(self) -> list[Any]:
        return [row[0] for row in self.rows("SELECT last_instant FROM commits WHERE last_instant IS NOT NULL")]


def instant_text(at: datetime) -> str:
    """As contract.md prints it."""
    return format_instant((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
