"""The caseload file: NDJSON, one record a line, any order (docs/caseload.md). All of it is taken, or nothing.

Reading goes in two steps. Each line becomes a record by itself (`written_lines`, `written_objects`); then the records are
held against each other and against what is known already (`check_written`). Every fault of both is told at once, by line and
field. Who enters records by other ways than a file takes the same two steps, so that the same is refused with the same words.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.caseload_checks import (
    Faults,
    Key,
    Limits,
    end_of,
    key_of,
    limit_findings,
    overlap_cause,
    reference_faults,
    references,
    upset_by,
)
from domain.caseload_json import record_as_json
from domain.caseload_lines import object_of
from domain.caseload_records import parse_record
from domain.caseload_values import Wrong, shown
from domain.caseload_warnings import warnings_of
from domain.errors import BadInput, Fault, RecordFault
from domain.records import RECORD_TYPES, Caseload, Condition, Fitting, Record, Version
from domain.timetable_limits import ENGLAND_AND_WALES

__all__ = ["parse_record", "read_caseload", "record_as_json"]


@dataclass(slots=True)
class Written:
    """What was written down, read by itself and not yet held against what is known.

    Attributes
    ----------
    records : the good records in their order, and the ``lines`` that they stand on.
    first : the line on which each id stands first, be it a bad one.
    named : what a bad line would have been, so that a reference to it is not told as a second fault.
    faults : what is wrong so far.
    """

    file: str
    records: dict[Key, Record] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    first: dict[Key, int] = field(default_factory=dict)
    named: set[Key] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, faults: Faults) -> None:
        """More that is wrong with a line."""
        self.faults.extend(Fault(self.file, line, key, cause) for key, cause in faults)

    def take(self, line: int, written: dict[str, Any], timezones: Container[str]) -> None:
        """One object, as the record of a line."""
        try:
            record = parse_record(written, timezones)
        except RecordFault as bad:
            self.fault(line, bad.faults)
            named = _named(written)
            self.named.update(named)
            if len(named) == 1:
                self._stands_once(named[0], line)
            return
        key = key_of(record)
        if not self._stands_once(key, line):
            return
        self.records[key] = record
        self.lines[key] = line

    def _stands_once(self, key: Key, line: int) -> bool:
        """Whether no line before has the id, be it a bad one."""
        first = self.first.setdefault(key, line)
        if first != line:
            self.fault(line, [("id", f"{key[0]} {key[1]!r} already stands on line {first}")])
        return first == line


@dataclass(slots=True)
class _Checking:
    """What was written, beside the newest version of each record that was known before it."""

    written: Written
    known: dict[Key, Record]

    def find(self, key: Key) -> Record | None:
        return self.written.records.get(key) or self.known.get(key)


def read_caseload(
    lines: Iterable[str | bytes],
    file: str,
    timezones: Container[str],
    *,
    known: Caseload | None = None,
    limits: Limits = ENGLAND_AND_WALES,
) -> tuple[list[Version], list[Fault]]:
    """Every record of a caseload file, in its order, and what it is warned of.

    Parameters
    ----------
    lines : the file, line by line; bytes are read as UTF-8.
    file : its name, as faults tell it.
    timezones : every name of the pinned ``tzdata`` package.
    known : what was learnt before; the file may refer to it, and a record with a known id is a new version.
    limits : the most hours of curfew, by kind of order.

    Raises
    ------
    BadInput
        When anything is wrong: one `Fault` or more for each bad line, in the order of the lines.
    """
    return check_written(written_lines(lines, file, timezones), known, limits)


def written_lines(lines: Iterable[str | bytes], file: str, timezones: Container[str]) -> Written:
    """The records of a file, each read by itself; line numbers are from 1."""
    written = Written(file)
    for number, line in enumerate(lines, start=1):
        try:
            found = object_of(line, first=number == 1)
        except Wrong as wrong:
            written.fault(number, [(wrong.path, wrong.cause)])
            continue
        if found is not None:
            written.take(number, found, timezones)
    return written


def written_objects(objects: Iterable[Any], file: str, timezones: Container[str]) -> Written:
    """As `written_lines`, of JSON objects that were read already; their places from 1 are the lines."""
    written = Written(file)
    for number, found in enumerate(objects, start=1):
        if isinstance(found, dict):
            written.take(number, found, timezones)
        else:
            written.fault(number, [("record", f"is {shown(found)}; each record is one object")])
    return written


def check_written(
    written: Written, known: Caseload | None = None, limits: Limits = ENGLAND_AND_WALES
) -> tuple[list[Version], list[Fault]]:
    """What was written, held against itself and against ``known``: as `read_caseload` gives it.

    ``known`` need hold no more than what the records refer to and what stands around them (`domain.caseload_news`).
    Raises `BadInput`.
    """
    checking = _Checking(written, _newest(known))
    for key, record in written.records.items():
        _check_references(checking, key, record)
    _check_overlaps(checking)
    over = _check_limits(checking, limits) + _check_upset(checking, limits)
    if written.faults:
        raise BadInput(sorted(written.faults, key=lambda fault: fault.line))
    warned = over + [
        Fault(written.file, written.lines[key], place, cause)
        for key, place, cause in warnings_of(checking.known | written.records, written.lines)
    ]
    return [Version(record) for record in written.records.values()], sorted(warned, key=lambda fault: fault.line)


def _newest(known: Caseload | None) -> dict[Key, Record]:
    if known is None:
        return {}
    return {key: versions[-1].record for key, versions in known.versions.items() if not versions[-1].cancelled}


def _named(written: dict[str, Any]) -> list[Key]:
    """What a bad record would have been, as far as it says: of a type that is none, any."""
    kind, name = written.get("type"), written.get("id")
    if not isinstance(name, str):
        return []
    return [(kind, name)] if isinstance(kind, str) and kind in RECORD_TYPES else [(each, name) for each in RECORD_TYPES]


def _check_references(checking: _Checking, key: Key, record: Record) -> None:
    def find(wanted: Key) -> Record | None:
        # A reference to a bad line is not wrong itself. Any record will do: its faults are told already.
        return checking.find(wanted) or (record if wanted in checking.written.named else None)

    checking.written.fault(checking.written.lines[key], reference_faults(find, record))


def _check_overlaps(checking: _Checking) -> None:
    """Two fittings of one device at one instant: told at the one that stands later in the file."""
    by_device: dict[str, list[Fitting]] = {}
    for record in (checking.known | checking.written.records).values():
        if isinstance(record, Fitting):
            by_device.setdefault(record.device, []).append(record)
    for fittings in by_device.values():
        fittings.sort(key=lambda fitting: fitting.from_us)
        longest = fittings[0]
        for fitting in fittings[1:]:
            if fitting.from_us < end_of(longest):
                _fault_overlap(checking.written, longest, fitting)
            longest = max(longest, fitting, key=end_of)


def _fault_overlap(written: Written, a: Fitting, b: Fitting) -> None:
    earlier, later = sorted((a, b), key=lambda fitting: written.lines.get(key_of(fitting), 0))
    at = written.lines.get(key_of(earlier))
    line = written.lines.get(key_of(later))
    if line is not None:  # two that were known before are nothing that this file could mend
        written.fault(line, [("device", overlap_cause(earlier, f" (line {at})" if at else ""))])


def _check_limits(checking: _Checking, limits: Limits) -> list[Fault]:
    """Curfews over the limits of their order's kind: faults into what was written; the warnings come back."""
    written, warned = checking.written, list[Fault]()
    for key, record in written.records.items():
        if isinstance(record, Condition):
            for (place, cause), refused in limit_findings(checking.find, record, limits):
                (written.faults if refused else warned).append(Fault(written.file, written.lines[key], place, cause))
    return warned


def _check_upset(checking: _Checking, limits: Limits) -> list[Fault]:
    """What new versions make of known conditions that refer to them: faults into what was written; the warnings come back."""
    written, warned = checking.written, list[Fault]()
    for own, condition in checking.known.items():
        if own in written.records or not isinstance(condition, Condition):
            continue
        for _, key in references(condition):
            record = written.records.get(key)
            if record is None or record == checking.known.get(key):
                continue
            for (place, cause), refused in upset_by(checking.find, record, [condition], limits):
                (written.faults if refused else warned).append(Fault(written.file, written.lines[key], place, cause))
    return warned
