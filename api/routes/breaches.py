"""Breach cases: what of an order may be relied on, a case with its dates, its choices and its narratives (docs/breaches.md)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from api import breach_shapes, shapes
from api.audited import looked
from api.breach_bodies import at_hand_body, case_body, route_of, to_rely_on_body, whole_body
from api.breach_shapes import CaseAsked, ChoiceAsked, NarrativeAsked, StepAsked
from api.cursors import Name, Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, asks, once
from api.doors import Seen, seeing
from api.etags import etag, revision_seen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permitting import HasPermissions
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.routes.work import CREATED
from domain.breaches import BreachStep, Chosen, DatedStep
from domain.instants import DAY_US
from domain.vocabulary import Role
from evidence.breaches import BREACHES, Fault, Standing, faults, stand
from evidence.choosing import Wish, choice
from evidence.routes import Route, Routes
from evidence.working_days import WorkingDays
from store.audit import Entry, entry_of
from store.breaches import MOST_VIOLATIONS, Case, CaseFilter, CaseRow, Change, NewCase, NoLongerSo, relied_on
from store.permissions import Permissions

OVER_FOR_US: Final = 183 * DAY_US
"""Orders that ended less than so long ago are still at hand: a breach may be taken after the end."""
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    **CREATED,
    **NOT_FOUND,
    409: {"description": "A violation has changed meanwhile: look again", **PROBLEM_CONTENT},
    412: {"description": "The case has changed since", **PROBLEM_CONTENT},
}

Reads = Annotated[Seen, Depends(seeing(Deed.READ_BREACHES))]
Writes = Annotated[Asking, asks(Deed.WRITE_BREACHES)]
BreachId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
OrderId = Annotated[str, Path(pattern=ID_CHARACTERS)]
IfMatch = Annotated[str | None, Header(description='The `ETag` of the case as you saw it, such as `"1"`')]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["breaches"])


def routes_of(seen: Seen) -> Routes:
    """The routes; 503 where this process has none."""
    if seen.parts.routes is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "breach routes are not set up in this process")
    return seen.parts.routes


# ---- reading ----


@router.get("/breaches", response_model=shapes.Page[breach_shapes.CaseNow])
async def breaches(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    order: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    status: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="As its route calls it")] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Something rests on it, or nothing any more")
    ] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Breach cases, the newest first."""
    routes, now_us = routes_of(seen), seen.parts.now()
    wanted = CaseFilter(order, wearer, status, is_open)
    rows = await tables.breaches.cases(seen.sight, wanted, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    calendars = await _calendars(tables, routes, page)
    await looked(seen, Deed.READ_BREACHES, "wearer", sorted({row.wearer for row in page}), shown="breaches")
    items = [case_body(routes, calendars[row.area], row, now_us) for row in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.get("/breaches/{breach}", response_model=breach_shapes.CaseWhole, responses=NOT_FOUND)
async def breach(breach: BreachId, seen: Reads, tables: HasPermissions) -> Response:
    """One case whole; its revision is the `ETag`."""
    case = await _read(tables, seen, breach)
    await looked(seen, Deed.READ_BREACHES, "wearer", [case.row.wearer], shown="breach", breach=breach)
    return await _told(tables, seen, case)


@router.get("/orders/{order}/to-rely-on", response_model=breach_shapes.OrderToRelyOn, responses=NOT_FOUND)
async def to_rely_on(order: OrderId, seen: Reads, tables: HasPermissions) -> Response:
    """The current violations of an order, the oldest first: what was decided of each, and why it may not be relied on."""
    routes, now_us = routes_of(seen), seen.parts.now()
    row = await tables.breaches.order(order, seen.sight)
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such order")
    found = await tables.breaches.violations_of(order, seen.sight)
    cases = await tables.breaches.cases(seen.sight, CaseFilter(order=order), None, 100)
    await looked(seen, Deed.READ_BREACHES, "wearer", [row.wearer], shown="to_rely_on", order=order)
    calendar = routes.calendar(row.areas)
    told = [case_body(routes, calendar, case, now_us) for case in cases]
    return answer(to_rely_on_body(row, found[:MOST_VIOLATIONS], routes.route_for(row.kind, now_us), told))


@router.get("/orders-at-hand", response_model=shapes.Page[breach_shapes.OrderAtHand])
async def orders_at_hand(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    everybody: Annotated[bool, Query(alias="all", description="Also those of other officers in your area")] = False,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Your orders, by id: what is to be assessed, what was upheld, monitoring gaps apart, cases that are not over. Of a senior: all."""
    now_us, officer = seen.parts.now(), None
    if seen.caller.role is Role.OFFICER and not everybody:
        officer = (seen.caller.email or "").lower()
    rows = await tables.breaches.caseload(
        seen.sight,
        officer,
        sorted(kind.value for kind in BREACHES),
        now_us,
        now_us - OVER_FOR_US,
        after=read_cursor(cursor, Name),
        limit=limit + 1,
    )
    page, onward = cut(rows, limit, lambda row: row.id)
    await looked(seen, Deed.READ_BREACHES, "wearer", sorted({row.wearer for row in page}), shown="orders_at_hand")
    items = [at_hand_body(row) for row in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


# ---- writing ----


@router.post("/breaches", response_model=breach_shapes.CaseWhole, status_code=201, responses=CHANGED)
async def open_case(asked: Writes, tables: HasPermissions, body: CaseAsked) -> Response:
    """Opens a case of an order, with all that it relies on; whatever else is current of the order is left out, with why."""
    seen, now_us = asked.seen, asked.seen.parts.now()

    async def work(note: Note) -> Response:
        new = await _new(tables, seen, body, now_us)
        entry = _entry(seen, new.order.wearer, now_us, "opened")
        try:
            no = await tables.breaches.open_case(new, seen.caller.name, now_us, entry, note)
        except NoLongerSo as error:
            raise _changed_meanwhile(error) from None
        return await _told(tables, seen, await _read(tables, seen, str(no)), HTTPStatus.CREATED)

    return await once(asked, work)


@router.post("/breaches/{breach}/steps", response_model=breach_shapes.CaseWhole, responses=CHANGED)
async def step(
    breach: BreachId, asked: Writes, tables: HasPermissions, body: StepAsked, if_match: IfMatch = None
) -> Response:
    """Enters a date of a case, or corrects one: the entry that was stays, and so does why it was wrong."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    corrects = None if body.corrects is None else int(body.corrects)
    dated = DatedStep(0, body.step, body.at, body.result, body.note, corrects, body.why or "", now_us, seen.caller.name)
    done = f"{'corrected' if corrects else 'dated'}:{body.step.value}"

    async def work(note: Note) -> Response:
        case = await _read(tables, seen, breach)
        row, route = case.row, _route(seen, case.row)
        _must_be(row, if_match)
        _must_correct(row.steps, dated)
        steps = (*row.steps, dated)
        _must_fit(route, steps, now_us)
        change = _change(seen, row, stand(route, steps), [one.chosen for one in case.chosen], now_us)
        entry = _entry(seen, row.wearer, now_us, done, breach=breach)
        return await _after(tables, seen, breach, await tables.breaches.add_step(change, dated, entry, note))

    return await once(asked, work)


@router.post("/breaches/{breach}/choices", response_model=breach_shapes.CaseWhole, responses=CHANGED)
async def choose(
    breach: BreachId, asked: Writes, tables: HasPermissions, body: ChoiceAsked, if_match: IfMatch = None
) -> Response:
    """Chooses anew what a case relies on; the choices before stay on record."""
    seen, now_us = asked.seen, asked.seen.parts.now()

    async def work(note: Note) -> Response:
        row = (await _read(tables, seen, breach)).row
        _must_be(row, if_match)
        chosen = await _chosen(tables, seen, row.order, body.wish())
        change = _change(seen, row, stand(_route(seen, row), row.steps), chosen, now_us)
        entry = _entry(seen, row.wearer, now_us, "chosen", breach=breach)
        try:
            return await _after(tables, seen, breach, await tables.breaches.choose(change, chosen, entry, note))
        except NoLongerSo as error:
            raise _changed_meanwhile(error) from None

    return await once(asked, work)


@router.post("/breaches/{breach}/narratives", response_model=breach_shapes.CaseWhole, responses=CHANGED)
async def narrate(
    breach: BreachId, asked: Writes, tables: HasPermissions, body: NarrativeAsked, if_match: IfMatch = None
) -> Response:
    """Keeps what the officer writes, as a draft or ready to stand in a pack; every version stays."""
    seen, now_us = asked.seen, asked.seen.parts.now()

    async def work(note: Note) -> Response:
        case = await _read(tables, seen, breach)
        row = case.row
        _must_be(row, if_match)
        chosen = [one.chosen for one in case.chosen]
        change = _change(seen, row, stand(_route(seen, row), row.steps), chosen, now_us)
        entry = _entry(seen, row.wearer, now_us, "narrated" if body.ready else "drafted", breach=breach)
        done = await tables.breaches.narrate(change, body.text, body.ready, entry, note)
        return await _after(tables, seen, breach, done)

    return await once(asked, work)


# ---- what they share ----


async def _new(tables: Permissions, seen: Seen, body: CaseAsked, now_us: int) -> NewCase:
    """The case that is asked for; 422 where there can be none."""
    order = await tables.breaches.order(body.order, seen.sight)
    if order is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no such order", field="order")
    route = routes_of(seen).route_for(order.kind, body.identified)
    if route is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"no route for {order.kind.value} held then", field="identified")
    chosen = await _chosen(tables, seen, order.id, body.wish())
    first = DatedStep(0, BreachStep.IDENTIFIED, body.identified, None, "", None, "", now_us, seen.caller.name)
    _must_fit(route, (first,), now_us)
    return NewCase(order, route.name, stand(route, (first,)).status, (first,), chosen, body.narrative)


def _change(seen: Seen, row: CaseRow, after: Standing, chosen: Sequence[Chosen], now_us: int) -> Change:
    held = relied_on(chosen) if after.rests else ()
    return Change(row.no, row.revision, after.status, after.over_us, seen.caller.name, now_us, held)


async def _chosen(tables: Permissions, seen: Seen, order: str, wish: Wish) -> tuple[Chosen, ...]:
    found = await tables.breaches.violations_of(order, seen.sight)
    if len(found) > MOST_VIOLATIONS:
        detail = f"the order has over {MOST_VIOLATIONS} current violations, more than one case can list"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="order")
    pairs = [(one.violation, None if one.decided is None else one.decided.decision) for one in found]
    chosen, wrong = choice(pairs, wish)
    _refuse(wrong)
    return chosen


def _must_correct(steps: Sequence[DatedStep], dated: DatedStep) -> None:
    """422 for a correction of what is not there, of another step, or of what was corrected before."""
    if dated.corrects is None:
        return
    of = next((one for one in steps if one.no == dated.corrects), None)
    if of is None or of.step is not dated.step:
        _refuse([Fault("corrects", "is no entry of this step of the case")])
    if any(one.corrects == dated.corrects for one in steps):
        _refuse([Fault("corrects", "was corrected before: correct the entry that replaced it")])


def _must_fit(route: Route, steps: Sequence[DatedStep], now_us: int) -> None:
    _refuse(faults(route, steps, now_us))


def _refuse(wrong: Sequence[Fault]) -> None:
    if wrong:
        errors = [{"field": one.field, "cause": one.cause} for one in wrong]
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong[0].cause, errors=errors)


