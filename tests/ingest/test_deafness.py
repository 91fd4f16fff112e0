"""Failure 25: while ingest is deaf there is no tick, so no device looks silent. And the memory stays bounded."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from domain.commits import DEAF_KIND
from domain.facts import LineKind, Roster
from domain.instants import MINUTE_US, SECOND_US
from ingest.batches import HELD_MESSAGES
from store import Store
from tests.ingest.made import message, worn
from tests.ingest.processes import Questions, ingesting, prepare, processes
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

DEVICES = 5
MEMORY_GROWTH_MB = 150


@dataclass
class MovedClock:
    """The real clock, set forward by the test; time passes with it."""

    ahead_us: int = 0

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self.ahead_us

    def steady_s(self) -> float:
        return time.monotonic() + self.ahead_us / SECOND_US


@dataclass
class Fleet:
    """A few devices that speak when told to, at the time of the test's clock."""

    mqtt_url: str
    clock: MovedClock
    seq: int = 0

    async def speak(self) -> None:
        self.seq += 1
        async with Publisher(self.mqtt_url) as devices:
            await devices.publish([message(f"T{n}", self.seq, self.clock()) for n in range(1, DEVICES + 1)])


async def prepared(url: str, mqtt_url: str) -> Fleet:
    """A database that knows the devices, and the devices."""
    await prepare(url, [record for n in range(1, DEVICES + 1) for record in worn(n)])
    return Fleet(mqtt_url, MovedClock())


@asynccontextmanager
async def stalled(url: str) -> AsyncIterator[None]:
    """No commit gets through in this block."""
    async with await psycopg.AsyncConnection.connect(url) as blocker:
        await blocker.execute("LOCK TABLE commits IN EXCLUSIVE MODE")
        yield
        await blocker.rollback()


async def ticks(url: str) -> list[int]:
    """The instants of all ticks that were committed."""
    async with await Store.open(url) as store:
        batches = [commit.batch async for commit in store.commits_after(0, Roster())]
    return [int(at_us) for batch in batches for at_us in batch.instants[batch.kinds == LineKind.TICK]]


def ticked_since(database: Questions, number: int) -> Callable[[], bool]:
    """Whether ingest has made more ticks than ``number``, by its own figures."""
    return lambda: database.figure("ticks") > number


async def begins(fleet: Fleet, database: Questions) -> None:
    """Everybody speaks, and the clock goes."""
    await fleet.speak()
    await eventually(ticked_since(database, 0), "it ticks")


def without_broker(mosquitto: Any, clock: MovedClock) -> None:
    """The broker is away for ten minutes."""
    mosquitto.stop()
    clock.ahead_us += 10 * MINUTE_US
    mosquitto.start()


def lost(database: Questions) -> int:
    return database.number("SELECT count(*) FROM violations WHERE kind = 'communication_lost'")


async def test_failure_25_a_stalled_database_makes_no_device_silent(timescale_url: str, mosquitto: Any) -> None:
    fleet = await prepared(timescale_url, mosquitto.url)
    clock = fleet.clock
    with Questions(timescale_url) as database:
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            await begins(fleet, database)
            async with stalled(timescale_url):
                await eventually(lambda: database.withheld("cannot_commit") > 0, "no ticks any more")
                began_us = clock()
                clock.ahead_us += 10 * MINUTE_US
                await eventually(lambda: database.figure("deaf") > 0, "it says that it is deaf", timeout_s=60)
                await fleet.speak()
                made, ended_us = database.figure("ticks"), clock()
            await eventually(ticked_since(database, made), "it ticks again")
            await eventually(lambda: database.fact_count() == 2 * DEVICES, "all is stored")
            await eventually(lambda: states_of(database) == ["cleared"], "the platform alert is over")
        assert [at_us for at_us in await ticks(timescale_url) if began_us < at_us < ended_us] == []
        assert lost(database) == 0


def states_of(database: Questions) -> list[str]:
    return [row[0] for row in database.rows("SELECT state FROM alerts WHERE kind = %s", DEAF_KIND)]


