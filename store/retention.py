"""Retention: what is older than a setting goes, day by day, but for what must stay.

Never dropped: a fact that the evidence of a current violation names; a fact or line of a commit after the oldest
checkpoint, which a restart folds again (so nothing goes where there is no checkpoint); a fact of a wearer on legal hold.
Violations, alerts, caseload records and received ranges stay. Where TimescaleDB is, a chunk that holds nothing that must
stay is dropped whole; elsewhere, and for other chunks, rows are deleted. `store.retention_rows` has what is not a fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.instants import DAY_US
from store.statements import statement
from store.times import At, Connection

TABLES = ("fixes", "equipment_events")
MOST_DAYS = 3_660
"""Days of one table that one run works through; the next run goes on."""


@dataclass(slots=True)
class Retained:
    """What one run of retention dropped: facts (those of dropped chunks too), whole chunks, commits, protected people's positions.

    ``more``: it stopped before it was through.
    """

    facts: int = 0
    chunks: int = 0
    commits: int = 0
    protected: int = 0
    more: bool = False


async def apply_retention(
    conn: Connection,
    before: Mapping[str, int],
    protected_us: int | None = None,
    *,
    most_days: int = MOST_DAYS,
    dry: bool = False,
) -> Retained:
    """Drops facts that are older than ``before`` has for their table (microseconds UTC, by fix time) and may go.

    ``protected_us`` is the same for protected people's positions; ``dry`` only counts. One transaction a day of facts: it may be
    ended at any instant and run again.
    """
    retained = Retained()
    row = await (await conn.execute(statement("oldest_checkpoint"))).fetchone()
    if row is None or row[0] is None:
        return retained
    run = _Run(conn, int(row[0]), dry, retained)
    timescale = await _has_timescaledb(conn)
    for table in TABLES:
        if timescale:
            await run.drop_chunks(table, before[table])
        await run.delete_days(table, before[table], most_days)
    await run.drop_the_rest(before)
    if protected_us is not None:
        await run.drop_protected(protected_us)
    return retained


async def _has_timescaledb(conn: Connection) -> bool:
    row = await (await conn.execute(statement("has_timescaledb"))).fetchone()
    return bool(row and row[0])


class _Run:
    """One run over the facts."""

    def __init__(self, conn: Connection, checkpoint: int, dry: bool, retained: Retained) -> None:
        self._conn = conn
        self._checkpoint = checkpoint
        self._dry = dry
        self._retained = retained

    async def drop_chunks(self, table: str, before_us: int) -> None:
        old = {"before": At(before_us), "table": table}
        chunks = await (await self._conn.execute(statement("old_chunks"), old)).fetchall()
        for _, start, end in chunks:
            bounds = {"from_at": At(start), "to_at": At(end), "checkpoint": self._checkpoint}
            async with self._conn.transaction(force_rollback=self._dry):
                await self._name_what_stays()
                row = await (await self._conn.execute(statement(f"chunk_of_{table}_is_needed"), bounds)).fetchone()
                needed, facts = row or (False, 0)
                if needed:
                    self._retained.facts += await self._drop(f"drop_old_{table}", bounds)
                else:
                    await self._conn.execute(statement("drop_chunk"), bounds | {"table": table})
                    self._retained.facts += facts
                    self._retained.chunks += 1

    async def delete_days(self, table: str, before_us: int, most_days: int) -> None:
        if self._dry and self._retained.chunks:
            return  # what stands in chunks that would go has been counted
        row = await (
            await self._conn.execute(statement(f"oldest_day_of_{table}"), {"before": At(before_us)})
        ).fetchone()
        start: int = row[0] if row and row[0] is not None else before_us
        for _ in range(most_days):
            if start >= before_us:
                return
            bounds = {"from_at": At(start), "to_at": At(min(start + DAY_US, before_us)), "checkpoint": self._checkpoint}
            async with self._conn.transaction(force_rollback=self._dry):
                await self._name_what_stays()
                self._retained.facts += await self._drop(f"drop_old_{table}", bounds)
            start += DAY_US
        self._retained.more = start < before_us or self._retained.more

    async def drop_the_rest(self, before: Mapping[str, int]) -> None:
        """Strays, and commits and events of the stream that nobody reads again."""
        async with self._conn.transaction(force_rollback=self._dry):
            await self._name_what_stays()
            for table in TABLES:
                old = {"before": At(before[table]), "checkpoint": self._checkpoint}
                self._retained.facts += await self._drop(f"drop_stray_{table}", old)
            oldest = At(min(before.values()))
            self._retained.commits = await self._drop(
                "drop_old_commits", {"before": oldest, "checkpoint": self._checkpoint}
            )
            await self._conn.execute(statement("drop_old_networks"))
            await self._conn.execute(statement("drop_old_stream_events"), {"before": oldest})

    async def drop_protected(self, before_us: int) -> None:
        """Positions of protected people; a legal hold on a wearer keeps none of them."""
        old = {"before": At(before_us), "checkpoint": self._checkpoint}
        async with self._conn.transaction(force_rollback=self._dry):
            await self._name_what_stays()
            self._retained.protected = await self._drop("drop_old_protected_fixes", old)
            self._retained.protected += await self._drop("drop_stray_protected_fixes", old)
            self._retained.protected += await self._drop("drop_protected_letters", {"before": At(before_us)})

    async def _name_what_stays(self) -> None:
        for name in ("name_evidence", "index_evidence", "hold_facts"):
            await self._conn.execute(statement(name))

    async def _drop(self, name: str, parameters: Mapping[str, object]) -> int:
        return (await self._conn.execute(statement(name), parameters)).rowcount
