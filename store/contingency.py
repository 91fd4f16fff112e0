"""What the contingency list is made of, as a process reads it that may see no position but each wearer's newest used fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from domain.instants import DAY_US
from store.connecting import Pool
from store.statements import statement
from store.times import At

PLACE_AGE_US: Final = DAY_US
"""An older fix says nothing of what can have been reached: then everything can."""
MOST_WAITING: Final = 500
"""Wearers named of whom ingest does not know yet; after a first import it is everybody."""


class Watched(NamedTuple):
    """A wearer with orders in force; records as the caseload file has them."""

    id: str
    record: dict[str, Any]
    orders: list[dict[str, Any]]


class Newest(NamedTuple):
    """Where a wearer was last: degrees, metres, microseconds UTC."""

    lon: float
    lat: float
    acc_m: float
    t_us: int


class OpenAlerts(NamedTuple):
    """The open alerts about a wearer; ``worst`` 0 is critical."""

    number: int
    worst: int
    kinds: list[str]
    oldest_us: int


class Waiting(NamedTuple):
    """A wearer about whom something was entered that ingest has not taken; ``record`` the newest as entered."""

    id: str
    record: dict[str, Any]
    types: list[str]
    since_us: int
    of: int
    """How many such wearers there are."""


class Contingency:
    """The questions. Each is one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def people(self, now_us: int) -> list[Watched]:
        """Wearers with an order in force, by id."""
        return [Watched(*row) for row in await self._rows("contingency_people", {"now": At(now_us)})]

    async def alerts(self) -> dict[str, OpenAlerts]:
        """The open alerts, by wearer."""
        return {row[0]: OpenAlerts(*row[1:]) for row in await self._rows("contingency_alerts", {})}

    async def waiting(self) -> list[Waiting]:
        """The first `MOST_WAITING` about whom something waits for ingest, the oldest first."""
        return [Waiting(*row) for row in await self._rows("contingency_waiting", {"limit": MOST_WAITING})]

    async def places(self, wearers: Sequence[str], now_us: int) -> dict[str, Newest]:
        """The newest used fix of each of some wearers, where it is not too old to say anything."""
        wanted = {"wearers": list(wearers), "since": At(now_us - PLACE_AGE_US), "now": At(now_us)}
        return {row[0]: Newest(*row[1:]) for row in await self._rows("used_fixes_of_wearers", wanted)}

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()
