"""The newest fixes that are kept for the map are those that are found in the facts, whenever somebody looks."""

from __future__ import annotations

import asyncio

import pytest

from domain.callers import Sight
from domain.facts import Roster
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Fitting, Version
from store import Reading, Store
from tests.store.made import NOON, any_work, ask, fixes_of, learn_everything, migrated, wearer_records, work_of

WEARERS = [f"W{n}" for n in range(6)]
MANY = 100


async def grown(store: Store, roster: Roster, commits: range, seed: int) -> None:
    for no in commits:
        await store.commit(any_work(no, roster, seed + no))


async def known(url: str, store: Store) -> tuple[Reading, Roster]:
    """Wearers with a tag each, learnt, seen some hours after noon."""
    from_us = NOON - 20 * DAY_US
    await store.learn([one for n, wearer in enumerate(WEARERS) for one in wearer_records(wearer, f"T{n}", from_us)])
    roster = Roster()
    await learn_everything(store, 1, roster)
    return await Reading.open(url, lambda: NOON + 4 * HOUR_US), roster


async def test_it_is_what_the_facts_say_after_every_look(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            assert await reading.positions(None, MANY) == []
            for first in (2, 5, 6, 20):
                await grown(store, roster, range(first, {2: 5, 5: 6, 6: 20, 20: 24}[first]), seed=7)
                found = await reading.positions(None, MANY)
                assert found == await reading.newest_fixes(WEARERS)
                assert len(found) > 3
            for table in ("newest_fixes", "newest_fixes_kept"):
                ask(database_url, f"DELETE FROM {table} RETURNING 1")
            assert await reading.positions(None, MANY) == found, "lost in a crash, it is made anew"
            assert await reading.positions("W2", 2) == [row for row in found if row.wearer > "W2"][:2]


async def test_a_late_fix_and_one_of_long_ago_are_not_the_newest(embedded_url: str) -> None:
    async with migrated(embedded_url, ()) as store:
        reading, roster = await known(embedded_url, store)
        async with reading:
            await store.commit(work_of(2, roster, fixes_of(0, [5], NOON)))
            ((first,),) = [await reading.positions(None, MANY)]
            await store.commit(work_of(3, roster, fixes_of(0, [4], NOON - HOUR_US)))
            assert await reading.positions(None, MANY) == [first]
            await store.commit(work_of(4, roster, fixes_of(0, [6], NOON + MINUTE_US)))
            assert [row.seq for row in await reading.positions(None, MANY)] == [6]
            await store.commit(work_of(5, roster, fixes_of(1, [1], NOON + 7 * DAY_US)))
            async with await Reading.open(embedded_url, lambda: NOON + 7 * DAY_US + HOUR_US) as a_week_on:
                assert [row.wearer for row in await a_week_on.positions(None, MANY)] == ["W1"]
            assert ask(embedded_url, "SELECT count(*) FROM newest_fixes") == [(1,)]


async def test_a_device_that_changes_hands_shows_whose_it_is_now(embedded_url: str) -> None:
    async with migrated(embedded_url, ()) as store:
        reading, roster = await known(embedded_url, store)
        async with reading:
            await store.commit(work_of(2, roster, fixes_of(0, [5], NOON)))
            assert [row.wearer for row in await reading.positions(None, MANY)] == ["W0"]
            since = NOON - 20 * DAY_US
            await store.learn(
                [
                    Version(Fitting("F-W0", "T0", since, NOON + HOUR_US, wearer="W0"), NOON),
                    Version(Fitting("F-new", "T0", NOON + HOUR_US, wearer="W5"), NOON),
                ]
            )
            learnt = [(number, 0) for number, _ in await store.unlearnt()]
            work = work_of(3, roster, fixes_of(1, [1], NOON), learnt=learnt)
            await store.commit(work)
            assert [row.wearer for row in await reading.positions(None, MANY)] == ["W1"], "it said nothing since"
            await store.commit(work_of(4, roster, fixes_of(0, [9], NOON + 2 * HOUR_US)))
            assert [row.wearer for row in await reading.positions(None, MANY)] == ["W1", "W5"]


async def test_each_sight_shows_its_own_and_those_who_look_at_once_see_the_same(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            await grown(store, roster, range(2, 8), seed=3)
            everybody = Sight(everything=True, positions=True)
            some = Sight(wearers=frozenset({"W1", "W3"}), positions=True)
            none = Sight(everything=True)
            seen = await asyncio.gather(
                *(reading.seen(sight).positions(None, MANY) for sight in (everybody, some, none) for _ in range(3))
            )
            whole = await reading.positions(None, MANY)
            assert seen[:3] == [whole] * 3
            assert seen[3:6] == [[row for row in whole if row.wearer in ("W1", "W3")]] * 3
            assert seen[6:] == [[]] * 3


@pytest.mark.slow
async def test_it_is_kept_right_while_ingest_commits(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            done = asyncio.create_task(grown(store, roster, range(2, 40), seed=11))
            while not done.done():
                await asyncio.gather(*(reading.positions(None, MANY) for _ in range(3)))
            await done
            assert await reading.positions(None, MANY) == await reading.newest_fixes(WEARERS)
