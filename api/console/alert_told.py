"""Whether a protocol's step told anybody, by what was written of it: a step that was taken has not told anybody by that alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.vocabulary import Channel, ToldReason

Json = Mapping[str, Any]

NOT_TOLD: Final = {
    "muted_by": "a mute stands",
    "grouped_under": "an outage explains it",
    "held": "losses are held for two minutes",
    "rate_limited": "too many went there",
}
"""Why somebody was on purpose not told."""
MISSING: Final = {
    "email": "no mail server is set",
    "sms": "no text message gateway is set",
    "webhook": "no address of theirs is set for webhooks",
    "mqtt": "no MQTT is set for alerts",
}
"""Why nobody can be told by a channel that is not set up."""
OWN: Final = frozenset({"victim", "wearer", "adult", "officer", "force", "system", "nobody"})
"""How a recipient begins (`alerts.recipients`) who is not somebody of the rota, whose name it is."""
BEYOND: Final = frozenset({Channel.CONSOLE.value, Channel.CALL.value})
"""Channels that are always there."""


def step_of(one: Json, steps: Sequence[Json]) -> Json | None:
    """The step of the protocol that a notification is of; None: of none of this run."""
    place = one["step"]
    return None if place is None or place >= len(steps) else steps[place]


def kind_of(recipient: str) -> str:
    """What sort of recipient it is: one of `OWN`, or `rota`."""
    kind, colon, _ = recipient.partition(":")
    return kind if colon and kind in OWN else "rota"


def named(one: Json) -> str:
    """The name of whom a notification is to, after the words for its target; empty where those say it all, as of the wearer."""
    recipient: str = one["recipient"]
    kind = kind_of(recipient)
    if kind == "force":
        return f" ({recipient.partition(':')[2]})"
    if kind == "system":
        return " (another system)"
    return "" if kind != "rota" or recipient in {one["target"], ""} else f" ({recipient})"


def why_not(one: Json, step: Json | None) -> tuple[bool, str]:
    """Of what was not sent: whether that is on purpose, and why.

    Whoever is gone is written under the first of the step's channels that is set up, and under the console where none is
    (`alerts.recipients`).
    """
    reason: str = one["reason"]
    if reason != ToldReason.RECIPIENT_GONE:
        return True, NOT_TOLD.get(reason, reason.replace("_", " "))
    by = [] if step is None else [channel for channel in step["by"] if channel != Channel.CONSOLE]
    if one["detail"] == "nobody_on_duty" or one["recipient"].startswith("nobody"):
        return False, "nobody is on duty, or nobody is named"
    if by and BEYOND.isdisjoint(by) and one["channel"] == Channel.CONSOLE:
        return False, " and ".join(MISSING[channel] for channel in by)
    return False, "no number or address that can be used is entered"


def outcome_of(place: int, history: Json) -> tuple[str, str]:
    """What the step at ``place`` came to the last time that it was taken: `done`, `asked` or `failed`, and in words.

    A call is one that operators were asked to make; that it was made is in the contact log alone. A task is done when it is marked so.
    """
    step = history["protocol"]["steps"][place]
    if step["action"] == "task":
        return _of_task(place, history)
    mine = _last_time(place, history)
    sent = [one for one in mine if one["sends"]]
    messages = [one for one in sent if one["channel"] != Channel.CALL and _counts(one, step)]
    calls = any(one["channel"] == Channel.CALL for one in sent)
    if any(one["state"] == "sent" for one in messages):
        return "done", "operators were asked to ring too" if calls else ""
    if calls:
        return "asked", "operators were asked to ring"
    if any(one["state"] in {"waiting", "leased"} for one in messages):
        return "asked", "the message is not sent yet"
    if messages:
        return "failed", "the message could not be sent"
    why = list(dict.fromkeys(why_not(one, step)[1] for one in mine if not one["sends"]))
    return "failed", "; ".join(why) if why else "no message to them is recorded"


def _of_task(place: int, history: Json) -> tuple[str, str]:
    """Of the last time that it was asked for."""
    mine = [task for task in history["tasks"] if task["step"] == place and task["recipient"] is None]
    if mine and mine[-1]["done"]:
        return "done", ""
    return "asked", "it is under To do" if mine else "it is not recorded"


def _last_time(place: int, history: Json) -> list[Json]:
    """What was told, or not, the last time. Of steps that tell the same at one instant one alone has told, for all of them."""
    steps = history["protocol"]["steps"]
    same = [at for at, one in enumerate(steps) if _content(one) == _content(steps[place])]
    for places in ([place], same):
        mine = [one for one in history["notifications"] if one["step"] in places]
        if mine:
            return [one for one in mine if one["time"] == mine[-1]["time"]]
    return []


def _content(step: Json) -> tuple[Any, ...]:
    return step["to"], tuple(step["by"]), step["text"]


def _counts(one: Json, step: Json) -> bool:
    """A view of the console is no message to whom the step tells in another way."""
    return one["channel"] != Channel.CONSOLE or Channel.CONSOLE.value in step["by"]
