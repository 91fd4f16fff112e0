"""Shared zones: the list, and the editor in which one is drawn, checked, and saved as a new version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console import shape_text
from api.console.asking import Refused, together
from api.console.before_saving import SAVE, draft, fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.typed import Form
from api.routes.people import Id

FIELDS: Final = {
    "shape.radius_m": "radius",
    "shape.width_m": "width",
    "shape": "points",
    "zone.radius_m": "radius",
    "zone.width_m": "width",
    "zone": "points",
    "name": "name",
    "area": "area",
    "id": "id",
}
"""The API's fields as those of the form."""
MOST_AROUND: Final = 300
"""Other zones that are drawn behind the one that is edited."""
READ_THEM: Final = "Read the warnings beside the map, then tick that you have, or change the shape"

router = APIRouter(include_in_schema=False)


@router.get("/zones")
async def zones(opened: Opened) -> Response:
    """Those that the reader may see."""
    (items, more), (areas, _) = await together(opened.ask.items("zones"), opened.ask.items("areas"))
    names = {one["id"]: one["record"].get("name") or one["id"] for one in areas}
    items.sort(key=lambda one: str(one["record"].get("name") or one["id"]).casefold())
    return opened.show(
        "zones.html",
        title="Zones",
        items=items,
        more=more,
        areas=names,
        shape_words=shape_text.shape_words,
        may=opened.reader.may(Deed.WRITE_CASELOAD),
    )


@router.get("/zones/new")
async def new(opened: Opened) -> Response:
    """A form for a zone that is not there yet."""
    form = Form({"id": f"Z-{uuid4().hex[:8]}"})
    return await _show(opened, form, None)


@router.post("/zones/new")
async def enter(opened: Opened) -> Response:
    """Checks it, or enters it."""
    return await _save(opened, None)


@router.get("/zones/{zone}")
async def one(zone: Id, opened: Opened) -> Response:
    """A zone as it stands, to be changed by whoever may."""
    told = await opened.ask.ask("GET", f"zones/{zone}")
    record = told.body["record"]
    form = Form(
        {"id": zone, "name": record.get("name") or "", "area": record.get("area") or "", "etag": told.etag or ""}
    )
    shape_text.fill(form, record["shape"])
    return await _show(opened, form, told.body)


@router.post("/zones/{zone}")
async def change(zone: Id, opened: Opened) -> Response:
    """Checks it, or enters a new version."""
    return await _save(opened, zone)


@router.post("/zones/{zone}/end")
async def end(zone: Id, opened: Opened) -> Response:
    """Ends a zone that no condition names any more."""
    await opened.ask.ask("DELETE", f"zones/{zone}", if_match=opened.typed.get("etag"), key=opened.key())
    return see_other("/zones")


@router.get("/zones/{zone}/versions")
async def versions(zone: Id, opened: Opened) -> Response:
    """Every version, with who entered it."""
    items, more = await opened.ask.items(f"zones/{zone}/versions")
    told = [shape_text.shape_words(one["record"]["shape"]) for one in items]
    return opened.show(
        "versions.html",
        title="Versions of a zone",
        what=items[0]["record"].get("name") or zone,
        back=f"/zones/{zone}",
        rows=list(zip(items, told, strict=True)),
        more=more,
    )


async def _save(opened: Page, zone: str | None) -> Response:
    form = Form(opened.typed)
    name = form.said("id", "Give it an id") if zone is None else zone
    record = {
        "id": name,
        "name": form.said("name", "Give it a name: it is told to wearers and written in reports"),
        "area": form.said("area") or None,
        "shape": shape_text.shape_of(form),
    }
    told = None
    if not form.wrong:
        told = await checked(opened, form, {"shape": record["shape"], **({"zone": zone} if zone else {})})
        if told is not None and may_enter(opened, form, told):
            try:
                await _enter(opened, zone, record)
                return see_other("/zones")
            except Refused as refused:
                _faster(refused, form)
                form.refused(refused, FIELDS)
    body = (await opened.ask.get(f"zones/{zone}")) if zone else None
    return await _show(opened, form, body, told)


async def _enter(opened: Page, zone: str | None, record: dict[str, Any]) -> None:
    if zone is None:
        await opened.ask.post("zones", record, key=opened.key())
    else:
        await opened.ask.ask("PUT", f"zones/{zone}", record, if_match=opened.typed.get("etag"), key=opened.key())


async def checked(opened: Page, form: Form, asked: dict[str, Any]) -> dict[str, Any] | None:
    """What the API says of a shape; None when it cannot be judged by, which is told at its field."""
    try:
        found: dict[str, Any] = (await opened.ask.post("zones/preview", asked)).body
    except Refused as refused:
        form.refused(refused, FIELDS)
        return None
    return found


def may_enter(opened: Page, form: Form, told: dict[str, Any]) -> bool:
    """Whether "save" was pressed and the warnings, if there are any, were read."""
    if opened.typed.get("do") != SAVE:
        return False
    if told["warnings"] and not form["read"]:
        form.fault("read", READ_THEM)
        return False
    return True


def _faster(refused: Refused, form: Form) -> None:
    if refused.status == 412:
        by = (refused.problem.get("changed") or {}).get("by")
        form.fault(
            "form",
            f"{by or 'Somebody'} changed this zone meanwhile. What you drew is below; open the zone anew to see theirs",
        )


async def _show(opened: Page, form: Form, body: dict[str, Any] | None, told: dict[str, Any] | None = None) -> Response:
    (areas, _), (around, _) = await together(opened.ask.items("areas"), opened.ask.items("zones", most=MOST_AROUND))
    used: list[Any] = []
    zone = None if body is None else body["id"]
    if zone is not None and opened.reader.may(Deed.READ_ORDERS):
        used, _ = await opened.ask.items("conditions", zone=zone)
    form.values.setdefault("shape", shape_text.POLYGON)
    return opened.show(
        "zone.html",
        status=422 if form.wrong else 200,
        title="New zone" if body is None else f"Zone: {body['record'].get('name') or zone}",
        wide=True,
        zone=zone,
        body=body,
        form=form,
        told=told,
        areas=areas,
        used=used,
        background=background([one for one in around if one["id"] != zone], zone=zone),
        may=opened.reader.may(Deed.WRITE_CASELOAD),
        size_words=shape_text.size_words,
        key=opened.key() or fresh_key(),
        draft=draft(opened, "zone-new" if body is None else f"zone-{zone}-{body['version']}"),
    )


def background(
    zones: list[dict[str, Any]],
    homes: Sequence[dict[str, Any]] = (),
    *,
    zone: str | None = None,
    order: str | None = None,
) -> dict[str, Any]:
    """What the editor's map is given: other zones, the wearer's home, and for whom the shape is checked."""
    return {
        "zones": [{"name": one["record"].get("name") or one["id"], "shape": one["record"]["shape"]} for one in zones],
        "homes": list(homes),
        "zone": zone,
        "order": order,
    }
