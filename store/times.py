"""Instants between Python and PostgreSQL: ``timestamptz`` is read as integer microseconds and written from `At`.

`EARLY_US` and `FAR_US` are PostgreSQL's ``-infinity`` and ``infinity``.
"""

from __future__ import annotations

import struct

from psycopg import AsyncConnection, postgres
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.rows import TupleRow

from domain.instants import EARLY_US, FAR_US, format_instant

EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts from 2000-01-01, in microseconds."""
MINUS_INFINITY = -(1 << 63)
_INFINITY = (1 << 63) - 1
_INT8 = struct.Struct(">q")
TIMESTAMPTZ_OID = postgres.types["timestamptz"].oid


class At(int):
    """Microseconds since 1970 that go to the database as ``timestamptz``."""


def at(us: int | None) -> At | None:
    """``us`` as a parameter for a ``timestamptz``."""
    return None if us is None else At(us)


class AtDumper(Dumper):
    """`At` to binary ``timestamptz``."""

    format = Format.BINARY
    oid = TIMESTAMPTZ_OID

    def dump(self, obj: At) -> Buffer:
        if obj <= EARLY_US:
            return _INT8.pack(MINUS_INFINITY)
        if obj >= FAR_US:
            return _INT8.pack(_INFINITY)
        return _INT8.pack(int(obj) - EPOCH_2000_US)


class AtTextDumper(Dumper):
    """`At` to text, where psycopg writes parameters into the statement itself (COPY takes none)."""

    format = Format.TEXT
    oid = TIMESTAMPTZ_OID

    def dump(self, obj: At) -> Buffer:
        if obj <= EARLY_US:
            return b"-infinity"
        if obj >= FAR_US:
            return b"infinity"
        return format_instant(obj).encode()


class TimestamptzLoader(Loader):
    """Binary ``timestamptz`` to microseconds since 1970."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        value: int = _INT8.unpack(data)[0]
        if value == MINUS_INFINITY:
            return EARLY_US
        if value == _INFINITY:
            return FAR_US
        return value + EPOCH_2000_US


def register_times(context: AdaptContext) -> None:
    """Teaches one connection to speak of instants as microseconds."""
    context.adapters.register_dumper(At, AtTextDumper)
    context.adapters.register_dumper(At, AtDumper)
    context.adapters.register_loader("timestamptz", TimestamptzLoader)


Connection = AsyncConnection[TupleRow]
"""A connection of the store."""
