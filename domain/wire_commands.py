"""Commands to devices, and what they answer (wire.md).

A command goes to `domain.wire_topics.down_topic` as a JSON object; its answer is a ``command_result`` event whose
``data.command`` is the command's ``id``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from domain.errors import BailiwickError
from domain.wire_faults import fault_in
from domain.wire_items import EpochMs, Gen, Seq

COMMAND_BYTES: Final = 4096
"""Limit of a command's payload: tags have small receive buffers."""
ID_CHARACTERS: Final = 64
INTERVAL_LAST_S: Final = 86_400
MESSAGE_CHARACTERS: Final = 500


class CommandName(StrEnum):
    """What a device can be told to do."""

    LOCATE_NOW = "locate_now"
    VIBRATE = "vibrate"
    MESSAGE = "message"
    SET_INTERVAL = "set_interval"
    RESEND = "resend"


class BadCommand(BailiwickError):
    """A command that no device could act on: the field and the cause."""

    def __init__(self, field_name: str, cause: str) -> None:
        super().__init__(f"{field_name}: {cause}")
        self.field = field_name
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``args`` are as they stand on the wire; ``expires_ms`` is in milliseconds since the Unix epoch."""

    id: str
    name: CommandName
    expires_ms: int
    args: dict[str, Any] = field(default_factory=dict)


class _Wire(Struct):
    v: Literal[1]
    id: Annotated[str, Meta(min_length=1, max_length=ID_CHARACTERS)]
    command: CommandName
    expires: EpochMs
    args: dict[str, object] = {}


class _NoArgs(Struct):
    """Nothing is needed."""


class _MessageArgs(Struct):
    text: Annotated[str, Meta(min_length=1, max_length=MESSAGE_CHARACTERS)]


class _SetIntervalArgs(Struct):
    interval_s: Annotated[int, Meta(ge=1, le=INTERVAL_LAST_S)]
    upload_s: Annotated[int, Meta(ge=1, le=INTERVAL_LAST_S)]


class _ResendArgs(Struct, rename={"first": "from", "last": "to"}):
    gen: Gen
    first: Seq
    last: Seq


_ARGS: Final[dict[CommandName, type[Struct]]] = {
    CommandName.LOCATE_NOW: _NoArgs,
    CommandName.VIBRATE: _NoArgs,
    CommandName.MESSAGE: _MessageArgs,
    CommandName.SET_INTERVAL: _SetIntervalArgs,
    CommandName.RESEND: _ResendArgs,
}


def encode_command(command: Command) -> bytes:
    """The payload of a command; raises `BadCommand` for one that no device could act on."""
    wire = {
        "v": 1,
        "id": command.id,
        "command": command.name.value,
        "args": command.args,
        "expires": command.expires_ms,
    }
    try:
        payload = msgspec.json.encode(wire)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadCommand("args", str(error)) from None
    decode_command(payload)
    return payload


def decode_command(payload: bytes) -> Command:
    """Read a command as a device does; raises `BadCommand`. Unknown keys are ignored, unknown ``args`` kept."""
    if len(payload) > COMMAND_BYTES:
        raise BadCommand("command", f"longer than {COMMAND_BYTES} bytes")
    try:
        wire = msgspec.json.decode(payload, type=_Wire)
    except RecursionError:
        raise BadCommand("command", "nested too deep") from None
    except msgspec.ValidationError as error:
        field_name, cause = fault_in(str(error), "")
        raise BadCommand(field_name or "command", cause) from None
    except ValueError as error:
        raise BadCommand("command", f"not JSON: {error}") from None
    _check_args(wire)
    return Command(wire.id, wire.command, wire.expires, wire.args)


def command_result(command: str, ok: bool, *, seq: int, t_ms: int) -> dict[str, object]:
    """The event with which a device answers the command of that id, for its next envelope."""
    return {"seq": seq, "t": t_ms, "code": "command_result", "data": {"command": command, "ok": ok}}


def _check_args(wire: _Wire) -> None:
    try:
        args = msgspec.convert(wire.args, _ARGS[wire.command])
    except msgspec.ValidationError as error:
        field_name, cause = fault_in(str(error), "args")
        raise BadCommand(field_name, cause) from None
    if isinstance(args, _ResendArgs) and args.first > args.last:
        raise BadCommand("args.from", f"after args.to, {args.last}")
