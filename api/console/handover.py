"""Handing over a shift: how things stand, what the leaving person says, and both names under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Asking, Refused, together
from api.console.frame import Opened, Page, see_other

EARLIER: Final = 10
NAMED_AT_ONCE: Final = 200
RESOLVED: Final = 60
"""Alerts of which the page says who they are about; the rest have their number."""
UNCLAIMED_SHOWN: Final = 15

router = APIRouter(include_in_schema=False)


@router.get("/handover")
async def handover_now(opened: Opened) -> Response:
    """How things stand, and the form to hand over."""
    return await _now(opened)


@router.post("/handover")
async def hand_over(opened: Opened) -> Response:
    """The leaving person signs."""
    try:
        made = await opened.ask.post("handovers", {"note": opened.typed.get("note", "")}, key=opened.key())
    except Refused as refused:
        return await _now(opened, wrong=refused.words, status=refused.status)
    return see_other(f"/handover/{made.body['id']}?made")


@router.get("/handover/{number}")
async def earlier(number: str, opened: Opened) -> Response:
    """One handover as it was told then."""
    return await _one(opened, number)


@router.post("/handover/{number}/take")
async def take(number: str, opened: Opened) -> Response:
    """The person who comes signs, in their own session."""
    try:
        await opened.ask.post(f"handovers/{number}/take", {"note": opened.typed.get("note") or None}, key=opened.key())
    except Refused as refused:
        return await _one(opened, number, wrong=refused.words, status=refused.status)
    return see_other(f"/handover/{number}?taken")


async def _now(opened: Page, wrong: str | None = None, status: int = 200) -> Response:
    picture, listed = await together(opened.ask.get("handovers/now"), opened.ask.get("handovers", limit=EARLIER))
    waiting = [one for one in listed["items"] if one["taken"] is None and one["by"] != opened.reader.name]
    return opened.show(
        "handover.html",
        status,
        title="Handover",
        told=picture,
        who=await _who(opened.ask, picture),
        mine=opened.reader.name,
        signs=opened.reader.may(Deed.WORK_ALERTS),
        key=str(uuid4()),
        note=opened.typed.get("note", ""),
        wrong=wrong,
        earlier=listed["items"],
        waiting=waiting[:1],
        shown=UNCLAIMED_SHOWN,
    )


async def _one(opened: Page, number: str, wrong: str | None = None, status: int = 200) -> Response:
    row = await opened.ask.get(f"handovers/{number}")
    own = row["by"] == opened.reader.name
    return opened.show(
        "handover_one.html",
        status,
        title="Handover as it was told",
        row=row,
        told=row["told"],
        who=await _who(opened.ask, row["told"]),
        own=own,
        takes=opened.reader.may(Deed.WORK_ALERTS) and not own and row["taken"] is None,
        key=str(uuid4()),
        note=opened.typed.get("note", ""),
        wrong=wrong,
        mine=row["by"],
        shown=UNCLAIMED_SHOWN,
    )


async def _who(ask: Asking, told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By an alert's number: what it is about, and who, as far as the reader may know."""
    numbers = list(dict.fromkeys(_numbers(told)))[:RESOLVED]
    found = await together(*(ask.maybe(f"alerts/{number}") for number in numbers))
    alerts = {alert["id"]: alert for alert in found if alert is not None}
    wearers = sorted({alert["wearer"] for alert in alerts.values() if alert["wearer"]})[:NAMED_AT_ONCE]
    named = await ask.maybe("names", wearer=wearers) if wearers else None
    names = {one["id"]: one["name"] for one in named["items"]} if named else {}
    return {number: alert | {"name": names.get(alert["wearer"])} for number, alert in alerts.items()}


def _numbers(told: dict[str, Any]) -> Iterable[str]:
    yield from (one["alert"] for one in told["claimed"])
    yield from (one["alert"] for one in told["overdue"])
    yield from (one["alert"] for one in told["unclaimed"][:UNCLAIMED_SHOWN])
    yield from (number for mute in told["muted"] for number in mute["alerts"])
