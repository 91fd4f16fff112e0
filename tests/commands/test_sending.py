"""The sender over a real broker and database: once a device is there, in order, until it expires; and when things go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from prometheus_client import CollectorRegistry

from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.following import Follower
from alerts.device_commands.sending import WAIT_LAST_S, CommandSender
from alerts.device_commands.service import CommandParts, serve
from alerts.publishing import AlertBroker, Publisher
from alerts.waking import Bell
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import free_port
from bailiwick.timezones import pinned_time_zones
from domain.device_commands import MOST_OPEN
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.wire_commands import Command, CommandName, decode_command
from domain.wire_topics import down_topic
from geofence.timetable import WindowCache
from tests.store.made import NOON
from tests.store.test_device_commands import EVERYTHING, Commands, asked, commands_at
from tests.waiting import eventually

pytestmark = pytest.mark.slow
LOOPBACK = "127.0.0.1"
V5 = aiomqtt.ProtocolVersion.V5


async def at_once(seconds: float) -> None:
    """Waits for nothing."""


@dataclass
class Sending:
    """A sender with a clock that the test moves."""

    at: Commands
    publisher: Any
    now_us: int = NOON
    figures: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        stop = asyncio.Event()
        figures = CommandFigures(self.figures)
        store, clock = self.at.commands, lambda: self.now_us
        self.sender = CommandSender(store, self.publisher, clock, lambda: 0.0, at_once, figures, Bell().sleeper(stop))
        self.follower = Follower(store, clock, figures, Bell().sleeper(stop))

    async def step(self, after_us: int = 0) -> int:
        self.now_us += after_us
        return await self.sender.step()

    def count(self, name: str, **labels: str) -> float:
        return self.figures.get_sample_value(f"bailiwick_commands_{name}_total", labels) or 0.0


@asynccontextmanager
async def sending(url: str, port: int) -> AsyncIterator[Sending]:
    publisher = Publisher(AlertBroker(LOOPBACK, port, "dispatch-devices"))
    async with commands_at(url) as at:
        try:
            yield Sending(at, publisher)
        finally:
            await publisher.aclose()


def device_of(broker: MosquittoBroker, name: str = "T1", *, clean: bool = False) -> aiomqtt.Client:
    """A device whose session the broker keeps."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 600
    return aiomqtt.Client(LOOPBACK, broker.port, identifier=name, protocol=V5, clean_start=clean, properties=properties)


async def told(client: aiomqtt.Client, number: int) -> list[Command]:
    found: list[Command] = []
    async with asyncio.timeout(10):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            found.append(decode_command(message.payload))
            if len(found) == number:
                break
    return found


async def test_a_device_is_told_and_its_answer_is_counted(database_url: str, mosquitto: MosquittoBroker) -> None:
    async with sending(database_url, mosquitto.port) as side:
        async with device_of(mosquitto) as device:
            await device.subscribe(down_topic("T1"), qos=1)
            await side.at.make(asked(), asked(name=CommandName.VIBRATE))
            assert await side.step() == 1
            assert await side.step() == 1
            assert await side.step() == 0
            first, second = await told(device, 2)
        assert (first.name, second.name) == (CommandName.LOCATE_NOW, CommandName.VIBRATE)
        assert first.expires_ms == (NOON + HOUR_US) // 1000
        assert await side.at.states() == ["sent", "sent"]
        await side.at.said((first.id, True), (second.id, False), (first.id, True), ("none", True))
        side.now_us += MINUTE_US
        assert await side.follower.look() == 4
        assert await side.at.states() == ["ok", "refused"]
        assert side.count("sent", command="locate_now") == 1
        assert side.count("ended", command="locate_now", state="ok") == 1
        assert side.count("ended", command="vibrate", state="refused") == 1
        assert side.count("unmatched_results", why="repeated") == 1
        assert side.count("unmatched_results", why="unknown") == 1
        assert await side.follower.look() == 0


async def test_who_has_no_session_is_tried_again_until_it_is_too_late(
    embedded_url: str, mosquitto: MosquittoBroker
) -> None:
    async with sending(embedded_url, mosquitto.port) as side:
        await side.at.make(asked(), asked("T2"))
        assert await side.step() == 2
        assert await side.at.states() == ["waiting", "waiting"]
        async with device_of(mosquitto, "T2") as device:
            await device.subscribe(down_topic("T2"), qos=1)
            await side.step(2 * SECOND_US)
            assert len(await told(device, 1)) == 1
        assert await side.at.states() == ["waiting", "sent"]
        tries = 0
        while side.now_us < NOON + HOUR_US:
            tries += await side.step(MINUTE_US)
        assert tries >= 50
        assert await side.at.states() == ["undeliverable", "expired"]
        assert side.count("ended", command="locate_now", state="undeliverable") == 1
        assert WAIT_LAST_S <= 60


