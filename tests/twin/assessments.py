"""What officers decided on violations, and from when (rules.md 10): the last by then of those that hold by then."""

from __future__ import annotations

from domain.instants import EARLY_US
from tests.twin.caseload import instant_of
from tests.twin.track import View


def decisions(view: View, violation: str) -> list[tuple[int, int, str]]:
    """``(from, to, decision)`` of each assessment of a violation, not before it was made."""
    out = []
    for name in view.caseload.ids("assessment"):
        for low, high, record in view.caseload.segments("assessment", name):
            start = max(low, instant_of(record, "at", EARLY_US))
            if record["violation"] == violation and start < high:
                out.append((start, high, record["decision"]))
    return sorted(out, key=lambda item: item[0])


def decided(view: View, violation: str, at: int) -> str | None:
    return next((said for low, high, said in reversed(decisions(view, violation)) if low <= at < high), None)
