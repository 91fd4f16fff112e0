"""Messages made for the tests, and one call to see what the codec makes of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.commits import DeadLetter
from domain.facts import Roster
from domain.wire import Decoded, Decoder, Message, up_topic

SENT_MS = 1_795_298_400_000
RECEIVED_US = SENT_MS * 1000 + 250_000
DEVICE = "T1"
KNOWN = ("T1", "T2", "H1")


def fix(seq: int = 1, **changes: Any) -> dict[str, Any]:
    return {"seq": seq, "t": SENT_MS - 1000, "lat": 51.5, "lon": -0.12, "acc": 8.0} | changes


def event(seq: int = 1, code: str = "heartbeat", **changes: Any) -> dict[str, Any]:
    return {"seq": seq, "t": SENT_MS - 1000, "code": code} | changes


def envelope(**changes: Any) -> dict[str, Any]:
    return {"v": 1, "sent": SENT_MS} | changes


def as_json(value: object) -> bytes:
    return msgspec.json.encode(value)


def as_msgpack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def decoder() -> Decoder:
    """A decoder to which the devices of `KNOWN` are known, with these indices."""
    roster = Roster()
    for device in KNOWN:
        roster.add(device)
    return Decoder(roster, frozenset(KNOWN))


def decode_all(payloads: Sequence[bytes], device: str = DEVICE) -> Decoded:
    """One message a payload, a millisecond apart."""
    topic = up_topic(device)
    messages: list[Message] = [(topic, payload, RECEIVED_US + 1000 * i) for i, payload in enumerate(payloads)]
    return decoder().decode(messages)


def decode_one(payload: bytes, topic: str | None = None) -> Decoded:
    return decoder().decode([(topic or up_topic(DEVICE), payload, RECEIVED_US)])


def only_letter(decoded: Decoded) -> DeadLetter:
    assert len(decoded.dead_letters) == 1, decoded.dead_letters
    return decoded.dead_letters[0]
