"""Sheets about one wearer to read and to print: compliance of an order, days on bail, weekly hours, the chronology (docs/sheets.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from api.console import words
from api.console.asking import together
from api.console.frame import Opened, Page
from api.console.hours import Minutes, in_all, minutes_of
from api.console.rendering import LONDON, clock, instant
from api.console.wearer import facts, named
from api.console.wearer_found import in_order, kept, the_wearer, zones_of
from api.console.wearer_sheet import timed
from api.console.wearer_words import order_words
from api.routes.people import Id

Json = dict[str, Any]

KEPT: Final = {
    "kept": ("Kept", "govuk-tag--green"),
    "kept_with_doubt": ("Kept, with doubt", "govuk-tag--yellow"),
    "not_kept": ("Not kept", "govuk-tag--red"),
    "undecided": ("Waits for the officer", "govuk-tag--orange"),
    "not_monitored": ("Not monitored", "govuk-tag--grey"),
    "not_counted": ("Not counted", "govuk-tag--grey"),
    "running": ("Not over", "govuk-tag--blue"),
}
"""By what the sheet says of a window: in words, and the colour of the tag."""
WEIGHTS: Final = {
    "against": "counts",
    "undecided": "not decided yet",
    "excused": "a reasonable excuse",
    "doubt": "in doubt",
    "gap": "a monitoring gap",
    "not_told": "they had not been told: counts against nobody",
}
CAUSES: Final = {"equipment": "equipment", "network": "network", "service": "service", "unknown": "not known"}
WHYS: Final = {
    "counts": "Counts",
    "counts_as_if_whole": "Counts: first or last day, as if it were whole",
    "counts_by_the_wall_clock": "Counts by the clock on the wall: clocks went forward",
    "under_the_minimum": "Too few hours",
    "suspended": "Suspended",
    "last_day": "The last day, which ended in custody",
    "other_order": "Deducted: another order with a curfew",
    "release": "Deducted: on temporary release",
    "broken": "Deducted: a condition was broken",
    "not_fitted": "Deducted: no device was on",
}
STEPS: Final = {
    "other_order": "another order with a curfew ran",
    "release": "on temporary release",
    "broken": "a condition was broken, and the officer upheld it",
    "not_fitted": "no device was on",
}
MET: Final = {
    "met": ("Met", "govuk-tag--green"),
    "short": ("Short", "govuk-tag--red"),
    "short_or_unknown": ("Short, or not known", "govuk-tag--yellow"),
    "excused": ("Excused", "govuk-tag--green"),
    "running": ("Not over", "govuk-tag--blue"),
    "no_hours": ("No hours asked", "govuk-tag--grey"),
}
WHATS: Final = (
    *("order", "condition", "told", "fitting", "visit", "check", "absence", "suspension"),
    *("violation", "monitoring_gap", "notice", "assessment", "contact", "alert", "warrant", "breach"),
)
ABOUTS: Final = {"alert": "alert ", "contact": "contact ", "warrant": "warrant ", "breach": "breach case "}
"""Before the number of what a line is about, where it is a number alone."""
AT_A_PLACE: Final = frozenset({"curfew", "attendance"})
"""Conditions whose windows are shown though they have no hours: a release day has none."""
LINES_SHOWN: Final = 1_000
DEFAULT: Final = timedelta(days=28)
"""Of a sheet's period, back from now."""
CHRONOLOGY_DEFAULT: Final = timedelta(days=90)
WINDOWS_AHEAD: Final = timedelta(days=14)

router = APIRouter(include_in_schema=False)


@router.get("/orders/{order}/compliance")
async def compliance(order: Id, opened: Opened) -> Response:
    """The compliance sheet, of the last 28 days unless told."""
    period = Period(opened, DEFAULT)
    told = await opened.ask.get(f"orders/{order}/compliance", **period.asked)
    about, (_, names) = await together(the_wearer(opened, told["order"]["wearer"]), _conditions(opened, told["order"]))
    shown = {"names": names, "kept": KEPT, "weights": WEIGHTS, "causes": CAUSES, "by_week": by_week}
    return _show(opened, "compliance.html", about.body, told, period, **shown)


@router.get("/orders/{order}/qualifying-curfew")
async def qualifying(order: Id, opened: Opened) -> Response:
    """Days on bail with a monitored curfew, each with why it counts or does not."""
    told = await opened.ask.get(f"orders/{order}/qualifying-curfew")
    about = await the_wearer(opened, told["order"]["wearer"])
    months = [(day, list(days)) for day, days in groupby(told["days"], key=lambda one: str(one["day"])[:7])]
    return _show(
        opened, "qualifying.html", about.body, told, Period(opened, DEFAULT), months=months, whys=WHYS, steps=STEPS
    )


@router.get("/orders/{order}/weeks")
async def weeks(order: Id, opened: Opened) -> Response:
    """Weekly hours, and what the order's timetables come to in the days ahead."""
    period = Period(opened, timedelta(days=84))
    told = await opened.ask.get(f"orders/{order}/weeks", **period.asked)
    about, (own, names) = await together(
        the_wearer(opened, told["order"]["wearer"]), _conditions(opened, told["order"])
    )
    ahead = {"from": _text(period.now - timedelta(days=1)), "to": _text(period.now + WINDOWS_AHEAD)}
    shown = [one["id"] for one in own if timed(one) or one["kind"] in AT_A_PLACE]
    windows = await together(*(opened.ask.maybe(f"conditions/{name}/windows", **ahead) for name in shown))
    days = _days(one for one in windows if one)
    return _show(opened, "weeks.html", about.body, told, period, names=names, met=MET, days=days)


