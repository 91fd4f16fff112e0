"""The auditor's own geometry: local metres, and how deep a place lies in a shape. Plain numpy, shared with nobody.

Edges are straight in longitude and latitude, as the rules have it; a frame's metres are linear in both, so they stay
straight in it. A frame is centred on its shape: within the shape its distances are right to a few centimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.records import Circle, Corridor, Polygons, Ring, Shape

Floats: TypeAlias = NDArray[np.float64]

_A = 6_378_137.0
_E2 = 6.694379990141316e-3
SIGMA_OF_ACC = 1 / 2.4477
"""The standard deviation of each axis, in parts of the 95 % radius of a round normal error."""
_MOST_CELLS = 2_000_000
"""Points times edges taken at once: keeps an array under 16 MB."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Metres east and north of a place on the WGS 84 ellipsoid."""

    lon: float
    lat: float

    @property
    def scale(self) -> tuple[float, float]:
        """Metres a degree of longitude and of latitude."""
        phi = math.radians(self.lat)
        w = math.sqrt(1 - _E2 * math.sin(phi) ** 2)
        degree = math.pi / 180
        return degree * _A / w * math.cos(phi), degree * _A * (1 - _E2) / w**3

    def to_xy(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        kx, ky = self.scale
        return (lon - self.lon) * kx, (lat - self.lat) * ky

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        kx, ky = self.scale
        return self.lon + x / kx, self.lat + y / ky


class Outline:
    """A shape of the caseload, asked how deep a place lies in it.

    Attributes
    ----------
    frame : the frame of its middle.
    reach_m : no part of it lies further from the middle.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        lon, lat = _middle(shape)
        self.frame = Frame(lon, lat)
        self._rings: list[list[Floats]] = []
        self._line: Floats | None = None
        if isinstance(shape, Polygons):
            self._rings = [[self._local(ring) for ring in polygon] for polygon in shape.polygons]
            self.reach_m = max(float(np.hypot(*ring.T).max()) for rings in self._rings for ring in rings)
        elif isinstance(shape, Corridor):
            self._line = self._local(shape.line)
            self.reach_m = float(np.hypot(*self._line.T).max()) + shape.width_m / 2
        else:
            self.reach_m = shape.radius_m

    def _local(self, ring: Ring) -> Floats:
        points = np.array(ring, np.float64)
        return np.stack(self.frame.to_xy(points[:, 0], points[:, 1]), axis=1)

    def depth(self, lon: Floats, lat: Floats) -> Floats:
        """Signed metres from each place to the edge, positive inside.

        ``lon``, ``lat`` are (n,) degrees; the result is (n,).
        """
        x, y = self.frame.to_xy(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
        if isinstance(self.shape, Circle):
            return self.shape.radius_m - np.hypot(x, y)
        if self._line is not None and isinstance(self.shape, Corridor):
            return self.shape.width_m / 2 - np.sqrt(_squared_to_line(x, y, self._line))
        inside = np.zeros(len(x), bool)
        nearest = np.full(len(x), np.inf)
        for rings in self._rings:
            odd = np.zeros(len(x), bool)
            for ring in rings:
                odd ^= _crossings_odd(x, y, ring)
                nearest = np.minimum(nearest, _squared_to_line(x, y, ring))
            inside |= odd
        distance: Floats = np.where(inside, 1.0, -1.0) * np.sqrt(nearest)
        return distance


def _middle(shape: Shape) -> tuple[float, float]:
    if isinstance(shape, Circle):
        return shape.lon, shape.lat
    rings = shape.polygons if isinstance(shape, Polygons) else ((shape.line,),)
    points = np.array([p for polygon in rings for ring in polygon for p in ring], np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    return float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2)


def _blocks(points: int, edges: int) -> list[slice]:
    size = max(1, _MOST_CELLS // max(edges, 1))
    return [slice(a, a + size) for a in range(0, points, size)]


def _squared_to_line(x: Floats, y: Floats, line: Floats) -> Floats:
    """Squared metres from each point to the nearest point of a line of straight pieces."""
    ax, ay = line[:-1, 0], line[:-1, 1]
    dx, dy = np.diff(line[:, 0]), np.diff(line[:, 1])
    length2 = np.maximum(dx * dx + dy * dy, 1e-12)
    out = np.empty(len(x))
    for block in _blocks(len(x), len(ax)):
        px, py = x[block, None] - ax, y[block, None] - ay
        along = np.clip((px * dx + py * dy) / length2, 0.0, 1.0)
        out[block] = ((px - along * dx) ** 2 + (py - along * dy) ** 2).min(axis=1)
    return out


def _crossings_odd(x: Floats, y: Floats, ring: Floats) -> NDArray[np.bool_]:
    """Whether a ray from each point crosses the ring an odd number of times."""
    ax, ay, bx, by = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
    rise = np.where(by == ay, 1.0, by - ay)
    out = np.empty(len(x), bool)
    for block in _blocks(len(x), len(ax)):
        py = y[block, None]
        spans = (ay > py) != (by > py)
        left_of = x[block, None] < (bx - ax) * (py - ay) / rise + ax
        out[block] = np.count_nonzero(spans & left_of, axis=1) % 2 == 1
    return out
