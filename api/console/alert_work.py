"""What may be done about an alert now and by whom, how far its protocol has come, and who did what, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from access.grants import Deed
from alerts.machine import SENIOR, UNDO_US
from alerts.texts import shipped_catalogues
from alerts.wording import DEFAULT_LANGUAGE, fill
from api.console.alert_found import Found
from api.console.alert_told import named, outcome_of, step_of, why_not
from api.console.rendering import Reader, instant, span
from api.console.words import DONE, WHOM, outcome_words, sentence
from domain.vocabulary import Outcome, Severity

Json = Mapping[str, Any]

OUTCOMES: Final = (
    (Outcome.CONFIRMED, "it happened as the alert says"),
    (Outcome.EXPLAINED, "it happened; the officer judges the explanation"),
    (Outcome.EQUIPMENT, "the device did it, not the wearer"),
    (Outcome.FALSE, "it did not happen"),
    (Outcome.DUPLICATE, "another alert is about the same thing"),
)
"""How a person closes an alert, with what each means."""

BY: Final = {
    "console": "on the console",
    "webhook": "by webhook",
    "email": "by e-mail",
    "sms": "by text message",
    "mqtt": "by MQTT",
    "call": "by a call",
}
FLAGS: Final = {
    "claimed": "it is claimed",
    "actioned": "something was done",
    "cleared": "it is over",
    "wearer_answered": "the wearer has answered",
    "wearer_unanswered": "the wearer does not answer",
    "victim_answered": "the protected person has answered",
    "victim_unanswered": "the protected person does not answer",
    "often": "it happens often",
    "under_18": "the wearer is under 18",
}
STATES: Final = {
    "waiting": "waits to be sent",
    "leased": "is being sent",
    "sent": "sent",
    "suppressed": "not sent",
    "failed": "it failed",
    "unsent": "not sent",
}


@dataclass(frozen=True, slots=True)
class May:
    """What this reader may do to the alert now. ``holder``: somebody else has it, who or somebody senior alone can act."""

    claim: bool = False
    takes_over: bool = False
    renews: bool = False
    release: bool = False
    action: bool = False
    escalate: bool = False
    close: bool = False
    reopen_s: int = 0
    held_by: str | None = None
    mine: bool = False
    note_needed: bool = False
    protected_place: bool = False
    contact: bool = False
    command: bool = False

    @property
    def anything(self) -> bool:
        """Whether there is a form to show at all."""
        return self.action or self.escalate or self.close


def may(alert: Json, reader: Reader, now: datetime) -> May:
    """As the alert's machine will have it (`alerts.machine`); what it refuses all the same is told."""
    works = reader.may(Deed.WORK_ALERTS)
    work, holder = alert["work"], alert["holder"]
    mine = holder is not None and holder == reader.name and work in {"claimed", "actioned"}
    senior = reader.role in {role.value for role in SENIOR}
    other = holder if holder and not mine and work in {"claimed", "actioned"} else None
    open_, free = work != "closed" and not alert["withdrawn"], other is None or senior
    left_s = 0
    if work == "closed" and alert["closed"] and not alert["withdrawn"]:
        left_s = int(UNDO_US / 1e6 - (now - instant(alert["closed"])).total_seconds())
    pair = alert["wearer"] and alert["victim"] and alert["severity"] == Severity.CRITICAL.value and open_
    return May(
        claim=works and open_ and free,
        takes_over=other is not None and senior,
        renews=mine,
        release=works and open_ and work in {"claimed", "actioned"} and free,
        action=works and open_ and work in {"claimed", "actioned"} and free,
        escalate=works and open_,
        close=works and open_ and free,
        reopen_s=max(left_s, 0) if works else 0,
        held_by=other,
        mine=mine,
        note_needed=alert["severity"] == Severity.CRITICAL.value,
        protected_place=bool(pair) and reader.may(Deed.READ_PROTECTED_PLACES),
        contact=works,
        command=reader.may(Deed.WRITE_COMMANDS),
    )


@dataclass(frozen=True, slots=True)
class StepTold:
    """A step of the protocol in words: ``state`` is `done`, `asked`, `failed`, `due` or `waits`, ``due`` when it comes (again).

    ``outcome`` is what a step that was taken came to, where that is not all told by its being done.
    """

    words: str
    state: str
    due: str | None
    unless: str
    outcome: str = ""


def steps_of(history: Json | None, alert: Json) -> list[StepTold]:
    """The steps of the protocol that runs, in the order in which they come."""
    protocol = (history or {}).get("protocol")
    if protocol is None:
        return []
    closed = alert["work"] == "closed"
    places = sorted(range(len(protocol["steps"])), key=lambda place: int(protocol["steps"][place]["after_s"]))
    return [_step(place, history or {}, closed) for place in places]


def _step(place: int, history: Json, closed: bool) -> StepTold:
    one = history["protocol"]["steps"][place]
    whom, by = WHOM.get(one["to"], one["to"]), " or ".join(BY.get(channel, channel) for channel in one["by"])
    verb = {"notify": "Tell", "escalate": "Escalate to", "task": "A task for the operators, for"}[one["action"]]
    after = f" {span(one['after_s'])} after it began" if one["after_s"] else " at once"
    repeats = f", again every {span(one['repeat_s'])}" if one["repeat_s"] else ""
    if one["action"] == "task":
        words = f"Task: {instructions(one['text'], {}) or sentence(one['text'])}"
    else:
        words = f"{verb} {whom}{' ' + by if by else ''},{after}{repeats}"
    unless = " or ".join(FLAGS.get(flag, flag) for flag in one["stop"])
    only = " and ".join(FLAGS.get(flag, flag) for flag in one["only"])
    limits = ", ".join(
        part for part in (f"only when {only}" if only else "", f"not once {unless}" if unless else "") if part
    )
    state, outcome = ("done" if one["done"] else "waits"), ""
    if one["done"]:
        state, outcome = outcome_of(place, history)
    if one["due"] and not closed:
        state = "due"
    return StepTold(words, state, one["due"] if not closed else None, limits, outcome)


