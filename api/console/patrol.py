"""The patrol page, which a link opens on an officer's phone without an account or a script; and where links are made and revoked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from access.grants import Deed
from api.console import words
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.rendering import page
from api.parts import Given, Parts
from api.patrolling import Patrol, patrol
from api.problems import Problem
from domain.national_grid import references

REFRESH_S: Final = 60
COMPASS: Final = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
MINUTES: Final = (30, 60, 120, 240)
CLOSED: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
"""The address of such a page is its key: it goes nowhere."""

router = APIRouter(include_in_schema=False)


@router.get("/patrol/{token}")
async def patrol_page(token: str, request: Request, parts: Given) -> Response:
    """What the officer needs; 404 for a link that opens nothing."""
    now_us = parts.now()
    try:
        found = await patrol(request, parts, token)
    except Problem as problem:
        why = f"{problem.detail[:1].upper()}{problem.detail[1:]}."
        return _told(parts, problem.status, why, problem.headers)
    if found is None:
        return _told(
            parts,
            HTTPStatus.NOT_FOUND,
            "The link is over, was revoked, or was not copied whole; or the alert is closed.",
        )
    return page(
        "patrol.html",
        reader=None,
        path="/patrol",
        now_us=now_us,
        headers=CLOSED | {"Refresh": str(REFRESH_S)},
        title=found.record["name"],
        centre_phone=parts.centre_phone,
        what=words.alert_words(found.opened.kind, found.opened.code),
        **_shown(found, now_us),
    )


def _told(parts: Parts, status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    told: dict[str, Any] = {"title": "This link opens nothing", "why": why, "centre_phone": parts.centre_phone}
    return page(
        "patrol_over.html",
        reader=None,
        path="/patrol",
        now_us=parts.now(),
        status=status,
        headers=CLOSED | (headers or {}),
        **told,
    )


def _shown(found: Patrol, now_us: int) -> dict[str, Any]:
    last = found.newest
    place = None
    if last is not None:
        (grid,) = references([last.lon], [last.lat])
        heading = None if found.heading is None else COMPASS[round(found.heading / 45) % 8]
        place = {
            "lat": f"{last.lat:.5f}",
            "lon": f"{last.lon:.5f}",
            "grid": grid,
            "acc_m": round(last.acc),
            "age_s": max(0.0, (now_us - last.t_us) / 1e6),
            "at_us": last.t_us,
            "heading": heading,
            "speed_mph": None if last.spd is None else round(last.spd * 2.237),
        }
    return {"patrol": found, "record": found.record, "place": place, "sketch": found.sketch, "refresh_s": REFRESH_S}


@router.get("/alerts/{number}/patrol")
async def links(number: str, opened: Opened) -> Response:
    """The links of an alert, and the form to make one."""
    return await _links(opened, number)


@router.get("/alerts/{number}/patrol/new")
async def anew(number: str) -> Response:
    """For whoever loads the page of a new link again: what opened it is not shown twice."""
    return see_other(f"/alerts/{int(number) if number.isdecimal() else 0}/patrol")


@router.post("/alerts/{number}/patrol/new")
async def make(number: str, opened: Opened) -> Response:
    """Makes one; what opens it is on this page alone."""
    typed = opened.typed
    minutes = typed.get("minutes", "")
    body = {"officer": typed.get("officer", "").strip(), "force": typed.get("force", "").strip()}
    try:
        made = await opened.ask.post(
            f"alerts/{number}/patrol-links", body | {"minutes": int(minutes) if minutes.isdecimal() else 60}
        )
    except Refused as refused:
        return await _links(opened, number, wrong=_wrong(refused), status=refused.status)
    origin = opened.parts.sign_in.public_origin if opened.parts.sign_in is not None else None
    address = (origin or str(opened.request.base_url).rstrip("/")) + made.body["path"]
    return await _links(opened, number, made=made.body, address=address, status=HTTPStatus.CREATED)


@router.post("/alerts/{number}/patrol/{link}/revoke")
async def revoke(number: str, link: str, opened: Opened) -> Response:
    """It opens nothing any more."""
    await opened.ask.post(f"patrol-links/{link}/revoke")
    return see_other(f"/alerts/{number}/patrol")


async def _links(
    opened: Page,
    number: str,
    *,
    wrong: dict[str, str] | None = None,
    made: Any = None,
    address: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    alert, found = await together(opened.ask.get(f"alerts/{number}"), opened.ask.get(f"alerts/{number}/patrol-links"))
    named = await opened.ask.maybe("names", wearer=[alert["wearer"]]) if alert["wearer"] else None
    open_one = alert["severity"] == "critical" and alert["work"] != "closed" and not alert["withdrawn"]
    return opened.show(
        "patrol_links.html",
        status,
        title="Patrol links",
        alert=alert,
        name=named["items"][0]["name"] if named and named["items"] else alert["wearer"],
        links=found["items"],
        can=open_one and alert["wearer"] is not None and opened.reader.may(Deed.WRITE_PATROL_LINKS),
        wrong=wrong or {},
        typed=opened.typed if made is None else {},
        made=made,
        address=address,
        minutes=MINUTES,
    )


def _wrong(refused: Refused) -> dict[str, str]:
    names = {"officer": "Give the officer's name or number", "force": "Give their force"}
    fields = {str(error["field"]).removeprefix("body."): error["cause"] for error in refused.problem.get("errors", [])}
    found = {field: words for field, words in names.items() if field in fields}
    return found or {"officer": refused.words}
