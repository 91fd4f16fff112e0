"""What is read of the audit: entries as auditors ask for them, the whole chain as it stands, and its anchors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from psycopg import IsolationLevel

from domain.audit_chain import Anchor, Link, Ranges, Said, end_of, erased_by, set_id
from store.audit import Audit
from store.connecting import Pool, open_pool
from store.statements import statement
from store.times import At, Connection, at

PAGE: Final = 1_000
"""Links in memory at once."""
SETS_PAGE: Final = 20
"""Sets in memory at once: one may have as many ids as there are wearers."""


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """A filter; what is given must hold. ``[from_us, to_us)``, microseconds UTC."""

    who: str | None = None
    subject: str | None = None
    deed: str | None = None
    from_us: int | None = None
    to_us: int | None = None

    def parameters(self) -> dict[str, Any]:
        """As the statements have them."""
        span = {"from_at": at(self.from_us), "to_at": at(self.to_us)}
        return {"who": self.who, "subject": self.subject, "deed": self.deed} | span


class AuditRow(NamedTuple):
    """An entry whose body is still there. ``body_no`` is the order in which entries were written."""

    no: int
    at_us: int
    hash: bytes
    body_no: int
    body: dict[str, Any]


class Snapshot:
    """The audit as it stood at one instant."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    async def links(self) -> AsyncIterator[tuple[Link, Said | None, str | None]]:
        """Each link with what it says, in order; and the name of a set that it names and that is not there."""
        after = 0
        while True:
            page = await _rows(self._conn, "audit_links", {"after": after, "limit": PAGE})
            for row in page:
                said = None if row[7] is None else Said(row[6], bytes(row[7]), row[8])
                yield Link(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), bytes(row[5])), said, row[9]
            if len(page) < PAGE:
                return
            after = page[-1][0]

    async def erased(self) -> Ranges:
        """The numbers of the entries whose bodies were erased by the book."""
        rows = await _rows(self._conn, "audit_erasures")
        return Ranges(pair for (text,) in rows for pair in erased_by(text))

    async def anchors(self) -> list[Anchor]:
        """By day."""
        rows = await _rows(self._conn, "audit_anchors")
        return [Anchor(row[0], row[1], bytes(row[2]), row[3], row[4], bytes(row[5])) for row in rows]

    async def loose_body(self) -> int | None:
        """A body that no entry is about; None: there is none."""
        rows = await _rows(self._conn, "audit_loose_body")
        return rows[0][0] if rows else None

    async def changed_set(self) -> str | None:
        """The name of a set that does not hold what it is called after; None: there is none."""
        after = ""
        while True:
            page = await _rows(self._conn, "audit_sets_after", {"after": after, "limit": SETS_PAGE})
            for name, subjects in page:
                if set_id(subjects) != name:
                    return str(name)
            if len(page) < SETS_PAGE:
                return None
            after = page[-1][0]


class AuditReading:
    """The audit, to be read and anchored. Open with `open`, or made over a pool that is open."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``psycopg.OperationalError`` when the database cannot be reached."""
        return cls(await open_pool(url))

    async def close(self) -> None:
        """Ends every connection."""
        await self._pool.close()

    async def entries(self, wanted: AuditWanted, before: int | None, limit: int) -> list[AuditRow]:
        """Entries that fit, the newest first, from before a `AuditRow.body_no`."""
        name = "audit_listed" if wanted.subject is None else "audit_listed_of_subject"
        async with self._pool.connection() as conn:
            rows = await _rows(conn, name, wanted.parameters() | {"before": before, "limit": limit})
        return [AuditRow(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows]

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """The audit as it stands now; what is written meanwhile is not seen."""
        async with self._pool.connection() as conn:
            await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            try:
                async with conn.transaction():
                    yield Snapshot(conn)
            finally:
                await conn.set_isolation_level(None)

    async def newest_anchor(self) -> str | None:
        """The last day that was anchored."""
        async with self._pool.connection() as conn:
            day: str | None = (await _rows(conn, "newest_audit_anchor"))[0][0]
            return day

    async def end_of_day(self, day: str) -> tuple[int, bytes] | None:
        """Number and hash of the last link of a day or of before it; None when there is none."""
        async with self._pool.connection() as conn:
            rows = await _rows(conn, "audit_end", {"before": At(end_of(day))})
        return (rows[0][0], bytes(rows[0][1])) if rows else None

    async def keep_anchor(self, anchor: Anchor) -> bool:
        """Keeps the anchor of a day; False when it has one: another process was faster."""
        row = {"day": anchor.day, "no": anchor.no, "hash": anchor.hash, "made": At(anchor.made_us)}
        async with self._pool.connection() as conn:
            signed = {"key_id": anchor.key_id, "signature": anchor.signature}
            return bool(await _rows(conn, "enter_audit_anchor", row | signed))


async def _rows(conn: Connection, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()


class AuditKept(Audit, AuditReading):
    """The audit on a pool of its own, so that looks wait for nothing else: written and read. Opened with `open`."""

    def __init__(self, pool: Pool) -> None:
        Audit.__init__(self, pool)
        AuditReading.__init__(self, pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
