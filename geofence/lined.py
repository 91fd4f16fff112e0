"""At which places a telephone line may stand: what a check at a fixed line is held against (rules.md 6).

A check names its place, by the place's name or by the id of the condition. One that names none is of the place of the
wearer's `presence_check` conditions, or, where these have none, of the only place that the wearer's conditions have.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.records import Condition, Device, Fitting, Order
from domain.said import place_key
from domain.vocabulary import ConditionKind, DeviceKind
from geofence.book import Book

NO_PLACE = (0, 0, False)


def with_lines(book: Book, lines: Iterable[str]) -> set[str]:
    """Wearers to whom a telephone line is or was fitted; ``lines`` are the devices that are or were lines."""
    found: set[str] = set()
    for name in lines:
        device = book.newest(Device, name)
        if device is not None and device.kind is DeviceKind.VOICE_LINE:
            for fitting_id in book.ids(Fitting, Device, name):
                found.update(f.wearer for _, _, f in book.eras(Fitting, fitting_id) if f.wearer is not None)
    return found


def place_at_lines(book: Book, record: Condition, lined: set[str]) -> tuple[int, int, bool]:
    """Keys of a condition's place and of itself, and whether a check that names no place is of it."""
    order = book.newest(Order, record.order)
    if order is None or order.wearer not in lined or record.place is None:
        return NO_PLACE
    named = place_key(record.place.name) if record.place.name else 0
    places, checked = _places(book, order.wearer)
    meant = checked or places
    unnamed = (record.place.lon, record.place.lat) in meant and (bool(checked) or len(places) == 1)
    return named, place_key(record.id), unnamed


def _places(book: Book, wearer: str) -> tuple[set[tuple[float, float]], set[tuple[float, float]]]:
    """Where the places of a wearer's conditions lie, and those of the conditions that are about checks."""
    places: set[tuple[float, float]] = set()
    checked: set[tuple[float, float]] = set()
    for order_id in book.ids(Order, "wearer", wearer):
        for condition_id in book.ids(Condition, Order, order_id):
            for _, _, condition in book.eras(Condition, condition_id):
                if condition.place is not None:
                    lies = (condition.place.lon, condition.place.lat)
                    places.add(lies)
                    if condition.kind is ConditionKind.PRESENCE_CHECK:
                        checked.add(lies)
    return places, checked
