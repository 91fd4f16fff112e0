"""What nobody can read: messages that are broken on their way, and those of clients that are no device."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from domain.instants import MINUTE_US
from simulators.scenario import Hostile

JUNK: Final = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"v":2,"sent":1}',
    b'{"v":1}',
    b'{"v":1,"sent":"now","fixes":{}}',
    b'{"v":1,"sent":1795000000000,"fixes":[{"seq":-1,"t":0,"lat":1e400,"lon":null,"acc":-5}]}',
    b'{"v":1,"sent":1795000000000,"events":[{"seq":0,"t":1795000000000,"code":"strap_tamper"}]}',
    b"\xde\xff\xff",
    b"\xff\xfe\x00",
    b"[" * 2_000,
)


def junk(rng: Random) -> bytes:
    """One of them, by chance."""
    return rng.choice(JUNK)


def stranger(number: int) -> str:
    """The id of a client that is no device of any caseload."""
    return f"X-{number:04d}"


def strangers_send(hostile: Hostile, end_us: int, rng: Random) -> Iterator[tuple[int, int, bytes]]:
    """(microseconds since the run began, stranger, payload), in order: each so often a minute, at times of its own."""
    count = int(hostile.clients)
    if not count:
        return
    every_us = MINUTE_US / hostile.per_min / count
    at, number = rng.uniform(0, every_us), 0
    while at < end_us:
        yield round(at), number % count, junk(rng)
        at, number = at + every_us * rng.uniform(0.5, 1.5), number + 1
