"""The page of one alert: who, what happened and on what it rests, and the work on it.

A form that is refused shows the page again, as it is now, with what was typed; a race says who was faster.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from access.grants import Deed
from api.console import alert_work, contact_form
from api.console.ages import born_and_age
from api.console.alert_found import Found, found
from api.console.alert_points import MOST_SHOWN, band_of, map_data, points_of
from api.console.alert_to_do import people_of, to_do
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.happened import explained, own_words, rule_of, told
from api.console.words import alert_words
from domain.national_grid import references
from domain.vocabulary import AlertEvent
from domain.wire_commands import MESSAGE_CHARACTERS, CommandName

Number = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
WORK: Final = (AlertEvent.CLAIM, AlertEvent.RELEASE, AlertEvent.ACTION, AlertEvent.ESCALATE, AlertEvent.CLOSE)
DONE: Final = {
    "claim": "You have it",
    "release": "You gave it back",
    "action": "Recorded",
    "escalate": "Escalated",
    "close": "Closed",
    "reopen": "Opened again",
    "contact": "The contact is in the log",
    "task": "The task is done",
    "kept": "The promise is marked as kept",
    "command": "The device is being asked",
}
"""What is told after something was done."""
DRAFTS: Final = {
    "action": "decide",
    "escalate": "decide",
    "close": "decide",
    "contact": "contact",
    "command": "command",
}
"""The form whose draft goes when that was done."""
COMMAND_STATES: Final = {
    "waiting": "waiting to be sent",
    "leased": "being sent",
    "sent": "sent, no answer yet",
    "ok": "the device did it",
    "refused": "the device refused",
    "expired": "expired",
    "superseded": "replaced by a later one",
    "undeliverable": "could not be sent",
}
"""What became of a command."""
FIELDS: Final = contact_form.FIELDS | {"note": "note", "outcome": "outcome", "args.text": "message"}
"""Fields of the API that are fields of the page's forms."""
COMMANDS: Final = (
    (CommandName.LOCATE_NOW, "Locate now"),
    (CommandName.VIBRATE, "Vibrate"),
    (CommandName.MESSAGE, "Message"),
)

router = APIRouter(include_in_schema=False)


@router.get("/alerts/{number}")
async def alert(opened: Opened, number: Number, done: Annotated[str | None, Query(max_length=16)] = None) -> Response:
    """The page."""
    return await _shown(opened, number, done=done)


@router.post("/alerts/{number}/protected-place")
async def protected_place(opened: Opened, number: Number) -> Response:
    """Shows where the protected person is, on the alert's page; the look is in the audit before it is shown."""
    try:
        place = await opened.ask.get(f"alerts/{number}/protected-place", why=f"alert {number}")
    except Refused as refused:
        return await _shown(opened, number, refused.status, form="place", wrong={"form": _sentence(refused.words)})
    return await _shown(opened, number, place=place)


@router.post("/alerts/{number}/contacts")
async def contact(opened: Opened, number: Number) -> Response:
    """Enters a contact about the alert."""
    body, wrong = contact_form.sent(opened.typed, opened.now)
    if wrong:
        return await _shown(opened, number, HTTPStatus.UNPROCESSABLE_ENTITY, form="contact", wrong=wrong)
    return await _do(opened, number, "contact", "contact", f"alerts/{number}/contacts", body)


@router.post("/alerts/{number}/contacts/{contact}/kept")
async def kept(opened: Opened, number: Number, contact: Number) -> Response:
    """What was promised was done."""
    return await _do(opened, number, "kept", "kept", f"contacts/{contact}/kept")


@router.post("/alerts/{number}/tasks/{task}/done")
async def task_done(opened: Opened, number: Number, task: Number) -> Response:
    """A task of the alert is done."""
    return await _do(opened, number, "task", "task", f"tasks/{task}/done")


@router.post("/alerts/{number}/commands")
async def command(opened: Opened, number: Number) -> Response:
    """Asks one of the wearer's devices for something."""
    name, text = opened.typed.get("command", ""), opened.typed.get("message", "").strip()
    body: dict[str, Any] = {"command": name}
    wrong = {}
    if name == CommandName.MESSAGE:
        body["args"] = {"text": text}
        if not text:
            wrong["message"] = "Enter the message that the device is to show"
        elif len(text) > MESSAGE_CHARACTERS:
            wrong["message"] = f"The message must have {MESSAGE_CHARACTERS} characters or fewer"
    if wrong:
        return await _shown(opened, number, HTTPStatus.UNPROCESSABLE_ENTITY, form="command", wrong=wrong)
    return await _do(opened, number, "command", "command", f"devices/{opened.typed.get('device', '')}/commands", body)


@router.post("/alerts/{number}/reopen")
async def reopen(opened: Opened, number: Number) -> Response:
    """Undoes a closing."""
    return await _work(opened, number, AlertEvent.REOPEN, None)


