"""What is done with several records at once: many entered together, a device swapped, timetables shown as windows; and the search."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed, may
from alerts.desk import Note, nothing_noted
from api.audited import nothing_changed
from api.caseload_asked import AskedOf, VersionSeen, changes, reads
from api.caseload_bodies import (
    JSON,
    NDJSON,
    entered_body,
    many_body,
    warned,
    written_many,
    written_one,
)
from api.caseload_changes import swap
from api.caseload_desk import check, enter_written, sight_of_written
from api.caseload_preview import (
    check_range,
    conditions_of,
    order_named,
    preview_body,
    records_of,
)
from api.caseload_shapes import (
    ConditionWindows,
    ManyEntered,
    ManyRecords,
    Preview,
    PreviewAsked,
    SearchResult,
    Swap,
    Swapped,
)
from api.desk import once
from api.etags import etag
from api.instants import Instant
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, answer
from api.problems import Problem
from api.routes.caseload import CHANGES, UNREADABLE
from api.routes.people import ID_CHARACTERS
from domain.caseload_checks import Key
from domain.instants import DAY_US
from domain.records import Absence, Condition, Order
from store.caseload_entry import Entering, Stood

MOST_FOUND: Final = 20
SEARCHED: Final = {
    "id": Deed.READ_WEARERS,
    "name": Deed.READ_WEARERS,
    "part": Deed.READ_WEARERS,
    "phone": Deed.READ_WEARERS,
    "device": Deed.READ_FITTINGS,
    "place": Deed.READ_ORDERS,
    "zone": Deed.READ_ORDERS,
}
"""By what a wearer is found, and who may: an address is told to nobody who does not read the orders that it stands in."""
PREVIEW_DEFAULT_US: Final = 14 * DAY_US
_WRITES_CASELOAD: Final = changes(Deed.WRITE_CASELOAD)
_WRITES_FITTINGS: Final = changes(Deed.WRITE_FITTINGS)
_LOOKS_AHEAD: Final = reads(Deed.WRITE_CASELOAD)
_LOOKS_AHEAD_AT_ABSENCES: Final = reads(Deed.WRITE_ABSENCES)
_READS_ORDERS: Final = reads(Deed.READ_ORDERS)
_READS_WEARERS: Final = reads(Deed.READ_WEARERS)
_MANY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": ManyRecords.model_json_schema()},
            NDJSON: {"schema": {"type": "string", "description": "One record a line, as in a caseload file"}},
        },
    }
}

Id = Annotated[str, Path(pattern=ID_CHARACTERS)]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.post("/caseload", response_model=ManyEntered, responses=UNREADABLE, openapi_extra=_MANY, tags=["caseload"])
async def many(
    request: Request,
    asked: AskedOf = _WRITES_CASELOAD,
    preview: Annotated[bool, Query(description="Only check: nothing is entered")] = False,
) -> Response:
    """Records of any type that belong together, as in a caseload file: all are entered, or none. At most 1,000.

    One with a known id is a new version of it, which holds from now; one that is there word for word is left alone.
    """

    async def work(note: Note) -> Response:
        written = await written_many(request, asked.caseload.zones.names)
        checked, after = await enter_written(asked.caseload, asked.seen, written, note, lines=True, preview=preview)
        return answer(many_body(checked, written, after, preview=preview))

    # A preview has no name to be kept under: the same body is sent again to be entered.
    return await work(nothing_noted) if preview else await once(asked.asking, work)


@router.post("/fittings/{fitting}/swap", response_model=Swapped, responses=CHANGES, tags=["fittings"])
async def swap_device(
    fitting: Id, body: Swap, asked: AskedOf = _WRITES_FITTINGS, if_match: str = VersionSeen
) -> Response:
    """One device for another: ends a fitting and begins another of the same person, at one instant."""

    async def work(note: Note) -> Response:
        ended, begun, warnings = await swap(asked, fitting, body, if_match, note)
        told = {"ended": entered_body(ended), "begun": entered_body(begun, warnings)}
        return answer(told, headers=etag(begun.record_no))

    return await once(asked.asking, work)


@router.post("/conditions/preview", response_model=Preview, responses=NOT_FOUND, tags=["conditions"])
async def preview_condition(body: PreviewAsked, asked: AskedOf = _LOOKS_AHEAD) -> Response:
    """A condition's windows before it is entered, with what absences and suspensions leave of them. Changes nothing."""
    return await _preview("condition", body, asked)


