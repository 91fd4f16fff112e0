"""Records that a feed brings, each against all that was known before it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from domain.caseload_file import check_references, parse_record
from domain.errors import RecordFault
from domain.records import Caseload, Record, Version


class LearntRecords:
    """Reads the records of a feed's ``learnt`` lines; what `domain.feed_file` is to be given.

    Whether two fittings overlap is not asked: a feed may cancel the one after. ``timezones`` are the names that a record may have.
    """

    def __init__(self, versions: Iterable[Version], timezones: Container[str]) -> None:
        self._timezones = timezones
        self._known = Caseload()
        for version in versions:
            self._known.learn(version)

    def __call__(self, written: dict[str, Any]) -> Record:
        """The record; raises `RecordFault` for a bad one, and for one that refers to nothing."""
        record = parse_record(written, self._timezones)
        faults = check_references(self._known, record)
        if faults:
            raise RecordFault(faults)
        self._known.learn(Version(record))
        return record
