"""Rows of PostgreSQL's binary COPY as numpy sees them: fixed columns, lengths inline, big-endian.

A row is a 16-bit count of columns, then for each column a 32-bit length and the value; a NULL is the length -1 and no
value. So the rows with the same NULLs have one dtype, and a batch is written as one segment a NULL pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Column:
    """``type`` is the big-endian numpy type; ``nullable`` columns are left out of the patterns that lack them."""

    name: str
    type: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one table, in the order of COPY; a ``bytea`` of any length may follow as the last."""

    table: str
    columns: tuple[Column, ...]
    tail: str | None = None

    @property
    def nullable(self) -> tuple[str, ...]:
        """The columns that a pattern may leave out; bit i of a pattern stands for the i-th of them."""
        return tuple(c.name for c in self.columns if c.nullable)

    def copy_in(self) -> bytes:
        """The COPY statement that takes these columns."""
        names = [c.name for c in self.columns] + ([self.tail] if self.tail else [])
        return f"COPY {self.table} ({', '.join(names)}) FROM STDIN (FORMAT binary)".encode()


@cache
def row_dtype(layout: Layout, pattern: int) -> np.dtype[Any]:
    """The dtype of a row in which the nullable columns whose bit is set in ``pattern`` are NULL.

    Lengths are fields ``#name``; the count of columns is ``#``. With a tail its length is the last field, ``#tail``.
    """
    fields: list[tuple[str, str]] = [("#", ">i2")]
    nulls = {name for bit, name in enumerate(layout.nullable) if pattern >> bit & 1}
    for column in layout.columns:
        fields.append((f"#{column.name}", ">i4"))
        if column.name not in nulls:
            fields.append((column.name, column.type))
    if layout.tail:
        fields.append((f"#{layout.tail}", ">i4"))
    return np.dtype(fields)


@cache
def _blank(layout: Layout, pattern: int) -> NDArray[Any]:
    """One row with its counts and lengths filled in; an absent tail."""
    dtype = row_dtype(layout, pattern)
    row = np.zeros((), dtype)
    row["#"] = len(layout.columns) + (layout.tail is not None)
    for column in layout.columns:
        present = column.name in _present(layout, pattern)
        row[f"#{column.name}"] = np.dtype(column.type).itemsize if present else -1
    if layout.tail:
        row[f"#{layout.tail}"] = -1
    return row


def segment(layout: Layout, pattern: int, values: dict[str, NDArray[Any]], rows: NDArray[np.intp]) -> NDArray[Any]:
    """The rows ``rows`` (ascending, each once) of ``values`` (one array a column) as an array of `row_dtype`."""
    out = np.empty(len(rows), row_dtype(layout, pattern))
    out[...] = _blank(layout, pattern)
    for name in _present(layout, pattern):
        column = values[name]
        out[name] = column if len(column) == len(rows) else column[rows]
    return out


@cache
def _present(layout: Layout, pattern: int) -> tuple[str, ...]:
    names = set(row_dtype(layout, pattern).names or ())
    return tuple(column.name for column in layout.columns if column.name in names)


def with_tails(layout: Layout, rows: NDArray[Any], tails: list[bytes]) -> bytes:
    """``rows`` of a layout with a tail, each followed by its bytes."""
    assert layout.tail is not None
    assert len(tails) == len(rows)
    rows[f"#{layout.tail}"] = list(map(len, tails))
    fixed, size = rows.tobytes(), rows.dtype.itemsize
    parts: list[bytes] = [b""] * (2 * len(tails))
    parts[0::2] = [fixed[i : i + size] for i in range(0, len(fixed), size)]
    parts[1::2] = tails
    return b"".join(parts)


def read_rows(layout: Layout, data: bytes | bytearray) -> NDArray[Any]:
    """What a binary COPY of a layout without NULLs and tail gave, header and trailer included."""
    body = memoryview(data)[len(HEADER) : len(data) - len(TRAILER)]
    return np.frombuffer(body, row_dtype(layout, 0))
