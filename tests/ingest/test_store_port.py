"""The store port, over the fake and over both real databases: the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from domain.commits import DEAF_KIND, Commit, Work
from domain.facts import Roster
from domain.instants import EARLY_US, SECOND_US
from domain.records import Version
from domain.vocabulary import AlertCondition
from domain.wire import Decoder
from ingest.ports import Store as StorePort
from ingest.ticks import deaf_alert
from ingest.weaving import empty_batch, woven
from store.errors import NotNextCommit
from store.store import Store
from tests.ingest.fakes import FakeDatabase, FakeStore
from tests.ingest.made import NOW_US, event_message, message, tag, worn
from tests.waiting import eventually

REAL = [pytest.param(name, marks=[pytest.mark.real, pytest.mark.slow]) for name in ("timescale_url", "embedded_url")]


@dataclass
class Side:
    """A store as ingest sees it, and a way to enter records as people do."""

    store: StorePort
    enter: Callable[[Sequence[Version]], Awaitable[Any]]


@pytest.fixture(params=["fake", *REAL])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "fake":
        database = FakeDatabase()

        async def enter(versions: Sequence[Version]) -> None:
            database.enter(*versions)

        yield Side(FakeStore(database), enter)
        return
    async with await Store.open(request.getfixturevalue(request.param)) as store:
        await store.migrate()
        yield Side(store, store.learn)


def work(no: int, roster: Roster, sent: Sequence[tuple[str, bytes]], **more: Any) -> Work:
    """A commit of these messages, everything kept, with a tick at its end."""
    at_us = NOW_US + no * SECOND_US
    decoded = Decoder(roster, {"T1", "T2"}).decode([(topic, payload, at_us) for topic, payload in sent])
    batch = woven(decoded.batch, [], [(len(sent), at_us)])
    keep = batch.facts.copy()
    ranges = [(int(f["device"]), int(f["gen"]), int(f["seq"]), int(f["seq"])) for f in keep]
    return Work(
        no,
        roster,
        batch,
        keep,
        event_data=dict(batch.event_data),
        ranges=ranges,
        dead_letters=decoded.dead_letters,
        **more,
    )


async def first_start(side: Side, *versions: Version) -> Roster:
    """Commit 1: everything that was entered is learnt before everything."""
    await side.enter(versions)
    records = await side.store.unlearnt()
    roster = Roster()
    await side.store.commit(
        Work(
            1, roster, empty_batch(), work(0, roster, []).keep, learnt=[(no, -1) for no, _ in records], checkpoint=b"1"
        )
    )
    return roster


async def commits(side: Side, after: int, roster: Roster) -> list[Commit]:
    return [commit async for commit in side.store.commits_after(after, roster)]


async def test_records_are_unlearnt_until_a_commit_has_taken_them(side: Side) -> None:
    await first_start(side, *worn(1))
    assert await side.store.unlearnt() == []
    assert [version.learnt_us for version in await side.store.caseload()] == [EARLY_US] * 4
    await side.enter([tag("T2")])
    [(record_no, version)] = await side.store.unlearnt()
    roster = Roster()
    learnt = replace(version, learnt_us=NOW_US)
    batch = woven(empty_batch(), [learnt], [])
    await side.store.commit(Work(2, roster, batch, batch.facts, learnt=[(record_no, 0)]))
    assert await side.store.unlearnt() == []
    assert (await side.store.caseload())[4:] == [learnt]
    assert len(await side.store.caseload(1)) == 4


async def test_a_fact_that_is_kept_under_another_gen_comes_back_as_its_device_told_it(side: Side) -> None:
    roster = await first_start(side, *worn(1))
    await side.store.commit(work(2, roster, [message("T1", 1), message("T1", 2)]))
    conflict = work(3, roster, [message("T1", 3), message("T1", 1, lat=51.6)], told_gens={1: 0})
    conflict.keep["gen"][1] = 1
    await side.store.commit(conflict)
    (back,) = await commits(side, 2, Roster())
    assert back.batch.facts[["gen", "seq", "lat"]].tolist() == [(0, 3, 51.5), (0, 1, 51.6)]
    (stored,) = await side.store.facts_by_identity([(0, 1, 1)], roster)
    assert stored["lat"] == 51.6


async def test_alerts_of_a_kind_are_active_until_they_are_cleared(side: Side) -> None:
    roster = await first_start(side, *worn(1))
    raised = [deaf_alert(at_us, at_us, AlertCondition.ACTIVE) for at_us in (NOW_US, NOW_US + 1)]
    await side.store.commit(work(2, roster, [], alerts=[*raised, replace(raised[0], episode="other", kind="other")]))
    assert await side.store.active_since(DEAF_KIND) == [NOW_US, NOW_US + 1]
    await side.store.commit(work(3, roster, [], alerts=[deaf_alert(NOW_US, NOW_US + 9, AlertCondition.CLEARED)]))
    assert await side.store.active_since(DEAF_KIND) == [NOW_US + 1]


async def test_a_commit_that_does_not_follow_is_refused(side: Side) -> None:
    roster = await first_start(side, *worn(1))
    for no in (2, 3):
        await side.store.commit(work(no, roster, [message("T1", no)]))
    for no in (2, 5):
        with pytest.raises(NotNextCommit):
            await side.store.commit(work(no, roster, [message("T1", 7)]))
    assert len(await commits(side, 0, roster)) == 3


async def test_commits_come_back_as_they_were(side: Side) -> None:
    roster = await first_start(side, *worn(1), *worn(2))
    made = [
        work(2, roster, [message("T1", 1, spd=1.5), event_message("T2", 1, "sos"), message("T1", 2)]),
        work(3, roster, [(message("T1", 1)[0], b"{"), message("T2", 2)]),
        work(4, roster, []),
    ]
    for one in made:
        await side.store.commit(one)
    again = Roster()
    back = await commits(side, 1, again)
    assert [commit.no for commit in back] == [2, 3, 4]
    for commit, one in zip(back, made, strict=True):
        batch = commit.batch
        assert batch.instants.tolist() == one.batch.instants.tolist()
        assert batch.kinds.tolist() == one.batch.kinds.tolist()
        assert batch.bad.tolist() == one.batch.bad.tolist()
        assert batch.sent_us.tolist() == one.batch.sent_us.tolist()
        assert batch.event_data == one.event_data
        assert names(again, batch.devices) == names(roster, one.batch.devices)
        assert names(again, batch.facts["device"]) == names(roster, one.keep["device"])
        for column in set(batch.facts.dtype.names or ()) - {"device"}:
            np.testing.assert_array_equal(batch.facts[column], one.keep[column], column)


def names(roster: Roster, devices: Any) -> list[str | None]:
    return [None if device < 0 else roster.ids[device] for device in devices]


async def test_stored_facts_are_found_as_they_stood_after_a_commit(side: Side) -> None:
    roster = await first_start(side, *worn(1), *worn(2))
    await side.store.commit(work(2, roster, [message("T1", 1), message("T2", 1)]))
    await side.store.commit(work(3, roster, [message("T1", 2)]))
    one = roster.index["T1"]
    wanted = [(one, 0, 1), (one, 0, 2), (one, 0, 3)]
    assert (await side.store.facts_by_identity(wanted, roster))["seq"].tolist() == [1, 2]
    assert (await side.store.facts_by_identity(wanted, roster, 2))["seq"].tolist() == [1]
    assert (await side.store.history([one], roster))["seq"].tolist() == [1, 2]
    assert (await side.store.history([one], roster, 2))["seq"].tolist() == [1]


async def test_the_newest_checkpoint_is_given(side: Side) -> None:
    assert await side.store.newest_checkpoint() is None
    roster = await first_start(side, *worn(1))
    await side.store.commit(work(2, roster, [], checkpoint=b"second"))
    await side.store.commit(work(3, roster, []))
    checkpoint = await side.store.newest_checkpoint()
    assert checkpoint is not None
    assert (checkpoint.commit_no, checkpoint.body) == (2, b"second")


async def test_a_checkpoint_may_be_kept_after_later_commits_and_is_kept_once(side: Side) -> None:
    roster = await first_start(side, *worn(1))
    for no in (2, 3):
        await side.store.commit(work(no, roster, [message("T1", no)]))
    await side.store.keep_checkpoint(2, b"second")
    await side.store.keep_checkpoint(2, b"another")
    checkpoint = await side.store.newest_checkpoint()
    assert checkpoint is not None
    assert (checkpoint.commit_no, checkpoint.body) == (2, b"second")
    assert [commit.no for commit in await commits(side, 2, roster)] == [3]
    ranges = await side.store.received_ranges(roster)
    assert sorted((low, high) for _, _, low, high in ranges.tolist()) in ([(2, 3)], [(2, 2), (3, 3)])
    await side.store.keep_checkpoint(3, b"third")
    newest = await side.store.newest_checkpoint()
    assert newest is not None
    assert newest.body == b"third"


async def test_dead_letters_of_a_device_can_be_replayed_once_it_is_learnt(side: Side) -> None:
    roster = await first_start(side, *worn(1))
    await side.store.commit(work(2, roster, [message("T9", 1), message("T8", 1), message("T9", 2)]))
    assert await side.store.replayable(10) == []
    await side.enter([tag("T9")])
    [(record_no, version)] = await side.store.unlearnt()
    assert await side.store.replayable(10) == []
    batch = woven(empty_batch(), [replace(version, learnt_us=NOW_US)], [])
    await side.store.commit(Work(3, roster, batch, batch.facts, learnt=[(record_no, 0)]))
    letters = await side.store.replayable(10)
    assert [(letter.topic, letter.payload) for _, letter in letters] == [message("T9", 1), message("T9", 2)]
    assert [number for number, _ in await side.store.replayable(1)] == [letters[0][0]]
    assert {letter.received_us for _, letter in letters} == {NOW_US + 2 * SECOND_US}
    await side.store.commit(Work(4, roster, empty_batch(), batch.facts, replayed=[letters[0][0]]))
    assert await side.store.replayable(10) == letters[1:]


async def test_entering_wakes_who_listens(side: Side) -> None:
    async with side.store.caseload_changes() as changed:
        await side.enter([tag("T1")])
        async with asyncio.timeout(5):
            await changed()


async def test_one_leads_and_the_next_waits_for_its_end(side: Side) -> None:
    async with await side.store.lead() as first, await side.store.lead() as second:
        await first.wait()
        waiting = asyncio.create_task(second.wait())
        lost = asyncio.create_task(first.lost())
        done, _ = await asyncio.wait({waiting, lost}, timeout=0.5)
        assert not done
        await first.__aexit__(None, None, None)
        await eventually(waiting.done, "the second leads", timeout_s=5)
        await eventually(lost.done, "the first knows", timeout_s=5)


async def test_figures_are_taken(side: Side) -> None:
    await side.store.publish_figures({"connected": True}, NOW_US)
