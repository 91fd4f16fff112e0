"""Runs feeds through the rules as ingest would: batches cut anywhere, restarts anywhere, facts forgotten and looked up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bailiwick.caseload_input import LearntRecords
from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import read_caseload
from domain.facts import FACT, Batch, Facts, LineKind, Roster, empty_facts
from domain.feed_file import read_batches
from domain.instants import FAR_US
from domain.records import Device, Version
from domain.violations import Violation
from domain.wire import Decoder
from geofence.decisions import Answer, Ask
from geofence.rules import Rules
from geofence.snapshot import restore, snapshot

EVERYTHING = 1 << 60
WHOLE = 1 << 30
"""Lines a batch: all in one."""


def caseload_of(lines: Iterable[str]) -> list[Version]:
    """The records of a caseload file."""
    return read_caseload(lines, "caseload", pinned_time_zones().names)[0]


def batches_of(
    versions: Sequence[Version], feed: Iterable[str], roster: Roster, lines_per_batch: int, until_us: int | None
) -> list[Batch]:
    """A feed cut into batches, with a tick at the end."""
    decoder = Decoder(roster, {v.record.id for v in versions if isinstance(v.record, Device)})
    learnt = LearntRecords(versions)
    found = [
        b
        for b, _ in read_batches(
            feed, decoder, learnt, lines_per_batch=lines_per_batch, until_us=until_us, parse_ended=learnt.ended
        )
    ]
    return found if until_us is None else [*found, tick(until_us)]


def tick(at_us: int) -> Batch:
    """One tick."""
    one: Any = np.ones(1, np.int64)
    kinds = np.full(1, LineKind.TICK, np.int8)
    return Batch(one * at_us, kinds, np.full(1, -1, np.int32), one * 0, np.zeros(1, np.bool_), empty_facts())


@dataclass(slots=True)
class Running:
    """The rules with a store of facts behind them."""

    versions: list[Version]
    roster: Roster = field(default_factory=Roster)
    max_log: int = EVERYTHING
    stored: Facts = field(default_factory=empty_facts)
    rules: Rules = field(init=False)
    said: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules = Rules(self.roster, self.versions, pinned_time_zones(), self.max_log)

    def take(self, batch: Batch) -> None:
        """One batch, with what it asks for."""
        ask = self.rules.ask(batch)
        wanted = self._later(ask)
        same = np.zeros(len(self.stored), np.bool_)
        for device, gen, seq in ask.identities:
            same |= (self.stored["device"] == device) & (self.stored["gen"] == gen) & (self.stored["seq"] == seq)
        decisions = self.rules.judge(batch, Answer(self.stored[same], self.stored[wanted]))
        self.said += decisions.versions
        self.stored = np.concatenate([self.stored, decisions.keep]).astype(FACT)
        self.versions += [batch.learnt[line] for line in sorted(batch.learnt)]

    def _later(self, ask: Ask) -> Any:
        """Which stored facts are asked for, and no others."""
        since_us = np.full(len(self.roster.ids), FAR_US, np.int64)
        since_us[ask.history] = ask.since_us
        since_us = since_us[self.stored["device"]]
        is_event = self.stored["is_event"]
        return (self.stored["t_us"] > since_us) | (is_event & (self.stored["received_us"] > since_us))

    def restart(self) -> None:
        """A new process that goes on from a snapshot."""
        body = snapshot(self.rules)
        self.roster = Roster(list(self.roster.ids), dict(self.roster.index))
        self.rules = restore(self.roster, self.versions, pinned_time_zones(), body, self.max_log)


def lines_of(said: Iterable[Violation]) -> list[str]:
    """What is printed."""
    return [violation.as_line() for violation in said]


def of_kinds(lines: Iterable[str], kinds: Collection[str]) -> list[dict[str, Any]]:
    """The printed versions of some kinds, as if there were no others: ids count on without them."""
    found = []
    names: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for version in map(json.loads, lines):
        if version["kind"] in kinds:
            name = version["id"]
            if name not in names:
                party = name.rpartition("-")[0]
                numbers[party] += 1
                names[name] = f"{party}-{numbers[party]}"
            found.append(version | {"id": names[name]})
    return found


def decided(
    records: Sequence[str], feed: Iterable[str], cut: int = WHOLE, max_log: int = EVERYTHING, *, restarts: bool = False
) -> list[str]:
    """The printed versions of a feed cut into batches of ``cut`` lines; with ``restarts`` after every batch anew."""
    running = Running(caseload_of(records), max_log=max_log)
    for batch in batches_of(running.versions, feed, running.roster, cut, None):
        running.take(batch)
        if restarts:
            running.restart()
    return lines_of(running.said)
