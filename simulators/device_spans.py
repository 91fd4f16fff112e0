"""What holds for a while for each of many devices: where it is silent, how often it records, what sky it has."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from simulators.ground import Floats
from simulators.scenes import Life, Sky
from simulators.speakers import MS, Speaker

NEVER_US: Final = 1 << 62

Index = NDArray[np.intp]
Ints = NDArray[np.int64]


class Spans:
    """Spans of each device, walked along as time goes on: is the device in one now, and what does it say (``flag``)?"""

    def __init__(self, spans: list[list[tuple[int, int, float]]]) -> None:
        self._left = [list(reversed(s)) for s in spans]
        size = len(spans)
        self.begin: Ints = np.full(size, NEVER_US, np.int64)
        self.end: Ints = np.full(size, NEVER_US, np.int64)
        self.flag = np.zeros(size)
        for device in range(size):
            self._next(device)

    def _next(self, device: int) -> None:
        left = self._left[device]
        begin, end, flag = left.pop() if left else (NEVER_US, NEVER_US, 0.0)
        self.begin[device], self.end[device], self.flag[device] = begin, end, flag

    def holds(self, who: Index, t_us: Ints) -> NDArray[np.bool_]:
        """Whether each is in a span at its instant; instants of a device do not go back."""
        for n in np.flatnonzero(self.end[who] <= t_us):
            while self.end[who[n]] <= t_us[n]:
                self._next(int(who[n]))
        return self.begin[who] <= t_us


def us_of(seconds: float) -> int:
    """Whole milliseconds, in microseconds; of infinity `NEVER_US`."""
    return NEVER_US if math.isinf(seconds) else round(seconds * 1000) * MS


def silences_of(life: Life) -> list[tuple[int, int, float]]:
    """When nothing gets through; the flag is whether it is kept."""
    return [(us_of(s.span[0]), us_of(s.span[1]), float(s.keeps)) for s in life.silences]


def paces_of(speaker: Speaker, life: Life) -> list[tuple[int, int, float]]:
    """When a device records how often, microseconds; only what tells a place of its own."""
    if not speaker.locates:
        return []
    return [(us_of(a), us_of(b), each_s * SECOND_US) for (a, b), each_s in life.paces]


def numbered_skies(lives: list[Life], people: Ints) -> list[list[tuple[int, int, float]]]:
    """Spans of each device's skies, with their numbers among all, from 1."""
    first = np.concatenate([[1], 1 + np.cumsum([len(life.skies) for life in lives])]).tolist()
    return [
        [
            (us_of(sky.span[0]), us_of(sky.span[1]), float(number))
            for number, sky in enumerate(lives[p].skies, start=first[p])
        ]
        for p in people.tolist()
    ]


def sky_columns(skies: list[Sky]) -> tuple[Floats, Floats, Floats]:
    """``stated``, ``error`` and ``stated_m`` (0: none) by number; 0 is the usual sky."""
    rows = [(1.0, 1.0, 0.0), *((sky.stated, sky.error, sky.stated_m or 0.0) for sky in skies)]
    stated, error, fixed_m = np.array(rows).T
    return stated, error, fixed_m
