"""A subscriber that does nothing: ``python -m bench.ceiling URL MESSAGES``. QoS 0, so that it has nothing to acknowledge.

What comes is counted by its lengths alone: what the broker passes on to it in a second is the broker's own ceiling. Prints ``ready``,
takes so many messages, and prints one JSON object: ended_us (wall clock), cpu_s.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast
from urllib.parse import urlsplit

import mqtt5
import uvloop

PUBLISH = 0x30
TOPIC = "em/v1/+/+/up"


class Counter(asyncio.Protocol):
    """Walks from packet to packet."""

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self._taken = 0
        self._rest = b""
        loop = asyncio.get_running_loop()
        self.subscribed: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wanted = mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(TOPIC, max_qos=mqtt5.QoS.AT_MOST_ONCE)])
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(mqtt5.ConnectPacket("bench-ceiling", clean_start=True, keep_alive=600).write())
        self._transport.write(wanted.write())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the broker ended the connection: {exc}"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, size = 0, len(data)
        while (end := end_of(data, at, size)) > 0:
            kind = data[at] & 0xF0
            self._taken += kind == PUBLISH
            if kind == 0x90:
                self.subscribed.set_result(None)
            at = end
        self._rest = data[at:]
        if self._taken >= self._messages and not self.done.done():
            self.done.set_result(None)


def end_of(data: bytes, at: int, size: int) -> int:
    """Where the packet that begins there ends; 0 when it is not here as a whole."""
    length, shift, start = 0, 0, at + 1
    while start < size:
        length |= (data[start] & 0x7F) << shift
        if data[start] < 0x80:
            end = start + 1 + length
            return end if end <= size else 0
        start, shift = start + 1, shift + 7
    return 0


async def count(url: str, messages: int) -> None:
    """Until so many came."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    _, counter = await loop.create_connection(lambda: Counter(messages), parts.hostname or "", parts.port or 1883)
    await counter.subscribed
    print("ready", flush=True)
    cpu_s = time.process_time()
    await counter.done
    print(json.dumps({"ended_us": time.time_ns() // 1000, "cpu_s": time.process_time() - cpu_s}), flush=True)


if __name__ == "__main__":
    uvloop.run(count(sys.argv[1], int(sys.argv[2])))
