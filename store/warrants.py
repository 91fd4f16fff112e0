"""Warrants, and by whom each was held when: one agency and one named person at a time.

Instants are microseconds UTC, numbers 64-bit. Every change is one transaction with its entry of the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from domain.callers import Sight
from domain.vocabulary import WarrantKind, WarrantOutcome
from store.audit import Entry, write
from store.connecting import Pool
from store.desk import end_resting, enter_resting
from store.requests import NEWEST, Note
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection

RESTS: Final = "warrant"
"""Of what rests on a violation."""


@dataclass(frozen=True, slots=True)
class NewWarrant:
    """What a court issued; ``violations`` are those that it rests on."""

    kind: WarrantKind
    wearer: str
    area: str | None
    reference: str
    issued_us: int
    agency: str
    person: str
    violations: tuple[str, ...] = ()


class Holding(NamedTuple):
    """Who held a warrant from when to when (None: holds it now), and who entered that."""

    agency: str
    person: str
    from_us: int
    to_us: int | None
    by: str


@dataclass(frozen=True, slots=True)
class WarrantRow:
    """A warrant as it is now; ``holdings`` in order, the last is the newest."""

    no: int
    kind: WarrantKind
    wearer: str
    area: str | None
    reference: str
    issued_us: int
    made_us: int
    made_by: str
    ended_us: int | None
    ended_by: str | None
    outcome: WarrantOutcome | None
    holdings: tuple[Holding, ...]

    @property
    def holder(self) -> Holding | None:
        """Who holds it now."""
        return next((one for one in self.holdings if one.to_us is None), None)

    @property
    def revision(self) -> int:
        """Counts its changes, for `If-Match`."""
        return len(self.holdings) + (self.ended_us is not None)


class Locked(NamedTuple):
    """A warrant that has not ended, as it is while nobody else can change it."""

    no: int
    revision: int
    agency: str | None
    person: str | None


class Warrants:
    """The warrants; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def issue(self, new: NewWarrant, by: str, at_us: int, entry: Entry, note: Note) -> int:
        """Enters one with its first holder; its number."""
        values = {"kind": new.kind.value, "wearer": new.wearer, "area": new.area, "reference": new.reference}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            stamp = {"issued_at": At(new.issued_us), "at": At(at_us), "by": by}
            row = await (await conn.execute(statement("warrant_issue"), values | stamp)).fetchone()
            assert row is not None
            no = int(row[0])
            await _hold(conn, no, new.agency, new.person, by, at_us)
            await enter_resting(conn, RESTS, str(no), new.violations, by, at_us)
            await write(conn, replace(entry, details=entry.details | {"warrant": str(no)}))
        return no

    async def hand_over(
        self, no: int, revision: int | None, agency: str, person: str, by: str, at_us: int, entry: Entry
    ) -> Locked | None:
        """Another holds it from now on. As it was before, where that is not ``revision`` nothing was changed; None: there is none."""
        async with self._pool.connection() as conn, conn.transaction():
            was = await _lock(conn, no)
            if was is None or revision not in (None, was.revision):
                return was
            await conn.execute(statement("warrant_let_go"), {"no": no, "at": At(at_us)})
            await _hold(conn, no, agency, person, by, at_us)
            await write(conn, entry)
        return was

    async def end(
        self, no: int, revision: int | None, outcome: WarrantOutcome, by: str, at_us: int, entry: Entry
    ) -> Locked | None:
        """It is over, and nobody holds it. Gives what `hand_over` gives."""
        async with self._pool.connection() as conn, conn.transaction():
            was = await _lock(conn, no)
            if was is None or revision not in (None, was.revision):
                return was
            await conn.execute(statement("warrant_let_go"), {"no": no, "at": At(at_us)})
            values = {"no": no, "outcome": outcome.value, "by": by, "at": At(at_us)}
            await conn.execute(statement("warrant_end"), values)
            await end_resting(conn, RESTS, str(no), at_us)
            await write(conn, entry)
        return was

    async def warrant(self, no: int, sight: Sight) -> WarrantRow | None:
        """One; None when there is none in sight."""
        found = await self.warrants(sight, None, 1, no=no)
        return found[0] if found else None

    async def warrants(
        self,
        sight: Sight,
        before: int | None,
        limit: int,
        *,
        is_open: bool | None = None,
        wearer: str | None = None,
        no: int | None = None,
    ) -> list[WarrantRow]:
        """Those in sight, the newest first, those before ``before``; open or ended ones alone, when asked."""
        page = {"before": NEWEST if before is None else before, "limit": limit, "open": is_open}
        async with self._pool.connection() as conn:
            rows = await rows_seen(conn, sight, "warrants_page", page | {"wearer": wearer, "no": no})
        return [_row(row) for row in rows]

    async def wearers_held(self, agency: str) -> frozenset[str]:
        """The wearers of the warrants that an agency holds."""
        async with self._pool.connection() as conn:
            found = await conn.execute(statement("wearers_of_warrants_held"), {"agency": agency})
            return frozenset(row[0] for row in await found.fetchall())


async def _lock(conn: Connection, no: int) -> Locked | None:
    row = await (await conn.execute(statement("warrant_lock"), {"no": no})).fetchone()
    return None if row is None else Locked(*row)


async def _hold(conn: Connection, no: int, agency: str, person: str, by: str, at_us: int) -> None:
    values = {"no": no, "agency": agency, "person": person, "by": by, "at": At(at_us)}
    await conn.execute(statement("warrant_hold"), values)


def _row(row: Sequence[Any]) -> WarrantRow:
    (no, kind, wearer, area, reference, *rest) = row
    (issued_us, made_us, made_by, ended_us, ended_by, outcome, holdings) = rest
    ended = None if outcome is None else WarrantOutcome(outcome)
    held = tuple(Holding(*one) for one in holdings)
    stamps = (issued_us, made_us, made_by, ended_us, ended_by)
    return WarrantRow(no, WarrantKind(kind), wearer, area, reference, *stamps, ended, held)
