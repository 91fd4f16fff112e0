"""Wearers and devices as known now, newest positions, and trails."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.audited import looked
from api.bodies import device_body, positions_body, wearer_body
from api.cursors import Name, Number, cut, link_header, next_link, read_cursor
from api.doors import Seen, seeing
from api.instants import Instant
from api.negotiation import chosen
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.trails import FORMATS, WRITERS
from domain.instants import DAY_US, format_instant

LIST_DEFAULT: Final = 100
LIST_LIMIT: Final = 1_000
POSITIONS_LIMIT: Final = 20_000
TRAIL_DEFAULT: Final = 10_000
TRAIL_LIMIT: Final = 50_000
TRAIL_DEFAULT_US: Final = DAY_US
TRAIL_LONGEST_US: Final = 31 * DAY_US
ID_CHARACTERS: Final = r"^[A-Za-z0-9_.:-]{1,64}$"

Id = Annotated[str, Path(pattern=ID_CHARACTERS)]
ListLimit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
ReadsWearers = Annotated[Seen, Depends(seeing(Deed.READ_WEARERS))]
ReadsPositions = Annotated[Seen, Depends(seeing(Deed.READ_POSITIONS))]
ReadsDevices = Annotated[Seen, Depends(seeing(Deed.READ_DEVICES))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get("/wearers", response_model=shapes.Page[shapes.Wearer], tags=["wearers"])
async def wearers(
    request: Request, seen: ReadsWearers, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Device wearers as known now, by id."""
    rows = await seen.reading.wearers(read_cursor(cursor, Name), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.id)
    return answer({"items": [wearer_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/wearers/{wearer}", response_model=shapes.Wearer, responses=NOT_FOUND, tags=["wearers"])
async def wearer(wearer: Id, seen: ReadsWearers) -> Response:
    """One device wearer."""
    row = await seen.reading.wearer(wearer)
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such wearer")
    return answer(wearer_body(row))


@router.get(
    "/wearers/{wearer}/trail",
    responses={**NOT_FOUND, 200: {"description": "All fixes, oldest first", "content": {kind: {} for kind in FORMATS}}},
    response_class=Response,
    tags=["wearers"],
)
async def trail(
    request: Request,
    wearer: Id,
    seen: ReadsPositions,
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive; default a day before `to`")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive; default now")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=TRAIL_LIMIT)] = TRAIL_DEFAULT,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """A wearer's fixes by fix time, of whatever quality, as GeoJSON, CSV or GPX by `Accept`."""
    media_type = chosen(accept, FORMATS)
    to_us = seen.parts.now() if to is None else to
    from_us = to_us - TRAIL_DEFAULT_US if from_ is None else from_
    if not 0 < to_us - from_us <= TRAIL_LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 31 days", field="to")
    after = read_cursor(cursor, tuple[Number, Name, Number, Number])
    rows = await seen.reading.trail(wearer, from_us, to_us, after, limit + 1)
    if not rows and await seen.reading.wearer(wearer) is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such wearer")
    page, onward = cut(rows, limit, lambda row: (row.t_us, row.device, row.gen, row.seq))
    span = {"from": format_instant(from_us), "to": format_instant(to_us)}
    await looked(seen, Deed.READ_POSITIONS, "wearer", [wearer], shown="trail", fixes=len(page), **span)
    headers = link_header(next_link(request, onward)) | {"Vary": "Accept"}
    return Response(WRITERS[media_type](page), headers=headers, media_type=media_type)


@router.get("/positions", response_model=shapes.Page[shapes.Position], tags=["positions"])
async def positions(
    request: Request,
    seen: ReadsPositions,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=POSITIONS_LIMIT)] = POSITIONS_LIMIT,
) -> Response:
    """The newest fix of every wearer, by wearer id."""
    rows = await seen.reading.positions(read_cursor(cursor, Name), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.wearer)
    await looked(seen, Deed.READ_POSITIONS, "wearer", [row.wearer for row in page], shown="positions")
    return answer({"items": positions_body(page), "next": (link := next_link(request, onward))}, link)


@router.get("/devices", response_model=shapes.Page[shapes.Device], tags=["devices"])
async def devices(
    request: Request, seen: ReadsDevices, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Devices as known now, by id, with who has them and when they were last heard."""
    rows = await seen.reading.devices(read_cursor(cursor, Name), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.id)
    return answer({"items": [device_body(row) for row in page], "next": (link := next_link(request, onward))}, link)
