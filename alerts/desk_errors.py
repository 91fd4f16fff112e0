"""What the desk refuses, beside what the machine does (`alerts.machine.Illegal`). Nothing was changed."""

from __future__ import annotations

from domain.errors import BailiwickError
from domain.instants import format_instant


class DeskError(BailiwickError):
    """A piece of desk work that is not taken; nothing was changed."""


class NoSuchAlert(DeskError):
    """There is no alert of that number."""

    def __init__(self, alert_no: int) -> None:
        super().__init__(f"there is no alert {alert_no}")
        self.alert_no = alert_no


class StaleRevision(DeskError):
    """The alert's work is not as the person saw it: who changed it, how and when. To be read again and decided anew.

    ``expected`` below 1: what they sent is no revision that it has. ``by`` None: the rules, a timer or a protocol.
    """

    def __init__(
        self, alert_no: int, expected: int, revision: int, event: str, by: str | None, at_us: int | None
    ) -> None:
        when = "" if at_us is None else f" at {format_instant(at_us)}"
        who = "the service" if by is None else by
        told = f"{who} did {event}{when}" if event else "it has changed"
        seen = f"not {expected}" if expected > 0 else "not the one that you sent"
        super().__init__(f"alert {alert_no} is at revision {revision}, {seen}: {told}; read it again")
        self.alert_no, self.expected, self.revision = alert_no, expected, revision
        self.event, self.by, self.at_us = event, by, at_us


class Unacceptable(DeskError):
    """A field of what was asked cannot be taken."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field, self.cause = field, cause


class NoSuchRecord(Unacceptable):
    """There is no contact with a promise, no task, or no mute of that number."""


class DoneBefore(Unacceptable):
    """It was done before; by whom and when, where that is known."""
