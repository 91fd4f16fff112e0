"""Retention: what is older than a setting goes, day by day, but for what must stay.

Never dropped: a fact that the evidence of a current violation names; a fact or line of a commit after the oldest
checkpoint, which a restart folds again (so nothing goes where there is no checkpoint). Violations, alerts, caseload
records and received ranges stay. Where TimescaleDB is, a chunk that holds nothing that must stay is dropped whole;
elsewhere, and for other chunks, rows are deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.instants import DAY_US
from store.statements import statement
from store.times import At, Connection

TABLES = ("fixes", "equipment_events")


@dataclass(slots=True)
class Retained:
    """What one run of retention dropped: facts (those of dropped chunks too), whole chunks, commits."""

    facts: int = 0
    chunks: int = 0
    commits: int = 0


async def apply_retention(conn: Connection, before_us: int) -> Retained:
    """Drops what is older than ``before_us`` (facts by fix time) and may go; one transaction a day of facts.

    It may be ended at any instant and run again.
    """
    retained = Retained()
    row = await (await conn.execute(statement("oldest_checkpoint"))).fetchone()
    if row is None or row[0] is None:
        return retained
    checkpoint: int = row[0]
    if await _has_timescaledb(conn):
        await _drop_chunks(conn, before_us, checkpoint, retained)
    await _delete_days(conn, before_us, checkpoint, retained)
    async with conn.transaction():
        await _name_evidence(conn)
        old = {"before": At(before_us), "checkpoint": checkpoint}
        for table in TABLES:
            retained.facts += (await conn.execute(statement(f"drop_stray_{table}"), old)).rowcount
        retained.commits = (await conn.execute(statement("drop_old_commits"), old)).rowcount
        await conn.execute(statement("drop_old_networks"))
        await conn.execute(statement("drop_old_stream_events"), {"before": At(before_us)})
    return retained


async def _has_timescaledb(conn: Connection) -> bool:
    row = await (await conn.execute(statement("has_timescaledb"))).fetchone()
    return bool(row and row[0])


async def _name_evidence(conn: Connection) -> None:
    await conn.execute(statement("name_evidence"))
    await conn.execute(statement("index_evidence"))


async def _drop_chunks(conn: Connection, before_us: int, checkpoint: int, retained: Retained) -> None:
    chunks = await (await conn.execute(statement("old_chunks"), {"before": At(before_us)})).fetchall()
    for table, start, end in chunks:
        bounds = {"from_at": At(start), "to_at": At(end), "checkpoint": checkpoint}
        async with conn.transaction():
            await _name_evidence(conn)
            row = await (await conn.execute(statement(f"chunk_of_{table}_is_needed"), bounds)).fetchone()
            needed, facts = row or (False, 0)
            if needed:
                retained.facts += (await conn.execute(statement(f"drop_old_{table}"), bounds)).rowcount
            else:
                await conn.execute(statement("drop_chunk"), bounds | {"table": table})
                retained.facts += facts
                retained.chunks += 1


async def _delete_days(conn: Connection, before_us: int, checkpoint: int, retained: Retained) -> None:
    row = await (await conn.execute(statement("oldest_day"), {"before": At(before_us)})).fetchone()
    start: int = row[0] if row and row[0] is not None else before_us
    while start < before_us:
        bounds = {"from_at": At(start), "to_at": At(min(start + DAY_US, before_us)), "checkpoint": checkpoint}
        async with conn.transaction():
            await _name_evidence(conn)
            for table in TABLES:
                retained.facts += (await conn.execute(statement(f"drop_old_{table}"), bounds)).rowcount
        start += DAY_US
