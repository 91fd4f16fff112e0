"""Somebody rings: the wearer is found in one step, and what was said is one form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Query
from starlette.responses import Response

from access.grants import Deed
from api.console import contact_form
from api.console.ages import born_and_age
from api.console.alert_found import WORKING
from api.console.alert_work import contact_told
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.words import SEVERITY_ORDER
from api.routes.people import ID_CHARACTERS

FOUND_BY: Final = {
    "id": "id",
    "name": "name",
    "part": "part of a name",
    "phone": "telephone number",
    "device": "device",
    "place": "address",
    "zone": "zone",
}
SHORTEST: Final = 2
LONGEST: Final = 64
"""Characters of what is looked for."""
FOUND: Final = "There is nobody of that name, number, device or address whom you may see"

router = APIRouter(include_in_schema=False)


@router.get("/find")
async def find(opened: Opened, q: Annotated[str, Query(max_length=1_000)] = "") -> Response:
    """Wearers by a word or several; with their open alerts, the worst first."""
    text, wrong, items, more = q.strip(), None, [], False
    if text and not SHORTEST <= len(text) <= LONGEST:
        wrong = f"Enter between {SHORTEST} and {LONGEST} characters"
    elif text:
        answer = await opened.ask.get("search", q=text)
        items, more = answer["items"], answer["more"]
    alerts = await together(*(_open_alerts(opened, one["wearer"]) for one in items))
    found = [
        one
        | {
            "alerts": own,
            "found_by": [FOUND_BY.get(kind, kind) for kind in one["by"]],
            "born": born_and_age(one["born"], opened.now),
        }
        for one, own in zip(items, alerts, strict=True)
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return opened.show(
        "find.html",
        status,
        title="Find a wearer",
        q=q,
        wrong=wrong,
        found=found,
        more=more,
        nobody=FOUND if text and not wrong and not found else None,
        reads_alerts=opened.reader.may(Deed.READ_ALERTS),
        works=_works(opened),
    )


@router.get("/contacts/new")
async def new_contact(
    opened: Opened,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    done: Annotated[str | None, Query(max_length=16)] = None,
) -> Response:
    """The form for somebody who rings; about a wearer, where it is known about whom."""
    return await _form(opened, wearer, done=done)


@router.post("/contacts/new")
async def enter_contact(opened: Opened, wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None) -> Response:
    """Enters it, about an alert of the wearer or about none."""
    body, wrong = contact_form.sent(opened.typed, opened.now, inbound=True)
    about = opened.typed.get("about", "")
    if "promised" in body and not about:
        wrong.setdefault("about", "Choose the alert that the promise belongs to: it comes back there")
    if wrong:
        return await _form(opened, wearer, HTTPStatus.UNPROCESSABLE_ENTITY, wrong=wrong)
    path = f"alerts/{about}/contacts" if about.isdigit() else "contacts"
    if wearer is not None and path == "contacts":
        body["wearer"] = wearer
    try:
        await opened.ask.post(path, body, key=opened.key(), why="somebody rang")
    except Refused as refused:
        if refused.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise
        return await _form(opened, wearer, refused.status, wrong=contact_form.refused(refused, contact_form.FIELDS))
    if about.isdigit():
        return see_other(f"/alerts/{about}?done=contact")
    return see_other(f"/contacts/new?wearer={wearer}&done=contact" if wearer else "/contacts/new?done=contact")


async def _form(
    opened: Page,
    wearer: str | None,
    status: int = HTTPStatus.OK,
    *,
    wrong: dict[str, str] | None = None,
    done: str | None = None,
) -> Response:
    person, alerts, recent = None, [], []
    if not _works(opened):
        raise Refused(HTTPStatus.FORBIDDEN, {"detail": "only the monitoring centre enters contacts"})
    if wearer is not None:
        person, alerts, (recent, _) = await together(
            opened.ask.get(f"wearers/{wearer}"),
            _open_alerts(opened, wearer),
            opened.ask.items("contacts", most=20, wearer=wearer),
        )
    return opened.show(
        "contact_new.html",
        status,
        title=f"Contact: {person['record']['name']}" if person else "Contact",
        person=person,
        born=born_and_age(person["record"].get("born"), opened.now) if person else None,
        alerts=alerts,
        recent=[(call, contact_told(call)) for call in recent],
        parties=contact_form.PARTIES,
        ways=contact_form.WAYS,
        typed=opened.typed,
        wrong=wrong or {},
        done=done == "contact",
        key=_fresh,
    )


async def _open_alerts(opened: Page, wearer: str) -> list[dict[str, Any]]:
    """Those of a wearer that are not closed, the worst first, of them the newest."""
    if not opened.reader.may(Deed.READ_ALERTS):
        return []
    items, _ = await opened.ask.items("alerts", most=100, wearer=wearer, work=list(WORKING))
    order = [severity.value for severity in SEVERITY_ORDER]
    return sorted(items, key=lambda one: order.index(one["severity"]))


def _works(opened: Page) -> bool:
    return opened.reader.may(Deed.WORK_ALERTS)


def _fresh() -> str:
    return str(uuid4())
