"""When the protection of a victim stops because an order ends or is suspended: nobody watches the wearer from then on.

A suspension and an order's end run the victim's steps first (alerts.md, Protocols). They are no violation, so they are
found here, from the caseload alone, as the instants at which a proximity condition stops being enforced. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from alerts.state import Raise
from domain.facts import Roster
from domain.instants import format_instant
from domain.records import Condition, Order, Version
from domain.vocabulary import ConditionKind
from geofence.book import Book
from geofence.intervals import without
from geofence.timetable import WindowCache

KIND: Final = "protection_ended"


class Why(StrEnum):
    """What ended it."""

    ENDED = "ended"
    """The order or the condition: it ran out, was varied or was cancelled."""
    SUSPENDED = "suspended"


class Ended(NamedTuple):
    """The protection of a victim against a wearer stops at an instant."""

    at_us: int
    order: str
    condition: str
    wearer: str
    victim: str
    why: Why

    def as_raise(self) -> Raise:
        """The alert of it: one a condition and instant, however often it is found."""
        body: dict[str, Any] = {"order": self.order, "condition": self.condition, "why": self.why.value}
        body["at"] = format_instant(self.at_us)
        return Raise(KIND, f"{KIND}:{self.condition}:{self.at_us}", self.wearer, self.victim, body=body)


class Protections:
    """The proximity conditions of some wearers, to be asked when they stop protecting."""

    def __init__(self, versions: Iterable[Version], cache: WindowCache) -> None:
        self._book = Book(Roster(), cache)
        for version in versions:
            self._book.learn(version)

    def ended(self, from_us: int, to_us: int) -> list[Ended]:
        """Every end in ``(from_us, to_us]``, in order; an absence that was granted ends nothing."""
        found = [end for condition in self._book.all_ids(Condition) for end in self._ends(condition, from_us, to_us)]
        return sorted(found)

    def _ends(self, condition: str, from_us: int, to_us: int) -> Iterable[Ended]:
        book = self._book
        record = book.newest(Condition, condition)
        if record is None or record.kind is not ConditionKind.PROXIMITY or record.victim is None:
            return
        order = book.newest(Order, record.order)
        if order is None:
            return
        runs = book.windows(condition, from_us, to_us + 1)
        ends = {end for _, end in runs}
        for _, end in without(runs, book.suspensions(record.order, from_us, to_us + 1)):
            if from_us < end <= to_us:
                why = Why.ENDED if end in ends else Why.SUSPENDED
                yield Ended(end, record.order, condition, order.wearer, record.victim, why)
