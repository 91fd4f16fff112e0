"""Retention of what is not a fact: parked messages, the contact log, bodies of the audit. And the day's run of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.types.json import Jsonb

from domain.audit_chain import ERASING, Ranges
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import MayNot
from store.retention import TABLES, Retained, apply_retention
from store.statements import statement
from store.times import At, Connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AT_ONCE: Final = 5_000
"""Rows of one transaction."""
MOST_ROWS: Final = 200_000
"""Rows of one kind that one run works through."""
MOST_DAYS: Final = 62
"""Days of facts of one table that one run works through."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older than these goes; microseconds UTC."""

    positions_us: int
    events_us: int
    protected_us: int
    contacts_us: int
    letters_us: int
    audit_us: int


@dataclass(slots=True)
class Went:
    """What went, by kind. ``more``: it stopped before it was through; the next run goes on."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False

    def any(self) -> bool:
        """Whether anything went."""
        return any(self.counts.values())


class Retention:
    """Retention over a database; the login must own its tables (docs/database.md)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def done_on(self, day: str) -> bool:
        """Whether everything that was old enough went on that day (UTC)."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("retention_done"), {"day": day})).fetchone()
            return bool(row and row[0])

    async def newest_day(self) -> str | None:
        """The last day on which everything went that was old enough."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("newest_retention"))).fetchone()
            return row[0] if row else None

    async def run(self, cutoffs: Cutoffs, day: str, entry: Entry, *, dry: bool = False) -> Went | None:
        """Lets go what is old enough, a bounded number; None when another process is at it. ``dry`` only counts.

        ``entry`` tells the audit who did it; the counts come to it. Raises `MayNot`.
        """
        try:
            return await self._run(cutoffs, day, entry, dry)
        except psycopg.errors.InsufficientPrivilege as error:
            raise MayNot(str(error)) from error

    async def _run(self, cutoffs: Cutoffs, day: str, entry: Entry, dry: bool) -> Went | None:
        async with self._pool.connection() as conn, _alone(conn) as mine:
            if not mine:
                return None
            went = await _facts(conn, cutoffs, dry)
            await _rows_of(conn, "drop_old_letters", "dead_letters", cutoffs.letters_us, went, dry)
            await _rows_of(conn, "drop_old_contacts", "contacts", cutoffs.contacts_us, went, dry)
            await _rows_of(conn, "drop_old_crime_matches", "crime_matches", cutoffs.positions_us, went, dry)
            await _bodies(conn, cutoffs.audit_us, entry, went, dry)
            if not dry:
                await _tell(conn, day, entry, went)
            return went


@asynccontextmanager
async def _alone(conn: Connection) -> AsyncIterator[bool]:
    row = await (await conn.execute(statement("hold_retention"))).fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine and not conn.closed:
            await conn.execute(statement("let_retention_go"))


async def _facts(conn: Connection, cutoffs: Cutoffs, dry: bool) -> Went:
    before = dict(zip(TABLES, (cutoffs.positions_us, cutoffs.events_us), strict=True))
    found: Retained = await apply_retention(conn, before, cutoffs.protected_us, most_days=MOST_DAYS, dry=dry)
    counts = {"facts": found.facts, "commits": found.commits, "protected_positions": found.protected}
    return Went(counts, found.more)


async def _rows_of(conn: Connection, name: str, kind: str, before_us: int, went: Went, dry: bool) -> None:
    total, limit = 0, MOST_ROWS if dry else AT_ONCE
    while total < MOST_ROWS:
        async with conn.transaction(force_rollback=dry):
            gone = (await conn.execute(statement(name), {"before": At(before_us), "limit": limit})).rowcount
        total += gone
        if gone < limit:
            break
    else:
        went.more = True
    went.counts[kind] = total


async def _bodies(conn: Connection, before_us: int, entry: Entry, went: Went, dry: bool) -> None:
    total, limit = 0, MOST_ROWS if dry else AT_ONCE
    while total < MOST_ROWS:
        async with conn.transaction(force_rollback=dry):
            rows = await conn.execute(statement("old_audit_bodies"), {"before": At(before_us), "limit": limit})
            found = [int(row[0]) for row in await rows.fetchall()]
            total += await erase_bodies(conn, found, entry)
        if len(found) < limit:
            break
    else:
        went.more = True
    went.counts["audit_bodies"] = total


async def erase_bodies(conn: Connection, body_nos: Sequence[int], entry: Entry) -> int:
    """Takes bodies of the audit away, with an entry that tells of which entries, in the caller's transaction; how many.

    Bodies that tell of an erasure stay.
    """
    if not body_nos:
        return 0
    rows = await conn.execute(statement("erase_audit_bodies"), {"body_nos": list(body_nos)})
    numbers = [int(row[0]) for row in await rows.fetchall()]
    if numbers:
        pairs = Ranges((number, number) for number in numbers).as_pairs()
        told = replace(entry, deed=ERASING, subject_type="audit", subjects=(), details={"entries": pairs})
        await conn.execute(statement("tell_of_erased_bodies"), {"at": At(entry.at_us), "body": Jsonb(told.body())})
        await _drop_sets(conn)
    return len(numbers)


async def _drop_sets(conn: Connection) -> None:
    """Sets that no body names; whoever is writing one that does is waited for."""
    row = await (await conn.execute(statement("unnamed_sets"))).fetchone()
    if row and row[0]:
        await conn.execute(statement("hold_audit_bodies"))
        await conn.execute(statement("drop_unnamed_sets"))


async def _tell(conn: Connection, day: str, entry: Entry, went: Went) -> None:
    async with conn.transaction():
        if went.any():
            await write(conn, replace(entry, details=entry.details | counts_of(went)))
        if not went.more:
            row: dict[str, Any] = {"day": day, "at": At(entry.at_us), "counts": Jsonb(went.counts)}
            await conn.execute(statement("note_retention"), row)


def counts_of(went: Went) -> dict[str, int]:
    """Without the kinds of which nothing went."""
    return {kind: number for kind, number in went.counts.items() if number}
