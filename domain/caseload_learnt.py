"""Records that a feed brings, each against all that was known before it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, TypeVar

from domain.caseload_checks import (
    Faults,
    Find,
    Key,
    find_newest,
    key_of,
    limit_findings,
    overlap,
    overlap_cause,
    reference_faults,
    references,
    upset_by,
)
from domain.caseload_records import parse_record
from domain.errors import RecordFault
from domain.records import Caseload, Condition, Fitting, Record, Version
from domain.timetable_limits import ENGLAND_AND_WALES

R = TypeVar("R", Fitting, Condition)


class LearntRecords:
    """Reads the records of a feed's ``learnt`` lines; what `domain.feed_file` is to be given.

    What a caseload file is refused for is refused here too, line by line: a feed ends a fitting before it begins the next one of
    its device. Of a line that `ended` a record only what it refers to is asked. ``timezones`` are the names that a record may have.
    With ``as_entered`` the records are those of a centre, which held them against each other when they were entered, perhaps many at
    once: then too only what each refers to is asked.
    """

    def __init__(self, versions: Iterable[Version], timezones: Container[str], *, as_entered: bool = False) -> None:
        self._timezones = timezones
        self._as_entered = as_entered
        self._known = Caseload()
        self._referring: dict[Key, dict[Key, None]] = {}
        for version in versions:
            self._learn(version)

    def __call__(self, written: dict[str, Any]) -> Record:
        """The record; raises `RecordFault` for a bad one, and for one that does not go with what is known."""
        record = parse_record(written, self._timezones)
        find = find_newest(self._known)
        faults = reference_faults(find, record)
        if not self._as_entered:
            faults = faults or self._of_the_ended(record) or self._contradictions(find, record)
        if faults:
            raise RecordFault(faults)
        self._learn(Version(record))
        return record

    def ended(self, written: dict[str, Any]) -> Record:
        """The record that a line ends; raises `RecordFault` for a bad one, and for one that refers to nothing."""
        record = parse_record(written, self._timezones)
        faults = reference_faults(find_newest(self._known), record)
        if faults:
            raise RecordFault(faults)
        self._learn(Version(record, cancelled=True))
        return record

    def _learn(self, version: Version) -> None:
        self._known.learn(version)
        if isinstance(version.record, Fitting | Condition):
            for _, key in references(version.record):
                self._referring.setdefault(key, {})[key_of(version.record)] = None

    def _of_the_ended(self, record: Record) -> Faults:
        """References to records that were ended; one that stood before they were may stay."""
        before = self._known.versions.get(key_of(record))
        stood = () if before is None else tuple(references(before[-1].record))
        return [
            (field, f"{key[0]} {key[1]!r} was ended before")
            for field, key in references(record)
            if (field, key) not in stood and key in self._known.versions and self._known.versions[key][-1].cancelled
        ]

    def _contradictions(self, find: Find, record: Record) -> Faults:
        """Two fittings of a device at once, and hours over the limits: of the record, or of those that refer to it."""
        if isinstance(record, Fitting):
            others = self._that_refer_to(("device", record.device), Fitting)
            return [
                ("device", overlap_cause(other)) for other in others if other.id != record.id and overlap(other, record)
            ][:1]
        if isinstance(record, Condition):
            return [fault for fault, refused in limit_findings(find, record, ENGLAND_AND_WALES) if refused]
        upset = upset_by(find, record, self._that_refer_to(key_of(record), Condition), ENGLAND_AND_WALES)
        return [fault for fault, refused in upset if refused]

    def _that_refer_to(self, key: Key, kind: type[R]) -> Iterator[R]:
        """The newest version of each record of a type that referred to one, where it was not ended."""
        for referring in self._referring.get(key, ()):
            newest = self._known.versions[referring][-1]
            record = newest.record
            if isinstance(record, kind) and not newest.cancelled and key in [named for _, named in references(record)]:
                yield record
