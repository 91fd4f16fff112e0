"""The versions of the protocols: one is entered whole after another, and the newest is in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from store.audit import Entry
from store.audit import write as write_audit
from store.connecting import Pool
from store.statements import statement
from store.times import At, Connection


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


class ProtocolTables:
    """What of the protocols stands in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self) -> dict[str, Any] | None:
        """The body of the version that is in force; None when nobody has entered any."""
        async with self._pool.connection() as conn:
            return await _newest(conn)

    @asynccontextmanager
    async def entering(self) -> AsyncIterator[Entering]:
        """Whoever enters another version meanwhile waits. What was entered is there when the block ends, unless it raises."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("hold_protocols"))
            yield Entering(await _newest(conn), conn)


async def _newest(conn: Connection) -> dict[str, Any] | None:
    row = await (await conn.execute(statement("newest_protocols"))).fetchone()
    return None if row is None else row[1]
