"""The rules that ask devices, over real databases: what is open, near or missing is asked for, once, by one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from alerts.device_commands.asking import HoleRule, IntervalRule
from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.holes import OLD_US, TRIES
from alerts.device_commands.intervals import QUIET_US
from alerts.waking import Bell
from domain.device_commands import CommandCause, CommandState
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Circle, Condition, Device, Fitting, Order, Record, Suspension, Version, Victim, Zone
from domain.vocabulary import Change, ConditionKind, DeviceKind, Kind, OrderKind
from domain.wire_commands import CommandName
from geofence.timetable import WindowCache
from store.device_commands import DeviceCommands, make
from tests.store.alert_making import ZONES, Made, alerts_at
from tests.store.made import NOON, ask, fixes_of, roster_of, violation_of, wearer_records, work_of
from tests.store.test_device_commands import asked
from tests.store.test_roles import login_as


@dataclass
class Asking:
    """The rules over a database, with a clock that the test moves."""

    made: Made
    commands: DeviceCommands
    now_us: int = NOON
    figures: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        figures, stop = CommandFigures(self.figures), asyncio.Event()
        cache, sleeper = WindowCache(ZONES), Bell().sleeper(stop)
        self.intervals = IntervalRule(self.commands.rules, cache, lambda: self.now_us, figures, sleeper)
        self.holes = HoleRule(self.commands.rules, lambda: self.now_us, figures)

    async def look(self, after_us: int = 0) -> int:
        self.now_us += after_us
        return await self.intervals.look()

    async def look_for_holes(self, after_us: int = 0) -> int:
        self.now_us += after_us
        return await self.holes.look()

    def asked(self) -> list[tuple[Any, ...]]:
        """(device, command, args, cause, about) of every command, in order."""
        return ask(self.made.url, "SELECT device, command, args, cause, about FROM device_commands ORDER BY command_no")

    def end(self, state: CommandState = CommandState.OK) -> None:
        """The devices answer all that is open."""
        ask(
            self.made.url,
            f"UPDATE device_commands SET state = '{state.value}', ended_at = made_at WHERE ended_at IS NULL RETURNING 1",
        )

    def count(self, name: str, **labels: str) -> float:
        return self.figures.get_sample_value(f"bailiwick_commands_{name}", labels) or 0.0

    async def received(self, *seqs: int, device: int = 0, folded: bool = True, **more: Any) -> None:
        """Ingest commits a fix of each; ``folded``: with a checkpoint, which folds the ranges."""
        self.made.commits += 1
        facts = fixes_of(device, seqs, self.now_us, **more)
        checkpoint = {"checkpoint": b"state"} if folded else {}
        await self.made.store.commit(work_of(self.made.commits, self.made.roster, facts, **checkpoint))

    async def at(self, lon: float, lat: float, seq: int, **more: Any) -> None:
        """The wearer's tag is there now."""
        self.made.commits += 1
        facts = fixes_of(0, [seq], self.now_us)
        facts["lon"], facts["lat"], facts["spd"] = lon, lat, more.get("spd", 1.0)
        await self.made.store.commit(work_of(self.made.commits, self.made.roster, facts, self.now_us))


@asynccontextmanager
async def asking_at(url: str, *records: Record) -> AsyncIterator[Asking]:
    """A wearer W1 with a tag T1 that records once a minute, and another, W2 with T2."""
    versions = [*wearer_records("W2", "T2"), *(Version(record) for record in records)]
    async with alerts_at(url, *versions) as made, await DeviceCommands.open(url) as commands:
        made.roster = roster_of("T1", "T2")
        yield Asking(made, commands)


FAST = {"interval_s": 15, "upload_s": 15}
USUAL = {"interval_s": 60, "upload_s": 60}


async def closed(at: Asking, opened: Any) -> None:
    await at.made.commit([replace(opened, version=2, change=Change.CLOSED, to_us=at.now_us)])


async def test_an_open_violation_shortens_and_its_end_brings_back(database_url: str) -> None:
    async with asking_at(database_url) as at:
        assert await at.look() == 0
        opened = await at.made.raised()
        assert await at.look(SECOND_US) == 1
        assert await at.look(SECOND_US) == 0, "it is open"
        at.end()
        assert await at.look(MINUTE_US) == 0
        assert at.count("fast_devices") == 1
        await closed(at, opened)
        assert await at.look(MINUTE_US) == 0
        assert await at.look(QUIET_US) == 1
        at.end()
        await at.look(MINUTE_US)
        assert at.asked() == [
            ("T1", "set_interval", FAST, "violation", "W1-1"),
            ("T1", "set_interval", USUAL, "over", None),
        ]
        assert ask(database_url, "SELECT count(*) FROM device_intervals") == [(0,)]
        assert at.count("fast_devices") == 0
        assert at.count("asked_total", command="set_interval", cause="violation") == 1


