"""Parked messages and items, for whoever looks after the devices: why, never what a message said, which may hold a position."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.bodies import dead_letter_body
from api.caseload_records import DeviceName
from api.cursors import Number, cut, next_link, read_cursor
from api.doors import Seen, seeing
from api.parts import API_ROOT, PROBLEMS, Cursor, answer
from api.routes.people import LIST_DEFAULT, ListLimit
from domain.vocabulary import DeadLetterReason
from store.reading_types import DeadLetterFilter

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["devices"])


@router.get("/dead-letters", response_model=shapes.Page[shapes.DeadLetter])
async def dead_letters(
    request: Request,
    seen: Annotated[Seen, Depends(seeing(Deed.READ_DEAD_LETTERS))],
    reason: DeadLetterReason | None = None,
    device: Annotated[DeviceName | None, Query()] = None,
    critical: Annotated[bool, Query(description="A tamper or an SOS alone")] = False,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """What was parked and why, the newest first; of what it says its length alone."""
    wanted = DeadLetterFilter(reason, device, critical)
    # They are of the whole service: no sight of wearers cuts them.
    rows = await seen.parts.reading.dead_letters(wanted, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    link = next_link(request, onward)
    return answer({"items": [dead_letter_body(row) for row in page], "next": link}, link)
