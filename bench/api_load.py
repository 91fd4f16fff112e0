"""A process of devices that speak at a steady rate: ``python -m bench.api_load URL CASELOAD RATE TAMPERS [NEXT]``.

One fix a message, the location tags in turn, and so many cut straps a second, each of another tag; NEXT is
the number with which each tag begins, else by the clock. Prints ``ready``, begins with a
line on standard input, ends with the next, and prints one JSON object: messages, tampers, seconds, behind_s (the longest).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import mqtt5
import msgspec
import uvloop

from bench.load import Walker, fix_of, walkers
from domain.wire import up_topic

TICK_S: Final = 0.02
SEQS_A_SECOND: Final = 10
"""Numbers begin with the clock, faster than a tag counts: above what was filled in, and above another run's."""


class Sender(asyncio.Protocol):
    """Counts nothing: what was committed is asked of the database."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(mqtt5.ConnectPacket("bench-devices", clean_start=True, keep_alive=600).write())
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.connected.done():
            self.connected.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            raise exc


class Fleet:
    """The tags, each where it has walked to."""

    def __init__(self, devices: list[Walker], first: int | None) -> None:
        self._devices = devices
        self._seq = [int(time.time() * SEQS_A_SECOND) if first is None else first - 1] * len(devices)
        self._packets = 0
        self._cut = 0

    def fixes(self, first: int, last: int) -> bytes:
        """Messages number ``first`` to before ``last``."""
        return b"".join(self._fix(number % len(self._devices)) for number in range(first, last))

    def tampers(self, number: int) -> bytes:
        """So many straps are cut, of tags that were whole."""
        found = []
        for _ in range(min(number, len(self._devices) - self._cut)):
            event = {"seq": self._next(self._cut), "t": _now_ms(), "code": "strap_tamper", "state": "start"}
            found.append(self._packet(self._cut, {"v": 1, "sent": _now_ms(), "events": [event]}))
            self._cut += 1
        return b"".join(found)

    def _fix(self, index: int) -> bytes:
        seq, now_ms = self._next(index), _now_ms()
        fix = fix_of(self._devices[index], seq, now_ms, seq)
        return self._packet(index, {"v": 1, "sent": now_ms, "fixes": [fix]})

    def _next(self, index: int) -> int:
        self._seq[index] += 1
        return self._seq[index]

    def _packet(self, index: int, message: object) -> bytes:
        self._packets += 1
        topic, body = up_topic(self._devices[index][0]), msgspec.json.encode(message)
        number = self._packets % 65_535 + 1
        return mqtt5.PublishPacket(topic, body, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def send(url: str, devices: list[Walker], rate: float, tampers: float, first: int | None) -> None:
    """Until the second line."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    _, sender = await loop.create_connection(Sender, parts.hostname or "", parts.port or 1883)
    await sender.connected
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    fleet, began_s, sent, cut, behind_s = Fleet(devices, first), time.monotonic(), 0, 0, 0.0
    while not ended.done():
        passed_s = time.monotonic() - began_s
        due, cut_due = round(passed_s * rate), round(passed_s * tampers)
        sender.transport.write(fleet.fixes(sent, due) + fleet.tampers(cut_due - cut))
        sent, cut = due, cut_due
        behind_s = max(behind_s, time.monotonic() - began_s - passed_s)
        await asyncio.sleep(TICK_S)
    told = {"messages": sent, "tampers": cut, "seconds": time.monotonic() - began_s, "behind_s": round(behind_s, 3)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
    told_first = int(sys.argv[5]) if len(sys.argv) > 5 else None
    tags = walkers([json.loads(line) for line in lines])
    uvloop.run(send(sys.argv[1], tags, float(sys.argv[3]), float(sys.argv[4]), told_first))
