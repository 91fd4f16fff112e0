"""The JSON of commands to devices, as OpenAPI tells it, and how a row becomes it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from api.instants import Instant
from api.shapes import Shape
from domain.device_commands import EXPIRES_FIRST_US, EXPIRES_LAST_US, CommandCause, CommandState
from domain.instants import SECOND_US, format_instant
from domain.vocabulary import Role
from domain.wire_commands import INTERVAL_LAST_S, MESSAGE_CHARACTERS, CommandName
from store.device_commands import CommandRow

LARGEST_SEQ: Final = (1 << 53) - 1
LARGEST_GEN: Final = LARGEST_SEQ

Interval = Annotated[int, Field(ge=1, le=INTERVAL_LAST_S, strict=True)]
Seq = Annotated[int, Field(ge=1, le=LARGEST_SEQ, strict=True)]


class NoArgs(Shape):
    """Nothing is needed."""


class MessageArgs(Shape):
    """What is shown."""

    text: Annotated[str, Field(min_length=1, max_length=MESSAGE_CHARACTERS)]


class IntervalArgs(Shape):
    """Seconds between positions, and between uploads."""

    interval_s: Interval
    upload_s: Interval


class ResendArgs(Shape):
    """Which items, both ends included."""

    gen: Annotated[int, Field(ge=0, le=LARGEST_GEN, strict=True)] = 0
    from_: Annotated[Seq, Field(alias="from")]
    to: Seq


class _New(Shape):
    expires_in_s: Annotated[
        int | None,
        Field(
            ge=EXPIRES_FIRST_US // SECOND_US,
            le=EXPIRES_LAST_US // SECOND_US,
            strict=True,
            description="After so long the device is not to do it any more; default by command",
        ),
    ] = None


class LocateNow(_New):
    """Say where you are, now."""

    command: Literal[CommandName.LOCATE_NOW]
    args: NoArgs = Field(default_factory=NoArgs)


class Vibrate(_New):
    """Shake."""

    command: Literal[CommandName.VIBRATE]
    args: NoArgs = Field(default_factory=NoArgs)


class Message(_New):
    """Show a text."""

    command: Literal[CommandName.MESSAGE]
    args: MessageArgs


class SetInterval(_New):
    """Record and upload so often from now on."""

    command: Literal[CommandName.SET_INTERVAL]
    args: IntervalArgs


class Resend(_New):
    """Send again what did not arrive."""

    command: Literal[CommandName.RESEND]
    args: ResendArgs


def _tag(value: Any) -> str | None:
    named = value.get("command") if isinstance(value, dict) else getattr(value, "command", None)
    return str(named) if isinstance(named, str) and named in set(CommandName) else None


NewDeviceCommand = Annotated[
    Annotated[LocateNow, Tag("locate_now")]
    | Annotated[Vibrate, Tag("vibrate")]
    | Annotated[Message, Tag("message")]
    | Annotated[SetInterval, Tag("set_interval")]
    | Annotated[Resend, Tag("resend")],
    Discriminator(
        _tag,
        custom_error_type="no_such_command",
        custom_error_message=f"`command` must be one of {', '.join(CommandName)}",
    ),
]


class DeviceCommand(Shape):
    """A command to a device, and what became of it. ``by`` is null where a rule asked."""

    id: str
    wire_id: str
    device: str
    command: CommandName
    args: dict[str, Any]
    cause: CommandCause
    about: str | None
    by: str | None
    by_role: Role | None
    made: Instant
    expires: Instant
    state: CommandState
    attempts: int
    sent: Instant | None
    ended: Instant | None
    answered: Instant | None
    late: bool
    detail: str | None


def command_body(row: CommandRow, *, shows_texts: bool) -> dict[str, Any]:
    """A row as JSON; a text to a person is for those who may write one."""
    hides = row.command == CommandName.MESSAGE.value and not shows_texts
    return {
        "id": str(row.no),
        "wire_id": row.id,
        "device": row.device,
        "command": row.command,
        "args": {} if hides else row.args,
        "cause": row.cause,
        "about": row.about,
        "by": row.by_name,
        "by_role": row.by_role,
        "made": format_instant(row.made_us),
        "expires": format_instant(row.expires_us),
        "state": row.state,
        "attempts": row.attempts,
        "sent": _instant(row.sent_us),
        "ended": _instant(row.ended_us),
        "answered": _instant(row.answered_us),
        "late": row.late,
        "detail": row.detail,
    }


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)
