"""Notifications between a look and a channel: leased for a while, then sent, tried later or given up."""

from __future__ import annotations

from typing import Any

from store.statements import statement
from store.times import At, Connection
from store.work_rows import GivenUp, LeasedRow


async def lease(conn: Connection, channel: str, now_us: int, until_us: int, limit: int) -> list[LeasedRow]:
    """Up to ``limit`` that are due, for this sender alone until ``until_us``; each lease is an attempt."""
    await conn.execute(statement("end_leases"), {"channel": channel, "now": At(now_us)})
    wanted = {"channel": channel, "now": At(now_us), "until": At(until_us), "limit": limit}
    rows = await (await conn.execute(statement("lease"), wanted)).fetchall()
    return [LeasedRow(*row) for row in rows]


async def next_send_us(conn: Connection, channel: str) -> int | None:
    """When the next try of a channel is due, or a lease of one ends."""
    found: int | None = await _one(conn, "next_send", {"channel": channel})
    return found


async def sent(conn: Connection, no: int, at_us: int) -> None:
    """The channel took it; said twice it is once."""
    await conn.execute(statement("sent"), {"no": no, "at": At(at_us)})


async def try_later(conn: Connection, no: int, why: str, next_us: int) -> None:
    """It was not taken; to be tried again then, unless it was settled or taken back meanwhile."""
    await conn.execute(statement("try_later"), {"no": no, "why": why, "next": At(next_us)})


async def give_up(conn: Connection, no: int, why: str) -> GivenUp | None:
    """It cannot be delivered; None when it was settled meanwhile."""
    row = await (await conn.execute(statement("give_up"), {"no": no, "why": why})).fetchone()
    return None if row is None else GivenUp(*row[:4])


async def _one(conn: Connection, name: str, parameters: dict[str, Any]) -> Any:
    row = await (await conn.execute(statement(name), parameters)).fetchone()
    return row[0] if row else None
