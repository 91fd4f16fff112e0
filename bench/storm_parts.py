"""What bench/storm runs on: a real TimescaleDB, a caseload, dispatch processes, and an HTTP far end on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from bailiwick.parts.postgres_server import PostgresServer
from domain.commits import AlertChange, Work
from domain.facts import Batch, Roster, empty_facts
from domain.incidents import IncidentVersion
from domain.instants import DAY_US
from domain.records import (
    Area,
    Condition,
    Device,
    Fitting,
    LonLat,
    Order,
    Place,
    Polygons,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
)
from domain.rota import Shift
from domain.violations import Violation
from domain.vocabulary import AreaKind, ConditionKind, DeviceKind, Level, OrderKind, Role
from store import Store

FORCE, PDU = "westshire", "elham"
EVERY_INTENSIVE = 10
"""Each tenth wearer is `intensive`: the police are told of what is critical at once."""
KEY = "whsec_" + "A" * 44
STARTED_S, END_S = 60.0, 30.0
ROLES = (Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER, Role.OFFICER, Role.VICTIM_LIAISON)
HOME = Place("home", 0.5, 51.2)
SQUARE: tuple[LonLat, ...] = ((0.4, 51.1), (0.6, 51.1), (0.6, 51.3), (0.4, 51.3), (0.4, 51.1))


@dataclass
class FarEnd:
    """An HTTP server that takes everything; ``arrived`` has the event's id and when it came, seconds since the epoch."""

    port: int = 0
    arrived: list[tuple[str, float]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                body = await reader.readexactly(int(length.partition(b":")[2]))
                self.arrived.append((msgspec.json.decode(body)["id"], time.time()))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def far_end() -> AsyncIterator[FarEnd]:
    """On a free port of loopback."""
    found = FarEnd()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@contextmanager
def dispatchers(url: str, hook_port: int, folder: Path, number: int = 2, ahead_s: int = 0) -> Iterator[None]:
    """So many processes, at work when the block begins; ended in order at its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAILIWICK_")}
    environment |= {
        "BAILIWICK_DATABASE_URL": url,
        "BAILIWICK_PUBLIC_URL": "https://centre.example",
        "BAILIWICK_WEBHOOK_KEYS": KEY,
        "BAILIWICK_WEBHOOK_ALLOWED_HOSTS": f"127.0.0.1:{hook_port}",
    }
    hook = f"http://127.0.0.1:{hook_port}/hook"
    words = ("-m", "bench.storm_dispatch", "--hook", hook, "--area", FORCE, f"--ahead-s={ahead_s}")
    logs = [folder / f"dispatch-{time.monotonic_ns()}-{place}.log" for place in range(number)]
    children = []
    for log in logs:
        with log.open("wb") as stream:
            children.append(subprocess.Popen([sys.executable, *words], stdout=stream, stderr=stream, env=environment))
    try:
        deadline_s = time.monotonic() + STARTED_S
        while not all(b'"at work"' in log.read_bytes() for log in logs):
            assert all(child.poll() is None for child in children), [log.read_text() for log in logs]
            assert time.monotonic() < deadline_s, "dispatch is not at work"
            time.sleep(0.05)
        yield
        for child in children:
            child.send_signal(signal.SIGTERM)
        assert [child.wait(END_S) for child in children] == [0] * number
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait(END_S)


@contextmanager
def fresh_database(server: PostgresServer, name: str) -> Iterator[str]:
    """With TimescaleDB."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}".encode())
    with psycopg.connect(server.url(name), autocommit=True) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    yield server.url(name)


def rows(url: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Asked on a connection of its own."""
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query.encode(), parameters or None).fetchall()


def count(url: str, query: str, *parameters: Any) -> int:
    """The one number that a query gives."""
    return int(rows(url, query, *parameters)[0][0])


def caseload(wearers: int, now_us: int, levels: bool = True) -> list[Version]:
    """Wearers W{n} with a tag T{n}, under an order O{n} with a curfew C{n}."""
    nights = Timetable("Europe/London", tuple(TimetableRow(day, 68_400, 25_200) for day in range(7)))
    records: list[Any] = [Area(FORCE, AreaKind.POLICE_FORCE), Area(PDU, AreaKind.PDU, "", FORCE)]
    from_us = now_us - 2 * DAY_US
    for n in range(wearers):
        level = Level.INTENSIVE if levels and n % EVERY_INTENSIVE == 0 else Level.STANDARD
        order = Order(
            f"O{n}", f"W{n}", OrderKind.COMMUNITY, from_us, now_us + 90 * DAY_US, told_at_us=from_us, area=PDU
        )
        records += [
            Wearer(f"W{n}", f"Invented W{n}", level=level),
            Device(f"T{n}", DeviceKind.GPS_TAG, 60, 60),
            order,
            Fitting(f"F{n}", f"T{n}", from_us, None, wearer=f"W{n}"),
            Condition(f"C{n}", f"O{n}", ConditionKind.CURFEW, place=HOME, timetable=nights, timezone=nights.timezone),
        ]
    return [Version(record) for record in records]


def no_batch() -> Batch:
    """Of no line."""
    none = empty_facts()["t_us"].copy()
    return Batch(none, none.astype("i1"), none.astype("i4"), none, none.astype("?"), empty_facts())


@dataclass
class Ingest:
    """Ingest's side of the store: commits, one after another."""

    store: Store
    roster: Roster = field(default_factory=Roster)
    commits: int = 0

    async def begin(self, versions: Sequence[Version], now_us: int) -> None:
        """The schema, the caseload learnt, the forces, and somebody on duty in each role."""
        await self.store.migrate()
        await self.store.learn(versions)
        for version in versions:
            if isinstance(version.record, Device):
                self.roster.add(version.record.id)
        learnt = [(record_no, -1) for record_no, _ in await self.store.unlearnt()]
        await self._commit(learnt=learnt)
        shifts = [
            Shift(
                f"S-{role}", role, f"p-{role}", f"Invented {role}", now_us - DAY_US, now_us + 29 * DAY_US, phone=phone
            )
            for role, phone in ((role, f"+44163296{place:04d}") for place, role in enumerate(ROLES))
        ]
        await self.store.rota.enter(shifts, "bench")
        shape = {"type": "Polygon", "coordinates": [[list(point) for point in Polygons(((SQUARE,),)).polygons[0][0]]]}
        await self.store.rota.enter_boundaries({FORCE: shape}, "bench")

    async def commit(
        self,
        versions: Sequence[Violation],
        alerts: Sequence[AlertChange],
        incidents: Sequence[tuple[int, IncidentVersion]] = (),
        lines: Sequence[int] = (),
    ) -> None:
        """What some lines decided."""
        of = list(lines) or [0] * len(versions)
        await self._commit(versions=list(versions), version_lines=of, alerts=list(alerts), incidents=list(incidents))

    async def _commit(self, **more: Any) -> None:
        self.commits += 1
        await self.store.commit(Work(self.commits, self.roster, no_batch(), empty_facts(), **more))