def _changed_meanwhile(error: NoLongerSo) -> Problem:
    number = len(error.violations)
    return Problem(HTTPStatus.CONFLICT, f"violations have changed meanwhile ({number}): look at them again")


def _must_be(row: CaseRow, if_match: str | None) -> None:
    if revision_seen(if_match, row.revision) not in (None, row.revision):
        raise _stale()


def _stale() -> Problem:
    return Problem(HTTPStatus.PRECONDITION_FAILED, "the case has changed since you saw it")


def _route(seen: Seen, row: CaseRow) -> Route:
    found = route_of(routes_of(seen), row)
    if found is None:
        raise Problem(HTTPStatus.CONFLICT, f"the file of routes has no route for {row.order_kind.value} any more")
    return found


def _entry(seen: Seen, wearer: str, now_us: int, done: str, **more: str) -> Entry:
    return entry_of(seen.caller, now_us, Deed.WRITE_BREACHES, "wearer", [wearer], seen.why, done=done, **more)


async def _after(tables: Permissions, seen: Seen, breach: str, done: bool) -> Response:
    if not done:
        raise _stale()
    return await _told(tables, seen, await _read(tables, seen, breach))


async def _read(tables: Permissions, seen: Seen, number: str) -> Case:
    found = await tables.breaches.case(int(number), seen.sight) if int(number) <= LARGEST_ID else None
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such breach case")
    return found


async def _told(tables: Permissions, seen: Seen, case: Case, status: int = HTTPStatus.OK) -> Response:
    routes = routes_of(seen)
    calendars = await _calendars(tables, routes, [case.row])
    body = whole_body(routes, calendars[case.row.area], case, seen.parts.now())
    return answer(body, status=status, headers=etag(case.row.revision))


async def _calendars(tables: Permissions, routes: Routes, rows: Sequence[CaseRow]) -> dict[str | None, WorkingDays]:
    """The working days of each area that some cases are of."""
    found: dict[str | None, WorkingDays] = {None: routes.calendar()}
    for area in {row.area for row in rows} - {None}:
        assert area is not None
        found[area] = routes.calendar(await tables.breaches.areas_above(area))
    return found
