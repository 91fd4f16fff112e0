"""Waiting without asking again and again: a bell that is rung when something changed, and work that outlives the database."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from store import StoreError
from store.store import ConnectionLost

LEAST_S: Final = 0.05
"""Between two questions when the first found nothing of what is due: somebody else has it."""
LONGEST_S: Final = 5.0
"""A bell that was not heard, and a wall clock that was set, cost at most so long."""
RETRY_FIRST_S: Final = 0.2
RETRY_LAST_S: Final = 5.0
"""After a failure the next try waits this long at first, and doubles up to the last."""
FRAMES: Final = 6
"""Of a traceback in the log, the last ones."""
EXPECTED: Final = (ConnectionLost, StoreError, TimeoutError)
"""What is waited out: the database is away, or refuses."""

log = structlog.get_logger("dispatch")


class Bell:
    """Rung by whoever changed something; each who waits has a `Sleeper`."""

    def __init__(self) -> None:
        self._sleepers: list[Sleeper] = []

    def sleeper(self, stop: asyncio.Event) -> Sleeper:
        """One more who is woken."""
        self._sleepers.append(Sleeper(stop))
        return self._sleepers[-1]

    def ring(self) -> None:
        """Wakes everybody, also who comes to wait later."""
        for sleeper in self._sleepers:
            sleeper.wake()


class Sleeper:
    """Waits for the bell, for an instant, or for the end. What rings while it works wakes it from its next wait."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._rung = asyncio.Event()

    def wake(self) -> None:
        """Ends the wait under way, or the next one."""
        self._rung.set()

    async def sleep(self, seconds: float) -> None:
        """Returns when the bell rang, when so long has passed (within `LEAST_S` and `LONGEST_S`), or when it is the end."""
        if not self._stop.is_set() and not self._rung.is_set():
            waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._rung)]
            try:
                timeout_s = min(max(seconds, LEAST_S), LONGEST_S)
                await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        self._rung.clear()


async def steadily(
    stop: asyncio.Event, what: str, work: Callable[[], Awaitable[None]], lost: Callable[[], None] = lambda: None
) -> None:
    """Runs ``work`` until it returns or ``stop`` is set.

    After what is expected to go wrong (then ``lost`` is called) it waits, longer each time, and runs it again.
    """
    retry_s = RETRY_FIRST_S
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        began_s = loop.time()
        try:
            await work()
            return
        except EXPECTED as error:
            lost()
            if loop.time() - began_s > RETRY_LAST_S:
                retry_s = RETRY_FIRST_S
            log.warning("cannot work; trying again", what=what, why=f"{type(error).__name__}: {error}", retry_s=retry_s)
            await pause(stop, retry_s)
            retry_s = min(2 * retry_s, RETRY_LAST_S)


def mistake(error: BaseException) -> dict[str, object]:
    """A mistake of ours for the log: what and where, and no text of it, which may name somebody."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": places}


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits so long, or until ``stop`` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
