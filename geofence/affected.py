"""Whom a record concerns: the parties that must be judged again when it is learnt."""

from __future__ import annotations

from domain.records import (
    Absence,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Suspension,
    Version,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import ConditionKind
from geofence.book import Book


def affected_parties(book: Book, version: Version) -> set[int]:
    """Party indices, by what the book knows now."""
    record = version.record
    if isinstance(record, Wearer | Victim):
        kind = "wearer" if isinstance(record, Wearer) else "victim"
        return _party(book, kind, record.id)
    if isinstance(record, Fitting):
        return {p for _, _, p in book.fittings(record.device)} | _of_fitting(book, record)
    if isinstance(record, Device):
        return _of_device(book, record.id)
    if isinstance(record, EquipmentCheck):
        return _of_device(book, record.device)
    if isinstance(record, Visit | Order):
        return _party(book, "wearer", record.wearer)
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
    return {party for _, _, party in book.fittings(device)}


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
