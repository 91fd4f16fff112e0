"""A zone while it is drawn: whether it can be judged by, how large it is, and what it is warned of. Changes nothing.

Whether a shape points at a protected person is decided here, from where they are, and answered without saying where or who
(docs/decisions/0025). Every such look is in the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from access.pointing import points_at
from api.audited import looked, nothing_changed
from api.caseload_asked import AskedOf, reads
from api.caseload_preview import records_of
from api.caseload_shapes import ZoneAsked, ZoneChecked
from api.parts import API_ROOT, PROBLEMS, answer
from api.permitting import HasPermissions
from api.problems import Problem
from domain.caseload_shapes import read_shape
from domain.caseload_values import Wrong
from domain.caseload_warnings import EDGE_WARNING_M
from domain.instants import DAY_US, HOUR_US
from domain.records import Condition, Order, Place, Record, Shape
from domain.vocabulary import ConditionKind
from domain.zone_edges import edge_within_m
from geofence.sizes import size_of
from geofence.wallclock import TimeZones
from store.caseload_seen import RecordFilter
from store.permissions import Permissions

NIGHTS: Final = 7
"""So many nights back it is asked where a protected person slept,"""
ASLEEP_US: Final = 3 * HOUR_US
"""at this time on the wall."""
CENTRE_ZONE: Final = "Europe/London"
MOST_CONDITIONS: Final = 200
"""Of a shared zone whose wearers' homes are looked at."""
TOO_NEAR: Final = "this shape may point at a protected address: make it larger or move it"
_DRAWS: Final = reads(Deed.WRITE_CASELOAD)

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["zones"])


@router.post("/zones/preview", response_model=ZoneChecked)
async def preview(body: ZoneAsked, tables: HasPermissions, asked: AskedOf = _DRAWS) -> Response:
    """How large a shape is and what it is warned of, before it is entered. 422 with the cause for one that cannot be judged by."""
    try:
        shape = read_shape(body.shape)
    except Wrong as wrong:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong.cause, field=f"shape{wrong.path}") from None
    places = await _homes(asked, body)
    size = size_of(shape)
    warnings = list(_at_home(shape, places))
    if await _points(asked, tables, body.order, shape):
        warnings.append({"field": "shape", "cause": TOO_NEAR, "about": "protected"})
    told = {"area_m2": round(size.area_m2, 1), "middle": [round(value, 6) for value in size.middle]}
    told |= {"across_m": round(size.across_m, 1), "tall_m": round(size.tall_m, 1)}
    return answer(told | {"warnings": warnings})


async def _homes(asked: AskedOf, body: ZoneAsked) -> list[Place]:
    """The curfew places of the wearers whose zone it is, as far as the caller sees them. 422 for an order that they do not see."""
    reader = asked.caseload.seen(asked.seen.sight)
    orders = [] if body.order is None else [body.order]
    if body.order is not None:
        row = await reader.one("order", body.order)
        if row is None or row.cancelled:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no such order", field="order")
    elif body.zone is not None:
        rows = await reader.page("condition", RecordFilter(zone=body.zone), None, MOST_CONDITIONS)
        orders = sorted({str(row.body["order"]) for row in rows})
    if not orders:
        return []
    async with asked.caseload.looking() as looking:
        stood = records_of(await looking.standing([("order", name) for name in orders]))
        wearers = {one.wearer for one in stood.values() if isinstance(one, Order)}
        records = records_of(await looking.of_wearers(sorted(wearers)))
    return list(_places(records.values()))


def _places(records: Iterable[Record]) -> Iterable[Place]:
    for one in records:
        if isinstance(one, Condition) and one.kind is ConditionKind.CURFEW and one.place is not None:
            yield one.place


def _at_home(shape: Shape, places: Sequence[Place]) -> Iterable[dict[str, Any]]:
    for place in places:
        metres = edge_within_m(place, shape, EDGE_WARNING_M)
        if metres is not None:
            cause = f"its edge is {metres:.0f} m from the wearer's own home: position error alone will seem to cross it"
            yield {"field": "shape", "cause": cause, "about": "home"}


async def _points(asked: AskedOf, tables: Permissions, order: str | None, shape: Shape) -> bool:
    """Whether the shape points at somebody whom its wearer must not find; of a shared zone, at anybody protected."""
    now_us = asked.seen.parts.now()
    if order is None:
        victims = await tables.everybody_protected(now_us)
    else:
        victims = await tables.protected_of_order(order)
    if not victims:
        nothing_changed()
        return False
    places = await tables.protected_places(victims, [now_us, *_nights(now_us, asked.caseload.zones)])
    near = {victim for victim, place in places if points_at(shape, [place])}
    about = near if order is None else victims
    await looked(asked.seen, Deed.READ_PROTECTED_PLACES, "victim", about, shown="zone_check", points_at=bool(near))
    return bool(near)


def _nights(now_us: int, zones: TimeZones) -> list[int]:
    """The last nights' instants at which people sleep."""
    zone = zones.zone(CENTRE_ZONE)
    wall_us = now_us + zone.offset_us(now_us)
    today_us = wall_us - wall_us % DAY_US + ASLEEP_US
    return [at for n in range(NIGHTS + 1) if (at := zone.first_us(today_us - n * DAY_US)) < now_us][:NIGHTS]
