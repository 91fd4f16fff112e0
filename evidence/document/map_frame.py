"""What a map shows and at which scale: all of its points with their circles, as much of the zone as leaves them to be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

WIDTH_MM: Final = 174.0
HEIGHT_MM: Final = 82.0
MARGIN_MM: Final = 7.0
"""Around what must be in, for numbers and the frame's own signs."""
SCALES: Final = (
    500,
    1_000,
    1_250,
    2_000,
    2_500,
    5_000,
    10_000,
    12_500,
    20_000,
    25_000,
    50_000,
    100_000,
    200_000,
    250_000,
    500_000,
)
ZONE_WIDENS: Final = 5
"""The whole zone is shown while that makes the scale at most so many times smaller; else the nearest of its edge."""
NO_CLOSER: Final = 2_500
"""A scale from which on that is reckoned: points on one spot need no larger map, and the edge matters more."""
PLACE_WIDENS: Final = 25
"""Of a curfew's place: one wants to see how far from home."""
BAR_MM: Final = 42.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """A map's piece of ground: the middle in metres of its sheet, and the scale 1 : ``scale``."""

    east_m: float
    north_m: float
    scale: int

    def x(self, east_m: float) -> float:
        """Millimetres from the left of the frame."""
        return WIDTH_MM / 2 + (east_m - self.east_m) * 1_000 / self.scale

    def y(self, north_m: float) -> float:
        """Millimetres from its top."""
        return HEIGHT_MM / 2 - (north_m - self.north_m) * 1_000 / self.scale

    def ground(self) -> Box:
        """West, south, east, north in metres of what the frame shows."""
        half_x, half_y = WIDTH_MM / 2_000 * self.scale, HEIGHT_MM / 2_000 * self.scale
        return self.east_m - half_x, self.north_m - half_y, self.east_m + half_x, self.north_m + half_y


def frame_around(box: Box) -> Frame:
    """The largest scale at which the box (metres) fits."""
    west, south, east, north = box
    needed = max(
        (east - west) * 1_000 / (WIDTH_MM - 2 * MARGIN_MM), (north - south) * 1_000 / (HEIGHT_MM - 2 * MARGIN_MM)
    )
    return Frame((west + east) / 2, (south + north) / 2, _scale_for(needed))


def frame_for(points: Box, shape: BaseGeometry | None, *, place: bool) -> Frame:
    """The frame for points and, if it leaves them to be told apart, the zone or place that they are measured to."""
    close = frame_around(points)
    if shape is None:
        return close
    both, least = frame_around(_union(points, shape.bounds)), max(close.scale, NO_CLOSER)
    if both.scale <= least * (PLACE_WIDENS if place else ZONE_WIDENS):
        return both
    if place:
        return close
    middle = shapely.Point((points[0] + points[2]) / 2, (points[1] + points[3]) / 2)
    edge = shapely.shortest_line(middle, shape.boundary)
    edged = frame_around(_union(points, edge.bounds))
    return edged if edged.scale <= least * ZONE_WIDENS else close


def bar_m(scale: int) -> float:
    """Metres of a scale bar: 1, 2 or 5 times a power of ten, at most `BAR_MM` long."""
    most = BAR_MM / 1_000 * scale
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * step for step in (5, 2, 1) if power * step <= most)


def _scale_for(needed: float) -> int:
    for power in range(8):
        for scale in SCALES:
            if scale * 10**power >= needed and (power == 0 or scale > SCALES[-1] // 10):
                return scale * int(10**power)
    raise ValueError(f"no map shows 1 : {needed:.0f}")


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
