"""Two stages that overlap: while one batch commits, the next is judged; each is acknowledged after its own COMMIT.

An exception of either stage ends both: nothing of what they held is acknowledged, and the broker sends it again to
whoever recovers.
"""

from __future__ import annotations

import asyncio

from geofence.decisions import Answer, Ask
from ingest.batches import Gatherer, OpenBatch
from ingest.figures import Figures
from ingest.judgement import Judged, Judgement
from ingest.ports import Broker, Store
from ingest.recovery import answer_from

COMMITS_WAITING = 1
"""Judged batches that may wait for the one that is being committed."""
CHECKPOINT_JUDGED_S = 3.0
"""A checkpoint is made when so much time went into judging since the last one: folding takes as long again."""
CHECKPOINT_S = 60.0
"""Or after so long, when there was anything."""
COMMIT_TIMEOUT_S = 120.0
"""A commit that takes longer has failed. Long: an answer that comes late costs nothing, starting again does."""
DRAIN_POLL_S = 0.01


class Pipeline:
    """From the gatherer to the acknowledgement."""

    def __init__(
        self, judgement: Judgement, store: Store, broker: Broker, gatherer: Gatherer, figures: Figures
    ) -> None:
        self._judgement = judgement
        self._store = store
        self._broker = broker
        self._gatherer = gatherer
        self._figures = figures
        self._loop = asyncio.get_running_loop()
        self._judged: asyncio.Queue[tuple[OpenBatch, Judged]] = asyncio.Queue(COMMITS_WAITING)
        self._checkpoints: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(1)
        self._keeping = False
        self._commit_began_s: float | None = None
        self._checkpoint_s = self._loop.time()
        self._checkpoint_judged_s = 0.0

    def commit_wait_s(self) -> float:
        """How long the commit under way has taken, 0 when none is."""
        return 0.0 if self._commit_began_s is None else self._loop.time() - self._commit_began_s

    async def judge_batches(self) -> None:
        """The first stage; until cancelled."""
        while True:
            batch = await self._gatherer.next()
            began_s = self._loop.time()
            judged = await self._judgement.judge(batch, self._look_up)
            took_s = self._loop.time() - began_s
            if self._checkpoint_due(took_s):
                judged.checkpoint = self._judgement.checkpoint()
            self._figures.judged(batch, judged, took_s)
            await self._judged.put((batch, judged))
            await self._gatherer.read_on()  # and let the commit begin, before the next is judged

    async def commit_batches(self) -> None:
        """The second stage; until cancelled. Raises what the store raises."""
        while True:
            batch, judged = await self._judged.get()
            self._commit_began_s = self._loop.time()
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._store.commit(judged.work)
            age_s = self._loop.time() - batch.opened_s
            self._figures.committed(batch, judged, self.commit_wait_s(), age_s)
            self._commit_began_s = None
            for connection, packet_ids in self._gatherer.done(batch):
                self._broker.acknowledge(connection, packet_ids)
            if judged.checkpoint is not None:
                self._checkpoints.put_nowait((judged.work.no, judged.checkpoint))
            self._judged.task_done()

    async def keep_checkpoints(self) -> None:
        """Beside the two stages, so that no commit waits for the state to be written; until cancelled.

        One at a time. Raises what the store raises.
        """
        while True:
            no, body = await self._checkpoints.get()
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._store.keep_checkpoint(no, body)
            self._keeping = False
            self._checkpoints.task_done()

    async def drained(self) -> None:
        """Returns when all that was gathered is committed, and its state kept; `Gatherer.flush` first."""
        while not self._gatherer.empty:
            await self._judged.join()
            await asyncio.sleep(DRAIN_POLL_S)
        await self._checkpoints.join()

    async def write_checkpoint(self) -> None:
        """At the end, when all is committed: an empty commit that holds the state, so that the next start is quick."""
        await self._store.commit(self._judgement.parting_work())

    async def _look_up(self, ask: Ask) -> Answer:
        """Only what is committed can be looked up: wait for what was judged before."""
        await self._judged.join()
        return await answer_from(self._store, ask, self._judgement.roster, self._judgement.no)

    def _checkpoint_due(self, took_s: float) -> bool:
        self._checkpoint_judged_s += took_s
        age_s = self._loop.time() - self._checkpoint_s
        if self._keeping or (self._checkpoint_judged_s < CHECKPOINT_JUDGED_S and age_s < CHECKPOINT_S):
            return False
        self._keeping = True
        self._checkpoint_judged_s = 0.0
        self._checkpoint_s = self._loop.time()
        return True
