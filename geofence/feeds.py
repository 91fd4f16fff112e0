"""The rules on a caseload and a feed as files have them: no server, no clock (``bailiwick evaluate``, and packs that are judged again)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from domain.caseload_learnt import LearntRecords
from domain.commits import DeadLetter
from domain.facts import Batch, LineKind, Roster, empty_facts
from domain.feed_file import read_batches
from domain.records import Device, Version
from domain.violations import Violation
from domain.wire import Decoder
from geofence.decisions import Answer
from geofence.rules import Rules
from geofence.wallclock import TimeZones

LINES_PER_BATCH: Final = 4_000


@dataclass(frozen=True, slots=True)
class Feed:
    """A caseload that was learnt before everything, and the lines after it.

    ``file`` is what faults name. ``until_us``: lines after it are not read, and it ends with a tick then; None: no tick.
    ``as_entered``: the records are those of a centre, which held them against each other when they were entered.
    """

    versions: Sequence[Version]
    lines: Iterable[bytes]
    file: str
    until_us: int | None = None
    as_entered: bool = True


def judge_feed(feed: Feed, zones: TimeZones, parked: Counter[str]) -> Iterator[Violation]:
    """Every version of every violation, batch by batch; what is parked is counted in ``parked`` by its reason.

    Raises `BadInput` at the first bad line.
    """
    roster = Roster()
    rules = Rules(roster, feed.versions, zones, max_log=sys.maxsize)
    decoder = Decoder(roster, {v.record.id for v in feed.versions if isinstance(v.record, Device)})
    learnt = LearntRecords(feed.versions, zones.names, as_entered=feed.as_entered)
    batches = read_batches(
        feed.lines,
        decoder,
        learnt,
        file=feed.file,
        lines_per_batch=LINES_PER_BATCH,
        until_us=feed.until_us,
        parse_ended=learnt.ended,
    )
    for batch, dead_letters in batches:
        _count(dead_letters, parked)
        yield from _judge(rules, batch)
    if feed.until_us is not None:
        yield from _judge(rules, _tick(feed.until_us))


def _judge(rules: Rules, batch: Batch) -> list[Violation]:
    ask = rules.ask(batch)
    assert not ask.identities, "nothing is forgotten here"
    return rules.judge(batch, Answer()).versions


def _count(dead_letters: list[DeadLetter], parked: Counter[str]) -> None:
    for letter in dead_letters:
        parked[letter.reason.value] += 1


def _tick(at_us: int) -> Batch:
    one: Any = np.ones(1, np.int64)
    return Batch(
        instants=one * at_us,
        kinds=np.full(1, LineKind.TICK, np.int8),
        devices=np.full(1, -1, np.int32),
        sent_us=np.zeros(1, np.int64),
        bad=np.zeros(1, np.bool_),
        facts=empty_facts(),
    )
