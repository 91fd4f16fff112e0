"""Integer columns packed into bytes, as they stand in ``commits``: little-endian, only as wide as they need.

Layout of one packed column::

    width   u8      bytes a value: 0, 1, 2, 4 or 8
    base    i64     the smallest value
    count   u32     how many values
    values  count x width, unsigned: the value less ``base``

A column of equal values takes 13 bytes. Several packed columns may follow each other in one ``bytea``.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct("<BqI")
_WIDTHS = ((0, 0), (1, 0xFF), (2, 0xFFFF), (4, 0xFFFF_FFFF), (8, 0xFFFF_FFFF_FFFF_FFFF))


def pack(values: NDArray[Any]) -> bytes:
    """Any one-dimensional integer or bool array of up to 2^32 - 1 values; see the module for the layout."""
    if len(values) == 0:
        return _HEAD.pack(0, 0, 0)
    wide = values.astype(np.int64)
    base = int(wide.min())
    span = int(wide.max()) - base
    width = next(width for width, limit in _WIDTHS if span <= limit)
    head = _HEAD.pack(width, base, len(wide))
    if width == 0:
        return head
    # Unsigned arithmetic wraps, so that the span of all 64 bits is right too.
    offsets = wide.view(np.uint64) - np.uint64(base & 0xFFFF_FFFF_FFFF_FFFF)
    return head + offsets.astype(f"<u{width}").tobytes()


def unpack(data: bytes | memoryview, offset: int = 0) -> tuple[NDArray[np.int64], int]:
    """The int64 values of the packed column at ``offset``, and where the next one begins."""
    width, base, count = _HEAD.unpack_from(data, offset)
    start = offset + _HEAD.size
    if width == 0:
        return np.full(count, base, np.int64), start
    offsets = np.frombuffer(data, f"<u{width}", count, start).astype(np.uint64)
    values = (offsets + np.uint64(base & 0xFFFF_FFFF_FFFF_FFFF)).view(np.int64)
    return values, start + count * width


def pack_columns(*columns: NDArray[Any]) -> bytes:
    """Several packed columns, one after the other."""
    return b"".join(map(pack, columns))


def unpack_columns(data: bytes | memoryview, count: int) -> list[NDArray[np.int64]]:
    """``count`` columns that were packed one after the other."""
    columns, offset = [], 0
    for _ in range(count):
        values, offset = unpack(data, offset)
        columns.append(values)
    return columns
