"""What one shift hands over to the next: how things stand now, and what was handed over and taken, as it was told then."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from alerts.machine import LONGEST_TEXT
from api import handover_shapes, shapes
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asked, HasDesk, once
from api.doors import Seen, seeing
from api.handover_shapes import Told, handover_body, picture_body, told_of
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from store.audit import entry_of
from store.handovers import Handover, Handovers

HANDOVERS: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "This process keeps no handovers", **PROBLEM_CONTENT}
}
TAKING: Final[dict[int | str, dict[str, Any]]] = {
    **HANDOVERS,
    **NOT_FOUND,
    409: {"description": "Somebody has taken it, or it is your own", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["handovers"])

HandoverId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_DESK))]


class NewHandover(shapes.Shape):
    """What the leaving shift says; name alerts by their number, not people."""

    note: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


class Taking(shapes.Shape):
    """What the shift that comes says to it."""

    note: Annotated[str | None, Field(max_length=LONGEST_TEXT)] = None


def handovers_of(desk: HasDesk) -> Handovers:
    """The handovers; 503 where this process has none."""
    if desk.handovers is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "handovers are not set up in this process")
    return desk.handovers


HasHandovers = Annotated[Handovers, Depends(handovers_of)]


@router.get("/handovers/now", response_model=handover_shapes.Picture, responses=HANDOVERS)
async def now(seen: Reads, desk: HasDesk, there: HasHandovers) -> Response:
    """How things stand now, of what you see: what a handover would tell. The longest lists end after 100; the counts do not."""
    return answer(picture_body(await there.picture(seen.sight, desk.clock())))


@router.get("/handovers", response_model=shapes.Page[handover_shapes.Handover], responses=HANDOVERS)
async def handovers(
    request: Request, seen: Reads, there: HasHandovers, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """What was handed over, the newest first, without the items of alerts that you do not see."""
    rows = await there.page(read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": await _bodies(seen, there, page), "next": (link := next_link(request, onward))}, link)


@router.get("/handovers/{handover}", response_model=handover_shapes.Handover, responses={**HANDOVERS, **NOT_FOUND})
async def handover(handover: HandoverId, seen: Reads, there: HasHandovers) -> Response:
    """One handover, as it was told, without the items of alerts that you do not see."""
    return answer(await _body(seen, there, handover))


@router.post("/handovers", response_model=handover_shapes.Handover, status_code=201, responses=HANDOVERS)
async def hand_over(asked: Asked, there: HasHandovers, body: NewHandover) -> Response:
    """You hand over how things stand now, in your name: it is kept as it is."""
    seen, now_us = asked.seen, asked.desk.clock()
    entry = entry_of(seen.caller, now_us, Deed.WORK_ALERTS, "handover", (), seen.why, done="handed_over")

    async def work(note: Note) -> Response:
        picture = await there.picture(seen.sight, now_us)
        number = await there.enter(body.note, picture_body(picture), picture.since_us, entry, note)
        headers = {"Location": f"{API_ROOT}/handovers/{number}"}
        return answer(await _body(seen, there, str(number)), status=HTTPStatus.CREATED, headers=headers)

    return await once(asked, work)


@router.post("/handovers/{handover}/take", response_model=handover_shapes.Handover, responses=TAKING)
async def take(handover: HandoverId, asked: Asked, there: HasHandovers, body: Taking) -> Response:
    """You have read it and take over, in your name; nobody takes what they handed over themselves."""
    row = await _one(there, handover)
    seen = asked.seen
    entry = entry_of(seen.caller, asked.desk.clock(), Deed.WORK_ALERTS, "handover", (), seen.why, done="taken_over")

    async def work(note: Note) -> Response:
        if row.made_by == seen.caller.name:
            raise Problem(HTTPStatus.CONFLICT, "you handed this over yourself: somebody else takes it")
        if not await there.take(row.no, body.note, entry, note):
            raise Problem(HTTPStatus.CONFLICT, "somebody has taken this over already")
        return answer(await _body(seen, there, handover))

    return await once(asked, work)


async def _body(seen: Seen, there: Handovers, handover: str) -> dict[str, Any]:
    (body,) = await _bodies(seen, there, [await _one(there, handover)])
    return body


async def _bodies(seen: Seen, there: Handovers, rows: Sequence[Handover]) -> list[dict[str, Any]]:
    told = told_of(rows)
    shown = Told(*await there.in_sight(seen.sight, told.alerts, told.mutes))
    return [handover_body(row, shown) for row in rows]


async def _one(there: Handovers, handover: str) -> Handover:
    row = await there.one(int(handover)) if int(handover) <= LARGEST_ID else None
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such handover")
    return row
