"""What the rules that ask devices for something read and keep: violations, intervals, zones, holes. Rows in, rows out.

One process at a time asks: everything of a look is one transaction under an advisory lock, so two look as one would.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.adapted import UNCOUNTED
from domain.caseload_file import parse_record
from domain.records import Condition, Record, Zone
from store.caseload import ANY_NAME, NEWEST_COMMIT
from store.connecting import Pool
from store.ranges import COMMITS_A_PAGE, Ranges, merge, no_ranges, unpacked_ranges
from store.statements import statement
from store.times import At, Connection, at


class Rule(IntEnum):
    """The number of a rule's advisory lock."""

    INTERVALS = 18
    HOLES = 20


class InViolation(NamedTuple):
    """An open violation, and whom it is about."""

    id: str
    kind: str
    wearer: str | None
    victim: str | None


class Tag(NamedTuple):
    """A device that somebody wears now."""

    device: str
    wearer: str | None
    victim: str | None


class IntervalRow(NamedTuple):
    """A device whose interval the rules have changed. ``command``: the state of their last command."""

    device: str
    fast: bool
    needed_us: int
    near_since_us: int | None
    tries: int
    next_us: int
    command: str | None
    command_no: int | None = None


class ZoneRow(NamedTuple):
    """A zone condition in force of whoever wears a location tag; ``zone`` where it is a shared one."""

    device: str
    device_no: int
    condition: Condition
    zone: Zone | None
    from_us: int
    to_us: int


class HoleRow(NamedTuple):
    """A hole in `seq` as it is kept. ``command``: the state of its last command."""

    device_no: int
    gen: int
    low: int
    high: int
    seen_us: int
    tries: int
    next_us: int
    command: str | None
    given_up: bool
    command_no: int | None


