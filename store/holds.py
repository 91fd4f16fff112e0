"""Legal holds: nothing of a wearer goes while one stands. Making and ending one is in the audit, in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import NamedTuple

from store.audit import Entry, write
from store.connecting import Pool
from store.refusing import rows_or_refused
from store.times import At, Connection

Note = Callable[[Connection], Awaitable[None]]
"""What else is done in the transaction, before."""


class Hold(NamedTuple):
    """A hold; ``ended_us`` None: it stands."""

    no: int
    wearer: str
    reason: str
    made_us: int
    made_by: str
    ended_us: int | None
    ended_by: str | None
    end_reason: str | None


class Holds:
    """The holds of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def enter(self, reason: str, entry: Entry, note: Note | None = None) -> int:
        """A hold on the one wearer that ``entry`` is about, by whom and when it says; its number. Raises `Refused`."""
        (wearer,) = entry.subjects
        row = {"wearer": wearer, "reason": reason, "at": At(entry.at_us), "by": entry.who}
        async with self._pool.connection() as conn, conn.transaction():
            if note is not None:
                await note(conn)
            number = int((await rows_or_refused(conn, "enter_hold", row))[0][0])
            await write(conn, replace(entry, details=entry.details | {"hold": str(number)}))
        return number

    async def end(self, number: int, reason: str, entry: Entry, note: Note | None = None) -> bool:
        """Ends a hold; False when it is over, or there is none. ``entry`` is about nobody yet. Raises `Refused`."""
        row = {"hold_no": number, "reason": reason, "at": At(entry.at_us), "by": entry.who}
        async with self._pool.connection() as conn, conn.transaction():
            if note is not None:
                await note(conn)
            rows = await rows_or_refused(conn, "end_hold", row)
            for (wearer,) in rows:
                about = replace(entry, subjects=(wearer,), details=entry.details | {"hold": str(number)})
                await write(conn, about)
        return bool(rows)

    async def one(self, number: int) -> Hold | None:
        """A hold; None when there is none."""
        async with self._pool.connection() as conn:
            rows = await rows_or_refused(conn, "hold", {"hold_no": number})
        return Hold(*rows[0]) if rows else None

    async def page(
        self,
        before: int | None,
        limit: int,
        standing: bool | None = None,
        wearer: str | None = None,
        wearers: Collection[str] | None = None,
    ) -> list[Hold]:
        """Holds, the newest first, from before a number; of ``wearers`` alone where they are given."""
        wanted = {"standing": standing, "wearer": wearer, "wearers": None if wearers is None else sorted(wearers)}
        async with self._pool.connection() as conn:
            return [
                Hold(*row) for row in await rows_or_refused(conn, "holds", wanted | {"before": before, "limit": limit})
            ]
