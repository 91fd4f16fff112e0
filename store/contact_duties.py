"""What protected people must be told, and every try to tell them (docs/victim-contact.md).

Instants are microseconds UTC. What must be told is `evidence.duties`' to say: here it is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from domain.callers import Sight
from domain.caseload_file import parse_record
from domain.instants import EARLY_US, FAR_US
from domain.records import Victim
from domain.vocabulary import Channel, DutyEvent, DutyState, Role, TellingResult
from store.audit import Entry, write
from store.caseload import ANY_NAME
from store.connecting import Pool
from store.refusing import refusing
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection

Facts = Mapping[str, Any]
Note = Callable[[Connection], Awaitable[None]]
MOST_OVERDUE: Final = 500
"""Overdue duties of which people are told at once."""
FIRST: Final = (EARLY_US, 0)
LAST: Final = (FAR_US, 0)
"""Before and after every duty."""


class KeptDuty(NamedTuple):
    """The newest duty of a topic and person."""

    no: int
    topic: str
    victim: str
    state: DutyState
    event: DutyEvent
    facts: Facts
    before: Facts | None
    clock_us: int
    due_us: int


@dataclass(frozen=True, slots=True)
class WantedDuty:
    """A duty as it should stand."""

    topic: str
    event: DutyEvent
    victim: str
    wearer: str
    order: str | None
    area: str | None
    facts: Facts
    before: Facts | None
    happens_us: int
    clock_us: int
    due_us: int

    def parameters(self, now_us: int) -> dict[str, Any]:
        """As the statements have them."""
        words: dict[str, Any] = {"topic": self.topic, "event": self.event.value, "victim": self.victim}
        words |= {"wearer": self.wearer, "order": self.order, "area": self.area}
        before = None if self.before is None else Jsonb(dict(self.before))
        stamps = {"happens_at": At(self.happens_us), "clock_at": At(self.clock_us), "due_at": At(self.due_us)}
        return {**words, "facts": Jsonb(dict(self.facts)), "before": before, **stamps, "now": At(now_us)}


class OverdueDuty(NamedTuple):
    """A duty that should have been done by ``due_us``."""

    no: int
    victim: str
    wearer: str
    event: DutyEvent
    due_us: int


class RecallWarrant(NamedTuple):
    """A warrant of recall, as `evidence.duties.Recall` has it."""

    no: int
    wearer: str
    area: str | None
    issued_us: int
    learnt_us: int
    withdrawn: bool


class Telling(NamedTuple):
    """One try: to whom (``adult``: the adult responsible for them), how, what came of it, and what was said back."""

    at_us: int
    channel: Channel
    result: TellingResult
    adult: bool
    said_back: str
    by: str = ""
    role: Role = Role.VICTIM_LIAISON


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A duty as it is now, with its tries in order; ``person`` is the victim's record, None where it is not seen."""

    no: int
    event: DutyEvent
    topic: str
    victim: str
    wearer: str
    order: str | None
    area: str | None
    facts: Facts
    before: Facts | None
    happens_us: int
    clock_us: int
    due_us: int
    made_us: int
    state: DutyState
    ended_us: int | None
    ended_by: str | None
    why: str | None
    revision: int
    tellings: tuple[Telling, ...]
    person: Facts | None


def place_of(row: DutyRow, *, is_open: bool | None) -> tuple[int, int]:
    """Where a duty stands in its list (`ContactDuties.page`)."""
    return (row.ended_us if is_open is False and row.ended_us is not None else row.due_us), row.no


class HeldDuty(NamedTuple):
    """A duty while nobody else can change it; ``missed``: tries that reached nobody."""

    state: DutyState
    revision: int
    clock_us: int
    missed: int


class ReckoningDuties:
    """What is kept, while no other dispatcher works it out."""

    def __init__(self, conn: Connection, kept: list[KeptDuty]) -> None:
        self._conn = conn
        self.kept = kept

    async def write(
        self,
        made: Sequence[WantedDuty],
        amended: Sequence[tuple[int, WantedDuty]],
        withdrawn: Sequence[int],
        now_us: int,
    ) -> None:
        """Makes duties, changes open ones by number, and ends those of which nothing need be told."""
        for duty in made:
            await self._conn.execute(statement("make_duty"), duty.parameters(now_us))
        for no, duty in amended:
            await self._conn.execute(statement("amend_duty"), duty.parameters(now_us) | {"no": no})
        if withdrawn:
            parameters = {"numbers": list(withdrawn), "now": At(now_us)}
            await self._conn.execute(statement("withdraw_duties"), parameters)