PLACE = np.dtype(
    [
        ("device_no", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
        ("acc", np.float64),
        ("spd", np.float64),
        ("t_us", np.int64),
    ]
)


class CommandRules:
    """The tables behind the rules; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def leading(self, rule: Rule) -> AsyncIterator[Connection | None]:
        """A transaction for one look; None while another process looks by the same rule."""
        async with self._pool.connection() as conn, conn.transaction():
            row = await (await conn.execute(statement("lead_command_rules"), {"rule": rule.value})).fetchone()
            yield conn if row and row[0] else None

    async def newest_learnt(self) -> int:
        """The number of the newest record that was learnt: the caseload changes only with it."""
        async with self._pool.connection() as conn:
            return int((await _rows(conn, "newest_learnt", {}))[0][0])

    async def zones_to_watch(self, now_us: int, known: Collection[int]) -> list[tuple[Any, ...]]:
        """Every zone condition of whoever wears a location tag, of orders that are not over; to be read by `zone_rows`.

        ``known``: numbers of records that it knows.
        """
        async with self._pool.connection() as conn:
            return await _rows(conn, "zones_to_watch", {"now": At(now_us), "known": sorted(known)})

    async def newest_places(self, device_nos: Sequence[int], since_us: int) -> NDArray[Any]:
        """(devices,) of `PLACE`: the newest used fix of those that have one since then; nan: no speed was stated."""
        if not device_nos:
            return np.zeros(0, PLACE)
        wanted = {"nos": list(device_nos), "since": At(since_us)}
        async with self._pool.connection() as conn:
            return np.array(await _rows(conn, "newest_places", wanted), PLACE)


async def in_violation(conn: Connection, kinds: Iterable[str]) -> list[InViolation]:
    """Open violations of some kinds."""
    return [InViolation(*row) for row in await _rows(conn, "people_in_violation", {"kinds": sorted(kinds)})]


async def tags_of(conn: Connection, wearers: Iterable[str], victims: Iterable[str], now_us: int) -> list[Tag]:
    """The location tags that some wearers have on, and the units of some victims."""
    people = {"wearers": sorted(wearers), "victims": sorted(victims)}
    return [Tag(*row) for row in await _rows(conn, "tags_of_people", people | {"now": At(now_us)})]


async def usual_intervals(conn: Connection, devices: Iterable[str]) -> dict[str, tuple[int, int]]:
    """(interval, upload interval) of some devices' records, seconds."""
    rows = await _rows(conn, "usual_intervals", {"devices": sorted(devices)})
    return {row[0]: (row[1], row[2]) for row in rows}


async def intervals(conn: Connection) -> list[IntervalRow]:
    """Every device whose interval the rules have changed."""
    return [IntervalRow(*row) for row in await _rows(conn, "device_intervals", {})]


async def keep_interval(conn: Connection, row: IntervalRow) -> None:
    """Keeps what is wanted of a device; without a command's number the last one stays."""
    parameters = {
        "device": row.device,
        "fast": row.fast,
        "needed_at": At(row.needed_us),
        "near_since": at(row.near_since_us),
        "command_no": row.command_no,
        "tries": row.tries,
        "next_at": At(row.next_us),
    }
    await conn.execute(statement("keep_interval"), parameters)


async def drop_interval(conn: Connection, device: str) -> None:
    """The device has its record's interval again."""
    await conn.execute(statement("drop_interval"), {"device": device})


async def found_holes(conn: Connection, most: int) -> list[tuple[int, int, int, int]]:
    """(device_no, gen, low, high) of what is missing, the newest ``most`` of each device."""
    return [tuple(row) for row in await _rows(conn, "found_holes", {"most": most, "uncounted": UNCOUNTED})]


async def received_lately(conn: Connection, device_nos: Iterable[int]) -> Ranges:
    """What some devices sent that is not folded into the table of ranges yet, merged: (ranges, 4) of device_no, gen, low, high."""
    wanted = np.array(sorted(set(device_nos)), np.int64)
    after = int((await _rows(conn, "folded_upto_read", {}))[0][0])
    found = no_ranges()
    while len(wanted):
        page = {"after": after, "upto": NEWEST_COMMIT, "limit": COMMITS_A_PAGE}
        rows = await _rows(conn, "ranges_of_commits", page)
        if not rows:
            break
        found = await asyncio.to_thread(_merged, found, [packed for _, packed in rows], wanted)
        after = rows[-1][0]
    return found


def _merged(found: Ranges, commits: Iterable[bytes], device_nos: NDArray[np.int64]) -> Ranges:
    """``found`` and what some devices sent in some commits: a busy fleet's are millions before, and a few a device after."""
    lately = [ranges[np.isin(ranges[:, 0], device_nos)] for ranges in map(unpacked_ranges, commits)]
    return merge(np.concatenate([found, *lately]))


async def known_holes(conn: Connection) -> list[HoleRow]:
    """Every hole that is kept."""
    return [HoleRow(*row) for row in await _rows(conn, "known_holes", {})]


async def worn_devices(conn: Connection, device_nos: Iterable[int], now_us: int) -> dict[int, str]:
    """Ids of those of some devices that somebody wears now, by number."""
    wanted = {"nos": sorted(set(device_nos)), "now": At(now_us)}
    return {row[0]: row[1] for row in await _rows(conn, "worn_devices", wanted)}


async def keep_holes(conn: Connection, gone: Sequence[HoleRow], kept: Sequence[HoleRow]) -> None:
    """Takes away holes that are filled or are another now, and keeps those that are new or changed."""
    names = ("device_no", "gen", "low")
    drops = [{name: getattr(row, name) for name in names} for row in gone]
    puts = [
        {name: getattr(row, name) for name in (*names, "high", "tries", "given_up", "command_no")}
        | {"seen_at": At(row.seen_us), "next_at": At(row.next_us)}
        for row in kept
    ]
    for name, rows in (("drop_hole", drops), ("keep_hole", puts)):
        if rows:
            await conn.cursor().executemany(statement(name), rows)


def zone_rows(rows: Sequence[tuple[Any, ...]], known: dict[int, Record]) -> list[ZoneRow]:
    """The rows of `CommandRules.zones_to_watch`. ``known`` are records by number: what is new is put in, what is gone taken out.

    Thousands that are new take a while, so not on the event loop.
    """
    for row in rows:
        for number, body in (row[2:4], row[4:6]):
            if body is not None:
                known.setdefault(number, parse_record(body, ANY_NAME))
    for number in known.keys() - {number for row in rows for number in (row[2], row[4])}:
        del known[number]
    return [_zone_row(row, known) for row in rows]


def _zone_row(row: tuple[Any, ...], known: dict[int, Record]) -> ZoneRow:
    device, device_no, condition_no, _, zone_no, _, from_us, to_us = row
    condition, zone = known[condition_no], None if zone_no is None else known[zone_no]
    assert isinstance(condition, Condition)
    assert zone is None or isinstance(zone, Zone)
    return ZoneRow(device, device_no, condition, zone, from_us, to_us)


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()
