"""A process of devices that come back and send what they kept: ``python -m bench.backlog_load URL CASELOAD DEVICES ITEMS BEFORE_MS SPREAD_S``.

One envelope of each of the first DEVICES location tags, with ITEMS fixes a minute apart, oldest first, numbered from 1, all before an instant;
as fast as the broker takes them, or evenly over SPREAD_S seconds. Prints ``ready``, waits for a line on standard input, sends, and
prints one JSON object: begun_us, ended_us (wall clock; the broker has all), messages, bytes, cpu_s.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import mqtt5
import msgspec
import uvloop

from bench.load import Walker, fix_of, walkers
from bench.publisher import Publisher
from domain.wire import up_topic

EVERY_MS: Final = 60_000
TICK_S: Final = 0.02
AT_ONCE: Final = 50
"""Envelopes in one write: each has some kilobytes."""


class Returning(Publisher):
    """Says in each envelope when it is sent, as a device does; sends no more than may have come back by now."""

    def __init__(self, envelopes: Sequence[tuple[str, bytes]], spread_s: float) -> None:
        super().__init__([b""] * len(envelopes))
        self._envelopes = envelopes
        self._spread_s = spread_s
        self.begun_s = 0.0
        self.bytes = 0

    def push(self) -> None:
        """As many as are back, the window takes and the socket takes."""
        end = min(self._back(), self.taken + self.window)
        while self.room and self.sent < end:
            last = min(self.sent + AT_ONCE, end)
            data = b"".join(self._packet(number) for number in range(self.sent, last))
            self.transport.write(data)
            self.bytes += len(data)
            self.sent = last

    def _back(self) -> int:
        if not self._spread_s:
            return len(self.packets)
        return min(len(self.packets), int((time.monotonic() - self.begun_s) / self._spread_s * len(self.packets)))

    def _packet(self, number: int) -> bytes:
        topic, fixes = self._envelopes[number]
        payload = b'{"v":1,"sent":%d,"fixes":%b}' % (time.time_ns() // 1_000_000, fixes)
        packet_id = number % 65_535 + 1
        return mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id).write()


def kept(walker: Walker, items: int, before_ms: int) -> tuple[str, bytes]:
    """A device's topic, and its fixes as they stand in an envelope."""
    fixes = [fix_of(walker, 1 + k, before_ms - (items - k) * EVERY_MS, k) for k in range(items)]
    return up_topic(walker[0]), msgspec.json.encode(fixes)


async def send(url: str, envelopes: Sequence[tuple[str, bytes]], spread_s: float) -> None:
    """Until the broker has all of them."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    _, devices = await loop.create_connection(
        lambda: Returning(envelopes, spread_s), parts.hostname or "", parts.port or 1883
    )
    await devices.connected
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begun_us, cpu_s, devices.begun_s = time.time_ns() // 1000, time.process_time(), time.monotonic()
    while not devices.done.done():
        devices.push()
        await asyncio.wait([devices.done], timeout=TICK_S)
    await devices.done
    told = {"begun_us": begun_us, "ended_us": time.time_ns() // 1000, "messages": devices.taken, "bytes": devices.bytes}
    print(json.dumps(told | {"cpu_s": time.process_time() - cpu_s}), flush=True)


def main() -> None:
    url, caseload, devices, items, before_ms, spread_s = sys.argv[1:]
    lines = Path(caseload).read_text(encoding="utf-8").splitlines()
    some = walkers([json.loads(line) for line in lines])[: int(devices)]
    uvloop.run(send(url, [kept(walker, int(items), int(before_ms)) for walker in some], float(spread_s)))


if __name__ == "__main__":
    main()
