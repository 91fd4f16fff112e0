"""What is said to a protected person of each event, drafted in plain words from what they should know. Pure.

Whoever speaks to them says it in their own way; the facts are these. Nothing here says where the wearer is, lives or was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.vocabulary import DutyEvent, OrderKind

WHO: Final = "the person who must keep away from you"
KINDS: Final = {
    OrderKind.BAIL: "bail, while a case against them is open",
    OrderKind.COMMUNITY: "a community order of the court",
    OrderKind.SUSPENDED_SENTENCE: "a suspended sentence of the court",
    OrderKind.HDC: "release from prison on a home detention curfew",
    OrderKind.LICENCE: "release from prison on licence",
    OrderKind.PSS: "supervision after a prison sentence",
    OrderKind.YRO: "a youth rehabilitation order of the court",
    OrderKind.DTO: "a detention and training order of the court",
    OrderKind.TEMPORARY_LICENCE: "release from prison for a time",
    OrderKind.CIVIL: "a protective order of the court",
    OrderKind.IMMIGRATION: "immigration bail",
}
EVENTS: Final = {
    DutyEvent.STARTED: "An order that protects them begins",
    DutyEvent.BAIL: "Bail with conditions that protect them begins",
    DutyEvent.VARIED: "An order that protects them has changed",
    DutyEvent.SUSPENDED: "Monitoring that protects them is suspended",
    DutyEvent.RESUMED: "Monitoring that protects them begins again",
    DutyEvent.RELEASED: "Release from custody",
    DutyEvent.ENDED: "Monitoring that protects them ends",
    DutyEvent.RECALLED: "Recall to prison",
    DutyEvent.CORRECTED: "What they were told is no longer so",
}
When = Callable[[str], str]
"""An instant of the API in the words of a person: "9am on Monday 2 November 2026"."""


def what_to_say(event: DutyEvent, facts: Mapping[str, Any], before: Mapping[str, Any] | None, when: When) -> list[str]:
    """The sentences, in order; those on safety last."""
    return [*_said(event, facts, before, when), *_closing(event)]


def _said(event: DutyEvent, facts: Mapping[str, Any], before: Mapping[str, Any] | None, when: When) -> list[str]:
    if event in (DutyEvent.STARTED, DutyEvent.BAIL):
        return [f"{_capital(WHO)} is monitored from {when(facts['from'])} on, by {_kind(facts)}.", *_order(facts, when)]
    if event is DutyEvent.VARIED:
        return [f"The order about {WHO} has changed.", *_changed(facts, before or {}, when)]
    if event is DutyEvent.SUSPENDED:
        return _suspended(facts, before, when)
    if event is DutyEvent.RELEASED:
        return [
            f"{_capital(WHO)} is released from custody on {when(facts['at'])}.",
            "From then on the order holds again, and they are monitored again.",
        ]
    if event is DutyEvent.RESUMED:
        return [f"From {when(facts['at'])} on {WHO} is monitored again, and the order holds again."]
    if event is DutyEvent.ENDED:
        return [f"The monitoring of {WHO} ends on {when(facts['at'])}. After that we can no longer warn you."]
    if event is DutyEvent.RECALLED:
        return [
            f"{_capital(WHO)} is to go back to prison: a warrant was issued on {when(facts['issued'])}.",
            "We do not know yet when they are arrested. You will be told when that changes what protects you.",
        ]
    return _corrected(before or {}, when)


def _kind(facts: Mapping[str, Any]) -> str:
    return KINDS[OrderKind(facts["kind"])]


def _order(facts: Mapping[str, Any], when: When) -> list[str]:
    found = []
    if facts.get("to"):
        found.append(f"As it stands it runs until {when(facts['to'])}.")
    elif facts.get("review"):
        found.append(f"It has no end yet; it is looked at again by {when(facts['review'])}.")
    if facts.get("near"):
        found.append("We are warned when they come near you, as long as your unit is charged and with you.")
    if facts.get("zones"):
        found.append("There are areas that they may not enter, and we are told when they do.")
    return found


def _changed(facts: Mapping[str, Any], before: Mapping[str, Any], when: When) -> list[str]:
    found = []
    if facts.get("kind") != before.get("kind"):
        found.append(f"It is now {_kind(facts)}.")
    if facts.get("from") != before.get("from"):
        found.append(f"It begins on {when(facts['from'])}.")
    if (facts.get("to"), facts.get("review")) != (before.get("to"), before.get("review")):
        found += _order({"to": facts.get("to"), "review": facts.get("review")}, when) or ["It has no end yet."]
        found += [f"You were told {when(before['to'])}."] if before.get("to") else []
    if facts.get("near") != before.get("near"):
        near = "We are now warned when they come near you."
        found.append(near if facts.get("near") else "We are no longer warned when they come near you.")
    if facts.get("zones") != before.get("zones"):
        found.append("The areas that they may not enter have changed.")
    elif not found:
        found.append("One of the conditions that protect you has changed. Ask the officer what of it you may know.")
    return found


def _suspended(facts: Mapping[str, Any], before: Mapping[str, Any] | None, when: When) -> list[str]:
    found = []
    if before is not None:
        found.append("What we told you about the suspension has changed.")
    if facts.get("custody"):
        found.append(f"{_capital(WHO)} is in custody from {when(facts['from'])} on, so monitoring stops.")
    else:
        found.append(f"The monitoring of {WHO} stops from {when(facts['from'])} on, so we cannot warn you.")
    if facts.get("at_times"):
        found.append("It stops only at some times of the week. Ask the officer which.")
    to = facts.get("to")
    found.append(f"As it stands that is until {when(to)}." if to else "We do not know yet until when.")
    return found


def _corrected(before: Mapping[str, Any], when: When) -> list[str]:
    told = f" You were told {when(before['at'])}." if before.get("at") else ""
    if before.get("issued"):
        told = f" You were told of a recall of {when(before['issued'])}."
    return [
        f"Something that we told you about {WHO} is no longer so.{told}",
        "Say what holds now, as their orders show it. If you are not sure, ask the officer before you ring.",
    ]


def _closing(event: DutyEvent) -> list[str]:
    if event in (DutyEvent.SUSPENDED, DutyEvent.ENDED, DutyEvent.RELEASED):
        return [
            "Does your safety plan still fit? In danger, ring 999. Who supports you, and may we put you through to them?"
        ]
    return ["What does that mean for you, and do you need anything?"]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
