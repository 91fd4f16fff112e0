"""A process of so many that follow the stream: ``python -m bench.api_followers ADDRESS KEY NUMBER``.

Prints ``ready`` when each has its first event; ends with a line on standard input, and prints one JSON object: ids (the numbers of the
events of the first), seen (of each, where it differs from the first), broken (how many were cut off), twice (how many came again).
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Follower(asyncio.Protocol):
    """One connection; only the numbers of events are looked at."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.ids: list[int] = []
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.broken = self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.ids += [int(line[4:]) for line in whole if line.startswith(b"id: ")]
        if self.ids and not self.begun.done():
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = not self.ended


async def follow(address: str, key: str, number: int) -> None:
    """Until a line comes."""
    parts, loop = urlsplit(address), asyncio.get_running_loop()
    head = f"GET /api/v1/stream HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    followers = []
    for _ in range(number):
        _, follower = await loop.create_connection(lambda: Follower(head), parts.hostname or "", parts.port or 80)
        followers.append(follower)
    await asyncio.gather(*(follower.begun for follower in followers))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    told = {
        "ids": followers[0].ids,
        "seen": [sorted(set(follower.ids) ^ set(followers[0].ids)) for follower in followers],
        "twice": sum(len(follower.ids) - len(set(follower.ids)) for follower in followers),
        "broken": sum(follower.broken for follower in followers),
    }
    print(json.dumps(told), flush=True)
    for follower in followers:
        follower.ended = True
        follower.transport.close()


if __name__ == "__main__":
    uvloop.run(follow(sys.argv[1], sys.argv[2], int(sys.argv[3])))
