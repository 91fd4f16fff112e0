"""MQTT: the event of `alerts.channels.events` on ``em/v1/alerts/{area}``, at QoS 1 over one connection that is kept.

The broker's acknowledgement says more than that it came: one that nobody is subscribed to is tried again, for the broker
keeps it for nobody; one that this sign-in may not publish is refused.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from alerts.channels.channel import Refused, TryAgain
from alerts.channels.events import event
from alerts.ports import Leased
from alerts.wording import Words

TOPIC: Final = "em/v1/alerts/{area}"
QUEUE_S: Final = 5.0
"""How long a notification waits for those before it; publishing goes one by one."""
STEP_S: Final = 3.0
"""Each of: the broker's greeting (the connection before it has 5 s), its acknowledgement."""
KEEPALIVE_S: Final = 20
_AREA = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_ERRORS_FROM: Final = 0x80
_NOBODY: Final = 0x10
"""Reason codes of MQTT 5: where errors begin; and: taken, but nobody is subscribed."""
_FOR_EVER: Final = frozenset({0x87, 0x90, 0x95, 0x99})
"""Not authorised, no such topic, too large, not in this form."""


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
    """Where alerts are published: the broker of `MQTT_URL`, with the sign-in and the TLS context that ingest has."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class MqttSender:
    """Publishes to the area that is the notification's address."""

    def __init__(self, broker: AlertBroker, console: str) -> None:
        self._broker = broker
        self._console = console
        self._turn = asyncio.Lock()
        self._client: _Client | None = None

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        area = leased.notification.address
        if not _AREA.fullmatch(area):
            raise Refused("the address is not the id of an area")
        content = event(leased, body, self._console)
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._turn.acquire()
        except TimeoutError:
            raise TryAgain(None, f"no turn within {QUEUE_S:g} s") from None
        try:
            code = await self._published(TOPIC.format(area=area), content)
        except aiomqtt.MqttError as error:
            await self._drop()
            raise TryAgain(None, f"{type(error).__name__}: the broker is away or did not answer") from None
        except BaseException:
            await self._drop()
            raise
        finally:
            self._turn.release()
        _judge(code)

    async def _published(self, topic: str, content: bytes) -> int:
        """The reason code of the acknowledgement. Raises `aiomqtt.MqttError`."""
        client = await self._connected()
        client.answered = None
        publishing = asyncio.ensure_future(client.publish(topic, content, qos=1))
        losing = asyncio.ensure_future(client.lost.wait())
        try:
            await asyncio.wait((publishing, losing), return_when=asyncio.FIRST_COMPLETED)
            if publishing.done():
                await publishing
                if client.answered is not None:
                    return client.answered
            raise aiomqtt.MqttError("the connection was lost")
        finally:
            publishing.cancel()
            losing.cancel()

    async def _connected(self) -> _Client:
        if self._client is not None and self._client.lost.is_set():
            await self._drop()
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

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
        await self._drop()


def _judge(code: int) -> None:
    if code == _NOBODY:
        raise TryAgain(None, "the broker took it, but nobody is subscribed to alerts of this area")
    if code in _FOR_EVER:
        raise Refused(f"the broker refused it with reason code 0x{code:02x}")
    if code >= _ERRORS_FROM:
        raise TryAgain(None, f"the broker did not take it: reason code 0x{code:02x}")
