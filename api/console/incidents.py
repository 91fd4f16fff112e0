"""Outages: which stand, who in them is still silent and must be seen to first, and who sees to whom."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other

LISTED: Final = 50
RANKED: Final = 100
HELD: Final = 5_000
SEVERAL: Final = 10
"""Of those on the list, claimed at one press."""
WHY: Final = {
    "victim": "Must keep away from a protected person",
    "lost_in_zone": "Lost in or near a zone",
    "intensive": "Intensive, and a curfew or zone counts now",
    "curfew": "Curfew now or within 30 minutes",
    "zone_in_reach": "Can have reached a forbidden zone",
    "nothing_now": "Nothing asks for contact now",
}
"""By what a line of the ranked list stands where it does (`alerts.contingency.Need`)."""

router = APIRouter(include_in_schema=False)


@router.get("/incidents")
async def incidents(opened: Opened) -> Response:
    """The outages that stand, each with how far it has come, then those that are over."""
    standing, over = await together(
        opened.ask.get("incidents", open="true", limit=LISTED), opened.ask.get("incidents", open="false", limit=LISTED)
    )
    found = await together(*(opened.ask.get(f"incidents/{one['id']}") for one in standing["items"]))
    return opened.show("incidents.html", title="Incidents", standing=found, over=over["items"])


@router.get("/incidents/{incident}")
async def incident(incident: str, opened: Opened) -> Response:
    """One outage."""
    return await _one(opened, incident, "incident.html")


@router.get("/incidents/{incident}/board")
async def board(incident: str, opened: Opened) -> Response:
    """What of it changes, for the page to take in again."""
    return await _one(opened, incident, "parts/incident_board.html")


@router.post("/incidents/{incident}/claim-several")
async def claim_several(incident: str, opened: Opened) -> Response:
    """Claims the held alerts of those on the list whom nobody has, as many as the button said; who was faster is told."""
    numbers = [one for one in opened.typed.get("alerts", "").split(",") if one.isdecimal()][:SEVERAL]
    try:
        body = {"event": "claim", "items": [{"id": number} for number in numbers]}
        results = (await opened.ask.post("alerts/bulk", body, key=opened.key())).body["items"]
    except Refused as refused:
        return await _one(opened, incident, "incident.html", wrong=refused.words, status=refused.status)
    missed = [one for one in results if one["cause"] is not None]
    if missed:
        wrong = f"{len(results) - len(missed)} of {len(results)} claimed. {missed[0]['cause']}"
        return await _one(opened, incident, "incident.html", wrong=wrong, status=409)
    return see_other(f"/incidents/{incident}#silent")


@router.post("/incidents/{incident}/{work}")
async def work(incident: str, work: str, opened: Opened) -> Response:
    """Claims or releases the held alert of somebody on the list."""
    alert, done = opened.typed.get("alert", ""), "release" if work == "release" else "claim"
    try:
        await opened.ask.post(f"alerts/{int(alert)}/{done}", key=opened.key())
    except Refused as refused:
        return await _one(opened, incident, "incident.html", wrong=refused.words, status=refused.status)
    query = {name: opened.typed[name] for name in ("cursor",) if opened.typed.get(name)}
    return see_other(
        f"/incidents/{incident}?{urlencode(query)}#alert-{alert}" if query else f"/incidents/{incident}#alert-{alert}"
    )


async def _one(opened: Page, incident: str, template: str, wrong: str | None = None, status: int = 200) -> Response:
    ask, cursor = opened.ask, opened.request.query_params.get("cursor") or opened.typed.get("cursor") or None
    row, silent, (held, _) = await together(
        ask.get(f"incidents/{incident}"),
        ask.get(f"incidents/{incident}/silent", limit=RANKED, cursor=cursor),
        ask.items("alerts", most=HELD, grouped_under=incident, limit=1_000),
    )
    wearers = [one["wearer"] for one in silent["items"] if one["wearer"]]
    named = await ask.maybe("names", wearer=wearers) if wearers else None
    by_violation = _by_violation(held)
    onward = (silent["next"] or "").partition("?")[2]
    return opened.show(
        template,
        status,
        title="Outage",
        row=row,
        silent=silent["items"],
        names={one["id"]: one["name"] for one in named["items"]} if named else {},
        alerts=by_violation,
        more=onward,
        cursor=cursor,
        works=opened.reader.may(Deed.WORK_ALERTS),
        why=WHY,
        several=_several(silent["items"], by_violation),
        key=str(uuid4()),
        wrong=wrong,
        mine=opened.reader.name,
    )


def _by_violation(held: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {violation: alert for alert in held for violation in alert["violations"]}


def _several(silent: list[dict[str, Any]], alerts: dict[str, dict[str, Any]]) -> list[str]:
    """The held alerts of the most urgent whom nobody has, in the order of the list."""
    found = [alerts[violation] for one in silent for violation in one["violations"] if violation in alerts]
    free = [one["id"] for one in found if one["holder"] is None and one["work"] != "closed"]
    return list(dict.fromkeys(free))[:SEVERAL]
