"""What sheets and chronologies are made of: one wearer's records, decisions, and what people did, as a caller sees them.

Instants are microseconds UTC. A list that would be longer than `MOST` raises `TooMuch`: a sheet that leaves something out is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from domain.callers import Sight
from domain.records import Version
from domain.violations import Violation
from store.caseload import versions_of
from store.connecting import Pool
from store.errors import StoreError
from store.rows_read import violation
from store.seeing import rows_seen, seeing
from store.statements import statement
from store.times import At

MOST: Final = 20_000
"""Rows of one list."""
NOTED: Final = {
    "contacts": "sheet_contacts",
    "alerts": "sheet_alerts",
    "warrants": "sheet_warrants",
    "breaches": "sheet_breaches",
}
"""The question for each sort of what people did."""


class TooMuch(StoreError):
    """There is more in the range than one sheet holds."""


class NotedRow(NamedTuple):
    """Something that people did: when, what (`contact`, `alert`, `warrant`, `breach`), in which words, to what, by whom.

    ``kind`` and ``code`` are those of an alert.
    """

    at_us: int
    what: str
    event: str
    about: str
    by: str | None
    text: str | None
    kind: str | None = None
    code: str | None = None


class Sheets:
    """The questions; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def wearer_of(self, sight: Sight, order: str) -> str | None:
        """Whose an order is; None when there is none in sight."""
        rows = await self._rows(sight, "sheet_wearer", {"order": order})
        return str(rows[0][0]) if rows else None

    async def records(self, sight: Sight, wearer: str) -> list[Version]:
        """Every version learnt of what is a wearer's, in the order learnt."""
        async with self._pool.connection() as conn, seeing(conn, sight):
            return [version for _, version in await versions_of(conn, "sheet_records", {"wearer": wearer})]

    async def violations(self, sight: Sight, wearer: str, from_us: int, to_us: int) -> list[Violation]:
        """The current violations that touch ``[from_us, to_us)``, and earlier tampering; by when they began."""
        rows = await self._rows(sight, "sheet_violations", _range(wearer, from_us, to_us))
        return [violation(row[1:]) for row in rows]

    async def versions(self, sight: Sight, wearer: str, from_us: int, to_us: int) -> list[Violation]:
        """First versions of what began in ``[from_us, to_us)``, and later ones that were decided in it, as written."""
        rows = await self._rows(sight, "sheet_versions", _range(wearer, from_us, to_us))
        return [violation(row[1:]) for row in rows]

    async def noted(self, sight: Sight, wearer: str, from_us: int, to_us: int, what: Iterable[str]) -> list[NotedRow]:
        """What people did in ``[from_us, to_us)``; ``what`` of `contacts`, `alerts`, `warrants`, `breaches`."""
        found: list[NotedRow] = []
        for name in what:
            rows = await self._rows(sight, NOTED[name], _range(wearer, from_us, to_us))
            found += [NotedRow(*row) for row in rows]
        return found

    async def markers(self, wearer: str) -> list[str]:
        """By what those would be known whom a wearer's orders protect: not for anybody's eyes, to leave out what holds one."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("sheet_about"), {"wearer": wearer})
            rows = await (await conn.execute(statement("markers_of_victims"))).fetchall()
        return [row[0] for row in rows if row[0] and row[0].strip()]

    async def _rows(self, sight: Sight, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            rows: list[tuple[Any, ...]] = await rows_seen(conn, sight, name, parameters)
        if len(rows) > MOST:
            raise TooMuch(f"more than {MOST} rows of {name}")
        return rows


def _range(wearer: str, from_us: int, to_us: int) -> dict[str, Any]:
    return {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us), "limit": MOST + 1}