@pytest.mark.parametrize("kind", [Kind.CURFEW, Kind.BATTERY_LOW, Kind.COMMUNICATION_LOST])
async def test_what_no_place_helps_shortens_nothing(embedded_url: str, kind: Kind) -> None:
    async with asking_at(embedded_url) as at:
        await at.made.raised(kind=kind, condition=None, order=None)
        assert await at.look(SECOND_US) == 0


async def test_in_a_proximity_violation_both_ends_are_asked(database_url: str) -> None:
    unit = [
        Victim("V1", "Invented V1"),
        Device("U1", DeviceKind.VICTIM_UNIT, 60, 300),
        Fitting("F-V1", "U1", NOON - DAY_US, victim="V1"),
        Device("H1", DeviceKind.HOME_UNIT),
        Fitting("F-H1", "H1", NOON - DAY_US, wearer="W1"),
    ]
    async with asking_at(database_url, *unit) as at:
        await at.made.raised(kind=Kind.PROXIMITY_ALERT, victim="V1")
        assert await at.look(SECOND_US) == 2
        assert [row[0] for row in at.asked()] == ["T1", "U1"], "not the home unit: it knows no place"


async def test_a_command_that_came_to_nothing_is_asked_again(embedded_url: str) -> None:
    async with asking_at(embedded_url) as at:
        await at.made.raised()
        await at.look(SECOND_US)
        at.end(CommandState.EXPIRED)
        assert await at.look(SECOND_US) == 0
        assert await at.look(MINUTE_US) == 1


async def test_two_processes_ask_as_one(database_url: str) -> None:
    async with asking_at(database_url) as at, await DeviceCommands.open(database_url) as more:
        other = Asking(at.made, more)
        await at.made.raised()
        await at.made.raised("W2-1")
        await asyncio.gather(*(side.look() for side in (at, other) * 3))
        assert sorted(row[0] for row in at.asked()) == ["T1", "T2"]


async def test_a_person_who_has_used_up_what_may_be_open_makes_the_rule_wait(embedded_url: str) -> None:
    async with asking_at(embedded_url) as at:
        async with at.commands.changing() as conn:
            for _ in range(16):
                await make(conn, asked())
        await at.made.raised()
        assert await at.look(SECOND_US) == 0
        at.end()
        assert await at.look(SECOND_US) == 1


NEAR = Condition("Z-near", "O-W1", ConditionKind.EXCLUSION_ZONE, shape=Circle(0.5, 51.25, 300.0))


async def test_a_zone_that_is_near_shortens(database_url: str) -> None:
    async with asking_at(database_url, NEAR) as at:
        await at.at(0.6, 51.25, 1)
        assert await at.look() == 0, "seven kilometres off"
        at.now_us += 31 * SECOND_US
        await at.at(0.508, 51.25, 2, spd=3.0)
        assert await at.look() == 1
        assert at.asked() == [("T1", "set_interval", FAST, "near", "Z-near")]
        at.end()
        at.now_us += 31 * SECOND_US
        await at.at(0.6, 51.25, 3)
        assert await at.look() == 0
        assert await at.look(QUIET_US + MINUTE_US) == 1
        assert at.asked()[-1][3] == "over"


@pytest.mark.parametrize(
    "stops",
    [
        Suspension("S1", "O-W1", NOON - HOUR_US, None, reason="custody", by="court"),
        Order("O-W1", "W1", OrderKind.COMMUNITY, NOON - DAY_US, NOON - HOUR_US),
    ],
)
async def test_a_zone_that_does_not_count_is_not_near(embedded_url: str, stops: Record) -> None:
    async with asking_at(embedded_url, NEAR, stops) as at:
        await at.at(0.504, 51.25, 1)
        assert await at.look() == 0


async def test_a_shared_zone_is_near_too_and_a_new_one_within_five_minutes(embedded_url: str) -> None:
    async with asking_at(embedded_url) as at:
        await at.at(0.504, 51.25, 1)
        assert await at.look() == 0
        shared = Condition("Z-shared", "O-W1", ConditionKind.RESTRICTION_ZONE, zone="Z1")
        await at.made.learn(Version(Zone("Z1", Circle(0.5, 51.25, 300.0))), Version(shared))
        at.made.roster = roster_of("T1", "T2")
        assert await at.look(5 * MINUTE_US + SECOND_US) == 0, "the fix is too old"
        await at.at(0.504, 51.25, 2)
        assert await at.look(31 * SECOND_US) == 1
        assert at.asked()[0][3:] == ("near", "Z-shared")


