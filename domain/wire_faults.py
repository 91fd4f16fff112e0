"""The careful reading of a message that the strict one refused: what is good in it, and what is wrong, where and why.

Slow beside the strict reading (some 10 microseconds and up), and linear in the message's size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Final, NoReturn, TypeVar, cast

import msgspec

from domain.errors import BailiwickError
from domain.vocabulary import DeadLetterReason
from domain.wire_items import (
    DATA_TYPES,
    ITEMS,
    NESTING,
    VERSION,
    Envelope,
    Event,
    Fix,
    Flat,
    LooseEnvelope,
    LooseEvent,
    LooseFix,
)

MSGPACK_FIRST: Final = frozenset(bytes([first]) for first in (*range(0x80, 0x90), 0xDE, 0xDF))
"""First bytes of a MessagePack map; anything else is JSON."""
DIGITS: Final = 40
"""Limit of an integer's digits: past it no field has room, and reading it would take quadratic time."""
HUGE: Final = 10**DIGITS

_REQUIRED: Final = frozenset({"v", "sent", "seq", "t", "lat", "lon", "acc", "code"})
_ERROR: Final = re.compile(r"(?P<cause>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_NAMED: Final = (
    (re.compile(r"Object missing required field `([^`]*)`"), "missing"),
    (re.compile(r"Object contains unknown field `([^`]*)`"), "unknown"),
)
_CONTAINERS: Final = frozenset({dict, list})
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_ESCAPE: Final = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
_SOS: Final = re.compile(rb"(?<![A-Za-z0-9_])sos(?![A-Za-z0-9_])")

_Record = TypeVar("_Record")


class Refused(BailiwickError):
    """A message that is parked whole."""

    def __init__(self, reason: DeadLetterReason, field_name: str | None = None, cause: str | None = None) -> None:
        super().__init__(f"{reason}: {field_name}: {cause}")
        self.reason = reason
        self.field = field_name
        self.cause = cause


class _Fault(BailiwickError):
    """One value of an item, or of what stands around the items, that is not what it should be."""

    def __init__(self, field_name: str, cause: str) -> None:
        super().__init__(f"{field_name}: {cause}")
        self.field = field_name
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ParkedItem:
    """One bad item of a good envelope; ``payload`` is its JSON."""

    field: str
    cause: str
    payload: bytes


@dataclass(slots=True)
class Reading:
    """What a careful reading found good, and the items that it parks."""

    envelope: Envelope
    parked: list[ParkedItem] = field(default_factory=list)


def read_message(payload: bytes) -> Reading:
    """Read one payload as carefully as it takes; raises `Refused` when it is parked whole."""
    return read_envelope(read_value(payload))


def read_value(payload: bytes) -> object:
    """What stands in a payload, whatever it is; raises `Refused` when it is neither JSON nor MessagePack."""
    return _from_msgpack(payload) if payload[:1] in MSGPACK_FIRST else _from_json(payload)


def read_envelope(value: object) -> Reading:
    """A payload's value as an envelope; raises `Refused` when it is parked whole."""
    if not isinstance(value, dict):
        raise Refused(DeadLetterReason.SCHEMA, "envelope", f"expected object, got {_kind(value)}")
    version = value.get("v")
    if type(version) is int and version != VERSION:
        raise Refused(DeadLetterReason.UNKNOWN_VERSION, "v", f"version {version}")
    items = sum(len(value[name]) for name in ("fixes", "events") if isinstance(value.get(name), list))
    if items > ITEMS:
        raise Refused(DeadLetterReason.TOO_MANY_ITEMS, None, f"{items} items, at most {ITEMS}")
    try:
        return _read_items(_as(LooseEnvelope, value, ""))
    except _Fault as fault:
        raise Refused(DeadLetterReason.SCHEMA, fault.field, fault.cause) from None


def read_object(payload: bytes) -> dict[str, object]:
    """A payload of another format, as carefully: one JSON object. Raises `Refused`."""
    value = _from_json(payload)
    if not isinstance(value, dict):
        raise Refused(DeadLetterReason.SCHEMA, "envelope", f"expected object, got {_kind(value)}")
    return value


def as_record(record: type[_Record], value: Mapping[str, object]) -> _Record:
    """Such an object as a typed record that ignores other keys. Raises `Refused`."""
    try:
        return _as(record, value, "")
    except _Fault as fault:
        raise Refused(DeadLetterReason.SCHEMA, fault.field, fault.cause) from None


def holds_critical(payload: bytes) -> bool:
    """Whether a tamper or an SOS may stand in these bytes, however broken they are: rather once too often."""
    if b"\\u00" in payload:
        payload = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), payload)
    if b"strap_tamper" in payload or b"case_tamper" in payload:
        return True
    return b"sos" in payload and _SOS.search(payload) is not None


def storable(data: Mapping[str, object], path: str = "data") -> dict[str, object]:
    """An event's ``data`` as any JSON store takes it: no NUL, no lone surrogates, nothing that JSON cannot hold.

    Raises `_Fault` for a number that is not finite or has more than `DIGITS` digits.
    """
    return {_text(key): _plain(value, f"{path}.{key}") for key, value in data.items()}


