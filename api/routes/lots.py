"""Lots of devices: what rests on one, when a fault of it is found (failure 09)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.responses import Response

from access.grants import Deed
from api.audited import looked
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, answer
from api.permitting import HasPermissions
from api.problems import Problem
from api.shapes import Shape
from domain.instants import format_instant
from store.lots import OnLot

LOT: Final = r"^[^\x00-\x1f\x7f]{1,64}$"
Reads = Annotated[Seen, Depends(seeing(Deed.READ_LOTS))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["devices"])


class Resting(Shape):
    """An alert (`what` is `alert`), or a breach, warrant, recall or arrest, that rests on devices of a lot.

    `state`: of an alert `active` or `cleared`, with its `outcome` where it is closed; of the rest `standing` or `ended`.
    """

    what: str
    reference: str
    kind: str | None
    wearer: str | None
    at: str
    state: str
    outcome: str | None
    devices: list[str]
    violations: list[str]


class Lot(Shape):
    """A lot, and all in your sight that rests on its devices: decisions first, then alerts."""

    lot: str
    devices: int
    resting: Annotated[list[Resting], Field(description="Not cut: all of it, in one question")]


@router.get("/lots/{lot}", response_model=Lot, responses=NOT_FOUND)
async def lot(lot: Annotated[str, Path(pattern=LOT)], seen: Reads, tables: HasPermissions) -> Response:
    """Every alert, breach, warrant, recall and arrest that rests on devices of a lot, by any version of any evidence."""
    devices = await tables.lots.devices_of(lot)
    if not devices:
        raise Problem(HTTPStatus.NOT_FOUND, "no device is of such a lot")
    found = await tables.lots.resting_on(lot, seen.sight)
    wearers = sorted({one.wearer for one in found if one.wearer is not None})
    await looked(seen, Deed.READ_LOTS, "wearer", wearers, shown="lot")
    return answer({"lot": lot, "devices": devices, "resting": [_body(one) for one in found]})


def _body(one: OnLot) -> dict[str, Any]:
    named = one._asdict()
    return {"what": one.what, "reference": one.reference, "at": format_instant(named.pop("at_us"))} | named