class ContactDuties:
    """The duties; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---- what dispatch works out ----

    @asynccontextmanager
    async def reckoning(self) -> AsyncIterator[ReckoningDuties]:
        """What is kept, to be brought to what should be; one transaction."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("hold_duties"))
            rows = await (await conn.execute(statement("newest_duties"))).fetchall()
            yield ReckoningDuties(conn, [_kept(row) for row in rows])

    async def victims(self) -> list[Victim]:
        """Everybody who is protected, as known now."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("victims_known"))).fetchall()
        records = [parse_record(body, ANY_NAME) for (body,) in rows]
        return [one for one in records if isinstance(one, Victim)]

    async def overdue(self, now_us: int) -> list[OverdueDuty]:
        """Those that should have been done, the longest overdue first; at most `MOST_OVERDUE`."""
        parameters = {"now": At(now_us), "limit": MOST_OVERDUE}
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("overdue_duties"), parameters)).fetchall()
        return [OverdueDuty(no, victim, wearer, DutyEvent(event), due) for no, victim, wearer, event, due in rows]

    async def over(self) -> list[str]:
        """The episodes of alerts about duties that are overdue no more: they were told, or ended."""
        async with self._pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(statement("duties_over"))).fetchall()]

    async def recalls(self) -> list[RecallWarrant]:
        """Every warrant of recall."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("recall_warrants"))).fetchall()
        return [RecallWarrant(*row) for row in rows]

    # ---- what people do ----

    async def page(
        self,
        sight: Sight,
        after: tuple[int, int] | None,
        limit: int,
        *,
        is_open: bool | None = None,
        victim: str | None = None,
        no: int | None = None,
    ) -> list[DutyRow]:
        """Those in sight after ``after`` (None: the first page), by `place_of`: the soonest due first; of ended ones the latest."""
        at_us, number = after or (LAST if is_open is False else FIRST)
        place = {"after_at": At(at_us), "after_no": number, "limit": limit}
        wanted = place | {"open": is_open, "victim": victim, "no": no}
        async with self._pool.connection() as conn:
            return [_row(row) for row in await rows_seen(conn, sight, "duties_page", wanted)]

    async def one(self, no: int, sight: Sight) -> DutyRow | None:
        """One; None when there is none in sight."""
        found = await self.page(sight, None, 1, no=no)
        return found[0] if found else None

    async def tell(
        self, no: int, revision: int | None, telling: Telling, state: DutyState, now_us: int, entry: Entry, note: Note
    ) -> HeldDuty | None:
        """Enters a try, after which the duty is in ``state``. As it was before; where that is not open, or not ``revision``, nothing was done."""
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                was = await _hold(conn, no)
                if was is None or was.state is not DutyState.OPEN or revision not in (None, was.revision):
                    return was
                await note(conn)
                words = {
                    "channel": telling.channel.value,
                    "result": telling.result.value,
                    "said_back": telling.said_back,
                }
                who = {"by_name": telling.by, "by_role": telling.role.value, "adult": telling.adult}
                stamps = {"no": no, "at": At(telling.at_us), "now": At(now_us)}
                await conn.execute(statement("enter_telling"), {**words, **who, **stamps})
                await _end(conn, no, state, telling.by, None, now_us)
                await write(conn, entry)
        return was

    async def give_up(
        self, no: int, revision: int | None, tries: int, why: str, by: str, now_us: int, entry: Entry
    ) -> HeldDuty | None:
        """They could not be reached. Gives what `tell` gives; nothing was done either where fewer than ``tries`` were made."""
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                was = await _hold(conn, no)
                if was is None or was.state is not DutyState.OPEN or revision not in (None, was.revision):
                    return was
                if was.missed >= tries:
                    await _end(conn, no, DutyState.NOT_REACHED, by, why, now_us)
                    await write(conn, entry)
        return was


async def _hold(conn: Connection, no: int) -> HeldDuty | None:
    row = await (await conn.execute(statement("hold_duty"), {"no": no})).fetchone()
    return None if row is None else HeldDuty(DutyState(row[0]), *row[1:])


async def _end(conn: Connection, no: int, state: DutyState, by: str, why: str | None, now_us: int) -> None:
    values = {"no": no, "state": state.value, "by_name": by, "why": why, "now": At(now_us)}
    await conn.execute(statement("end_duty"), values)


def _kept(row: Sequence[Any]) -> KeptDuty:
    (no, topic, victim, state, event, facts, before, clock_us, due_us) = row
    return KeptDuty(no, topic, victim, DutyState(state), DutyEvent(event), facts, before, clock_us, due_us)


def _row(row: Sequence[Any]) -> DutyRow:
    (no, event, topic, victim, wearer, order, area, facts, before) = row[:9]
    (happens_us, clock_us, due_us, made_us, state, ended_us, ended_by, why, revision, tellings, person) = row[9:]
    tried = tuple(
        Telling(at_us, Channel(channel), TellingResult(result), adult, said, by, Role(role))
        for at_us, channel, result, adult, said, by, role in tellings
    )
    whose = (no, DutyEvent(event), topic, victim, wearer, order, area, facts, before)
    stamps = (happens_us, clock_us, due_us, made_us)
    return DutyRow(*whose, *stamps, DutyState(state), ended_us, ended_by, why, revision, tried, person)