def _read_items(head: LooseEnvelope) -> Reading:
    reading = Reading(Envelope(v=head.v, sent=head.sent, gen=head.gen, net=head.net))
    for index, item in enumerate(head.fixes):
        try:
            reading.envelope.fixes.append(_fix(item, f"fixes[{index}]"))
        except _Fault as fault:
            reading.parked.append(ParkedItem(fault.field, fault.cause, _as_json(item)))
    for index, item in enumerate(head.events):
        try:
            reading.envelope.events.append(_event(item, f"events[{index}]"))
        except _Fault as fault:
            reading.parked.append(ParkedItem(fault.field, fault.cause, _as_json(item)))
    return reading


def _fix(item: object, path: str) -> Fix:
    return _as(LooseFix, item, path)


def _event(item: object, path: str) -> Event:
    event = _as(LooseEvent, item, path)
    data = None
    if event.data is not None:
        data = storable(event.data, f"{path}.data")
        _as(DATA_TYPES[event.code], data, f"{path}.data")
    return Event(seq=event.seq, t=event.t, code=event.code, state=event.state, data=cast("Flat | None", data))


def _as(record: type[_Record], value: object, path: str) -> _Record:
    """``value`` as a loose record; a null where nothing is needed is nothing, nor is a key that no record has. Raises `_Fault`."""
    if isinstance(value, dict):
        named = ((key, inner) for key, inner in value.items() if key.isascii())
        value = {key: inner for key, inner in named if inner is not None or key in _REQUIRED}
    try:
        return msgspec.convert(value, record)
    except msgspec.ValidationError as error:
        field_name, cause = fault_in(str(error), path)
        raise _Fault(field_name or "envelope", cause) from None
    except UnicodeEncodeError:
        raise _Fault(path, "a lone surrogate in a word") from None


def fault_in(message: str, path: str) -> tuple[str, str]:
    """Field, under ``path``, and cause, in an error of the typed reading."""
    match = _ERROR.fullmatch(message)
    assert match is not None
    cause, inner = match["cause"], match["path"] or ""
    for pattern, plain in _NAMED:
        named = pattern.fullmatch(cause)
        if named is not None:
            inner, cause = f"{inner}.{named[1]}", plain
    return f"{path}{inner}".removeprefix("."), (cause[:1].lower() + cause[1:]).replace("`", "")


def _from_json(payload: bytes) -> object:
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Refused(DeadLetterReason.NOT_UTF8, None, f"{error.reason} at byte {error.start}") from None
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        raise Refused(DeadLetterReason.NOT_JSON, None, f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep(DeadLetterReason.NOT_JSON) from None
    _look_through(value, DeadLetterReason.NOT_JSON)
    return value


def _loads(text: str) -> object:
    try:
        return _JSON.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits: the interpreter refuses to read it
        return _JSON_OF_HUGE.decode(text)


def _from_msgpack(payload: bytes) -> object:
    try:
        value = msgspec.msgpack.decode(payload)
    except RecursionError:
        raise _too_deep(DeadLetterReason.NOT_MSGPACK) from None
    except (ValueError, OverflowError) as error:
        raise Refused(DeadLetterReason.NOT_MSGPACK, None, str(error)) from None
    _look_through(value, DeadLetterReason.NOT_MSGPACK)
    return value


def _look_through(value: object, reason: DeadLetterReason) -> None:
    """Refuse what nests too deep; take away keys that are not text (MessagePack has them, an envelope has not)."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    depth = 0
    while level:
        depth += 1
        if depth > NESTING:
            raise _too_deep(reason)
        below: list[Any] = []
        for container in filter(None, level):
            if type(container) is dict:
                for key in [key for key in container if type(key) is not str]:
                    del container[key]
            inner = container.values() if type(container) is dict else container
            below += [value for value in inner if type(value) in _CONTAINERS]
        level = below


def _too_deep(reason: DeadLetterReason) -> Refused:
    return Refused(reason, None, f"nested deeper than {NESTING}")


def _plain(value: object, path: str) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return storable(value, path)
    if isinstance(value, list):
        return [_plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, float) and not isfinite(value):
        raise _Fault(path, "not finite")
    if isinstance(value, int) and abs(value) >= HUGE:
        raise _Fault(path, f"more than {DIGITS} digits")
    return value if value is None or isinstance(value, (int, float)) else _strange(value)


def _text(value: str) -> str:
    return _UNSTORABLE.sub("\ufffd", value)


def _strange(value: object) -> str:
    """What MessagePack has and JSON has not, as text: octets in hexadecimal, a time as RFC 3339."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.msgpack.Ext):
        return bytes(value.data).hex()
    assert isinstance(value, datetime)
    return value.isoformat()


def _as_json(item: object) -> bytes:
    return json.dumps(item, separators=(",", ":"), default=_strange).encode()


def _kind(value: object) -> str:
    names = {list: "array", str: "str", bool: "bool", int: "int", float: "float", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _no_constant(token: str) -> NoReturn:
    raise json.JSONDecodeError(f"{token} is not JSON", token, 0)


def _short_int(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS else (-HUGE if digits.startswith("-") else HUGE)


_JSON: Final = json.JSONDecoder(parse_constant=_no_constant)
_JSON_OF_HUGE: Final = json.JSONDecoder(parse_constant=_no_constant, parse_int=_short_int)
