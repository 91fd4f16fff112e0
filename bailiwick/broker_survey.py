"""What `bailiwick doctor` asks of the broker: it is tried, not believed.

A client of our own subscribes, goes away, is sent more messages than a careless broker keeps (the default of Mosquitto
is 1,000), comes back and counts: as many as an hour's traffic where that is known and is more, up to a limit, as the broker is at
work. How long its queue is beyond that, and whether it outlives a restart, no broker tells. The topic is one that no device and no
ingest uses.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bailiwick.settings import Settings
from domain.errors import BailiwickError

QUEUE_SENT = 1_500
"""More than the 1,000 that Mosquitto keeps by default."""
QUEUE_SENT_MOST = 6_000
"""So that a broker at some distance has them within `SURVEY_MAX_S`."""
AT_ONCE = 20
"""Messages on their way to the broker."""
SESSION_EXPIRY_S = 60
WAIT_S = 3.0
SURVEY_MAX_S = 30.0
SYSTEM_WAIT_S = 1.0
QUIET_S = 2.0
MAX_MESSAGE_BYTES = 256 * 1024
"""Of the wire protocol."""
TOPIC = "em/v1/doctor/{nonce}"
SYSTEM = {"version": "$SYS/broker/version", "dropped": "$SYS/broker/publish/messages/dropped"}
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAway(BailiwickError):
    """It cannot be reached, or refuses us."""


@dataclass(frozen=True, slots=True)
class BrokerSurvey:
    """What came of it.

    ``version`` and ``dropped`` None: it does not tell. ``kept`` None: the access list does not let us try; else how many
    of ``sent`` messages were there after an absence. ``takes_largest``: whether the largest message that the wire
    protocol allows came through.
    """

    version: str | None
    dropped: int | None
    sent: int
    kept: int | None
    takes_largest: bool


async def survey_broker(settings: Settings, an_hour: int = 0) -> BrokerSurvey:
    """``an_hour``: the messages that it takes in an hour. Raises `BrokerAway`, in one line."""
    sent = min(max(an_hour, QUEUE_SENT), QUEUE_SENT_MOST)
    nonce = secrets.token_hex(4)
    # A broker that cuts us off leaves futures in the client that nobody asks; it is told of by what is found here.
    asyncio.get_running_loop().set_exception_handler(lambda _, __: None)
    try:
        async with asyncio.timeout(SURVEY_MAX_S):
            kept = await _kept_over_absence(settings, nonce, sent)
            largest = await _takes_largest(settings, nonce)
            told = await _system(settings, nonce)
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        raise BrokerAway(" ".join(str(error).split()) or "no answer") from None
    dropped = told.get("dropped")
    return BrokerSurvey(told.get("version"), int(dropped) if dropped else None, sent, kept, largest)


async def _kept_over_absence(settings: Settings, nonce: str, sent: int) -> int | None:
    """How many of so many messages were kept for a client that was away; None when it may not subscribe."""
    name, topic = f"bailiwick-doctor-{nonce}", TOPIC.format(nonce=nonce)
    async with _client(settings, name, SESSION_EXPIRY_S) as client:
        if not await _subscribed(client, topic):
            return None
    async with _client(settings, f"{name}-sender") as sender:
        for begin in range(0, sent, AT_ONCE):
            numbers = range(begin, min(begin + AT_ONCE, sent))
            await asyncio.gather(*(sender.publish(topic, str(number), qos=1) for number in numbers))
    kept = 0
    async with _client(settings, name, SESSION_EXPIRY_S, clean=False) as client:
        async for _ in _until_quiet(client, QUIET_S):
            kept += 1
            if kept == sent:
                break
    async with _client(settings, name):  # a clean start ends the session
        return kept


async def _takes_largest(settings: Settings, nonce: str) -> bool:
    """Whether the largest message of the wire protocol comes through."""
    topic = TOPIC.format(nonce=nonce)
    async with _client(settings, f"bailiwick-doctor-{nonce}") as client:
        try:
            if await _subscribed(client, topic):
                await client.publish(topic, b"x" * MAX_MESSAGE_BYTES, qos=1)
                async for message in _until_quiet(client, QUIET_S):
                    return len(_bytes(message)) == MAX_MESSAGE_BYTES
        except aiomqtt.MqttError:  # it cuts off whoever sends too much
            return False
    return False


async def _system(settings: Settings, nonce: str) -> dict[str, str]:
    """What it tells of itself on ``$SYS``; nothing, where it has none or cuts off whoever asks."""
    told: dict[str, str] = {}
    async with _client(settings, f"bailiwick-doctor-{nonce}") as client:
        try:
            await client.subscribe([(topic, 0) for topic in SYSTEM.values()])
            async for message in _until_quiet(client, SYSTEM_WAIT_S):
                key = next(key for key, topic in SYSTEM.items() if message.topic.matches(topic))
                told[key] = _bytes(message).decode("utf-8", "replace")
                if len(told) == len(SYSTEM):
                    break
        except aiomqtt.MqttError:
            return told
    return told


async def _subscribed(client: aiomqtt.Client, topic: str) -> bool:
    granted = await client.subscribe(topic, qos=1)
    return not any(getattr(code, "is_failure", False) for code in granted)


async def _until_quiet(client: aiomqtt.Client, quiet_s: float) -> AsyncIterator[aiomqtt.Message]:
    """Messages, until there is none for so long."""
    messages = aiter(client.messages)
    while True:
        try:
            async with asyncio.timeout(quiet_s):
                message = await anext(messages)
        except TimeoutError:
            return
        yield message


def _bytes(message: aiomqtt.Message) -> bytes:
    return message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()


def _client(settings: Settings, name: str, session_expiry_s: int = 0, *, clean: bool = True) -> aiomqtt.Client:
    address = urlsplit(settings.broker())
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = session_expiry_s
    return aiomqtt.Client(
        address.hostname or "",
        address.port or MQTT_PORTS[address.scheme],
        username=None if address.username is None else unquote(address.username),
        password=None if address.password is None else unquote(address.password),
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=clean,
        properties=properties,
        timeout=WAIT_S,
        tls_context=_tls(settings) if address.scheme == "mqtts" else None,
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.mqtt_ca)
    if settings.mqtt_certificate:
        context.load_cert_chain(settings.mqtt_certificate, settings.mqtt_key)
    return context
