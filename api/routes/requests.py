"""Requests to see positions that no open alert shows: asked by the police, decided by somebody else, counted when used."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from api import permission_shapes, shapes
from api.audited import looked
from api.bodies import positions_body
from api.cursors import Name, Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, asks, once, unknown
from api.doors import Seen, seeing
from api.matching import LONGEST_US, matches_of
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permission_shapes import RequestAsked, Why, request_body
from api.permitting import HasPermissions, Mask
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from api.routes.work import CREATED
from domain.instants import DAY_US
from domain.vocabulary import RequestState, Role
from store.audit import Entry, entry_of
from store.errors import Refused
from store.permissions import Permissions
from store.reading_types import Subject
from store.requests import RequestRow

EXPIRES_US: Final = 28 * DAY_US

Number19 = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_REQUESTS))]
Asks = Annotated[Asking, asks(Deed.WRITE_REQUESTS)]
Decides = Annotated[Seen, Depends(seeing(Deed.APPROVE_REQUESTS))]
ReadsPositions = Annotated[Seen, Depends(seeing(Deed.READ_POSITIONS))]
DECIDED: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    403: {"description": "You asked for it yourself", **PROBLEM_CONTENT},
    409: {"description": "It is not to be decided any more", **PROBLEM_CONTENT},
}
APPROVED: Final[dict[int | str, dict[str, Any]]] = {
    **DECIDED,
    403: {
        "description": "You asked for it yourself, or it is about a place and you do not see every area",
        **PROBLEM_CONTENT,
    },
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["requests"])


@router.get("/requests", response_model=shapes.Page[permission_shapes.RequestNow])
async def requests(
    request: Request, seen: Reads, tables: HasPermissions, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Requests, the newest first: the police see those of their organisation, who decides those about wearers of their areas."""
    before, areas = read_cursor(cursor, Number), await _areas(tables, seen)
    rows = await tables.requests.requests(_organisation(seen), before, limit + 1, areas=areas)
    page, onward = cut(rows, limit, lambda row: row.no)
    now_us = seen.parts.now()
    items = [request_body(row, now_us) for row in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.post("/requests", response_model=permission_shapes.RequestNow, status_code=201, responses=CREATED)
async def ask(asked: Asks, tables: HasPermissions, body: RequestAsked) -> Response:
    """Asks to see positions. Somebody else decides; until then, and after it expires, it shows nothing."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    organisation = _organisation(seen)
    if organisation is None:
        raise Problem(HTTPStatus.FORBIDDEN, "your account names no organisation to ask for")
    _check(body, now_us)
    subject = ("wearer", [body.wearer]) if body.wearer is not None else ("request", [])
    entry = entry_of(seen.caller, now_us, Deed.WRITE_REQUESTS, *subject, seen.why, done="asked")

    async def work(note: Note) -> Response:
        no = await tables.requests.ask(body.new(organisation), seen.caller.name, now_us, entry, note)
        row = _there(await tables.requests.request(no, None))
        return answer(request_body(row, now_us), status=HTTPStatus.CREATED)

    return await once(asked, work)


@router.get("/requests/{request}", response_model=permission_shapes.RequestNow, responses=NOT_FOUND)
async def one(request: Number19, seen: Reads, tables: HasPermissions) -> Response:
    """One request."""
    return answer(request_body(await _read(tables, seen, request), seen.parts.now()))


@router.post("/requests/{request}/approve", response_model=permission_shapes.RequestNow, responses=APPROVED)
async def approve(request: Number19, seen: Decides, tables: HasPermissions, body: Why) -> Response:
    """Lets the organisation see, until it expires, what the orders permit of what was asked. Never by who asked.

    Wearers of any area may have been at a place: a request about one is approved by somebody who sees every area.
    """
    row = await _read(tables, seen, request)
    if row.asked.wearer is None and not seen.sight.everything:
        why = "a place may show wearers of any area: a supervisor or duty manager whose account has every area approves this"
        raise Problem(HTTPStatus.FORBIDDEN, why)
    if row.asked.wearer is not None and not await seen.reading.in_sight(Subject.WEARER, row.asked.wearer):
        raise unknown(Subject.WEARER)
    return await _decide(seen, tables, row, body, approved=True)


@router.post("/requests/{request}/refuse", response_model=permission_shapes.RequestNow, responses=DECIDED)
async def refuse(request: Number19, seen: Decides, tables: HasPermissions, body: Why) -> Response:
    """Refuses it, with the reason. Never by who asked."""
    return await _decide(seen, tables, await _read(tables, seen, request), body, approved=False)


@router.post("/requests/{request}/revoke", response_model=permission_shapes.RequestNow, responses=DECIDED)
async def revoke(request: Number19, seen: Decides, tables: HasPermissions, body: Why) -> Response:
    """Ends an approved request now."""
    row, now_us = await _read(tables, seen, request), seen.parts.now()
    entry = _entry(seen, row, now_us, "revoked")
    if not await tables.requests.revoke(row.no, body.reason, seen.caller.name, now_us, entry):
        raise Problem(HTTPStatus.CONFLICT, f"it does not stand: it is {_state(row, now_us)}")
    return answer(request_body(await _read(tables, seen, request), now_us))


@router.get("/requests/{request}/matches", response_model=shapes.Page[permission_shapes.Match], responses=DECIDED)
async def matches(
    http: Request, request: Number19, seen: ReadsPositions, tables: HasPermissions, mask: Mask, cursor: Cursor = None
) -> Response:
    """Who was at the place of an approved request, by wearer id, with the fixes there that their orders let be seen.

    A bounded piece of the fleet is looked through at a time: an empty page with a `next` says that there is more to look through.
    """
    organisation = _organisation(seen)
    if organisation is None or seen.caller.role is not Role.POLICE:
        raise Problem(HTTPStatus.FORBIDDEN, "only the organisation that asked sees what its request shows")
    row, now_us = await _read(tables, seen, request), seen.parts.now()
    if row.asked.place is None:
        raise Problem(HTTPStatus.CONFLICT, "this request is of a wearer: read the trail")
    if row.state(now_us) is not RequestState.APPROVED:
        raise Problem(HTTPStatus.CONFLICT, f"it does not stand: it is {_state(row, now_us)}")
    found = await matches_of(tables, mask, row.asked, row.asked.place, read_cursor(cursor, tuple[Name, Name]))
    who = [match.wearer for match in found.matches]
    told = {"request": str(row.no), "number": len(who)}
    await looked(seen, Deed.READ_POSITIONS, "wearer", who, shown="matches", **told)
    await tables.requests.used([row.no], seen.caller.name, now_us)
    items = [{"wearer": one.wearer, "fixes": positions_body(one.fixes), "cut": one.cut} for one in found.matches]
    return answer({"items": items, "next": (link := next_link(http, found.onward))}, link)


async def _decide(seen: Seen, tables: Permissions, row: RequestRow, body: Why, *, approved: bool) -> Response:
    now_us = seen.parts.now()
    if row.asked_by == seen.caller.name:
        raise Problem(HTTPStatus.FORBIDDEN, "you asked for it yourself: another decides")
    entry = _entry(seen, row, now_us, "approved" if approved else "refused")
    try:
        done = await tables.requests.decide(row.no, approved, body.reason, seen.caller.name, now_us, entry)
    except Refused:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "holds a value that cannot be stored", field="reason") from None
    if not done:
        raise Problem(HTTPStatus.CONFLICT, f"it is not to be decided any more: it is {_state(row, now_us)}")
    return answer(request_body(_there(await tables.requests.request(row.no, None)), now_us))


def _check(body: RequestAsked, now_us: int) -> None:
    if not 0 < body.to - body.from_ <= LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 7 days", field="to")
    if not 0 < body.expires - now_us <= EXPIRES_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be in the next 28 days", field="expires")


def _entry(seen: Seen, row: RequestRow, now_us: int, done: str) -> Entry:
    subject = ("wearer", [row.asked.wearer]) if row.asked.wearer is not None else ("request", [str(row.no)])
    details = {"done": done, "request": str(row.no), "organisation": row.asked.organisation}
    return entry_of(seen.caller, now_us, Deed.APPROVE_REQUESTS, *subject, seen.why, **details)


def _state(row: RequestRow, now_us: int) -> str:
    return row.state(now_us).value


def _organisation(seen: Seen) -> str | None:
    """Whose requests are seen; None: everybody's, which the police never are."""
    if seen.caller.role is not Role.POLICE:
        return None
    if not seen.caller.organisation:
        raise Problem(HTTPStatus.FORBIDDEN, "your account names no organisation")
    return seen.caller.organisation


async def _areas(tables: Permissions, seen: Seen) -> frozenset[str] | None:
    """Of whose wearers requests are seen; None: of all. Auditors see all, the police those of their organisation."""
    if seen.caller.role in (Role.POLICE, Role.AUDITOR) or seen.caller.areas is None:
        return None
    return await tables.areas_below(seen.caller.areas)


async def _read(tables: Permissions, seen: Seen, number: str) -> RequestRow:
    organisation, areas = _organisation(seen), await _areas(tables, seen)
    return _there(
        await tables.requests.request(int(number), organisation, areas) if int(number) <= LARGEST_ID else None
    )


def _there(row: RequestRow | None) -> RequestRow:
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such request")
    return row