@router.post("/absences/preview", response_model=Preview, responses=NOT_FOUND, tags=["absences"])
async def preview_absence(body: PreviewAsked, asked: AskedOf = _LOOKS_AHEAD_AT_ABSENCES) -> Response:
    """What an absence would leave of its condition's windows, before it is entered. Changes nothing."""
    return await _preview("absence", body, asked)


@router.post("/suspensions/preview", response_model=Preview, responses=NOT_FOUND, tags=["suspensions"])
async def preview_suspension(body: PreviewAsked, asked: AskedOf = _LOOKS_AHEAD) -> Response:
    """What a suspension really covers, as instants, before it is entered: one that repeats daily as each day's. Changes nothing."""
    return await _preview("suspension", body, asked)


async def _preview(kind: str, body: PreviewAsked, asked: AskedOf) -> Response:
    check_range(body.from_, body.to)
    nothing_changed()
    zones = asked.caseload.zones
    written = await written_one(kind, body.record, zones.names)
    sight = await sight_of_written(asked.caseload, asked.seen, written)
    async with asked.caseload.looking() as looking:
        checked = await check(looking, written, asked.seen, sight, lines=False)
        (record,) = written.records.values()
        order = order_named(record, await looking.around([record]))
        stood = await _standing(looking, order or "")
    records = records_of(stood, record)
    of_order = records.get(("order", order or ""))
    if not isinstance(of_order, Order):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "is of an order that was ended", field=kind)
    wanted = _about(record) or conditions_of(records, of_order.id)
    told = preview_body(records, of_order, wanted, zones, body.from_, body.to)
    return answer(told | {"warnings": warned(checked.warnings)})


def _about(record: object) -> list[str]:
    if isinstance(record, Condition):
        return [record.id]
    return [record.condition] if isinstance(record, Absence) else []


@router.get(
    "/conditions/{condition}/windows", response_model=ConditionWindows, responses=NOT_FOUND, tags=["conditions"]
)
async def windows(
    condition: Id,
    asked: AskedOf = _READS_ORDERS,
    from_: Annotated[Instant | None, Query(alias="from", description="Default now")] = None,
    to: Annotated[Instant | None, Query(description="Default 14 days later; at most 400")] = None,
) -> Response:
    """A condition's windows, as `bailiwick windows` gives them, and what of them is enforced."""
    from_us = asked.seen.parts.now() if from_ is None else from_
    to_us = from_us + PREVIEW_DEFAULT_US if to is None else to
    check_range(from_us, to_us)
    row = await asked.caseload.seen(asked.seen.sight).one("condition", condition)
    if row is None or row.cancelled:
        raise Problem(HTTPStatus.NOT_FOUND, "no such condition")
    order = row.body["order"]
    async with asked.caseload.looking() as looking:
        records = records_of(await _standing(looking, order))
    of_order = records.get(("order", order))
    if not isinstance(of_order, Order):
        return answer({"condition": condition, "windows": [], "timeline": []})
    told = preview_body(records, of_order, [condition], asked.caseload.zones, from_us, to_us)
    return answer(told["conditions"][0])


async def _standing(looking: Entering, order: str) -> dict[Key, Stood]:
    """An order, and what stands of its wearer."""
    stood = await looking.standing([("order", order)])
    wearers = [one.version.record.wearer for one in stood.values() if isinstance(one.version.record, Order)]
    return stood | await looking.of_wearers(wearers)


@router.get("/search", response_model=SearchResult, tags=["wearers"])
async def search(
    q: Annotated[
        str,
        Query(
            min_length=2,
            max_length=64,
            pattern=r"^[^\x00]*$",
            description="Names in any order, an identifier, a telephone number or its last digits, an address, a device",
        ),
    ],
    asked: AskedOf = _READS_WEARERS,
) -> Response:
    """Wearers in the caller's sight, found by a word or several, the best first; at most 20."""
    kinds = [kind for kind, deed in SEARCHED.items() if may(asked.seen.caller, deed)]
    rows = await asked.caseload.seen(asked.seen.sight).search(q, kinds, MOST_FOUND + 1)
    items = [{"wearer": row.wearer, "name": row.name, "born": row.born, "by": row.kinds} for row in rows[:MOST_FOUND]]
    return answer({"items": items, "more": len(rows) > MOST_FOUND})
