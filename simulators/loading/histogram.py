"""Times in a histogram of fixed size: quantiles to one per cent, whatever the number of values."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PRECISION: Final = 0.01
"""A quantile is off by at most this part of itself, between the least and the most that can be told apart."""
LEAST_S: Final = 1e-6
MOST_S: Final = 100_000.0
GROWTH: Final = math.log1p(PRECISION)
CELLS: Final = math.ceil(math.log(MOST_S / LEAST_S) / GROWTH) + 1
HELD: Final = 4096
"""Values that wait to be counted together."""
MARKS: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


class Histogram:
    """Seconds, counted in cells each one per cent wider than the one before. What is under a microsecond counts as one."""

    __slots__ = ("_cells", "_held", "_least_s", "_most_s", "_sum_s")

    def __init__(self) -> None:
        self._cells: NDArray[np.int64] = np.zeros(CELLS, np.int64)
        self._held: list[float] = []
        self._sum_s = 0.0
        self._least_s, self._most_s = math.inf, 0.0

    def add(self, seconds: float) -> None:
        """One value."""
        self._held.append(seconds)
        if len(self._held) >= HELD:
            self._count_held()

    def take(self, other: Histogram) -> None:
        """Everything that another one counted."""
        other._count_held()
        self._cells += other._cells
        self._sum_s += other._sum_s
        self._least_s = min(self._least_s, other._least_s)
        self._most_s = max(self._most_s, other._most_s)

    def __len__(self) -> int:
        return int(self._cells.sum()) + len(self._held)

    def quantile(self, q: float) -> float:
        """The value that ``q`` of all are at or below (`inverted_cdf` of numpy), seconds, to one per cent. Raises `ValueError` when empty."""
        self._count_held()
        size = int(self._cells.sum())
        if not size:
            raise ValueError("a quantile of nothing")
        rank = max(1, math.ceil(q * size))
        if rank == size:
            return self._most_s
        cell = int(np.searchsorted(np.cumsum(self._cells), rank))
        middle = LEAST_S * math.exp((cell + 0.5) * GROWTH)
        return min(max(middle, self._least_s), self._most_s)

    def as_json(self) -> dict[str, Any] | None:
        """How many, the mean, quantiles and the most, seconds; None when empty."""
        size = len(self)
        if not size:
            return None
        self._count_held()
        told = {"count": size, "mean": self._sum_s / size, **{name: self.quantile(q) for name, q in MARKS.items()}}
        return {name: round(value, 6) for name, value in {**told, "max": self._most_s}.items()}

    def _count_held(self) -> None:
        if not self._held:
            return
        values = np.clip(np.array(self._held), LEAST_S, MOST_S)
        self._held.clear()
        cells = np.floor(np.log(values / LEAST_S) / GROWTH).astype(np.int64)
        self._cells += np.bincount(np.clip(cells, 0, CELLS - 1), minlength=CELLS)
        self._sum_s += float(values.sum())
        self._least_s = min(self._least_s, float(values.min()))
        self._most_s = max(self._most_s, float(values.max()))
