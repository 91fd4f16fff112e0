"""Warrants that are out, in the order in which they are to be seen to; and how long warrants are out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes, warrant_shapes
from api.cursors import Number, cut, next_link, read_cursor
from api.doors import Seen, seeing
from api.parts import API_ROOT, PROBLEMS, Cursor, answer
from api.permitting import HasPermissions, Mask
from api.routes.people import LIST_DEFAULT, ListLimit
from api.routes.warrants import sight_of_warrants
from api.warrant_shapes import figures_body, ranked_body
from domain.instants import format_instant
from domain.records import Version
from evidence.executions import Life, figures
from evidence.ranking import Ranked, ranked
from evidence.requirements import Requirements
from geofence.timetable import WindowCache
from store.warrants import WarrantRow

MOST_RANKED: Final = 2_000
"""Warrants that are put in order together; of more the newest are."""
AT_ONCE: Final = 500
"""Wearers whose caseload is read together."""

Reads = Annotated[Seen, Depends(seeing(Deed.READ_WARRANTS))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["warrants"])


@router.get("/warrants/ranked", response_model=shapes.Page[warrant_shapes.RankedWarrant])
async def in_order(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    mask: Mask,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Warrants of your area that are out, the most urgent first: by victim, risk, what orders require now, kind and age."""
    after, now_us = read_cursor(cursor, Number) or 0, seen.parts.now()
    rows = await tables.warrants.warrants(sight_of_warrants(seen), None, MOST_RANKED, is_open=True)
    listed = await _in_order(seen, rows, mask.windows, now_us)
    page, onward = cut(listed[max(0, after) :][: limit + 1], limit, lambda one: one.place)
    by_no, in_sight = {row.no: row for row in rows}, await seen.reading.wearers_in_sight()
    items = [ranked_body(one, row := by_no[one.standing.no], now_us, in_sight=row.wearer in in_sight) for one in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.get("/warrants/figures", response_model=warrant_shapes.WarrantFiguresNow)
async def days_out(seen: Reads, tables: HasPermissions) -> Response:
    """Days to execution, and how many warrants are out by age: of your area in all, and by area and kind."""
    now_us = seen.parts.now()
    lives = [Life(*one) for one in await tables.warrants.lives(sight_of_warrants(seen))]
    items = [figures_body(one) for one in figures(lives, now_us)]
    return answer({"at": format_instant(now_us), "items": items})


async def _in_order(seen: Seen, rows: Sequence[WarrantRow], windows: WindowCache, now_us: int) -> list[Ranked]:
    wearers = sorted({row.wearer for row in rows})
    versions: list[Version] = []
    for start in range(0, len(wearers), AT_ONCE):
        versions += await seen.parts.reading.caseload_of(wearers[start : start + AT_ONCE])
    return await asyncio.to_thread(_ranked, rows, versions, windows, now_us)


def _ranked(rows: Sequence[WarrantRow], versions: Sequence[Version], windows: WindowCache, now_us: int) -> list[Ranked]:
    required = Requirements(versions, windows)
    return ranked(required.standing(row.no, row.kind, row.wearer, row.issued_us, now_us) for row in rows)
