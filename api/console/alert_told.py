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
BEYOND: Final = frozenset({Channel.CONSOLE.value, Channel.CALL.value})
"""Channels that are always there."""


def step_of(one: Json, steps: Sequence[Json]) -> Json | None:
    """The step of the protocol that a notification is of, by whom it tells and what."""
    return next((step for step in steps if step["to"] == one["target"] and step["text"] == one["text"]), None)


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


def outcome_of(step: Json, history: Json) -> tuple[str, str]:
    """What a step that was taken came to: `done`, `asked` or `failed`, and in words.

    A call is one that operators were asked to make; that it was made is in the contact log alone.
    """
    steps = history["protocol"]["steps"]
    mine = [one for one in history["notifications"] if step_of(one, steps) is not None and not one["stands_down"]]
    mine = [one for one in mine if (one["target"], one["text"]) == (step["to"], step["text"])]
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


def _counts(one: Json, step: Json) -> bool:
    """A view of the console is no message to whom the step tells in another way."""
    return one["channel"] != Channel.CONSOLE or Channel.CONSOLE.value in step["by"]
