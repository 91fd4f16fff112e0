"""The form of the contact log, about an alert or none: its fields as typed, and what the API is sent.

Times are typed as on the wall of the centre: the next such time is meant, since what is promised is yet to come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from alerts.desk_records import Party
from api.console.asking import Refused
from api.console.rendering import LONDON, text_of
from domain.vocabulary import Channel

PARTIES: Final = (
    (Party.WEARER, "The wearer"),
    (Party.RESPONSIBLE_ADULT, "The responsible adult"),
    (Party.VICTIM, "A protected person"),
    (Party.OFFICER, "The responsible officer"),
    (Party.POLICE, "The police"),
    (Party.OTHER, "Somebody else"),
)
WAYS: Final = (
    (Channel.CALL, "A call"),
    (Channel.SMS, "A text message"),
    (Channel.EMAIL, "An e-mail"),
)
TEXTS: Final = ("number", "answered_by", "said", "promised", "police_log")
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3])[:.]?([0-5][0-9])")


def sent(
    typed: Mapping[str, str], now: datetime, *, inbound: bool | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The body for the API, and what is wrong by field. ``inbound`` None: the form says it."""
    wrong: dict[str, str] = {}
    body: dict[str, Any] = {name: typed.get(name, "").strip() or None for name in TEXTS}
    party = typed.get("party", "")
    if party not in set(Party):
        wrong["party"] = "Choose with whom the contact was"
    body["party"] = party
    body["channel"] = typed.get("channel") or Channel.CALL.value
    body["inbound"] = inbound if inbound is not None else typed.get("direction") == "in"
    if not body["inbound"] and body["channel"] == Channel.CALL.value:
        answered = typed.get("answered", "")
        if answered not in {"yes", "no"}:
            wrong["answered"] = "Say whether they answered"
        body["answered"] = answered == "yes"
    at = typed.get("promised_at", "").strip()
    if at:
        due = next_time(at, now)
        if due is None:
            wrong["promised_at"] = "Enter a time, such as 22:45"
        else:
            body["promised_at"] = text_of(due)
            if not body["promised"]:
                wrong["promised"] = "Say what was promised"
    elif body["promised"]:
        wrong["promised_at"] = "Say by when, such as 22:45: it comes back then"
    return {name: value for name, value in body.items() if value is not None}, wrong


def next_time(text: str, now: datetime) -> datetime | None:
    """The next time after ``now`` that the clock on the wall shows so; None for what is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    here = now.astimezone(LONDON)
    for days in (0, 1, 2):
        day = here.date() + timedelta(days=days)
        wall = datetime(day.year, day.month, day.day, int(found[1]), int(found[2]), tzinfo=LONDON)
        at = wall.astimezone(UTC)
        # A time that a clock change leaves out is none of that day.
        if at > now and at.astimezone(LONDON).hour == int(found[1]):
            return at
    return None


def refused(error: Refused, known: Mapping[str, str]) -> dict[str, str]:
    """What the API found wrong, by our field; what is of none of ``known`` stands at `form`."""
    errors = error.problem.get("errors") or []
    told = {known.get(str(one["field"]), "form"): sentence(str(one["cause"])) for one in errors}
    return told or {"form": sentence(error.words)}


def sentence(words: str) -> str:
    """With a capital; the error summary has no full stops."""
    return f"{words[:1].upper()}{words[1:]}"


FIELDS: Final = {name: name for name in (*TEXTS, "party", "channel", "answered", "promised_at")}
"""Fields of the API that are fields of the form."""
