"""Received ranges: merged rightly, folded with a checkpoint, the same before and after."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.commits import Work
from domain.facts import empty_facts
from store.ranges import FOLD_COMMITS, merge
from tests.store.made import any_work, ask, batch_of, fixes_of, migrated, roster_of, work_of

RANGE = st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(1, 40), st.integers(0, 12))


def numbers(ranges: np.ndarray) -> set[tuple[int, int, int]]:
    return {(d, g, n) for d, g, low, high in ranges.tolist() for n in range(low, high + 1)}


@given(st.lists(RANGE, max_size=30))
def test_merging_keeps_the_numbers_in_the_fewest_ranges(made: list[tuple[int, int, int, int]]) -> None:
    ranges = np.array([(d, g, low, low + more) for d, g, low, more in made], np.int64).reshape(-1, 4)
    merged = merge(ranges)
    assert numbers(merged) == numbers(ranges)
    for _, of_one in groupby(merged.tolist(), key=lambda r: (r[0], r[1])):
        several = list(of_one)
        assert all(after[2] > before[3] + 1 for before, after in pairwise(several))


def test_numbers_past_53_bits_merge() -> None:
    high = 1 << 53
    ranges = np.array([(1, 0, high - 1, high - 1), (1, 0, high, high + 5)], np.int64)
    assert merge(ranges).tolist() == [[1, 0, high - 1, high + 5]]


async def test_ranges_are_the_same_folded_or_not(database_url: str) -> None:
    rng = np.random.default_rng(11)
    async with migrated(database_url) as store:
        roster = roster_of("T1", "T2", "T3")
        expected: set[tuple[int, int, int]] = set()
        for no in range(1, 31):
            ranges = []
            for device in range(3):
                low = int(rng.integers(1, 200))
                ranges.append((device, int(rng.integers(0, 2)), low, low + int(rng.integers(0, 5))))
            expected |= numbers(np.array(ranges))
            checkpoint = b"state" if no % 7 == 0 else None
            await store.commit(Work(no, roster, batch_of(1), empty_facts(), ranges=ranges, checkpoint=checkpoint))
            assert numbers(await store.received_ranges(roster)) == expected
        folded = ask(database_url, "SELECT commit_no, (SELECT count(*) FROM received_ranges) FROM folded_ranges")
        assert folded[0][0] == 28
        assert folded[0][1] > 0


async def test_a_counter_that_goes_on_has_one_row(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1", "T2")
        for no in range(1, 6):
            await store.commit(work_of(no, roster, fixes_of(0, [no * 2 - 1, no * 2]), checkpoint=b"state"))
        assert ask(database_url, "SELECT gen, low, high FROM received_ranges") == [(0, 1, 10)]
        assert (await store.received_ranges(roster)).tolist() == [[0, 0, 1, 10]]


async def test_a_hole_that_is_filled_joins_its_neighbours(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        for no, seqs in enumerate(([1, 2], [5, 6], [9], [3, 4], [7, 8]), start=1):
            await store.commit(work_of(no, roster, fixes_of(0, seqs), checkpoint=b"state"))
        assert ask(database_url, "SELECT low, high FROM received_ranges") == [(1, 9)]


async def test_beside_commits_ranges_are_folded_many_at_once(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        for no in range(1, FOLD_COMMITS + 2):
            work = Work(no, roster, batch_of(1), empty_facts(), ranges=[(0, 0, 2 * no, 2 * no)])
            await store.commit(work)
            if no in (3, FOLD_COMMITS, FOLD_COMMITS + 1):
                await store.keep_checkpoint(no, b"state")
                folded = 0 if no == 3 else FOLD_COMMITS
                assert ask(database_url, "SELECT commit_no FROM folded_ranges") == [(folded,)]
        received = await store.received_ranges(roster)
    assert received[:, 2].tolist() == list(range(2, 2 * FOLD_COMMITS + 4, 2))


async def test_what_was_received_is_what_was_stored(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1", "T2", "T3")
        for no in range(1, 4):
            await store.commit(any_work(no, roster, seed=no, checkpoint=b"state"))
        received = "SELECT sum(high - low + 1)::bigint FROM received_ranges"
        stored = "SELECT facts_total FROM commits WHERE no = (SELECT commit_no FROM folded_ranges)"
        assert ask(database_url, received) == ask(database_url, stored) == [(600,)]
