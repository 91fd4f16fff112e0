"""What one shift hands over to the next: how things stand, cut to a sight; and what was handed over, kept as it was told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from domain.callers import Sight
from domain.instants import HOUR_US, MINUTE_US
from store.audit import Entry, write
from store.connecting import Pool
from store.refusing import rows_or_refused
from store.seeing import see_as
from store.times import At, Connection

LISTED: Final = 100
"""Rows of each list; the counts tell of all."""
FIRST_US: Final = 12 * HOUR_US
"""How far the very first handover looks back, and any at most one that was forgotten for long."""
SOON_US: Final = 15 * MINUTE_US
LATE_US: Final = MINUTE_US
"""A timer that is due for so long was looked at by nobody: dispatch is behind, or away."""
WAITED_US: Final = 15 * MINUTE_US
"""A task that was not done for so long is overdue."""

Note = Callable[[Connection], Awaitable[None]]
"""What else is done in the transaction, before."""


class OpenNow(NamedTuple):
    """Open alerts of a severity: how many, how many that nobody has, since when the oldest, and which that is."""

    severity: str
    number: int
    unclaimed: int
    oldest_us: int
    oldest: int


class AlertNow(NamedTuple):
    """An open alert; ``holder`` None: nobody has it."""

    alert_no: int
    kind: str
    code: str | None
    severity: str
    raised_us: int
    holder: str | None = None
    until_us: int | None = None


class MutedNow(NamedTuple):
    """A mute that stands, and the open alerts under it."""

    no: int
    to_us: int
    by: str
    alerts: list[int]


class Overdue(NamedTuple):
    """Something that should have been done: a ``claim`` that lapses, a ``timer``, a ``promise``, a ``task``."""

    what: str
    alert_no: int
    due_us: int


@dataclass(frozen=True, slots=True)
class Picture:
    """How things stand at an instant, and what came and went since the last handover."""

    at_us: int
    since_us: int
    raised: int
    closed: int
    open: list[OpenNow]
    claimed: list[AlertNow]
    unclaimed: list[AlertNow]
    muted: list[MutedNow]
    overdue: list[Overdue]


class Handover(NamedTuple):
    """A handover; ``taken_us`` None: nobody has taken it yet."""

    no: int
    since_us: int
    made_us: int
    made_by: str
    made_role: str
    note: str
    told: dict[str, Any]
    taken_us: int | None
    taken_by: str | None
    taken_role: str | None
    taken_note: str | None


class Handovers:
    """The handovers of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def picture(self, sight: Sight, now_us: int) -> Picture:
        """How things stand for whoever sees that."""
        last = await self._all("last_handover", {})
        since_us = max(last[0][0], now_us - FIRST_US) if last else now_us - FIRST_US
        now, listed = At(now_us), {"limit": LISTED}
        async with self._pool.connection() as conn, conn.transaction():
            await see_as(conn, sight)
            overdue = {
                "now": now,
                "soon": At(now_us + SOON_US),
                "late": At(now_us - LATE_US),
                "waited": At(now_us - WAITED_US),
            } | listed
            ((raised, closed),) = await rows_or_refused(conn, "handover_since", {"since": At(since_us)})
            return Picture(
                at_us=now_us,
                since_us=since_us,
                raised=raised,
                closed=closed,
                open=[OpenNow(*row) for row in await rows_or_refused(conn, "handover_open", {})],
                claimed=[AlertNow(*row) for row in await rows_or_refused(conn, "handover_claimed", listed)],
                unclaimed=[AlertNow(*row) for row in await rows_or_refused(conn, "handover_oldest", listed)],
                muted=[MutedNow(*row) for row in await rows_or_refused(conn, "handover_muted", {"now": now} | listed)],
                overdue=[Overdue(*row) for row in await rows_or_refused(conn, "handover_overdue", overdue)],
            )

    async def enter(
        self, note: str, told: dict[str, Any], since_us: int, entry: Entry, also: Note | None = None
    ) -> int:
        """Hands over, by whom and when ``entry`` says; its number. Raises `Refused`."""
        row = {"since": At(since_us), "at": At(entry.at_us), "by": entry.who, "role": entry.role, "note": note}
        async with self._pool.connection() as conn, conn.transaction():
            if also is not None:
                await also(conn)
            number = int((await rows_or_refused(conn, "enter_handover", row | {"told": Jsonb(told)}))[0][0])
            await write(conn, replace(entry, subjects=(str(number),)))
        return number

    async def take(self, number: int, note: str | None, entry: Entry, also: Note | None = None) -> bool:
        """Whoever ``entry`` names takes it; False when somebody did, or it is their own. Raises `Refused`."""
        row = {"handover_no": number, "at": At(entry.at_us), "by": entry.who, "role": entry.role, "note": note}
        async with self._pool.connection() as conn, conn.transaction():
            if also is not None:
                await also(conn)
            taken = bool(await rows_or_refused(conn, "take_handover", row))
            if taken:
                await write(conn, replace(entry, subjects=(str(number),)))
        return taken

    async def one(self, number: int) -> Handover | None:
        """A handover; None when there is none."""
        rows = await self._all("handovers", {"before": None, "one": number, "limit": 1})
        return Handover(*rows[0]) if rows else None

    async def page(self, before: int | None, limit: int) -> list[Handover]:
        """Handovers, the newest first, from before a number."""
        return [Handover(*row) for row in await self._all("handovers", {"before": before, "one": None, "limit": limit})]

    async def in_sight(
        self, sight: Sight, alerts: Collection[int], mutes: Collection[int]
    ) -> tuple[frozenset[int], frozenset[int]]:
        """Those of some alerts, and those of some mutes, that a sight shows."""
        if sight.everything:
            return frozenset(alerts), frozenset(mutes)
        async with self._pool.connection() as conn, conn.transaction():
            await see_as(conn, sight)
            seen = await rows_or_refused(conn, "alerts_in_sight", {"numbers": sorted(alerts)})
            muted = await rows_or_refused(conn, "mutes_in_sight", {"numbers": sorted(mutes)})
        return frozenset(row[0] for row in seen), frozenset(row[0] for row in muted)

    async def _all(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await rows_or_refused(conn, name, parameters)
