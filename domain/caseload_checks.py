"""What one record alone cannot tell: whether what it refers to is there, fits, and does not contradict another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from domain.instants import FAR_US, format_instant
from domain.records import (
    TYPE_NAMES,
    Absence,
    Area,
    Caseload,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Record,
    Suspension,
    Visit,
    Zone,
)
from domain.timetable_limits import TimetableLimit, over_limit
from domain.vocabulary import ConditionKind, DeviceKind, OrderKind

Key: TypeAlias = tuple[str, str]
"""Type and id of a record."""
Find: TypeAlias = Callable[[Key], Record | None]
"""The newest version of a record, or None where there is none."""
Faults: TypeAlias = list[tuple[str, str]]
"""(field, cause)."""
Limits: TypeAlias = Mapping[OrderKind, TimetableLimit]


def key_of(record: Record) -> Key:
    return TYPE_NAMES[type(record)], record.id


def references(record: Record) -> Iterator[tuple[str, Key]]:
    """(field, type and id) of everything that a record refers to."""
    wanted: list[tuple[str, str, str | None]] = []
    match record:
        case Area():
            wanted = [("parent", "area", record.parent)]
        case Fitting():
            wanted = [("device", "device", record.device)]
            wanted += [("wearer", "wearer", record.wearer), ("victim", "victim", record.victim)]
        case Order():
            wanted = [("wearer", "wearer", record.wearer), ("area", "area", record.area)]
        case Zone():
            wanted = [("area", "area", record.area)]
        case Condition():
            home_unit = record.place.home_unit if record.place else None
            wanted = [("order", "order", record.order), ("zone.id", "zone", record.zone)]
            wanted += [("place.home_unit", "device", home_unit), ("victim", "victim", record.victim)]
            wanted += [("other_wearer", "wearer", record.other_wearer)]
        case Absence():
            wanted = [("condition", "condition", record.condition)]
        case Suspension():
            wanted = [("order", "order", record.order)]
        case Visit():
            wanted = [("wearer", "wearer", record.wearer)]
        case EquipmentCheck():
            wanted = [("device", "device", record.device)]
        case _:
            pass  # wearers, victims and devices stand alone; an assessment names a violation, which is no record
    yield from ((field, (kind, key)) for field, kind, key in wanted if key is not None)


def find_newest(caseload: Caseload) -> Find:
    """Finds what was learnt last of a record, ended or not."""

    def find(key: Key) -> Record | None:
        versions = caseload.versions.get(key)
        return versions[-1].record if versions else None

    return find


def reference_faults(find: Find, record: Record) -> Faults:
    """(field, cause) of each reference of ``record`` that leads to nothing, or to what does not fit there."""
    faults: Faults = []
    for field, key in references(record):
        if find(key) is None and key != key_of(record):
            faults.append((field, f"there is no {key[0]} {key[1]!r}"))
    return faults or _misfits(find, record)


def _misfits(find: Find, record: Record) -> Faults:
    """References that lead to something, but to the wrong thing."""
    if isinstance(record, Area) and record.parent is not None and _in_a_ring(find, record):
        return [("parent", f"leads back to {record.id!r}: an area cannot lie in itself")]
    if not isinstance(record, Condition):
        return []
    order = find(("order", record.order))
    if isinstance(order, Order) and record.other_wearer == order.wearer:
        return [("other_wearer", f"is {record.other_wearer!r}, the order's own wearer; must be somebody else")]
    unit = find(("device", record.place.home_unit)) if record.place and record.place.home_unit else None
    if isinstance(unit, Device) and unit.kind is not DeviceKind.HOME_UNIT:
        return [("place.home_unit", f"{unit.id!r} is a {unit.kind.value}; must be a home_unit")]
    return []


def _in_a_ring(find: Find, area: Area) -> bool:
    seen = {area.id}
    parent = area.parent
    while parent is not None and parent not in seen:
        seen.add(parent)
        found = find(("area", parent))
        parent = found.parent if isinstance(found, Area) else None
    return parent == area.id


def overlap(a: Fitting, b: Fitting) -> bool:
    """Whether two fittings of one device are in force at a common instant."""
    return a.from_us < end_of(b) and b.from_us < end_of(a)


def end_of(fitting: Fitting) -> int:
    return FAR_US if fitting.to_us is None else fitting.to_us


def overlap_cause(other: Fitting, where: str = "") -> str:
    """What to say of a fitting that overlaps ``other``; nothing of whom it is on, where that is left out of it."""
    who = other.wearer or other.victim
    if who is None:
        return f"{other.device!r} is on somebody else then; choose another device, or another time"
    until = "with no end" if other.to_us is None else f"until {format_instant(other.to_us)}"
    told = f"{other.device!r} is already on {who!r} by fitting {other.id!r}{where}"
    return f"{told}, from {format_instant(other.from_us)} {until}; end that one first"


def limit_findings(find: Find, record: Condition, limits: Limits) -> list[tuple[tuple[str, str], bool]]:
    """((field, cause), refused) where a curfew's timetable is over the limits of its order's kind, without an override."""
    order = find(("order", record.order))
    if record.kind is not ConditionKind.CURFEW or record.override is not None or not isinstance(order, Order):
        return []
    limit = limits.get(order.kind)
    over = over_limit(record.timetable, limit) if limit else None
    if limit is None or over is None:
        return []
    way_out = '; shorten it, or say who allowed it: "override":{"by":"...","reason":"..."}' if limit.refused else ""
    return [(("timetable", f"{over} under an order of kind {order.kind.value}{way_out}"), limit.refused)]


def upset_by(
    find: Find, record: Record, conditions: Iterable[Condition], limits: Limits
) -> Iterator[tuple[tuple[str, str], bool]]:
    """((field, cause), refused) where a new version of ``record`` makes something wrong of conditions that refer to it."""
    now = {key_of(record): record}
    for condition in conditions:
        if isinstance(record, Order) and condition.order == record.id:
            if condition.other_wearer == record.wearer:
                told = f"is {record.wearer!r}, whom condition {condition.id!r} of order {record.id!r} forbids to meet"
                yield ("wearer", f"{told}; must be somebody else"), True
            for (_, cause), refused in limit_findings(lambda key: now.get(key) or find(key), condition, limits):
                yield ("kind", f"order {record.id!r} has condition {condition.id!r}, which {cause}"), refused
        at_home = condition.place is not None and condition.place.home_unit == record.id
        if isinstance(record, Device) and at_home and record.kind is not DeviceKind.HOME_UNIT:
            told = f"is {record.kind.value}, but {record.id!r} is the home unit of condition {condition.id!r}"
            yield ("kind", f"{told}; must be a home_unit"), True
