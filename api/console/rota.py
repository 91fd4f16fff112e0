"""The rota: who is on duty now, the week with its gaps, and for seniors a shift more or one that ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.before_saving import draft, fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.rendering import instant, text_of
from api.console.timelines import Stretch, days_of, midnight, next_midnight, widest
from api.console.typed import Form, moment_anchors
from api.routes.people import Id

FIELDS: Final = {
    "role": "role",
    "person": "person",
    "name": "name",
    "from": "from",
    "to": "to",
    "area": "area",
    "organisation": "organisation",
    "phone": "phone",
    "email": "email",
    "priority": "priority",
}
ROLES: Final = (
    *("operator", "supervisor", "duty_manager", "officer", "victim_liaison", "police", "enforcement", "field"),
)
"""The order of the page; those that shifts may have."""

Json = dict[str, Any]

router = APIRouter(include_in_schema=False)


@router.get("/rota")
async def rota(opened: Opened) -> Response:
    """A week from a day on, by role and area."""
    now = opened.now
    start = _week_of(opened.request.query_params.get("from"), now)
    end = start
    for _ in range(7):
        end = next_midnight(end)
    span = {"from": text_of(start), "to": text_of(end)}
    duty, shifts, gaps, soon, (areas, _) = await together(
        opened.ask.get("rota"),
        opened.ask.get("rota/shifts", **span),
        opened.ask.get("rota/gaps", **span),
        opened.ask.get("rota/gaps"),
        opened.ask.items("areas"),
    )
    names = {one["id"]: one["record"].get("name") or one["id"] for one in areas}
    return opened.show(
        "rota.html",
        title="Rota",
        wide=True,
        duty=_by_role(duty["items"], names),
        rows=_rows(shifts["items"], gaps["items"], start, end, names),
        days=[_day(shifts["items"], at) for at in _starts(start)],
        gaps=[_gap(one, names, now) for one in soon["items"]],
        start=start,
        before=(start - timedelta(hours=6 * 24 + 12)).date().isoformat(),
        after=(start + timedelta(hours=7 * 24 + 12)).date().isoformat(),
        this_week=start == midnight(now),
        area_names=names,
        may=opened.reader.may(Deed.WRITE_ROTA),
        key=fresh_key(),
    )


@router.get("/rota/shifts/new")
async def new(opened: Opened) -> Response:
    """The form; a link from a gap fills it in."""
    asked = opened.request.query_params
    now = opened.now.replace(minute=0, second=0, microsecond=0)
    form = Form({"role": asked.get("role", "supervisor"), "area": asked.get("area", ""), "priority": "1"})
    form.fill("from", instant(asked["from"]) if "from" in asked else now)
    form.fill("to", instant(asked["to"]) if "to" in asked else None)
    return await _show(opened, form)


@router.post("/rota/shifts/new")
async def add(opened: Opened) -> Response:
    """Puts it on the rota."""
    form = Form(opened.typed)
    priority = form.number("priority", "The order")
    record = {
        "id": f"R-{opened.key()}",
        "role": form.said("role"),
        "name": form.said("name", "Enter the name"),
        "person": form.said("person", "Enter the account or staff number"),
        "from": form.moment("from", "when it begins"),
        "to": form.moment("to", "when it ends", end=True),
        "area": form.said("area") or None,
        "organisation": form.said("organisation") or None,
        "phone": form.said("phone") or None,
        "email": form.said("email") or None,
        "priority": 1 if priority is None else int(priority),
    }
    if not form.wrong:
        try:
            await opened.ask.post("rota/shifts", record, key=opened.key())
        except Refused as refused:
            form.refused(refused, FIELDS)
        else:
            return see_other(f"/rota?from={str(record['from'])[:10]}")
    return await _show(opened, form)


@router.post("/rota/shifts/{shift}/end")
async def end(shift: Id, opened: Opened) -> Response:
    """Ends it now, or takes it out."""
    await opened.ask.post(f"rota/shifts/{shift}/end", key=opened.key())
    return see_other("/rota")


async def _show(opened: Page, form: Form) -> Response:
    areas, _ = await opened.ask.items("areas")
    return opened.show(
        "shift.html",
        status=422 if form.wrong else 200,
        title="New shift",
        form=form,
        areas=areas,
        roles=ROLES,
        anchors=moment_anchors("from", "to") | {"form": "role"},
        key=opened.key() or fresh_key(),
        draft=draft(opened, "shift"),
    )


def _week_of(text: str | None, now: datetime) -> datetime:
    try:
        return midnight(now) if not text else midnight(f"{text[:10]}T12:00:00Z")
    except ValueError:
        return midnight(now)


def _starts(start: datetime) -> list[datetime]:
    found = [start]
    for _ in range(6):
        found.append(next_midnight(found[-1]))
    return found


def _day(shifts: Iterable[Json], at: datetime) -> Json:
    end = next_midnight(at)
    here = [one for one in shifts if instant(one["from"]) < end and instant(one["to"]) > at]
    return {"at": at, "shifts": sorted(here, key=_order)}


def _rows(shifts: list[Json], gaps: list[Json], start: datetime, end: datetime, names: dict[str, str]) -> list[Json]:
    """A row for each role and area that has shifts or lacks somebody: its week, one picture a day."""
    keys = {(one["role"], one["area"] or "") for one in shifts} | {(one["role"], one["area"] or "") for one in gaps}
    rows = []
    for role, area in sorted(keys, key=lambda key: (ROLES.index(key[0]), key[1])):
        on = [one for one in shifts if (one["role"], one["area"] or "") == (role, area)]
        off = [one for one in gaps if (one["role"], one["area"] or "") == (role, area)]
        stretches = [Stretch(instant(one["from"]), instant(one["to"]), "on", one["name"]) for one in on]
        stretches += [Stretch(instant(one["from"] or start), instant(one["to"]), "off", "nobody") for one in off]
        days = days_of(stretches, start, end)
        rows.append(
            {"role": role, "area": names.get(area, area), "days": days, "width": widest(days), "gap": bool(off)}
        )
    return rows


def _gap(one: Json, names: dict[str, str], now: datetime) -> Json:
    start = now if one["from"] is None else instant(one["from"])
    return {
        "role": one["role"],
        "area": one["area"],
        "where": names.get(one["area"], one["area"]) if one["area"] else "any area",
        "from": start,
        "to": instant(one["to"]),
        "now": start <= now,
        "length": instant(one["to"]) - start,
    }


def _by_role(items: list[Json], names: dict[str, str]) -> list[Json]:
    """Who is on duty, in the order in which they are told."""
    return [one | {"where": names.get(one["area"], one["area"]) or "all areas"} for one in sorted(items, key=_order)]


def _order(one: Json) -> tuple[int, str, int, str]:
    return ROLES.index(one["role"]), one["area"] or "", one["priority"], one["from"]
