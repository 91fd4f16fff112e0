"""A caseload file from disk, for the commands that take one: records out, faults and warnings to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import Written, check_references, check_written, parse_record, written_lines
from domain.errors import BadInput, Fault, RecordFault
from domain.records import Caseload, Record, Version


def load_caseload(path: Path) -> tuple[list[Version], list[Fault]]:
    """The records of a caseload file, and what it is warned of.

    Raises `BadInput` when the file cannot be read or anything in it is wrong.
    """
    return check_written(caseload_written(path))


def caseload_written(path: Path) -> Written:
    """The records of a caseload file, each read by itself and not yet held against what is known.

    Raises `BadInput` when the file cannot be read.
    """
    try:
        with path.open("rb") as lines:
            return written_lines(lines, str(path), pinned_time_zones().names)
    except OSError as error:
        raise BadInput([Fault(str(path), 0, "file", f"cannot be read: {error.strerror or error}")]) from None


class LearntRecords:
    """Reads the records of a feed's ``learnt`` lines, each against all that was known before it.

    What `domain.feed_file` is to be given. Whether two fittings overlap is not asked: a feed may cancel the one after.
    """

    def __init__(self, versions: Iterable[Version]) -> None:
        self._known = Caseload()
        for version in versions:
            self._known.learn(version)

    def __call__(self, written: dict[str, Any]) -> Record:
        """The record; raises `RecordFault` for a bad one, and for one that refers to nothing."""
        record = parse_record(written, pinned_time_zones().names)
        faults = check_references(self._known, record)
        if faults:
            raise RecordFault(faults)
        self._known.learn(Version(record))
        return record


def tell(findings: list[Fault], *, as_warnings: bool = False) -> None:
    """One line each on standard error."""
    for finding in findings:
        whole = f"{finding.file}: {finding.field}: {finding.cause}"  # of no line: the file, or the command
        told = str(finding) if finding.line else whole
        print(f"warning: {told}" if as_warnings else told, file=sys.stderr)
