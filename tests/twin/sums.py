"""Accumulated time violation (rules.md 5): where the sum of an order's certain curfew minutes stands above its marks."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from domain.instants import EARLY_US, MINUTE_US
from tests.twin.found import Found
from tests.twin.spans import Spans, cut, measure, merged
from tests.twin.track import View
from tests.twin.versions import Version

EXCUSED = ("reasonable_excuse", "equipment", "disputed")
WARNING_PART = 0.8


def atv(view: View, current: list[Version]) -> list[Found]:
    """``current`` are the wearer's violations; retrospective and untold ones count against nobody."""
    out = []
    for order in view.caseload.orders(view.wearer):
        curfews = [v for v in current if v.found.kind == "curfew" and v.found.order == order]
        counted = [v for v in curfews if not v.retrospective and not v.untold]
        out += _levels(view, order, counted)
    return out


def _levels(view: View, order: str, counted: list[Version]) -> list[Found]:
    active = view.caseload.order_spans(order)
    edges = {view.at + 1, *(edge for span in active for edge in span)}
    edges |= {low for low, _, _ in view.caseload.segments("order", order)}
    edges |= {edge for v in counted for span in v.found.certain for edge in span}
    assessed = {edge for v in counted for low, high, _ in view.caseload.assessed(v.id) for edge in (low, high)}
    steps = sorted(edge for edge in edges | assessed if EARLY_US < edge <= view.at + 1)

    def total(t: int) -> int:
        return sum(
            measure(cut(v.found.certain, [(EARLY_US, t)]))
            for v in counted
            if view.caseload.decided(v.id, t) not in EXCUSED
        )

    out = []
    for kind, reached in (("atv_warning", _warns), ("atv_exceeded", _exceeds)):
        spans: Spans = []
        for low, high in itertools.pairwise(steps):
            record = view.caseload.near("order", order, low)
            assert record is not None
            allowed = record.get("atv_allowance_min")
            if allowed is not None:
                spans += _above(total, low, high, reached, float(allowed) * MINUTE_US)
        for low, high in cut(merged(spans), active):
            opener = "assessment" if low in assessed else _source(counted, low)
            found = Found(kind, low, None, opener, [], order=order)
            if high <= view.at:
                found.close(high, "assessment" if high in assessed else "clock")
            out.append(found)
    return out


def _warns(total: int, allowed: float) -> bool:
    return total >= WARNING_PART * allowed > 0


def _exceeds(total: int, allowed: float) -> bool:
    return total > allowed


def _above(
    total: Callable[[int], int], low: int, high: int, reached: Callable[[int, float], bool], allowed: float
) -> Spans:
    """Where in ``[low, high)``, in which the sum only grows, it stands above: from the last instant that it did not."""
    if not reached(total(high - 1), allowed):
        return []
    bottom, top = low, high - 1
    while bottom < top:
        middle = (bottom + top) // 2
        if reached(total(middle), allowed):
            top = middle
        else:
            bottom = middle + 1
    exactly = bottom > low and reached is _exceeds
    return [(bottom - exactly, high)]


def _source(counted: list[Version], at: int) -> str:
    """What the violation that carried the sum there rests on."""
    running = [v for v in counted if any(low <= at <= high for low, high in v.found.certain)]
    return "clock" if not running or running[0].found.opener == "clock" else running[0].found.opener
