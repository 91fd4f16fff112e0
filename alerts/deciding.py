"""The decider: takes alerts that changed or are due, looks at each, and writes what follows, all in one short transaction.

Several may be at work: what one has locked the others leave out. It keeps nothing between two batches, so one that is killed
leaves nothing behind: what it had taken is due as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from alerts.looking import Resolve, look_at, unlooked
from alerts.ports import AlertStore, View, Written
from alerts.protocols import Protocols
from alerts.waking import EXPECTED, Sleeper, mistake
from domain.instants import SECOND_US

BATCH: Final = 200
"""Alerts of one transaction: few enough to be short, and for the critical ones among what came meanwhile to go first."""

GATHER_S: Final = 0.25
"""Of a dispatch process: alerts come with ingest's commits, several in a second."""

log = structlog.get_logger("dispatch")


@dataclass(frozen=True, slots=True)
class Guide:
    """By what alerts are looked at: read anew by whoever composes the process when it changes."""

    protocols: Protocols
    resolve: Resolve


class DecidingFigures(Protocol):
    """What a decider reports."""

    def looked(self, written: list[Written], now_us: int, took_s: float) -> None: ...

    def look_failed(self) -> None: ...


class Unwritable(Exception):
    """A look at one alert could not be written."""

    def __init__(self, alert_no: int) -> None:
        super().__init__(f"alert {alert_no}")
        self.alert_no = alert_no


@dataclass(slots=True)
class Decider:
    """``guide`` is asked once a batch. ``clock`` gives microseconds UTC; ``meter`` seconds that only go on.

    ``gather_s``: so long after it is woken others may join: a batch costs the database much the same, however small it is.
    """

    store: AlertStore
    guide: Callable[[], Awaitable[Guide]]
    clock: Callable[[], int]
    meter: Callable[[], float]
    figures: DecidingFigures
    batch: int = BATCH
    gather_s: float = 0.0
    _singly: int = field(default=0, init=False)

    async def run(self, stop: asyncio.Event, sleeper: Sleeper) -> None:
        """Until ``stop``. Raises what the store raises when the database is away."""
        while not stop.is_set():
            if await self.once():
                continue
            due_us = await self.store.next_look_us()
            await sleeper.sleep(float("inf") if due_us is None else (due_us - self.clock()) / SECOND_US)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.gather_s)

    async def once(self) -> int:
        """One batch; how many alerts were looked at.

        When a batch cannot be written for another reason than the database's, the next are of one alert each, and the one that
        it was is put off (`unlooked`) instead of stopping all others.
        """
        limit = 1 if self._singly else self.batch
        self._singly = max(0, self._singly - 1)
        try:
            return await self._look(limit, put_off=None)
        except EXPECTED:
            raise
        except Unwritable as error:
            cause = error.__cause__ or error
            log.error("an alert cannot be written; it is put off", alert=error.alert_no, **mistake(cause))  # noqa: TRY400
            self.figures.look_failed()
            return await self._look(1, put_off=error.alert_no)
        except Exception as error:
            if limit == 1:
                raise
            log.error("a batch cannot be written; looking at alerts one by one", **mistake(error))  # noqa: TRY400
            self._singly = self.batch
            return 1

    async def _look(self, limit: int, put_off: int | None) -> int:
        guide, began_s, now_us = await self.guide(), self.meter(), self.clock()
        alone: int | None = None
        try:
            async with self.store.take(now_us, limit) as taken:
                written = [self._look_at(view, guide, now_us, put_off) for view in taken.views]
                alone = taken.views[0].alert.no if limit == 1 and taken.views else None
                if written:
                    await taken.write(written)
        except EXPECTED:
            raise
        except Exception as error:
            if alone is None or put_off is not None:
                raise
            raise Unwritable(alone) from error
        if written:
            self.figures.looked(written, now_us, self.meter() - began_s)
        return len(written)

    def _look_at(self, view: View, guide: Guide, now_us: int, put_off: int | None) -> Written:
        if view.alert.no == put_off:
            return unlooked(view, now_us)
        try:
            return look_at(view, guide.protocols, guide.resolve, now_us)
        except Exception as error:
            log.error("a look failed; the alert is put off", alert=view.alert.no, **mistake(error))  # noqa: TRY400
            self.figures.look_failed()
            return unlooked(view, now_us)
