"""Breach cases: their dates, what they rely on, their narratives; and what of an order there is to rely on.

Nothing is edited: every change adds rows in one transaction with its entry of the audit and moves the case's revision on. What a
case relies on is marked, so that a withdrawal is a critical task (failure 22). Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import psycopg

from domain.breaches import BreachStep, Chosen, DatedStep
from domain.callers import Sight
from domain.violations import Violation
from domain.vocabulary import AssessmentDecision, OrderKind
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import Refused, StoreError
from store.refusing import refusing, rows_or_refused
from store.requests import NEWEST, Note
from store.rows_read import violation
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection, at

MOST_VIOLATIONS: Final = 2_000
"""Violations of one order that a choice is made of."""


class NoLongerSo(StoreError):
    """Violations that were to be relied on have been withdrawn or have a newer version; nothing was written."""

    def __init__(self, violations: list[str]) -> None:
        super().__init__(f"changed since you saw them: {', '.join(violations)}")
        self.violations = violations


class Decided(NamedTuple):
    """The newest assessment of a violation."""

    decision: AssessmentDecision
    at_us: int
    by: str
    reason: str


class OrderViolation(NamedTuple):
    """A current violation of an order; ``decided`` None: nobody has assessed it."""

    violation: Violation
    decided: Decided | None


class OrderRow(NamedTuple):
    """An order as known now; ``areas``: its own and those above it, the nearest first."""

    id: str
    wearer: str
    kind: OrderKind
    from_us: int
    to_us: int | None
    organisation: str | None
    officer: str | None
    email: str | None
    atv_allowance_min: float | None
    areas: tuple[str, ...]


class ChosenRow(NamedTuple):
    """A violation of a case's newest choice: as it was chosen, and what became of it since.

    ``violation`` is the version that was chosen, ``newest`` the highest that there is, ``decided`` the newest assessment.
    """

    chosen: Chosen
    violation: Violation
    newest: int
    withdrawn: bool
    decided: Decided | None
    made_us: int
    made_by: str


class Narrative(NamedTuple):
    """A version of what the officer wrote; ``ready``: it may stand in a pack."""

    version: int
    text: str
    ready: bool
    made_us: int
    made_by: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case with every entry of its dates, corrected ones too, as recorded (`domain.breaches.standing` has what holds)."""

    no: int
    order: str
    order_kind: OrderKind
    wearer: str
    area: str | None
    route: str
    status: str
    revision: int
    made_us: int
    made_by: str
    ended_us: int | None
    steps: tuple[DatedStep, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case whole: ``choice`` counts its choices, ``chosen`` is the newest, narratives the oldest first."""

    row: CaseRow
    choice: int
    chosen: tuple[ChosenRow, ...]
    narratives: tuple[Narrative, ...]


class OrderCounts(NamedTuple):
    """What there is of an order; ``going``: curfew violations that still run. ``new``: of those to assess, found of late."""

    to_assess: int = 0
    new: int = 0
    upheld: int = 0
    otherwise: int = 0
    gaps: int = 0
    minutes_counted: float = 0.0
    going: int = 0


class OrderAtHand(NamedTuple):
    """An order of an officer's caseload; ``cases``: those that are not over."""

    id: str
    wearer: str
    name: str
    kind: OrderKind
    from_us: int
    to_us: int | None
    officer: str | None
    area: str | None
    atv_allowance_min: float | None
    cases: list[int]
    counts: OrderCounts


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a case is opened with: the order, its route, the first dates, the choice, and perhaps a narrative."""

    order: OrderRow
    route: str
    status: str
    steps: tuple[DatedStep, ...]
    chosen: tuple[Chosen, ...]
    narrative: str | None = None


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What is given must hold. ``open``: not over."""

    order: str | None = None
    wearer: str | None = None
    status: str | None = None
    open: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a change makes of a case of ``revision``; ``rests_on``: the violations that it rests on after it."""

    no: int
    revision: int
    status: str
    ended_us: int | None
    by: str
    at_us: int
    rests_on: tuple[str, ...]


async def order_counts(
    conn: Connection, orders: Sequence[str], wearers: Sequence[str], kinds: Sequence[str], fresh_us: int
) -> dict[str, OrderCounts]:
    """Of each of some orders that whoever asks may see; ``wearers`` are whose they are."""
    wanted = {"orders": list(orders), "wearers": list(set(wearers)), "kinds": list(kinds), "fresh": At(fresh_us)}
    rows = await _rows(conn, "order_counts", wanted)
    return dict.fromkeys(orders, OrderCounts()) | {row[0]: OrderCounts(*row[1:]) for row in rows}


def relied_on(chosen: Sequence[Chosen]) -> tuple[str, ...]:
    """The ids of those of a choice that are relied on."""
    return tuple(one.violation for one in chosen if one.relied)


class Breaches:
    """The breach cases; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---- reading ----

    async def cases(
        self, sight: Sight, wanted: CaseFilter, before: int | None, limit: int, no: int | None = None
    ) -> list[CaseRow]:
        """Those in sight, the newest first, those before ``before``."""
        page = {"before": NEWEST if before is None else before, "limit": limit, "no": no}
        named = {"order": wanted.order, "wearer": wanted.wearer, "status": wanted.status, "open": wanted.open}
        async with self._pool.connection() as conn:
            return [_case(row) for row in await rows_seen(conn, sight, "breaches_page", page | named)]

    async def case(self, no: int, sight: Sight) -> Case | None:
        """One, whole; None when there is none in sight."""
        found = await self.cases(sight, CaseFilter(), None, 1, no)
        if not found:
            return None
        async with self._pool.connection() as conn:
            chosen = await rows_seen(conn, sight, "breach_chosen", {"no": no})
            told = await rows_seen(conn, sight, "breach_narratives_of", {"no": no})
            decided = await _assessments(conn, [row[_ID] for row in chosen])
        choice = int(chosen[0][0]) if chosen else 0
        rows = tuple(_chosen(row, decided.get(row[_ID])) for row in chosen)
        return Case(found[0], choice, rows, tuple(Narrative(*row) for row in told))

    async def order(self, order: str, sight: Sight) -> OrderRow | None:
        """An order in sight, as known now; None when there is none."""
        async with self._pool.connection() as conn:
            rows = await rows_seen(conn, sight, "order_of_case", {"order": order})
        if not rows:
            return None
        found = OrderRow(*rows[0])
        return found._replace(kind=OrderKind(found.kind), areas=tuple(found.areas))

    async def violations_of(self, order: str, sight: Sight) -> list[OrderViolation]:
        """The current violations of an order in sight, the oldest first; at most `MOST_VIOLATIONS` and one."""
        wanted = {"order": order, "limit": MOST_VIOLATIONS + 1}
        async with self._pool.connection() as conn:
            found = [violation(row) for row in await rows_seen(conn, sight, "violations_of_order", wanted)]
            decided = await _assessments(conn, [one.id for one in found])
        return [OrderViolation(one, decided.get(one.id)) for one in found]

    async def caseload(
        self,
        sight: Sight,
        officer: str | None,
        kinds: Sequence[str],
        now_us: int,
        since_us: int,
        *,
        after: str | None,
        limit: int,
    ) -> list[OrderAtHand]:
        """Orders in sight that are not over since ``since_us``, by id: of the officer with that address, or of all.

        ``kinds`` are those of violations that can be relied on at all.
        """
        wanted = {"officer": officer, "now": At(now_us), "since": At(since_us), "after": after, "limit": limit}
        async with self._pool.connection() as conn:
            rows = await rows_seen(conn, sight, "orders_of_officer", wanted)
            wearers = [row[1] for row in rows]
            names = dict(await rows_seen(conn, sight, "names_at_hand", {"wearers": wearers}))
            counts = await order_counts(conn, [row[0] for row in rows], wearers, kinds, now_us)
        found = [OrderAtHand(*(*row[:2], "", *row[2:], OrderCounts())) for row in rows]
        return [
            one._replace(name=names.get(one.wearer) or "", kind=OrderKind(one.kind), counts=counts[one.id])
            for one in found
        ]

    async def areas_above(self, area: str) -> tuple[str, ...]:
        """An area and those above it, the nearest first."""
        async with self._pool.connection() as conn:
            return tuple(row[0] for row in await _rows(conn, "areas_above", {"area": area}))

    # ---- writing ----

    async def open_case(self, new: NewCase, by: str, at_us: int, entry: Entry, note: Note) -> int:
        """Opens a case; its number. Raises `NoLongerSo` and `Refused`."""
        order = new.order
        area = order.areas[0] if order.areas else None
        about = {"order": order.id, "order_kind": order.kind.value, "wearer": order.wearer, "area": area}
        values = about | {"route": new.route, "status": new.status, "at": At(at_us), "by": by}
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            no = int((await _rows(conn, "breach_open", values))[0][0])
            for step in new.steps:
                await _date(conn, no, step)
            await _rest(conn, no, relied_on(new.chosen), by, at_us)
            await _choose(conn, no, new.chosen, by, at_us)
            if new.narrative is not None:
                await _narrate(conn, no, new.narrative, False, by, at_us)
            await write(conn, replace(entry, details=entry.details | {"breach": str(no)}))
        return no

    async def add_step(self, change: Change, step: DatedStep, entry: Entry, note: Note) -> bool:
        """Enters a date or a correction; False when the case is not of that revision any more. Raises `Refused`."""
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            if not await _held(conn, change):
                return False
            await _date(conn, change.no, step)
            await _changed(conn, change)
            await write(conn, entry)
        return True

    async def choose(self, change: Change, chosen: Sequence[Chosen], entry: Entry, note: Note) -> bool:
        """Makes a new choice; False as in `add_step`. Raises `NoLongerSo` and `Refused`."""
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            if not await _held(conn, change):
                return False
            await _changed(conn, change)
            await _choose(conn, change.no, chosen, change.by, change.at_us)
            await write(conn, entry)
        return True

    async def narrate(self, change: Change, text: str, ready: bool, entry: Entry, note: Note) -> bool:
        """Enters a version of the narrative; False as in `add_step`. Raises `Refused`."""
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            if not await _held(conn, change):
                return False
            await _narrate(conn, change.no, text, ready, change.by, change.at_us)
            await _changed(conn, change)
            await write(conn, entry)
        return True


async def _held(conn: Connection, change: Change) -> bool:
    rows = await _rows(conn, "breach_lock", {"no": change.no})
    return bool(rows) and rows[0][0] == change.revision


async def _changed(conn: Connection, change: Change) -> None:
    values = {"no": change.no, "status": change.status, "ended_at": at(change.ended_us)}
    await conn.execute(statement("breach_changed"), values)
    await _rest(conn, change.no, change.rests_on, change.by, change.at_us)


async def _rest(conn: Connection, no: int, violations: Sequence[str], by: str, at_us: int) -> None:
    values = {"reference": str(no), "ids": list(violations), "at": At(at_us), "by": by}
    await _do(conn, "breach_rests", values)
    await _do(conn, "breach_rests_on_no_other", {name: values[name] for name in ("reference", "ids", "at")})


async def _date(conn: Connection, no: int, step: DatedStep) -> None:
    said = {"step": step.step.value, "happened": at(step.at_us), "result": step.result, "note": step.note}
    mended = {"corrects": step.corrects, "why": step.why, "at": At(step.made_us), "by": step.made_by}
    await _rows(conn, "breach_date", {"no": no} | said | mended)


async def _choose(conn: Connection, no: int, chosen: Sequence[Chosen], by: str, at_us: int) -> None:
    """What is relied on was marked before it is looked at here: what is withdrawn meanwhile is refused, or a task."""
    relied = [one for one in chosen if one.relied]
    seen = {"ids": [one.violation for one in relied], "versions": [one.version for one in relied]}
    gone = await _rows(conn, "gone_of_relied", seen)
    if gone:
        raise NoLongerSo([row[0] for row in gone])
    ((choice,),) = await _rows(conn, "breach_next_choice", {"no": no})
    stamp = {"no": no, "choice": choice, "at": At(at_us), "by": by}
    for one in chosen:
        what = {"violation": one.violation, "version": one.version, "relied": one.relied, "why": one.why}
        told = {"told_at": at(one.told_us), "told_how": one.told_how}
        await _do(conn, "breach_choose", stamp | what | told)


async def _narrate(conn: Connection, no: int, text: str, ready: bool, by: str, at_us: int) -> None:
    values = {"no": no, "text": text, "ready": ready, "at": At(at_us), "by": by}
    await _rows(conn, "breach_narrate", values)


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return await rows_or_refused(conn, name, parameters)
    except psycopg.errors.UniqueViolation as error:
        raise Refused(str(error)) from error


async def _do(conn: Connection, name: str, parameters: dict[str, Any]) -> None:
    with refusing():
        await conn.execute(statement(name), parameters)


def _case(row: Sequence[Any]) -> CaseRow:
    (no, order, kind, wearer, area, route, status, revision, made_us, made_by, ended_us, steps) = row
    dated = tuple(DatedStep(one[0], BreachStep(one[1]), *one[2:]) for one in steps)
    stamps = (revision, made_us, made_by, ended_us, dated)
    return CaseRow(no, order, OrderKind(kind), wearer, area, route, status, *stamps)


_ID: Final = 10
"""Where a row of `breach_chosen` has the violation's id."""


def _chosen(row: Sequence[Any], decided: Decided | None) -> ChosenRow:
    (_, version, relied, why, told_us, told_how, made_us, made_by, newest, withdrawn, *rest) = row
    found = violation(rest)
    chosen = Chosen(found.id, version, relied, why, told_us, told_how)
    return ChosenRow(chosen, found, newest, withdrawn, decided, made_us, made_by)


async def _assessments(conn: Connection, ids: Sequence[str]) -> dict[str, Decided]:
    """Of violations that were seen by the caller: whoever sees one sees what was decided of it."""
    rows = await _rows(conn, "assessments_entered", {"ids": list(ids)}) if ids else []
    return {row[0]: Decided(AssessmentDecision(row[1]), row[2] or 0, row[3] or "", row[4] or "") for row in rows}
