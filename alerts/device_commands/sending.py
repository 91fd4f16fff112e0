"""The sender: leases commands, publishes each to its device, and writes what the broker said.

Nothing of the database is held while the broker is called. At least once: a sender that is killed after the broker took a
command leaves a lease that ends, and the same command goes out again under the same id, which a device obeys once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.ports import Publishes, SendingStore
from alerts.publishing import ERRORS_FROM, FOR_EVER, NOBODY, BrokerAway
from alerts.waking import Sleeper
from domain.device_commands import CommandState
from domain.instants import SECOND_US
from domain.wire_commands import BadCommand, encode_command
from domain.wire_topics import down_topic
from store.device_commands import Ended, LeasedCommand

LEASE_S: Final = 30.0
"""What is not known to be sent by then is leased again."""
AT_ONCE: Final = 50
"""Commands leased together, of as many devices."""
MOST_A_SECOND: Final = 100
"""Commands sent: a whole fleet that is asked at once takes minutes and no broker's breath."""
WAIT_FIRST_S: Final = 1.0
WAIT_LAST_S: Final = 60.0
"""Before the next attempt, doubling from the first up to the last, less a part by chance."""

log = structlog.get_logger("dispatch.commands")


@dataclass(slots=True)
class CommandSender:
    """Sends what is due. ``chance`` is drawn anew in [0, 1); ``wait`` is awaited for so many seconds between two messages."""

    store: SendingStore
    publisher: Publishes
    clock: Callable[[], int]
    chance: Callable[[], float]
    wait: Callable[[float], Awaitable[None]]
    figures: CommandFigures
    sleeper: Sleeper

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises what the store raises when the database is away."""
        while not stop.is_set():
            if not await self.step(stop):
                due_us = await self.store.next_us()
                await self.sleeper.sleep(float("inf") if due_us is None else (due_us - self.clock()) / SECOND_US)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Ends what has expired and sends what is due; how many were tried."""
        now_us = self.clock()
        self.figures.ended(await self.store.expire(now_us))
        leased = await self.store.lease(now_us, now_us + round(LEASE_S * SECOND_US), AT_ONCE)
        for place, one in enumerate(leased):
            if stop is not None and stop.is_set():
                await self._put_off(leased[place:], "this dispatcher stops", 0.0)
                break
            try:
                await self._send(one)
            except BrokerAway:
                await self._put_off(leased[place:], "the broker is away or did not answer")
                break
            await self.wait(1.0 / MOST_A_SECOND)
        return len(leased)

    async def _send(self, leased: LeasedCommand) -> None:
        now_us = self.clock()
        left_s = (leased.command.expires_ms * 1000 - now_us) / SECOND_US
        if left_s <= 0:
            return await self.store.try_later(leased.no, "it expired before it was its turn", now_us)
        try:
            payload = encode_command(leased.command)
        except BadCommand as error:
            return await self._hopeless(leased, f"no device could act on it: {error}")
        going_us = self.clock()  # a quick device answers before the broker has acknowledged
        code = await self.publisher.publish(down_topic(leased.device), payload, max(1, int(left_s)))
        if code in FOR_EVER:
            return await self._hopeless(leased, f"the broker refused it with reason code 0x{code:02x}")
        if code == NOBODY:
            return await self._put_off([leased], "the broker has no session of this device")
        if code >= ERRORS_FROM:
            return await self._put_off([leased], f"the broker did not take it: reason code 0x{code:02x}")
        await self.store.sent(leased.no, going_us)
        self.figures.sent(leased.command.name)
        return None

    async def _put_off(self, many: list[LeasedCommand], why: str, longest_s: float = WAIT_LAST_S) -> None:
        log.warning("commands wait", number=len(many), why=why)
        for one in many:
            self.figures.retried()
            wait_s = min(WAIT_FIRST_S * 2.0 ** min(one.attempt - 1, 16), longest_s) * (1.0 - self.chance() / 2)
            await self.store.try_later(one.no, why, self.clock() + round(wait_s * SECOND_US))

    async def _hopeless(self, leased: LeasedCommand, why: str) -> None:
        log.error("a command cannot be delivered", command=leased.no, why=why)
        if await self.store.undeliverable(leased.no, why, self.clock()):
            self.figures.ended([Ended(leased.command.name, CommandState.UNDELIVERABLE)])
