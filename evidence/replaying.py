"""Whether a pack's own records and facts give the violations that it relies on, by the code that decided them. Pure.

A violation is found again when one comes out with the same kind, condition, device, code, from, to, minutes, evidence and position score.
Its number may be another: numbers count everything that was ever decided of a wearer, and the pack is about one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from domain.caseload_file import read_caseload
from domain.errors import BadInput
from domain.records import Version
from domain.violations import Violation
from geofence.feeds import Feed, judge_feed
from geofence.versions import BY_SILENCE
from geofence.wallclock import TimeZones

CASELOAD: Final = "caseload.ndjson"
FEED: Final = "feed.ndjson"
VIOLATIONS: Final = "violations.ndjson"

_HELD: Final = ("kind", "condition", "device", "code", "from", "to", "minutes_certain", "minutes_possible", "p_inside")
SILENT: Final = frozenset(kind.value for kind in BY_SILENCE)
"""Kinds that say what was not known at a tick; they are told of the whole fleet and are never judged again (rules.md 0)."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it: ``found`` again, ``silent`` ones that stand as they were written, and the first ``fault`` in words."""

    found: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    fault: str | None = None


def replay(parts: Mapping[str, bytes], relied: Sequence[tuple[str, int]], until_us: int, zones: TimeZones) -> Replayed:
    """Judge the parts ``caseload.ndjson`` and ``feed.ndjson`` again, and hold the outcome against ``violations.ndjson``.

    ``relied`` are ids and versions; ``until_us`` is the instant of the newest line that had been decided.
    """
    decided = decided_versions(parts[VIOLATIONS])
    wanted = [decided.get((name, version)) for name, version in relied]
    for (name, version), one in zip(relied, wanted, strict=True):
        if one is None:
            return Replayed(fault=f"{VIOLATIONS} does not hold {name} version {version}, which is relied on")
    try:
        known = current(judged(parts[CASELOAD], parts[FEED], until_us, zones))
    except BadInput as bad:
        return Replayed(fault=f"the attached records or facts cannot be read: {bad.faults[0]}")
    return compared([one for one in wanted if one is not None], known)


def judged(caseload: bytes, feed: bytes, until_us: int, zones: TimeZones) -> list[Violation]:
    """Every version that comes out. Raises `BadInput`."""
    versions: list[Version] = []
    if caseload.strip():
        versions, _ = read_caseload(caseload.splitlines(keepends=True), CASELOAD, zones.names)
    parked: Counter[str] = Counter()
    found = Feed(versions, feed.splitlines(keepends=True), FEED, until_us)
    return list(judge_feed(found, zones, parked))


def current(versions: Iterable[Violation]) -> list[dict[str, Any]]:
    """The newest version of each violation that stands, as it is printed."""
    newest = {version.id: version for version in versions}
    return [version.as_json() for version in newest.values() if version.current]


def decided_versions(body: bytes) -> dict[tuple[str, int], dict[str, Any]]:
    """The printed versions of a file, by id and version. Raises ``msgspec.DecodeError``."""
    found = [msgspec.json.decode(line) for line in body.splitlines() if line]
    return {(one["id"], one["version"]): one for one in found}


def compared(wanted: Sequence[dict[str, Any]], known: Sequence[dict[str, Any]]) -> Replayed:
    """Each violation relied on held against what came out."""
    left = list(known)
    again: list[str] = []
    silent: list[str] = []
    for one in wanted:
        same = next((other for other in left if not differences(one, other)), None)
        if same is not None:
            left.remove(same)
            again.append(one["id"])
        elif one["kind"] in SILENT:
            silent.append(one["id"])
        else:
            return Replayed(tuple(again), tuple(silent), _told(one, known))
    return Replayed(tuple(again), tuple(silent))


def differences(decided: dict[str, Any], comes_out: dict[str, Any]) -> list[str]:
    """The fields in which two printed violations differ."""
    fields = [name for name in _HELD if decided[name] != comes_out[name]]
    return fields + (["evidence"] if decided["evidence"] != comes_out["evidence"] else [])


def _told(one: dict[str, Any], known: Sequence[dict[str, Any]]) -> str:
    head = f"the replay does not give violation {one['id']} ({one['kind']} from {one['from']})"
    alike = [other for other in known if other["kind"] == one["kind"] and other["condition"] == one["condition"]]
    if not alike:
        return f"{head}: the attached facts give none of that kind under that condition"
    nearest = min(alike, key=lambda other: len(differences(one, other)))
    field = differences(one, nearest)[0]
    return f"{head}: its {field} is {one[field]!r}, and {nearest[field]!r} comes out"
