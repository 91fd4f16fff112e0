"""Caseload changes reach a running ingest: records that nobody has learnt yet become lines.

The database says when there is something (NOTIFY), and is asked every second all the same. When a device has become
known, its parked messages are taken again: as lines now, since a line's instant never goes back, but with the receive
time that they had, by which their quality is judged.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from domain.records import Device
from ingest.batches import BATCH_MESSAGES, Gatherer, OpenBatch
from ingest.clock import LineClock
from ingest.ports import Store

ASK_EVERY_S = 1.0
REPLAYS_AT_ONCE = BATCH_MESSAGES
"""Dead letters taken again in one batch; the rest follow when it is committed."""


class Learner:
    """Asks the store for what is new and hands it to the gatherer, once each."""

    def __init__(self, store: Store, gatherer: Gatherer, clock: LineClock) -> None:
        self._store = store
        self._gatherer = gatherer
        self._clock = clock
        self._on_their_way: set[int] = set()

    async def run(self) -> None:
        """Until cancelled. What an earlier process left to be taken again is taken first."""
        async with self._store.caseload_changes() as changes:
            await self._replay()
            while True:
                batch = await self._learn()
                if batch is not None and any(isinstance(version.record, Device) for _, version in batch.learnt):
                    await batch.committed.wait()
                    await self._replay()
                try:
                    async with asyncio.timeout(ASK_EVERY_S):
                        await changes()
                except TimeoutError:
                    continue

    async def _learn(self) -> OpenBatch | None:
        """Take the new records, if any, as the first lines of a batch."""
        records = await self._store.unlearnt()
        new = [(record_no, version) for record_no, version in records if record_no not in self._on_their_way]
        # What is no longer unlearnt is committed: the memory holds only what is on its way.
        self._on_their_way = {record_no for record_no, _ in records}
        if not new:
            return None
        at_us = self._clock.stamp()
        learnt = [(record_no, replace(version, learnt_us=at_us)) for record_no, version in new]
        return self._gatherer.learn(learnt, [], at_us)

    async def _replay(self) -> None:
        """Take the parked messages of devices that are known now, in the order received."""
        while letters := await self._store.replayable(REPLAYS_AT_ONCE):
            batch = self._gatherer.learn([], letters, self._clock.stamp())
            await batch.committed.wait()
