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
from store.refusing import refusing
from store.requests import NEWEST, Note
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection, at

RESTS: Final = "warrant"
"""Of what rests on a violation."""


@dataclass(frozen=True, slots=True)
class NewWarrant:
    """What a court issued; ``violations`` are those that it rests on, ``breach`` is the case that it follows."""

    kind: WarrantKind
    wearer: str
    area: str | None
    reference: str
    issued_us: int
    agency: str
    person: str
    violations: tuple[str, ...] = ()
    breach: int | None = None


class Holding(NamedTuple):
    """Who held a warrant from when to when (None: holds it now), who entered that, and who of theirs said that they have it."""

    agency: str
    person: str
    from_us: int
    to_us: int | None
    by: str
    accepted_us: int | None = None
    accepted_by: str | None = None


class Rests(NamedTuple):
    """A violation that a warrant rests on; ``withdrawn``: it does not stand any more."""

    violation: str
    withdrawn: bool


class End(NamedTuple):
    """What became of a warrant: when it happened (None: as it is entered), where, and what else."""

    outcome: WarrantOutcome
    happened_us: int | None = None
    place: str | None = None
    note: str | None = None


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
    breach: int | None
    happened_us: int | None
    place: str | None
    note: str | None
    holdings: tuple[Holding, ...]
    rests_on: tuple[Rests, ...]

    @property
    def holder(self) -> Holding | None:
        """Who holds it now."""
        return next((one for one in self.holdings if one.to_us is None), None)

    @property
    def revision(self) -> int:
        """Counts its changes, for `If-Match`."""
        accepted = sum(one.accepted_us is not None for one in self.holdings)
        return len(self.holdings) + accepted + (self.ended_us is not None)


class Locked(NamedTuple):
    """A warrant that has not ended, as it is while nobody else can change it."""

    no: int
    revision: int
    agency: str | None
    person: str | None
    accepted: bool


class Life(NamedTuple):
    """A warrant from when it was issued to when it ended (None: it is out)."""

    kind: WarrantKind
    area: str | None
    issued_us: int
    ended_us: int | None
    outcome: WarrantOutcome | None


class NoSuchBreach(Exception):
    """There is no breach case of that number and wearer."""


class Warrants:
    """The warrants; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def issue(self, new: NewWarrant, by: str, at_us: int, entry: Entry, note: Note) -> int:
        """Enters one with its first holder; its number. One that follows a breach case rests on what that relies on too.

        Raises `NoSuchBreach`.
        """
        values: dict[str, Any] = {"kind": new.kind.value, "wearer": new.wearer, "area": new.area}
        values |= {"reference": new.reference, "breach": new.breach}
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                await note(conn)
                relied = await _relied_on(conn, new)
                stamp = {"issued_at": At(new.issued_us), "at": At(at_us), "by": by}
                row = await (await conn.execute(statement("warrant_issue"), values | stamp)).fetchone()
                assert row is not None
                no = int(row[0])
                await _hold(conn, no, new.agency, new.person, by, at_us)
                await enter_resting(conn, RESTS, str(no), relied, by, at_us)
                await write(conn, replace(entry, details=entry.details | {"warrant": str(no)}))
        return no

    async def hand_over(
        self, no: int, revision: int | None, agency: str, person: str, by: str, at_us: int, entry: Entry
    ) -> Locked | None:
        """Another holds it from now on. As it was before, where that is not ``revision`` nothing was changed; None: there is none."""
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                was = await _lock(conn, no)
                if was is None or revision not in (None, was.revision):
                    return was
                await conn.execute(statement("warrant_let_go"), {"no": no, "at": At(at_us)})
                await _hold(conn, no, agency, person, by, at_us)
                await write(conn, entry)
        return was

    async def accept(self, no: int, revision: int | None, by: str, at_us: int, entry: Entry) -> Locked | None:
        """Whoever holds it says that they have it; said again it changes nothing. Gives what `hand_over` gives."""
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                was = await _lock(conn, no)
                if was is None or revision not in (None, was.revision) or was.accepted:
                    return was
                await conn.execute(statement("warrant_accept"), {"no": no, "by": by, "at": At(at_us)})
                await write(conn, entry)
        return was

    async def end(self, no: int, revision: int | None, end: End, by: str, at_us: int, entry: Entry) -> Locked | None:
        """It is over, and nobody holds it. Gives what `hand_over` gives."""
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                was = await _lock(conn, no)
                if was is None or revision not in (None, was.revision):
                    return was
                await conn.execute(statement("warrant_let_go"), {"no": no, "at": At(at_us)})
                values = {"no": no, "outcome": end.outcome.value, "place": end.place, "note": end.note, "by": by}
                stamps = {"at": At(at_us), "happened_at": at(end.happened_us)}
                await conn.execute(statement("warrant_end"), values | stamps)
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

    async def lives(self, sight: Sight) -> list[Life]:
        """From when to when each warrant in sight was out."""
        async with self._pool.connection() as conn:
            rows = await rows_seen(conn, sight, "warrant_lives", {})
        return [_life(*row) for row in rows]

    async def wearers_held(self, agency: str) -> frozenset[str]:
        """The wearers of the warrants that an agency holds."""
        async with self._pool.connection() as conn:
            found = await conn.execute(statement("wearers_of_warrants_held"), {"agency": agency})
            return frozenset(row[0] for row in await found.fetchall())


async def _relied_on(conn: Connection, new: NewWarrant) -> list[str]:
    if new.breach is None:
        return list(new.violations)
    row = await (await conn.execute(statement("breach_relied_on"), {"no": new.breach, "wearer": new.wearer})).fetchone()
    if row is None:
        raise NoSuchBreach
    return sorted({*new.violations, *row[1]})


async def _lock(conn: Connection, no: int) -> Locked | None:
    row = await (await conn.execute(statement("warrant_lock"), {"no": no})).fetchone()
    return None if row is None else Locked(*row)


async def _hold(conn: Connection, no: int, agency: str, person: str, by: str, at_us: int) -> None:
    values = {"no": no, "agency": agency, "person": person, "by": by, "at": At(at_us)}
    await conn.execute(statement("warrant_hold"), values)


def _life(kind: str, area: str | None, issued_us: int, ended_us: int | None, outcome: str | None) -> Life:
    return Life(WarrantKind(kind), area, issued_us, ended_us, None if outcome is None else WarrantOutcome(outcome))


def _row(row: Sequence[Any]) -> WarrantRow:
    (no, kind, wearer, area, reference) = row[:5]
    (issued_us, made_us, made_by, ended_us, ended_by, outcome) = row[5:11]
    (breach, happened_us, place, note, holdings, rests_on) = row[11:]
    ended = None if outcome is None else WarrantOutcome(outcome)
    held, rests = tuple(Holding(*one) for one in holdings), tuple(Rests(*one) for one in rests_on)
    stamps = (issued_us, made_us, made_by, ended_us, ended_by)
    after = (breach, happened_us, place, note)
    what = (no, WarrantKind(kind), wearer, area, reference)
    return WarrantRow(*what, *stamps, ended, *after, holdings=held, rests_on=rests)
