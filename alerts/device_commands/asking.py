"""The rules that ask devices by themselves: shorter intervals while they are needed, holes in `seq` (docs/commanding.md).

Both look at what is, and ask for what is missing; a look that another process makes at the same time is left to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog
from numpy.typing import NDArray

from alerts.device_commands import holes
from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.holes import Hole, Known, sort_out
from alerts.device_commands.intervals import FAST_KINDS, PAIRED_KINDS, Ask, Need, Needed, Pace, Usual, decide
from alerts.device_commands.nearness import FRESH_US, Places, Watched, Zones
from alerts.waking import Sleeper, pause
from domain.adapted import is_adapted
from domain.device_commands import EXPIRES_AFTER_US, CommandCause, CommandState, NewCommand
from domain.instants import MINUTE_US, SECOND_US
from domain.records import Record, Timetable
from domain.wire_commands import CommandName
from geofence.timetable import WindowCache
from store import command_rules
from store.command_rules import CommandRules, HoleRow, IntervalRow, Rule
from store.device_commands import TooManyOpen, make
from store.times import Connection

NEAR_EVERY_US: Final = 30 * SECOND_US
"""Between two measurements of how near zones are."""
READ_EVERY_US: Final = 5 * MINUTE_US
"""Between two readings of the zones in force: a change of the caseload is minded by then."""
REST_S: Final = 1.0
"""Between two looks at intervals, however often something happens."""
HOLES_EVERY_S: Final = 60.0
HOLES_FIRST_S: Final = 20.0
"""After the start: first things first."""

log = structlog.get_logger("dispatch.commands")


@dataclass(slots=True)
class IntervalRule:
    """Shortens intervals while a violation or a near zone needs it, and brings them back."""

    rules: CommandRules
    windows: WindowCache
    clock: Callable[[], int]
    figures: CommandFigures
    sleeper: Sleeper
    _zones: Zones = field(default_factory=lambda: Zones([]))
    _records: dict[int, Record] = field(default_factory=dict)
    _read: int = -1
    _read_us: int = -(1 << 62)
    _near: dict[str, Needed] = field(default_factory=dict)
    _near_us: int = -(1 << 62)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises what the store raises when the database is away."""
        while not stop.is_set():
            await self.look()
            await pause(stop, REST_S)
            await self.sleeper.sleep(float("inf"))  # until something happens, or `alerts.waking.LONGEST_S` have passed

    async def look(self) -> int:
        """Once; how many commands were made."""
        now_us = self.clock()
        if now_us - self._near_us >= NEAR_EVERY_US:
            self._near, self._near_us = await self._who_is_near(now_us), now_us
        async with self.rules.leading(Rule.INTERVALS) as conn:
            return 0 if conn is None else await self._look(conn, now_us)

    async def _look(self, conn: Connection, now_us: int) -> int:
        needed = self._near | await self._in_violation(conn, now_us)
        needed = {device: why for device, why in needed.items() if not is_adapted(device)}
        rows = {row.device: row for row in await command_rules.intervals(conn)}
        usual = await command_rules.usual_intervals(conn, needed.keys() | rows.keys())
        made = fast = 0
        for device in sorted(usual):
            row, said = rows.get(device), Usual(*usual[device])
            pace = None if row is None else _pace(row)
            decided = decide(pace, needed.get(device), said, now_us)
            if decided.gave_up:
                log.warning("a device does not take its usual interval back", tries=None if row is None else row.tries)
            fast += decided.pace is not None and decided.pace.fast
            made += await self._keep(conn, device, pace, decided.pace, decided.ask, now_us)
        self.figures.fast(fast)
        return made

    async def _keep(
        self, conn: Connection, device: str, before: Pace | None, after: Pace | None, ask: Ask | None, now_us: int
    ) -> int:
        number = None
        if ask is not None:
            args = {"interval_s": ask.interval_s, "upload_s": ask.upload_s}
            name, until_us = CommandName.SET_INTERVAL, ask.expires_us
            try:
                number = await make(conn, NewCommand(device, name, args, ask.cause, now_us, until_us, about=ask.about))
            except TooManyOpen:
                return 0  # nothing is kept, so that the next look asks
            self.figures.asked(name, ask.cause)
        if after is None:
            if before is not None:
                await command_rules.drop_interval(conn, device)
        elif ask is not None or after != before:
            await command_rules.keep_interval(conn, _row(device, after, number))
        return int(number is not None)

    async def _in_violation(self, conn: Connection, now_us: int) -> dict[str, Needed]:
        """Devices of those whom open violations are about, with the first of them."""
        open_now = await command_rules.in_violation(conn, (kind.value for kind in FAST_KINDS))
        if not open_now:
            return {}
        by_wearer: dict[str, str] = {}
        by_victim: dict[str, str] = {}
        for one in open_now:
            if one.wearer is not None:
                by_wearer.setdefault(one.wearer, one.id)
            if one.victim is not None and one.kind in PAIRED_KINDS:
                by_victim.setdefault(one.victim, one.id)
        tags = await command_rules.tags_of(conn, by_wearer, by_victim, now_us)
        about = {tag.device: by_wearer.get(tag.wearer or "") or by_victim.get(tag.victim or "") for tag in tags}
        return {device: Needed(Need.VIOLATION, violation) for device, violation in about.items() if violation}

    async def _who_is_near(self, now_us: int) -> dict[str, Needed]:
        await self._read_zones(now_us)
        nos = sorted(set(self._zones.device_nos.tolist()))
        rows = await self.rules.newest_places(nos, now_us - FRESH_US)
        found = self._zones.near(_places(rows), self._opens, now_us)
        return {one.device: Needed(Need.NEAR, one.condition) for one in reversed(found)}  # the nearest stays

    def _opens(self, timetable: Timetable, from_us: int, to_us: int) -> bool:
        return any(start < to_us and end > from_us for start, end in self.windows.windows(timetable, from_us, to_us))

    async def _read_zones(self, now_us: int) -> None:
        newest = await self.rules.newest_learnt()
        if now_us - self._read_us < READ_EVERY_US and self._read >= 0:
            return
        if newest == self._read and now_us - self._read_us < 4 * READ_EVERY_US:
            return
        rows = await self.rules.zones_to_watch(now_us, self._records.keys())
        self._zones = await asyncio.to_thread(_zones, rows, self._records, self._zones)
        self._read, self._read_us = newest, now_us


