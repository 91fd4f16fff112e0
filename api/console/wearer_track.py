"""The track player's page: of which time, and around what. The trail itself is asked by the page's script, with its purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import together
from api.console.frame import Opened, Page, see_other
from api.console.rendering import LONDON, instant, text_of
from api.console.wearer import facts, named
from api.console.wearer_found import conditions_now, kept, the_wearer, zones_of
from api.console.wearer_places import features
from api.routes.people import Id
from domain.errors import BadInstant
from domain.instants import format_instant, parse_instant

Json = dict[str, Any]

AT_FIRST: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=31)
"""What the API gives of a trail at once."""
SPANS: Final = (("Last hour", 1), ("Last 6 hours", 6), ("Last 24 hours", 24), ("Last 3 days", 72), ("Last 7 days", 168))
FIELDS: Final = ("from_day", "from_time", "to_day", "to_time")
ALERT_DIGITS: Final = 19

router = APIRouter(include_in_schema=False)


@router.get("/wearers/{wearer}/track")
async def track(wearer: Id, opened: Opened) -> Response:
    """The player. `from` and `to` are instants; a form gives the centre's days and times instead, and leads here."""
    now = opened.now
    asked = opened.request.query_params
    typed = {name: asked.get(name, "").strip() for name in FIELDS}
    wrong: dict[str, str] = {}
    if any(typed.values()):
        span = _typed(typed, wrong)
        if span is not None:
            return see_other(f"/wearers/{wearer}/track?from={text_of(span[0])}&to={text_of(span[1])}")
    start, end = _asked(asked.get("from"), asked.get("to"), now)
    about = asked.get("alert", "")
    alert = about if about.isdigit() and len(about) <= ALERT_DIGITS else None
    told, around, violations = await together(
        the_wearer(opened, wearer), _around(opened, wearer, now), _violations(opened, wearer, start, end)
    )
    return opened.show(
        "track.html",
        title=f"Track of {told.body['record'].get('name') or wearer}",
        id=wearer,
        record=told.body["record"],
        facts=facts(told.body["record"], wearer),
        start=start,
        end=end,
        alert=alert,
        spans=[(words, _link(wearer, now - timedelta(hours=hours), now)) for words, hours in SPANS],
        typed=typed if wrong else _shown(start, end),
        wrong=wrong,
        data={
            "wearer": wearer,
            "from": text_of(start),
            "to": text_of(end),
            "purpose": f"Alert {alert}" if alert else "",
            "zones": around,
            "violations": violations,
        },
    )


def _asked(from_text: str | None, to_text: str | None, now: datetime) -> tuple[datetime, datetime]:
    """The span that an address names; the last day when it names none that can be."""
    end = _instant(to_text) or now
    start = _instant(from_text) or end - AT_FIRST
    return (start, end) if timedelta() < end - start <= LONGEST else (now - AT_FIRST, now)


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else instant(format_instant(parse_instant(text)))
    except BadInstant:
        return None


def _typed(typed: dict[str, str], wrong: dict[str, str]) -> tuple[datetime, datetime] | None:
    """The span of a form, by the centre's clock; what is wrong with it is kept by field."""
    start = _moment(typed, "from", wrong, fold=0)
    end = _moment(typed, "to", wrong, fold=1)
    if start is None or end is None:
        return None
    if start >= end:
        wrong["to_day"] = "The end must be after the beginning"
    elif end - start > LONGEST:
        wrong["to_day"] = "Choose at most 31 days"
    return None if wrong else (start, end)


def _moment(typed: dict[str, str], name: str, wrong: dict[str, str], *, fold: int) -> datetime | None:
    what = "beginning" if name == "from" else "end"
    try:
        day = date.fromisoformat(typed[f"{name}_day"])
    except ValueError:
        wrong[f"{name}_day"] = f"Enter the day of the {what}"
        return None
    try:
        at = time.fromisoformat(typed[f"{name}_time"])
    except ValueError:
        wrong[f"{name}_time"] = f"Enter the time of the {what}, such as 22:30"
        return None
    return datetime.combine(day, at.replace(tzinfo=None), LONDON).replace(fold=fold).astimezone(UTC)


def _shown(start: datetime, end: datetime) -> dict[str, str]:
    begins, ends = start.astimezone(LONDON), end.astimezone(LONDON)
    return {
        "from_day": f"{begins:%Y-%m-%d}",
        "from_time": f"{begins:%H:%M}",
        "to_day": f"{ends:%Y-%m-%d}",
        "to_time": f"{ends:%H:%M}",
    }


async def _around(opened: Page, wearer: str, now: datetime) -> Json:
    """The places and zones in force, for who may read orders."""
    if not opened.reader.may(Deed.READ_ORDERS):
        return features([], {}, {})
    orders, conditions = await together(
        opened.ask.items("orders", wearer=wearer), opened.ask.items("conditions", wearer=wearer)
    )
    standing = conditions_now([kept(one) for one in orders[0]], [kept(one) for one in conditions[0]], now)
    zones = await zones_of(opened, standing)
    return features(standing, zones, {one["id"]: named(one, zones) for one in standing})


async def _violations(opened: Page, wearer: str, start: datetime, end: datetime) -> list[Json]:
    """When violations by the wearer stood, for the scrubber."""
    if not opened.reader.may(Deed.READ_VIOLATIONS):
        return []
    wanted: Json = {"wearer": wearer, "from": text_of(start), "to": text_of(end)}
    items, _ = await opened.ask.items("violations", **wanted)
    return [{"from": one["from"], "to": one["to"]} for one in items if one["cause"] == "wearer"]


def _link(wearer: str, start: datetime, end: datetime) -> str:
    return f"/wearers/{wearer}/track?from={text_of(start)}&to={text_of(end)}"
