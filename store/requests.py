"""Requests to see positions: asked by one person, decided by another, used so many times, over at an instant.

Instants are microseconds UTC, numbers 64-bit. Every change is one transaction with its entry of the audit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from domain.vocabulary import RequestState
from store.audit import Entry, write
from store.connecting import Pool
from store.refusing import rows_or_refused
from store.statements import statement
from store.times import At, Connection

NEWEST: Final = (1 << 63) - 1
Note = Callable[[Connection], Awaitable[None]]
"""What is written in the transaction of a change beside it: the key of the request that asked for it."""


class Circle(NamedTuple):
    """A place: degrees, metres."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What is asked: of one wearer or of one place, positions of ``[from_us, to_us)``, until ``expires_us``."""

    organisation: str
    legal_ground: str
    purpose: str
    from_us: int
    to_us: int
    expires_us: int
    wearer: str | None = None
    place: Circle | None = None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as it is now."""

    no: int
    asked: NewRequest
    asked_us: int
    asked_by: str
    decided_us: int | None
    decided_by: str | None
    approved: bool | None
    decision: str | None
    revoked_us: int | None
    revoked_by: str | None
    revocation: str | None
    uses: int
    used_us: int | None

    def state(self, now_us: int) -> RequestState:
        """What it is at an instant. What was refused or revoked stays so."""
        if self.revoked_us is not None:
            return RequestState.REVOKED
        if self.approved is False:
            return RequestState.REFUSED
        if self.asked.expires_us <= now_us:
            return RequestState.EXPIRED
        return RequestState.APPROVED if self.approved else RequestState.ASKED


class StandingRequest(NamedTuple):
    """An approved request about a wearer: the positions of ``[from_us, to_us)`` may be seen by it."""

    no: int
    wearer: str
    from_us: int
    to_us: int


class Requests:
    """The requests; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ask(self, new: NewRequest, by: str, at_us: int, entry: Entry, note: Note) -> int:
        """Enters one; its number. Raises `Refused` for what the database cannot hold."""
        place = {} if new.place is None else new.place._asdict()
        names = ("organisation", "legal_ground", "purpose", "wearer")
        instants = {"from_at": At(new.from_us), "to_at": At(new.to_us), "expires_at": At(new.expires_us)}
        values = dict.fromkeys(Circle._fields) | {name: getattr(new, name) for name in names} | place | instants
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            rows = await rows_or_refused(conn, "request_ask", values | {"at": At(at_us), "by": by})
            no = int(rows[0][0])
            await write(conn, replace(entry, details=entry.details | {"request": str(no)}))
        return no

    async def decide(self, no: int, approved: bool, decision: str, by: str, at_us: int, entry: Entry) -> bool:
        """Approves or refuses; False when somebody did before, or it has expired, or there is none.

        Raises `Refused` where the one who decides is the one who asked.
        """
        values = {"no": no, "approved": approved, "decision": decision, "by": by, "at": At(at_us)}
        return await self._change("request_decide", values, entry)

    async def revoke(self, no: int, revocation: str, by: str, at_us: int, entry: Entry) -> bool:
        """Ends one that stands; False when none of that number does."""
        values = {"no": no, "revocation": revocation, "by": by, "at": At(at_us)}
        return await self._change("request_revoke", values, entry)

    async def _change(self, name: str, values: dict[str, Any], entry: Entry) -> bool:
        async with self._pool.connection() as conn, conn.transaction():
            if not await rows_or_refused(conn, name, values):
                return False
            await write(conn, entry)
        return True

    async def request(
        self, no: int, organisation: str | None, areas: Collection[str] | None = None
    ) -> RequestRow | None:
        """One; None when there is none, or it is another organisation's, or about a wearer of other areas."""
        found = await self.requests(organisation, None, 1, no, areas)
        return found[0] if found else None

    async def requests(
        self,
        organisation: str | None,
        before: int | None,
        limit: int,
        no: int | None = None,
        areas: Collection[str] | None = None,
    ) -> list[RequestRow]:
        """Those of one organisation (None: of all), the newest first, those before ``before``.

        With ``areas``, those about their wearers, and about places, which lie in no area of ours.
        """
        below = None if areas is None else sorted(areas)
        page: dict[str, Any] = {"before": NEWEST if before is None else before, "limit": limit, "areas": below}
        async with self._pool.connection() as conn:
            return [
                _row(row)
                for row in await rows_or_refused(conn, "requests_page", page | {"organisation": organisation, "no": no})
            ]

    async def standing(self, organisation: str, now_us: int) -> list[StandingRequest]:
        """Those of an organisation about a wearer by which positions may be seen now."""
        async with self._pool.connection() as conn:
            rows = await rows_or_refused(conn, "requests_standing", {"organisation": organisation, "now": At(now_us)})
        return [StandingRequest(*row) for row in rows]

    async def used(self, numbers: Sequence[int], by: str, at_us: int) -> None:
        """Positions are about to be seen by these."""
        async with self._pool.connection() as conn:
            await conn.execute(statement("request_use"), {"numbers": list(numbers), "by": by, "at": At(at_us)})


def _row(row: tuple[Any, ...]) -> RequestRow:
    (no, organisation, legal_ground, purpose, wearer, lon, lat, radius_m, from_us, to_us, *rest) = row
    (asked_us, asked_by, expires_us, *rest) = rest
    place = None if lon is None else Circle(lon, lat, radius_m)
    asked = NewRequest(organisation, legal_ground, purpose, from_us, to_us, expires_us, wearer, place)
    return RequestRow(no, asked, asked_us, asked_by, *rest)
