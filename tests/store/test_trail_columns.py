"""Fixes as columns say what rows say; the facts of a trail are counted from what was read of it and the events beside it."""

from __future__ import annotations

import numpy as np

from domain.instants import DAY_US, HOUR_US
from store import Reading
from store.newest_positions import TABLE_EVERY_US
from store.position_columns import columns_of, names_of
from store.reading_places import Counted
from store.reading_types import PositionRow
from store.trails import counted, together
from tests.store.made import NOON, any_work, ask, fixes_of, migrated, work_of
from tests.store.test_newest_fixes import grown, known
from tests.waiting import eventually

ROWS = [
    PositionRow("W1", "T1", NOON, NOON + 1, 51.5, -0.1, 8.5, "gps", "ok", 0, 7, 1.3, None),
    PositionRow("W1", "T2", NOON + 2, NOON + 3, 51.6, -0.2, 300.0, "lbs", "inaccurate", 1, 1 << 60, None, 271.5),
]


def test_rows_come_back_from_their_columns() -> None:
    columns = columns_of(ROWS)
    assert columns.rows() == ROWS
    assert columns.at(np.array([1])).rows() == ROWS[1:]
    assert columns.key(-1) == (NOON + 2, "T2", 1, 1 << 60)
    assert columns_of([]).rows() == []
    assert names_of([]).tolist() == []


def test_counts_of_different_facts_are_one() -> None:
    some = [Counted("T2", 0, 3, 5, 9), Counted("T1", 1, 1, 4, 4), Counted("T2", 0, 2, 2, 6)]
    assert together(some) == [Counted("T1", 1, 1, 4, 4), Counted("T2", 0, 5, 2, 9)]


async def test_fixes_and_events_counted_apart_are_all_facts(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            await grown(store, roster, range(2, 8), seed=5)
            span = (NOON - DAY_US, NOON + DAY_US)
            events = 0
            for wearer in ("W1", "W2"):
                apart = await reading.events_between(wearer, *span)
                fixes = counted(await reading.trail(wearer, *span, None, 100_000))
                events += sum(one.facts for one in apart)
                assert together([*fixes, *apart]) == await reading.facts_between(wearer, *span)
            assert events > 0


async def test_the_table_follows_beside_the_looks(database_url: str) -> None:
    now_us = [NOON + 4 * HOUR_US]
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading, await Reading.open(database_url, lambda: now_us[0]) as later:
            await store.commit(any_work(2, roster, seed=1))
            assert await later.positions(None, 100)
            now_us[0] += TABLE_EVERY_US
            await store.commit(work_of(3, roster, fixes_of(0, [9_999], NOON + HOUR_US)))
            assert await later.positions(None, 100) == await reading.newest_fixes([f"W{n}" for n in range(6)])
            kept = "SELECT commit_no FROM newest_fixes_kept"
            await eventually(lambda: ask(database_url, kept) == [(3,)], "the table follows")
