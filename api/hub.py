"""The stream's source: one listener on the database for all who follow, and the newest events kept at hand.

A follower names the last event it has and gets every later one, in order, once: from the events at hand, or from the
database when it has been away for longer. Events are numbered in the order of their commits. Each is written once, however many follow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from itertools import takewhile
from typing import Final, NamedTuple

import msgspec
import structlog

from api.ports import Reading
from store.reading_types import EventRow

AT_HAND: Final = 10_000
"""Events kept in memory."""
READ_AT_ONCE: Final = 1_000
RETRY_S: Final = 1.0
"""After the database went away."""

_log = structlog.get_logger()


class Framed(NamedTuple):
    """An event, and what is sent for it: the same bytes to everybody who may know protected people's devices, and to all others."""

    row: EventRow
    frame: bytes
    without_unit: bytes


def framed(row: EventRow) -> Framed:
    """An event in the form of server-sent events."""
    whole = frame(row.topic, row.no, row.body)
    return Framed(row, whole, frame(row.topic, row.no, row.body | {"device": None}) if row.of_victim else whole)


def frame(word: str, number: int, data: object, retry_ms: int | None = None) -> bytes:
    """One server-sent event."""
    retry = "" if retry_ms is None else f"retry: {retry_ms}\n"
    return f"event: {word}\nid: {number}\n{retry}data: ".encode() + msgspec.json.encode(data) + b"\n\n"


async def _moved_within(moved: asyncio.Event, idle_s: float | None) -> bool:
    try:
        async with asyncio.timeout(idle_s):
            return await moved.wait()
    except TimeoutError:
        return False


class Hub:
    """Reads events once and hands them to every follower."""

    def __init__(self, reading: Reading, away: tuple[type[Exception], ...], at_hand: int = AT_HAND) -> None:
        """``away`` are the errors that say that the database cannot be reached."""
        self._reading = reading
        self.away: tuple[type[Exception], ...] = (OSError, TimeoutError, *away)
        self._at_hand: deque[Framed] = deque(maxlen=at_hand)
        self._floor = 0
        self.newest: int | None = None
        self._moved = asyncio.Event()
        self._closed = False
        self.followers = 0

    async def run(self) -> None:
        """Listens until cancelled. A database that goes away is waited for; followers wait with it."""
        while True:
            try:
                async with self._reading.listen() as wakes:
                    await self._take_new()
                    async for _ in wakes:
                        await self._take_new()
            except self.away as error:
                _log.warning("the stream lost the database", error=type(error).__name__)
            await asyncio.sleep(RETRY_S)

    def close(self) -> None:
        """Ends every follower, so that a server that stops need not wait for them."""
        self._closed = True
        self._wake()

    async def follow(self, after: int) -> AsyncIterator[EventRow]:
        """Every event after ``after``, as they come; see `batches`."""
        async with aclosing(self.batches(after)) as batches:
            async for batch in batches:
                for one in batch:
                    yield one.row

    async def batches(self, after: int, idle_s: float | None = None) -> AsyncGenerator[Sequence[Framed]]:
        """Every event after ``after``, those that came together at once, until the hub is closed or the database is away.

        Who is cut off so comes back by itself, with the last event that it has. Nothing, when nothing came for ``idle_s``.
        """
        self.followers += 1
        try:
            while not self._closed:
                moved = self._moved
                found = await self._after(after)
                if found:
                    after = found[-1].row.no
                    yield found
                elif not await _moved_within(moved, idle_s):
                    yield ()
        except self.away as error:
            _log.warning("a follower of the stream lost the database", error=type(error).__name__)
        finally:
            self.followers -= 1

    async def _after(self, number: int) -> list[Framed]:
        """Events after a number: from memory when it reaches back far enough."""
        if self.newest is None or number >= self.newest:
            return []
        if number < self._floor:
            return [framed(row) for row in await self._reading.events(number, READ_AT_ONCE)]
        newer = list(takewhile(lambda one: one.row.no > number, reversed(self._at_hand)))
        newer.reverse()
        return newer

    async def _take_new(self) -> None:
        """Reads what was committed since; the first time, only learns where the end is."""
        if self.newest is None:
            self.newest = self._floor = await self._reading.newest_event()
            self._wake()
        while rows := await self._reading.events(self.newest, READ_AT_ONCE):
            for row in rows:
                if len(self._at_hand) == self._at_hand.maxlen:
                    self._floor = self._at_hand[0].row.no
                self._at_hand.append(framed(row))
            self.newest = rows[-1].no
            self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
