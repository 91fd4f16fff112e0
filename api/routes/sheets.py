"""Sheets about one wearer: compliance of an order, days on bail with a curfew, weeks of a programme, the chronology (docs/sheets.md)."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes, sheet_shapes
from api.audited import looked
from api.caseload_asked import AskedOf, reads
from api.csv_lines import CSV
from api.cursors import Number, Text, cut, next_link, read_cursor
from api.desk import no_such
from api.instants import Instant
from api.negotiation import chosen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permitting import HasPermissions
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.sheet_bodies import (
    chronology_csv,
    compliance_body,
    compliance_csv,
    line_body,
    order_body,
    qualifying_body,
    qualifying_csv,
    week_body,
    weeks_csv,
)
from api.sheets import DEFAULT_US, check_period, line_of, noted_for, of_order, too_much
from domain.instants import format_instant
from evidence.chronology import Happened, What, chronology, of_records, of_violations, order_of
from evidence.compliance import compliance
from evidence.programmes import weekly_sheet
from evidence.qualifying import NotReckoned, qualifying
from store.reading_types import Subject
from store.sheets import Sheets, TooMuch

JSON: Final = "application/json"
FORMATS: Final = (JSON, CSV)
AS_CSV: Final[dict[int | str, dict[str, Any]]] = {**NOT_FOUND, 200: {"content": {CSV: {}}}}
_READS: Final = reads(Deed.READ_SHEETS)

Id = Annotated[str, Path(pattern=ID_CHARACTERS)]
From = Annotated[Instant | None, Query(alias="from", description="Inclusive; default the order's beginning")]
To = Annotated[Instant | None, Query(description="Exclusive; default now, or the order's end")]
Format = Annotated[Literal["json", "csv"] | None, Query(description="In place of `Accept`, for a link")]
Accept = Annotated[str | None, Header()]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["sheets"])


def _media_type(accept: str | None, wanted: str | None) -> str:
    return {"json": JSON, "csv": CSV}[wanted] if wanted else chosen(accept, FORMATS)


def _file(body: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept"}
    return Response(body, headers=headers, media_type=f"{CSV}; charset=utf-8")


@router.get("/orders/{order}/compliance", response_model=sheet_shapes.Compliance, responses=AS_CSV)
async def compliance_sheet(
    order: Id,
    tables: HasPermissions,
    asked: AskedOf = _READS,
    from_: From = None,
    to: To = None,
    format_: Annotated[Format, Query(alias="format")] = None,
    accept: Accept = None,
) -> Response:
    """Windows kept, kept with doubt, not kept and not monitored, and hours that are certain: what begins in a period of 400 days at most."""
    media_type = _media_type(accept, format_)
    made = await of_order(asked, tables.sheets, order, from_, to, "compliance")
    sheet = await asyncio.to_thread(
        compliance, made.of, made.order, made.violations, made.from_us, made.to_us, made.now_us
    )
    if media_type == CSV:
        return _file(compliance_csv(sheet), f"compliance-{order}")
    return answer(compliance_body(sheet), headers={"Vary": "Accept"})


@router.get(
    "/orders/{order}/qualifying-curfew",
    response_model=sheet_shapes.QualifyingCurfew,
    responses={**AS_CSV, 409: {"description": "There is nothing to reckon for this order", **PROBLEM_CONTENT}},
)
async def qualifying_curfew(
    order: Id,
    tables: HasPermissions,
    asked: AskedOf = _READS,
    format_: Annotated[Format, Query(alias="format")] = None,
    accept: Accept = None,
) -> Response:
    """Days on bail with a monitored curfew so far, each with its hours and why it counts or does not. A court decides; this is a reckoning."""
    media_type = _media_type(accept, format_)
    made = await of_order(asked, tables.sheets, order, None, None, "qualifying_curfew", whole=True)
    reckoned = (made.of, made.order, made.violations, made.now_us, asked.seen.parts.policies.schemes)
    try:
        sheet = await asyncio.to_thread(qualifying, *reckoned)
    except NotReckoned as why:
        raise Problem(HTTPStatus.CONFLICT, str(why)) from None
    if media_type == CSV:
        return _file(qualifying_csv(sheet), f"qualifying-curfew-{order}")
    return answer(qualifying_body(sheet), headers={"Vary": "Accept"})


@router.get("/orders/{order}/weeks", response_model=sheet_shapes.ProgrammeWeeks, responses=AS_CSV)
async def weeks(
    order: Id,
    tables: HasPermissions,
    asked: AskedOf = _READS,
    from_: From = None,
    to: To = None,
    format_: Annotated[Format, Query(alias="format")] = None,
    accept: Accept = None,
) -> Response:
    """The weekly sheet: hours required, present and unknown of each local week and attendance that begins in the period."""
    media_type = _media_type(accept, format_)
    made = await of_order(asked, tables.sheets, order, from_, to, "weeks")
    found = await asyncio.to_thread(
        weekly_sheet, made.of, made.order, made.violations, made.from_us, made.to_us, made.now_us
    )
    if media_type == CSV:
        return _file(weeks_csv(made.order, found), f"weeks-{order}")
    span = {"from": format_instant(made.from_us), "to": format_instant(made.to_us), "at": format_instant(made.now_us)}
    told = {"order": order_body(made.order), **span, "weeks": [week_body(one) for one in found]}
    return answer(told, headers={"Vary": "Accept"})


@router.get("/wearers/{wearer}/chronology", response_model=shapes.Page[sheet_shapes.ChronologyLine], responses=AS_CSV)
async def wearer_chronology(
    request: Request,
    wearer: Id,
    tables: HasPermissions,
    asked: AskedOf = _READS,
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive; default 90 days before `to`")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive; default now")] = None,
    what: Annotated[list[What] | None, Query(description="May be given several times; default all")] = None,
    format_: Annotated[Format, Query(alias="format")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
    accept: Accept = None,
) -> Response:
    """Everything that happened to a wearer, one line each, the oldest first; nothing of a protected person. As CSV whole."""
    media_type = _media_type(accept, format_)
    seen = asked.seen
    to_us = seen.parts.now() + 1 if to is None else to
    from_us = to_us - DEFAULT_US if from_ is None else from_
    check_period(from_us, to_us)
    if not await seen.reading.in_sight(Subject.WEARER, wearer):
        raise no_such(Subject.WEARER)
    told = {"from": format_instant(from_us), "to": format_instant(to_us), "format": media_type}
    await looked(seen, Deed.READ_SHEETS, "wearer", [wearer], shown="chronology", **told)
    try:
        lines = await _lines(asked, tables.sheets, wearer, (from_us, to_us), what or [])
    except TooMuch:
        raise too_much() from None
    if media_type == CSV:
        return _file(chronology_csv(lines), f"chronology-{wearer}")
    after = read_cursor(cursor, tuple[Number, Text, Text, Text])
    rest = [one for one in lines if after is None or order_of(one) > after][: limit + 1]
    page, onward = cut(rest, limit, order_of)
    link = next_link(request, onward)
    return answer({"items": [line_body(one) for one in page], "next": link}, link, headers={"Vary": "Accept"})


async def _lines(
    asked: AskedOf, sheets: Sheets, wearer: str, period: tuple[int, int], what: list[What]
) -> list[Happened]:
    sight = asked.seen.sight
    records, versions, noted, markers = await asyncio.gather(
        sheets.records(sight, wearer),
        sheets.versions(sight, wearer, *period),
        sheets.noted(sight, wearer, *period, noted_for(asked)),
        sheets.markers(wearer),
    )
    found = [*of_records(records), *of_violations(versions), *map(line_of, noted)]
    return chronology(found, *period, what, markers)
