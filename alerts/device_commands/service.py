"""The commands' side of the dispatch process: sending, answers, and the rules that ask, each a loop of its own around one bell.

Several processes may run on one database. A loop goes on by itself when the database or the broker is away and comes back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from alerts.device_commands.asking import HoleRule, IntervalRule
from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.following import Follower
from alerts.device_commands.ports import Publishes
from alerts.device_commands.sending import CommandSender
from alerts.waking import Bell, mistake, pause, steadily
from geofence.timetable import WindowCache
from store.device_commands import DeviceCommands

AGAIN_S: Final = 30.0
"""After a mistake of ours."""

log = structlog.get_logger("dispatch.commands")

Listen = Callable[[], AbstractAsyncContextManager[AsyncIterator[None]]]


@dataclass(frozen=True, slots=True)
class CommandParts:
    """What it is made of. ``publisher`` None: no broker is set up; then nothing is asked by rule, and what people ask expires."""

    store: DeviceCommands
    publisher: Publishes | None
    windows: WindowCache
    clock: Callable[[], int]
    figures: CommandFigures
    chance: Callable[[], float] = random.random
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep


async def serve(parts: CommandParts, stop: asyncio.Event) -> None:
    """Until ``stop``."""
    made, decided = Bell(), Bell()
    follower = Follower(parts.store, parts.clock, parts.figures, made.sleeper(stop))
    loops: dict[str, Callable[[], Awaitable[None]]] = {"reading answers to commands": partial(follower.run, stop)}
    if parts.publisher is not None:
        rules = parts.store.rules
        sender = CommandSender(
            parts.store, parts.publisher, parts.clock, parts.chance, parts.wait, parts.figures, made.sleeper(stop)
        )
        intervals = IntervalRule(rules, parts.windows, parts.clock, parts.figures, decided.sleeper(stop))
        loops["sending commands"] = partial(sender.run, stop)
        loops["asking for intervals"] = partial(intervals.run, stop)
        loops["asking for holes"] = partial(HoleRule(rules, parts.clock, parts.figures).run, stop)
    hears = {
        "listening for commands": partial(_listen, parts.store.listen, made),
        "listening for violations": partial(_listen, parts.store.listen_to_alerts, decided),
    }
    async with asyncio.TaskGroup() as group:
        hearing = [group.create_task(steadily(stop, what, loop)) for what, loop in hears.items()]
        for what, loop in loops.items():
            group.create_task(_contained(stop, what, loop))
        await stop.wait()
        for task in hearing:
            task.cancel()


async def _contained(stop: asyncio.Event, what: str, loop: Callable[[], Awaitable[None]]) -> None:
    """A mistake of ours here waits and begins anew: it may not end the process that tells of alerts."""
    while not stop.is_set():
        try:
            await steadily(stop, what, loop)
        except Exception as error:
            log.critical("a mistake in the commands; beginning anew", what=what, retry_s=AGAIN_S, **mistake(error))
            await pause(stop, AGAIN_S)


async def _listen(listen: Listen, bell: Bell) -> None:
    async with listen() as wakes:
        bell.ring()  # for what was not heard before
        async for _ in wakes:
            bell.ring()
