"""A caseload file from disk, for the commands that take one: records out, faults and warnings to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from bailiwick.timezones import pinned_time_zones
from domain import caseload_learnt
from domain.caseload_file import Written, check_written, written_lines
from domain.errors import BadInput, Fault
from domain.records import Version
from simulators.telling import first_of


def load_caseload(path: Path) -> tuple[list[Version], list[Fault]]:
    """The records of a caseload file, and what it is warned of.

    Raises `BadInput` when the file cannot be read or anything in it is wrong.
    """
    written = caseload_written(path)
    versions, warnings = check_written(written)
    return versions, [*holding_nothing(written), *warnings]


def holding_nothing(written: Written) -> list[Fault]:
    """The warning of a file in which no record stands: it is as good as none, and mostly another was meant."""
    if written.records:
        return []
    return [Fault(written.file, 0, "file", "holds no record; is it the file that you mean?")]


def caseload_written(path: Path) -> Written:
    """The records of a caseload file, each read by itself and not yet held against what is known.

    Raises `BadInput` when the file cannot be read.
    """
    try:
        with path.open("rb") as lines:
            return written_lines(lines, str(path), pinned_time_zones().names)
    except OSError as error:
        raise BadInput([Fault(str(path), 0, "file", f"cannot be read: {error.strerror or error}")]) from None


class LearntRecords(caseload_learnt.LearntRecords):
    """`domain.caseload_learnt.LearntRecords` with the time zones of this program."""

    def __init__(self, versions: Iterable[Version], *, as_entered: bool = False) -> None:
        super().__init__(versions, pinned_time_zones().names, as_entered=as_entered)


def tell(findings: list[Fault], *, as_warnings: bool = False, all_of_them: bool = True) -> None:
    """One line each on standard error; without ``all_of_them`` the first, and how many more there are."""
    lines = [
        # of no line: the file, or the command
        str(finding) if finding.line else f"{finding.file}: {finding.field}: {finding.cause}"
        for finding in findings
    ]
    for line in lines if all_of_them else first_of(lines):
        print(f"warning: {line}" if as_warnings else line, file=sys.stderr)
