"""A commit is there as a whole or not at all: cut connections, races, a killed server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from bailiwick.parts.postgres_server import PostgresServer
from domain.commits import DeadLetter, Work
from domain.facts import Roster
from domain.vocabulary import DeadLetterReason, Quality
from store import NotNextCommit, Store
from store.store import ConnectionLost
from tests.store.made import (
    NOON,
    any_work,
    ask,
    change_of,
    fixes_of,
    learn_everything,
    migrated,
    roster_of,
    violation_of,
    wearer_records,
    work_of,
)
from tests.waiting import eventually

WRITTEN = (
    *("commits", "fixes", "equipment_events", "stray_fixes", "fix_qualities", "received_ranges", "checkpoints"),
    *("violations", "violations_newest", "alerts", "alert_violations", "outbox", "stream_events"),
    *("dead_letters", "dead_letter_counts", "caseload_newest"),
)
STUCK = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def rows(url: str) -> dict[str, int]:
    return {table: ask(url, f"SELECT count(*) FROM {table}")[0][0] for table in WRITTEN}


async def everything(store: Store, no: int, roster: Roster) -> Work:
    """A commit that writes to every table."""
    await store.learn(wearer_records(f"W{no}", "T1"))
    opened = violation_of(f"W{no}-1")
    work = any_work(no, roster, seed=no, versions=[opened], alerts=[change_of(opened)], checkpoint=b"state")
    work.requalified = [(0, 0, 0, 1, Quality.IMPLAUSIBLE)]
    work.dead_letters = [DeadLetter("em/v1/00/T1/up", b"{", NOON, DeadLetterReason.NOT_JSON)]
    work.learnt = [(record_no, 0) for record_no, _ in await store.unlearnt()]
    return work


@asynccontextmanager
async def held(url: str, table: str) -> AsyncIterator[None]:
    """Nobody else writes to ``table`` meanwhile: a commit gets stuck there."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
        yield
        await conn.rollback()


@pytest.mark.parametrize("table", ["fixes", "caseload_newest", "violations_newest", "checkpoints", "outbox"])
async def test_a_connection_that_is_cut_in_the_middle_leaves_nothing(database_url: str, table: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1", "T2", "T3")
        work = await everything(store, 1, roster)
        async with held(database_url, table):
            committing = asyncio.create_task(store.commit(work))
            await eventually(lambda: len(ask(database_url, STUCK)) == 1, f"the commit waits for {table}")
            ((pid,),) = ask(database_url, STUCK)
            ask(database_url, "SELECT pg_terminate_backend(%s)", pid)
            with pytest.raises(ConnectionLost):
                await asyncio.wait_for(committing, 10)
        assert rows(database_url) == dict.fromkeys(WRITTEN, 0)
        await store.commit(work)
        assert min(rows(database_url).values()) > 0
        assert [commit.no async for commit in store.commits_after(0, roster)] == [1]


async def test_of_two_that_race_for_a_number_one_wins_each_time(database_url: str) -> None:
    async with migrated(database_url) as first, await Store.open(database_url) as second:
        rosters = {first: roster_of("T1"), second: roster_of("T1")}

        async def attempt(store: Store, no: int) -> bool:
            try:
                await store.commit(work_of(no, rosters[store], fixes_of(0, [no])))
            except NotNextCommit:
                return False
            return True

        for no in range(1, 26):
            won = await asyncio.gather(attempt(first, no), attempt(second, no))
            assert sorted(won) == [False, True], f"commit {no}"
        assert ask(database_url, "SELECT count(*), count(DISTINCT seq) FROM fixes") == [(25, 25)]
        assert ask(database_url, "SELECT max(no), max(facts_total) FROM commits") == [(25, 25)]


async def test_a_commit_that_a_deadlock_ended_is_tried_again(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster, opened = roster_of("T1"), violation_of()
        await store.commit(work_of(1, roster, versions=[opened], alerts=[change_of(opened)]))
        changed = violation_of(version=2)
        work = work_of(2, roster, versions=[changed], alerts=[change_of(changed)])
        async with await psycopg.AsyncConnection.connect(database_url) as other:
            # We shall be waited for, and then wait: the server ends whoever has waited longest, the commit.
            await other.execute(b"SET deadlock_timeout = '60s'")
            await other.execute(b"SELECT 1 FROM alerts FOR UPDATE")
            committing = asyncio.create_task(store.commit(work))
            await eventually(lambda: len(ask(database_url, STUCK)) == 1, "the commit waits for the alert")
            await other.execute(b"UPDATE violations_newest SET open = open")
            await other.commit()
        await asyncio.wait_for(committing, 20)
        assert ask(database_url, "SELECT revision FROM alerts") == [(2,)]
        ended = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        await eventually(lambda: ask(database_url, ended) == [(1,)], "the server counts the deadlock")


async def test_all_or_nothing_of_a_caseload_that_is_cut(database_url: str) -> None:
    async with migrated(database_url, ()) as store, held(database_url, "caseload_records"):
        learning = asyncio.create_task(store.learn(wearer_records()))
        await eventually(lambda: len(ask(database_url, STUCK)) == 1, "the caseload waits")
        ((pid,),) = ask(database_url, STUCK)
        ask(database_url, "SELECT pg_terminate_backend(%s)", pid)
        with pytest.raises(ConnectionLost):
            await asyncio.wait_for(learning, 10)
        assert await store.device_numbers() == {}


@pytest.mark.slow
@pytest.mark.parametrize("edition", ["timescale", "embedded"])
async def test_a_killed_server_keeps_what_was_committed(edition: str, request: pytest.FixtureRequest) -> None:
    server: PostgresServer = request.getfixturevalue(f"{edition}_server")
    url: str = request.getfixturevalue(f"{edition}_url")
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    roster, work = roster_of("T1", "T2", "T3"), None
    async with migrated(url) as store:
        await learn_everything(store, 1, roster)
        for no in (2, 3):
            work = await everything(store, no, roster)
            await store.commit(work)
        before = rows(url)
        server.kill()
        # In this thread: the server would end with the thread that starts it.
        server.start()
        assert await store.newest_commit() == 3, "the pool finds the server again by itself"
    again: Any = server.url(str(database))
    assert rows(again) == before
    async with await Store.open(again) as store:
        assert [commit.no async for commit in store.commits_after(0, Roster())] == [1, 2, 3]
        await store.commit(await everything(store, 4, roster))
