"""The bench on a real broker: the centre as one device knows it. Subscribes to that device's topics and to no others."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final, Protocol

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from domain.errors import BadSetting, BailiwickError
from domain.wire_topics import down_topic
from simulators.conforming.bench import Deed, Reply
from simulators.conforming.guided import QUESTIONS, WORDS
from simulators.conforming.log import Log
from simulators.link import Address

CONNECT_S: Final = 10.0
AGAIN_S: Final = 2.0
PUBLISH_S: Final = 60.0
SESSION_S: Final = 3_600
"""The broker keeps what comes for us while our own connection is broken."""
DEVICE_SESSION_S: Final = 86_400
"""A device's session that we connect to is not ended by our leaving it."""
KEEP_ALIVE_S: Final = 30
LOOK_S: Final = 0.05
"""Between two looks at what was waited for: a backlog of thousands is not looked at message by message."""
CANCEL_S: Final = 0.2
ERRORS_FROM: Final = 0x80
NOBODY: Final = 0x10


class BrokerAway(BailiwickError):
    """The broker cannot be reached, or does not let us do what the centre does; one line."""


class Person(Protocol):
    """Whoever is beside the device."""

    async def ask(self, deed: Deed) -> Reply: ...


class Nobody:
    """Nobody is beside the device: all that would have to be done is skipped."""

    async def ask(self, deed: Deed) -> Reply:
        return Reply.SKIP


class AtTerminal:
    """Asks on standard error, and reads lines without stopping anything else."""

    async def ask(self, deed: Deed) -> Reply:
        how = "y: yes, n: no, s: skip" if deed in QUESTIONS else "Enter: done, s: skip"
        print(f"\n>>> {WORDS[deed]} [{how}] ", end="", file=sys.stderr, flush=True)
        line = await _line()
        if line is None or line.lower().startswith("s"):
            return Reply.SKIP
        return Reply.NO if line.lower().startswith("n") else Reply.YES


async def _line() -> str | None:
    """A line of standard input; None at its end."""
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), there.set)
    except (OSError, ValueError):  # a file is always there to be read
        return sys.stdin.readline().strip() or None
    try:
        await there.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    line = sys.stdin.readline()
    return line.strip() if line else None


def address_of(url: str, ca: str | None, certificate: str | None, key: str | None) -> Address:
    """Where the broker is, and how to sign in there. Raises `BadSetting`."""
    try:
        address = Address.parse(url)
    except BadSetting:
        raise BadSetting(
            "--broker: mqtt://user:password@host:port, or mqtts://..."
        ) from None  # its password is not said
    if ca or certificate or key:
        if address.tls is None:
            raise BadSetting("--ca, --certificate and --key need a broker that starts with mqtts://")
        if (certificate is None) != (key is None):
            raise BadSetting("--certificate and --key go together")
        try:
            context = ssl.create_default_context(cafile=ca)
            if certificate is not None:
                context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise BadSetting(f"--ca, --certificate, --key: {error}") from None
        address = replace(address, tls=context)
    return address


class _Client(aiomqtt.Client):
    """Keeps the reason code of the last acknowledgement, which the library does not tell."""

    answered: int | None = None

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self.answered = reason_code.value
        super()._on_publish(client, userdata, mid, reason_code, properties)