async def test_a_hole_is_asked_for_and_closed_when_it_is_filled(database_url: str) -> None:
    async with asking_at(database_url) as at:
        await at.received(1, 2, 3, 7, 8, 12)
        assert await at.look_for_holes() == 0, "it may only be late"
        assert await at.look_for_holes(OLD_US) == 2
        assert await at.look_for_holes(MINUTE_US) == 0
        assert at.asked() == [
            ("T1", "resend", {"gen": 0, "from": 9, "to": 11}, "hole", "0:9-11"),
            ("T1", "resend", {"gen": 0, "from": 4, "to": 6}, "hole", "0:4-6"),
        ]
        at.end()
        await at.received(9, 10, 11, folded=False)
        assert await at.look_for_holes(HOUR_US) == 1, "the other is asked for again"
        assert ask(database_url, "SELECT low, high, tries FROM seq_holes") == [(4, 6, 2)]
        await at.received(4, 5, 6)
        at.end()
        assert await at.look_for_holes(HOUR_US) == 0
        assert ask(database_url, "SELECT count(*) FROM seq_holes") == [(0,)]
        assert (at.count("holes_total", what="asked"), at.count("holes_total", what="filled")) == (3, 2)


PHONE = "owntracks_jane_phone"


async def test_failure_06_of_a_device_that_counts_nothing_nothing_is_asked_for(embedded_url: str) -> None:
    async with asking_at(embedded_url, Device(PHONE, DeviceKind.GPS_TAG)) as at:
        at.made.roster = roster_of("T1", "T2", PHONE)
        await at.received(1, 1 << 40, 1 << 41, device=2)
        await at.received(1, 3)
        await at.look_for_holes()
        assert await at.look_for_holes(OLD_US) == 1
        assert [row[0] for row in at.asked()] == ["T1"]


async def test_what_is_heard_through_an_adapter_is_told_nothing(embedded_url: str) -> None:
    fitting = Fitting("F-phone", PHONE, NOON - DAY_US, wearer="W1")
    async with asking_at(embedded_url, Device(PHONE, DeviceKind.GPS_TAG), fitting) as at:
        await at.made.raised()
        assert await at.look(SECOND_US) == 1
        assert [row[0] for row in at.asked()] == ["T1"]


async def test_what_is_filled_in_part_keeps_its_tries_and_its_command(database_url: str) -> None:
    async with asking_at(database_url) as at:
        await at.received(1, 10)
        await at.look_for_holes()
        assert await at.look_for_holes(OLD_US) == 1
        await at.received(2, 3, folded=False)
        assert await at.look_for_holes(MINUTE_US) == 0, "the command is still open"
        rows = ask(database_url, "SELECT low, high, tries, command_no FROM seq_holes")
        assert rows == [(4, 9, 1, 1)]


async def test_a_hole_that_nobody_fills_is_given_up(embedded_url: str) -> None:
    async with asking_at(embedded_url) as at:
        await at.received(1, 5)
        for _ in range(40):
            await at.look_for_holes(HOUR_US)
            at.end(CommandState.EXPIRED)
        assert len(at.asked()) == TRIES
        assert ask(embedded_url, "SELECT low, given_up FROM seq_holes") == [(2, True)]
        assert at.count("holes_total", what="given_up") == 1
        assert at.count("asked_total", command=CommandName.RESEND.value, cause=CommandCause.HOLE.value) == TRIES


async def test_a_device_that_nobody_wears_is_asked_for_nothing(embedded_url: str) -> None:
    off = Fitting("F-W1", "T1", NOON - DAY_US, NOON - HOUR_US, wearer="W1")
    async with asking_at(embedded_url, off) as at:
        await at.received(1, 5)
        await at.look_for_holes()
        assert await at.look_for_holes(OLD_US) == 0


async def test_dispatch_may_look_as_itself(database_url: str) -> None:
    async with asking_at(database_url, NEAR) as at:
        await at.received(1, 5)
        await at.at(0.504, 51.25, 6)
        await at.made.raised("W2-1")
        with login_as(database_url, "bailiwick_dispatch") as url:
            async with await DeviceCommands.open(url) as commands:
                own = Asking(at.made, commands)
                assert await own.look() == 2
                await own.look_for_holes()
                assert await own.look_for_holes(OLD_US) == 1


async def test_thousands_of_tags_are_looked_at_together(timescale_url: str) -> None:
    """One look asks each that is near, and no other."""
    number = 200
    records: list[Record] = []
    for n in range(number):
        condition = replace(NEAR, id=f"Z-{n}", order=f"O-X{n}")
        records += [version.record for version in wearer_records(f"X{n}", f"TX{n}")] + [condition]
    async with asking_at(timescale_url, *records) as at:
        at.made.roster = roster_of(*(f"TX{n}" for n in range(number)))
        at.made.commits += 1
        facts = np.concatenate([fixes_of(n, [1], at.now_us) for n in range(number)])
        facts["line"] = np.arange(number)
        facts["lon"], facts["lat"] = np.where(np.arange(number) % 2, 0.504, 0.9), 51.25
        await at.made.store.commit(work_of(at.made.commits, at.made.roster, facts, at.now_us))
        assert await at.look() == number // 2


async def test_violation_of_nobody_is_passed_over(embedded_url: str) -> None:
    async with asking_at(embedded_url) as at:
        await at.made.commit([violation_of("V9-1", wearer=None, victim="V9", kind=Kind.SOS)])
        assert await at.look() == 0
