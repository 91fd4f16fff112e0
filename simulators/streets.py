"""Walks: how a person gets from one place to another, as knots of time and place with straight pieces between.

Places are metres in the frame of the person's home; times are seconds since the run began.
"""

from __future__ import annotations

import math
from random import Random

import numpy as np

from simulators.ground import Floats

WALKING_M_S = (1.1, 1.6)
DRIVING_M_S = (8.0, 14.0)
BLOCK_M = (50.0, 140.0)
WALKABLE_M = 500.0
"""Further than this people drive."""

Place = tuple[float, float]


class Path:
    """A walk that is being drawn. ``bearing`` is the direction of the streets around the home."""

    def __init__(self, now: float, at: Place, rng: Random) -> None:
        self.rng = rng
        self.bearing = rng.uniform(0, math.pi / 2)
        self.t = [now]
        self.x = [at[0]]
        self.y = [at[1]]

    @property
    def now(self) -> float:
        return self.t[-1]

    @property
    def at(self) -> Place:
        return self.x[-1], self.y[-1]

    def stay(self, until: float) -> None:
        if until > self.now:
            self._knot(until, self.at)

    def straight(self, to: Place, speed: float) -> None:
        """Goes straight there, in metres a second."""
        away = math.dist(self.at, to)
        if away > 0.01:
            self._knot(self.now + away / speed, to)

    def streets(self, to: Place, speed: float) -> None:
        """Goes there along streets that meet at right angles, a block or two at a time."""
        cos, sin = math.cos(self.bearing), math.sin(self.bearing)
        east, north = to[0] - self.at[0], to[1] - self.at[1]
        along, across = east * cos + north * sin, north * cos - east * sin
        x, y = self.at
        while abs(along) + abs(across) > 1.0:
            block = self.rng.uniform(*BLOCK_M)
            if self.rng.random() * (abs(along) + abs(across)) < abs(along):
                step = math.copysign(min(block, abs(along)), along)
                along, x, y = along - step, x + step * cos, y + step * sin
            else:
                step = math.copysign(min(block, abs(across)), across)
                across, x, y = across - step, x - step * sin, y + step * cos
            self.straight((x, y), speed)
        self.straight(to, speed)

    def travel(self, to: Place) -> None:
        """Walks there when it is near, else drives."""
        if math.dist(self.at, to) <= WALKABLE_M:
            self.streets(to, self.rng.uniform(*WALKING_M_S))
        else:
            self.straight(to, self.rng.uniform(*DRIVING_M_S))

    def _knot(self, t: float, at: Place) -> None:
        self.t.append(t)
        self.x.append(at[0])
        self.y.append(at[1])

    def knots(self) -> tuple[Floats, Floats, Floats]:
        """Times, seconds since the run began, never going back, and metres east and north of home; (k,) each."""
        return np.array(self.t), np.array(self.x), np.array(self.y)


def walking_time(a: Place, b: Place) -> float:
    """Seconds in which anybody has walked from one place to the other, along streets."""
    return math.dist(a, b) * math.sqrt(2) / WALKING_M_S[0]
