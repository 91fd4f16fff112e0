"""Whom a record concerns: the parties that must be judged again when it is learnt, and what of the tables is made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.records import (
    Absence,
    Area,
    Assessment,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Record,
    Suspension,
    Version,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import ConditionKind
from geofence.book import Book
from geofence.layout import Touched

ASKED_WHEN_JUDGED = (Absence, Area, Assessment, Suspension)
"""Nothing of these stands in the tables: the book is asked for them."""


@dataclass(slots=True)
class Changes:
    """What was learnt since the tables were made. ``tables``: some of it stands in them; ``orders``: in those of the orders."""

    any: bool = False
    tables: bool = False
    orders: bool = False
    _parties: set[int] = field(default_factory=set)
    _devices: set[str] = field(default_factory=set)
    _conditions: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return self.any

    def take(self, version: Version, ever: Sequence[Record], parties: set[int]) -> None:
        """A record was learnt; ``ever`` are its versions before. ``parties`` are those whom any of them concerns."""
        record = version.record
        self.any = True
        self.orders |= isinstance(record, Order | Suspension)
        known = bool(ever) and isinstance(record, Wearer | Victim)
        self.tables |= not known and not isinstance(record, ASKED_WHEN_JUDGED)
        self._parties |= parties
        for one in (record, *ever):
            if isinstance(one, Fitting | EquipmentCheck):
                self._devices.add(one.device)
            elif isinstance(one, Device):
                self._devices.add(one.id)
            elif isinstance(one, Condition):
                self._conditions.add(one.id)

    def touched(self, book: Book) -> Touched:
        """Everything of these parties, and what was learnt itself."""
        found = Touched(set(self._conditions), {book.roster.add(name) for name in self._devices})
        for party in self._parties:
            kind, name = book.parties[party]
            found.devices.update(book.devices_of(party))
            for order in book.ids(Order, "wearer", name) if kind == "wearer" else ():
                found.conditions.update(book.ids(Condition, Order, order))
            found.conditions.update(book.ids(Condition, "victim" if kind == "victim" else "other_wearer", name))
        return found


def affected_parties(book: Book, version: Version) -> set[int]:
    """Party indices, by what the book knows now: those whom the record concerns, and whom any version of it ever did."""
    record = version.record
    return {party for one in (*book.ever(type(record), record.id), record) for party in _of_record(book, one)}


def _of_record(book: Book, record: Record) -> set[int]:
    if isinstance(record, Wearer | Victim):
        kind = "wearer" if isinstance(record, Wearer) else "victim"
        return _party(book, kind, record.id)
    if isinstance(record, Fitting):
        return _of_device(book, record.device) | _of_fitting(book, record)
    if isinstance(record, Device):
        return _of_device(book, record.id)
    if isinstance(record, EquipmentCheck):
        return _of_device(book, record.device)
    if isinstance(record, Order):
        named = (one for c in book.ids(Condition, Order, record.id) for one in book.ever(Condition, c))
        return _party(book, "wearer", record.wearer) | {party for one in named for party in _others(book, one)}
    if isinstance(record, Visit):
        return _party(book, "wearer", record.wearer) | _of_units_of(book, record.wearer)
    if isinstance(record, Condition):
        return _of_order(book, record.order) | _others(book, record)
    if isinstance(record, Suspension):
        return _of_order(book, record.order)
    if isinstance(record, Absence):
        return _of_condition(book, record.condition)
    if isinstance(record, Zone):
        return {p for c in book.ids(Condition, "zone", record.id) for p in _of_condition(book, c)}
    return set()


def attends(book: Book, party: int) -> bool:
    """Whether a party has an attendance: the clock alone says of one that it was missed."""
    kind, party_id = book.parties[party]
    if kind != "wearer":
        return False
    conditions = (c for order in book.ids(Order, kind, party_id) for c in book.ids(Condition, Order, order))
    return any((newest := book.newest(Condition, c)) and newest.kind is ConditionKind.ATTENDANCE for c in conditions)


def _party(book: Book, kind: str, party_id: str) -> set[int]:
    found = book.party_index.get((kind, party_id))
    return set() if found is None else {found}


def _of_fitting(book: Book, fitting: Fitting) -> set[int]:
    if fitting.wearer is not None:
        return _party(book, "wearer", fitting.wearer)
    return _party(book, "victim", str(fitting.victim))


def _of_device(book: Book, device: str) -> set[int]:
    """Who was ever fitted with it, and of whose places it ever was the home unit."""
    of_places = book.ids(Condition, "home_unit", device)
    return {party for _, _, party in book.fittings(device)} | {p for c in of_places for p in _of_condition(book, c)}


def _of_units_of(book: Book, wearer: str) -> set[int]:
    """Who has a home unit together with a wearer: a visit to one may say that it stands where it should."""
    fitted = (book.newest(Fitting, fitting) for fitting in book.ids(Fitting, "wearer", wearer))
    units = {one.device for one in fitted if one is not None and book.ids(Condition, "home_unit", one.device)}
    conditions = (c for order in book.ids(Order, "wearer", wearer) for c in book.ids(Condition, Order, order))
    places = (one.place for condition in conditions for _, _, one in book.eras(Condition, condition))
    units |= {place.home_unit for place in places if place is not None and place.home_unit is not None}
    return {party for unit in units for party in _of_device(book, unit)}


def _of_order(book: Book, order_id: str) -> set[int]:
    order = book.newest(Order, order_id)
    return set() if order is None else _party(book, "wearer", order.wearer)


def _of_condition(book: Book, condition_id: str) -> set[int]:
    condition = book.newest(Condition, condition_id)
    return set() if condition is None else _of_order(book, condition.order)


def _others(book: Book, condition: Condition) -> set[int]:
    """The victim or the other wearer whom a condition names, and whom its newest version named."""
    found: set[int] = set()
    for one in (condition, book.newest(Condition, condition.id)):
        if one is not None and one.victim is not None:
            found |= _party(book, "victim", one.victim)
        if one is not None and one.other_wearer is not None:
            found |= _party(book, "wearer", one.other_wearer)
    return found
