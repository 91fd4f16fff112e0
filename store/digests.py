"""Officers' digests: what they are counted from, one row an officer and day, and whose turn it is to send one.

Two dispatchers make one row between them, and one of them has it at a time. Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from domain.breaches import BreachStep, DatedStep
from domain.instants import DAY_US, MINUTE_US
from domain.vocabulary import OrderKind
from store.breaches import OrderCounts, order_counts
from store.connecting import Pool
from store.statements import statement
from store.times import At

ORDERS_AT_ONCE: Final = 500
"""Counted in one question."""
OFFICERS_AT_ONCE: Final = 200
"""Likewise, of their alerts."""
LEASE_US: Final = 2 * MINUTE_US
"""So long one dispatcher has a digest to send."""
SETTLED_US: Final = 5 * MINUTE_US
"""An alert is told of once it is as old: what is being committed while a digest is made is the next one's."""
FIRST_US: Final = 7 * DAY_US
"""So far back an officer's first digest tells of alerts."""
RISEN_US: Final = 14 * DAY_US
"""An alert that began so long before may have become one to tell of since."""
TAKEN_BACK_US: Final = 90 * DAY_US
"""An alert so old may have been taken back since."""


class Officer(NamedTuple):
    """An officer of orders that run, with what is to be assessed of them; ``areas``: those of the orders.

    ``language``: what the order says that began last of those that say one.
    """

    email: str
    areas: frozenset[str]
    to_assess: int
    new: int
    fallen: int
    language: str | None = None


class OpenCase(NamedTuple):
    """A case that is not over, and whose it is."""

    email: str
    area: str | None
    order_kind: OrderKind
    route: str
    made_us: int
    steps: tuple[DatedStep, ...]


class Came(NamedTuple):
    """What came up for an officer since their last digest: alerts by kind; how many of earlier ones were taken back."""

    kinds: dict[str, int]
    taken_back: int


class Digest(NamedTuple):
    """A digest to be sent; ``attempts`` counts this one."""

    no: int
    email: str
    day: date
    told: dict[str, Any]
    attempts: int


class Digests:
    """Over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def officers(self, kinds: Collection[str], now_us: int, since_us: int, ended_us: int) -> list[Officer]:
        """Officers of orders that run, or ended after ``ended_us``, which have nothing to assess here.

        ``kinds`` are those that can be relied on, what was found after ``since_us`` is new.
        """
        orders = await self._rows("digest_orders", {"now": At(now_us), "ended": At(ended_us)})
        fallen: dict[str, int] = dict(await self._rows("digest_fallen", {}))
        found: dict[str, Officer] = {}
        for start in range(0, len(orders), ORDERS_AT_ONCE):
            some = orders[start : start + ORDERS_AT_ONCE]
            async with self._pool.connection() as conn:
                ids, wearers = [row[1] for row in some if row[4]], [row[2] for row in some if row[4]]
                counts = await order_counts(conn, ids, wearers, sorted(kinds), since_us)
            for email, order, _, area, _, language in some:
                was = found.get(email, Officer(email, frozenset(), 0, 0, 0))
                areas = was.areas if area is None else was.areas | {area}
                one = counts.get(order, OrderCounts())
                sums = (was.to_assess + one.to_assess, was.new + one.new, was.fallen + fallen.get(order, 0))
                found[email] = Officer(email, areas, *sums, language or was.language)
        return list(found.values())

    async def came(self, officers: Sequence[str], quiet: Collection[str], now_us: int) -> dict[str, Came]:
        """By officer, what came up since the last digest that they had; of the kinds ``quiet`` only what is more than that."""
        spans = {"settled": SETTLED_US, "first": FIRST_US, "risen": RISEN_US, "back": TAKEN_BACK_US}
        found = {email: Came({}, 0) for email in officers}
        for start in range(0, len(officers), OFFICERS_AT_ONCE):
            some = {
                "officers": list(officers[start : start + OFFICERS_AT_ONCE]),
                "quiet": sorted(quiet),
                "now": At(now_us),
            }
            for email, kind, count in await self._rows("digest_alerts", some | spans):
                found[email].kinds[kind] = count
            for email, count in await self._rows("digest_taken_back", some | spans):
                found[email] = found[email]._replace(taken_back=count)
        return found

    async def open_cases(self) -> list[OpenCase]:
        """Every case that is not over."""
        return [_case(row) for row in await self._rows("digest_cases", {})]

    async def made(self, day: date) -> frozenset[str]:
        """The officers who have a row of a day."""
        return frozenset(row[0] for row in await self._rows("digests_made", {"day": day}))

    async def areas_above(self, area: str) -> tuple[str, ...]:
        """An area and those above it, the nearest first."""
        return tuple(row[0] for row in await self._rows("areas_above", {"area": area}))

    async def make(self, email: str, day: date, told: dict[str, Any], *, says: bool, now_us: int) -> bool:
        """The officer's row of a day; False when there is one. Without anything to say it is kept as such, and never sent."""
        state = "waiting" if says else "nothing"
        row = {"officer": email, "day": day, "told": Jsonb(told), "state": state, "now": At(now_us)}
        return bool(await self._rows("digest_make", row))

    async def lease(self, now_us: int, limit: int) -> list[Digest]:
        """Those that are due to be sent, for this dispatcher alone for a while."""
        wanted = {"now": At(now_us), "until": At(now_us + LEASE_US), "limit": limit}
        return [Digest(*row) for row in await self._rows("digest_lease", wanted)]

    async def sent(self, no: int, at_us: int) -> None:
        """The channel took it."""
        await self._rows("digest_sent", {"no": no, "at": At(at_us)})

    async def not_sent(self, no: int, why: str, next_us: int | None) -> None:
        """It was not taken: to be tried again then; None: given up."""
        state = "failed" if next_us is None else "waiting"
        await self._rows("digest_not_sent", {"no": no, "why": why, "state": state, "next": At(next_us or 0)})

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


def _case(row: Sequence[Any]) -> OpenCase:
    email, area, kind, route, made_us, steps = row
    dated = tuple(DatedStep(one[0], BreachStep(one[1]), *one[2:]) for one in steps)
    return OpenCase(email, area, OrderKind(kind), route, made_us, dated)
