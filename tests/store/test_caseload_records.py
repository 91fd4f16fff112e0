"""Caseload records: entered all or none, learnt by a commit, read back in the order learnt."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.commits import Work
from domain.facts import LineKind, Roster, empty_facts
from domain.instants import EARLY_US, SECOND_US
from domain.records import Circle, Condition, Corridor, Device, Polygons, Version, Wearer, Zone
from domain.vocabulary import ConditionKind, DeviceKind, Level
from store import Refused
from tests.store.made import NOON, ask, batch_of, learn_everything, migrated, roster_of, wearer_records

TRIANGLE = ((0.5, 51.2), (0.6, 51.2), (0.6, 51.3), (0.5, 51.2))
HOLE = ((0.58, 51.21), (0.59, 51.22), (0.59, 51.21), (0.58, 51.21))
ISLAND = ((1.5, 51.2), (1.6, 51.2), (1.6, 51.3), (1.5, 51.2))
SHAPES = (
    Circle(0.512345678901234, 51.25, 120.5),
    Corridor(((0.5, 51.2), (0.6, 51.3)), 25.0),
    Polygons(((TRIANGLE, HOLE), (ISLAND,))),
)


def records() -> list[Version]:
    zones = [Version(Zone(f"Z{i}", shape, name="a zone")) for i, shape in enumerate(SHAPES)]
    condition = Condition("C9", "O-W1", ConditionKind.EXCLUSION_ZONE, shape=SHAPES[0], threshold_points=2)
    return [*wearer_records(), *zones, Version(condition, NOON - 5)]


async def test_records_come_back_as_entered(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        assert await store.learn(records()) == len(records())
        assert [version for _, version in await store.unlearnt()] == records()
        assert await store.entered() == records()
        assert await store.caseload() == []
        numbers = await store.device_numbers()
        assert list(numbers) == ["T1"]
        await learn_everything(store, 1, Roster())
        assert await store.unlearnt() == []
        assert await store.caseload() == records()


async def test_all_or_none(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        good, bad = Version(Wearer("W1", "Somebody")), Version(Wearer("W2", "No\0body"))
        with pytest.raises(Refused):
            await store.learn([good, Version(Device("T1", DeviceKind.GPS_TAG)), bad])
        assert await store.unlearnt() == []
        assert await store.device_numbers() == {}


async def test_a_line_learns_a_record_at_its_instant(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await store.learn(wearer_records())
        roster = Roster()
        await learn_everything(store, 1, roster)
        changed = Version(Wearer("W1", "Invented W1", Level.INTENSIVE), NOON)
        await store.learn([changed, Version(Device("T9", DeviceKind.GPS_TAG))])
        ((record_no, version), (device_no, device)) = await store.unlearnt()
        assert version == changed

        batch = batch_of(3, devices=[0, -1, -1])
        batch.kinds[1:] = LineKind.LEARNT
        batch.learnt = {
            1: replace(version, learnt_us=NOON + SECOND_US),
            2: replace(device, learnt_us=NOON + 2 * SECOND_US),
        }
        roster.add("T9")
        await store.commit(Work(2, roster, batch, empty_facts(), learnt=[(record_no, 1), (device_no, 2)]))

        assert (await store.caseload())[-2:] == [batch.learnt[1], batch.learnt[2]]
        assert await store.caseload(until_commit=1) == wearer_records()
        fresh = roster_of("T1")
        (commit,) = [commit async for commit in store.commits_after(1, fresh)]
        assert commit.batch.learnt == batch.learnt
        assert fresh.ids == ["T1", "T9"]
        assert ask(database_url, "SELECT level FROM wearers WHERE id = 'W1'") == [("intensive",)]


async def test_views_show_the_newest_learnt_version(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await store.learn(wearer_records())
        assert ask(database_url, "SELECT count(*) FROM wearers") == [(0,)], "nothing is learnt yet"
        await learn_everything(store, 1, Roster())
        assert ask(database_url, "SELECT id, wearer, device FROM fittings") == [("F-W1", "W1", "T1")]
        assert ask(database_url, "SELECT id, wearer, kind FROM orders") == [("O-W1", "W1", "community")]
        assert ask(database_url, "SELECT id, order_id, kind FROM conditions") == [("C-W1", "O-W1", "trail")]
        await store.learn([Version(Wearer("W1", "Invented W1"), cancelled=True)])
        await learn_everything(store, 2, Roster())
        assert ask(database_url, "SELECT count(*) FROM wearers") == [(0,)]
        assert len(await store.caseload()) == len(wearer_records()) + 1


async def test_of_two_versions_learnt_at_once_the_last_is_the_newest(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await store.learn([Version(Wearer("W1", "first")), Version(Wearer("W1", "second"))])
        await learn_everything(store, 1, Roster())
        assert ask(database_url, "SELECT name FROM wearers") == [("second",)]


async def test_entering_wakes_ingest(database_url: str) -> None:
    async with migrated(database_url, ()) as store, store.caseload_changes() as changed:
        for name in ("first", "second"):
            await store.learn([Version(Wearer("W1", name))])
            await asyncio.wait_for(changed(), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(changed(), 0.01)
        await store.learn([Version(Wearer("W1", "third"))])
        await asyncio.wait_for(changed(), 10)


async def test_a_device_keeps_its_number(database_url: str) -> None:
    async with migrated(database_url, ("T1", "T2")) as store:
        before = await store.device_numbers()
        await store.learn(
            [Version(Device("T2", DeviceKind.GPS_TAG, lot="x")), Version(Device("T3", DeviceKind.RF_TAG))]
        )
        after = await store.device_numbers()
        assert after == before | {"T3": after["T3"]}
        assert len(set(after.values())) == len(after)


async def test_learnt_before_everything_is_not_a_line(database_url: str) -> None:
    async with migrated(database_url) as store:
        await learn_everything(store, 1, Roster())
        (commit,) = [commit async for commit in store.commits_after(0, Roster())]
        assert commit.batch.learnt == {}
        assert {version.learnt_us for version in await store.caseload()} == {EARLY_US}
