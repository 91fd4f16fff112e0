"""Commands to devices as the centre keeps them: their states, why they were made, and their limits (wire.md, docs/commanding.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.wire_commands import CommandName


class CommandState(StrEnum):
    """What became of a command. The first three are open: something may still come of it."""

    WAITING = "waiting"
    LEASED = "leased"
    SENT = "sent"
    OK = "ok"
    REFUSED = "refused"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    UNDELIVERABLE = "undeliverable"


OPEN: Final = frozenset({CommandState.WAITING, CommandState.LEASED, CommandState.SENT})


class CommandCause(StrEnum):
    """Why there is a command: a person asked, or a rule did."""

    PERSON = "person"
    VIOLATION = "violation"
    NEAR = "near"
    OVER = "over"
    HOLE = "hole"


EXPIRES_AFTER_US: Final[dict[CommandName, int]] = {
    CommandName.LOCATE_NOW: 5 * MINUTE_US,
    CommandName.VIBRATE: 5 * MINUTE_US,
    CommandName.MESSAGE: HOUR_US,
    CommandName.SET_INTERVAL: HOUR_US,
    CommandName.RESEND: HOUR_US,
}
"""How long each is worth carrying out where nobody says."""
EXPIRES_FIRST_US: Final = 10 * SECOND_US
EXPIRES_LAST_US: Final = DAY_US
"""The shortest and the longest time that a person may give."""
MOST_OPEN: Final = 16
"""Commands of one device of which nothing is known yet; a person's next one is refused, a rule's waits."""
MOST_RESENT: Final = 5_000
"""Items of one `resend`: ten full envelopes."""


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command that is asked for. ``args`` are as on the wire; ``about`` is the violation, zone or hole of a rule's."""

    device: str
    name: CommandName
    args: dict[str, Any]
    cause: CommandCause
    made_us: int
    expires_us: int
    by_name: str | None = None
    by_role: str | None = None
    about: str | None = None
