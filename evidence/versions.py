"""What a pack rests on, and what of it is no longer so: what makes a new version, in words for its first page. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from domain.instants import format_instant
from domain.records import TYPE_NAMES, Absence, Area, Assessment, Condition, Record
from domain.violations import FactId, Violation
from evidence.disclosing import for_the_pack, sealed_conditions
from evidence.gathered import Taken

_POINTS: Final = "points"
_DECISION: Final = "decision"


def basis_of(
    violations: Iterable[Violation], taken: Sequence[Taken], relied: Iterable[tuple[str, int]], narrative: int
) -> dict[str, Any]:
    """What a pack rests on: the violations relied on as they stand now with their assessments, and the versions of every record.

    ``relied``: ids and versions as chosen. ``narrative``: the version of the officer's words.
    """
    chosen = dict(relied)
    newest = {one.id: one for one in violations if one.id in chosen}
    decided = _decisions(taken)
    return {
        "violations": {name: _stands(newest.get(name), decided.get(name)) for name in sorted(chosen)},
        "records": dict(sorted(_counted(taken).items())),
        "narrative": narrative,
    }


def with_points(basis: Mapping[str, Any], points: Iterable[tuple[FactId, int]]) -> dict[str, Any]:
    """The basis with the facts relied on (identity, quality), so that a late one is seen."""
    told = "\n".join(f"{fact.device} {fact.gen} {fact.seq} {quality}" for fact, quality in sorted(set(points)))
    return {**basis, _POINTS: hashlib.sha256(told.encode()).hexdigest()}


def digest(basis: Mapping[str, Any]) -> str:
    """SHA-256 of a basis, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(basis, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _counted(taken: Sequence[Taken]) -> dict[str, int]:
    """How many versions there are of each record that a pack says something of, counted where they differ in what it says.

    Of what is sealed it says that there is another version. A new number to call, or the same entered again, changes no pack.
    """
    counts: dict[str, int] = {}
    last: dict[str, tuple[Record, bool, int]] = {}
    for one in [*for_the_pack(taken), *_sealed_ones(taken)]:
        version, record = one.version, one.version.record
        if isinstance(record, Area | Assessment):
            continue
        key = f"{TYPE_NAMES[type(record)]} {record.id}"
        was = last.get(key)
        if was is None or was[:2] != (record, version.cancelled) or version.holds_from_us < was[2]:
            counts[key] = counts.get(key, 0) + 1
            last[key] = (record, version.cancelled, version.holds_from_us)
    return counts


def _sealed_ones(taken: Sequence[Taken]) -> Iterable[Taken]:
    sealed = sealed_conditions(taken)
    for one in taken:
        record = one.version.record
        condition = record.condition if isinstance(record, Absence) else record.id
        if isinstance(record, Condition | Absence) and condition in sealed:
            yield one


def _decisions(taken: Sequence[Taken]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in taken:
        record = one.version.record
        if isinstance(record, Assessment):
            found.pop(record.violation, None)
            if not one.version.cancelled:
                found[record.violation] = record.decision.value
    return found


def _stands(one: Violation | None, decision: str | None) -> dict[str, Any]:
    if one is None:
        return {"version": 0, _DECISION: decision}
    told = {"version": one.version, "change": one.change.value, "reason": one.reason.value}
    span = {"from": format_instant(one.from_us), "to": None if one.to_us is None else format_instant(one.to_us)}
    return told | span | {"minutes_certain": one.minutes_certain, _DECISION: decision}


def changes(before: Mapping[str, Any], now: Mapping[str, Any], late: int = 0) -> list[str]:
    """What differs, in words, for people; none when nothing does. ``late``: facts of the time of what is relied on that came since."""
    said = [*_of_violations(before["violations"], now["violations"]), *_of_records(before["records"], now["records"])]
    if before["narrative"] != now["narrative"]:
        said.append("The officer's account was written anew")
    if late:
        said.append(f"{late} {'fact' if late == 1 else 'facts'} of the time of what is relied on came late")
    return said


_CHANGES: Final = {
    "withdrawn": "was withdrawn",
    "shortened": "was shortened",
    "extended": "was extended",
    "closed": "has ended",
    "amended": "was amended",
    "opened": "was opened",
}
_REASONS: Final = {
    "late_data": "by late data",
    "variation": "by a variation of the order",
    "assessment": "by an assessment",
}


def _of_violations(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    said: list[str] = []
    for name in sorted({*before, *now}):
        was, one = before.get(name), now.get(name)
        if was is None or one is None:
            said.append(f"Violation {name} is {'now' if was is None else 'no longer'} relied on")
            continue
        if was["version"] != one["version"]:
            why = _REASONS.get(one.get("reason", ""), "")
            words = f"Violation {name} {_CHANGES.get(one.get('change', ''), 'has another version')} {why}".rstrip()
            said.append(f"{words}: {_span(was)} before, {_span(one)} now")
        if was[_DECISION] != one[_DECISION]:
            said.append(f"Violation {name} is assessed {_decided(one[_DECISION])}, {_decided(was[_DECISION])} before")
    return said


def _span(one: Mapping[str, Any]) -> str:
    if one.get("change") == "withdrawn" or "from" not in one:
        return "none"
    return f"{one['from']} to {one['to'] or 'open'}"


def _decided(word: str | None) -> str:
    return "by nobody" if word is None else word.replace("_", " ")


def _of_records(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    said: list[str] = []
    for key in sorted({*before, *now}):
        kind, name = key.split(" ", 1)
        if before.get(key, 0) != now.get(key, 0):
            fresh = "is new" if key not in before else "has a new version"
            said.append(f"The {kind.replace('_', ' ')} {name} {fresh}")
    return said
