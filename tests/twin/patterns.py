"""The third of its kind in seven days (rules.md 4, 8)."""

from __future__ import annotations

from domain.instants import DAY_US
from tests.twin.found import Found
from tests.twin.track import View

IN_US = 7 * DAY_US
MANY = 3


def near_zone(view: View, found: list[Found]) -> list[Found]:
    """`pattern_near_zone`: transits and buffer entries of one condition.

    No entry is what begins with enforcement, or where the wearer comes out of the zone; nor what was before it was told.
    """
    out = []
    for condition in view.caseload.conditions(view.wearer, ("exclusion_zone",)):
        mine = [f for f in found if f.condition == condition]
        there = {low for low, _ in view.caseload.enforced(condition)}
        there |= {f.end for f in mine if f.kind == "exclusion_zone" and f.end is not None}
        told = view.caseload.told_at(condition)
        entries = [f for f in mine if f.kind == "zone_transit" or (f.kind == "zone_buffer" and f.start not in there)]
        out += _thirds("pattern_near_zone", [f for f in entries if f.start >= told])
    return out


def near_victim(view: View, found: list[Found]) -> list[Found]:
    """`pattern_near_victim`: pre-alerts of the pair; no zone names a victim.

    No approach is what begins with enforcement; nor what was before it was told.
    """
    out = []
    for condition in view.caseload.conditions(view.wearer, ("proximity",)):
        there = {low for low, _ in view.caseload.enforced(condition)}
        told = view.caseload.told_at(condition)
        entries = [f for f in found if f.kind == "proximity_prealert" and f.condition == condition]
        entries = [f for f in entries if f.start not in there and f.start >= told]
        for one in _thirds("pattern_near_victim", entries):
            one.condition = condition
            one.victim = one.other = view.caseload.newest("condition", condition)["victim"]
            out.append(one)
    return out


def _thirds(kind: str, entries: list[Found]) -> list[Found]:
    """One for each entry with which there are just three in seven days, at its beginning."""
    entries = sorted(entries, key=lambda f: (f.start, f.kind))
    out = []
    for i, entry in enumerate(entries):
        within = [e for e in entries[: i + 1] if entry.start - e.start < IN_US]
        if len(within) == MANY:
            facts = sorted({f.name: f for e in within for f in e.evidence[:1]}.values(), key=lambda f: f.key)
            found = Found(kind, entry.start, None, entry.opener, facts, order=entry.order, condition=entry.condition)
            found.close(entry.start, entry.opener)
            out.append(found)
    return out
