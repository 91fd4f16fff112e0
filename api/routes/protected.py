"""Where a protected person is: the one answer that holds it, for those who must act on an open critical alert of the pair.

Everybody else is told that there is no such thing (alerts.md, Protected places). Every look is in the audit before it is answered.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from access.grants import Deed
from api import permission_shapes
from api.audited import looked
from api.desk import LARGEST_ID
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, answer
from api.permitting import HasPermissions
from api.problems import Problem
from api.routes.work import AlertId
from domain.instants import DAY_US, format_instant
from domain.vocabulary import AlertWork, Role, Severity
from geofence.geodesy import distance_m
from store.permissions import Pair, Permissions, VictimPlace
from store.reading_types import AlertRow

ALERT_M: Final = 500.0
"""Of a condition that does not say; the pre-alert is twice as far (rules.md 8)."""
ROTA_US: Final = 31 * DAY_US
"""How far about now the rota is asked whether it names somebody at all."""

Reads = Annotated[Seen, Depends(seeing(Deed.READ_PROTECTED_PLACES))]
SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    403: {"description": "You are not on duty", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["alerts"])


@router.get("/alerts/{alert}/protected-place", response_model=permission_shapes.ProtectedPlace, responses=SHOWN)
async def protected_place(alert: AlertId, seen: Reads, tables: HasPermissions) -> Response:
    """Of an open critical alert of a pair: the protected person's newest place, its age, and how far the wearer is from it."""
    row = await seen.reading.alert(int(alert)) if int(alert) <= LARGEST_ID else None
    if row is None or not _open_of_a_pair(row):
        raise _none()
    assert row.wearer is not None
    assert row.victim is not None
    await _must_answer_it(seen, tables, row)
    told = {"alert": str(row.no), "wearer": row.wearer}
    await looked(seen, Deed.READ_PROTECTED_PLACES, "victim", [row.victim], shown="protected_place", **told)
    now_us = seen.parts.now()
    place = await tables.victim_place(row.victim, now_us)
    nearby = [] if place is None else await seen.reading.trail_backwards(row.wearer, now_us - DAY_US, now_us + 1, 1)
    metres = None
    if place is not None and nearby:
        metres = round(distance_m(nearby[0].lat, nearby[0].lon, place.lat, place.lon), 1)
    pair = await tables.pair(row.wearer, row.victim)
    body = {"alert": str(row.no), "victim": row.victim, "place": None if place is None else _fix(place)}
    age_s = None if place is None else (now_us - place.t_us) / 1e6
    return answer(body | {"age_s": age_s, "distance_m": metres, "band": _band(metres, pair)})


def _open_of_a_pair(row: AlertRow) -> bool:
    pair = row.wearer is not None and row.victim is not None
    return pair and row.severity is Severity.CRITICAL and row.work is not AlertWork.CLOSED and not row.withdrawn


async def _must_answer_it(seen: Seen, tables: Permissions, row: AlertRow) -> None:
    """The force that was told of it, or centre staff on duty."""
    if seen.caller.role is Role.POLICE:
        told, areas = await tables.forces_told(row.no), seen.caller.areas
        if not (told if areas is None else told & await tables.areas_below(areas)):
            raise _none()
    elif not await _on_duty(seen, tables):
        raise Problem(HTTPStatus.FORBIDDEN, "the rota does not have you on duty now")


async def _on_duty(seen: Seen, tables: Permissions) -> bool:
    """As the rota has it, where it names them at all; where it does not, who is signed in is on duty."""
    now_us = seen.parts.now()
    shifts = await tables.rota.shifts(now_us - ROTA_US, now_us + ROTA_US)
    own = [shift for shift in shifts if shift.person == seen.caller.name]
    return not own or any(shift.from_us <= now_us < shift.to_us for shift in own)


def _band(metres: float | None, pair: Pair | None) -> str | None:
    """What of the distance anybody else is told."""
    if metres is None or pair is None:
        return None
    alert_m = ALERT_M if pair.alert_m is None else pair.alert_m
    prealert_m = 2 * alert_m if pair.prealert_m is None else pair.prealert_m
    if metres <= alert_m:
        return "inside alert_m"
    return "inside prealert_m" if metres <= prealert_m else "outside prealert_m"


def _fix(place: VictimPlace) -> dict[str, Any]:
    times = {"t": format_instant(place.t_us), "received": format_instant(place.received_us)}
    return times | {"lon": place.lon, "lat": place.lat, "acc": place.acc}


def _none() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no protected place is shown for this alert")
