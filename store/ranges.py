"""Which (device, gen, seq) were received: merged ranges, and how commits' ranges are folded into the table.

A commit keeps its ranges packed in its own row, in the same transaction as its facts: that costs next to nothing. Now
and then (with a checkpoint) they are folded into ``received_ranges``, where a device's counter that goes on has one
row. docs/decisions/0101-received-ranges.md has the figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.commits import Work
from store.packing import pack_columns, unpack_columns
from store.rows import Column, Layout, read_rows
from store.statements import statement
from store.times import Connection

COMMITS_A_PAGE = 256
"""How many commits' ranges are held at once while folding."""

Ranges = NDArray[np.int64]
"""(ranges, 4) of device_no (or roster index), gen, low, high; inclusive at both ends."""

RANGES = Layout("received_ranges", tuple(Column(name, ">i8") for name in ("device_no", "gen", "low", "high")))


def no_ranges() -> Ranges:
    """None at all."""
    return np.zeros((0, 4), np.int64)


def packed_ranges(work: Work, nos: NDArray[np.int64]) -> bytes:
    """The ranges of one commit as they stand in its row."""
    ranges = np.array(work.ranges, np.int64).reshape(-1, 4)
    if len(ranges):
        ranges[:, 0] = nos[ranges[:, 0]]
    return pack_columns(*ranges.T)


def unpacked_ranges(data: bytes) -> Ranges:
    """What `packed_ranges` packed."""
    return np.stack(unpack_columns(data, 4), axis=1)


def merge(ranges: Ranges) -> Ranges:
    """The same numbers in as few ranges as there can be, in order: overlapping and adjoining ones become one."""
    while len(ranges):
        ranges = ranges[np.lexsort((ranges[:, 2], ranges[:, 1], ranges[:, 0]))]
        before, after = ranges[:-1], ranges[1:]
        joins = (before[:, :2] == after[:, :2]).all(axis=1) & (after[:, 2] <= before[:, 3] + 1)
        if not joins.any():
            break
        # A range may lie inside one that is not its neighbour: then the next round joins them.
        first = np.flatnonzero(np.concatenate(([True], ~joins)))
        merged = ranges[first].copy()
        merged[:, 3] = np.maximum.reduceat(ranges[:, 3], first)
        ranges = merged
    return ranges


async def ranges_of_commits(conn: Connection, after: int, upto: int) -> Ranges:
    """The merged ranges of the commits after ``after`` and up to ``upto``."""
    found = no_ranges()
    while after < upto:
        page = {"after": after, "upto": upto, "limit": COMMITS_A_PAGE}
        rows = await (await conn.execute(statement("ranges_of_commits"), page)).fetchall()
        if not rows:
            break
        found = merge(np.concatenate([found, *(unpacked_ranges(data) for _, data in rows)]))
        after = rows[-1][0]
    return found


async def fold_ranges(conn: Connection, upto: int) -> None:
    """Takes the ranges of all commits up to ``upto`` into ``received_ranges``; inside a transaction."""
    row = await (await conn.execute(statement("folded_upto"))).fetchone()
    assert row is not None
    new = await ranges_of_commits(conn, row[0], upto)
    if len(new):
        await _merge_into_table(conn, new)
    await conn.execute(statement("set_folded_upto"), {"upto": upto})


async def _merge_into_table(conn: Connection, new: Ranges) -> None:
    cursor = await conn.execute(statement("touching_ranges"), _parameters(new))
    touched = np.array(await cursor.fetchall(), np.int64).reshape(-1, 4)
    merged = merge(np.concatenate([new, touched]))
    stand = {tuple(key): high for *key, high in touched.tolist()}
    changed = [row for row in merged.tolist() if stand.pop(tuple(row[:3]), None) != row[3]]
    kept = {tuple(row[:3]) for row in merged.tolist()}
    if gone := [key for key in stand if key not in kept]:
        await conn.execute(statement("drop_ranges"), _parameters(np.array(gone, np.int64)))
    if changed:
        await conn.execute(statement("put_ranges"), _parameters(np.array(changed, np.int64)))


def _parameters(ranges: NDArray[np.int64]) -> dict[str, Any]:
    names = ("device_nos", "gens", "lows", "highs")
    return dict(zip(names, ranges.T.tolist(), strict=False))


async def read_ranges(conn: Connection) -> Ranges:
    """Everything received, up to the newest commit; device numbers in the first column. Inside one snapshot."""
    data = bytearray()
    async with conn.cursor().copy(statement("read_ranges")) as copy:
        async for block in copy:
            data += block
    rows = read_rows(RANGES, data)
    folded = np.stack([rows[c.name].astype(np.int64) for c in RANGES.columns], axis=1)
    row = await (await conn.execute(statement("folded_upto_read"))).fetchone()
    newest = await (await conn.execute(statement("newest_commit"))).fetchone()
    assert row is not None
    recent = await ranges_of_commits(conn, row[0], newest[0] if newest else 0)
    return merge(np.concatenate([folded, recent]))
