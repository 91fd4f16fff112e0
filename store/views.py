"""Saved views of the alert queue: an account's own, and those that are shared. Each change is in the audit, without what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import psycopg

from store.audit import Entry, write
from store.connecting import Pool
from store.errors import Refused
from store.statements import statement
from store.times import At, Connection

MOST_VIEWS: Final = 50
"""Of one account."""

Note = Callable[[Connection], Awaitable[None]]
"""What else is done in the transaction, before."""


class View(NamedTuple):
    """A view: ``query`` is the part of the queue's address after `?`."""

    no: int
    owner: str
    name: str
    query: str
    shared: bool


class Views:
    """The views of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seen_by(self, owner: str) -> list[View]:
        """One's own by name, then those that others share."""
        async with self._pool.connection() as conn:
            return [View(*row) for row in await _rows(conn, "views_of", {"owner": owner})]

    async def enter(self, name: str, query: str, shared: bool, entry: Entry, note: Note) -> View | None:
        """Keeps a view of whom ``entry`` names; None when they have `MOST_VIEWS` others. Raises `Refused`."""
        row = {"owner": entry.who, "name": name, "query": query, "shared": shared, "at": At(entry.at_us)}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            await conn.execute(statement("hold_views_of"), {"owner": entry.who})
            ((others,),) = await _rows(conn, "count_views_of", row)
            if others >= MOST_VIEWS:
                return None
            made = View(*(await _rows(conn, "enter_view", row))[0])
            await write(conn, replace(entry, subjects=(str(made.no),), details=entry.details | {"shared": shared}))
        return made

    async def drop(self, number: int, senior: bool, entry: Entry, note: Note) -> bool:
        """Lets one go; False when there is none that they may let go of."""
        row = {"view_no": number, "owner": entry.who, "senior": senior}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            found = bool(await _rows(conn, "drop_view", row))
            if found:
                await write(conn, replace(entry, subjects=(str(number),)))
        return found


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return await (await conn.execute(statement(name), parameters)).fetchall()
    except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
        raise Refused(str(error)) from error
