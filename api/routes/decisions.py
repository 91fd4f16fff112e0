"""Violations and alerts, newest first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.cursors import Number, cut, link_header, next_link, read_cursor
from api.doors import Seen, seeing
from api.instants import Instant
from api.negotiation import chosen
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, Cursor, alert_answer, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, LIST_LIMIT, ListLimit
from domain.vocabulary import AlertCondition, AlertWork, Kind, Severity
from store.reading_types import AlertFilter, ViolationFilter

NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"
VIOLATION_ID: Final = r"^[A-Za-z0-9_.:-]{1,64}-[0-9]{1,19}$"
LARGEST_ID: Final = (1 << 63) - 1

ReadsViolations = Annotated[Seen, Depends(seeing(Deed.READ_VIOLATIONS))]
ReadsAlerts = Annotated[Seen, Depends(seeing(Deed.READ_ALERTS))]
OfWearer = Annotated[str | None, Query(pattern=ID_CHARACTERS)]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get(
    "/violations",
    response_model=shapes.Page[shapes.Violation],
    responses={200: {"content": {NDJSON: {}}}},
    tags=["violations"],
)
async def violations(
    request: Request,
    seen: ReadsViolations,
    wearer: OfWearer = None,
    kind: Annotated[list[Kind] | None, Query(description="May be given several times")] = None,
    condition: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="Without an end, or with one")] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="Not over before this")] = None,
    to: Annotated[Instant | None, Query(description="Begun before this")] = None,
    withdrawn: Annotated[bool, Query(description="Withdrawn ones too")] = False,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """The newest version of each violation, the one that was opened last first; as lines with `Accept: application/x-ndjson`."""
    media_type = chosen(accept, (JSON, NDJSON))
    wanted = ViolationFilter(wearer, tuple(kind or ()), condition, is_open, not withdrawn, from_, to)
    rows = await seen.reading.violations(wanted, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row[0])
    link = next_link(request, onward)
    if media_type == NDJSON:
        lines = "".join(violation.as_line() + "\n" for _, violation in page)
        return Response(lines, headers=link_header(link) | {"Vary": "Accept"}, media_type=NDJSON)
    return answer({"items": [violation.as_json() for _, violation in page], "next": link}, link)


@router.get(
    "/violations/{violation}", response_model=shapes.Page[shapes.Violation], responses=NOT_FOUND, tags=["violations"]
)
async def violation(violation: Annotated[str, Path(pattern=VIOLATION_ID)], seen: ReadsViolations) -> Response:
    """Every version of one violation, oldest first."""
    versions = await seen.reading.versions_of(violation)
    if not versions:
        raise Problem(HTTPStatus.NOT_FOUND, "no such violation")
    return answer({"items": [version.as_json() for version in versions], "next": None})


@router.get("/alerts", response_model=shapes.Page[shapes.Alert], tags=["alerts"])
async def alerts(
    request: Request,
    seen: ReadsAlerts,
    wearer: OfWearer = None,
    severity: Annotated[list[Severity] | None, Query(description="May be given several times")] = None,
    state: AlertCondition | None = None,
    withdrawn: Annotated[bool, Query(description="Withdrawn ones too")] = False,
    grouped_under: Annotated[str | None, Query(pattern=ID_CHARACTERS, description="Held by this incident")] = None,
    grouped: Annotated[bool | None, Query(description="Held by any incident, or by none")] = None,
    work: Annotated[list[AlertWork] | None, Query(description="May be given several times")] = None,
    holder: Annotated[str | None, Query(max_length=64, description="Claimed by this person")] = None,
    unclaimed: Annotated[bool, Query(description="Those that nobody has: `work=raised`")] = False,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = LIST_DEFAULT,
) -> Response:
    """Alerts, newest first."""
    if unclaimed and set(work or ()) - {AlertWork.RAISED}:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "nobody has what is unclaimed; leave out one of the two", field="unclaimed"
        )
    works = (AlertWork.RAISED,) if unclaimed else tuple(work or ())
    wanted = AlertFilter(wearer, tuple(severity or ()), state, withdrawn, grouped_under, grouped, works, holder)
    rows = await seen.reading.alerts(wanted, read_cursor(cursor, tuple[Number, Number]), limit + 1)
    page, onward = cut(rows, limit, lambda row: (row.raised_us, row.no))
    return answer({"items": [row.as_json() for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/alerts/{alert}", response_model=shapes.Alert, responses=NOT_FOUND, tags=["alerts"])
async def alert(alert: Annotated[str, Path(pattern=r"^[0-9]{1,19}$")], seen: ReadsAlerts) -> Response:
    """One alert; its `ETag` is the revision of its work."""
    row = await seen.reading.alert(int(alert)) if int(alert) <= LARGEST_ID else None
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such alert")
    return alert_answer(row)
