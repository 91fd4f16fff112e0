"""Measures of enforcement: a year in whole months, suppressed, as JSON and CSV (docs/measures.md)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from access.grants import Deed
from api import measure_shapes
from api.csv_lines import CSV
from api.doors import Seen, seeing
from api.measuring import csv_of, gathered
from api.negotiation import chosen
from api.parts import API_ROOT, PROBLEMS, answer
from api.permitting import HasPermissions
from api.problems import Problem
from evidence.measures import last_year

JSON: Final = "application/json"
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200
AS_CSV: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {CSV: {}}}}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["measures"])


@router.get("/measures", response_model=measure_shapes.MeasuresOfYear, responses=AS_CSV)
async def measures(
    seen: Annotated[Seen, Depends(seeing(Deed.READ_FIGURES))],
    tables: HasPermissions,
    year: Annotated[
        int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Default that of the last month that is over")
    ] = None,
    format_: Annotated[
        Literal["json", "csv"] | None, Query(alias="format", description="In place of `Accept`, for a link")
    ] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """How fast breaches are enforced and orders fitted, what came of them, and which alerts hold: a year, in its whole months that are over.

    Of everybody, whatever the caller sees: nothing in it is of one person, and small numbers are left out.
    """
    media_type = {"json": JSON, "csv": CSV}[format_] if format_ else chosen(accept, (JSON, CSV))
    routes, now_us = seen.parts.routes, seen.parts.now()
    if routes is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "measures are not set up in this process")
    asked = last_year(routes.calendar(), now_us) if year is None else year
    told = await gathered(tables.measures, routes, seen.parts.policies.measures, asked, now_us)
    if media_type == CSV:
        headers = {"Content-Disposition": f'attachment; filename="measures-{told["year"]}.csv"', "Vary": "Accept"}
        return Response(csv_of(told), headers=headers, media_type=f"{CSV}; charset=utf-8")
    return answer(told, headers={"Vary": "Accept"})
