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


def checks(view: View) -> list[Fact]:
    """Checks of the wearer, in order."""
    return [f for f in view.facts if f.code == "presence_check" and f.result is not None]


def verified(view: View, condition: str) -> list[Fact]:
    """Checks that are evidence of presence at a condition's place: verified at a fixed line, there or with no place named."""
    place = view.caseload.newest("condition", condition)["place"]
    meant = _meant(view, place)
    return [
        f
        for f in checks(view)
        if f.result == "verified"
        and view.caseload.device(f.device, f.t)["kind"] == FIXED_LINE
        and (meant if f.place is None else f.place in (place.get("name"), condition))
    ]


def _meant(view: View, place: Record) -> bool:
    """Whether a check that names no place is of this one: that of the wearer's checks, or the only place there is."""

    def places(*kinds: str) -> set[tuple[float, float]]:
        records = [view.caseload.newest("condition", i) for i in view.caseload.conditions(view.wearer, kinds)]
        return {(r["place"]["lon"], r["place"]["lat"]) for r in records if r.get("place")}

    checked = places("presence_check")
    there = checked or places("curfew", "attendance")
    return (place["lon"], place["lat"]) in there and (bool(checked) or len(there) == 1)


def missed(view: View) -> list[Found]:
    """`check_missed`: from the first to the second failure, at least ten minutes apart and nothing verified between."""
    out = []
    for condition in view.caseload.conditions(view.wearer, ("presence_check",)):
        record = view.caseload.newest("condition", condition)
        enforced = view.caseload.enforced(condition)
        first: Fact | None = None
        for fact in checks(view):
            if holding(enforced, fact.t) is None:
                continue
            if fact.result == "verified":
                first = None
            elif first is None:
                first = fact
            elif fact.t - first.t >= APART_US:
                found = Found("check_missed", first.t, None, "event", [first, fact], condition=condition)
                found.close(fact.t, "event")
                found.order, found.cause = record["order"], "unknown"
                out.append(found)
                first = None
    return out
