"""The one recovery path: the newest checkpoint, and the commits after it folded again (docs/decisions/0201-recovery.md).

It is taken at every start, after every failed commit, and by the standby that takes over. At the first start of all the
records that were entered so far are learnt before everything; that is commit 1, and it holds a checkpoint.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from domain.commits import Checkpoint, Work
from domain.facts import Roster, empty_facts
from domain.instants import EARLY_US
from domain.records import Device, Version
from geofence.decisions import Answer, Ask
from ingest.clock import LineClock
from ingest.judgement import CheckpointBody, Judgement, UnreadableCheckpoint
from ingest.ports import Engine, Store
from ingest.weaving import empty_batch

BEFORE_EVERYTHING = -1
"""The line of a record that was learnt at the first start."""
COLLECT_AFTER = (50_000, 20, 100)
"""Allocations before the youngest are collected, and how often the older ones are: a batch makes tens of thousands of
objects that are all gone when it is committed, and hardly a cycle among them."""

log = structlog.get_logger("ingest.recovery")


class Recovery:
    """The judgement on its way to the newest commit. One that stands by follows; one that leads finishes."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._judgement: Judgement | None = None
        self.folded = 0

    async def follow(self) -> None:
        """Come up to the newest commit there is now; does nothing while there is no checkpoint yet."""
        if self._judgement is None and (checkpoint := await self._store.newest_checkpoint()) is not None:
            with collector_paused():
                self._judgement = await _from_checkpoint(self._store, self._engine, checkpoint)
        if self._judgement is not None:
            await self._fold(self._judgement)

    async def finish(self, clock: LineClock) -> Judgement:
        """The judgement at the newest commit, when nobody else can commit any more. At the first start it is made.

        ``clock`` never stamps before the last line of that commit.
        """
        await self.follow()
        if self._judgement is None:
            self._judgement = await _first_start(self._store, self._engine)
        judgement = self._judgement
        clock.raise_floor(judgement.last_us)
        log.info("recovered", commit=judgement.no, folded=self.folded, devices=len(judgement.roster.ids))
        return judgement

    async def _fold(self, judgement: Judgement) -> None:
        async def look_up(ask: Ask) -> Answer:
            return await answer_from(self._store, ask, judgement.roster, judgement.no)

        async for commit in self._store.commits_after(judgement.no, judgement.roster):
            await judgement.fold(commit, look_up)
            self.folded += 1


@contextmanager
def collector_paused() -> Iterator[None]:
    """While a large state is built, looking for garbage in it would take as long again. It lives on afterwards: the
    collector is told to leave it alone, and to look less often."""
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()


async def answer_from(store: Store, ask: Ask, roster: Roster, until_commit: int) -> Answer:
    """What the store held after ``until_commit``, of what the rules ask for."""
    answer = Answer()
    if ask.identities:
        answer.stored = await store.facts_by_identity(ask.identities, roster, until_commit)
    if ask.history:
        answer.history = await store.history(ask.history, roster, until_commit, ask.since_us)
    return answer


async def _from_checkpoint(store: Store, engine: Engine, checkpoint: Checkpoint) -> Judgement:
    try:
        return await judgement_at(store, engine, checkpoint)
    except UnreadableCheckpoint as error:
        log.warning("the checkpoint is of another version: folding from the first commit", why=str(error))
        return await from_the_beginning(store, engine)


async def judgement_at(store: Store, engine: Engine, checkpoint: Checkpoint) -> Judgement:
    """The judgement as it was after a commit. Raises `UnreadableCheckpoint` for what another version wrote."""
    body = CheckpointBody.read(checkpoint.body)
    roster = _roster(body.devices)
    caseload = await store.caseload(checkpoint.commit_no)
    try:
        rules, alerts = engine.restore(roster, caseload, body.rules, body.alerts)
    except ValueError as error:
        raise UnreadableCheckpoint(str(error)) from error
    known, no = _devices(caseload), checkpoint.commit_no
    judgement = Judgement(roster, rules, alerts, known, no, body.last_us, body.ticked_us)
    judgement.bad_senders.runs.update(body.bad_senders)
    return judgement


async def from_the_beginning(store: Store, engine: Engine) -> Judgement:
    """The judgement as it was after the first commit."""
    caseload = [version for version in await store.caseload(1) if version.learnt_us == EARLY_US]
    return _new(engine, caseload, no=1)


async def _first_start(store: Store, engine: Engine) -> Judgement:
    with collector_paused():
        records = await store.unlearnt()
        caseload = [replace(version, learnt_us=EARLY_US) for _, version in records]
        judgement = _new(engine, caseload, no=1)
    learnt = [(record_no, BEFORE_EVERYTHING) for record_no, _ in records]
    work = Work(1, judgement.roster, empty_batch(), empty_facts(), learnt=learnt, checkpoint=judgement.checkpoint())
    await store.commit(work)
    log.info("first start", records=len(records))
    return judgement


def _new(engine: Engine, caseload: Sequence[Version], no: int) -> Judgement:
    roster = _roster(sorted(_devices(caseload)))
    rules, alerts = engine.fresh(roster, caseload)
    return Judgement(roster, rules, alerts, _devices(caseload), no, EARLY_US)


def _roster(devices: Sequence[str]) -> Roster:
    roster = Roster()
    for device in devices:
        roster.add(device)
    return roster


def _devices(caseload: Sequence[Version]) -> set[str]:
    return {version.record.id for version in caseload if isinstance(version.record, Device)}
