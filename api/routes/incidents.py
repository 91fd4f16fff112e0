"""Mass outages, and who in them is still silent."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.cursors import Name, Number, cut, next_link, read_cursor
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from domain.instants import format_instant
from store.reading_types import IncidentDeviceRow, IncidentRow

Id = Annotated[str, Path(pattern=r"^outage-[0-9]{1,19}$")]

ReadsIncidents = Annotated[Seen, Depends(seeing(Deed.READ_INCIDENTS))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["incidents"])


@router.get("/incidents", response_model=shapes.Page[shapes.Incident])
async def incidents(
    request: Request,
    seen: ReadsIncidents,
    is_open: Annotated[bool | None, Query(alias="open", description="Without an end, or with one")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Mass outages, newest first."""
    rows = await seen.reading.incidents(is_open, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/incidents/{incident}", response_model=shapes.IncidentInFull, responses=NOT_FOUND)
async def incident(incident: Id, seen: ReadsIncidents) -> Response:
    """One mass outage, with how many devices it took in and how many are silent now, by carrier and cell."""
    row = await _found(seen, incident)
    devices = await _devices(seen, incident)
    silent = sum(one.silent_since_us is not None for one in devices)
    return answer(_body(row) | {"devices": len(devices), "silent": silent, "groups": _groups(devices)})


@router.get(
    "/incidents/{incident}/silent",
    response_model=shapes.Page[shapes.SilentWearer],
    responses={**NOT_FOUND, 503: {"description": "This process has no time-zone data, or no database"}},
)
async def silent(
    request: Request, incident: Id, seen: ReadsIncidents, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Who is still silent, ranked by what their conditions require now; the longest silent first of each rank."""
    rankings = seen.parts.rankings
    if rankings is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "this process was started without time-zone data")
    await _found(seen, incident)
    after = read_cursor(cursor, tuple[Number, Number, Name | None, Name | None])
    ranked = await rankings.of(incident, seen.parts.now())
    if not seen.sight.everything:
        mine = await seen.reading.wearers_in_sight()
        ranked = [one for one in ranked if one.wearer in mine]
    if after is not None:
        key = (after[0], after[1], after[2] or "", after[3] or "")
        ranked = [one for one in ranked if one.key > key]
    page, onward = cut(ranked[: limit + 1], limit, lambda one: (one.key[0], one.key[1], one.wearer, one.victim))
    return answer({"items": [one.as_json() for one in page], "next": (link := next_link(request, onward))}, link)


async def _devices(seen: Seen, incident: str) -> list[IncidentDeviceRow]:
    """Those that the caller sees; the whole list is kept for whoever sees everything."""
    rankings = seen.parts.rankings
    if rankings is not None and seen.sight.everything:
        return await rankings.devices(incident, seen.parts.now())
    return await seen.reading.devices_of_incident(incident)


async def _found(seen: Seen, incident: str) -> IncidentRow:
    row = await seen.reading.incident(incident)
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such incident")
    return row


def _body(row: IncidentRow) -> dict[str, Any]:
    """`shapes.Incident`."""
    return {
        "id": row.id,
        "version": row.version,
        "opened": format_instant(row.opened_us),
        "closed": None if row.closed_us is None else format_instant(row.closed_us),
        "decided": format_instant(row.decided_us),
        "devices": row.devices,
        "silent": row.silent,
    }


def _groups(devices: list[IncidentDeviceRow]) -> list[dict[str, Any]]:
    """By carrier and cell, the most devices first."""
    of = Counter(one.network for one in devices)
    still = Counter(one.network for one in devices if one.silent_since_us is not None)
    found = sorted(of.items(), key=lambda item: (-item[1], [word or "" for word in item[0]]))
    return [network._asdict() | {"devices": count, "silent": still[network]} for network, count in found]
