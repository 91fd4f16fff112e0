"""The wearer's page: orders and conditions, the coming week, devices, and what happened, violations and monitoring gaps apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.console import words
from api.console.frame import Opened
from api.console.rendering import day, instant
from api.console.wearer_figures import CAUSES, allowance_of, apart, completeness, decided, share
from api.console.wearer_found import Found, conditions_now, found, in_order, is_over
from api.console.wearer_words import DEVICE_KINDS, must, order_words, title
from api.console.week import week
from api.routes.people import Id
from domain.vocabulary import Severity

Json = dict[str, Any]

router = APIRouter(include_in_schema=False)


@router.get("/wearers/{wearer}")
async def wearer(wearer: Id, opened: Opened) -> Response:
    """Everything about one wearer that the reader may see; positions are on the track alone."""
    now = opened.now
    shown = await found(opened, wearer, now)
    standing = conditions_now(shown.orders, shown.conditions, now)
    names = {one["id"]: named(one, shown.zones) for one in standing}
    decisions = decided(shown.assessments)
    return opened.show(
        "wearer.html",
        title=shown.name,
        one=shown,
        facts=facts(shown.record, shown.id),
        week=week(now, names, shown.windows) if shown.windows else None,
        orders=[_order(order, shown, decisions, now) for order in _newest(shown.orders) if not is_over(order, now)],
        earlier=[_order(order, shown, decisions, now) for order in _newest(shown.orders) if is_over(order, now)],
        apart=apart(shown.violations),
        decisions=decisions,
        alerts=sorted(shown.alerts, key=lambda one: words.SEVERITY_ORDER.index(Severity(one["severity"]))),
        alert_of={one: alert["id"] for alert in shown.alerts for one in alert["violations"]},
        names=names,
        causes=CAUSES,
        kinds=DEVICE_KINDS,
        share=share,
        completeness=completeness,
    )


def named(condition: Json, zones: dict[str, Json]) -> str:
    """What a condition is called."""
    return title(condition, words.CONDITION_KINDS, zone_name(condition, zones))


def zone_name(condition: Json, zones: dict[str, Json]) -> str:
    """The name of the shared zone that a condition names; empty where it has its own."""
    return str(zones.get((condition.get("zone") or {}).get("id", ""), {}).get("name", ""))


def facts(record: Json, wearer: str) -> list[tuple[str, str]]:
    """What stands in the bar on top of every page about a wearer."""
    told = [
        ("Number", wearer),
        ("Born", _born(record.get("born"))),
        ("Response level", record.get("level", "standard")),
    ]
    told += [(name.replace("_", " ").upper(), value) for name, value in sorted((record.get("ids") or {}).items())]
    language = record.get("language", "en")
    if language != "en":
        told.append(("Language", words.language_words(language)))
    return [(label, value) for label, value in told if value]


def _born(text: str | None) -> str:
    return "" if not text else day(datetime.fromisoformat(f"{text}T12:00:00+00:00")).partition(" ")[2]


def _newest(orders: list[Json]) -> list[Json]:
    return sorted(orders, key=lambda one: str(one["from"]), reverse=True)


def _order(order: Json, shown: Found, decisions: dict[str, Json], now: datetime) -> Json:
    """An order with its conditions in words, its absences and suspensions, and its ATV."""
    own = [one for one in shown.conditions if one["order"] == order["id"]]
    return {
        "record": order,
        "words": order_words(order),
        "over": is_over(order, now),
        "untold": untold(order, order, now),
        "conditions": [_condition(one, order, shown, now) for one in in_order(own)],
        "suspensions": [one for one in shown.suspensions if one["order"] == order["id"]],
        "allowance": allowance_of(order, shown.curfews, decisions),
    }


def _condition(one: Json, order: Json, shown: Found, now: datetime) -> Json:
    return {
        "record": one,
        "name": named(one, shown.zones),
        "must": must(one, zone_name(one, shown.zones)),
        "over": is_over(one, now),
        "untold": untold(one, order, now),
        "absences": [a for a in shown.absences if a["condition"] == one["id"] and not is_over(a, now)],
    }


def untold(record: Json, order: Json, now: datetime) -> bool:
    """Whether the wearer has not been told of an order or a condition yet (rules.md 10): it counts against nobody."""
    told = record["told_at"] if "told_at" in record else order.get("told_at", order["from"])
    return told is None or instant(told) > now
