"""What enforcement is measured by: breach cases and orders with their dates, alerts that held, and aggregates that were published.

Rows in here are of single people and leave `api` only as suppressed figures (`evidence.measures`). Instants are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from store.connecting import Pool
from store.statements import statement
from store.times import At


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A breach case, or an order to be fitted.

    Attributes
    ----------
    steps : when each step first was, by its word; ``failure`` when the newest violation relied on began.
    limit_h : an order's own limit for its fitting.
    result : a breach's newest result; None while it has none.
    """

    area: str | None
    organisation: str | None
    order_kind: str
    level: str | None
    cohorts: tuple[str, ...]
    steps: dict[str, int]
    limit_h: float | None = None
    result: str | None = None


class HeldRow(NamedTuple):
    """Alerts of a kind that were closed: how many held, of how many that is known."""

    kind: str
    held: int
    number: int


class Published(NamedTuple):
    """Suppressed aggregates, and when they were made."""

    made_us: int
    told: dict[str, Any]


class Measures:
    """The questions; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def breaches(self, from_us: int, to_us: int, now_us: int) -> list[CaseRow]:
        """Cases that were made in ``[from_us, to_us)``, with what had happened by ``now_us``."""
        rows = await self._rows("measured_breaches", _range(from_us, to_us) | {"now": At(now_us)})
        found = []
        for _, area, organisation, kind, level, cohorts, steps, failure_us, result in rows:
            dated = {name: int(us) for name, us in (steps or {}).items()}
            dated |= {} if failure_us is None else {"failure": int(failure_us)}
            found.append(CaseRow(area, organisation, kind, level, tuple(cohorts), dated, result=result))
        return found

    async def orders(self, from_us: int, to_us: int, now_us: int, limit_h: float) -> list[CaseRow]:
        """Orders that began in ``[from_us, to_us)``; ``limit_h`` is the limit of those that name none."""
        rows = await self._rows("measured_orders", _range(from_us, to_us) | {"now": At(now_us), "limit_h": limit_h})
        found = []
        for _, area, organisation, kind, level, cohorts, begun_us, fitted_us, own_h in rows:
            steps = {"order": begun_us} | ({} if fitted_us is None else {"fitted": fitted_us})
            found.append(CaseRow(area, organisation, kind, level, tuple(cohorts), steps, limit_h=own_h))
        return found

    async def areas(self) -> dict[str, str | None]:
        """Every area and the one above it."""
        return dict(await self._rows("areas_and_parents", {}))

    async def held(self, from_us: int, to_us: int) -> list[HeldRow]:
        """Alerts that were closed in ``[from_us, to_us)``, by kind; duplicates tell nothing."""
        return [HeldRow(*row) for row in await self._rows("held_by_kind", _range(from_us, to_us))]

    async def published(self, year: int) -> Published | None:
        """What the statistics job wrote of a year last; None when it has not run."""
        rows = await self._rows("statistics_published", {"year": year})
        return Published(*rows[0]) if rows else None

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[Any]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


def _range(from_us: int, to_us: int) -> dict[str, Any]:
    return {"from_at": At(from_us), "to_at": At(to_us)}
