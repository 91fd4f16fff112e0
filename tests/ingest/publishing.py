"""Devices for the tests: one MQTT 5 connection that publishes at QoS 1 and knows what the broker has taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import mqtt5

WINDOW = 2_000
"""Messages on their way to the broker at once."""


class Publisher:
    """``async with Publisher(url) as device: await device.publish(messages)``."""

    def __init__(self, url: str, client_id: str = "tests-publisher") -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 1883
        self._client_id = client_id
        self.taken = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._rest = b""
        self._window = WINDOW
        self._writer.write(mqtt5.ConnectPacket(self._client_id, clean_start=True, keep_alive=60).write())
        answer = await self._packet()
        assert isinstance(answer, mqtt5.ConnAckPacket)
        self._window = min(WINDOW, answer.receive_max)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def publish(self, messages: Sequence[tuple[str, bytes]], *, retain: bool = False) -> None:
        """Returns when the broker has taken all of them."""
        flying = 0
        for number, (topic, payload) in enumerate(messages):
            packet_id = number % 65_535 + 1
            at_least_once = mqtt5.QoS.AT_LEAST_ONCE
            packet = mqtt5.PublishPacket(topic, payload, qos=at_least_once, packet_id=packet_id, retain=retain)
            self._writer.write(packet.write())
            flying += 1
            while flying >= self._window:
                await self._writer.drain()
                flying -= await self._acknowledged()
        while flying:
            flying -= await self._acknowledged()

    async def _acknowledged(self) -> int:
        packet = await self._packet()
        if not isinstance(packet, mqtt5.PubAckPacket):
            raise ConnectionError(f"the broker said {packet!r}")
        self.taken += 1
        return 1

    async def _packet(self) -> mqtt5.Packet:
        while True:
            try:
                packet, size = mqtt5.read(memoryview(self._rest))
            except IndexError:
                more = await self._reader.read(65_536)
                if not more:
                    raise ConnectionError("the broker ended the connection") from None
                self._rest += more
            else:
                self._rest = self._rest[size:]
                return packet
