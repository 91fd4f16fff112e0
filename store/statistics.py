"""The statistics job's own side: characteristics of wearers taken from a file, results counted by them, suppressed tables kept.

Opened with a login of the role `bailiwick_statistics`; no other process may read the table (docs/measures.md). Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from psycopg.types.json import Jsonb

from store.audit import Entry, write
from store.connecting import Pool, open_pool
from store.statements import statement
from store.times import At


class Characteristics(NamedTuple):
    """Of one wearer; None where it is not said."""

    wearer: str
    sex: str | None
    age_band: str | None
    ethnic_group: str | None


class OutcomeRow(NamedTuple):
    """How many cases of wearers with one value of a characteristic had a result."""

    what: str
    value: str
    result: str
    number: int


class Statistics:
    """Opened with `open`, closed with ``async with``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``psycopg.OperationalError`` when the database cannot be reached."""
        return cls(await open_pool(url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close()

    async def replace(self, rows: Sequence[Characteristics], entry: Entry) -> int:
        """Takes a whole file in place of what was there; how many there were before."""
        async with self._pool.connection() as conn, conn.transaction(), conn.cursor() as cursor:
            before = (await cursor.execute(statement("statistics_forget"))).rowcount
            await cursor.executemany(statement("statistics_import"), [row._asdict() for row in rows])
            await write(conn, entry)
        return before

    async def outcomes(self, from_us: int, to_us: int, now_us: int) -> list[OutcomeRow]:
        """Results of the breach cases made in ``[from_us, to_us)``, by each characteristic."""
        wanted = {"from_at": At(from_us), "to_at": At(to_us), "now": At(now_us)}
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("statistics_outcomes"), wanted)).fetchall()
        return [OutcomeRow(*row) for row in rows]

    async def publish(self, year: int, told: dict[str, Any], at_us: int, entry: Entry) -> None:
        """Keeps suppressed tables; they are what everybody else sees."""
        values = {"year": year, "at": At(at_us), "told": Jsonb(told)}
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("statistics_publish"), values)
            await write(conn, entry)
