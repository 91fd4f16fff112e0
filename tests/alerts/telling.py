"""Notifications for the tests of the channels: invented people, hosts that are reserved for examples."""

from __future__ import annotations

from typing import Any

from alerts.ports import Leased, Notification
from alerts.protocols import Target
from alerts.wording import Words
from domain.instants import parse_instant
from domain.vocabulary import Channel, Severity, ToldReason

RAISED_US = parse_instant("2026-11-21T22:31:00Z")
AT_US = parse_instant("2026-11-21T22:31:01.5Z")
CONSOLE = "https://centre.example"
BODY = Words("Critical alert 17", "Critical alert 17: strap tamper.", "Critical alert 17.\nRead on.", "en")


def leased(channel: Channel, address: str, facts: dict[str, Any] | None = None, **changed: Any) -> Leased:
    """A critical strap tamper, told for the first time; ``changed`` are fields of the notification."""
    given: dict[str, Any] = {
        "id": f"17:1-0-0:kent-police:{channel}",
        "alert_no": 17,
        "target": Target.POLICE,
        "recipient": "kent-police",
        "channel": channel,
        "address": address,
        "text": "alert",
        "language": "en",
        "urgency": Severity.CRITICAL,
        "reason": ToldReason.FIRST,
    }
    about = {"kind": "strap_tamper", "code": None, "raised_us": RAISED_US, "at_us": AT_US}
    return Leased(1, Notification(**given | changed), 1, about | (facts or {}))
