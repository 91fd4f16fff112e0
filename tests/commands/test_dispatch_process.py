"""Commands by the dispatch process as it is put together: its own broker sign-in, its metrics, and what holds without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from alerts.dispatch import wall_clock
from bailiwick.dispatching import Dispatching, dispatch
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import free_port
from bailiwick.settings import Settings
from domain.instants import HOUR_US, SECOND_US
from domain.wire_topics import down_topic
from tests.commands.test_sending import device_of, told
from tests.store.alert_making import ZONES
from tests.store.test_device_commands import Commands, asked, commands_at
from tests.waiting import eventually

pytestmark = pytest.mark.slow


@asynccontextmanager
async def dispatching(settings: Settings, port: int | None = None) -> AsyncIterator[None]:
    process = Dispatching(settings, ZONES, metrics_port=port)
    working = asyncio.create_task(dispatch(process))
    try:
        yield
    finally:
        process.stop.set()
        await asyncio.wait_for(working, 30)


async def becomes(at: Commands, *states: str) -> None:
    async def is_so() -> bool:
        return await at.states() == list(states)

    await eventually(is_so, f"the commands are {states}", 60)


async def test_it_sends_and_counts(timescale_url: str, mosquitto: MosquittoBroker) -> None:
    now_us, port = wall_clock(), free_port()
    settings = Settings(database_url=timescale_url, mqtt_url=mosquitto.url)
    async with commands_at(timescale_url) as at, device_of(mosquitto) as device, dispatching(settings, port):
        await device.subscribe(down_topic("T1"), qos=1)
        new = replace(asked(), made_us=now_us, expires_us=now_us + HOUR_US)
        await at.make(new)
        (one,) = await told(device, 1)
        await at.said((one.id, True), at_us=now_us)
        await becomes(at, "ok")
        async with httpx2.AsyncClient() as client:
            page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert 'bailiwick_commands_sent_total{command="locate_now"} 1.0' in page
    assert 'bailiwick_commands_ended_total{command="locate_now",state="ok"} 1.0' in page
    assert "bailiwick_dispatch_looks_total" in page


async def test_without_a_broker_what_is_asked_ends_by_the_clock(embedded_url: str) -> None:
    now_us = wall_clock()
    async with commands_at(embedded_url) as at, dispatching(Settings(database_url=embedded_url)):
        await at.make(replace(asked(), made_us=now_us, expires_us=now_us + SECOND_US))
        await becomes(at, "undeliverable")
