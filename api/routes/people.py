"""Wearers and devices as known now."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.bodies import device_body, wearer_body
from api.caseload_bodies import kept_body
from api.cursors import Name, cut, next_link, read_cursor
from api.doors import Seen, seeing
from api.etags import etag
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, Cursor, answer
from api.problems import Problem
from store.caseload_seen import EnteredRow

LIST_DEFAULT: Final = 100
LIST_LIMIT: Final = 1_000
NAMES_AT_ONCE: Final = 200
ID_CHARACTERS: Final = r"^[A-Za-z0-9_.:-]{1,64}$"

Id = Annotated[str, Path(pattern=ID_CHARACTERS)]
ListLimit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
ReadsWearers = Annotated[Seen, Depends(seeing(Deed.READ_WEARERS))]
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


@router.get("/names", response_model=shapes.Page[shapes.WearerName], tags=["wearers"])
async def names(
    seen: ReadsWearers, wearer: Annotated[list[str], Query(max_length=NAMES_AT_ONCE, description="Of whom")]
) -> Response:
    """What some wearers are called, at most 200 at once, by id; of whom you do not see, nothing."""
    rows = await seen.reading.names(wearer)
    return answer({"items": [row._asdict() for row in rows], "next": None})


@router.get("/wearers/{wearer}", response_model=shapes.Wearer, responses=NOT_FOUND, tags=["wearers"])
async def wearer(wearer: Id, seen: ReadsWearers) -> Response:
    """One device wearer: the record as it was entered last, with its version as `ETag`, and orders and devices as known now."""
    row = await seen.reading.wearer(wearer)
    entered = await _entered(seen, wearer)
    if entered is not None and entered.cancelled:
        row = entered = None
    if row is None and entered is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such wearer")
    body = {"id": wearer, "orders": [], "devices": []} | ({} if row is None else wearer_body(row))
    if entered is None:
        return answer(body)
    return answer(body | {"record": kept_body(entered)["record"]}, headers=etag(entered.record_no))


async def _entered(seen: Seen, wearer: str) -> EnteredRow | None:
    """The newest entered version, where this process enters records."""
    caseload = None if seen.parts.desk is None else seen.parts.desk.caseload
    return None if caseload is None else await caseload.seen(seen.sight).one("wearer", wearer)


@router.get("/devices", response_model=shapes.Page[shapes.Device], tags=["devices"])
async def devices(
    request: Request, seen: ReadsDevices, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Devices as known now, by id, with who has them and when they were last heard."""
    rows = await seen.reading.devices(read_cursor(cursor, Name), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.id)
    return answer({"items": [device_body(row) for row in page], "next": (link := next_link(request, onward))}, link)
