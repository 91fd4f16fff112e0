"""Protocols: what one would do minute by minute, the versions that there were, and for seniors a file that comes into force."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from alerts.explaining import explain, usual_severity
from alerts.hours import quiet_until_us
from alerts.protocol_intake import read_usable
from alerts.protocol_reading import KINDS, following, nearest, risen
from alerts.protocol_words import OnDuty, explained_json, names_on_duty
from alerts.protocols import Case, Protocols
from alerts.shipped import in_force
from api import desk_shapes, shapes
from api.audited import nothing_changed
from api.caseload_asked import HasCaseload
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import Asking, AtDesk, HasDesk, asks, once
from api.instants import Instant
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.routes.records import NO_DESK, ReadsDesk
from api.staff_shapes import Explained, ProtocolFile, ProtocolsChecked, ProtocolVersion
from domain.errors import BadInput, Fault
from domain.instants import DAY_US, format_instant
from domain.vocabulary import Level, Severity
from store.audit import entry_of
from store.protocols import ProtocolTables

CENTRE_ZONE: Final = "Europe/London"
FILE: Final = "file"
REFUSED: Final = "the file may not come into force"
TAKES: Final[dict[int | str, dict[str, Any]]] = {
    **NO_DESK,
    422: {"description": "What is wrong with the file, by line and field", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["protocols"])

Writes = Annotated[Asking, asks(Deed.WRITE_PROTOCOLS)]


@router.get("/protocols/explain", response_model=Explained, responses=NO_DESK)
async def explained(
    seen: ReadsDesk,
    desk: HasDesk,
    caseload: HasCaseload,
    kind: Annotated[str, Query(description="Kind of alert, such as `strap_tamper`", max_length=64)],
    level: Level = Level.STANDARD,
    severity: Annotated[
        Severity | None, Query(description="It is and stays that; default: as such an alert begins, and rises")
    ] = None,
    at: Annotated[Instant | None, Query(description="When it is raised; default now")] = None,
    victim: Annotated[bool, Query(description="The wearer is paired with a victim")] = False,
    under_18: Annotated[bool, Query(description="The wearer is under 18")] = False,
    own_unit: Annotated[bool, Query(description="It is about the unit that a victim carries")] = False,
    area: Annotated[str | None, Query(description="Of the order, for the names", pattern=ID_CHARACTERS)] = None,
) -> Response:
    """What would happen to such an alert if nobody acted, with the names of those on duty then."""
    if kind not in KINDS:
        detail = f"there is no such kind{nearest(kind, KINDS)}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="kind")
    at_us = desk.clock() if at is None else at
    begins = usual_severity(kind, level, victim) if severity is None else severity
    case = Case(kind, begins, level, victim, under_18, own_unit)
    protocols = (await desk.guide()).protocols
    quiet = partial(quiet_until_us, timezone=CENTRE_ZONE, zones=caseload.zones)
    found = await asyncio.to_thread(explain, protocols, case, at_us, quiet, rises=severity is None)
    if found is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "no protocol is for it", field="kind")
    duty, note = await _names(desk, area, at_us)
    return answer(explained_json(found, duty, f"Protocols: version {protocols.version}. {note}"))


async def _names(desk: AtDesk, area: str | None, at_us: int) -> tuple[OnDuty | None, str]:
    if desk.rota is None:
        return None, "Roles alone: no rota is set up in this process."
    areas = await desk.rota.areas()
    if area is not None and area not in areas:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no such area", field="area")
    duty = names_on_duty(await desk.shifts(at_us, at_us + 2 * DAY_US), areas, area)
    return duty, f"Names: the rota for {f'area {area}' if area else 'no area in particular'}."


@router.get("/protocols/versions", response_model=shapes.Page[ProtocolVersion], responses=NO_DESK)
async def versions(
    request: Request, seen: ReadsDesk, desk: HasDesk, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Versions of the file that were entered, the newest first; none: what ships is in force."""
    rows = await _tables(desk).versions(read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.version)
    items = [
        {"version": row.version, "entered": format_instant(row.made_us), "by": row.by, "protocols": row.protocols}
        for row in page
    ]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.get(
    "/protocols/versions/{version}",
    response_model=desk_shapes.ProtocolsInForce,
    responses={**NO_DESK, **NOT_FOUND},
)
async def version_of(
    seen: ReadsDesk, desk: HasDesk, version: Annotated[str, Path(pattern=r"^[0-9]{1,18}$")]
) -> Response:
    """What a version said."""
    body = await _tables(desk).of_version(int(version))
    if body is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such version")
    return answer(msgspec.to_builtins(in_force(body)))


@router.post("/protocols/preview", response_model=ProtocolsChecked, responses=TAKES)
async def preview(body: ProtocolFile, asked: Writes) -> Response:
    """Whether a file may come into force, and what it would change. Changes nothing."""
    nothing_changed()
    new = await _read(body.text)
    before = in_force(await _tables(asked.desk).newest())
    _must_follow(new, before)
    return answer(_changes(new, before))


@router.post("/protocols", response_model=ProtocolsChecked, status_code=201, responses=TAKES)
async def enter(body: ProtocolFile, asked: Writes) -> Response:
    """Takes a file into force as a new version. Alerts that are being worked on keep theirs."""
    new = await _read(body.text)

    async def work(note: Note) -> Response:
        async with _tables(asked.desk).entering(note) as entering:
            before = in_force(entering.before)
            _must_follow(new, before)
            kept = msgspec.to_builtins(following(new, before))
            seen, now_us = asked.seen, asked.desk.clock()
            entry = entry_of(
                seen.caller, now_us, Deed.WRITE_PROTOCOLS, "protocols", [str(new.version)], seen.why, done="entered"
            )
            await entering.enter(new.version, kept, now_us, seen.caller.name, entry)
        return answer(_changes(new, before), status=HTTPStatus.CREATED)

    return await once(asked, work)


async def _read(text: str) -> Protocols:
    """The protocols of a file that may be used; 422 with a line and field for everything that is wrong."""
    try:
        return await asyncio.to_thread(read_usable, text, FILE)
    except BadInput as bad:
        raise _refusal(bad.faults) from None


def _must_follow(new: Protocols, before: Protocols) -> None:
    faults = [Fault(FILE, 0, field, cause) for field, cause in risen(new, before)]
    if faults:
        raise _refusal(faults)


def _refusal(faults: Any) -> Problem:
    errors = [{"field": one.field, "cause": one.cause} | ({"line": one.line} if one.line else {}) for one in faults]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, REFUSED, errors=errors)


def _changes(new: Protocols, before: Protocols) -> dict[str, Any]:
    old = {one.id: one for one in before.protocol}
    now = {one.id: one for one in new.protocol}
    return {
        "version": new.version,
        "protocols": len(new.protocol),
        "new": [name for name in now if name not in old],
        "changed": [name for name, one in now.items() if name in old and old[name] != one],
        "gone": [name for name in old if name not in now],
    }


def _tables(desk: AtDesk) -> ProtocolTables:
    if desk.protocols is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the protocols are not set up in this process")
    return desk.protocols
