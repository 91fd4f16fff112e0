"""Authorised absences of a condition and suspensions of an order: shown as instants before they are saved, listed, and ended.

Both are stretches, or rows of times between two instants, in which something is not enforced; facts are kept all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console import timetables, words
from api.console.asking import Refused, together
from api.console.before_saving import (
    SAVE,
    YEAR,
    about_order,
    because,
    digest,
    draft,
    fresh_key,
    may_save,
    of_windows,
    pictured,
    range_shown,
)
from api.console.frame import Opened, Page, see_other
from api.console.rendering import instant, text_of
from api.console.timelines import Stretch, stretch
from api.console.typed import Form, moment_anchors
from api.console.wearer_words import title
from api.routes.people import Id

WHOLE, TIMES = "whole", "times"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Sort:
    """Absences or suspensions: how the API and the page call them, and of what they are."""

    kind: str
    plural: str
    of: str
    parents: str
    deed: Deed
    reasons: tuple[str, ...]


ABSENCE: Final = Sort(
    *("absence", "absences", "condition", "conditions", Deed.WRITE_ABSENCES),
    reasons=("Work", "Medical appointment", "Funeral", "Family emergency", "Religious observance"),
)
SUSPENSION: Final = Sort(
    *("suspension", "suspensions", "order", "orders", Deed.WRITE_CASELOAD),
    reasons=("Custody", "Hospital", "Direction of the court", "Intermittent custody"),
)


@router.get("/conditions/{condition}/absences")
async def absences(condition: Id, opened: Opened) -> Response:
    """Those of a condition."""
    return await _list(opened, ABSENCE, condition)


@router.get("/orders/{order}/suspensions")
async def suspensions(order: Id, opened: Opened) -> Response:
    """Those of an order."""
    return await _list(opened, SUSPENSION, order)


@router.get("/conditions/{condition}/absences/new")
async def new_absence(condition: Id, opened: Opened) -> Response:
    """The form."""
    return await _form(opened, ABSENCE, condition)


@router.get("/orders/{order}/suspensions/new")
async def new_suspension(order: Id, opened: Opened) -> Response:
    """The form."""
    return await _form(opened, SUSPENSION, order)


@router.post("/conditions/{condition}/absences/new")
async def enter_absence(condition: Id, opened: Opened) -> Response:
    """Shows what it leaves of the condition's windows; saves it when that was shown."""
    return await _enter(opened, ABSENCE, condition)


@router.post("/orders/{order}/suspensions/new")
async def enter_suspension(order: Id, opened: Opened) -> Response:
    """Shows what it leaves of the order; saves it when that was shown."""
    return await _enter(opened, SUSPENSION, order)


@router.post("/absences/{absence}/end")
async def end_absence(absence: Id, opened: Opened) -> Response:
    """Ends one now."""
    return await _end(opened, ABSENCE, absence)


@router.post("/suspensions/{suspension}/end")
async def end_suspension(suspension: Id, opened: Opened) -> Response:
    """Ends one now."""
    return await _end(opened, SUSPENSION, suspension)


async def _list(opened: Page, sort: Sort, parent: str) -> Response:
    about, (items, more) = await together(
        _about(opened, sort, parent), opened.ask.items(f"{sort.plural}?{sort.of}={parent}")
    )
    now = text_of(opened.now)
    items.sort(key=lambda one: str(one["record"]["from"]), reverse=True)
    standing = [one for one in items if one["record"].get("to") is None or one["record"]["to"] > now]
    return opened.show(
        "absences.html",
        title=words.sentence(sort.plural),
        about=about,
        sort=sort,
        standing=standing,
        over=[one for one in items if one not in standing],
        more=more,
        key=fresh_key(),
        may=opened.reader.may(sort.deed),
        days=dict(timetables.DAYS),
    )


async def _form(opened: Page, sort: Sort, parent: str) -> Response:
    form = Form({"when": WHOLE, "reason": opened.request.query_params.get("reason", "")})
    form.fill("from", opened.now.replace(second=0, microsecond=0))
    return await _show(opened, sort, parent, form, [timetables.Row()])


async def _enter(opened: Page, sort: Sort, parent: str) -> Response:
    form = Form(opened.typed)
    rows = timetables.rows_of(form) or [timetables.Row()]
    others = timetables.changed(rows, opened.typed.get("do", ""))
    if others is not None:
        return await _show(opened, sort, parent, form, others)
    record = _record(opened, sort, parent, form, rows)
    told = None
    if not form.wrong:
        try:
            told = await _preview(opened, sort, record)
            if may_save(opened, form, _saved(record)):
                await opened.ask.post(sort.plural, record, key=opened.key())
                return see_other(f"/{sort.parents}/{parent}/{sort.plural}")
        except Refused as refused:
            own = {"reason": "reason", "from": "from", "to": "to", "granted_by": "by", "by": "by"}
            form.refused(
                refused, own | timetables.fields(rows, "timetable") | {f"record.{k}": v for k, v in own.items()}
            )
    return await _show(opened, sort, parent, form, rows, told, digest(_saved(record)))


