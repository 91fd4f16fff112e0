"""The live map, the same as a table, and what lies under it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import FileResponse, JSONResponse, Response

from access.grants import Deed
from api.basemap import DEEPEST, about
from api.console.asking import Refused, together
from api.console.frame import Opened, Page
from api.console.map_rows import SORTS, Row, alerting_of, rows_of, sorted_rows

A_PAGE: Final = 100
MOST_ALERTS: Final = 5_000
OPEN_WORK: Final = ["raised", "claimed", "actioned"]
A_DAY: Final = "private, max-age=86400"

router = APIRouter(include_in_schema=False)


def _require(opened: Page) -> None:
    if not opened.reader.may(Deed.READ_POSITIONS):
        raise Refused(HTTPStatus.FORBIDDEN, {"detail": "the map is not for your role"})


@router.get("/map")
async def live_map(opened: Opened) -> Response:
    """The map; its script asks for everything."""
    _require(opened)
    return opened.show("map.html", title="Map", wide=True)


@router.get("/map/table")
async def table(
    opened: Opened,
    sort: Annotated[str, Query(max_length=16)] = "alert",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000)] = 1,
) -> Response:
    """Everybody on the map in lines, sorted and in pages."""
    _require(opened)
    sort = sort if sort in SORTS else "alert"
    (positions, more), (alerts, _) = await together(
        opened.ask.items("positions", most=20_000, limit=20_000),
        opened.ask.items("alerts", most=MOST_ALERTS, work=OPEN_WORK, grouped=False, limit=1_000)
        if opened.reader.may(Deed.READ_ALERTS)
        else _nothing(),
    )
    rows = sorted_rows(rows_of(positions, alerting_of(alerts), opened.parts.now()), sort)
    pages = max(1, -(-len(rows) // A_PAGE))
    number = min(number, pages)
    page = rows[(number - 1) * A_PAGE : number * A_PAGE]
    return opened.show(
        "map_table.html",
        title="Map as a table",
        rows=page,
        names=await _names(opened, page),
        total=len(rows),
        more=more,
        sort=sort,
        number=number,
        pages=pages,
        first=(number - 1) * A_PAGE + 1,
    )


async def _nothing() -> tuple[list[Any], bool]:
    return [], False


async def _names(opened: Page, rows: list[Row]) -> dict[str, str]:
    if not rows:
        return {}
    found = await opened.ask.get("names", wearer=[row.wearer for row in rows])
    return {one["id"]: one["name"] for one in found["items"]}


# ---- what lies under it ----


@router.get("/basemap.json")
async def basemap(opened: Opened) -> Response:
    """Which tiles or streets there are."""
    return JSONResponse(about(opened.parts.basemap), headers={"Cache-Control": "no-cache"})


@router.get("/basemap/streets.json")
async def streets(opened: Opened) -> Response:
    """The file of streets, GeoJSON."""
    found = opened.parts.basemap
    if found is None or found.streets is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    return FileResponse(found.streets, media_type="application/geo+json", headers={"Cache-Control": "no-cache"})


@router.get("/basemap/{z}/{x}/{y}")
async def tile(
    opened: Opened,
    z: Annotated[int, Path(ge=0, le=DEEPEST)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
) -> Response:
    """One tile; nothing where there is none."""
    tiles = None if opened.parts.basemap is None else opened.parts.basemap.tiles
    if tiles is None or x >= 1 << z or y >= 1 << z:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    found = await tiles.tile(z, x, y)
    if found is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    headers = {"Cache-Control": A_DAY} | ({"Content-Encoding": found.encoding} if found.encoding else {})
    return Response(found.body, headers=headers, media_type=found.media_type)
