"""The fleet against real brokers: every item taken once, kept over a restart, and the last will when a radio is lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import aiomqtt
import msgspec
import numpy as np
import pytest

from domain.instants import SECOND_US
from domain.wire_topics import parse_topic
from simulators.devices import Devices
from simulators.fleet import Fleet
from simulators.link import Address
from simulators.scenario import CALM, Network, Scenario
from simulators.scenes import Life, Silence
from simulators.service import Simulation
from tests.simulators.worlds import life, one, wearer, world
from tests.waiting import eventually

CONNECT_S = 10.0


@dataclass
class Heard:
    """What a subscriber to everything was sent."""

    items: Counter[tuple[str, int]] = field(default_factory=Counter)
    wills: list[str] = field(default_factory=list)

    def take(self, topic: str, payload: bytes) -> None:
        parsed = parse_topic(topic)
        assert parsed is not None, topic
        if parsed.direction == "lwt":
            self.wills.append(parsed.device)
            return
        body = msgspec.msgpack.decode(payload) if payload[0] >= 0x80 else msgspec.json.decode(payload)
        self.items.update((parsed.device, i["seq"]) for i in [*body.get("fixes", []), *body.get("events", [])])


@asynccontextmanager
async def listening(url: str, heard: Heard) -> AsyncIterator[None]:
    parts = urlsplit(url)
    async with aiomqtt.Client(
        parts.hostname or "", parts.port or 0, identifier="listener", protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        await client.subscribe("em/v1/#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.take(message.topic.value, message.payload)

        task = asyncio.create_task(listen())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _soon(wearers: int, duration_s: float, rate_hz: float, scenario: Scenario, in_s: float = 0.3) -> Simulation:
    start_us = time.time_ns() // 1000 + round(in_s * SECOND_US)
    return world(wearers, duration_s, rate_hz, scenario, start_us=start_us // 1000 * 1000)


def _alone(duration_s: float, silence: Silence) -> tuple[Devices, list[Life]]:
    """One person's tag, 20 times a second, from a moment on."""
    subject, speakers, run = one(wearer(), duration_s, 20.0)
    run = replace(run, start_us=time.time_ns() // 1_000_000 * 1000 + 300_000)
    lives = [life((0, 0, 0), (10, 0, 0), silences=[silence])]
    return Devices(speakers, [subject], lives, run, 1), lives


def _expected(simulation: Simulation) -> set[tuple[str, int]]:
    last = simulation.last_seqs()
    return {(device, seq) for device, n in last.items() for seq in range(1, n + 1)}


@pytest.mark.slow
async def test_every_item_is_sent_and_acknowledged_once(broker: object) -> None:
    urls: list[str] = broker.urls
    heard = Heard()
    simulation = _soon(60, 2.0, 10.0, CALM)
    async with listening(urls[0], heard):
        tally = await simulation.play(urls, CONNECT_S)
        expected = _expected(simulation)
        await eventually(lambda: len(heard.items) == len(expected), "everything sent is heard")
    assert set(heard.items) == expected
    assert set(heard.items.values()) == {1}
    assert tally.connections == 60
    assert tally.sent == tally.acknowledged == len(expected) == 60 * 20
    assert tally.held == tally.dropped == tally.reconnections == 0


@pytest.mark.slow
async def test_duplicates_are_sent_twice_and_what_is_held_back_comes(broker: object) -> None:
    urls: list[str] = broker.urls
    heard = Heard()
    scenario = replace(CALM, network=Network(duplicates=0.5, reordered=0.2, reorder_s=0.5))
    simulation = _soon(20, 1.0, 20.0, scenario)
    async with listening(urls[0], heard):
        tally = await simulation.play(urls, CONNECT_S)
        total = tally.sent + tally.duplicated
        await eventually(lambda: heard.items.total() == total, "everything is heard, the second ones too")
    assert set(heard.items) == _expected(simulation)
    assert tally.duplicated == pytest.approx(tally.sent / 2, rel=0.3)
    assert tally.acknowledged == total


@pytest.mark.slow
async def test_nothing_is_lost_when_the_broker_is_restarted_under_the_fleet(mosquitto: object) -> None:
    heard = Heard()
    simulation = _soon(40, 3.0, 10.0, CALM)
    url: str = mosquitto.url
    fleet = Fleet(simulation.devices, simulation.lives, [Address.parse(url)], CALM.network, 1)
    playing = asyncio.create_task(fleet.run(CONNECT_S))
    await eventually(lambda: fleet.tally.acknowledged > 200, "the fleet is at work")
    await asyncio.to_thread(mosquitto.restart)
    async with listening(url, heard):
        tally = await playing
    assert tally.reconnections == 40
    assert tally.held == tally.dropped == 0
    assert tally.acknowledged == tally.sent == len(_expected(simulation))
    assert heard.items, "what was kept comes after the restart"


@pytest.mark.slow
async def test_a_radio_that_is_lost_leaves_the_last_will_and_keeps_its_facts(mosquitto: object) -> None:
    heard = Heard()
    url: str = mosquitto.url
    devices, lives = _alone(3.0, Silence((1.0, 2.0), keeps=True))
    async with listening(url, heard):
        tally = await Fleet(devices, lives, [Address.parse(url)], CALM.network, 1).run(CONNECT_S)
        await eventually(lambda: len(heard.items) == 60, "the backlog is heard")
    assert heard.wills == ["T1"]
    assert tally.sent == tally.acknowledged == 60
    ((_, low, high, sent_ms),) = devices.late
    assert (low, high) == (21, 40)
    assert sent_ms >= devices.run.start_us // 1000 + 2000


@pytest.mark.slow
async def test_what_the_network_holds_back_comes_though_its_device_is_gone_for_good(mosquitto: object) -> None:
    heard = Heard()
    url: str = mosquitto.url
    devices, lives = _alone(2.0, Silence((1.0, np.inf), keeps=False))
    network = Network(reordered=1.0, reorder_s=0.8)
    async with listening(url, heard):
        tally = await Fleet(devices, lives, [Address.parse(url)], network, 1).run(CONNECT_S)
        await eventually(lambda: bool(heard.wills), "the device has left")
    assert tally.held == 0
    assert tally.sent == tally.acknowledged == heard.items.total() == 20


async def test_a_broker_that_is_not_there_is_told_and_waited_for() -> None:
    simulation = _soon(3, 0.2, 10.0, CALM, in_s=0.0)
    fleet = Fleet(simulation.devices, simulation.lives, [Address("127.0.0.1", 9)], CALM.network, 1)
    playing = asyncio.create_task(fleet.run(0.1))
    await eventually(lambda: fleet.tally.troubles.total() >= 3, "the trouble is counted")
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    assert fleet.tally.connections == 0
