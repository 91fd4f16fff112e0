"""Who was visited where a home unit stands: only that says that it is in its place again (rules.md 5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.records import Condition
from geofence.book import Book
from geofence.layout import Case


def visits_to(book: Book, unit: str, cases: Sequence[Case | None]) -> list[int]:
    """When somebody was visited whom a device was fitted to then, or of whose ``cases`` the place was its place; in order."""
    spans = list(book.fittings(unit))
    for case in cases:
        eras = [] if case is None else book.eras(Condition, case.id)
        spans += [
            (start, end, case.party)
            for start, end, one in eras
            if case is not None and one.place is not None and one.place.home_unit == unit
        ]
    return sorted({at_us for start, end, party in spans for at_us in book.visits(party) if start <= at_us < end})
