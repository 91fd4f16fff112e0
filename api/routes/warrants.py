"""Warrants: who holds which, and for those that an agency holds the last place of the wearer."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from api import permission_shapes, shapes
from api.audited import looked, nothing_changed
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, asks, once, unknown
from api.doors import Seen, seeing
from api.etags import etag, revision_seen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permission_shapes import Ending, HandOver, WarrantAsked, last_place_body, warrant_body
from api.permitting import HasPermissions, Mask
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.routes.work import CREATED
from domain.callers import Sight
from domain.instants import DAY_US
from domain.vocabulary import Role
from store.audit import Entry, entry_of
from store.permissions import Permissions
from store.reading_types import PositionRow, Subject
from store.warrants import Locked, NoSuchBreach, WarrantRow

LAST_PLACE_US: Final = 31 * DAY_US
"""How far back a last place is looked for."""
FIXES_AT_ONCE: Final = 2_000
MOST_PAGES: Final = 50

Number19 = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_WARRANTS))]
Writes = Annotated[Seen, Depends(seeing(Deed.WRITE_WARRANTS))]
ReadsLastPlace = Annotated[Seen, Depends(seeing(Deed.READ_LAST_PLACE))]
IfMatch = Annotated[str | None, Header(description='The `ETag` of the warrant as you saw it, such as `"1"`')]
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    403: {"description": "Another agency holds it", **PROBLEM_CONTENT},
    409: {"description": "It has ended", **PROBLEM_CONTENT},
    412: {"description": "It has changed since", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["warrants"])


@router.get("/warrants", response_model=shapes.Page[permission_shapes.WarrantNow])
async def warrants(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    is_open: Annotated[bool | None, Query(alias="open", description="Not ended, or ended")] = None,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Warrants of your area, the newest first."""
    before = read_cursor(cursor, Number)
    rows = await tables.warrants.warrants(sight_of_warrants(seen), before, limit + 1, is_open=is_open, wearer=wearer)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [warrant_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/warrants/{warrant}", response_model=permission_shapes.WarrantNow, responses=NOT_FOUND)
async def one(warrant: Number19, seen: Reads, tables: HasPermissions) -> Response:
    """One warrant; its revision is the `ETag`."""
    return _told(await _read(tables, seen, warrant))


@router.post("/warrants", response_model=permission_shapes.WarrantNow, status_code=201, responses=CREATED)
async def issue(
    asked: Annotated[Asking, asks(Deed.WRITE_WARRANTS)], tables: HasPermissions, body: WarrantAsked
) -> Response:
    """Enters a warrant that a court issued, with the agency and the named person who hold it first."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    if body.issued > now_us:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "is not yet", field="issued")
    around = seen.parts.reading.seen(sight_of_warrants(seen))
    if not await around.in_sight(Subject.WEARER, body.wearer):
        raise unknown(Subject.WEARER)
    for violation in body.violations:
        if not await around.in_sight(Subject.VIOLATION, violation):
            raise unknown(Subject.VIOLATION)
    areas = seen.caller.areas
    if body.area is not None and areas is not None and body.area not in await tables.areas_below(areas):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "is not one of your areas", field="area")
    entry = entry_of(seen.caller, now_us, Deed.WRITE_WARRANTS, "wearer", [body.wearer], seen.why, done="issued")

    async def work(note: Note) -> Response:
        try:
            no = await tables.warrants.issue(body.new(), seen.caller.name, now_us, entry, note)
        except NoSuchBreach:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "this wearer has no such breach case", field="breach"
            ) from None
        row = await tables.warrants.warrant(no, Sight(everything=True))
        assert row is not None
        return _told(row, HTTPStatus.CREATED)

    return await once(asked, work)


@router.post("/warrants/{warrant}/hand-over", response_model=permission_shapes.WarrantNow, responses=CHANGED)
async def hand_over(
    warrant: Number19, seen: Writes, tables: HasPermissions, body: HandOver, if_match: IfMatch = None
) -> Response:
    """Another agency and person hold it from now on; who did before stays on record. Enforcement hands over what it holds."""
    row, now_us = await _read(tables, seen, warrant), seen.parts.now()
    _must_hold(seen, row)
    revision = revision_seen(if_match, row.revision)
    entry = _entry(seen, row, now_us, "handed_over", agency=body.agency)
    was = await tables.warrants.hand_over(row.no, revision, body.agency, body.person, seen.caller.name, now_us, entry)
    return await _after(tables, seen, row, was, revision)


@router.post("/warrants/{warrant}/accept", response_model=permission_shapes.WarrantNow, responses=CHANGED)
async def accept(warrant: Number19, seen: Writes, tables: HasPermissions, if_match: IfMatch = None) -> Response:
    """Whoever was handed it has it; said again it changes nothing. Enforcement says so of what its agency holds."""
    row, now_us = await _read(tables, seen, warrant), seen.parts.now()
    _must_hold(seen, row)
    revision, entry = revision_seen(if_match, row.revision), _entry(seen, row, now_us, "accepted")
    was = await tables.warrants.accept(row.no, revision, seen.caller.name, now_us, entry)
    if was is not None and was.accepted:
        nothing_changed()
    return await _after(tables, seen, row, was, revision)


@router.post("/warrants/{warrant}/end", response_model=permission_shapes.WarrantNow, responses=CHANGED)
async def end(
    warrant: Number19, seen: Writes, tables: HasPermissions, body: Ending, if_match: IfMatch = None
) -> Response:
    """It was executed, withdrawn, or has expired: nobody holds it, and nobody sees a place by it any more."""
    row, now_us = await _read(tables, seen, warrant), seen.parts.now()
    _must_hold(seen, row)
    if body.at is not None and not row.issued_us <= body.at <= now_us:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be between when it was issued and now", field="at")
    revision = revision_seen(if_match, row.revision)
    entry = _entry(seen, row, now_us, "ended", outcome=body.outcome.value)
    was = await tables.warrants.end(row.no, revision, body.end(), seen.caller.name, now_us, entry)
    return await _after(tables, seen, row, was, revision)


@router.get("/warrants/{warrant}/last-place", response_model=permission_shapes.LastPlace, responses=CHANGED)
async def last_place(warrant: Number19, seen: ReadsLastPlace, tables: HasPermissions, mask: Mask) -> Response:
    """Where the wearer of a warrant that your agency holds was last, as far as the orders let it be seen, and how old that is."""
    row, now_us = await _read(tables, seen, warrant), seen.parts.now()
    if row.holder is None:
        raise Problem(HTTPStatus.CONFLICT, "it has ended")
    _must_hold(seen, row)
    await looked(seen, Deed.READ_LAST_PLACE, "wearer", [row.wearer], shown="last_place", warrant=str(row.no))
    return answer(last_place_body(row, await _newest_permitted(seen, mask, row.wearer, now_us), now_us))


async def _newest_permitted(seen: Seen, mask: Mask, wearer: str, now_us: int) -> PositionRow | None:
    since_us = now_us - LAST_PLACE_US
    permits, to_us = await mask.of_request(wearer, since_us, now_us + 1), now_us + 1
    for _ in range(MOST_PAGES):
        rows = await seen.reading.trail_backwards(wearer, since_us, to_us, FIXES_AT_ONCE)
        shown = mask.shown(permits, rows)
        if shown or len(rows) < FIXES_AT_ONCE:
            return shown[0] if shown else None
        to_us = rows[-1].t_us
    return None


def sight_of_warrants(seen: Seen) -> Sight:
    """Enforcement sees no wearers by area, but the warrants of its areas."""
    if seen.caller.role is not Role.ENFORCEMENT:
        return seen.sight
    return replace(seen.sight, everything=seen.caller.areas is None, areas=seen.caller.areas or frozenset())


def _must_hold(seen: Seen, row: WarrantRow) -> None:
    if seen.caller.role is not Role.ENFORCEMENT or row.holder is None:
        return
    if not seen.caller.organisation or row.holder.agency != seen.caller.organisation:
        raise Problem(HTTPStatus.FORBIDDEN, "another agency holds this warrant")


def _entry(seen: Seen, row: WarrantRow, now_us: int, done: str, **more: str) -> Entry:
    details = {"done": done, "warrant": str(row.no)} | more
    return entry_of(seen.caller, now_us, Deed.WRITE_WARRANTS, "wearer", [row.wearer], seen.why, **details)


async def _after(
    tables: Permissions, seen: Seen, row: WarrantRow, was: Locked | None, revision: int | None
) -> Response:
    if was is None:
        raise Problem(HTTPStatus.CONFLICT, "it has ended")
    if revision not in (None, was.revision):
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "the warrant has changed since you saw it")
    now = await tables.warrants.warrant(row.no, sight_of_warrants(seen))
    return _told(row if now is None else now)


async def _read(tables: Permissions, seen: Seen, number: str) -> WarrantRow:
    row = await tables.warrants.warrant(int(number), sight_of_warrants(seen)) if int(number) <= LARGEST_ID else None
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such warrant")
    return row


def _told(row: WarrantRow, status: int = HTTPStatus.OK) -> Response:
    return answer(warrant_body(row), status=status, headers=etag(row.revision))
