"""Legal holds: nothing of a wearer goes while one stands. Made and ended by a duty manager, each with a reason (docs/privacy.md)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from api import shapes
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, HasDesk, asks, once
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from domain.instants import format_instant
from domain.vocabulary import Role
from store.audit import entry_of
from store.holds import Hold, Holds
from store.reading_types import Subject

LONGEST_REASON: Final = 1000
SEES_ALL_HOLDS: Final = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
"""Who looks after what is kept, and sees no wearer: ids and reasons alone."""
HOLDS: Final[dict[int | str, dict[str, Any]]] = {503: {"description": "This process keeps no holds", **PROBLEM_CONTENT}}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["holds"])

HoldId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_HOLDS))]


class HoldNow(shapes.Shape):
    """A legal hold; `ended_at` null: it stands."""

    id: str
    wearer: str
    reason: str
    made_at: str
    made_by: str
    ended_at: str | None
    ended_by: str | None
    end_reason: str | None


class NewHold(shapes.Shape):
    """Whose data is to be held, and why."""

    wearer: str = Field(pattern=ID_CHARACTERS)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class Ending(shapes.Shape):
    """Why it is over."""

    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


def holds_of(desk: HasDesk) -> Holds:
    """The holds; 503 where this process has none."""
    if desk.holds is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "holds are not set up in this process")
    return desk.holds


HasHolds = Annotated[Holds, Depends(holds_of)]


Asks = Annotated[Asking, asks(Deed.WRITE_HOLDS)]


@router.get("/holds", response_model=shapes.Page[HoldNow], responses=HOLDS)
async def holds(
    request: Request,
    seen: Reads,
    there: HasHolds,
    standing: Annotated[bool | None, Query(description="Those that stand, or those that are over")] = None,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Legal holds, the newest first."""
    whose = await _whose(seen)
    rows = await there.page(read_cursor(cursor, Number), limit + 1, standing, wearer, whose)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [hold_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/holds/{hold}", response_model=HoldNow, responses={**HOLDS, **NOT_FOUND})
async def hold(hold: HoldId, seen: Reads, there: HasHolds) -> Response:
    """One hold."""
    return answer(hold_body(await _one(seen, there, hold)))


@router.post("/holds", response_model=HoldNow, status_code=201, responses=HOLDS)
async def hold_on(asked: Asks, there: HasHolds, body: NewHold) -> Response:
    """From now on nothing of a wearer goes, however old it is."""
    await asked.must_know(Subject.WEARER, body.wearer)
    seen, now_us = asked.seen, asked.desk.clock()
    entry = entry_of(seen.caller, now_us, Deed.WRITE_HOLDS, "wearer", [body.wearer], seen.why, done="made")

    async def work(note: Note) -> Response:
        number = await there.enter(body.reason, entry, note)
        row = await there.one(number)
        assert row is not None, "a hold that was just made is there"
        headers = {"Location": f"{API_ROOT}/holds/{number}"}
        return answer(hold_body(row), status=HTTPStatus.CREATED, headers=headers)

    return await once(asked, work)


@router.post(
    "/holds/{hold}/end",
    response_model=HoldNow,
    responses={**HOLDS, **NOT_FOUND, 409: {"description": "It is over", **PROBLEM_CONTENT}},
)
async def end(hold: HoldId, asked: Asks, there: HasHolds, body: Ending) -> Response:
    """The hold is over: what is old enough goes."""
    row = await _one(asked.seen, there, hold)
    seen, now_us = asked.seen, asked.desk.clock()
    entry = entry_of(seen.caller, now_us, Deed.WRITE_HOLDS, "wearer", (), seen.why, done="ended")

    async def work(note: Note) -> Response:
        if not await there.end(row.no, body.reason, entry, note):
            raise Problem(HTTPStatus.CONFLICT, "the hold is over already")
        return answer(hold_body(row._replace(ended_us=now_us, ended_by=seen.caller.name, end_reason=body.reason)))

    return await once(asked, work)


def hold_body(row: Hold) -> dict[str, Any]:
    """A hold as it is told."""
    ended_at = None if row.ended_us is None else format_instant(row.ended_us)
    made = {"made_at": format_instant(row.made_us), "made_by": row.made_by}
    ended = {"ended_at": ended_at, "ended_by": row.ended_by, "end_reason": row.end_reason}
    return {"id": str(row.no), "wearer": row.wearer, "reason": row.reason} | made | ended


async def _whose(seen: Seen) -> frozenset[str] | None:
    """Whose holds the caller sees; None: everybody's."""
    if seen.sight.everything or seen.caller.role in SEES_ALL_HOLDS:
        return None
    return await seen.reading.wearers_in_sight()


async def _one(seen: Seen, there: Holds, hold: str) -> Hold:
    row = await there.one(int(hold)) if int(hold) <= LARGEST_ID else None
    whose = await _whose(seen)
    if row is None or (whose is not None and row.wearer not in whose):
        raise Problem(HTTPStatus.NOT_FOUND, "no such hold")
    return row
