"""One ingest at work, others standing by: an advisory lock of the database says which.

Three fences stand one behind the other. The lock keeps a second worker from beginning; the broker cuts off the first
when another connects under the same client id; and the database refuses a commit whose number does not follow the
newest, so that even a worker that never noticed cannot write.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from domain.errors import BailiwickError
from ingest.ports import Lead
from ingest.recovery import Recovery

STANDING_BY_AFTER_S = 1.0
"""The lock of one that was killed is free within this; who waits longer stands by, and says so."""

FOLLOW_EVERY_S = 0.5
"""How often one that stands by folds what was committed meanwhile."""

log = structlog.get_logger("ingest.lead")


class LeadLost(BailiwickError):
    """The lock's connection is gone: another may be at work already."""


async def stand_by(lead: Lead, recovery: Recovery, stop: asyncio.Event) -> bool:
    """Wait until the lock is ours: True; False when ``stop`` came first.

    Meanwhile follow what the one at work commits, so that taking over needs no more than the last second of it.
    """
    stopped, ours = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(lead.wait())
    both: set[asyncio.Future[Any]] = {stopped, ours}
    wait_s = STANDING_BY_AFTER_S
    try:
        while not (await asyncio.wait(both, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED))[0]:
            await recovery.follow()
            if wait_s != FOLLOW_EVERY_S:
                log.info("standing by: another ingest is at work")
            wait_s = FOLLOW_EVERY_S
        if ours.done():
            ours.result()
            if lead.ended_frozen:
                log.error("the ingest at work was frozen: it is cut off, and we take over")
        return ours.done()
    finally:
        stopped.cancel()
        ours.cancel()
        await asyncio.gather(stopped, ours, return_exceptions=True)


async def watch(lead: Lead) -> None:
    """Until cancelled. Raises `LeadLost` as soon as the lock's connection is gone."""
    await lead.lost()
    raise LeadLost("the lock's connection is gone")
