"""Lines in, one commit's work out: decode, look up, judge, alert. All that ingest knows between commits is here.

It is thrown away as a whole when a commit fails, and comes back from a checkpoint and the commits after it
(`recovery`); it is never patched up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from alerts.episodes import parked_alarm
from domain.commits import AlertChange, Commit, DeadLetter, Work
from domain.facts import Batch, LineKind, Roster, empty_facts
from domain.instants import EARLY_US
from domain.records import Device, Version
from domain.wire import Decoded, Decoder
from geofence.decisions import Answer, Ask, Decisions
from ingest.bad_senders import BadRun, BadSenders
from ingest.batches import OpenBatch
from ingest.ports import Alerts, Rules
from ingest.weaving import empty_batch, woven

CHECKPOINT_FORMAT = 1

LookUp = Callable[[Ask], Awaitable[Answer]]
"""Answers from the store, once all that was judged before is committed."""


class UnreadableCheckpoint(Exception):
    """Written by another version of the program: fold again from the first commit."""


class CheckpointBody(msgspec.Struct, array_like=True):
    """What a checkpoint holds: the device ids in the order of their indices, and the judges' own states.

    One from before there was ``ticked_us`` is read all the same: then the last tick is not known.
    """

    format: int
    last_us: int
    devices: list[str]
    rules: bytes
    alerts: bytes
    bad_senders: dict[str, BadRun]
    ticked_us: int = EARLY_US

    @classmethod
    def read(cls, body: bytes) -> CheckpointBody:
        """Raises `UnreadableCheckpoint`."""
        try:
            told = msgspec.msgpack.decode(body, type=cls)
        except msgspec.MsgspecError as error:
            raise UnreadableCheckpoint(str(error)) from error
        if told.format != CHECKPOINT_FORMAT:
            raise UnreadableCheckpoint(f"format {told.format}, not {CHECKPOINT_FORMAT}")
        return told


@dataclass(slots=True)
class Judged:
    """A batch as judged: what to commit, and what was seen on the way."""

    work: Work
    last_wills: list[tuple[str, int]]
    ignored: Counter[tuple[str, str]]
    looked_up: bool
    checkpoint: bytes | None = None
    """The state after it, to be kept once it is committed."""


class Judgement:
    """The roster, the decoder, the rules and the alerts, and the number of the newest commit they stand at.

    ``last_us`` is the instant of the last line, ``ticked_us`` of the last tick; `EARLY_US` when there is none.
    """

    def __init__(
        self,
        roster: Roster,
        rules: Rules,
        alerts: Alerts,
        known: Iterable[str],
        no: int,
        last_us: int,
        ticked_us: int = EARLY_US,
    ) -> None:
        self.roster = roster
        self.rules = rules
        self.alerts = alerts
        self.decoder = Decoder(roster, frozenset(known))
        self.bad_senders = BadSenders(roster)
        self.no = no
        self.last_us = last_us
        self.ticked_us = ticked_us

    async def judge(self, waiting: OpenBatch, look_up: LookUp) -> Judged:
        """Judge a batch. Nothing of it is true before its work is committed."""
        self._learn([version for _, version in waiting.learnt])
        decoded = self._decode(waiting)
        batch = woven(decoded.batch, [version for _, version in waiting.learnt], _ticks(waiting))
        ask = self.rules.ask(batch)
        asked = bool(ask.identities or ask.history)
        decisions = self.rules.judge(batch, await look_up(ask) if asked else Answer())
        self._passed(batch)
        self.no += 1
        work = Work(
            no=self.no,
            roster=self.roster,
            batch=batch,
            keep=decisions.keep,
            event_data=_kept_data(batch, decisions),
            ranges=decisions.ranges,
            requalified=decisions.requalified,
            versions=decisions.versions,
            version_lines=decisions.lines,
            alerts=[
                *self.alerts.apply(decisions.versions, decisions.lines, decisions.incidents),
                *self.bad_senders.apply(batch, decisions.versions),
                *_parked_alarms(decoded.dead_letters),
                *waiting.alerts,
            ],
            dead_letters=decoded.dead_letters,
            learnt=[(record_no, line) for line, (record_no, _) in enumerate(waiting.learnt)],
            replayed=[number for number, _ in waiting.replays],
            incidents=decisions.incidents,
            networks=decisions.networks,
            told_gens=_told_gens(batch, decisions),
        )
        return Judged(work, decoded.last_wills, decoded.ignored, asked)

    async def fold(self, commit: Commit, look_up: LookUp) -> Decisions:
        """Take a commit again as it was. What it decides is given back; it is in the database already."""
        assert commit.no == self.no + 1, f"commit {commit.no} does not follow {self.no}"
        batch = commit.batch
        self._learn([batch.learnt[line] for line in sorted(batch.learnt)])
        ask = self.rules.ask(batch)
        answer = await look_up(ask) if ask.identities or ask.history else Answer()
        decisions = self.rules.judge(batch, answer)
        self.alerts.apply(decisions.versions, decisions.lines, decisions.incidents)
        self.bad_senders.apply(batch, decisions.versions)
        self.no = commit.no
        self._passed(batch)
        return decisions

    def checkpoint(self) -> bytes:
        """The state after the newest judged batch, exactly."""
        body = CheckpointBody(
            CHECKPOINT_FORMAT,
            self.last_us,
            list(self.roster.ids),
            self.rules.snapshot(),
            self.alerts.snapshot(),
            self.bad_senders.runs,
            self.ticked_us,
        )
        return msgspec.msgpack.encode(body)

    def parting_work(self) -> Work:
        """An empty commit that holds a checkpoint, so that the next start folds nothing."""
        self.no += 1
        return Work(self.no, self.roster, empty_batch(), empty_facts(), checkpoint=self.checkpoint())

    def _passed(self, batch: Batch) -> None:
        if len(batch.instants):
            self.last_us = int(batch.instants[-1])
        ticks = batch.instants[batch.kinds == LineKind.TICK]
        if len(ticks):
            self.ticked_us = int(ticks[-1])

    def _learn(self, versions: Sequence[Version]) -> None:
        for version in versions:
            self.alerts.learn(version)
            if isinstance(version.record, Device):
                # In the order learnt, as when a commit is folded again: a device's index stays what it was.
                self.roster.add(version.record.id)
                self.decoder.learn([version.record.id])

    def _decode(self, waiting: OpenBatch) -> Decoded:
        """Replayed dead letters first, then the messages. A replay keeps its receive time as a fact's quality needs it."""
        replays = [(letter.topic, letter.payload, waiting.replayed_us) for _, letter in waiting.replays]
        decoded = self.decoder.decode(replays + waiting.messages if replays else waiting.messages)
        for line, (_, letter) in enumerate(waiting.replays):
            facts = decoded.batch.facts
            facts["received_us"][facts["line"] == line] = letter.received_us
        return decoded


