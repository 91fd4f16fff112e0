"""The versions of the protocols: one is entered whole after another, and the newest is in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from store.audit import Entry
from store.audit import write as write_audit
from store.connecting import Pool
from store.statements import statement
from store.times import At, Connection

Note = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entering:
    """The protocols held still, to see what is in force and to enter what follows it."""

    before: dict[str, Any] | None
    """What is in force, None when it is what ships."""
    _conn: Connection

    async def enter(
        self, version: int, body: Mapping[str, Any], at_us: int, by: str, entry: Entry | None = None
    ) -> None:
        """Enters a version; its number must be over the newest. ``entry`` tells the audit who did it."""
        values = {"version": version, "body": Jsonb(dict(body)), "at": At(at_us), "by": by}
        await self._conn.execute(statement("enter_protocols"), values)
        if entry is not None:
            await write_audit(self._conn, entry)


@dataclass(frozen=True, slots=True)
class ProtocolVersion:
    """A version of the file of protocols: when it came into force, and by whom."""

    version: int
    made_us: int
    by: str
    protocols: int
    """How many there are in it."""


class ProtocolTables:
    """What of the protocols stands in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self) -> dict[str, Any] | None:
        """The body of the version that is in force; None when nobody has entered any."""
        async with self._pool.connection() as conn:
            return await _newest(conn)

    async def of_version(self, version: int) -> dict[str, Any] | None:
        """The body of a version; None when there is no such one."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("protocols_of_version"), {"version": version})).fetchone()
        return None if row is None else row[0]

    async def versions(self, before: int | None, limit: int) -> list[ProtocolVersion]:
        """The versions below a number, the newest first."""
        async with self._pool.connection() as conn:
            wanted = {"before": before, "limit": limit}
            rows = await (await conn.execute(statement("protocol_versions"), wanted)).fetchall()
        return [ProtocolVersion(*row) for row in rows]

    @asynccontextmanager
    async def entering(self, note: Note | None = None) -> AsyncIterator[Entering]:
        """Whoever enters another version meanwhile waits. What was entered is there when the block ends, unless it raises.

        ``note`` writes what else belongs to the change, in its transaction.
        """
        async with self._pool.connection() as conn, conn.transaction():
            if note is not None:
                await note(conn)
            await conn.execute(statement("hold_protocols"))
            yield Entering(await _newest(conn), conn)


async def _newest(conn: Connection) -> dict[str, Any] | None:
    row = await (await conn.execute(statement("newest_protocols"))).fetchone()
    return None if row is None else row[1]
