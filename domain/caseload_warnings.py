"""What a caseload is warned of: things that can be meant, but mostly are not."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
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


def warnings_of(records: Mapping[Key, Record], new: Container[Key]) -> Warnings:
    """Everything to warn of in the ``new`` ones of ``records``, whose references are known to be whole.

    What two records make together is told at the one that it is about, or at the new one where the other was there before.
    """
    for record in records.values():
        if key_of(record) not in new:
            continue
        if isinstance(record, Condition):
            yield from _of_condition(records, record)
        elif isinstance(record, Fitting):
            yield from _of_fitting(records, record)
    yield from (one for one in _of_home_units(records) if one[0] in new)
    for worn in _by_wearer(records).values():
        yield from _of_places(worn, new)


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
    """Home units that speak for a wearer's tag, and whose silence nobody is told of for that wearer: contact is watched of who is fitted."""
    worn_by: dict[str, set[str | None]] = {}
    for record in records.values():
        if isinstance(record, Fitting):
            worn_by.setdefault(record.device, set()).add(record.wearer)
    for record in records.values():
        unit = record.place.home_unit if isinstance(record, Condition) and record.place else None
        order = records.get(("order", record.order)) if isinstance(record, Condition) else None
        if unit is None or not isinstance(order, Order) or order.wearer in worn_by.get(unit, ()):
            continue
        if unit in worn_by:
            told = f"{unit!r} is fitted to somebody else: communication_lost of it is of that wearer, not of {order.wearer!r}"
        else:
            told = f"{unit!r} is not fitted to anybody: no communication_lost tells that it is silent"
        yield key_of(record), "place.home_unit", told


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


def _of_places(worn: _Worn, new: Container[Key]) -> Warnings:
    """Zones whose edge is at the wearer's own door, or that shut the wearer out of it."""
    for zone, shape in worn.zones:
        for curfew, place in worn.places:
            told_at = next((one for one in (zone, curfew) if key_of(one) in new), None)
            if told_at is None:
                continue
            cause = _cause(zone, shape, curfew, place, at_zone=told_at is zone)
            if cause is not None:
                yield key_of(told_at), "zone" if told_at is zone else "place", cause


def _cause(zone: Condition, shape: Shape, curfew: Condition, place: Place, *, at_zone: bool) -> str | None:
    """What is to be said of a zone and a curfew's place, at the one or at the other; None when there is nothing."""
    door = f"the place {place.name!r} of the wearer's own curfew {curfew.id!r}"
    near_m = edge_within_m(place, shape, EDGE_WARNING_M)
    if near_m is not None:
        where = f"its edge is {near_m:.0f} m from {door}"
        if not at_zone:
            where = f"is {near_m:.0f} m from the edge of the zone {zone.id!r}"
        return f"{where}: position error alone will seem to cross it"
    if zone.kind is ConditionKind.EXCLUSION_ZONE and holds(place, shape):
        where = f"holds {door}" if at_zone else f"lies in the exclusion zone {zone.id!r}"
        return f"{where}: the wearer is to be there, and must not be"
    return None
