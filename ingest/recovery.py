"""The one recovery path: the newest checkpoint, and the commits after it folded again (docs/decisions, 0201).

It is taken at every start, after every failed commit, and by the standby that takes over. At the first start of all the
records that were entered so far are learnt before everything; that is commit 1, and it holds a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from domain.commits import Work
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

log = structlog.get_logger("ingest.recovery")


async def recover(store: Store, engine: Engine, clock: LineClock) -> Judgement:
    """The judgement as it stood after the newest commit; the clock never stamps before that commit's last line."""
    judgement = await _from_checkpoint(store, engine)
    if judgement is None:
        judgement = await _first_start(store, engine)
    begun_at = judgement.no

    async def look_up(ask: Ask) -> Answer:
        return await answer_from(store, ask, judgement.roster, judgement.no)

    async for commit in store.commits_after(begun_at, judgement.roster):
        await judgement.fold(commit, look_up)
    clock.raise_floor(judgement.last_us)
    log.info("recovered", commit=judgement.no, folded=judgement.no - begun_at, devices=len(judgement.roster.ids))
    return judgement


async def answer_from(store: Store, ask: Ask, roster: Roster, until_commit: int) -> Answer:
    """What the store held after ``until_commit``, of what the rules ask for."""
    answer = Answer()
    if ask.identities:
        answer.stored = await store.facts_by_identity(ask.identities, roster, until_commit)
    if ask.history:
        answer.history = await store.history(ask.history, roster, until_commit)
    return answer


async def _from_checkpoint(store: Store, engine: Engine) -> Judgement | None:
    checkpoint = await store.newest_checkpoint()
    if checkpoint is None:
        return None
    try:
        body = CheckpointBody.read(checkpoint.body)
        roster = _roster(body.devices)
        caseload = await store.caseload(checkpoint.commit_no)
        rules, alerts = engine.restore(roster, caseload, body.rules, body.alerts)
    except (UnreadableCheckpoint, ValueError) as error:
        log.warning("the checkpoint is of another version: folding from the first commit", why=str(error))
        return await _from_the_beginning(store, engine)
    return Judgement(roster, rules, alerts, _devices(caseload), checkpoint.commit_no, EARLY_US)


async def _from_the_beginning(store: Store, engine: Engine) -> Judgement:
    caseload = [version for version in await store.caseload(1) if version.learnt_us == EARLY_US]
    return _new(engine, caseload, no=1)


async def _first_start(store: Store, engine: Engine) -> Judgement:
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
