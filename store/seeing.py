"""Questions put for a caller: the database answers as the role `bailiwick_seeing`, and only what the sight names.

That role may read the views of the schema `seen` and no table, so that a filter forgotten in a question shows nothing
rather than everything, and a table without a view cannot be asked at all (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final

import msgspec

from domain.callers import Sight
from store.connecting import at_once
from store.statements import statement
from store.times import Connection

ROLE = "bailiwick_seeing"
WHERE_NO_DEARER: Final = "auto"
"""A plan is kept where it is no dearer than one for the values: not over many chunks, which only the values leave out."""
ALWAYS: Final = "force_generic_plan"
KEPT_PLANS: Final = {"events_between": WHERE_NO_DEARER, "open_spans_of": ALWAYS, "wearer_in_sight": ALWAYS}
"""Statements whose plans are kept, and when: none has a filter that may be left out."""


@asynccontextmanager
async def seeing(conn: Connection, sight: Sight) -> AsyncIterator[None]:
    """One transaction, read by that sight."""
    async with conn.transaction():
        await see_as(conn, sight)
        yield


@asynccontextmanager
async def seeing_at_once(conn: Connection, sight: Sight, plans: str | None = None) -> AsyncIterator[None]:
    """The same for questions that are sent together (`store.connecting.at_once`); ``plans`` says when theirs are kept, None never."""
    async with at_once(conn):
        if plans is None:
            await see_as(conn, sight)
        else:
            await conn.execute(statement("see_as_keeping_plans"), {"sight": sight_text(sight), "plans": plans})
        yield


async def see_as(conn: Connection, sight: Sight) -> None:
    """The rest of the caller's transaction is read by that sight; it ends with the transaction."""
    await conn.execute(statement("see_as"), {"sight": sight_text(sight)})


async def rows_seen(conn: Connection, sight: Sight, name: str, parameters: dict[str, Any] | None) -> list[Any]:
    """The rows of one statement under a sight, in one round trip: they are fetched when the COMMIT is sent too."""
    async with seeing_at_once(conn, sight, KEPT_PLANS.get(name)):
        cursor = await conn.execute(statement(name), parameters)
    return await cursor.fetchall()


async def can_see(conn: Connection) -> bool:
    """Whether this connection may act in the role at all."""
    row = await (await conn.execute(statement("can_see_as"))).fetchone()
    return bool(row and row[0])


def sight_text(sight: Sight) -> str:
    """As the functions of migration 0014 read it."""
    told = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(sight).items()}
    return msgspec.json.encode(told).decode()
