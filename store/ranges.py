"""Which (device, gen, seq) were received: merged ranges, and how commits' ranges are folded into the table.

A commit keeps its ranges packed in its own row, in the same transaction as its facts: that costs next to nothing. Now
and then (with a checkpoint) they are folded into ``received_ranges``, where a device's counter that goes on has one
row. docs/decisions/0101-received-ranges.md has the figures.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.commits import Work
from store.packing import pack_columns, unpack_columns
from store.rows import HEADER, TRAILER, Column, Layout, segment
from store.statements import statement
from store.times import Connection

COMMITS_A_PAGE = 64
"""How many commits' ranges are merged at once: for so long nothing else of ingest runs (a tenth of a second at most)."""
FOLD_COMMITS = 500
"""While commits go on, so many are folded at once, with the next checkpoint: each fold writes a row a device anew."""

Ranges = NDArray[np.int64]
"""(ranges, 4) of device_no (or roster index), gen, low, high; inclusive at both ends."""

RANGES = Layout("staged_ranges", tuple(Column(name, ">i8") for name in ("device_no", "gen", "low", "high")))


def no_ranges() -> Ranges:
    """None at all."""
    return np.zeros((0, 4), np.int64)


def packed_ranges(work: Work, nos: NDArray[np.int64]) -> bytes:
    """The ranges of one commit as they stand in its row."""
    # Thousands of tuples: numpy takes them a third faster as one row of numbers.
    flat = np.fromiter(chain.from_iterable(work.ranges), np.int64, 4 * len(work.ranges))
    ranges = flat.reshape(-1, 4)
    if len(ranges):
        ranges[:, 0] = nos[ranges[:, 0]]
    return pack_columns(*ranges.T)


def unpacked_ranges(data: bytes) -> Ranges:
    """What `packed_ranges` packed."""
    return np.stack(unpack_columns(data, 4), axis=1)


def merge(ranges: Ranges) -> Ranges:
    """The same numbers in as few ranges as there can be, in order: overlapping and adjoining ones become one."""
    while len(ranges):
        ranges = _in_order(ranges)
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


def _in_order(ranges: Ranges) -> Ranges:
    """By device, gen and low. Commits' ranges mostly are in order for each device: a radix sort by device will do."""
    devices = ranges[:, 0] - ranges[:, 0].min()
    if devices.max() <= np.iinfo(np.uint16).max:
        by_device = ranges[np.argsort(devices.astype(np.uint16), kind="stable")]
        before, after = by_device[:-1], by_device[1:]
        same_gen, rises = before[:, 1] == after[:, 1], before[:, 2] <= after[:, 2]
        if ((before[:, 0] != after[:, 0]) | (same_gen & rises)).all():
            return by_device
    return ranges[np.lexsort((ranges[:, 2], ranges[:, 1], ranges[:, 0]))]


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


async def fold_ranges(conn: Connection, upto: int, at_least: int = 1) -> None:
    """Takes the ranges of all commits up to ``upto`` into ``received_ranges``; inside a transaction.

    Does nothing when fewer than ``at_least`` are to be folded, or somebody has folded further.
    """
    row = await (await conn.execute(statement("folded_upto"))).fetchone()
    assert row is not None
    if upto - row[0] < at_least:
        return
    new = await ranges_of_commits(conn, row[0], upto)
    if len(new):
        await _merge_into_table(conn, new)
    await conn.execute(statement("set_folded_upto"), {"upto": upto})


async def _merge_into_table(conn: Connection, new: Ranges) -> None:
    await conn.execute(statement("stage_ranges"))
    await _stage(conn, new)
    touched = await _in_one_value(conn, "touching_ranges")
    merged = merge(np.concatenate([new, touched]))
    # One that stands is where it was, or reaches further, or was merged into one that begins before it.
    everywhere = np.concatenate([merged, touched])
    keys = _keys(everywhere)
    merged_keys, touched_keys = keys[: len(merged)], keys[len(merged) :]
    high = np.full(len(everywhere), -1, np.int64)
    high[touched_keys] = touched[:, 3]
    changed = merged[high[merged_keys] != merged[:, 3]]
    gone = touched[~np.isin(touched_keys, merged_keys)]
    for ranges, name in ((gone, "drop_ranges"), (changed, "put_ranges")):
        if len(ranges):
            await conn.execute(statement("empty_stage"))
            await _stage(conn, ranges)
            await conn.execute(statement(name))


def _keys(ranges: Ranges) -> NDArray[np.int64]:
    """The same number for rows with the same device, gen and low."""
    order = np.lexsort((ranges[:, 2], ranges[:, 1], ranges[:, 0]))
    placed = ranges[order, :3]
    keys = np.empty(len(ranges), np.int64)
    keys[order] = np.cumsum(np.concatenate(([0], (placed[1:] != placed[:-1]).any(axis=1))))
    return keys


async def _stage(conn: Connection, ranges: Ranges) -> None:
    values: dict[str, NDArray[Any]] = {column.name: ranges[:, i] for i, column in enumerate(RANGES.columns)}
    rows = segment(RANGES, 0, values, np.arange(len(ranges)))
    async with conn.cursor().copy(RANGES.copy_in()) as copy:
        await copy.write(HEADER + rows.tobytes() + TRAILER)


async def _in_one_value(conn: Connection, name: str) -> Ranges:
    """What a statement gives as one value of many ranges: as rows, each would cost a turn of the loop."""
    row = await (await conn.execute(statement(name), binary=True)).fetchone()
    if row is None or row[0] is None:
        return no_ranges()
    return np.frombuffer(row[0], ">i8").astype(np.int64).reshape(-1, 4)


async def read_ranges(conn: Connection) -> Ranges:
    """Everything received, up to the newest commit; device numbers in the first column. Inside one snapshot."""
    folded = await _in_one_value(conn, "read_ranges")
    row = await (await conn.execute(statement("folded_upto_read"))).fetchone()
    newest = await (await conn.execute(statement("newest_commit"))).fetchone()
    assert row is not None
    recent = await ranges_of_commits(conn, row[0], newest[0] if newest else 0)
    return merge(np.concatenate([folded, recent]))