class MqttBench:
    """See `simulators.conforming.bench.Bench`; made by `on_broker`."""

    def __init__(self, log: Log, address: Address, name: str, person: Person) -> None:
        self.log = log
        self._address, self._name, self._person = address, name, person
        self._client: _Client | None = None
        self._ready = asyncio.Event()
        self._news = asyncio.Event()
        self._as_device: asyncio.Task[None] | None = None

    def now_us(self) -> int:
        return time.time_ns() // 1000

    async def tell(self, payload: bytes) -> bool:
        """Raises `BrokerAway`."""
        try:
            async with asyncio.timeout(PUBLISH_S):
                while True:
                    await self._ready.wait()
                    client = self._client
                    assert client is not None
                    client.answered = None
                    with suppress(aiomqtt.MqttError):
                        await client.publish(down_topic(self.log.device), payload, qos=1)
                        break
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            raise BrokerAway("the broker did not take a command") from None
        if client.answered is not None and client.answered >= ERRORS_FROM:
            raise BrokerAway(
                f"the broker does not let us publish to {down_topic(self.log.device)}: sign in as the centre does"
            )
        return client.answered != NOBODY

    async def until(self, holds: Callable[[Log], bool], within_s: float) -> bool:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        while not holds(self.log):
            left_s = end_s - loop.time()
            if left_s <= 0:
                return False
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            await asyncio.sleep(LOOK_S)
        return True

    async def ask(self, deed: Deed) -> Reply:
        return await self._person.ask(deed)

    async def take_over(self) -> str | None:
        begun: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._as_device = asyncio.create_task(self._be_device(begun))
        return await begun

    async def let_go(self) -> None:
        task, self._as_device = self._as_device, None
        if task is not None:
            await ended(task)

    async def _be_device(self, begun: asyncio.Future[str | None]) -> None:
        taken = self.log.taken
        assert taken is not None
        try:
            async with self._connection(self.log.device, DEVICE_SESSION_S, clean=False) as client:
                begun.set_result(None)
                async for _ in client.messages:
                    continue
        except aiomqtt.MqttError as error:
            if not begun.done():
                begun.set_result(" ".join(str(error).split()))
                return
            taken.back_us = self.now_us()
            self._news.set()

    async def listen(self, subscribed: asyncio.Future[None]) -> None:
        """Takes what comes, over one connection after another, until cancelled."""
        while True:
            try:
                async with self._connection(self._name, SESSION_S, clean=not subscribed.done()) as client:
                    await self._subscribe(client)
                    self._client = client
                    self._ready.set()
                    if not subscribed.done():
                        subscribed.set_result(None)
                    async for message in client.messages:
                        self._take(message)
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                if not subscribed.done():
                    subscribed.set_exception(BrokerAway(f"the broker: {' '.join(str(error).split()) or 'no answer'}"))
                    return
                self.log.deaf += self._ready.is_set()
                self._ready.clear()
                await asyncio.sleep(AGAIN_S)

    async def _subscribe(self, client: _Client) -> None:
        """To what the device publishes, in whatever partition: a wrong one is to be seen."""
        topics = [f"em/v1/+/{self.log.device}/{last}" for last in ("up", "lwt")]
        for qos in (2, 1):  # some brokers have no 2
            options = SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            granted = await client.subscribe([(topic, options) for topic in topics])
            if not any(getattr(code, "is_failure", False) for code in granted):
                return
        raise aiomqtt.MqttError(f"it does not let us listen to {topics[0]}: sign in as the centre does")

    def _take(self, message: aiomqtt.Message) -> None:
        if message.retain:
            return
        payload = message.payload if isinstance(message.payload, bytes) else str(message.payload or "").encode()
        self.log.take(self.now_us(), message.topic.value, payload, message.qos)
        self._news.set()

    @asynccontextmanager
    async def _connection(self, name: str, session_s: int, *, clean: bool) -> AsyncIterator[_Client]:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_s
        address = self._address
        async with _Client(
            address.host,
            address.port,
            identifier=name,
            username=address.username,
            password=None if address.password is None else address.password.decode(),
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=clean,
            properties=properties,
            timeout=CONNECT_S,
            keepalive=KEEP_ALIVE_S,
            tls_context=address.tls,
        ) as client:
            yield client


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancels it until it is over: `asyncio.wait_for` of Python 3.11 may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_S)
    if not task.cancelled():
        task.exception()


@asynccontextmanager
async def on_broker(log: Log, address: Address, name: str, person: Person) -> AsyncIterator[MqttBench]:
    """A bench that hears the device. Raises `BrokerAway`."""
    bench = MqttBench(log, address, name, person)
    subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(bench.listen(subscribed))
    try:
        await subscribed
        yield bench
    finally:
        await bench.let_go()
        await ended(listening)
        with contextlib.suppress(aiomqtt.MqttError, OSError, TimeoutError):
            async with bench._connection(name, 0, clean=True):  # ends the session: the broker keeps nothing for us
                log.now_us = max(log.now_us, bench.now_us())