async def test_a_device_that_is_away_is_told_when_it_comes_back_and_not_what_has_expired(
    embedded_url: str, mosquitto: MosquittoBroker
) -> None:
    """By the broker's own clock: what lives a second is let go while the device is away."""
    async with sending(embedded_url, mosquitto.port) as side:
        async with device_of(mosquitto, clean=True) as device:
            await device.subscribe(down_topic("T1"), qos=1)
        await side.at.make(asked(expires_us=NOON + SECOND_US), asked(name=CommandName.VIBRATE))
        await side.step()
        await side.step()
        assert await side.at.states() == ["sent", "sent"], "the broker keeps them for the session"
        loop = asyncio.get_running_loop()
        back_s = loop.time() + 2.5
        async with device_of(mosquitto, "T2") as other:
            async with asyncio.timeout_at(back_s + 5):
                while loop.time() < back_s:
                    await other.publish("em/v1/00/T2/up", b"{}", qos=1)
        async with device_of(mosquitto) as device:
            (only,) = await told(device, 1)
        assert only.name is CommandName.VIBRATE
        await side.step(2 * SECOND_US)
        assert await side.at.states() == ["expired", "sent"]


async def test_a_broker_that_is_away_puts_everything_off_and_nothing_is_lost(
    embedded_url: str, mosquitto: MosquittoBroker
) -> None:
    async with sending(embedded_url, free_port()) as side:
        await side.at.make(asked(), asked("T2"))
        await side.step()
        assert await side.at.states() == ["waiting", "waiting"]
        assert side.count("retried") == 2
        side.sender.publisher = Publisher(AlertBroker(LOOPBACK, mosquitto.port, "dispatch-devices"))
        async with device_of(mosquitto) as device:
            await device.subscribe("em/v1/+/+/down", qos=1)
            await side.step(2 * SECOND_US)
            assert len(await told(device, 2)) == 2
        await side.sender.publisher.aclose()


class Dying:
    """Publishes, and is gone before anybody knows."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def publish(self, topic: str, content: bytes, expires_s: int | None = None) -> int:
        await self._publisher.publish(topic, content, expires_s)
        raise KilledHere


class KilledHere(Exception):
    """As by `kill -9`, after the broker took it."""


async def test_a_sender_that_is_killed_after_the_broker_took_it_sends_the_same_again(
    database_url: str, mosquitto: MosquittoBroker
) -> None:
    async with sending(database_url, mosquitto.port) as side, device_of(mosquitto) as device:
        await device.subscribe(down_topic("T1"), qos=1)
        await side.at.make(asked())
        good = side.sender.publisher
        side.sender.publisher = Dying(good)
        with pytest.raises(KilledHere):
            await side.step()
        side.sender.publisher = good
        assert await side.step() == 0, "somebody may have it"
        assert await side.step(31 * SECOND_US) == 1
        first, second = await told(device, 2)
        assert first == second, "the same id: a device obeys once"


async def test_what_the_broker_will_never_take_is_undeliverable(
    embedded_url: str, mosquitto_with: Any, parts_folder: Any
) -> None:
    access = parts_folder / "commands-access.acl"
    access.write_text("topic read em/v1/#\n")
    access.chmod(0o644)
    broker = mosquitto_with(acl_file=str(access))
    async with sending(embedded_url, broker.port) as side:
        await side.at.make(asked())
        await side.step()
        assert await side.at.states() == ["undeliverable"]
        row = await side.at.commands.command(EVERYTHING, 1)
        assert row is not None
        assert row.detail == "the broker refused it with reason code 0x87"


async def test_many_devices_at_once(embedded_url: str, mosquitto: MosquittoBroker) -> None:
    async with sending(embedded_url, mosquitto.port) as side, device_of(mosquitto) as device:
        await device.subscribe("em/v1/+/+/down", qos=1)
        await side.at.make(*(asked(f"X{n}") for n in range(120)), *[asked("Y")] * MOST_OPEN)
        while await side.step():
            pass
        found = await told(device, 120 + MOST_OPEN)
        assert len({one.id for one in found}) == 120 + MOST_OPEN
        assert set(await side.at.states()) == {"sent"}


async def test_it_is_woken_and_stops(database_url: str, mosquitto: MosquittoBroker) -> None:
    """The whole service: a command is on its way as soon as it is made."""
    async with sending(database_url, mosquitto.port) as side, device_of(mosquitto) as device:
        await device.subscribe(down_topic("T1"), qos=1)
        stop = asyncio.Event()
        parts = CommandParts(
            side.at.commands,
            side.publisher,
            WindowCache(pinned_time_zones()),
            lambda: NOON,
            CommandFigures(CollectorRegistry()),
        )
        serving = asyncio.create_task(serve(parts, stop))
        await side.at.make(asked())
        (one,) = await told(device, 1)
        await side.at.said((one.id, True))

        async def is_ok() -> bool:
            return await side.at.states() == ["ok"]

        await eventually(is_ok, "the answer is entered")
        stop.set()
        await asyncio.wait_for(serving, 10)
