"""The rota: its shifts over a range, when nobody is on duty, and for seniors a shift more or one that ends."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from alerts.rota import gaps, read_rota, wanted
from api.audited import nothing_changed
from api.caseload_asked import AskedOf, changes
from api.desk import AtDesk, HasDesk, once
from api.desk_bodies import shift_body
from api.desk_shapes import Made
from api.doors import Seen
from api.instants import Instant
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS
from api.routes.records import NO_DESK, ReadsDesk
from api.staff_shapes import NewShift, RotaGaps, ShiftEnd, Shifts
from domain.errors import BadInput
from domain.instants import DAY_US, format_instant
from domain.rota import Shift
from store.audit import Entry, entry_of
from store.rota import RotaTables

WEEK_US: Final = 7 * DAY_US
LONGEST_US: Final = 92 * DAY_US
"""The longest range that is looked at."""
BODY: Final = "body"
_WRITES: Final = changes(Deed.WRITE_ROTA)
ADDS: Final[dict[int | str, dict[str, Any]]] = {
    **NO_DESK,
    409: {"description": "There is one of this id already", **PROBLEM_CONTENT},
}
ENDS: Final[dict[int | str, dict[str, Any]]] = {
    **NO_DESK,
    **NOT_FOUND,
    409: {"description": "It is over", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["rota"])

Since = Annotated[Instant | None, Query(alias="from", description="Default now")]
Until = Annotated[Instant | None, Query(description="Default 7 days later; at most 92")]


@router.get("/rota/shifts", response_model=Shifts, responses=NO_DESK)
async def shifts(seen: ReadsDesk, desk: HasDesk, from_: Since = None, to: Until = None) -> Response:
    """Every shift that touches a range, whatever its area."""
    from_us, to_us = _range(desk, from_, to)
    found = await desk.shifts(from_us, to_us)
    return answer(_bounds(from_us, to_us) | {"items": [shift_body(shift) for shift in found]})


@router.get("/rota/gaps", response_model=RotaGaps, responses=NO_DESK)
async def rota_gaps(seen: ReadsDesk, desk: HasDesk, from_: Since = None, to: Until = None) -> Response:
    """When nobody is on duty for a role that the protocols tell, in an area that orders run in."""
    from_us, to_us = _range(desk, from_, to)
    tables = _rota(desk)
    needed = wanted((await desk.guide()).protocols, await tables.areas_in_use(from_us, to_us))
    found = gaps(await desk.shifts(from_us, to_us), needed, from_us, to_us, await tables.areas())
    items = [
        {
            "role": gap.role.value,
            "area": gap.area,
            "from": None if gap.from_us is None else format_instant(gap.from_us),
            "to": format_instant(gap.to_us),
        }
        for gap in found
    ]
    return answer(_bounds(from_us, to_us) | {"items": items})


@router.post("/rota/shifts", response_model=Made, status_code=201, responses=ADDS)
async def add(body: NewShift, asked: AskedOf = _WRITES) -> Response:
    """Puts a shift on the rota; who has areas, into one of them."""
    tables = _rota(asked.asking.desk)
    shift = _read(body, await tables.areas())
    await _must_be_theirs(asked, shift)

    async def work(note: Note) -> Response:
        if not await tables.add(shift, asked.seen.caller.name, _entry(asked.seen, shift.id, "added"), note):
            raise Problem(HTTPStatus.CONFLICT, "there is a shift of this id; end that one first", field="id")
        return answer({"id": shift.id}, status=HTTPStatus.CREATED)

    return await once(asked.asking, work)


@router.post("/rota/shifts/{shift}/end", response_model=Made, responses=ENDS)
async def end(
    shift: Annotated[str, Path(pattern=ID_CHARACTERS)], asked: AskedOf = _WRITES, body: ShiftEnd | None = None
) -> Response:
    """Ends a shift, now or at an instant to come; one that has not begun is taken out."""
    tables = _rota(asked.asking.desk)
    now_us = asked.asking.desk.clock()
    at_us = now_us if body is None or body.at is None else body.at
    standing = await tables.standing(shift)
    if standing is None or not await _is_theirs(asked, standing):
        raise Problem(HTTPStatus.NOT_FOUND, "no such shift")
    if at_us < now_us:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "is past: who was told then cannot be untold", field="at")

    async def work(note: Note) -> Response:
        entry = _entry(asked.seen, shift, "ended", at=format_instant(at_us))
        before = await tables.end(shift, at_us, asked.seen.caller.name, entry, note)
        if before is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such shift")
        if before.to_us <= at_us:
            nothing_changed()
            raise Problem(HTTPStatus.CONFLICT, "it is over by then")
        return answer({"id": shift})

    return await once(asked.asking, work)


def _read(body: NewShift, areas: Any) -> Shift:
    """The shift, checked as a line of a rota file is; 422 with every fault."""
    line = msgspec.json.encode(body.model_dump(by_alias=True, mode="json"))
    try:
        [shift] = read_rota([line], BODY, areas)
    except BadInput as bad:
        errors = [{"field": one.field, "cause": one.cause} for one in bad.faults]
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the shift cannot be entered", errors=errors) from None
    return shift


async def _must_be_theirs(asked: AskedOf, shift: Shift) -> None:
    if not await _is_theirs(asked, shift):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be one of your areas", field="area")


async def _is_theirs(asked: AskedOf, shift: Shift) -> bool:
    seen = asked.seen
    return seen.sight.everything or shift.area in await asked.caseload.seen(seen.sight).areas_in_sight()


def _entry(seen: Seen, name: str, done: str, **details: Any) -> Entry:
    return entry_of(seen.caller, seen.parts.now(), Deed.WRITE_ROTA, "shift", [name], seen.why, done=done, **details)


def _rota(desk: AtDesk) -> RotaTables:
    if desk.rota is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the rota is not set up in this process")
    return desk.rota


def _range(desk: AtDesk, from_us: int | None, to_us: int | None) -> tuple[int, int]:
    start = desk.clock() if from_us is None else from_us
    end_us = start + WEEK_US if to_us is None else to_us
    if not 0 < end_us - start <= LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 92 days", field="to")
    return start, end_us


def _bounds(from_us: int, to_us: int) -> dict[str, str]:
    return {"from": format_instant(from_us), "to": format_instant(to_us)}