@router.get("/wearers/{wearer}/chronology")
async def chronology(wearer: Id, opened: Opened) -> Response:
    """Everything that happened, of the last 90 days and of every sort unless told."""
    period = Period(opened, CHRONOLOGY_DEFAULT)
    what = [one for one in opened.request.query_params.getlist("what") if one in WHATS]
    asked = opened.ask.items(
        f"wearers/{wearer}/chronology", most=LINES_SHOWN, what=what or None, limit=LINES_SHOWN, **period.asked
    )
    about, (lines, more) = await together(the_wearer(opened, wearer), asked)
    days = [
        (day, list(some)) for day, some in groupby(lines, key=lambda one: instant(one["at"]).astimezone(LONDON).date())
    ]
    shown = {"days": days, "more": more, "what": what, "whats": WHATS, "abouts": ABOUTS}
    return _show(opened, "chronology.html", about.body, {}, period, **shown)


def by_week(sheet: Json) -> tuple[list[tuple[Json, Minutes]], Minutes]:
    """The weeks of a condition with their minutes, and the sum of those as they are printed."""
    rows = [(week, minutes_of(week["hours"])) for week in sheet["weeks"]]
    return rows, in_all([minutes for _, minutes in rows])


class Period:
    """The days that a page was asked for; ``wrong`` says what of them cannot be used, and then those by default are shown."""

    def __init__(self, opened: Page, default: timedelta) -> None:
        query = opened.request.query_params
        self.now = opened.now
        today = self.now.astimezone(LONDON).date()
        self.typed = {"from": query.get("from", ""), "to": query.get("to", "")}
        self.wrong: dict[str, str] = {}
        self._open = not self.typed["to"]
        self.last = self._day("to", today)
        self.first = self._day("from", self.last - default + timedelta(days=1))
        if not self.wrong and self.last < self.first:
            self.wrong["to"] = "The last day must not be before the first"
        if not self.wrong and (self.last - self.first).days >= 400:
            self.wrong["to"] = "A sheet holds 400 days at most"
        if self.wrong:
            self.last, self._open = today, True
            self.first = today - default + timedelta(days=1)
        self.shown = {
            "from": self.typed["from"] or self.first.isoformat(),
            "to": self.typed["to"] or self.last.isoformat(),
        }

    def _day(self, name: str, otherwise: date) -> date:
        if not self.typed[name]:
            return otherwise
        try:
            return date.fromisoformat(self.typed[name])
        except ValueError:
            self.wrong[name] = f"The {'first' if name == 'from' else 'last'} day must be a date, such as 2026-11-21"
            return otherwise

    @property
    def asked(self) -> dict[str, str]:
        """As the API takes it: from the first day's midnight to the last one's end; to now where no last day was asked for."""
        asked = {"from": _text(datetime.combine(self.first, time(), LONDON))}
        if not self._open:
            asked["to"] = _text(datetime.combine(self.last + timedelta(days=1), time(), LONDON))
        return asked

    def link(self, path: str, **more: Any) -> str:
        """The same of the API, as CSV."""
        return f"/api/v1/{path}?{urlencode(self.asked | {'format': 'csv'} | more, doseq=True)}"


def _show(opened: Page, template: str, about: Json, told: Json, period: Period, **values: Any) -> Response:
    record, wearer = about["record"], about["id"]
    order = told.get("order")
    return opened.show(
        template,
        status=422 if period.wrong else 200,
        title=f"{record.get('name') or wearer}",
        id=wearer,
        record=record,
        facts=facts(record, wearer),
        told=told,
        order=order,
        order_said=order_words(order) if order else None,
        period=period,
        kinds=words.KINDS,
        **values,
    )


async def _conditions(opened: Page, order: Json) -> tuple[list[Json], dict[str, str]]:
    """An order's conditions, and what they are called by their ids."""
    listed, _ = await opened.ask.items("conditions", wearer=order["wearer"])
    own = in_order(one for one in (kept(item) for item in listed) if one["order"] == order["id"])
    zones = await zones_of(opened, own)
    return own, {one["id"]: named(one, zones) for one in own}


def _days(windows: Iterable[Json]) -> list[tuple[date, list[Json]]]:
    """Stretches of every condition by the day on which they begin."""
    lines = [
        one | {"condition": told["condition"], "begins": clock(one["from"]), "ends": _until(one)}
        for told in windows
        for one in told["timeline"]
    ]
    lines.sort(key=lambda one: (str(one["from"]), str(one["condition"])))
    return [(day, list(some)) for day, some in groupby(lines, key=lambda one: _date(one["from"]))]


def _until(stretch: Mapping[str, Any]) -> str:
    begins, ends = _date(stretch["from"]), _date(stretch["to"])
    said = clock(stretch["to"])
    return said if begins == ends else f"{said} on {ends:%A} {ends.day} {ends:%b}"


def _date(text: str) -> date:
    return instant(text).astimezone(LONDON).date()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
