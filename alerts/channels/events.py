"""What programs are told: one CloudEvents 1.0 event in structured JSON, the same bytes at each attempt.

It says which alert, how urgent, what kind, why it is told, and where to read on; no person and no place, unless the channel
is trusted, and then in the message's text alone.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from alerts.channels.channel import Refused, public_id
from alerts.ports import Leased
from alerts.protocols import Target
from alerts.wording import Words, link_of
from domain.instants import format_instant

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
TYPE: Final = "bailiwick.alert.notification.v1"


def event(leased: Leased, body: Words, console: str) -> bytes:
    """The event of a notification. ``console`` is where people reach the centre (`PUBLIC_URL`).

    Raises `Refused` for a notification to a protected person: programs are not the place for their words.
    """
    note = leased.notification
    if note.target is Target.VICTIM:
        raise Refused(
            "a protected person is told in their own words by a person, SMS or e-mail, not by a program's channel"
        )
    facts = leased.facts
    data: dict[str, Any] = {
        "alert": str(note.alert_no),
        "kind": facts["kind"],
        "code": facts.get("code"),
        "severity": note.urgency.value,
        "raised": format_instant(facts["raised_us"]),
        "reason": note.reason.value,
        "text": note.text,
        "stands_down": note.stands_down is not None,
        "language": body.language,
        "subject": body.subject,
        "message": body.long,
        "link": link_of(console, note.alert_no),
    }
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": public_id(note.id),
            "source": console,
            "type": TYPE,
            "subject": f"alerts/{note.alert_no}",
            "time": format_instant(facts["at_us"]),
            "datacontenttype": "application/json",
            "data": data,
        }
    )
