"""A line of truth: what really happened, and whether what was sent could show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from domain.instants import SECOND_US, format_instant
from domain.vocabulary import Code, Kind
from simulators.ground import Floats
from simulators.scenes import Span
from simulators.subjects import Run

LIFE_KIND = "life"
"""A line of who lived how; no truth that had to be found."""
RUN_KIND = "run"
"""The first line of a truth file: from when to when it is told."""
CLEAR = 4.5
"""Standard deviations that a true place must lie beyond a limit for every fix of it to lie beyond: in one of 300,000
an error is larger on its axis."""
INSIDE = 1.644854
SURELY = 3.090232
"""The rules' limits, in standard deviations of the stated error (rules.md 3)."""


class WhyNot(StrEnum):
    """Why what was sent could not show what happened."""

    TOO_SHORT = "too_short"
    """Fewer positions were sent than the condition's threshold asks."""
    POSITION_ERROR = "position_error"
    """So near to the edge that the stated error hides it."""
    NEAR_EDGE = "near_edge"
    """It did not happen: but the person came so near that the stated error may show it."""
    BETWEEN_POSITIONS = "between_positions"
    """It did not happen: but when the condition began, the newest positions sent still said so."""
    BELOW_GRACE = "below_grace"
    """It did not last as long as the grace: to find it is wrong."""
    NEAR_GRACE = "near_grace"
    """It lasted about as long as the grace."""
    AT_THRESHOLD = "at_threshold"
    """It lasted about as long as the limit."""
    SILENT = "silent"
    """Nothing was sent meanwhile, or it did not arrive before the run ended, or nobody takes it: the clock was far off."""
    NO_CLOCK = "no_clock"
    """The centre was away, or had just come back: it looked for nobody."""
    UNTRUSTED = "untrusted"
    """The device had been tampered with, and the centre heard of it: it gives no presence."""
    BEFORE_RUN = "before_run"
    """It began before anything was sent, or before the fitting by the device's clock."""
    RUN_ENDED = "run_ended"
    """The run ended before it could be decided."""


@dataclass(frozen=True, slots=True)
class Line:
    """``from_s`` and ``to_s`` are seconds since the run began; ``to_s`` infinity: not over when the run ended."""

    wearer: str | None
    kind: str
    from_s: float
    to_s: float = math.inf
    code: Code | None = None
    condition: str | None = None
    why_not: WhyNot | None = None

    def as_json(self, run: Run) -> dict[str, Any]:
        """The truth line of contract.md."""
        return {
            "wearer": self.wearer,
            "kind": self.kind,
            "code": self.code.value if self.code else None,
            "condition": self.condition,
            "from": _instant(run, self.from_s),
            "to": _instant(run, self.to_s) if math.isfinite(self.to_s) else None,
            "shown": self.why_not is None,
            "why_not": self.why_not.value if self.why_not else None,
        }


def run_line(run: Run) -> Line:
    return Line(None, RUN_KIND, 0.0, run.duration_s, why_not=WhyNot.RUN_ENDED)


def _instant(run: Run, seconds: float) -> str:
    return format_instant(run.start_us + round(seconds * 1000) * (SECOND_US // 1000))


def spans_above(t: Floats, value: Floats, limit: float) -> list[Span]:
    """Where a quantity sampled at ``t`` is above a limit, its crossings interpolated; in order, half open."""
    if not len(t):
        return []
    above = value > limit
    changes = np.flatnonzero(above[1:] != above[:-1])
    rise = value[changes + 1] - value[changes]
    crossing = t[changes] + (limit - value[changes]) / np.where(rise == 0, 1.0, rise) * (t[changes + 1] - t[changes])
    edges = crossing.tolist()
    if above[0]:
        edges.insert(0, float(t[0]))
    if above[-1]:
        edges.append(float(t[-1]))
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def common(spans: list[Span], others: list[Span]) -> list[Span]:
    """What both hold."""
    return [(max(a, c), min(b, d)) for a, b in spans for c, d in others if max(a, c) < min(b, d)]


def apart(spans: list[Span], taken: list[Span]) -> list[Span]:
    """What the first hold and the second do not."""
    left = spans
    for c, d in taken:
        left = [piece for a, b in left for piece in ((a, min(b, c)), (max(a, d), b)) if piece[0] < piece[1]]
    return left


def kind_of(name: str) -> str:
    """A kind's word; raises ValueError for one that the vocabulary does not have."""
    return Kind(name).value
