"""``bailiwick evaluate``: the rules on files, by the very code that ingest uses; no server, no clock."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bailiwick.caseload_input import LearntRecords, load_caseload, tell
from bailiwick.timezones import pinned_time_zones
from domain.commits import DeadLetter
from domain.errors import BadInput, BadInstant, Fault
from domain.facts import Batch, LineKind, Roster, empty_facts
from domain.feed_file import read_batches
from domain.instants import parse_instant
from domain.records import Device, Version
from domain.violations import Violation
from domain.wire import Decoder
from geofence.decisions import Answer
from geofence.rules import Rules

LINES_PER_BATCH = 4_000
BAD_INPUT = 2
"""Exit code of bad usage or input."""


def evaluate_command(caseload: str, feed: str, until: str | None) -> int:
    """Print the violations that a caseload and a feed give; the exit code. ``-`` is standard input.

    Where anything in either is bad nothing is printed: what a part of a feed gives is no answer.
    """
    parked: Counter[str] = Counter()
    try:
        until_us = _until(until)
        if caseload == feed == "-":
            raise BadInput([Fault("--feed", 0, "feed", "standard input is the caseload already: name a file")])
        versions, warnings = load_caseload(Path(caseload) if caseload != "-" else Path("/dev/stdin"))
        tell(warnings, as_warnings=True)
        with _open(feed) as lines:
            printed = [violation.as_line() + "\n" for violation in evaluate(versions, lines, feed, until_us, parked)]
    except BadInput as bad:
        tell(bad.faults)
        return BAD_INPUT
    sys.stdout.writelines(printed)
    if parked:
        sys.stderr.write("dead letters: " + json.dumps(dict(sorted(parked.items()))) + "\n")
    return 0


def evaluate(
    versions: list[Version], lines: Iterable[bytes], file: str, until_us: int | None, parked: Counter[str]
) -> Iterable[Violation]:
    """Violations, batch by batch; what is parked is counted by its reason."""
    roster = Roster()
    rules = Rules(roster, versions, pinned_time_zones(), max_log=sys.maxsize)
    decoder = Decoder(roster, {v.record.id for v in versions if isinstance(v.record, Device)})
    batches = read_batches(
        lines, decoder, LearntRecords(versions), file=file, lines_per_batch=LINES_PER_BATCH, until_us=until_us
    )
    for batch, dead_letters in batches:
        _count(dead_letters, parked)
        yield from _judge(rules, batch)
    if until_us is not None:
        yield from _judge(rules, _tick(until_us))


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


def _until(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text.strip())
    except BadInstant as bad:
        raise BadInput([Fault("--until", 0, "until", str(bad))]) from None


def _open(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise BadInput([Fault(path, 0, "file", error.strerror or "cannot be read")]) from None