def _ticks(waiting: OpenBatch) -> list[tuple[int, int]]:
    offset = len(waiting.replays)
    return [(offset + before, at_us) for before, at_us in waiting.ticks] if offset else waiting.ticks


def _kept_data(batch: Batch, decisions: Decisions) -> dict[int, bytes]:
    """`data` of the kept events, by row in ``keep``."""
    if not batch.event_data:
        return {}
    data = batch.event_data
    rows: list[int] = np.asarray(decisions.rows).tolist()
    return {kept: data[row] for kept, row in enumerate(rows) if row in data}


def _told_gens(batch: Batch, decisions: Decisions) -> dict[int, int]:
    """`gen` as told, of the kept facts that have another: by row in ``keep``."""
    told = batch.facts["gen"][np.asarray(decisions.rows, np.int64)]
    return {k: int(told[k]) for k in np.flatnonzero(told != decisions.keep["gen"]).tolist()}


def _parked_alarms(letters: Sequence[DeadLetter]) -> list[AlertChange]:
    """One platform alert for each episode of parked tampers and SOS."""
    alarms: dict[str, AlertChange] = {}
    for letter in letters:
        if letter.critical:
            alarm = parked_alarm(letter)
            alarms.setdefault(alarm.episode, alarm)
    return list(alarms.values())


def reasons(letters: Sequence[DeadLetter]) -> Counter[str]:
    """How many were parked for each reason."""
    return Counter(letter.reason.value for letter in letters)
