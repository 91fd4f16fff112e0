"""What `bailiwick doctor` asks of the database; `survey` needs no schema."""

from __future__ import annotations

import time
from dataclasses import dataclass

from psycopg import AsyncConnection

from store.connecting import CONNECT_TIMEOUT_S, configure
from store.statements import statement

APACHE = "apache"


@dataclass(frozen=True, slots=True)
class Survey:
    """The server as it is. ``timescaledb`` None: plain PostgreSQL; ``license`` `apache` or `timescale`.

    ``clock_ahead_us``: how far its clock is ahead of ours, by half of the time that the question took.
    """

    server: str
    timescaledb: str | None
    license: str | None
    unsafe: list[str]
    connections_left: int
    size_bytes: int
    clock_ahead_us: int

    @property
    def edition(self) -> str:
        """In words."""
        if self.timescaledb is None:
            return f"PostgreSQL {self.server}, without TimescaleDB"
        kind = "Apache edition: no compression" if self.license == APACHE else "community edition"
        return f"PostgreSQL {self.server} with TimescaleDB {self.timescaledb} ({kind})"


async def survey(url: str) -> Survey:
    """Raises `psycopg.OperationalError` when the database cannot be reached."""
    conn = await AsyncConnection.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    async with conn:
        await configure(conn)
        asked_us = time.time_ns() // 1000
        row = await (await conn.execute(statement("survey"))).fetchone()
        middle_us = (asked_us + time.time_ns() // 1000) // 2
    assert row is not None
    server, timescaledb, license_, *safety, left, size, now_us = row
    names = ("synchronous_commit", "fsync", "full_page_writes")
    unsafe = [f"{name} = {value}" for name, value in zip(names, safety, strict=True) if value in ("off", "local")]
    return Survey(server.split()[0], timescaledb, license_, unsafe, left, size, now_us - middle_us)


async def messages_an_hour(url: str) -> int:
    """How many messages a broker takes in an hour for the devices that are worn now. The schema must be the current one.

    Raises `psycopg.OperationalError` when the database cannot be reached.
    """
    conn = await AsyncConnection.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    async with conn:
        await configure(conn)
        row = await (await conn.execute(statement("messages_an_hour"))).fetchone()
    assert row is not None
    return int(row[0])
