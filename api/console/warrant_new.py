"""A warrant that a court issued is entered: first whose it is, then what it says, who holds it and what it rests on."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.before_saving import draft, fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.rendering import instant, text_of
from api.console.typed import Form, moment_anchors
from api.console.warrants import KINDS
from api.console.wearer_figures import apart
from api.routes.people import ID_CHARACTERS
from domain.vocabulary import Role

Json = dict[str, Any]

HISTORY: Final = timedelta(days=180)
"""How far back violations are offered that a warrant may rest on."""
MOST: Final = 100
"""Of them, and of breach cases."""
NOBODY: Final = "There is no wearer of that number in your sight"
FIELDS: Final = {
    "kind": "kind",
    "wearer": "wearer",
    "area": "area",
    "reference": "reference",
    "issued": "issued",
    "agency": "agency",
    "person": "person",
    "violations": "violations",
    "breach": "breach",
}
_ID: Final = re.compile(ID_CHARACTERS)

router = APIRouter(include_in_schema=False)


@router.get("/warrants/new")
async def new(
    opened: Opened,
    wearer: Annotated[str | None, Query(max_length=200)] = None,
    breach: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
) -> Response:
    """Whose it is, and when that is said (or the breach case that it follows), the form."""
    _must_write(opened)
    case = await opened.if_may(Deed.READ_BREACHES, f"breaches/{breach}") if breach else None
    if case is not None:
        return await _form(opened, case["wearer"], Form({"breach": breach or ""}))
    if wearer is None:
        return _whose(opened, Form())
    return await _form(opened, wearer.strip(), Form())


@router.post("/warrants/new")
async def enter(opened: Opened) -> Response:
    """Enters it with its first holder."""
    _must_write(opened)
    form = Form(opened.typed)
    body = {
        "kind": form.said("kind", "Choose what kind of warrant it is"),
        "wearer": form["wearer"],
        "reference": form.said("reference", "Enter the court's reference"),
        "issued": form.moment("issued", "when it was issued"),
        "area": form["area"] or None,
        "agency": form.said("agency", "Enter the agency that holds it"),
        "person": form.said("person", "Enter who holds it there"),
        "violations": opened.lists.get("violations", []),
        "breach": form["breach"] or None,
    }
    if not form.wrong:
        try:
            told = await opened.ask.post("warrants", body, key=opened.key())
            return see_other(f"/warrants/{told.body['id']}?entered")
        except Refused as refused:
            if refused.status not in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND):
                raise
            form.refused(refused, FIELDS)
    return await _form(opened, form["wearer"], form)


def _must_write(opened: Page) -> None:
    if not opened.reader.may(Deed.WRITE_WARRANTS):
        raise Refused(HTTPStatus.FORBIDDEN, {"detail": "your role enters no warrants"})


def _whose(opened: Page, form: Form) -> Response:
    return opened.show(
        "warrant_whose.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title="Enter a warrant",
        form=form,
        finds=opened.reader.may(Deed.READ_WEARERS),
    )


async def _form(opened: Page, wearer: str, form: Form) -> Response:
    form.values["wearer"] = wearer
    if not _ID.fullmatch(wearer):
        form.fault("wearer", "Enter the wearer's number, such as W1001")
        return _whose(opened, form)
    ask, reader = opened.ask, opened.reader
    since = text_of(opened.now - HISTORY)
    person, areas, orders, found, cases = await together(
        ask.maybe(f"wearers/{wearer}"),
        ask.items("areas"),
        opened.if_may(Deed.READ_ORDERS, "orders", wearer=wearer, limit=MOST),
        opened.if_may(Deed.READ_VIOLATIONS, "violations", wearer=wearer, limit=MOST, **{"from": since}),
        opened.if_may(Deed.READ_BREACHES, "breaches", wearer=wearer, limit=MOST),
    )
    # Enforcement may enter one of somebody of its areas, of whom it sees nothing until it holds the warrant.
    if person is None and reader.role != Role.ENFORCEMENT:
        form.fault("wearer", NOBODY)
        return _whose(opened, form)
    if "area" not in form.values:
        form.values["area"] = _area_of(opened, orders)
    return opened.show(
        "warrant_new.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title="Enter a warrant",
        form=form,
        wearer=wearer,
        name=None if person is None else person["record"].get("name"),
        areas=areas[0],
        found=apart(found["items"]).violations if found else [],
        cases=cases["items"] if cases else [],
        ticked=opened.lists.get("violations", []),
        kinds=KINDS,
        anchors=moment_anchors("issued") | {"form": "kind"},
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"warrant-new-{wearer}"),
    )


def _area_of(opened: Page, orders: Json | None) -> str:
    """That of the order which began last of those that run."""
    records = [one["record"] for one in (orders["items"] if orders else [])]
    running = [one for one in records if one.get("to") is None or instant(one["to"]) > opened.now]
    newest = max(running, key=lambda one: str(one["from"]), default=None)
    return (newest.get("area") or "") if newest else ""
