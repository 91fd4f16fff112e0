"""What is left of a caseload record when the person's data is erased: ids, kinds and instants, in a shape that the rules still read."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain.records import (
    Absence,
    Assessment,
    Circle,
    Condition,
    Order,
    Place,
    Record,
    Suspension,
    Wearer,
)

NOWHERE_RADIUS_M: Final = 10.0
"""Of the circle in the sea off Africa (0, 0) that stands where a zone or a home was."""


def tombstone(record: Record) -> Record:
    """The record without anything personal. Of what somebody wrote, named or drew nothing is left."""
    match record:
        case Wearer():
            return Wearer(record.id)
        case Order():
            return replace(record, officer=None, notifying_organisation=None)
        case Condition():
            place = None if record.place is None else Place("", 0.0, 0.0, NOWHERE_RADIUS_M, record.place.home_unit)
            shape = None if record.shape is None else Circle(0.0, 0.0, NOWHERE_RADIUS_M)
            override = None if record.override is None else replace(record.override, by="-", reason="-")
            return replace(record, name="", place=place, shape=shape, override=override)
        case Absence():
            return replace(record, reason="", granted_by="")
        case Suspension():
            return replace(record, reason="", by="")
        case Assessment():
            return replace(record, by="", reason="")
        case _:
            return record
