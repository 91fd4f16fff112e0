"""Presence checks (rules.md 6): calls not answered, and what an answered one says of presence."""

from __future__ import annotations

from domain.instants import MINUTE_US
from tests.twin.caseload import Record
from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.spans import holding
from tests.twin.track import View

APART_US = 10 * MINUTE_US
FIXED_LINE = "voice_line"


def checks(view: View, place: Record | None) -> list[Fact]:
    """Checks of the wearer, in order; of those that say where, only the ones at the place."""
    name = (place or {}).get("name")
    said = [f for f in view.facts if f.code == "presence_check" and f.result is not None]
    return [f for f in said if f.place is None or not name or f.place == name]


def verified(view: View, place: Record) -> list[Fact]:
    """Checks that are evidence of presence at the place: verified at a fixed line."""
    return [
        f
        for f in checks(view, place)
        if f.result == "verified" and view.caseload.device(f.device, f.t)["kind"] == FIXED_LINE
    ]


def missed(view: View) -> list[Found]:
    """`check_missed`: from the first to the second failure, at least ten minutes apart and nothing verified between."""
    out = []
    for condition in view.caseload.conditions(view.wearer, ("presence_check",)):
        record = view.caseload.newest("condition", condition)
        enforced = view.caseload.enforced(condition)
        first: Fact | None = None
        for fact in checks(view, record.get("place")):
            if holding(enforced, fact.t) is None:
                continue
            if fact.result == "verified":
                first = None
            elif first is None:
                first = fact
            elif fact.t - first.t >= APART_US:
                found = Found("check_missed", first.t, None, "event", [first, fact], condition=condition)
                found.close(fact.t, "event")
                found.order = record["order"]
                out.append(found)
                first = None
    return out
