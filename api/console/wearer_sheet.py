"""The wearer's sheet: for the person, in plain words, on two pages of paper; and when they were told, which is where counting begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from alerts.texts import shipped_catalogues
from api.console.asking import together
from api.console.before_saving import fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.rendering import LONDON, clock, instant
from api.console.typed import Form, moment_anchors
from api.console.wearer import facts, named, zone_name
from api.console.wearer_found import conditions_now, in_order, is_over, kept, the_wearer, windows_of, zones_of
from api.console.wearer_places import features
from api.console.wearer_told import HOW, records_told, tell, told_form
from api.console.wearer_words import ZONES, must, order_words, timetable_words
from api.console.week import day_starts, week_of, why
from api.console.words import language_words
from api.routes.people import Id

Json = dict[str, Any]

EXPLAINED: Final = {
    "curfew": "Be inside before it starts and stay until it ends.",
    "exclusion_zone": "Do not go in at all, not even to pass through.",
    "inclusion_zone": "Do not leave it in these times.",
    "restriction_zone": "Do not leave it.",
    "attendance": "Come in time and stay to the end.",
    "proximity": "Your order says who. If you meet by chance, leave at once.",
    "association": "Your order says who. If you meet by chance, leave at once.",
    "presence_check": "Answer every time, in person.",
}
WELSH: Final = {"charge": "wearer_charge", "fault": "wearer_check_device"}
"""Sentences that we have in Welsh, by their keys in the catalogues."""
CHARGED: Final = frozenset({"gps_tag", "alcohol_tag"})
MOST_MAPS: Final = 4
"""More do not fit on two pages: the rest are listed."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class DayTimes:
    """A day of the sheet, and what holds in it, each a sentence."""

    at: datetime
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sheet is made of: the orders that are not over, their conditions, and what goes with them."""

    wearer: Json
    orders: list[Json]
    conditions: list[Json]
    zones: dict[str, Json]
    windows: list[Json]
    devices: list[Json]


@router.get("/wearers/{wearer}/sheet")
async def sheet(wearer: Id, opened: Opened) -> Response:
    """The sheet, and for who may write the caseload the form that says when they were told."""
    form = Form({"how": HOW[0][0]})
    form.fill("told", opened.now.replace(second=0, microsecond=0))
    return await _show(opened, wearer, form)


@router.post("/wearers/{wearer}/sheet")
async def told(wearer: Id, opened: Opened) -> Response:
    """Enters when the wearer was told of an order and of conditions."""
    form = Form(opened.typed)
    wanted = told_form(form, opened.lists.get("what", []), opened.now)
    if wanted is not None and await tell(opened, form, wanted):
        return see_other(f"/wearers/{wearer}/sheet?told={len(wanted.records)}")
    return await _show(opened, wearer, form)


async def _show(opened: Page, wearer: str, form: Form) -> Response:
    now = opened.now
    found = await _standing(opened, wearer, now)
    record = found.wearer["record"]
    names = {one["id"]: named(one, found.zones) for one in found.conditions}
    language = str(record.get("language") or "en")
    on_map = [one for one in found.conditions if one["kind"] in ZONES or one.get("place")]
    return opened.show(
        "sheet.html",
        status=422 if form.wrong else 200,
        title=f"Sheet of {record.get('name') or wearer}",
        id=wearer,
        record=record,
        facts=facts(record, wearer),
        orders=[(order, order_words(order)) for order in found.orders],
        musts=[(one, _must(one, found.zones), EXPLAINED.get(one["kind"])) for one in found.conditions],
        days=days_of(found.windows, found.conditions, found.zones, now),
        always=all(timed(one) is False for one in found.conditions),
        maps=[(names[one["id"]], features([one], found.zones, {})) for one in on_map][:MOST_MAPS],
        more_maps=[names[one["id"]] for one in on_map[MOST_MAPS:]],
        charges=any(one["kind"] in CHARGED for one in found.devices) or not found.devices,
        home_unit=any(one["kind"] == "home_unit" for one in found.devices),
        officers=[one["officer"] for one in found.orders if one.get("officer")],
        welsh=_welsh() if language.startswith("cy") else None,
        language=None if language.startswith("en") else language_words(language),
        told=records_told(found.orders, found.conditions, names, now),
        may=opened.reader.may(Deed.WRITE_CASELOAD),
        form=form,
        chosen=_chosen(opened),
        anchors=moment_anchors("told") | {"what": "what-0"},
        how=HOW,
        key=fresh_key(),
        done=opened.request.query_params.get("told", ""),
    )


def _chosen(opened: Page) -> set[str] | None:
    """What was ticked, without the versions that were seen; None before anything was sent."""
    return None if not opened.typed else {text.rpartition(" ")[0] for text in opened.lists.get("what", [])}


async def _standing(opened: Page, wearer: str, now: datetime) -> Standing:
    about, orders, conditions, health = await together(
        the_wearer(opened, wearer),
        opened.ask.items("orders", wearer=wearer),
        opened.ask.items("conditions", wearer=wearer),
        opened.ask.maybe(f"wearers/{wearer}/health"),
    )
    running = [one for one in (kept(item) for item in orders[0]) if not is_over(one, now)]
    standing = conditions_now(running, [kept(one) for one in conditions[0]], now)
    with_hours = [one for one in standing if timed(one)]
    zones, windows = await together(
        zones_of(opened, standing), windows_of(opened, with_hours, now, beyond=timedelta(days=1))
    )
    devices = [one for one in (health or {"devices": []})["devices"] if one["to"] is None]
    return Standing(about.body, running, in_order(standing), zones, windows, devices)


def timed(condition: Json) -> bool:
    """Whether it holds at certain times alone."""
    return bool(condition.get("timetable") or condition.get("schedule"))


def _must(condition: Json, zones: dict[str, Json]) -> str:
    return must(condition, zone_name(condition, zones))


def days_of(windows: list[Json], conditions: list[Json], zones: dict[str, Json], now: datetime) -> list[DayTimes]:
    """The coming week day by day: what begins in each, and of today also what began before."""
    start, end = week_of(now)
    starts = [*day_starts(start, end), end]
    does = {one["id"]: _does(one, zones) for one in conditions}
    found = []
    for begins, ends in pairwise(starts):
        stretches = [(told["condition"], one) for told in windows for one in told["timeline"]]
        own = [(name, one) for name, one in stretches if begins <= instant(one["from"]) < ends]
        own.sort(key=lambda pair: str(pair[1]["from"]))
        found.append(DayTimes(begins, tuple(_line(does[name], one, start) for name, one in own)))
    return found


def _does(condition: Json, zones: dict[str, Json]) -> str:
    """What is done in the times: the sentence without them."""
    always = _must(condition | {"timetable": None, "schedule": None}, zones)
    return always.removesuffix(f" {timetable_words(None)}")


def _line(does: str, stretch: Json, week_start: datetime) -> str:
    start, end = instant(stretch["from"]), instant(stretch["to"])
    ends = f"{clock(end)}{'' if _same_day(start, end) else f' on {end.astimezone(LONDON):%A}'}"
    times = f"until {ends}" if start == week_start else f"from {clock(start)} until {ends}"
    if stretch["enforced"]:
        return f"{times}: {does}"
    return f"{times}: this does not hold ({why(stretch['by'])}): {does}"


def _same_day(start: datetime, end: datetime) -> bool:
    return (end - timedelta(seconds=1)).astimezone(LONDON).date() == start.astimezone(LONDON).date()


@lru_cache(maxsize=1)
def _welsh() -> dict[str, str]:
    catalogue = shipped_catalogues()["cy"]
    return {name: catalogue.text[key].text for name, key in WELSH.items()}
