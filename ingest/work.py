"""One time at work: from the recovered state to its end, whatever ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from domain.commits import DEAF_KIND
from domain.facts import Roster
from domain.instants import EARLY_US
from ingest.batches import Gatherer
from ingest.caseload import Learner
from ingest.clock import LineClock
from ingest.completeness import MEASURE_EVERY_S, counted_alone, measure
from ingest.figures import Figures
from ingest.judgement import Judgement
from ingest.lead import watch
from ingest.pipeline import Pipeline
from ingest.ports import Broker, Delivery, Lead, Store
from ingest.ticks import Ticks

FIGURES_EVERY_S = 1.0
FINISH_TIMEOUT_S = 20.0
"""A clean stop that takes longer becomes an unclean one: the broker sends again what was not acknowledged."""

log = structlog.get_logger("ingest")


class AtWork:
    """Everything that lives as long as one recovered state."""

    def __init__(self, judgement: Judgement, store: Store, broker: Broker, clock: LineClock, figures: Figures) -> None:
        self._judgement = judgement
        self._store = store
        self._broker = broker
        self._clock = clock
        self._figures = figures
        self._gatherer = Gatherer(broker.hold, broker.release, clock.stamp)
        self._pipeline = Pipeline(judgement, store, broker, self._gatherer, figures)
        ticked_us = None if judgement.last_us == EARLY_US else judgement.ticked_us
        self.ticks = Ticks(broker, self._gatherer, clock, self._pipeline.commit_wait_s, ticked_us)
        self._learner = Learner(store, self._gatherer, clock)

    async def run(self, lead: Lead, stop: asyncio.Event) -> None:
        """Work until ``stop``, then finish cleanly. Raises what ends it sooner, in a group."""
        self.ticks.go_on(await self._store.active_since(DEAF_KIND))
        async with asyncio.TaskGroup() as tasks:
            jobs: list[Coroutine[Any, Any, None]] = [
                self._pipeline.judge_batches(),
                self._pipeline.commit_batches(),
                self._pipeline.keep_checkpoints(),
                self._broker.run(self._deliver),
                self.ticks.run(),
                self._learner.run(),
                self._publish_figures(),
                self._measure_completeness(),
                watch(lead),
            ]
            running = [tasks.create_task(job) for job in jobs]
            await stop.wait()
            await self._finish()
            for task in running:
                task.cancel()

    def _deliver(self, delivery: Delivery) -> None:
        self._gatherer.add(delivery, self.ticks.take(delivery))

    async def _finish(self) -> None:
        """Take nothing more, commit and acknowledge what is here, leave a checkpoint, say goodbye."""
        self._broker.hold()
        self._gatherer.flush()
        try:
            async with asyncio.timeout(FINISH_TIMEOUT_S):
                await self._pipeline.drained()
                await self._pipeline.write_checkpoint()
                await self._broker.leave()
        except TimeoutError:
            log.warning("stopped without finishing: what is not acknowledged comes again")

    async def _publish_figures(self) -> None:
        while True:
            connected = self._broker.connection > 0
            states = self._judgement.rules.order_states()
            self._figures.order_states(states)
            self._figures.look(connected, self._broker.sessions_lost, self._gatherer, self.ticks)
            body = self._figures.body(
                states, self.ticks, connected, self._gatherer.held_messages + self._gatherer.aside
            )
            await self._store.publish_figures(body, self._clock.stamp())
            await asyncio.sleep(FIGURES_EVERY_S)

    async def _measure_completeness(self) -> None:
        while True:
            # With a roster of its own: the one of the rules takes devices in the order of the lines alone.
            roster = Roster()
            ranges = await self._store.received_ranges(roster)
            self._figures.complete(measure(counted_alone(ranges, roster)))
            await asyncio.sleep(MEASURE_EVERY_S)
