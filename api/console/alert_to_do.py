"""What is to be done about an alert: whom to ring and on which number, not before when, what happens if they do not answer.

A number is the one in the record, or on the rota, as it is now: what was safe when the call was asked for may not be safe any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from access.grants import Deed
from alerts.safe_contact import read_contact
from api.console.alert_found import Found
from api.console.alert_told import kind_of
from api.console.alert_work import BY, FLAGS, instructions
from api.console.asking import together
from api.console.frame import Page
from api.console.rendering import instant, text_of
from api.console.words import WHOM, sentence

Json = Mapping[str, Any]

ANSWERED: Final = {
    "victim": "victim_answered",
    "wearer": "wearer_answered",
    "responsible_adult": "wearer_answered",
}
ROTA_BACK: Final = timedelta(days=1)
"""Somebody who was on duty when the call was asked for may not be any more."""
SINCE: Final = FLAGS | {
    "claimed": "it was claimed",
    "actioned": "something was done about it",
    "cleared": "it was over",
}
"""Why something need not be done any more: that may be so no longer by now, for then it is asked for anew."""
NO_NUMBER: Final = "no number that may be rung is in their record"


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom to ring: in words, the number if there is one to show, else what is ``lacking``; and what was agreed with them."""

    words: str
    number: str = ""
    lacking: str = ""
    hours: str = ""
    safe_words: str = ""


@dataclass(frozen=True, slots=True)
class ToDo:
    """A task. ``whom`` None: it is no call. ``waits``: it is not to be done before ``not_before``.

    ``otherwise`` is what the protocol does at an instant unless they have answered; ``why_not`` why it need not be done any more.
    """

    id: str
    title: str
    words: str
    made: str
    whom: Whom | None
    not_before: str | None
    waits: bool
    otherwise: tuple[str, str] | None
    why_not: str


@dataclass(frozen=True, slots=True)
class People:
    """Records that whoever is to be rung is named by: protected people by id, and the shifts of the rota."""

    victims: Mapping[str, Json]
    shifts: tuple[Json, ...]


async def people_of(page: Page, one: Found) -> People:
    """What the reader may see of whoever is to be rung; asked only where somebody is."""
    recipients = {task["recipient"] for task in _open(one) if task["recipient"]}
    names = sorted(name.partition(":")[2] for name in recipients if name.startswith("victim:"))
    bodies = await together(*(page.if_may(Deed.READ_VICTIMS, f"victims/{name}") for name in names))
    victims = {name: body["record"] for name, body in zip(names, bodies, strict=True) if body is not None}
    shifts: list[Json] = []
    if any(kind_of(name) in {"rota", "force"} for name in recipients):
        span = {"from": text_of(page.now - ROTA_BACK), "to": text_of(page.now + timedelta(minutes=1))}
        body = await page.if_may(Deed.READ_DESK, "rota/shifts", **span)
        shifts = [] if body is None else body["items"]
    return People(victims, tuple(shifts))


def to_do(one: Found, people: People, now: datetime) -> list[ToDo]:
    """What is open, in the order in which it is to be done: now, then what waits for its hour, then what is not needed any more."""
    found = [_task(task, one, people, now) for task in _open(one)]
    return sorted(found, key=lambda task: (bool(task.why_not), task.waits, task.not_before or ""))


def _open(one: Found) -> Iterable[Json]:
    return [task for task in (one.history or {}).get("tasks", ()) if not task["done"]]


def _task(task: Json, one: Found, people: People, now: datetime) -> ToDo:
    whom = None if task["recipient"] is None else _whom(task, one, people, now)
    words = instructions(task["text"], one.alert)
    title = f"Ring {whom.words}" if whom is not None else words or sentence(task["text"])
    if task["stands_down"]:
        title += " to take back what they were told"
    return ToDo(
        id=task["id"],
        title=title,
        words=words if whom is not None else "",
        made=task["made"],
        whom=whom,
        not_before=task["not_before"],
        waits=task["not_before"] is not None and instant(task["not_before"]) > now,
        otherwise=_otherwise(task, one),
        why_not=" and ".join(SINCE.get(flag, flag) for flag in task["not_needed"]),
    )


