"""What the API is told: wearers, devices, positions, trails, violations, alerts, counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from domain.facts import Roster, empty_facts
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Device, Fitting, Version, Wearer
from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Change,
    DeviceKind,
    EventCode,
    Kind,
    OrderState,
    Quality,
    Severity,
)
from store import Reading, Store
from store.reading_types import AlertFilter, PositionRow, ViolationFilter
from tests.store.made import (
    NOON,
    change_of,
    fixes_of,
    learn_everything,
    migrated,
    roster_of,
    violation_of,
    wearer_records,
    work_of,
)

NOW = NOON + HOUR_US


@asynccontextmanager
async def caseload(url: str, *more: Version) -> AsyncIterator[tuple[Store, Reading, Roster]]:
    """W1 with T1, W2 with T2, learnt by commit 1; the reading side at `NOW`."""
    async with migrated(url, ()) as store, await Reading.open(url, lambda: NOW) as reading:
        await store.learn([*wearer_records("W1", "T1"), *wearer_records("W2", "T2"), *more])
        roster = Roster()
        await learn_everything(store, 1, roster)
        yield store, reading, roster


async def test_wearers_by_id_with_what_is_in_force(database_url: str) -> None:
    ended = Version(Fitting("F-old", "T3", NOON - 3 * DAY_US, NOON - 2 * DAY_US, wearer="W1"))
    bare = Version(Wearer("W3", "Invented W3"))
    async with caseload(database_url, bare, ended) as (store, reading, roster):
        await store.commit(work_of(2, roster, fixes_of(0, [1, 2])))
        first, second, third = await reading.wearers(None, 10)
        assert (first.id, first.orders, first.devices) == ("W1", ("O-W1",), ("T1",))
        assert first.record["name"] == "Invented W1"
        assert "type" not in first.record
        assert second.id == "W2"
        assert (third.orders, third.devices) == ((), ())
        assert await reading.wearers("W1", 1) == [second]
        assert await reading.wearer("W2") == second
        assert await reading.wearer("nobody") is None


async def test_devices_with_who_has_them_and_when_they_were_heard(database_url: str) -> None:
    spare = Version(Device("T9", DeviceKind.RF_TAG, lot="2026-03"))
    async with caseload(database_url, spare) as (store, reading, roster):
        facts = np.concatenate([fixes_of(0, [1]), fixes_of(0, [2], NOON + MINUTE_US)])
        facts["line"] = [0, 1]
        facts["is_event"], facts["code"] = [False, True], [-1, EventCode.HEARTBEAT]
        await store.commit(work_of(2, roster, facts))
        first, second, third = await reading.devices(None, 10)
        assert (first.id, first.wearer, first.victim) == ("T1", "W1", None)
        assert first.heard_us == NOON + MINUTE_US + 500_000
        assert (second.id, second.heard_us) == ("T2", None)
        assert (third.id, third.wearer, third.record["lot"]) == ("T9", None, "2026-03")
        assert await reading.devices("T2", 10) == [third]


async def test_the_newest_fix_that_may_be_drawn(database_url: str) -> None:
    second_tag = [
        Version(Device("T7", DeviceKind.GPS_TAG)),
        Version(Fitting("F7", "T7", NOON - DAY_US, wearer="W2")),
    ]
    async with caseload(database_url, *second_tag) as (store, reading, roster):
        facts = np.concatenate([fixes_of(0, [1, 2, 3]), fixes_of(1, [1], NOON + 9), fixes_of(2, [1], NOON + 8)])
        facts["quality"][2] = Quality.IMPLAUSIBLE
        facts["quality"][3] = Quality.INACCURATE
        await store.commit(work_of(2, roster, facts))
        positions = await reading.positions(None, 10)
        assert [(p.wearer, p.device, p.seq) for p in positions] == [("W1", "T1", 2), ("W2", "T2", 1)]
        assert positions[0] == PositionRow(
            *("W1", "T1", NOON + SECOND_US, NOON + SECOND_US + 500_000),
            *(51.25, 0.5, 8.0, "gps", "ok", 0, 2, 1.25, 90.0),
        )
        assert positions[1].quality == "inaccurate"
        assert await reading.positions("W1", 10) == positions[1:]
        assert await reading.positions(None, 1) == positions[:1]


async def test_a_position_of_before_the_fitting_or_of_long_ago_is_not_shown(database_url: str) -> None:
    records = wearer_records("W1", "T1", from_us=NOON - MINUTE_US)
    async with migrated(database_url, ()) as store, await Reading.open(database_url, lambda: NOW) as reading:
        await store.learn(records)
        roster = Roster()
        await learn_everything(store, 1, roster)
        await store.commit(work_of(2, roster, fixes_of(0, [1], NOON - HOUR_US)))
        assert await reading.positions(None, 10) == []
        await store.commit(work_of(3, roster, fixes_of(0, [2], NOON)))
        async with await Reading.open(database_url, lambda: NOW + 8 * DAY_US) as later:
            assert len(await reading.positions(None, 10)) == 1
            assert await later.positions(None, 10) == []


async def test_a_trail_goes_through_the_fittings(database_url: str) -> None:
    swap = NOON + 10 * SECOND_US
    records = [
        Version(Wearer("W1", "Invented W1")),
        *(Version(Device(device, DeviceKind.GPS_TAG)) for device in ("T1", "T2")),
        Version(Fitting("F1", "T1", NOON - DAY_US, swap, wearer="W1")),
        Version(Fitting("F2", "T2", swap, wearer="W1")),
    ]
    async with migrated(database_url, ()) as store:
        await store.learn(records)
        roster = Roster()
        await learn_everything(store, 1, roster)
        facts = np.concatenate([fixes_of(0, range(1, 21)), fixes_of(1, range(1, 21))])
        facts["spd"][0] = np.nan
        stray = fixes_of(1, [99])
        stray["received_us"] += 60 * DAY_US
        await store.commit(work_of(2, roster, np.concatenate([facts, stray])))
        again = work_of(3, roster, requalified=[(0, 0, 0, 3, Quality.IMPLAUSIBLE), (0, 0, 0, 3, Quality.ZERO)])
        await store.commit(again)
        trail = (await store.reading.trail("W1", NOON, NOON + 15 * SECOND_US, None, 100)).rows()
        assert [(p.device, p.seq) for p in trail] == [
            *(("T1", seq) for seq in range(1, 11)),
            *(("T2", seq) for seq in range(11, 16)),
        ]
        assert trail[0].spd is None
        assert trail[1].spd == 1.25
        assert trail[2].quality == "zero"
        place = (trail[6].t_us, trail[6].device, trail[6].gen, trail[6].seq)
        assert (await store.reading.trail("W1", NOON, NOON + 15 * SECOND_US, place, 3)).rows() == trail[7:10]
        assert len(await store.reading.trail("W2", NOON, NOON + DAY_US, None, 10)) == 0


async def test_strays_are_drawn_in_a_trail(database_url: str) -> None:
    async with caseload(database_url) as (store, reading, roster):
        ancient = fixes_of(0, [5])
        ancient["received_us"] += 60 * DAY_US
        ancient["quality"] = Quality.ANCIENT
        await store.commit(work_of(2, roster, ancient))
        (point,) = (await reading.trail("W1", NOON - HOUR_US, NOW, None, 10)).rows()
        assert (point.seq, point.quality) == (5, "ancient")
        assert await reading.positions(None, 10) == []


async def test_violations_by_what_is_wanted(database_url: str) -> None:
    async with caseload(database_url) as (store, reading, roster):
        one = violation_of("W1-1")
        two = violation_of("W1-2", kind=Kind.CURFEW, condition="C2", to_us=NOON + HOUR_US)
        three = violation_of("W2-1", from_us=NOON - DAY_US)
        await store.commit(work_of(2, roster, versions=[one, two, three]))
        gone = violation_of("W2-1", 2, from_us=NOON - DAY_US, change=Change.WITHDRAWN)
        longer = violation_of("W1-1", 2, change=Change.AMENDED, code=None)
        await store.commit(work_of(3, roster, versions=[gone, longer]))

        async def found(**wanted: object) -> list[tuple[str, int]]:
            rows = await reading.violations(ViolationFilter(**wanted), None, 10)
            assert [no for no, _ in rows] == sorted((no for no, _ in rows), reverse=True)
            return [(violation.id, violation.version) for _, violation in rows]

        assert await found() == [("W1-2", 1), ("W1-1", 2)]
        assert await found(current=False) == [("W2-1", 2), ("W1-2", 1), ("W1-1", 2)]
        assert await found(wearer="W2") == []
        assert await found(kinds=[Kind.CURFEW]) == [("W1-2", 1)]
        assert await found(condition="C1") == [("W1-1", 2)]
        assert await found(open=True) == [("W1-1", 2)]
        assert await found(open=False) == [("W1-2", 1)]
        assert await found(from_us=NOON + HOUR_US) == [("W1-2", 1), ("W1-1", 2)]
        assert await found(from_us=NOON + HOUR_US + 1) == [("W1-1", 2)]
        assert await found(to_us=NOON) == []
        ((newest, _), rest) = await reading.violations(ViolationFilter(), None, 10)
        assert await reading.violations(ViolationFilter(), newest, 10) == [rest]
        assert [v for _, v in await reading.versions(0, 10)] == [one, two, three, gone, longer]


async def test_alerts_by_what_is_wanted(database_url: str) -> None:
    async with caseload(database_url) as (store, reading, roster):
        opened = [violation_of(f"W{n}-1", decided_us=NOON + n) for n in (1, 2, 3, 4)]
        changes = [change_of(v) for v in opened]
        changes[1] = change_of(opened[1], severity=Severity.WARNING)
        changes[2] = change_of(opened[2], state=AlertCondition.CLEARED)
        changes[3] = change_of(opened[3], withdrawn=True)
        await store.commit(work_of(2, roster, versions=opened, alerts=changes))

        async def found(**wanted: object) -> list[str]:
            rows = await reading.alerts(AlertFilter(**wanted), None, 10)
            return [row.episode for row in rows]

        assert await found() == ["W3-1", "W2-1", "W1-1"]
        assert await found(withdrawn=True) == ["W4-1", "W3-1", "W2-1", "W1-1"]
        assert await found(wearer="W2") == ["W2-1"]
        assert await found(severities=[Severity.CRITICAL]) == ["W3-1", "W1-1"]
        assert await found(state=AlertCondition.ACTIVE) == ["W2-1", "W1-1"]
        newest, *rest = await reading.alerts(AlertFilter(), None, 10)
        assert await reading.alerts(AlertFilter(), (newest.raised_us, newest.no), 10) == rest
        assert await reading.alert(newest.no) == newest
        assert newest.work is AlertWork.RAISED
        assert await reading.alert(10**15) is None
        assert await reading.violations_of(newest.no) == [opened[2]]


async def test_counts_are_of_one_instant(database_url: str) -> None:
    async with caseload(database_url) as (store, reading, roster):
        empty = await reading.counts()
        assert (empty.at_us, empty.facts, empty.facts_per_s, empty.alerts_active) == (None, 0, 0.0, {})
        opened = violation_of()
        work = work_of(2, roster, fixes_of(0, range(1, 31)), versions=[opened], alerts=[change_of(opened)])
        await store.commit(work)
        states = {"monitored": 1, "suspended": 1}
        await store.publish_figures({"order_states": states, "more": 1}, NOW)
        counts = await reading.counts()
        assert counts.at_us == work.batch.instants[-1]
        assert (counts.wearers, counts.devices, counts.facts) == (2, 2, 30)
        assert counts.facts_per_s == 3.0
        assert counts.violations_open == {Kind.EXCLUSION_ZONE: 1}
        assert counts.alerts_active == {Severity.CRITICAL: 1}
        assert counts.orders_active == 2
        assert counts.order_states == dict.fromkeys(OrderState, 0) | {
            OrderState.MONITORED: 1,
            OrderState.SUSPENDED: 1,
        }
        figures = (await reading.figures())["ingest"]
        assert (figures.body["more"], figures.at_us) == (1, NOW)


async def test_an_empty_database_answers_everything(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading = store.reading
        assert await reading.wearers(None, 10) == []
        assert await reading.positions(None, 10) == []
        assert await reading.violations(ViolationFilter(), None, 10) == []
        assert await reading.alerts(AlertFilter(), None, 10) == []
        assert (await reading.newest_event(), await reading.oldest_event()) == (0, 0)
        assert (await reading.counts()).orders_active == 0
        assert len(await store.history([], roster_of())) == len(empty_facts())
