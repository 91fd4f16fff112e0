"""What a caseload is warned of: things that can be meant, but mostly are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.caseload_checks import Key, key_of
from domain.instants import EARLY_US, FAR_US, format_instant
from domain.records import Condition, Device, Fitting, Order, Place, Record, Shape, Zone
from domain.vocabulary import ZONE_KINDS, ConditionKind, DeviceKind
from domain.zone_edges import edge_within_m, holds

EDGE_WARNING_M = 50.0
"""A zone edge nearer than this to the wearer's own curfew place: position error alone will cross it."""
Warnings: TypeAlias = Iterator[tuple[Key, str, str]]
"""(type and id of the record, field, cause)."""


@dataclass(slots=True)
class _Worn:
    """What one wearer has: the curfew places and the zones, each with its condition."""

    places: list[tuple[Condition, Place]] = field(default_factory=list)
    zones: list[tuple[Condition, Shape]] = field(default_factory=list)


def warnings_of(records: Mapping[Key, Record]) -> Warnings:
    """Everything to warn of, in records whose references are known to be whole."""
    for record in records.values():
        if isinstance(record, Condition):
            yield from _of_condition(records, record)
        elif isinstance(record, Fitting):
            yield from _of_fitting(records, record)
    yield from _of_home_units(records)
    for worn in _by_wearer(records).values():
        yield from _of_places(worn)


def _of_condition(records: Mapping[Key, Record], condition: Condition) -> Warnings:
    key = key_of(condition)
    if condition.buffer_m and condition.kind is not ConditionKind.EXCLUSION_ZONE:
        yield key, "buffer_m", "is not used: only an exclusion zone has a buffer"
    order = records.get(("order", condition.order))
    if not isinstance(order, Order):
        return
    start = max(order.from_us, EARLY_US if condition.from_us is None else condition.from_us)
    ends = [FAR_US if end is None else end for end in (order.to_us, condition.to_us)]
    if min(ends) <= start:
        until = "open" if order.to_us is None else format_instant(order.to_us)
        told = f"order {order.id!r} runs from {format_instant(order.from_us)} to {until}"
        yield key, "from", f"is never enforced: {told}, and its own interval lies outside"


def _of_fitting(records: Mapping[Key, Record], fitting: Fitting) -> Warnings:
    device = records.get(("device", fitting.device))
    if not isinstance(device, Device):
        return
    if (device.kind is DeviceKind.VICTIM_UNIT) != (fitting.victim is not None):
        on = "a victim" if fitting.victim else "a wearer"
        yield key_of(fitting), "device", f"{device.id!r} is a {device.kind.value}, and is fitted to {on}"


def _of_home_units(records: Mapping[Key, Record]) -> Warnings:
    """Home units that will never say anything about the wearer whose curfew names them."""
    worn_by: dict[str, set[str | None]] = {}
    for record in records.values():
        if isinstance(record, Fitting):
            worn_by.setdefault(record.device, set()).add(record.wearer)
    for record in records.values():
        unit = record.place.home_unit if isinstance(record, Condition) and record.place else None
        order = records.get(("order", record.order)) if isinstance(record, Condition) else None
        if unit is None or not isinstance(order, Order) or order.wearer in worn_by.get(unit, ()):
            continue
        where = "fitted to somebody else" if unit in worn_by else "not fitted to anybody"
        yield key_of(record), "place.home_unit", f"{unit!r} is {where}: it shows no presence of {order.wearer!r}"


def _by_wearer(records: Mapping[Key, Record]) -> dict[str, _Worn]:
    found: dict[str, _Worn] = {}
    for record in records.values():
        order = records.get(("order", record.order)) if isinstance(record, Condition) else None
        if not isinstance(record, Condition) or not isinstance(order, Order):
            continue
        if record.kind is ConditionKind.CURFEW and record.place is not None:
            found.setdefault(order.wearer, _Worn()).places.append((record, record.place))
        elif record.kind in ZONE_KINDS:
            shared = records.get(("zone", record.zone)) if record.zone else None
            shape = shared.shape if isinstance(shared, Zone) else record.shape
            if shape is not None:
                found.setdefault(order.wearer, _Worn()).zones.append((record, shape))
    return found


def _of_places(worn: _Worn) -> Warnings:
    """Zones whose edge is at the wearer's own door, or that shut the wearer out of it."""
    for zone, shape in worn.zones:
        for curfew, place in worn.places:
            told = f"the place {place.name!r} of the wearer's own curfew {curfew.id!r}"
            near_m = edge_within_m(place, shape, EDGE_WARNING_M)
            if near_m is not None:
                why = "position error alone will seem to cross it"
                yield key_of(zone), "zone", f"its edge is {near_m:.0f} m from {told}: {why}"
            elif zone.kind is ConditionKind.EXCLUSION_ZONE and holds(place, shape):
                yield key_of(zone), "zone", f"holds {told}: the wearer is to be there, and must not be"
