"""One leads; another takes over at once when the leader's connection ends, whatever ended it."""

from __future__ import annotations

import asyncio
import signal
import sys
import time

import psycopg
import pytest

from store import Store
from store.leading import nobody_leads
from tests.store.made import ask, migrated
from tests.store.test_roles import login_as
from tests.waiting import eventually

LEADERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 7120 AND objid = 2"
TAKE_OVER_S = 5.0


async def test_one_leads_and_the_other_stands_by(database_url: str) -> None:
    async with await Store.open(database_url) as store:
        async with await store.lead() as first:
            assert first
            async with await store.lead() as second:
                assert not second
                waiting = asyncio.create_task(second.wait())
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(waiting), 0.4)
                await first.__aexit__(None, None, None)
                await asyncio.wait_for(waiting, TAKE_OVER_S)
                assert second
                assert not first
        assert ask(database_url, LEADERS) == []


async def test_a_leader_whose_connection_ends_notices_and_the_other_takes_over(database_url: str) -> None:
    async with await Store.open(database_url) as store, await store.lead() as first, await store.lead() as second:
        lost, ours = asyncio.create_task(first.lost()), asyncio.create_task(second.wait())
        ((pid,),) = ask(database_url, LEADERS)
        began = time.monotonic()
        ask(database_url, "SELECT pg_terminate_backend(%s)", pid)
        await asyncio.wait_for(asyncio.gather(lost, ours), TAKE_OVER_S)
        assert not first
        assert second
        assert time.monotonic() - began < TAKE_OVER_S


FROZEN = """
import asyncio, select, sys
from store import Store
async def lead():
    async with await Store.open(sys.argv[1]) as store, await store.lead() as lead:
        print("leads", bool(lead), flush=True)
        while not select.select([sys.stdin], [], [], 0)[0]:
            pass  # an event loop that is at work, and comes to nothing else
        print("asked", flush=True)
        await lead.lost()
        print("lost", flush=True)
asyncio.run(lead())
"""


@pytest.mark.slow
async def test_a_leader_that_is_frozen_is_cut_off_and_one_that_is_busy_is_not(database_url: str) -> None:
    async with migrated(database_url):
        with login_as(database_url, "bailiwick_ingest") as url:
            await busy_and_then_frozen(url, database_url)


async def busy_and_then_frozen(url: str, asked_at: str) -> None:
    """One who stands by leaves a busy leader alone, and takes over from a frozen one; both by the login of ingest."""
    pipe = asyncio.subprocess.PIPE
    leader = await asyncio.create_subprocess_exec(sys.executable, "-c", FROZEN, url, stdin=pipe, stdout=pipe)
    assert leader.stdin is not None
    assert leader.stdout is not None
    try:
        assert await leader.stdout.readline() == b"leads True\n"
        async with await Store.open(url) as store, await store.lead() as second:
            ((pid,),) = ask(asked_at, LEADERS)
            left = await psycopg.AsyncConnection.connect(url, application_name=f"bailiwick pulse of {pid}")
            ours = asyncio.create_task(second.wait())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ours), TAKE_OVER_S)
            assert not second, "it is busy; and a session that its pulse has left behind says nothing of it"
            leader.stdin.write(b"go on\n")
            assert await leader.stdout.readline() == b"asked\n"
            leader.send_signal(signal.SIGSTOP)
            await asyncio.wait_for(ours, TAKE_OVER_S)
            assert second.ended_frozen
            leader.send_signal(signal.SIGCONT)
            assert await leader.stdout.readline() == b"lost\n"
            await left.close()
    finally:
        leader.kill()
        await leader.wait()


async def test_nobody_begins_to_lead_while_it_is_asked_whether_nobody_does(database_url: str) -> None:
    async with await Store.open(database_url) as store, await psycopg.AsyncConnection.connect(database_url) as conn:
        assert await nobody_leads(conn)
        async with await store.lead() as lead:
            assert not lead
            await conn.rollback()
            await asyncio.wait_for(lead.wait(), TAKE_OVER_S)
            assert not await nobody_leads(conn)


async def test_one_who_stands_by_outlives_a_lost_connection(database_url: str) -> None:
    async with await Store.open(database_url) as store, await store.lead() as first, await store.lead() as second:
        waiting = asyncio.create_task(second.wait())
        mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s AND pid <> %s"
        ((leader,),) = ask(database_url, LEADERS)

        def stands_by() -> bool:
            return len(ask(database_url, mine, "%pg_try_advisory_lock%", leader)) > 0

        await eventually(stands_by, "the one who stands by was cut off")
        await first.__aexit__(None, None, None)
        await asyncio.wait_for(waiting, TAKE_OVER_S)
        assert second
