"""Holes: what devices counted and we never received (wire.md, failure 16).

A hole is data not yet received. It is never filled by anybody's guess; how much is missing is measured, and shown. What an
adapter speaks for counts nothing, so nothing of it can be missing (docs/adapters.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.adapted import is_adapted
from domain.facts import Roster

MEASURE_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Completeness:
    """Of all devices, or of one: how many items were received, of how many that must have been counted."""

    received: int = 0
    counted: int = 0
    devices_with_holes: int = 0

    @property
    def missing(self) -> int:
        return self.counted - self.received

    @property
    def ratio(self) -> float:
        """1 when nothing is missing."""
        return self.received / self.counted if self.counted else 1.0


def counted_alone(ranges: NDArray[Any], roster: Roster) -> NDArray[Any]:
    """The ranges of devices that number what they send."""
    adapted = [index for index, device in enumerate(roster.ids) if is_adapted(device)]
    return ranges[~np.isin(ranges[:, 0], adapted)] if adapted else ranges


def measure(ranges: NDArray[Any]) -> Completeness:
    """Received over highest - lowest + 1, summed over each device and ``gen``.

    Parameters
    ----------
    ranges : (ranges, 4) int64 of device, gen, low, high; both ends inclusive, none overlapping.
    """
    if not len(ranges):
        return Completeness()
    ranges = ranges[np.lexsort((ranges[:, 2], ranges[:, 1], ranges[:, 0]))]
    device, gen, low, high = ranges.T
    first = np.flatnonzero(np.append(True, (np.diff(device) != 0) | (np.diff(gen) != 0)))
    received = np.add.reduceat(high - low + 1, first)
    counted = np.maximum.reduceat(high, first) - low[first] + 1
    holed = np.unique(device[first[received < counted]])
    return Completeness(int(received.sum()), int(counted.sum()), len(holed))
