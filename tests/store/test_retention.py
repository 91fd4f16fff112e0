"""Retention drops what is old, and nothing that a violation rests on or that a restart folds again."""

from __future__ import annotations

from domain.instants import DAY_US
from domain.violations import FactId
from domain.vocabulary import Change, EventCode
from store import Store
from tests.store.made import (
    NOON,
    ask,
    change_of,
    fixes_of,
    migrated,
    roster_of,
    violation_of,
    work_of,
)

OLD_DAYS = 5


async def days_of_facts(store: Store) -> int:
    """Ten fixes and an event a day, and a checkpoint at the end; the number of the newest commit."""
    roster = roster_of("T1")
    for day in range(OLD_DAYS + 1):
        facts = fixes_of(0, range(day * 20 + 1, day * 20 + 11), NOON + day * DAY_US)
        facts["is_event"][9], facts["code"][9] = True, EventCode.HEARTBEAT
        await store.commit(work_of(day + 1, roster, facts, NOON + day * DAY_US))
    await store.commit(work_of(OLD_DAYS + 2, roster, at_us=NOON + OLD_DAYS * DAY_US, checkpoint=b"state"))
    return OLD_DAYS + 2


def days(url: str) -> list[tuple[int, int]]:
    """Seq of the first fact of each day that has any, and how many there are."""
    query = "SELECT min(seq), count(*) FROM (SELECT seq, fix_time FROM fixes UNION ALL SELECT seq, fix_time"
    return ask(url, f"{query} FROM equipment_events) f GROUP BY fix_time::date ORDER BY 1")


async def test_old_days_go(database_url: str) -> None:
    async with migrated(database_url) as store:
        newest = await days_of_facts(store)
        retained = await store.apply_retention(NOON + 3 * DAY_US)
        assert retained.facts == 30
        assert days(database_url) == [(61, 10), (81, 10), (101, 10)]
        assert retained.commits == 3
        assert ask(database_url, "SELECT min(no), max(no) FROM commits") == [(4, newest)]
        assert (await store.apply_retention(NOON + 3 * DAY_US)).facts == 0


async def test_whole_chunks_are_dropped_where_they_can_be(timescale_url: str) -> None:
    async with migrated(timescale_url) as store:
        await days_of_facts(store)
        retained = await store.apply_retention(NOON + 3 * DAY_US)
        assert retained.chunks == 6, "three days of fixes and of equipment events"
        left = ask(timescale_url, "SELECT count(*) FROM timescaledb_information.chunks")
        assert left == [(6,)]


async def test_what_a_current_violation_names_stays(database_url: str) -> None:
    async with migrated(database_url) as store:
        newest = await days_of_facts(store)
        named = violation_of("W1-1", evidence=(FactId("T1", 0, 22), FactId("T1", 0, 30)))
        gone = violation_of("W1-2", evidence=(FactId("T1", 0, 45),))
        withdrawn = violation_of("W1-2", 2, change=Change.WITHDRAWN, evidence=(FactId("T1", 0, 45),))
        versions = [named, gone, withdrawn]
        at_us = NOON + OLD_DAYS * DAY_US
        alerts = [change_of(named)]
        work = work_of(newest + 1, roster_of("T1"), at_us=at_us, versions=versions, alerts=alerts, checkpoint=b"state")
        await store.commit(work)
        await store.apply_retention(NOON + 4 * DAY_US)
        assert days(database_url) == [(22, 2), (81, 10), (101, 10)]
        assert len(await store.facts_by_identity([(0, 0, 22)], roster_of("T1"))) == 1


async def test_nothing_goes_without_a_checkpoint(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await store.commit(work_of(1, roster, fixes_of(0, [1])))
        assert (await store.apply_retention(NOON + 30 * DAY_US)).facts == 0
        assert len([commit async for commit in store.commits_after(0, roster)]) == 1


async def test_what_a_restart_folds_again_stays(database_url: str) -> None:
    async with migrated(database_url) as store:
        newest = await days_of_facts(store)
        roster = roster_of("T1")
        late = fixes_of(0, [500, 501], NOON)
        late["received_us"] += 6 * DAY_US
        await store.commit(work_of(newest + 1, roster, late, NOON + 6 * DAY_US))
        await store.apply_retention(NOON + 4 * DAY_US)
        assert days(database_url) == [(81, 10), (101, 10), (500, 2)]
        (commit,) = [commit async for commit in store.commits_after(newest, roster)]
        assert commit.batch.facts["seq"].tolist() == [500, 501]


async def test_strays_go_by_their_receive_time(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        future = fixes_of(0, [1, 2], NOON + 4000 * DAY_US)
        future["received_us"] = [NOON, NOON + 10 * DAY_US]
        await store.commit(work_of(1, roster, future, checkpoint=b"state"))
        assert ask(database_url, "SELECT count(*) FROM stray_fixes") == [(2,)]
        assert (await store.apply_retention(NOON + DAY_US)).facts == 1
        assert ask(database_url, "SELECT seq FROM stray_fixes") == [(2,)]


async def test_a_mad_clock_makes_no_partitions(timescale_url: str) -> None:
    async with migrated(timescale_url) as store:
        mad = fixes_of(0, range(1, 301))
        mad["t_us"] += (mad["seq"] % 300) * 90 * DAY_US
        await store.commit(work_of(1, roster_of("T1"), mad))
        assert ask(timescale_url, "SELECT count(*) FROM timescaledb_information.chunks") == [(1,)]
        assert ask(timescale_url, "SELECT count(*) FROM all_fixes") == [(300,)]
