"""The broker port, over the fake and over real brokers: the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import make_folder, unprivileged
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from ingest.ports import Broker, Delivery, SessionTaken
from tests.ingest.fakes import FakeBroker
from tests.ingest.made import message
from tests.ingest.publishing import Publisher
from tests.parts.test_broker_rules import ACCESS_LIST, password_line
from tests.waiting import eventually

Publish = Callable[[list[tuple[str, bytes]]], Awaitable[None]]


@dataclass
class Side:
    """A broker as ingest sees it, and a way to publish as devices do."""

    make: Callable[[], Broker]
    publish: Publish
    cut: Callable[[Broker], None]


@dataclass
class Taken:
    """What was delivered."""

    deliveries: list[Delivery] = field(default_factory=list)

    def payloads(self) -> list[bytes]:
        return [payload for delivery in self.deliveries for _, payload, _ in delivery.messages]


@asynccontextmanager
async def connected(broker: Broker, taken: Taken) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(broker.run(taken.deliveries.append))
    await eventually(lambda: broker.connection > 0, "connected")
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


KEEPING = ["fake", pytest.param("mosquitto", marks=pytest.mark.real)]
"""Brokers that keep what is not acknowledged."""


@pytest.fixture(params=[*KEEPING, pytest.param("iotcore_broker", marks=pytest.mark.real)])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "fake":
        fake = FakeBroker(LineClock())

        async def send(messages: list[tuple[str, bytes]]) -> None:
            for topic, payload in messages:
                fake.send(topic, payload)

        def cut_fake(_: Broker) -> None:
            fake.cut()
            fake.restore()

        yield Side(lambda: fake, send, cut_fake)
        return
    server: Any = request.getfixturevalue(request.param)
    address = BrokerAddress.parse(server.url)
    async with Publisher(server.url) as publisher:
        # The embedded broker lets 100 messages go unacknowledged, so ingest asks it for none at all.
        once = request.param == "iotcore_broker"
        made = MqttBroker(address, "tests-ingest", LineClock(), at_most_once=once)
        yield Side(lambda: made, publisher.publish, cut_real)


def cut_real(broker: Broker) -> None:
    assert isinstance(broker, MqttBroker)
    assert broker._session is not None
    broker._session.drop("cut by the test")


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [message(f"T{seq % 3}", seq) for seq in range(first, last + 1)]


def payloads(messages: list[tuple[str, bytes]]) -> list[bytes]:
    return [payload for _, payload in messages]


async def test_messages_come_in_order_and_with_instants_that_never_go_back(side: Side) -> None:
    broker, taken, sent = side.make(), Taken(), numbered(1, 500)
    async with connected(broker, taken):
        await side.publish(sent)
        await eventually(lambda: len(taken.payloads()) == 500, "all delivered")
    assert taken.payloads() == payloads(sent)
    instants = [instant for d in taken.deliveries for _, _, instant in d.messages]
    assert instants == sorted(instants)
    assert all(len(d.messages) == len(d.packet_ids) for d in taken.deliveries)


@pytest.mark.parametrize("side", KEEPING, indirect=True)
async def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(side: Side) -> None:
    broker, taken, sent = side.make(), Taken(), numbered(1, 40)
    async with connected(broker, taken):
        await side.publish(sent[:20])
        await eventually(lambda: len(taken.payloads()) == 20, "first delivered")
        for delivery in taken.deliveries:
            broker.acknowledge(delivery.connection, delivery.packet_ids)
        await side.publish(sent[20:])
        await eventually(lambda: len(taken.payloads()) == 40, "second delivered")
        old = taken.deliveries[-1]
        first = broker.connection
        side.cut(broker)
        await eventually(lambda: len(taken.payloads()) >= 60, "delivered again")
        await eventually(lambda: broker.connection > first, "connected again")
        assert taken.payloads()[40:] == payloads(sent[20:])
        # The ids of the connection that is over say nothing on this one.
        broker.acknowledge(old.connection, old.packet_ids)
        side.cut(broker)
        await eventually(lambda: len(taken.payloads()) >= 80, "delivered a third time")
        assert taken.payloads()[60:] == payloads(sent[20:])


async def test_nothing_more_is_taken_while_held(side: Side) -> None:
    broker, taken, sent = side.make(), Taken(), numbered(1, 300)
    async with connected(broker, taken):
        broker.hold()
        await side.publish(sent)
        assert taken.payloads() == []
        broker.release()
        await eventually(lambda: len(taken.payloads()) == 300, "all delivered")


async def test_a_marker_comes_back_behind_what_waited(side: Side) -> None:
    broker, taken, sent = side.make(), Taken(), numbered(1, 300)
    async with connected(broker, taken):
        broker.hold()
        await side.publish(sent)
        broker.publish(broker.own_topic, b"marker 1")
        broker.release()
        await eventually(lambda: b"marker 1" in taken.payloads(), "the marker is back")
    assert taken.payloads() == [*payloads(sent), b"marker 1"]


@pytest.mark.parametrize("server", KEEPING)
async def test_what_comes_while_nobody_is_there_waits(server: str, request: pytest.FixtureRequest) -> None:
    sent = numbered(1, 100)
    if server == "fake":
        fake = FakeBroker(LineClock())
        for topic, payload in sent:
            fake.send(topic, payload)
        taken = Taken()
        async with connected(fake, taken):
            await eventually(lambda: len(taken.payloads()) == 100, "all delivered")
        return
    url = request.getfixturevalue("mosquitto").url
    broker, taken = MqttBroker(BrokerAddress.parse(url), "tests-ingest", LineClock()), Taken()
    async with connected(broker, taken), Publisher(url) as publisher:
        await broker.leave()
        await publisher.publish(sent)
        await eventually(lambda: len(taken.payloads()) == 100, "all delivered")
        assert broker.session_present
        assert broker.sessions_lost == 0
    assert taken.payloads() == payloads(sent)


@pytest.mark.parametrize("server", KEEPING)
async def test_another_client_of_our_name_ends_the_run(server: str, request: pytest.FixtureRequest) -> None:
    if server == "fake":
        fake = FakeBroker(LineClock())
        async with connected(fake, Taken()) as running:
            fake.take()
            with pytest.raises(SessionTaken):
                await running
        return
    url = request.getfixturevalue("mosquitto").url
    first, second = (MqttBroker(BrokerAddress.parse(url), "tests-ingest", LineClock()) for _ in range(2))
    async with connected(first, Taken()) as running, connected(second, Taken()):
        with pytest.raises(SessionTaken):
            await running
        assert second.connection > 0


async def test_the_shipped_access_list_lets_markers_through(
    parts_folder: Path, mosquitto_with: Callable[..., MosquittoBroker]
) -> None:
    folder = make_folder(parts_folder / "markers", unprivileged(), mode=0o755)
    passwords = folder / "passwords"
    passwords.write_text(password_line("centre", "secret"))
    access = folder / "access.acl"
    access.write_text(ACCESS_LIST.read_text())
    for path in (passwords, access):
        path.chmod(0o644)
    server = mosquitto_with(acl_file=str(access), password_file=str(passwords))
    url = server.url.replace("mqtt://", "mqtt://centre:secret@")
    broker, taken = MqttBroker(BrokerAddress.parse(url), "bailiwick-ingest", LineClock()), Taken()
    async with connected(broker, taken):
        broker.publish(broker.own_topic, b"marker 1")
        await eventually(lambda: taken.payloads() == [b"marker 1"], "the marker is back")
