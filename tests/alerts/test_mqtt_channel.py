"""Alerts over MQTT, with a real Mosquitto."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from alerts.channels.channel import Refused, TryAgain, public_id
from alerts.channels.mqtt import MqttSender
from alerts.protocols import Target
from alerts.publishing import AlertBroker
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import free_port, make_folder, unprivileged
from domain.vocabulary import Channel
from tests.alerts.certificates import make_certificates
from tests.alerts.far_ends import LOOPBACK
from tests.alerts.mail_far_end import silent_server
from tests.alerts.telling import BODY, CONSOLE, leased
from tests.waiting import eventually

pytestmark = pytest.mark.slow
V5 = aiomqtt.ProtocolVersion.V5


@contextlib.asynccontextmanager
async def sending(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[MqttSender]:
    sender = MqttSender(AlertBroker(LOOPBACK, port, "dispatch-1", tls=tls), CONSOLE)
    try:
        yield sender
    finally:
        await sender.aclose()


@contextlib.asynccontextmanager
async def listening(broker: MosquittoBroker, *topics: str) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(LOOPBACK, broker.port, identifier="listener", protocol=V5) as client:
        for topic in topics:
            await client.subscribe(topic, qos=1)
        yield client


async def test_an_event_on_the_topic_of_the_area(mosquitto: MosquittoBroker) -> None:
    async with listening(mosquitto, "em/v1/alerts/#") as client, sending(mosquitto.port) as sender:
        await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        message = await anext(aiter(client.messages))
    assert (str(message.topic), message.qos, message.retain) == ("em/v1/alerts/kent-pdu", 1, False)
    assert isinstance(message.payload, bytes)
    event = json.loads(message.payload)
    assert (event["specversion"], event["id"], event["source"]) == (
        "1.0",
        public_id("17:1-0-0:kent-police:mqtt"),
        CONSOLE,
    )
    assert event["data"]["kind"] == "strap_tamper"


async def test_what_nobody_is_subscribed_to_is_tried_again_until_somebody_is(mosquitto: MosquittoBroker) -> None:
    async with sending(mosquitto.port) as sender:
        with pytest.raises(TryAgain, match="nobody is subscribed"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        async with listening(mosquitto, "em/v1/alerts/kent-pdu"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
            with pytest.raises(TryAgain, match="nobody is subscribed"):
                await sender.send(leased(Channel.MQTT, "other-pdu"), BODY)


async def test_what_the_access_list_forbids_is_refused(
    mosquitto_with: Callable[..., MosquittoBroker], parts_folder: Path
) -> None:
    access = make_folder(parts_folder / "alerts-access", unprivileged(), mode=0o755) / "access.acl"
    access.write_text("topic read em/v1/alerts/#\n")
    access.chmod(0o644)
    broker = mosquitto_with(acl_file=str(access))
    async with listening(broker, "em/v1/alerts/#"), sending(broker.port) as sender:
        with pytest.raises(Refused, match="reason code 0x87"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


async def test_a_broker_that_comes_back_is_published_to_again(mosquitto: MosquittoBroker) -> None:
    async with sending(mosquitto.port) as sender:
        async with listening(mosquitto, "em/v1/alerts/#"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        mosquitto.stop()
        with pytest.raises(TryAgain, match="the broker is away"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        mosquitto.start()
        async with listening(mosquitto, "em/v1/alerts/#"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


async def test_a_broker_that_dies_while_it_is_asked_is_noticed_at_once(mosquitto: MosquittoBroker) -> None:
    """Not only when the time for the acknowledgement is over."""
    listener = listening(mosquitto, "em/v1/alerts/#")
    async with listener, relay(mosquitto.port) as between, sending(between.port) as sender:
        await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        between.deaf = True
        trying = asyncio.create_task(sender.send(leased(Channel.MQTT, "kent-pdu"), BODY))
        await eventually(lambda: between.swallowed > 0, "the message is on its way")
        between.cut()
        async with asyncio.timeout(1):
            with pytest.raises(TryAgain):
                await trying
        between.deaf = False
        await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


async def test_a_broker_that_is_silent_is_given_so_long_and_no_longer() -> None:
    async with silent_server() as port, sending(port) as sender:
        with pytest.raises(TryAgain, match="the broker is away or did not answer"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


async def test_nobody_listens_at_all() -> None:
    async with sending(free_port()) as sender:
        with pytest.raises(TryAgain, match="the broker is away"):
            await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


async def test_many_at_once_over_one_connection(mosquitto: MosquittoBroker) -> None:
    async with listening(mosquitto, "em/v1/alerts/#") as client, sending(mosquitto.port) as sender:
        await asyncio.gather(*(sender.send(leased(Channel.MQTT, "kent-pdu", id=f"{n}"), BODY) for n in range(100)))
        messages = aiter(client.messages)
        got = {json.loads((await anext(messages)).payload)["id"] for _ in range(100)}
    assert got == {public_id(str(n)) for n in range(100)}


async def test_tls_as_the_context_says(mosquitto: MosquittoBroker, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, LOOPBACK)
    listener, made_relay = listening(mosquitto, "em/v1/alerts/#"), relay(mosquitto.port, made.server())
    async with listener, made_relay as between, sending(between.port, made.client()) as sender:
        await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)


@pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning"
)  # paho leaves the socket of a failed greeting to the collector
async def test_a_broker_whose_certificate_is_not_trusted_is_told_nothing(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    made = make_certificates(tmp_path, LOOPBACK)
    async with listening(mosquitto, "em/v1/alerts/#") as client, relay(mosquitto.port, made.server()) as between:
        async with sending(between.port, ssl.create_default_context()) as sender:
            with pytest.raises(TryAgain):
                await sender.send(leased(Channel.MQTT, "kent-pdu"), BODY)
        assert len(client.messages) == 0
    gc.collect()


@pytest.mark.parametrize("area", ["", "kent/pdu", "#", "+", "kent pdu", "x" * 65, "a\0b"])
async def test_an_area_that_is_none_is_refused(area: str) -> None:
    async with sending(1) as sender:
        with pytest.raises(Refused, match="not the id of an area"):
            await sender.send(leased(Channel.MQTT, area), BODY)


async def test_a_protected_person_is_never_told_by_mqtt() -> None:
    async with sending(1) as sender:
        with pytest.raises(Refused, match="protected person"):
            await sender.send(leased(Channel.MQTT, "kent-pdu", target=Target.VICTIM), BODY)


class Relay:
    """Stands between a client and the broker: may speak TLS to the client, turn deaf, and cut every connection."""

    def __init__(self, to: int) -> None:
        self.port = 0
        self.deaf = False
        self.swallowed = 0
        self._to = to
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        onwards, back = await asyncio.open_connection(LOOPBACK, self._to)
        self._writers += [writer, back]
        await asyncio.gather(self._carry(reader, back, True), self._carry(onwards, writer, False))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upwards: bool) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while part := await reader.read(65_536):
                if self.deaf and upwards:
                    self.swallowed += len(part)
                else:
                    writer.write(part)
        writer.close()

    def cut(self) -> None:
        """Every connection ends."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()


@contextlib.asynccontextmanager
async def relay(to: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Relay]:
    between = Relay(to)
    server = await asyncio.start_server(between.serve, LOOPBACK, 0, ssl=tls)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        between.cut()
        server.close()