def _whom(task: Json, one: Found, people: People, now: datetime) -> Whom:
    _kind, _, name = task["recipient"].partition(":")
    role = WHOM.get(task["target"], sentence(task["target"]).lower())
    match kind_of(task["recipient"]):
        case "victim":
            return _victim(name, people)
        case "wearer":
            record = one.wearer["record"] if one.wearer else {}
            return _person(f"the wearer, {one.name}" if record else role, record)
        case "adult":
            adult = (one.wearer["record"] if one.wearer else {}).get("responsible_adult")
            return _adult(role, adult)
        case "officer":
            officer = (one.order or {}).get("officer") or {}
            return _person(f"{role}, {officer['name']}" if officer.get("name") else role, officer)
        case "force":
            return _force(name, people, now)
        case "nobody":
            return Whom(role, lacking="nobody is named")
    shifts = [shift for shift in people.shifts if shift["person"] == task["recipient"]]
    phone = next((shift["phone"] for shift in reversed(shifts) if shift["phone"]), "")
    shown = next((shift["name"] for shift in reversed(shifts) if shift["name"]), task["recipient"])
    return Whom(f"{role}, {shown}", phone, "" if phone else "no number of theirs is on the rota")


def _victim(name: str, people: People) -> Whom:
    record = people.victims.get(name)
    if record is None:
        return Whom(
            "a protected person", lacking="you may not read who it is; somebody of the centre who may rings them"
        )
    contact, agreed = read_contact(record), record.get("contact") or {}
    words = f"the protected person, {record['name']}" + (
        " (under 18: ask for their adult)" if record.get("under_18") else ""
    )
    hours, safe_words = agreed.get("safe_hours"), agreed.get("safe_words")
    return Whom(words, contact.number, "" if contact.number else NO_NUMBER, _joined(hours), _joined(safe_words))


def _joined(written: Any) -> str:
    return ", ".join(str(one) for one in written) if isinstance(written, list) else str(written or "")


def _person(words: str, record: Json) -> Whom:
    phones = [
        phone for phone in record.get("phones") or [record.get("phone")] if isinstance(phone, str) and phone.strip()
    ]
    return Whom(words, phones[0] if phones else "", "" if phones else NO_NUMBER)


def _adult(role: str, adult: Any) -> Whom:
    """As the caseload has them: an object, or a text that is a number or a name."""
    if isinstance(adult, Mapping):
        return _person(f"{role}, {adult['name']}" if adult.get("name") else role, adult)
    return Whom(f"{role}, {adult}" if adult else role, lacking="" if adult else NO_NUMBER)


def _force(area: str, people: People, now: datetime) -> Whom:
    if area == "unknown":
        return Whom("the police", lacking="no force is known: ring 999, or the force where the wearer was last")
    shifts = [
        one
        for one in people.shifts
        if one["area"] == area and one["role"] == "police" and instant(one["from"]) <= now < instant(one["to"])
    ]
    phone = next(
        (shift["phone"] for shift in sorted(shifts, key=lambda one: int(one["priority"])) if shift["phone"]), ""
    )
    return Whom(f"the police of {area}", phone, "" if phone else "no number of their control room is on the rota")


def _otherwise(task: Json, one: Found) -> tuple[str, str] | None:
    """The next step of the protocol that comes unless whoever is rung has answered: its words, and when it comes."""
    flag = ANSWERED.get(task["target"])
    steps = ((one.history or {}).get("protocol") or {}).get("steps", ())
    coming = [step for step in steps if flag in step["stop"] and step["due"] is not None]
    if task["recipient"] is None or not coming or one.alert["work"] == "closed":
        return None
    step = min(coming, key=lambda one: str(one["due"]))
    by = " or ".join(BY.get(channel, channel) for channel in step["by"])
    return f"{WHOM.get(step['to'], step['to'])} will be told{f' {by}' if by else ''}", step["due"]
