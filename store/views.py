"""Saved views of the alert queue: an account's own, and those that are shared. Each change is in the audit, without what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, NamedTuple

from domain.instants import SECOND_US
from store.audit import Entry, write
from store.connecting import Pool
from store.refusing import rows_or_refused
from store.statements import statement
from store.times import At, Connection

MOST_VIEWS: Final = 50
"""Of one account."""

TOLD_FOR_US: Final = 60 * SECOND_US
"""A page tells its view every 20 s; one that said nothing for so long is closed, or asleep."""
MOST_IN_USE: Final = 2_000

Note = Callable[[Connection], Awaitable[None]]
"""What else is done in the transaction, before."""


class View(NamedTuple):
    """A view: ``query`` is the part of the queue's address after `?`."""

    no: int
    owner: str
    name: str
    query: str
    shared: bool


class ViewInUse(NamedTuple):
    """Whose page shows what: ``query`` is the part of its address after `?`."""

    who: str
    role: str
    query: str


class Views:
    """The views of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def seen_by(self, owner: str) -> list[View]:
        """One's own by name, then those that others share."""
        async with self._pool.connection() as conn:
            return [View(*row) for row in await rows_or_refused(conn, "views_of", {"owner": owner})]

    async def tell(self, view: ViewInUse, now_us: int) -> None:
        """A page shows this view now."""
        until = {"now": At(now_us), "until": At(now_us + TOLD_FOR_US)}
        async with self._pool.connection() as conn:
            await conn.execute(statement("tell_view"), view._asdict() | until)

    async def in_use(self, now_us: int) -> list[ViewInUse]:
        """What pages show now, whichever process they told it to, by whose they are; `MOST_IN_USE` at most."""
        async with self._pool.connection() as conn:
            wanted = {"now": At(now_us), "limit": MOST_IN_USE}
            return [ViewInUse(*row) for row in await rows_or_refused(conn, "views_in_use", wanted)]

    async def enter(self, name: str, query: str, shared: bool, entry: Entry, note: Note) -> View | None:
        """Keeps a view of whom ``entry`` names; None when they have `MOST_VIEWS` others. Raises `Refused`."""
        row = {"owner": entry.who, "name": name, "query": query, "shared": shared, "at": At(entry.at_us)}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            await conn.execute(statement("hold_views_of"), {"owner": entry.who})
            ((others,),) = await rows_or_refused(conn, "count_views_of", row)
            if others >= MOST_VIEWS:
                return None
            made = View(*(await rows_or_refused(conn, "enter_view", row))[0])
            await write(conn, replace(entry, subjects=(str(made.no),), details=entry.details | {"shared": shared}))
        return made

    async def drop(self, number: int, senior: bool, entry: Entry, note: Note) -> bool:
        """Lets one go; False when there is none that they may let go of."""
        row = {"view_no": number, "owner": entry.who, "senior": senior}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            found = bool(await rows_or_refused(conn, "drop_view", row))
            if found:
                await write(conn, replace(entry, subjects=(str(number),)))
        return found
