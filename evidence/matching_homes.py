"""Where somebody had to be of a night: a crime so near is said to be near their own home. Pure."""

from __future__ import annotations

from domain.records import Condition, Order
from domain.vocabulary import ConditionKind
from geofence.book import Book


def homes_of(book: Book, wearer: str, from_us: int, to_us: int) -> list[tuple[float, float, float]]:
    """The places of a wearer's curfews that stood in ``[from_us, to_us)``, for `evidence.matching.near_home`."""
    eras = [
        era
        for order in book.ids(Order, "wearer", wearer)
        for one in book.ids(Condition, Order, order)
        for era in book.eras(Condition, one)
    ]
    places = [
        record.place
        for start, end, record in eras
        if record.kind is ConditionKind.CURFEW and record.place is not None and start < to_us and end > from_us
    ]
    return list(dict.fromkeys((place.lon, place.lat, place.radius_m) for place in places))
