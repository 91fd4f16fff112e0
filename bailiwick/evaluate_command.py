"""``bailiwick evaluate``: the rules on files, by the very code that ingest uses; no server, no clock."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from bailiwick.caseload_input import load_caseload, tell
from bailiwick.timezones import pinned_time_zones
from domain.errors import BadInput, BadInstant, Fault
from domain.feed_file import FIRST_US, LAST_US, OUT_OF_TIME
from domain.instants import parse_instant
from domain.records import Version
from domain.violations import Violation
from geofence.feeds import LINES_PER_BATCH, Feed, judge_feed
from simulators.telling import printing

__all__ = ["LINES_PER_BATCH", "evaluate", "evaluate_command"]

BAD_INPUT = 2
"""Exit code of bad usage or input."""


def evaluate_command(caseload: str, feed: str, until: str | None) -> int:
    """Print the violations that a caseload and a feed give; the exit code. ``-`` is standard input.

    Where anything in either is bad nothing is printed: what a part of a feed gives is no answer. Of many faults, or warnings, the
    first are told and the others counted.
    """
    parked: Counter[str] = Counter()
    try:
        until_us = _until(until)
        if caseload == feed == "-":
            raise BadInput([Fault("--feed", 0, "feed", "standard input is the caseload already: name a file")])
        versions, warnings = load_caseload(Path(caseload) if caseload != "-" else Path("/dev/stdin"))
        tell(warnings, as_warnings=True, all_of_them=False)
        with _open(feed) as lines:
            printed = [violation.as_line() + "\n" for violation in evaluate(versions, lines, feed, until_us, parked)]
    except BadInput as bad:
        tell(bad.faults, all_of_them=False)
        return BAD_INPUT
    with printing():
        sys.stdout.writelines(printed)
    if parked:
        sys.stderr.write("dead letters: " + json.dumps(dict(sorted(parked.items()))) + "\n")
    return 0


def evaluate(
    versions: list[Version], lines: Iterable[bytes], file: str, until_us: int | None, parked: Counter[str]
) -> Iterable[Violation]:
    """Violations, batch by batch; what is parked is counted by its reason."""
    return judge_feed(Feed(versions, lines, file, until_us, as_entered=False), pinned_time_zones(), parked)


def _until(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        until_us = parse_instant(text.strip())
    except BadInstant as bad:
        raise BadInput([Fault("--until", 0, "until", str(bad))]) from None
    if not FIRST_US <= until_us <= LAST_US:
        raise BadInput([Fault("--until", 0, "until", f"{text.strip()} is {OUT_OF_TIME}")])
    return until_us


def _open(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise BadInput([Fault(path, 0, "file", error.strerror or "cannot be read")]) from None
