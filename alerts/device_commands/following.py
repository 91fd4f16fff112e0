"""What devices answered: read from their `command_result` events after ingest has committed them, and held against the commands.

Nothing is done for it in ingest. Late, repeated and unknown answers are counted and change nothing that stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from alerts.device_commands.figures import CommandFigures
from alerts.waking import Sleeper
from store.device_commands import DeviceCommands, Result, answered, is_known
from store.times import Connection

LOOK_S: Final = 1.0
"""Between two looks while a command is open."""


class _Said(msgspec.Struct):
    command: str
    ok: bool


@dataclass(slots=True)
class Follower:
    """Enters answers."""

    store: DeviceCommands
    clock: Callable[[], int]
    figures: CommandFigures
    sleeper: Sleeper

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises what the store raises when the database is away."""
        while not stop.is_set():
            self.figures.ended(await self.store.expire(self.clock()))  # also where nothing can be sent
            await self.look()
            await self.sleeper.sleep(LOOK_S if await self.store.any_open() else float("inf"))

    async def look(self) -> int:
        """Enters what was answered since the last look; how many answers there were."""
        now_us = self.clock()
        async with self.store.results(now_us) as (conn, results):
            for result in results:
                await self._enter(conn, result, now_us)
        return len(results)

    async def _enter(self, conn: Connection, result: Result, now_us: int) -> None:
        try:
            said = msgspec.json.decode(result.data or b"null", type=_Said)
        except msgspec.MsgspecError:
            self.figures.unmatched("malformed")
            return
        told = {"fix_us": result.fix_us, "received_us": result.received_us, "now_us": now_us}
        ended = await answered(conn, result.device, said.command, ok=said.ok, **told)
        if ended is not None:
            self.figures.ended([ended])
        elif await is_known(conn, result.device, said.command):
            self.figures.unmatched("repeated")
        else:
            self.figures.unmatched("unknown")
