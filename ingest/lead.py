"""One ingest at work, others standing by: an advisory lock of the database says which.

Three fences stand one behind the other. The lock keeps a second worker from beginning; the broker cuts off the first
when another connects under the same client id; and the database refuses a commit whose number does not follow the
newest, so that even a worker that never noticed cannot write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from domain.errors import BailiwickError
from ingest.ports import Lead, Store

STANDING_BY_AFTER_S = 1.0
"""The lock of one that was killed is free within this; who waits longer stands by, and says so."""

log = structlog.get_logger("ingest.lead")


class LeadLost(BailiwickError):
    """The lock's connection is gone: another may be at work already."""


@asynccontextmanager
async def leading(store: Store, stop: asyncio.Event) -> AsyncIterator[Lead | None]:
    """Stand by until the lock is ours; gives None when ``stop`` came first."""
    async with await store.lead() as lead:
        stopped = asyncio.ensure_future(stop.wait())
        ours = asyncio.ensure_future(lead.wait())
        try:
            both: set[asyncio.Future[Any]] = {stopped, ours}
            done, _ = await asyncio.wait(both, timeout=STANDING_BY_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                log.info("standing by: another ingest is at work")
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if ours.done():
                ours.result()
            yield lead if ours.done() else None
        finally:
            stopped.cancel()
            ours.cancel()
            await asyncio.gather(stopped, ours, return_exceptions=True)


async def watch(lead: Lead) -> None:
    """Until cancelled. Raises `LeadLost` as soon as the lock's connection is gone."""
    await lead.lost()
    raise LeadLost("the lock's connection is gone")
