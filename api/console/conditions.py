"""The editor of a condition: its times with the real windows of the weeks to come, its place, its zone or whom it is about, and when the
wearer was told.

Who may not change conditions is not shown the form: it may name a protected person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console import condition_form, shape_text, timetables, words
from api.console.asking import Refused, together
from api.console.before_saving import (
    DAYS_SHOWN,
    YEAR,
    about_order,
    digest,
    draft,
    fresh_key,
    may_save,
    of_windows,
    pictured,
)
from api.console.condition_form import PLACED, TIMED, ZONED
from api.console.frame import Opened, Page, see_other
from api.console.rendering import instant, text_of
from api.console.timelines import midnight
from api.console.typed import Form, moment_anchors
from api.console.wearer_words import must, timetable_words, title
from api.console.zones import background, checked, may_enter
from api.routes.people import Id
from domain.caseload_conditions import ALERT_M

NOW, LATER = "now", "later"
KINDS: Final = tuple(one.value for one in condition_form.MADE)
SHOWN: Final = (
    *("from", "to", "timetable", "schedule", "zone", "place", "timezone"),
    *("victim", "other_wearer", "alert_m", "prealert_m", "tac_limit_permille"),
)
"""What of a record is told after the look."""

PEOPLE: Final = (
    ("victim", "victims", Deed.READ_VICTIMS),
    ("other_wearer", "wearers", Deed.READ_WEARERS),
)
"""Fields that name somebody, where the API has them, and who may see them."""

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]


@router.get("/conditions/{condition}/edit")
async def edit(condition: Id, opened: Opened) -> Response:
    """The condition as it stands."""
    _may_change(opened)
    told = await opened.ask.ask("GET", f"conditions/{condition}")
    record = told.body["record"]
    form = Form({"etag": told.etag or "", "holds": NOW})
    rows = condition_form.fill(form, record)
    return await _show(opened, form, rows, record, told.body)


@router.post("/conditions/{condition}/edit")
async def change(condition: Id, opened: Opened) -> Response:
    """Shows what it would cover; enters a new version when that was shown."""
    _may_change(opened)
    told = await opened.ask.get(f"conditions/{condition}")
    return await _take(opened, told["record"], told)


@router.get("/orders/{order}/conditions/new")
async def new(order: Id, opened: Opened) -> Response:
    """A form for a condition of a kind, or the choice of the kind."""
    _may_change(opened)
    kind = opened.request.query_params.get("kind", "")
    if kind not in KINDS:
        about = await _about(opened, {"order": order, "kind": ""})
        kinds = [(one, words.CONDITION_KINDS[one]) for one in KINDS]
        return opened.show("condition_kind.html", title="New condition", about=about, order=order, kinds=kinds)
    return await _show(opened, condition_form.begun(kind), [timetables.Row()], {"order": order, "kind": kind}, None)


@router.post("/orders/{order}/conditions/new")
async def enter(order: Id, opened: Opened) -> Response:
    """Shows what it would cover; enters it when that was shown."""
    _may_change(opened)
    kind = opened.typed.get("kind", "")
    if kind not in KINDS:
        return see_other(f"/orders/{order}/conditions/new")
    return await _take(opened, {"order": order, "kind": kind, "id": f"C-{opened.key()}"}, None)


@router.get("/conditions/{condition}/versions")
async def versions(condition: Id, opened: Opened) -> Response:
    """Every version, with who entered it."""
    items, more = await opened.ask.items(f"conditions/{condition}/versions")
    told = [f"must {must(one['record'])}" for one in items]
    return opened.show(
        "versions.html",
        title="Versions of a condition",
        what=title(items[0]["record"], words.CONDITION_KINDS),
        back=f"/conditions/{condition}/edit",
        rows=list(zip(items, told, strict=True)),
        more=more,
    )


def _may_change(opened: Page) -> None:
    if not opened.reader.may(Deed.WRITE_CASELOAD):
        raise Refused(HTTPStatus.FORBIDDEN, {"detail": "conditions are changed by the monitoring centre"})


async def _take(opened: Page, before: Json, body: Json | None) -> Response:
    form = Form(opened.typed)
    rows = timetables.rows_of(form) or [timetables.Row()]
    others = timetables.changed(rows, opened.typed.get("do", ""))
    if others is not None:
        return await _show(opened, form, others, before, body)
    record = condition_form.record_of(form, rows, before["kind"], before)
    holds = form.moment("holds_from", "from when it holds") if form["holds"] == LATER else None
    told, zone_told = None, None
    if not form.wrong:
        try:
            told = await _preview(opened, record)
            zone_told = await _zone_told(opened, form, record)
            if may_save(opened, form, _digested(record)) and _read(opened, form, zone_told, told):
                await _enter(opened, record, body, holds)
                if body is None:
                    return see_other(f"/conditions/{record['id']}/edit")
                return see_other(f"/wearers/{(await _about(opened, record))['wearer']}")
        except Refused as refused:
            _tell(refused, form, rows, before["kind"])
    return await _show(opened, form, rows, before, body, told, zone_told, digest(_digested(record)))


def _tell(refused: Refused, form: Form, rows: list[timetables.Row], kind: str) -> None:
    if refused.status == 412:
        by = (refused.problem.get("changed") or {}).get("by")
        form.fault(
            "form",
            f"{by or 'Somebody'} changed this condition meanwhile. Nothing was saved; open it anew to see theirs",
        )
        return
    key = "schedule" if kind in ZONED else "timetable"
    own = condition_form.FIELDS | timetables.fields(rows, key)
    form.refused(refused, own | {f"record.{field}": name for field, name in own.items()})


def _digested(record: Mapping[str, Any]) -> Json:
    """What the picture shows of it."""
    return {key: record.get(key) for key in SHOWN}


def _read(opened: Page, form: Form, zone_told: Json | None, told: Json) -> bool:
    """Whether the warnings, if there are any, were read."""
    warnings = [*told["warnings"], *(zone_told or {"warnings": []})["warnings"]]
    return may_enter(opened, form, {"warnings": warnings})


async def _preview(opened: Page, record: Json) -> Json:
    start = midnight(opened.now)
    asked = {"record": record, "from": text_of(start), "to": text_of(start + YEAR)}
    found: Json = (await opened.ask.post("conditions/preview", asked)).body
    return found


async def _zone_told(opened: Page, form: Form, record: Json) -> Json | None:
    """What a zone of its own is warned of."""
    shape = record.get("zone")
    if shape is None or "id" in shape:
        return None
    return await checked(opened, form, {"shape": shape, "order": record["order"]})


async def _enter(opened: Page, record: Json, body: Json | None, holds: str | None) -> None:
    if body is None:
        await opened.ask.post("conditions", record, key=opened.key(), holds_from=holds)
    else:
        etag = opened.typed.get("etag")
        path = f"conditions/{body['id']}"
        await opened.ask.ask("PUT", path, record, if_match=etag, key=opened.key(), holds_from=holds)


async def _show(
    opened: Page,
    form: Form,
    rows: list[timetables.Row],
    record: Json,
    body: Json | None,
    told: Json | None = None,
    zone_told: Json | None = None,
    looked: str | None = None,
) -> Response:
    about = await _about(opened, record)
    kind = record["kind"]
    zones, homes = await _around(opened, about["wearer"], record) if kind in ZONED else ([], [])
    form.values.setdefault("shape", shape_text.POLYGON)
    return opened.show(
        "condition.html",
        status=422 if form.wrong else 200,
        title=f"{words.CONDITION_KINDS.get(kind, kind)}: {'change' if body else 'new'}",
        wide=True,
        about=about,
        kind=kind,
        kind_called=words.CONDITION_KINDS.get(kind, kind),
        body=body,
        order=record["order"],
        stands=timetable_words(record.get("timetable") or record.get("schedule")),
        form=form,
        rows=rows,
        weekdays=timetables.DAYS,
        placed=kind in PLACED,
        zoned=kind in ZONED,
        timed=kind in TIMED,
        anchors=_anchors(rows),
        told=told,
        zone_told=zone_told,
        shown=None if told is None else _picture(opened, told, about["runs_to"]),
        shown_times=any(not row.empty for row in rows),
        metres=_metres(form),
        who=None if told is None else await _named(opened, form),
        zones=zones,
        background=background(zones, homes, order=record["order"]),
        size_words=shape_text.size_words,
        looked=looked if told is not None else None,
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"condition-{body['id']}-{body['version']}" if body else f"condition-{record['order']}"),
    )


def _anchors(rows: list[timetables.Row]) -> dict[str, str]:
    found = moment_anchors("from", "to", "told_at", "holds_from") | timetables.anchors(rows)
    return found | {"form": "do-look", "told": "told", "points": "points"}


def _picture(opened: Page, told: Json, ends: str | None) -> Json:
    """Two weeks from today, and the nights on which clocks change within a year and before the order ends."""
    found = of_windows(told["conditions"][0]["timeline"] if told["conditions"] else ())
    first = midnight(opened.now)
    until = first + YEAR - timedelta(days=2)
    until = until if ends is None else min(until, instant(ends))
    return pictured(found, first, first + timedelta(days=DAYS_SHOWN), until)


def _metres(form: Form) -> dict[str, str]:
    """The two distances of a proximity condition, as they will hold."""
    alert = form.number("alert", "") or ALERT_M
    prealert = form.number("prealert", "") or 2 * alert
    return {"alert": f"{alert:,g}", "prealert": f"{prealert:,g}"}


async def _named(opened: Page, form: Form) -> Json | None:
    """The person whom the condition is about, by the number that was typed; None where it is about nobody else."""
    for field, path, deed in PEOPLE:
        number = form[field].strip()
        if number:
            found = await opened.if_may(deed, f"{path}/{quote(number, safe='')}")
            return None if found is None else found["record"] | {"id": found["id"]}
    return None


async def _around(opened: Page, wearer: str, record: Json) -> tuple[list[Json], list[Json]]:
    """The shared zones, and where the wearer's curfews are."""
    (zones, _), (others, _) = await together(opened.ask.items("zones"), opened.ask.items("conditions", wearer=wearer))
    homes = [
        {key: one["record"]["place"].get(key) for key in ("name", "lon", "lat")}
        | {"radius_m": one["record"]["place"].get("radius_m", 50)}
        for one in others
        if one["record"]["kind"] == "curfew" and one["record"].get("place")
    ]
    return zones, homes


async def _about(opened: Page, record: Json) -> Json:
    """The wearer and the order."""
    order = (await opened.ask.get(f"orders/{record['order']}"))["record"]
    called = title(record, words.CONDITION_KINDS) if record["kind"] else ""
    return await about_order(opened, order) | {"called": called}
