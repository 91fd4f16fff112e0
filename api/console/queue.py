"""The alert queue: the first alerts in the page, then its script follows the stream (web/queue)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import SENIOR, Deed
from api.console import words
from api.console.asking import Asking, Refused, together
from api.console.frame import Opened
from api.routes.people import NAMES_AT_ONCE
from domain.vocabulary import Role

FIRST: Final = 100
"""Alerts of each sort that come with the page: what is worst and what is newest; its script reads the rest."""
OPEN: Final = ["raised", "claimed", "actioned"]

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
async def alerts(opened: Opened) -> Response:
    """The queue, as its address filters it."""
    ask, reader = opened.ask, opened.reader
    worst, newest, views = await together(
        ask.get("alerts", work=OPEN, grouped=False, severity=["critical", "serious"], limit=FIRST),
        ask.get("alerts", work=OPEN, grouped=False, limit=FIRST),
        _views(ask),
    )
    found = {alert["id"]: alert for alert in [*worst["items"], *newest["items"]]}
    names = await names_of(ask, (alert["wearer"] for alert in found.values()))
    island = {
        "items": list(found.values()),
        "names": list(names.values()),
        "views": views,
        "words": words.for_browsers(),
        "reader": {
            "name": reader.name,
            "works": reader.may(Deed.WORK_ALERTS),
            "senior": Role(reader.role) in SENIOR,
            "desk": reader.may(Deed.READ_DESK),
        },
    }
    plain = sorted(found.values(), key=_worst_first)
    return opened.show("queue.html", title="Alerts", wide=True, island=island, items=plain, names=names)


async def names_of(ask: Asking, wearers: Iterable[str | None]) -> dict[str, Any]:
    """What some wearers are called, by id."""
    ids = sorted({wearer for wearer in wearers if wearer})
    some = [ids[start : start + NAMES_AT_ONCE] for start in range(0, len(ids), NAMES_AT_ONCE)]
    pages = await together(*(ask.get("names", wearer=part) for part in some))
    return {name["id"]: name for page in pages for name in page["items"]}


async def _views(ask: Asking) -> list[Any]:
    """Saved views; none where this process keeps none, which is no reason to show no alerts."""
    try:
        items: list[Any] = (await ask.get("views"))["items"]
    except Refused as refused:
        if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return []
    return items


def _worst_first(alert: dict[str, Any]) -> tuple[int, bool, str]:
    order = [severity.value for severity in words.SEVERITY_ORDER]
    return order.index(alert["severity"]), alert["state"] == "cleared", alert["raised"]
