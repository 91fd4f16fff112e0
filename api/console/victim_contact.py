"""Victim contact: what protected people must be told, overdue first; one of it with what to say, how safely, and every try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.rendering import LONDON, day, instant
from api.console.typed import Form, moment_anchors
from domain.vocabulary import DutyEvent
from evidence.duty_words import EVENTS, what_to_say

LISTED: Final = 200
DONE_LISTED: Final = 20
STATES: Final = {
    "told": "Told",
    "not_reached": "Could not be reached",
    "not_wanted": "Does not want to be told",
    "withdrawn": "Nothing to tell any more",
}
RESULTS: Final = {
    "told": "I told them",
    "no_answer": "No answer",
    "somebody_else": "Somebody else answered",
    "not_wanted": "They do not want to be told",
}
CHANNELS: Final = {"call": "Call", "sms": "SMS", "email": "E-mail"}
FIELDS: Final = {
    "at": "at",
    "channel": "channel",
    "result": "result",
    "adult": "adult",
    "said_back": "said_back",
    "reason": "reason",
}

router = APIRouter(include_in_schema=False)


@router.get("/victim-contact")
async def victim_contact(opened: Opened) -> Response:
    """What is still to be told, by when it is due, so that what is overdue comes first; then what was done."""
    (due, more), done = await together(
        opened.ask.items("contact-duties", most=LISTED, open="true", limit=LISTED),
        opened.ask.items("contact-duties", most=DONE_LISTED, open="false", limit=DONE_LISTED),
    )
    return opened.show(
        "victim_contact.html",
        title="Victim contact",
        due=due,
        more=more,
        done=done[0],
        overdue=sum(one["overdue"] for one in due),
        events=EVENTS,
        states=STATES,
        by_words=by_words,
    )


@router.get("/victim-contact/{duty}")
async def duty(duty: str, opened: Opened) -> Response:
    """One of it."""
    return await _one(opened, duty)


@router.post("/victim-contact/{duty}/{do}")
async def change(duty: str, do: str, opened: Opened) -> Response:
    """Writes down a try, or that they could not be reached."""
    form, etag = Form(opened.typed), opened.typed.get("etag")
    path, body = _asked(do, form)
    if not form.wrong:
        try:
            await opened.ask.post(f"contact-duties/{duty}/{path}", body, if_match=etag, key=opened.key())
            return see_other(f"/victim-contact/{duty}")
        except Refused as refused:
            form.refused(refused, FIELDS)
            return await _one(opened, duty, form, refused.status)
    return await _one(opened, duty, form, 422)


def _asked(do: str, form: Form) -> tuple[str, dict[str, Any]]:
    if do == "not-reached":
        return do, {"reason": form.said("reason", "Say what is done instead")}
    result = form.said("result", "Say what came of it")
    channel = form.said("channel", "Say how")
    at = form.moment("at", "when it was", needed=False)
    told = {"channel": channel, "result": result, "adult": form["adult"] == "yes", "said_back": form.said("said_back")}
    return "tellings", told | ({} if at is None else {"at": at})


async def _one(opened: Page, number: str, form: Form | None = None, status: int = 200) -> Response:
    told = await opened.ask.ask("GET", f"contact-duties/{number}")
    row = told.body
    event = DutyEvent(row["event"])
    missed = sum(one["result"] in ("no_answer", "somebody_else") for one in row["tellings"])
    named = await opened.ask.maybe("names", wearer=[row["wearer"]])
    return opened.show(
        "duty.html",
        status,
        title="Victim contact",
        row=row,
        etag=told.etag,
        key=str(uuid4()),
        form=form or Form(),
        anchors=moment_anchors("at"),
        title_words=EVENTS[event],
        by_words=by_words,
        say=what_to_say(event, row["facts"], row["before"], in_words),
        wearer=named["items"][0]["name"] if named and named["items"] else row["wearer"],
        ways=[
            ("call", CHANNELS["call"]),
            *((one["channel"], CHANNELS[one["channel"]]) for one in row["safe"]["messages"]),
        ],
        results=RESULTS,
        channels=CHANNELS,
        states=STATES,
        may_give_up=missed >= row["tries_needed"],
        writes=opened.reader.may(Deed.WRITE_TELLINGS) and row["state"] == "open",
    )


def in_words(text: str) -> str:
    """``Monday 2 November 2026``, with the hour where it is not midnight, by the clock of the centre."""
    here = instant(text).astimezone(LONDON)
    hour = "" if (here.hour, here.minute) == (0, 0) else f" at {here:%H:%M}"
    return f"{here:%A} {here.day} {here:%B %Y}{hour}"


def by_words(text: str) -> str:
    """By when: ``the end of Mon 23 Nov 2026`` where it is a midnight, for few think of midnight as the day before."""
    here = instant(text).astimezone(LONDON)
    if (here.hour, here.minute, here.second) == (0, 0, 0):
        return f"the end of {day(here - timedelta(hours=12))}"
    return f"{day(here)}, {here:%H:%M}"
