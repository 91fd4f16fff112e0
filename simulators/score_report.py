"""What a comparison of truth and violations gives: figures, what was missed, false or off with why, and the worst to be drawn."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, zip_longest
from typing import Any, Final

from domain.instants import DAY_US, FAR_US, SECOND_US, format_instant
from simulators.score_alerts import AlertReport
from simulators.score_figures import KindScore, quantiles, summed
from simulators.score_groups import Wearers

SLACK_S: Final = 5.0
"""Two intervals that come so near to each other overlap."""
OFF_S: Final = 120.0
"""The usual tolerance: an end that differs by more from the truth is wrong."""
MOST_DETAILS: Final = 1000
"""Of each sort; the others are counted."""
MOST_STRIPS: Final = 12
STRIPS_A_KIND: Final = 3
MOST_DRAWN: Final = 40
"""Intervals in one strip, of truth and of what was found each."""
MARGIN_S: Final = 600.0
"""What happened so long before and after is drawn too."""


@dataclass(slots=True)
class Interval:
    """A truth line or a violation. Seconds since the epoch; ``to_s`` infinity when open. ``row``: its place among its like."""

    wearer: str
    kind: str
    condition: str | None
    code: str | None
    from_s: float
    to_s: float
    row: int
    why_not: str | None = None
    violation: str | None = None
    late: bool = False
    withdrawn: bool = False

    def touches(self, other: Interval) -> bool:
        return self.from_s - SLACK_S < other.to_s and other.from_s - SLACK_S < self.to_s

    def overlaps(self, other: Interval) -> bool:
        """Without any slack; an instant overlaps what it lies in or at the end of."""
        shared_s = min(self.to_s, other.to_s) - max(self.from_s, other.from_s)
        return shared_s > 0 or (shared_s == 0 and (self.from_s == self.to_s or other.from_s == other.to_s))

    def as_json(self, why: str) -> dict[str, Any]:
        return {
            "wearer": self.wearer,
            "kind": self.kind,
            "code": self.code,
            "condition": self.condition,
            "violation": self.violation,
            "from": format_instant(round(self.from_s * SECOND_US)),
            "to": format_instant(round(self.to_s * SECOND_US)) if math.isfinite(self.to_s) else None,
            "why": why,
        }


@dataclass(frozen=True, slots=True)
class Strip:
    """Something missed or false with what was around it, to be drawn. ``from_s`` and ``to_s``: what is shown."""

    what: str
    about: Interval
    why: str
    truth: Sequence[Interval]
    found: Sequence[Interval]
    from_s: float
    to_s: float


@dataclass(slots=True)
class Report:
    """The comparison. ``details`` are what was missed, false, or off, with why; ``left_out`` how many more there are of each.

    ``run_s``: seconds since the epoch from when to when the truth is told; infinities when it does not say. ``not_scored``: violations of
    kinds of which no truth is told; ``not_scored_protected``: of protected people's own units, of whom none is. ``strangers``: nobody is in both files.
    """

    kinds: dict[str, KindScore] = field(default_factory=lambda: defaultdict(KindScore))
    details: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    not_shown: Counter[str] = field(default_factory=Counter)
    not_scored: Counter[str] = field(default_factory=Counter)
    not_scored_protected: Counter[str] = field(default_factory=Counter)
    strangers: bool = False
    wearers: Wearers = field(default_factory=Wearers)
    alerts: AlertReport | None = None
    tolerance_s: float = OFF_S
    run_s: tuple[float, float] = (-math.inf, math.inf)
    _worst: dict[tuple[str, str], list[tuple[float, int, Strip]]] = field(default_factory=lambda: defaultdict(list))
    _order: count[int] = field(default_factory=count)
    _told: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not any(k.missed or k.false for k in self.kinds.values())

    @property
    def total(self) -> KindScore:
        """All kinds as one."""
        return summed(self.kinds.values())

    def violations(self) -> dict[str, dict[str, int]]:
        """What the demo's report says under ``violations``."""
        return {kind: self.kinds[kind].in_short() for kind in sorted(self.kinds)}

    def in_short(self) -> dict[str, Any]:
        """The figures that a benchmark keeps; None where nothing is known to say."""
        recalls = [kind.shares()["recall"] for kind in self.kinds.values() if kind.truth]
        known = self.wearers.known()
        days, total, of_known = self.wearers.days(known), self.total, summed(self.wearers.kinds_of(known).values())
        worst = self.wearers.worst()
        among = worst["orderly_per_30_days"] or worst["per_30_days"]
        return {
            "recall_min": min(recalls, default=None),
            "false_per_1000_wearer_days": None if not days else round(of_known.false * 1000 / days, 6),
            "did_not_happen_per_1000_wearer_days": (
                None if not days else round((of_known.false + of_known.explained) * 1000 / days, 6)
            ),
            "worst_served_p99": among["did_not_happen"]["p99"],
            "delay_s": {k: v for k, v in quantiles(total.seconds.to_decided).items() if k in ("p50", "p95", "p99")},
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self._run(),
            "tolerance_s": self.tolerance_s,
            "in_short": self.in_short(),
            "all": self.total.in_full(),
            "violations": {kind: self.kinds[kind].in_full() for kind in sorted(self.kinds)},
            "not_shown": dict(sorted(self.not_shown.items())),
            "not_scored": dict(sorted(self.not_scored.items())),
            "not_scored_protected": dict(sorted(self.not_scored_protected.items())),
            "alerts": None if self.alerts is None else self.alerts.as_json(),
            "groups": self.wearers.groups(),
            "worst_served": self.wearers.worst(),
            "details": self.details,
            "details_left_out": dict(sorted(self.left_out.items())),
        }

    def _run(self) -> dict[str, Any] | None:
        if not math.isfinite(self.run_s[0]):
            return None
        begin, end = (format_instant(round(at * SECOND_US)) if math.isfinite(at) else None for at in self.run_s)
        known = self.wearers.known()
        days = self.wearers.days(known)
        return {
            "from": begin,
            "to": end,
            "wearers": len(known) or None,
            "wearer_days": None if days is None else round(days, 3),
        }

    def tell(self, what: str, interval: Interval, why: str) -> None:
        """One more detail; over `MOST_DETAILS` of its sort it is only counted."""
        self._told[what] += 1
        if self._told[what] <= MOST_DETAILS:
            self.details.append({"what": what, **interval.as_json(why)})
        else:
            self.left_out[what] += 1

    def tells(self, what: str) -> bool:
        """Whether another detail of this sort would be kept."""
        return self._told[what] < MOST_DETAILS

    def draw(self, what: str, about: Interval, why: str, truth: Sequence[Interval], found: Sequence[Interval]) -> None:
        """Keeps what is missed or false for drawing if it is among the longest of its kind."""
        end_s = min(about.to_s, max(self.run_s[1], about.from_s))
        long_s = end_s - about.from_s
        heap = self._worst[what, about.kind]
        if len(heap) >= STRIPS_A_KIND and heap[0][0] >= long_s:
            return
        margin_s = max(MARGIN_S, long_s / 4 if math.isfinite(long_s) else 0.0)
        begin_s = about.from_s - margin_s
        shown_to_s = (end_s if math.isfinite(end_s) else about.from_s + MARGIN_S) + margin_s
        near = _around(truth, about, begin_s, shown_to_s), _around(found, about, begin_s, shown_to_s)
        item = (long_s, next(self._order), Strip(what, about, why, *near, begin_s, shown_to_s))
        (heapq.heappush if len(heap) < STRIPS_A_KIND else heapq.heapreplace)(heap, item)

    def strips(self) -> list[Strip]:
        """The worst: the longest of each kind first, missed and false in turn, at most `MOST_STRIPS`."""
        by_what: dict[str, list[tuple[int, float, Strip]]] = defaultdict(list)
        for (what, _), heap in sorted(self._worst.items()):
            for place, (long_s, _, strip) in enumerate(sorted(heap, key=lambda item: (-item[0], item[1]))):
                by_what[what].append((place, -long_s, strip))
        in_turn = [[s for *_, s in sorted(strips, key=lambda s: s[:2])] for strips in by_what.values()]
        mixed = [strip for pair in zip_longest(*in_turn) for strip in pair if strip is not None]
        return mixed[:MOST_STRIPS]


def _around(intervals: Sequence[Interval], about: Interval, begin_s: float, end_s: float) -> list[Interval]:
    """What is drawn: of many its own condition first, then what begins next to it."""

    def far(one: Interval) -> tuple[bool, float]:
        return one.condition != about.condition, abs(one.from_s - about.from_s)

    within = [one for one in intervals if one.from_s < end_s and one.to_s >= begin_s]
    return sorted(sorted(within, key=far)[:MOST_DRAWN], key=lambda one: one.from_s)


def run_of(span_us: tuple[int, int] | None) -> tuple[float, float]:
    """Seconds since the epoch; infinities where nothing is said."""
    if span_us is None:
        return -math.inf, math.inf
    return span_us[0] / SECOND_US, math.inf if span_us[1] == FAR_US else span_us[1] / SECOND_US


def days_of(run_s: tuple[float, float]) -> float | None:
    """How long a run is; None when it does not say."""
    length = run_s[1] - run_s[0]
    return length * SECOND_US / DAY_US if math.isfinite(length) else None
