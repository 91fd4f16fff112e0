"""Ways through a town: the streets of `simulators.town_streets` as what people walk and drive by.

A town's streets run in two directions, bent alike; where one was left out of the map people take a path. A way goes from a door to
the next street, along it to the crossing, along the other street, and to the other door.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from simulators.ground import Frame
from simulators.outlines import METRES_PER_DEGREE
from simulators.places import TOWNS, Town
from simulators.streets import Place
from simulators.town_streets import REACH_M, Plan

BEND_AT: Final = 3
"""A street is straight from one crossing to the third, as it is on the map (`town_streets.STEP_M`)."""
IN_TOWN_M: Final = 1.5 * REACH_M
"""Whoever lives farther from every town's middle has a village of their own about them."""


class Network:
    """A town's streets, asked for ways; places are metres east and north of its middle."""

    def __init__(self, town: Town, seed: int) -> None:
        self._plan = Plan(town, seed)
        self._across, self._along = self._plan.lattice()
        self.town = town

    def ways(self, a: Place, b: Place) -> list[list[Place]]:
        """Two ways from one place to another, by the one street first and by the other; both begin at ``a`` and end at ``b``."""
        here, there = self._plan.unbent(a), self._plan.unbent(b)
        return [[a, *self._by(here, there, first), b] for first in (0, 1)]

    def _by(self, here: Place, there: Place, first: int) -> list[Place]:
        """In straight streets: out to the street of direction ``first``, to the crossing, to the street's end near the door."""
        lines = (self._across, self._along)
        own = _nearest(lines[first], here[first])
        other = _nearest(lines[1 - first], there[1 - first])
        out = [_placed(first, own, here[1 - first])]
        out += [_placed(first, own, at) for at in _between(lines[1 - first], here[1 - first], other)]
        out.append(_placed(first, own, other))
        out += [_placed(first, at, other) for at in _between(lines[first], own, there[first])]
        out.append(_placed(first, there[first], other))
        return [self._plan.bent(place) for place in out]


def _placed(first: int, value: float, rest: float) -> Place:
    return (value, rest) if first == 0 else (rest, value)


def _nearest(lines: Sequence[float], at: float) -> float:
    n = bisect_left(lines, at)
    return min(lines[max(0, n - 1) : n + 1], key=lambda line: abs(line - at))


def _between(lines: list[float], a: float, b: float) -> list[float]:
    """Crossings on the way, in its direction, close enough together for its bends."""
    low, high = min(a, b), max(a, b)
    found = lines[bisect_right(lines, low) : bisect_left(lines, high)][1::BEND_AT]
    return found if a <= b else found[::-1]


@lru_cache(maxsize=256)
def _network(town: Town, seed: int) -> Network:
    return Network(town, seed)


class Streets:
    """The network about somebody's home; places are metres east and north of it."""

    def __init__(self, home: Frame, seed: int) -> None:
        town = min(TOWNS, key=lambda one: _apart_m(home, one))
        if _apart_m(home, town) > IN_TOWN_M:
            town = Town("Village", round(home.lat, 2), round(home.lon, 2), 1, "", "")
        self._network = _network(town, seed)
        middle_x, middle_y = METRES_PER_DEGREE * math.cos(math.radians(town.lat)), METRES_PER_DEGREE
        kx, ky = home.scale
        self._scale = kx / middle_x, ky / middle_y
        self._shift = (home.lon - town.lon) * middle_x, (home.lat - town.lat) * middle_y

    @property
    def middle(self) -> Place:
        """The town's."""
        return self._home((0.0, 0.0))

    def ways(self, a: Place, b: Place) -> list[list[Place]]:
        """`Network.ways`."""
        return [[self._home(place) for place in way] for way in self._network.ways(self._town(a), self._town(b))]

    def _town(self, place: Place) -> Place:
        return place[0] / self._scale[0] + self._shift[0], place[1] / self._scale[1] + self._shift[1]

    def _home(self, place: Place) -> Place:
        return (place[0] - self._shift[0]) * self._scale[0], (place[1] - self._shift[1]) * self._scale[1]


def _apart_m(home: Frame, town: Town) -> float:
    north = (home.lat - town.lat) * METRES_PER_DEGREE
    east = (home.lon - town.lon) * METRES_PER_DEGREE * math.cos(math.radians(town.lat))
    return math.hypot(east, north)
