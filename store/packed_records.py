"""Caseload records as bytes that are read ten times as fast as their JSON, which is checked again at each reading.

A record is packed as a fingerprint of the record types, then in MessagePack the values of its fields in order, each
nested type as its number and its values. The fingerprint changes with any field of any record type; bytes of another
fingerprint are not read, and the JSON beside them is parsed instead.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints
from zlib import crc32

import msgspec

from domain.records import (
    RECORD_TYPES,
    Circle,
    Corridor,
    Override,
    Place,
    Polygons,
    Record,
    Timetable,
    TimetableRow,
)

_TYPES: tuple[type[Any], ...] = (
    *RECORD_TYPES.values(),
    *(Polygons, Circle, Corridor, Place, Timetable, TimetableRow, Override),
)
_NUMBERS = {cls: number for number, cls in enumerate(_TYPES)}
FINGERPRINT_BYTES = 4
_PLAIN = (str, int, float, bool, type(None), object)

Build = Callable[[Any], Any]


@cache
def fingerprint() -> bytes:
    """Of all record types: names, fields, types."""
    told = [(cls.__name__, [(f.name, str(f.type)) for f in fields(cls)]) for cls in _TYPES]
    return crc32(repr(told).encode()).to_bytes(FINGERPRINT_BYTES, "little")


def pack_record(record: Record) -> bytes | None:
    """The bytes of ``record``; None when it would not come back equal."""
    try:
        packed = fingerprint() + msgspec.msgpack.encode(_flat(record))
    except (TypeError, OverflowError):
        return None
    return packed if unpack_record(packed) == record else None


def packed_for_us(packed: bytes) -> bool:
    """Whether the bytes were written for the record types of this program."""
    return packed[:FINGERPRINT_BYTES] == fingerprint()


def unpack_record(packed: bytes) -> Record:
    """The record of bytes that were `packed_for_us`."""
    record: Record = _by_number(msgspec.msgpack.decode(memoryview(packed)[FINGERPRINT_BYTES:]))
    return record


def _flat(value: Any) -> Any:
    number = _NUMBERS.get(type(value))
    if number is not None:
        return [number, *(_flat(getattr(value, f.name)) for f in fields(value))]
    if isinstance(value, tuple):
        return [_flat(one) for one in value]
    return value


@cache
def _builder_of_number(number: int) -> Build:
    """Builds one record type or a part of one from ``[number, *values]``."""
    cls = _TYPES[number]
    hints = get_type_hints(cls)
    builders = [_builder(hints[f.name]) for f in fields(cls)]
    special = [(place, build) for place, build in enumerate(builders, start=1) if build is not None]

    def build(values: list[Any]) -> Any:
        for place, part in special:
            if values[place] is not None:
                values[place] = part(values[place])
        return cls(*values[1:])

    return build


def _builder(hint: Any) -> Build | None:
    """What makes a value of that type of what MessagePack gave; None where they are the same."""
    if hint in _PLAIN:
        return None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if is_dataclass(hint):
        return _by_number
    if get_origin(hint) is tuple:
        return _tuple_builder(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        kinds = {_builder(one) for one in get_args(hint)} - {None}
        assert len(kinds) <= 1, hint
        return kinds.pop() if kinds else None
    raise TypeError(f"{hint} has no place in a packed record")


def _tuple_builder(inside: tuple[Any, ...]) -> Build:
    part = _builder(inside[0])
    if part is None:
        return tuple
    return lambda values: tuple(map(part, values))


def _by_number(values: list[Any]) -> Any:
    return _builder_of_number(values[0])(values)
