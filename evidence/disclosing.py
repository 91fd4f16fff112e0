"""What of the records and decisions may stand in a pack: nothing of a protected person, and nothing that the case does not need. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.caseload_checks import Key, key_of, references
from domain.records import Area, Condition, Device, EquipmentCheck, Fitting, Order, Record, Victim, Wearer, Zone
from domain.violations import Violation
from domain.vocabulary import ConditionKind
from evidence.gathered import Taken

_AROUND_SOMEBODY = frozenset({ConditionKind.PROXIMITY, ConditionKind.ASSOCIATION})
"""Conditions whose other side is a person."""


def sealed_conditions(taken: Iterable[Taken]) -> frozenset[str]:
    """The conditions that point at another person, of any version; their other side and their shape are left to the annex.

    A condition about a person does. So does an exclusion zone of an order that protects somebody: its shape may be their address.
    """
    conditions = [one.version.record for one in taken if isinstance(one.version.record, Condition)]
    protecting = {one.order for one in conditions if one.victim is not None}
    return frozenset(
        one.id
        for one in conditions
        if one.kind in _AROUND_SOMEBODY
        or one.victim is not None
        or (one.kind is ConditionKind.EXCLUSION_ZONE and one.order in protecting)
    )


def for_the_pack(taken: Sequence[Taken]) -> list[Taken]:
    """The records that stand in the pack: those of the wearer and what they refer to, without what is sealed."""
    sealed = sealed_conditions(taken)
    open_ones = [one for one in taken if not _is_sealed(one, sealed)]
    return _what_they_need([bared(one) for one in open_ones])


def for_the_annex(taken: Sequence[Taken]) -> list[Taken]:
    """The same with what is sealed: who is protected, the conditions, the units, the shapes."""
    return _what_they_need([bared(one) for one in taken])


def bared(one: Taken) -> Taken:
    """A record without what neither the rules nor the case need: numbers to call, notes for staff, addresses of officers."""
    record = one.version.record
    if isinstance(record, Wearer):
        bare = replace(
            record, phones=(), staff_safety=(), responsible_adult=None, mappa=None, rosh=None, cohorts=(), needs=()
        )
        return one._replace(version=replace(one.version, record=bare))
    if isinstance(record, Victim):
        return one._replace(version=replace(one.version, record=replace(record, contact=None)))
    if isinstance(record, Order):
        return one._replace(version=replace(one.version, record=replace(record, officer=_name_alone(record.officer))))
    return one


def _name_alone(officer: object) -> object:
    return {"name": officer["name"]} if isinstance(officer, dict) and "name" in officer else None


def _is_sealed(one: Taken, sealed: frozenset[str]) -> bool:
    record = one.version.record
    if isinstance(record, Victim) or (isinstance(record, Condition) and record.id in sealed):
        return True
    if isinstance(record, Fitting):
        return record.victim is not None
    return getattr(record, "condition", None) in sealed


def _what_they_need(taken: Sequence[Taken]) -> list[Taken]:
    """Without shared zones, devices and areas to which nothing here refers, and without the checks of such devices.

    A check refers to a device and says nothing of whose it is: that of a protected person's unit would bring the unit in.
    """
    referred: set[Key] = set()
    for one in taken:
        if not isinstance(one.version.record, Area | EquipmentCheck):
            referred.update(key for _, key in references(one.version.record))
    for _ in range(len(taken)):  # areas have parents, which have parents
        more = {
            key
            for one in taken
            if isinstance(one.version.record, Area) and key_of(one.version.record) in referred
            for _, key in references(one.version.record)
        }
        if more <= referred:
            break
        referred |= more
    return [one for one in taken if _is_needed(one.version.record, referred)]


def _is_needed(record: Record, referred: set[Key]) -> bool:
    if isinstance(record, EquipmentCheck):
        return all(key in referred for _, key in references(record))
    return not isinstance(record, Area | Device | Zone) or key_of(record) in referred


def shown(violation: Violation, sealed: frozenset[str], own_devices: frozenset[str]) -> Violation:
    """A version as the pack says it: of a sealed condition without the other side, its facts, and what tells a distance."""
    if violation.victim is None and violation.condition not in sealed:
        return violation
    evidence = tuple(fact for fact in violation.evidence if fact.device in own_devices)
    device = violation.device if violation.device in own_devices else None
    return replace(violation, victim=None, device=device, p_inside=None, score=None, evidence=evidence)
