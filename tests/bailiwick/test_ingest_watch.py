"""Failure 25: an ingest that has ended cannot say so; dispatch does, once, and the next ingest's first tick clears it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alerts.work_store import AlertWork
from bailiwick.ingest_watch import ENOUGH, LOOKS, IngestWatch
from bailiwick.timezones import pinned_time_zones
from domain.commits import DEAF_KIND
from store import Store
from store.reading_types import AlertFilter
from tests.ingest.processes import Questions, ingesting
from tests.store.made import NOON, ask, migrated
from tests.store.test_leading import LEADERS
from tests.store.test_roles import login_as
from tests.waiting import eventually


async def raised(store: Store) -> list[tuple[str, str, int, str]]:
    rows = await store.reading.alerts(AlertFilter(), None, 10)
    return [(row.kind, row.severity.value, row.raised_us, row.state.value) for row in rows]


@asynccontextmanager
async def dispatching(url: str) -> AsyncIterator[AlertWork]:
    """What dispatch may do, by a login of its own."""
    with login_as(url, "bailiwick_dispatch") as own:
        async with await AlertWork.open(own, pinned_time_zones()) as work:
            yield work


@asynccontextmanager
async def leading(store: Store, url: str) -> AsyncIterator[None]:
    """An ingest at work; afterwards none is, to the server either, which notices the end of a session in its own time."""
    async with await store.lead() as lead:
        assert lead
        yield
    await eventually(lambda: ask(url, LEADERS) == [], "nobody leads")


async def looks(watch: IngestWatch, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await watch.look(NOON + number)


async def test_nobody_at_work_for_most_of_a_minute_is_one_alert(database_url: str) -> None:
    async with migrated(database_url) as store, dispatching(database_url) as work:
        watch = IngestWatch(work)
        async with leading(store, database_url):
            await looks(watch, 1, 2 * LOOKS)
        await looks(watch, 101, 100 + ENOUGH - 1)
        assert await raised(store) == [], "somebody may be starting it again"
        await looks(watch, 100 + ENOUGH, 100 + 3 * LOOKS)
        alert = (DEAF_KIND, "critical", NOON + 100 + ENOUGH, "active")
        assert await raised(store) == [alert]
        await looks(IngestWatch(work), 201, 200 + LOOKS)
        assert await raised(store) == [alert], "another dispatch finds it there"


async def test_one_that_ends_whenever_it_begins_is_told_too_and_a_restart_is_not(database_url: str) -> None:
    async with migrated(database_url) as store, dispatching(database_url) as work:

        async def pattern(at_work: str) -> int:
            watch = IngestWatch(work)
            for number, seen in enumerate(at_work):
                if seen == "-":
                    await watch.look(NOON + number)
                    continue
                async with leading(store, database_url):
                    await watch.look(NOON + number)
            return len(await raised(store))

        assert await pattern("++++------++++------++++") == 0
        assert await pattern("+---+---+---+---+---") == 1


@pytest.mark.real
@pytest.mark.slow
async def test_the_first_tick_of_the_next_ingest_clears_it(timescale_url: str, mosquitto: Any) -> None:
    now_us = time.time_ns() // 1000
    async with migrated(timescale_url) as store, dispatching(timescale_url) as work:
        watch = IngestWatch(work)
        for _ in range(ENOUGH):
            await watch.look(now_us)
        assert await raised(store) == [(DEAF_KIND, "critical", now_us, "active")]
        with Questions(timescale_url) as database:
            async with ingesting(timescale_url, mosquitto.url):
                question = "SELECT count(*) FROM alerts WHERE state = 'cleared'"
                await eventually(lambda: database.number(question) == 1, "the alert is over", timeout_s=30)
                await watch.look(now_us)
        assert [row[-1] for row in await raised(store)] == ["cleared"]