@dataclass(slots=True)
class HoleRule:
    """Asks devices for what never came."""

    rules: CommandRules
    clock: Callable[[], int]
    figures: CommandFigures

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises what the store raises when the database is away."""
        await pause(stop, HOLES_FIRST_S)
        while not stop.is_set():
            await self.look()
            await pause(stop, HOLES_EVERY_S)

    async def look(self) -> int:
        """Once; how many holes were asked for."""
        now_us = self.clock()
        async with self.rules.leading(Rule.HOLES) as conn:
            return 0 if conn is None else await self._look(conn, now_us)

    async def _look(self, conn: Connection, now_us: int) -> int:
        rows = await command_rules.known_holes(conn)
        known = [_known(row) for row in rows]
        found = [Hole(*one) for one in await command_rules.found_holes(conn, holes.MOST_HOLES)]
        lately = await command_rules.received_lately(conn, (hole.device_no for hole in found))
        found = await asyncio.to_thread(holes.without, found, lately)
        worn = await command_rules.worn_devices(conn, (hole.device_no for hole in found), now_us)
        now = await asyncio.to_thread(sort_out, known, found, worn.keys(), now_us)
        numbers = {hole: await self._ask(conn, hole, worn[hole.device_no], now_us) for hole in now.asked}
        before = set(known)
        kept = [_with_number(one, numbers) for one in now.kept]
        still = {_key(one.hole) for one in now.kept}
        gone = [row for row in rows if (row.device_no, row.gen, row.low) not in still]
        await command_rules.keep_holes(conn, gone, [_hole_row(one) for one in kept if one not in before])
        asked = sum(number is not None for number in numbers.values())
        self.figures.holes(asked, len(now.filled), len(now.given_up))
        return asked

    async def _ask(self, conn: Connection, hole: Hole, device: str, now_us: int) -> int | None:
        name, cause = CommandName.RESEND, CommandCause.HOLE
        about = f"{hole.gen}:{hole.low}-{hole.high}"
        until_us = now_us + EXPIRES_AFTER_US[name]
        new = NewCommand(device, name, holes.resend_args(hole), cause, now_us, until_us, about=about)
        try:
            number = await make(conn, new)
        except TooManyOpen:
            return None
        self.figures.asked(name, cause)
        return number


def _pace(row: IntervalRow) -> Pace:
    command = None if row.command is None else CommandState(row.command)
    return Pace(row.fast, row.needed_us, row.near_since_us, row.tries, row.next_us, command)


def _row(device: str, pace: Pace, command_no: int | None) -> IntervalRow:
    near_us = pace.near_since_us
    return IntervalRow(device, pace.fast, pace.needed_us, near_us, pace.tries, pace.next_us, None, command_no)


def _places(rows: NDArray[Any]) -> Places:
    return Places(rows["device_no"], rows["lon"], rows["lat"], rows["acc"], rows["spd"], rows["t_us"])


def _zones(rows: list[tuple[Any, ...]], known: dict[int, Record], before: Zones) -> Zones:
    """Parsed and laid out; thousands that are new take a while."""
    watched = []
    for row in command_rules.zone_rows(rows, known):
        condition = row.condition
        shape = condition.shape if row.zone is None else row.zone.shape
        if shape is not None:
            timetable = condition.timetable
            span = (row.from_us, row.to_us)
            watched.append(Watched(row.device, row.device_no, condition.id, shape, timetable, *span))
    return Zones(watched, before)


def _known(row: HoleRow) -> Known:
    hole = Hole(row.device_no, row.gen, row.low, row.high)
    command = None if row.command is None else CommandState(row.command)
    return Known(hole, row.seen_us, row.tries, row.next_us, command, row.given_up, row.command_no)


def _hole_row(one: Known) -> HoleRow:
    hole = one.hole
    span = (hole.device_no, hole.gen, hole.low, hole.high)
    return HoleRow(*span, one.seen_us, one.tries, one.next_us, None, one.given_up, one.command_no)


def _with_number(one: Known, numbers: dict[Hole, int | None]) -> Known:
    if one.hole not in numbers:
        return one
    number = numbers[one.hole]
    return holes.unasked(one) if number is None else replace(one, command_no=number)


def _key(hole: Hole) -> tuple[int, int, int]:
    return hole.device_no, hole.gen, hole.low
