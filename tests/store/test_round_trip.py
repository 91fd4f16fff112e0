"""What is committed comes back exactly: facts, lines, order, ranges."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from domain.commits import Commit, Work
from domain.facts import Batch, Roster, empty_facts
from domain.instants import DAY_US, EARLY_US, HOUR_US
from domain.networks import Network
from domain.records import Device, Version
from domain.vocabulary import DeviceKind, EventCode, Quality
from store import FactsGone, NotNextCommit, Store, UnknownDevice
from tests.store.made import NOON, any_work, ask, batch_of, fixes_of, migrated, roster_of, same_facts, work_of

DEVICES = ("T1", "T2", "T3", "H1")


def assert_same(commit: Commit, work: Work, roster: Roster) -> None:
    """The commit read back is what was committed, devices by their ids."""
    assert commit.no == work.no
    back, batch = commit.batch, work.batch
    assert same_facts(with_ids(back.facts, roster, work.roster), work.keep)
    for name in ("instants", "kinds", "sent_us", "bad"):
        assert np.array_equal(getattr(back, name), getattr(batch, name)), name
        assert getattr(back, name).dtype == getattr(batch, name).dtype, name
    assert np.array_equal(
        [roster.ids[d] if d >= 0 else None for d in back.devices],
        [work.roster.ids[d] if d >= 0 else None for d in batch.devices],
    )
    assert back.devices.dtype == np.int32
    assert back.event_data == work.event_data
    assert back.learnt == batch.learnt
    assert back.networks == work.networks
    assert {f.name for f in fields(Batch)} == {
        *("instants", "kinds", "devices", "sent_us", "bad", "facts", "event_data", "learnt", "networks")
    }


def with_ids(facts: np.ndarray, roster: Roster, wanted: Roster) -> np.ndarray:
    """The facts with roster indices of ``wanted``."""
    table = np.array([wanted.index.get(device, -9) for device in roster.ids] + [-2, -1])
    moved = facts.copy()
    moved["device"] = table[facts["device"]]
    moved["tag"] = table[facts["tag"]]
    return moved


async def test_commits_come_back_exactly(database_url: str) -> None:
    async with migrated(database_url, DEVICES) as store:
        roster = roster_of(*DEVICES)
        works = [any_work(no, roster, seed=no) for no in range(1, 5)]
        lines = np.flatnonzero(works[1].batch.devices >= 0).tolist()
        works[1].networks = {lines[0]: Network("234", "15", "7", "800"), lines[-1]: Network(cell="1")}
        for work in works:
            await store.commit(work)
        other = roster_of("H1", "T3")
        back = [commit async for commit in store.commits_after(0, other)]
        assert len(back) == len(works)
        for commit, work in zip(back, works, strict=True):
            assert_same(commit, work, other)
        assert [commit.no async for commit in store.commits_after(2, other)] == [3, 4]
        strays = ask(database_url, "SELECT (SELECT count(*) FROM stray_fixes), (SELECT count(*) FROM fixes)")[0]
        assert strays[0] > 0
        assert strays[1] > 0


async def test_an_empty_commit_comes_back(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await store.commit(Work(1, roster, batch_of(0), fixes_of(0, [])))
        (commit,) = [commit async for commit in store.commits_after(0, roster)]
        assert len(commit.batch.instants) == 0
        assert len(commit.batch.facts) == 0


async def test_a_restart_reads_back_what_another_process_wrote(database_url: str) -> None:
    async with migrated(database_url, DEVICES) as store:
        roster = roster_of(*DEVICES)
        work = any_work(1, roster, seed=7, checkpoint=b"state" * 1000)
        await store.commit(work)
    async with await Store.open(database_url) as store:
        fresh = Roster()
        (commit,) = [commit async for commit in store.commits_after(0, fresh)]
        assert_same(commit, work, fresh)
        checkpoint = await store.newest_checkpoint()
        assert checkpoint is not None
        assert (checkpoint.commit_no, checkpoint.body) == (1, b"state" * 1000)
        assert await store.newest_commit() == 1


async def test_the_number_must_follow_the_last(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        for wrong in (2, 0, 7):
            with pytest.raises(NotNextCommit) as caught:
                await store.commit(work_of(wrong, roster, fixes_of(0, [1])))
            assert (caught.value.no, caught.value.newest) == (wrong, 0)
        assert ask(database_url, "SELECT count(*) FROM fixes") == [(0,)]


async def test_the_same_store_may_commit_again_and_it_is_there_once(database_url: str) -> None:
    async with migrated(database_url) as store, await Store.open(database_url) as other:
        work = work_of(1, roster_of("T1"), fixes_of(0, [1, 2, 3]))
        await store.commit(work)
        await store.commit(work)
        with pytest.raises(NotNextCommit):
            await other.commit(work)
        assert ask(database_url, "SELECT count(*) FROM fixes") == [(3,)]


async def test_a_device_that_was_never_entered_is_told(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1", "NOBODY")
        with pytest.raises(UnknownDevice, match="NOBODY"):
            await store.commit(work_of(1, roster, fixes_of(1, [1])))
        await store.commit(work_of(1, roster, fixes_of(0, [1])))
        await store.learn([Version(Device("NOBODY", DeviceKind.GPS_TAG))])
        await store.commit(work_of(2, roster, fixes_of(1, [1])))


async def test_facts_by_identity_and_history(database_url: str) -> None:
    async with migrated(database_url, DEVICES) as store:
        roster = roster_of(*DEVICES)
        works = [any_work(no, roster, seed=no) for no in (1, 2)]
        for work in works:
            await store.commit(work)
        stored = np.concatenate([work.keep for work in works])
        wanted = [3, 399, 17, 250, 0]
        ids = [(int(f["device"]), int(f["gen"]), int(f["seq"])) for f in stored[wanted]]
        found = await store.facts_by_identity([*ids, (0, 9, 9)], roster)
        assert same_facts(found, stored[wanted])
        assert len(await store.facts_by_identity([], roster)) == 0
        early = await store.facts_by_identity(ids, roster, until_commit=1)
        assert same_facts(early, stored[[3, 17, 0]])

        history = await store.history([2, 0], roster)
        chosen = stored[np.isin(stored["device"], [2, 0])]
        order = np.lexsort((chosen["seq"], chosen["gen"], chosen["device"], chosen["t_us"]))
        assert same_facts(history, chosen[order])
        assert len(await store.history([2, 0], roster, until_commit=1)) < len(history)
        assert len(await store.history([], roster)) == 0


async def test_the_history_since_an_instant(database_url: str) -> None:
    """Facts later than an instant, each device by its own; and an event so late that it counts as of when it came."""
    async with migrated(database_url, DEVICES) as store:
        roster = roster_of(*DEVICES)
        live = fixes_of(0, range(1, 6))
        await store.commit(work_of(1, roster, np.concatenate([live, fixes_of(1, range(1, 6))])))
        late = empty_facts(3)
        late["device"], late["seq"], late["is_event"], late["code"] = 0, [6, 7, 8], True, EventCode.FAULT
        after_us, last_us = (int(live["t_us"][k]) for k in (2, 4))
        late["received_us"] = last_us + HOUR_US
        late["t_us"] = [last_us - 20 * DAY_US, last_us - 30 * DAY_US, last_us - 400 * DAY_US]
        await store.commit(work_of(2, roster, late, last_us + HOUR_US))
        assert (await store.history([0], roster, None, [after_us]))["seq"].tolist() == [8, 7, 4, 5]
        assert (await store.history([0], roster, None, [last_us + 2 * HOUR_US]))["seq"].tolist() == []
        both = await store.history([0, 1], roster, None, [after_us, EARLY_US])
        assert both["seq"][both["device"] == 1].tolist() == [1, 2, 3, 4, 5]
        assert both["seq"][both["device"] == 0].tolist() == [8, 7, 4, 5]
        assert len(await store.history([0], roster, 1, [after_us])) == 2


async def test_an_old_identity_is_found_past_the_recent_hour(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        old = fixes_of(0, [1, 2, 3])
        await store.commit(work_of(1, roster, old))
        await store.commit(work_of(2, roster, fixes_of(0, [4], NOON + 86_400_000_000), NOON + 86_400_000_000))
        found = await store.facts_by_identity([(0, 0, 4), (0, 0, 2)], roster)
        assert found["seq"].tolist() == [4, 2]


async def test_a_later_quality_stands_beside_the_first(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await store.commit(work_of(1, roster, fixes_of(0, [1, 2])))
        later = work_of(2, roster, requalified=[(0, 0, 0, 2, Quality.IMPLAUSIBLE), (0, 0, 0, 1, Quality.OK)])
        await store.commit(later)
        rows = ask(database_url, "SELECT seq, quality, commit_no FROM fix_qualities ORDER BY quality_no")
        assert rows == [(2, Quality.IMPLAUSIBLE, 2), (1, Quality.OK, 2)]
        (first, _) = [commit async for commit in store.commits_after(0, roster)]
        assert first.batch.facts["quality"].tolist() == [0, 0]


async def test_a_commit_whose_facts_are_gone_is_not_folded(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await store.commit(work_of(1, roster, fixes_of(0, [1, 2])))
        ask(database_url, "DELETE FROM fixes WHERE seq = 1 RETURNING seq")
        with pytest.raises(FactsGone):
            _ = [commit async for commit in store.commits_after(0, roster)]
