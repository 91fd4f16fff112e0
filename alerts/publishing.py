"""Publishing at QoS 1 over one connection that is kept, with what the broker says of each message.

The broker's acknowledgement says more than that it came: whether anybody is subscribed, and whether this sign-in may publish
at all. The library keeps that to itself, so that it is read off here.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

STEP_S: Final = 3.0
"""Each of: the broker's greeting (the connection before it has 5 s), its acknowledgement."""
KEEPALIVE_S: Final = 20
ERRORS_FROM: Final = 0x80
NOBODY: Final = 0x10
"""Reason codes of MQTT 5: where errors begin; and: taken, but nobody is subscribed."""
FOR_EVER: Final = frozenset({0x87, 0x90, 0x95, 0x99})
"""Not authorised, no such topic, too large, not in this form."""

BrokerAway = aiomqtt.MqttError
"""The broker is away or did not answer."""


class _Client(aiomqtt.Client):
    """Keeps the reason code of the last acknowledgement, and when the connection is lost: the library tells neither."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.answered: int | None = None
        self.lost = asyncio.Event()

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self.answered = reason_code.value
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_disconnect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.lost.set()
        super()._on_disconnect(client, userdata, flags, reason_code, properties)


@dataclass(frozen=True, slots=True)
class AlertBroker:
    """Where is published: the broker of `MQTT_URL`, with the sign-in and the TLS context that ingest has."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class Publisher:
    """Connects when it is first needed, and again when the connection was lost. One message at a time: the caller's to see to."""

    def __init__(self, broker: AlertBroker) -> None:
        self._broker = broker
        self._client: _Client | None = None

    async def publish(self, topic: str, content: bytes, expires_s: int | None = None) -> int:
        """The reason code of the acknowledgement. ``expires_s``: the broker keeps it no longer for who is away.

        Raises `BrokerAway`. Whatever it raises, also when it is cancelled, the next message has a new connection.
        """
        properties = None
        if expires_s is not None:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expires_s
        try:
            return await self._published(topic, content, properties)
        except BaseException:
            await self.aclose()
            raise

    async def _published(self, topic: str, content: bytes, properties: Properties | None) -> int:
        client = await self._connected()
        client.answered = None
        publishing = asyncio.ensure_future(client.publish(topic, content, qos=1, properties=properties))
        losing = asyncio.ensure_future(client.lost.wait())
        try:
            await asyncio.wait((publishing, losing), return_when=asyncio.FIRST_COMPLETED)
            if publishing.done():
                await publishing
                if client.answered is not None:
                    return client.answered
            raise BrokerAway("the connection was lost")
        finally:
            publishing.cancel()
            losing.cancel()

    async def _connected(self) -> _Client:
        if self._client is not None and self._client.lost.is_set():
            await self.aclose()
        if self._client is None:
            broker = self._broker
            client = _Client(
                broker.host,
                broker.port,
                identifier=broker.client_id,
                username=broker.username,
                password=broker.password,
                tls_context=broker.tls,
                protocol=aiomqtt.ProtocolVersion.V5,
                timeout=STEP_S,
                keepalive=KEEPALIVE_S,
            )
            await client.__aenter__()
            self._client = client
        return self._client

    async def aclose(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(BrokerAway):
                await client.__aexit__(None, None, None)