def _record(opened: Page, sort: Sort, parent: str, form: Form, rows: list[timetables.Row]) -> dict[str, Any]:
    """The record as typed; what is wrong is told in ``form``."""
    start = form.moment("from", "when it begins")
    end = form.moment("to", "when it ends", end=True, needed=False)
    if start and end and end <= start:
        form.fault("to", "It must end after it begins")
    repeats = form["when"] == TIMES
    timetable = timetables.timetable_of(form, rows, needed=True) if repeats else None
    if sort is ABSENCE and end is None and "to" not in form.wrong:
        form.fault("to", "Enter when it ends: an absence without an end would end the condition")
    needed = opened.typed.get("do") == SAVE
    reason = form.said("reason", "Say why" if needed else None)
    by = form.said("by", "Say who decided it" if needed else None)
    who = {"granted_by": by} if sort is ABSENCE else {"by": by}
    made = {"id": f"{sort.kind[0].upper()}-{opened.typed.get('key', fresh_key())}", sort.of: parent}
    return made | {"from": start, "to": end, "timetable": timetable, "reason": reason} | who


def _saved(record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record the picture shows."""
    return {key: record[key] for key in ("from", "to", "timetable")}


async def _preview(opened: Page, sort: Sort, record: Mapping[str, Any]) -> dict[str, Any]:
    start = instant(record["from"])
    asked = {"record": record, "from": text_of(start - timedelta(days=1)), "to": text_of(start + YEAR)}
    found: dict[str, Any] = (await opened.ask.post(f"{sort.plural}/preview", asked)).body
    return found


async def _show(
    opened: Page,
    sort: Sort,
    parent: str,
    form: Form,
    rows: list[timetables.Row],
    told: dict[str, Any] | None = None,
    looked: str | None = None,
) -> Response:
    about = await _about(opened, sort, parent)
    shown = None if told is None or form["from-day"] == "" else _picture(sort, form, told, about["runs_to"])
    return opened.show(
        "absence.html",
        status=422 if form.wrong else 200,
        title=f"New {sort.kind}",
        about=about,
        sort=sort,
        form=form,
        rows=rows,
        weekdays=timetables.DAYS,
        anchors=moment_anchors("from", "to") | timetables.anchors(rows) | {"form": "do-look"},
        told=told,
        shown=shown,
        looked=looked if told is not None else None,
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"{sort.kind}-{parent}"),
    )


def _picture(sort: Sort, form: Form, told: Mapping[str, Any], runs_to: str | None) -> dict[str, Any]:
    """The days that it touches, two weeks at most, and the nights on which clocks change after them."""
    start = form.moment("from", "")
    assert start is not None
    end = form.moment("to", "", end=True, needed=False)
    first, last = range_shown(instant(start), None if end is None else instant(end))
    ends = [instant(one) for one in (end, runs_to) if one is not None]
    until = min([*ends, instant(start) + YEAR - timedelta(days=2)])
    return pictured(_stretches(sort, told), first, last, until)


def _stretches(sort: Sort, told: Mapping[str, Any]) -> list[Stretch]:
    if sort is ABSENCE:
        return of_windows(told["conditions"][0]["timeline"] if told["conditions"] else ())
    return [
        stretch(one, "off" if one["suspended"] else "on", because(one["by"]) if one["suspended"] else "")
        for one in told["suspensions"]
    ]


async def _about(opened: Page, sort: Sort, parent: str) -> dict[str, Any]:
    """Whom and what it is about: the wearer, and what the condition or the order is called."""
    record = (await opened.ask.get(f"{sort.parents}/{parent}"))["record"]
    order = record if sort is SUSPENSION else (await opened.ask.get(f"orders/{record['order']}"))["record"]
    about = await about_order(opened, order)
    called = about["order"] if sort is SUSPENSION else title(record, words.CONDITION_KINDS)
    return about | {"id": parent, "called": called}


async def _end(opened: Page, sort: Sort, name: str) -> Response:
    """One that has begun ends now; one to come is taken out."""
    told = await opened.ask.ask("GET", f"{sort.plural}/{name}")
    record, now = told.body["record"], text_of(opened.now)
    path = f"{sort.plural}/{name}"
    etag = opened.typed.get("etag") or told.etag
    if record["from"] >= now:
        await opened.ask.ask("DELETE", path, if_match=etag, key=opened.key())
    else:
        await opened.ask.ask("PUT", path, record | {"to": now}, if_match=etag, key=opened.key())
    return see_other(f"/{sort.parents}/{record[sort.of]}/{sort.plural}")
