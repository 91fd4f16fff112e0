"""Commands: written, read back, and refused when no device could act on them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.wire_commands import (
    COMMAND_BYTES,
    BadCommand,
    Command,
    CommandName,
    command_result,
    decode_command,
    encode_command,
)
from domain.wire_items import EPOCH_FIRST_MS
from tests.wire.made import SENT_MS, as_json, decode_one, envelope
from tests.wire.schemas import is_valid

GOOD = [
    Command("c1", CommandName.LOCATE_NOW, SENT_MS),
    Command("c1", CommandName.VIBRATE, SENT_MS, {"pattern": "long"}),
    Command("c1", CommandName.MESSAGE, SENT_MS, {"text": "Call the centre."}),
    Command("c1", CommandName.SET_INTERVAL, SENT_MS, {"interval_s": 15, "upload_s": 86_400}),
    Command("x" * 64, CommandName.RESEND, SENT_MS, {"gen": 0, "from": 7, "to": 7}),
]


def wire(**changes: Any) -> dict[str, Any]:
    good = {"v": 1, "id": "c1", "command": "resend", "args": {"gen": 0, "from": 1, "to": 2}, "expires": SENT_MS}
    return good | changes


@pytest.mark.parametrize("command", GOOD, ids=[command.name.value for command in GOOD])
def test_commands_are_read_as_they_were_written(command: Command) -> None:
    payload = encode_command(command)
    assert decode_command(payload) == command
    written = json.loads(payload)
    assert list(written) == ["v", "id", "command", "args", "expires"]
    assert is_valid("command", written)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"v": 2}, "v"),
        ({"v": "1"}, "v"),
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"id": 5}, "id"),
        ({"command": "explode"}, "command"),
        ({"command": 1}, "command"),
        ({"args": []}, "args"),
        ({"args": {}}, "args.gen"),
        ({"args": {"gen": -1, "from": 1, "to": 2}}, "args.gen"),
        ({"args": {"gen": 0, "from": 0, "to": 2}}, "args.from"),
        ({"args": {"gen": 0, "from": 1, "to": "2"}}, "args.to"),
        ({"command": "set_interval", "args": {"interval_s": 0, "upload_s": 15}}, "args.interval_s"),
        ({"command": "set_interval", "args": {"interval_s": 15}}, "args.upload_s"),
        ({"command": "set_interval", "args": {"interval_s": 15, "upload_s": 86_401}}, "args.upload_s"),
        ({"command": "message", "args": {"text": ""}}, "args.text"),
        ({"command": "message", "args": {"text": "x" * 501}}, "args.text"),
        ({"expires": EPOCH_FIRST_MS}, "expires"),
        ({"expires": "soon"}, "expires"),
    ],
)
def test_what_no_device_could_act_on_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadCommand) as caught:
        decode_command(as_json(wire(**changes)))
    assert caught.value.field == field
    assert caught.value.cause
    assert not is_valid("command", wire(**changes))


def test_resend_from_after_to_is_refused() -> None:
    with pytest.raises(BadCommand) as caught:
        decode_command(as_json(wire(args={"gen": 0, "from": 3, "to": 2})))
    assert caught.value.field == "args.from"


@pytest.mark.parametrize("name", ["v", "id", "command", "expires"])
def test_what_a_command_needs(name: str) -> None:
    lacking = wire()
    del lacking[name]
    with pytest.raises(BadCommand) as caught:
        decode_command(as_json(lacking))
    assert (caught.value.field, caught.value.cause) == (name, "missing")


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"\xff", b"[" * 4000, b'{"v":NaN}', b" " * (COMMAND_BYTES + 1)])
def test_what_is_no_command_at_all(payload: bytes) -> None:
    with pytest.raises(BadCommand) as caught:
        decode_command(payload)
    assert caught.value.field == "command"


@pytest.mark.parametrize(
    "command",
    [
        Command("", CommandName.VIBRATE, SENT_MS),
        Command("c1", CommandName.SET_INTERVAL, SENT_MS, {}),
        Command("c1", CommandName.VIBRATE, 0),
        Command("c1", CommandName.VIBRATE, SENT_MS, {"x": object()}),
        Command("c1", CommandName.VIBRATE, SENT_MS, {"x": "y" * COMMAND_BYTES}),
    ],
)
def test_a_bad_command_is_never_written(command: Command) -> None:
    with pytest.raises(BadCommand):
        encode_command(command)


def test_a_device_answers_with_an_event() -> None:
    answer = command_result("c1", True, seq=4, t_ms=SENT_MS)
    decoded = decode_one(as_json(envelope(events=[answer])))
    assert decoded.dead_letters == []
    assert json.loads(decoded.batch.event_data[0]) == {"command": "c1", "ok": True}
    assert is_valid("event", answer)
