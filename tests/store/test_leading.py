"""One leads; another takes over at once when the leader's connection ends, whatever ended it."""

from __future__ import annotations

import asyncio
import time

import pytest

from store import Store
from tests.store.made import ask
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
