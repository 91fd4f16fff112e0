"""The sender: leases notifications of one channel, hands each to the channel, and writes what came of it.

Nothing of the database is held while a provider is called. Each channel has a lane of its own with so many at once, so that
a slow provider holds up its own lane and nobody else's. At least once: a sender that is killed after the channel took a
notification leaves a lease that ends, and the channel is given the same id again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import structlog

from alerts.channels.channel import NotTaken, Refused, TryAgain
from alerts.ports import AlertStore, Leased
from alerts.retrying import LEASES, next_try_us
from alerts.waking import EXPECTED, RETRY_FIRST_S, RETRY_LAST_S, Sleeper, mistake
from alerts.wording import Words
from domain.errors import BailiwickError
from domain.instants import SECOND_US
from domain.vocabulary import Channel

LEASE_S: Final = 30.0
"""What is not known to be sent by then is leased again."""
SEND_S: Final = 20.0
"""A channel is given so long, well under the lease: two senders never have the same notification in hand."""
GRACE_S: Final = 10.0
"""When it is the end, what is in hand has so long."""
AT_ONCE: Final = 16
"""Notifications in hand on one channel."""

log = structlog.get_logger("dispatch")


class Sends(Protocol):
    """What of a channel a sender uses (`alerts.channels.channel.Sender`)."""

    async def send(self, leased: Leased, body: Words) -> None: ...


class SendingFigures(Protocol):
    """What a sender reports. ``handed``: the channel took it."""

    def handed(self, leased: Leased, now_us: int, took_s: float) -> None: ...

    def not_taken(self, leased: Leased, gives_up: bool) -> None: ...

    def in_hand(self, channel: Channel, number: int) -> None: ...


@dataclass(slots=True)
class Delivery:
    """Tries notifications on one channel, one call each.

    ``compose`` gives the words of a notification; ``chance`` is drawn anew in [0, 1) for each back-off; ``wait`` is awaited
    for so many seconds while the database is away.
    """

    store: AlertStore
    sends: Sends
    compose: Callable[[Leased], Words]
    clock: Callable[[], int]
    meter: Callable[[], float]
    chance: Callable[[], float]
    wait: Callable[[float], Awaitable[None]]
    figures: SendingFigures

    async def attempt(self, leased: Leased) -> None:
        """One attempt, and its result written, when that takes until the database is back. Never raises for the channel's doing."""
        began_s = self.meter()
        try:
            await self._send(leased)
        except NotTaken as error:
            await self._not_taken(leased, error)
        else:
            at_us = self.clock()
            self.figures.handed(leased, at_us, self.meter() - began_s)
            await self._written(partial(self.store.sent, leased.no, at_us))

    async def _send(self, leased: Leased) -> None:
        if leased.attempt > LEASES:
            raise Refused("too many attempts ended without a result")
        try:
            await self.sends.send(leased, self.compose(leased))
        except NotTaken:
            raise
        except BailiwickError as error:
            raise Refused(f"it cannot be put in words: {type(error).__name__}") from error
        except TimeoutError:
            raise TryAgain(None, "the channel did not answer in time") from None
        except Exception as error:
            # A mistake of ours in one channel, or for one notification, stops neither the others nor the alert's next step.
            channel = leased.notification.channel.value
            log.error("a channel failed", channel=channel, notification=leased.no, **mistake(error))  # noqa: TRY400
            raise TryAgain(None, f"a mistake in the channel: {type(error).__name__}") from error

    async def _not_taken(self, leased: Leased, error: NotTaken) -> None:
        now_us, channel = self.clock(), leased.notification.channel.value
        next_us = None
        if isinstance(error, TryAgain):
            decided_us = max(leased.facts["at_us"], leased.notification.not_before_us or 0)
            next_us = next_try_us(leased.attempt, decided_us, now_us, self.chance(), error.after_s)
        self.figures.not_taken(leased, next_us is None)
        log.warning("not taken", channel=channel, notification=leased.no, attempt=leased.attempt, why=error.why)
        if next_us is None:
            await self._written(partial(self.store.given_up, leased.no, error.why, now_us))
        else:
            await self._written(partial(self.store.failed, leased.no, error.why, next_us))

    async def _written(self, write: Callable[[], Awaitable[None]]) -> None:
        """Also when the database was away: what was sent is known here alone, and would be sent again."""
        retry_s = RETRY_FIRST_S
        while True:
            try:
                return await write()
            except EXPECTED as error:
                log.warning("a result waits for the database", why=f"{type(error).__name__}: {error}", retry_s=retry_s)
                await self.wait(retry_s)
                retry_s = min(2 * retry_s, RETRY_LAST_S)


@dataclass(slots=True)
class Lane:
    """One channel's sender: at most ``at_once`` in hand."""

    channel: Channel
    delivery: Delivery
    sleeper: Sleeper
    at_once: int = AT_ONCE
    _in_hand: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises what the store raises when the database is away; what is in hand goes on."""
        store, clock = self.delivery.store, self.delivery.clock
        while not stop.is_set():
            free = self.at_once - len(self._in_hand)
            if not free:
                await self.sleeper.sleep(float("inf"))  # one that is done wakes us
                continue
            now_us = clock()
            leased = await store.lease(self.channel, now_us, now_us + round(LEASE_S * SECOND_US), free)
            for one in leased:
                self._start(one)
            if not leased:
                due_us = await store.next_send_us(self.channel)
                await self.sleeper.sleep(float("inf") if due_us is None else (due_us - clock()) / SECOND_US)

    def _start(self, leased: Leased) -> None:
        task = asyncio.create_task(self.delivery.attempt(leased), name=f"notification {leased.no}")
        self._in_hand.add(task)
        self.delivery.figures.in_hand(self.channel, len(self._in_hand))
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self.delivery.figures.in_hand(self.channel, len(self._in_hand))
        self.sleeper.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("an attempt failed; its lease will end", **mistake(error))

    async def finish(self) -> None:
        """Waits for what is in hand, `GRACE_S` at most; what is left is sent again when its lease ends."""
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class InTime:
    """A channel that is given `SEND_S`."""

    channel: Sends
    longest_s: float = SEND_S

    async def send(self, leased: Leased, body: Words) -> None:
        """Raises TimeoutError after ``longest_s``."""
        async with asyncio.timeout(self.longest_s):
            await self.channel.send(leased, body)
