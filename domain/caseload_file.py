"""The caseload file: NDJSON, one record a line, any order (docs/caseload.md). All of it is taken, or nothing.

Reading goes in two steps. Each line becomes a record by itself (`parse_record`); then the records are held against
each other and against what is known already. Every fault of both is told at once, by line and field.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.caseload_checks import (
    Faults,
    Key,
    Limits,
    check_record,
    check_references,
    end_of,
    key_of,
    limit_findings,
    overlap_cause,
    reference_faults,
)
from domain.caseload_json import record_as_json
from domain.caseload_lines import object_of
from domain.caseload_records import parse_record
from domain.caseload_values import Wrong
from domain.caseload_warnings import warnings_of
from domain.errors import BadInput, Fault, RecordFault
from domain.records import RECORD_TYPES, Caseload, Condition, Fitting, Record, Version
from domain.timetable_limits import ENGLAND_AND_WALES

__all__ = ["check_record", "check_references", "parse_record", "read_caseload", "record_as_json"]


@dataclass(slots=True)
class _Reading:
    """What has been read of a file so far.

    Attributes
    ----------
    known : the newest version of each record that was known before the file.
    records : the file's good records in its order, and the ``lines`` that they stand on.
    named : what a bad line would have been, so that a reference to it is not told as a second fault.
    """

    file: str
    known: dict[Key, Record]
    records: dict[Key, Record] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    named: set[Key] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def find(self, key: Key) -> Record | None:
        return self.records.get(key) or self.known.get(key)

    def fault(self, line: int, faults: Faults) -> None:
        self.faults.extend(Fault(self.file, line, key, cause) for key, cause in faults)


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
    reading = _Reading(file, _newest(known))
    for number, line in enumerate(lines, start=1):
        _take(reading, number, line, timezones)
    for key, record in reading.records.items():
        _check_references(reading, key, record)
    _check_overlaps(reading)
    over = _check_limits(reading, limits)
    if reading.faults:
        raise BadInput(sorted(reading.faults, key=lambda fault: fault.line))
    warned = over + [
        Fault(file, reading.lines[key], place, cause)
        for key, place, cause in warnings_of(reading.known | reading.records)
        if key in reading.lines
    ]
    return [Version(record) for record in reading.records.values()], sorted(warned, key=lambda fault: fault.line)


def _newest(known: Caseload | None) -> dict[Key, Record]:
    if known is None:
        return {}
    return {key: versions[-1].record for key, versions in known.versions.items() if not versions[-1].cancelled}


def _take(reading: _Reading, number: int, line: str | bytes, timezones: Container[str]) -> None:
    """One line into the reading."""
    try:
        written = object_of(line, first=number == 1)
    except Wrong as wrong:
        reading.fault(number, [(wrong.path, wrong.cause)])
        return
    if written is None:
        return
    try:
        record = parse_record(written, timezones)
    except RecordFault as bad:
        reading.fault(number, bad.faults)
        reading.named.update(_named(written))
        return
    key = key_of(record)
    if key in reading.lines:
        reading.fault(number, [("id", f"{key[0]} {key[1]!r} already stands on line {reading.lines[key]}")])
        return
    reading.records[key] = record
    reading.lines[key] = number


def _named(written: dict[str, Any]) -> list[Key]:
    """What a bad record would have been, as far as it says: of a type that is none, any."""
    kind, name = written.get("type"), written.get("id")
    if not isinstance(name, str):
        return []
    return [(kind, name)] if isinstance(kind, str) and kind in RECORD_TYPES else [(each, name) for each in RECORD_TYPES]


def _check_references(reading: _Reading, key: Key, record: Record) -> None:
    def find(wanted: Key) -> Record | None:
        # A reference to a bad line is not wrong itself. Any record will do: its faults are told already.
        return reading.find(wanted) or (record if wanted in reading.named else None)

    reading.fault(reading.lines[key], reference_faults(find, record))


def _check_overlaps(reading: _Reading) -> None:
    """Two fittings of one device at one instant: told at the one that stands later in the file."""
    by_device: dict[str, list[Fitting]] = {}
    for record in (reading.known | reading.records).values():
        if isinstance(record, Fitting):
            by_device.setdefault(record.device, []).append(record)
    for fittings in by_device.values():
        fittings.sort(key=lambda fitting: fitting.from_us)
        longest = fittings[0]
        for fitting in fittings[1:]:
            if fitting.from_us < end_of(longest):
                _fault_overlap(reading, longest, fitting)
            longest = max(longest, fitting, key=end_of)


def _fault_overlap(reading: _Reading, a: Fitting, b: Fitting) -> None:
    earlier, later = sorted((a, b), key=lambda fitting: reading.lines.get(key_of(fitting), 0))
    at = reading.lines.get(key_of(earlier))
    line = reading.lines.get(key_of(later))
    if line is not None:  # two that were known before are nothing that this file could mend
        reading.fault(line, [("device", overlap_cause(earlier, f" (line {at})" if at else ""))])


def _check_limits(reading: _Reading, limits: Limits) -> list[Fault]:
    """Curfews over the limits of their order's kind: faults into the reading; the warnings come back."""
    warned: list[Fault] = []
    for key, record in reading.records.items():
        if isinstance(record, Condition):
            for (place, cause), refused in limit_findings(reading.find, record, limits):
                (reading.faults if refused else warned).append(Fault(reading.file, reading.lines[key], place, cause))
    return warned
