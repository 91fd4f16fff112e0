"""What rests on devices of a lot: every alert, and every breach, warrant, recall and arrest (failure 09), cut to a sight."""

from __future__ import annotations

from typing import NamedTuple

from domain.callers import Sight
from store.connecting import Pool
from store.seeing import rows_seen
from store.statements import statement


class OnLot(NamedTuple):
    """An alert (``what`` is `alert`, ``reference`` its number), or what rests on violations, by its reference.

    ``state``: of an alert `active` or `cleared`; of the rest `standing` or `ended`. ``outcome``: of an alert that was closed.
    """

    what: str
    reference: str
    kind: str | None
    wearer: str | None
    at_us: int
    state: str
    outcome: str | None
    devices: list[str]
    violations: list[str]


class Lots:
    """Over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def resting_on(self, lot: str, sight: Sight) -> list[OnLot]:
        """Everything in sight that rests on devices of a lot, what decisions rest on first, then by when it was made."""
        async with self._pool.connection() as conn:
            return [OnLot(*row) for row in await rows_seen(conn, sight, "resting_on_lot_seen", {"lot": lot})]

    async def devices_of(self, lot: str) -> int:
        """How many devices a lot has; 0 where there is no such lot."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("devices_of_lot"), {"lot": lot})).fetchone()
        return int(row[0]) if row else 0
