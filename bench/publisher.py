"""A process that publishes pre-encoded messages as fast as the broker takes them: ``python -m bench.publisher URL FILE``.

FILE holds MQTT packets back to back, QoS 1, with packet ids counting up. Prints ``ready``, waits for a line on standard
input, publishes, and prints one JSON object: begun_us and ended_us (wall clock), messages, cpu_s.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import mqtt5
import uvloop

WINDOW = 20_000
"""Messages that the broker has not taken yet, at most: its receive maximum if that is less."""
AT_ONCE = 250
PUBACK = 0x40


class Publisher(asyncio.Protocol):
    """Keeps the window full; counts acknowledgements by their lengths alone."""

    def __init__(self, packets: list[bytes]) -> None:
        self.packets = packets
        self.sent = self.taken = 0
        self.window = 0
        self.rest = b""
        self.room = True
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(mqtt5.ConnectPacket("bench-publisher", clean_start=True, keep_alive=600).write())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the broker ended the connection: {exc}"))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        if not self.connected.done():
            answer, size = mqtt5.read(memoryview(data))
            assert isinstance(answer, mqtt5.ConnAckPacket)
            self.window = min(WINDOW, answer.receive_max)
            data = data[size:]
            self.connected.set_result(None)
        at = 0
        while at + 2 <= len(data) and at + 2 + data[at + 1] <= len(data):
            self.taken += data[at] == PUBACK
            at += 2 + data[at + 1]
        self.rest = data[at:]
        if self.taken == len(self.packets) and not self.done.done():
            self.done.set_result(None)
        if self.sent:
            self.push()

    def pause_writing(self) -> None:
        self.room = False

    def resume_writing(self) -> None:
        self.room = True
        self.push()

    def push(self) -> None:
        """Send until the window is full, the socket is, or all is sent."""
        end = min(len(self.packets), self.taken + self.window)
        while self.room and (self.sent + AT_ONCE <= end or self.sent < end == len(self.packets)):
            last = min(self.sent + AT_ONCE, end)
            self.transport.write(b"".join(self.packets[self.sent : last]))
            self.sent = last


def cut(data: bytes) -> list[bytes]:
    """Packets that stand back to back."""
    packets, at = [], 0
    while at < len(data):
        length, shift, start = 0, 0, at + 1
        while True:
            length |= (data[start] & 0x7F) << shift
            start, shift = start + 1, shift + 7
            if data[start - 1] < 0x80:
                break
        packets.append(data[at : start + length])
        at = start + length
    return packets


async def publish(url: str, packets: list[bytes]) -> None:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, publisher = await loop.create_connection(lambda: Publisher(packets), parts.hostname or "", parts.port or 1883)
    await publisher.connected
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begun_us, cpu_s = time.time_ns() // 1000, time.process_time()
    publisher.push()
    await publisher.done
    told = {
        "begun_us": begun_us,
        "ended_us": time.time_ns() // 1000,
        "messages": publisher.taken,
        "cpu_s": time.process_time() - cpu_s,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    uvloop.run(publish(sys.argv[1], cut(Path(sys.argv[2]).read_bytes())))
