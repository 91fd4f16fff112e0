"""Counts of rare events over days, with the interval that a count allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Of a two-sided interval of 95 %."""


@dataclass(slots=True)
class Tally:
    """Events over some days; ``squares`` is the sum of the squares of the counts of the days."""

    days: int = 0
    events: int = 0
    squares: int = 0

    def add(self, days: int, counts: NDArray[np.int64]) -> None:
        """Some more days; those without a count had no event."""
        self.days += days
        self.events += int(counts.sum())
        self.squares += int((counts * counts).sum())

    def as_json(self) -> dict[str, Any]:
        """The rate in 1,000 days, its interval of 95 %, and what it rests on."""
        low, high = self.interval()
        rate = 1000.0 * self.events / self.days
        return {
            "rate": _short(rate),
            "low": _short(low),
            "high": _short(high),
            "events": self.events,
            "days": self.days,
        }

    def interval(self) -> tuple[float, float]:
        """Poisson's, after Wilson and Hilferty; events that come in heaps count as fewer."""
        heap = max(1.0, self.squares / self.events) if self.events else 1.0
        low, high = poisson_interval(self.events / heap)
        scale = 1000.0 * heap / self.days
        return low * scale, high * scale


def poisson_interval(events: float) -> tuple[float, float]:
    """Of the expected number, when some were seen."""
    low = events * (1.0 - 1.0 / (9.0 * events) - Z / (3.0 * math.sqrt(events))) ** 3 if events else 0.0
    more = events + 1.0
    return max(0.0, low), more * (1.0 - 1.0 / (9.0 * more) + Z / (3.0 * math.sqrt(more))) ** 3


def wilson_interval(hits: int, tries: int) -> tuple[float, float]:
    """Of a share."""
    share, z2 = hits / tries, Z * Z
    middle = (share + z2 / (2 * tries)) / (1 + z2 / tries)
    half = Z / (1 + z2 / tries) * math.sqrt(share * (1 - share) / tries + z2 / (4 * tries * tries))
    return middle - half, middle + half


def _short(value: float) -> float:
    return float(f"{value:.3g}")