def instructions(text: str, alert: Json) -> str:
    """What an operator is to do for a task, or to say in a call; empty where there are no words for it."""
    book = _book()
    line = book.task.get(text) or (book.text[text].call if text in book.text else "")
    about = {"alert": str(alert.get("id", "this one")), "severity": str(alert.get("severity", "")), "link": "this page"}
    kind = str(alert.get("kind", "")).replace("_", " ")
    return fill(line, about | {"kind": kind, "raised": ""}).strip()


@lru_cache(maxsize=1)
def _book() -> Any:
    return shipped_catalogues()[DEFAULT_LANGUAGE]


EVENTS: Final = {
    "claim": "Claimed",
    "release": "Given back",
    "expire": "The claim lapsed",
    "action": "Acted on",
    "escalate": "Escalated",
    "close": "Closed",
    "reopen": "Opened again",
    "clear": "It is over",
    "reactivate": "It is active again",
    "withdraw": "Withdrawn",
}
"""What happened to the alert's work, as a title."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of who did what when. ``who`` None: the rules, a timer or a protocol did it."""

    at: str
    title: str
    who: str | None
    texts: tuple[tuple[str, str], ...] = ()
    """(what it is, the words), such as a note."""


def happenings(found: Found) -> list[Happening]:
    """Everything that is recorded of the alert's work, the newest first."""
    history = found.history or {}
    steps = (history.get("protocol") or {}).get("steps", ())
    lines = [
        *(_event(one) for one in history.get("events", ())),
        *(_notification(one, steps) for one in history.get("notifications", ())),
        *(contact_told(one) for one in history.get("contacts", ())),
        *(
            Happening(one["done"], "Task done", one["done_by"], (("Task", instructions(one["text"], found.alert)),))
            for one in history.get("tasks", ())
            if one["done"]
        ),
        Happening(found.alert["raised"], "Raised", None),
    ]
    return sorted(lines, key=lambda one: instant(one.at), reverse=True)


def _event(one: Json) -> Happening:
    event: str = one["event"]
    title = EVENTS.get(event, sentence(event))
    ended = f" as {outcome_words(one['outcome']).lower()}" if one["outcome"] and one["event"] == "close" else ""
    texts = [("Note", one["note"]), ("The wearer says", one["explanation"])]
    why = one["why"] or ""
    if why.startswith("contact:"):
        title = "Acted on by a contact"
    elif why and one["by"] is None:
        texts.append(("Why", sentence(why)))
    return Happening(one["at"], title + ended, one["by"], tuple((k, v) for k, v in texts if v))


def _notification(one: Json, steps: Sequence[Json]) -> Happening:
    target: str = one["target"]
    whom = WHOM.get(target, target)
    if not one["sends"]:
        on_purpose, why = why_not(one, step_of(one, steps))
        title = "Not told on purpose" if on_purpose else "Could not be told"
        return Happening(one["made"], f"{title}: {whom}", None, (("Why", sentence(why)),))
    state = STATES.get(one["state"], one["state"])
    if one["channel"] == "call":
        title = f"Operators asked to ring {whom}{named(one)}"
    elif one["state"] == "sent":
        title = f"Told {whom}{named(one)} {BY.get(one['channel'], one['channel'])}: {state}"
    else:
        title = f"To {whom}{named(one)} {BY.get(one['channel'], one['channel'])}: {state}"
    if one["stands_down"]:
        title = f"Stood down: {title}"
    return Happening(one["sent"] or one["made"], title, None, (("Why", one["why"]),) if one["why"] else ())


def contact_told(one: Json) -> Happening:
    """An entry of the contact log."""
    with_whom: str = one["party"]
    party = "somebody else" if with_whom == "other" else WHOM.get(with_whom, with_whom)
    named = f" ({one['answered_by']})" if one["answered_by"] else ""
    if one["inbound"]:
        title = (
            f"{sentence(party)}{named} rang us" if one["channel"] == "call" else f"{sentence(party)}{named} wrote to us"
        )
    elif one["channel"] == "call":
        answer = {True: "answered", False: "no answer", None: "rung"}[one["answered"]]
        title = f"Rang {party}{named}: {answer}"
    else:
        title = f"Wrote to {party} {BY.get(one['channel'], '')}".strip()
    texts = [
        ("Number", one["number"]),
        ("Said", one["said"]),
        ("Promised", one["promised"]),
        ("Police log", one["police_log"]),
    ]
    return Happening(one["at"], title, one["by"], tuple((k, v) for k, v in texts if v))


def faster(problem: Json) -> str | None:
    """Of a race (412): who did what meanwhile, in words."""
    changed = problem.get("changed")
    if not changed:
        return None
    who = changed["by"] or "The service"
    return f"{who} {DONE.get(changed['event'] or '', 'changed it')}"


def left(until: str | None, now: datetime) -> timedelta | None:
    """How long until then; None when it is over."""
    if until is None or instant(until) <= now:
        return None
    return instant(until) - now