async def test_failure_25_ten_minutes_without_broker_and_ingest_make_no_device_silent(
    timescale_url: str, mosquitto: Any
) -> None:
    fleet = await prepared(timescale_url, mosquitto.url)
    clock = fleet.clock
    with Questions(timescale_url) as database:
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            await begins(fleet, database)
        without_broker(mosquitto, clock)
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            # The devices find their way back within minutes; until then nobody is called silent.
            await eventually(lambda: database.withheld("settling") > 1, "it waits for the devices")
            for _ in range(5):
                clock.ahead_us += MINUTE_US
                await fleet.speak()
            made = database.figure("ticks")
            await eventually(ticked_since(database, made), "it ticks again")
            assert lost(database) == 0
            # And the same clock, with devices that really are silent.
            clock.ahead_us += 10 * MINUTE_US
            await eventually(lambda: lost(database) == DEVICES, "silence is found")


async def test_failure_25_an_ingest_that_is_replaced_while_it_settles_makes_no_device_silent(
    timescale_url: str, mosquitto: Any
) -> None:
    fleet = await prepared(timescale_url, mosquitto.url)
    clock = fleet.clock
    with Questions(timescale_url) as database:
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            await begins(fleet, database)
            without_broker(mosquitto, clock)
            await eventually(lambda: database.withheld("settling") > 0, "it waits for the devices", timeout_s=30)
            async with Publisher(mosquitto.url) as device:
                await device.publish([message("T1", 2, clock())])
            await eventually(lambda: database.fact_count() == DEVICES + 1, "one of them is back")
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            await eventually(lambda: database.withheld("settling") > 11, "the next waits too", timeout_s=60)
            assert lost(database) == 0
            assert states_of(database) == ["active"]
        async with ingesting(timescale_url, mosquitto.url, clock, clock.steady_s):
            await eventually(lambda: 0 < database.withheld("settling") < 9, "the third is connected")
            assert database.figure("deaf")
            for _ in range(5):
                clock.ahead_us += MINUTE_US
                fleet.seq += 1
                await fleet.speak()
            await eventually(lambda: states_of(database) == ["cleared"], "the platform alert is over", timeout_s=30)
            assert lost(database) == 0


async def test_memory_is_bounded_while_the_database_stalls(timescale_url: str, mosquitto: Any, tmp_path: Path) -> None:
    number = 3 * HELD_MESSAGES
    now_us = time.time_ns() // 1000
    sent = [message(f"T{n % DEVICES + 1}", n // DEVICES + 1, now_us - 1000 * (number - n)) for n in range(number)]
    await prepare(timescale_url, [record for n in range(1, DEVICES + 1) for record in worn(n)])
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest = start()
        await ingest.at_work()
        before_mb = psutil.Process(ingest.child.pid).memory_info().rss / 1e6
        async with stalled(timescale_url):
            async with Publisher(mosquitto.url) as devices:
                await devices.publish(sent)
            await eventually(lambda: database.figure("held") >= HELD_MESSAGES, "it holds as much as it may")
            after_mb = psutil.Process(ingest.child.pid).memory_info().rss / 1e6
            assert database.figure("held") < 1.2 * HELD_MESSAGES
            assert after_mb - before_mb < MEMORY_GROWTH_MB
            assert database.fact_count() == 0
        await eventually(lambda: database.fact_count() == number, "all is stored", timeout_s=120)
        assert len(set(database.facts())) == number


async def test_failure_16_what_a_broker_dropped_shows_as_a_hole(
    timescale_url: str, mosquitto_with: Callable[..., Any]
) -> None:
    broker = mosquitto_with(max_queued_messages="20")
    await prepare(timescale_url, worn(1))
    now_us = time.time_ns() // 1000

    async def send(first: int, last: int) -> None:
        async with Publisher(broker.url) as device:
            await device.publish([message("T1", seq, now_us + seq) for seq in range(first, last + 1)])

    with Questions(timescale_url) as database:
        async with ingesting(timescale_url, broker.url):
            await send(1, 10)
            await eventually(lambda: database.fact_count() == 10, "the first are stored")
        await send(11, 100)  # most of them are dropped, and acknowledged to the device all the same
        async with ingesting(timescale_url, broker.url):
            await eventually(lambda: database.fact_count() > 10, "what the broker kept is stored")
            await send(101, 101)
            await eventually(lambda: ("T1", 0, 101) in database.facts(), "the last is stored")
            stored = database.fact_count()
        assert stored < 50
        async with ingesting(timescale_url, broker.url):
            await eventually(lambda: database.figure("missing") == 101 - stored, "the hole is counted")
            assert database.figure("completeness") == pytest.approx(stored / 101, abs=1e-5)