@router.post("/alerts/{number}/{event}")
async def work(opened: Opened, number: Number, event: AlertEvent) -> Response:
    """Claims, releases, acts on, escalates or closes it; the form's one note goes with whichever it was."""
    if event not in WORK:
        raise Refused(HTTPStatus.NOT_FOUND, {"detail": "there is no such work on an alert"})
    typed = {name: opened.typed.get(name, "").strip() for name in ("note", "explanation")}
    body: dict[str, Any] = {name: text for name, text in typed.items() if text}
    if event is AlertEvent.CLOSE:
        outcome = opened.typed.get("outcome", "")
        wrong = _closing(outcome, typed["note"], opened.typed.get("severity") == "critical")
        if wrong:
            return await _shown(opened, number, HTTPStatus.UNPROCESSABLE_ENTITY, form="decide", wrong=wrong)
        body["outcome"] = outcome
    return await _work(opened, number, event, body or None)


def _closing(outcome: str, note: str, critical: bool) -> dict[str, str]:
    """What a closing lacks, by field; in the order of the form."""
    wrong = {}
    if critical and not note:
        wrong["note"] = "Write in your own words what you found: a critical alert closes with a note"
    if outcome not in {one.value for one, _ in alert_work.OUTCOMES}:
        wrong["outcome"] = "Choose how it ended"
    return wrong


async def _work(opened: Page, number: str, event: AlertEvent, body: Any) -> Response:
    form = "decide" if event in {AlertEvent.ACTION, AlertEvent.ESCALATE, AlertEvent.CLOSE} else "hold"
    etag = opened.typed.get("etag") or None
    return await _do(opened, number, event.value, form, f"alerts/{number}/{event.value}", body, if_match=etag)


async def _do(opened: Page, number: str, what: str, form: str, path: str, body: Any = None, **more: Any) -> Response:
    try:
        await opened.ask.post(path, body, key=opened.key(), why=f"alert {number}", **more)
    except Refused as refused:
        if refused.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise
        race = alert_work.faster(refused.problem) if refused.status == HTTPStatus.PRECONDITION_FAILED else None
        wrong = {} if race else contact_form.refused(refused, FIELDS)
        return await _shown(opened, number, refused.status, form=form, wrong=wrong, race=race, problem=refused.problem)
    return see_other(f"/alerts/{number}?done={what}")


async def _shown(
    opened: Page,
    number: str,
    status: int = HTTPStatus.OK,
    *,
    done: str | None = None,
    form: str | None = None,
    wrong: dict[str, str] | None = None,
    race: str | None = None,
    problem: Any = None,
    place: Any = None,
) -> Response:
    one, now = await found(opened, number), opened.now
    alert = one.alert
    victim, people = await together(_victim(opened, alert), people_of(opened, one))
    return opened.show(
        "alert.html",
        status,
        wide=True,
        title=f"{alert_words(alert['kind'], alert['code'])}: {one.name}",
        one=one,
        alert=alert,
        victim=victim,
        may=alert_work.may(alert, opened.reader, now),
        done=DONE.get(done or ""),
        draft_done=DRAFTS.get(done or ""),
        typed=opened.typed if form else {},
        form=form,
        wrong=wrong or {},
        race=race,
        race_at=((problem or {}).get("changed") or {}).get("at"),
        key=_fresh,
        **_evidence(one, now),
        tasks=to_do(one, people, now),
        **_work_around(one),
        **_protected(place),
    )


def _evidence(one: Found, now: datetime) -> dict[str, Any]:
    """What happened, and on what it rests."""
    points, facts = points_of(one)
    relied = [point for point in points if point.relied]
    others = [point for point in reversed(points) if not point.relied]
    return {
        "born": None if one.wearer is None else born_and_age(one.wearer["record"].get("born"), now),
        "sentences": told(one.alert, one.violation, one.condition, one.name, [point.t for point in relied]),
        "about": own_words(one.alert["about"]),
        "rule": rule_of(one.alert["kind"]),
        "versions": explained(one.versions),
        "relied": relied,
        "around": others[:MOST_SHOWN],
        "more_points": len(others[MOST_SHOWN:]),
        "facts": facts,
        "map_data": map_data(one, points),
        "band": band_of(one, now),
    }


def _work_around(one: Found) -> dict[str, Any]:
    """The protocol, contacts, and who did what."""
    contacts = (one.history or {}).get("contacts", ())
    return {
        "steps": alert_work.steps_of(one.history, one.alert),
        "happenings": alert_work.happenings(one),
        "calls": [(call, alert_work.contact_told(call)) for call in one.calls],
        "contacts": [(call, alert_work.contact_told(call)) for call in contacts],
        "promises": [call for call in contacts if call["promised_at"] and not call["kept"]],
        "outcomes": alert_work.OUTCOMES,
        "parties": contact_form.PARTIES,
        "ways": contact_form.WAYS,
        "commands": COMMANDS,
        "command_states": COMMAND_STATES,
    }


def _protected(place: Any) -> dict[str, Any]:
    """A protected person's place as the API gave it, with its National Grid reference."""
    at = (place or {}).get("place")
    grid = references([at["lon"]], [at["lat"]])[0] if at else None
    return {"place": place, "place_grid": grid}


async def _victim(opened: Page, alert: Any) -> Any:
    """The record of a protected person, for roles that may read victims."""
    if alert["victim"] is None or not opened.reader.may(Deed.READ_VICTIMS):
        return None
    return await opened.ask.maybe(f"victims/{alert['victim']}")


def _fresh() -> str:
    """An Idempotency-Key for one form: sent twice, it is done once."""
    return str(uuid4())


def _sentence(words: str) -> str:
    return contact_form.sentence(words)
