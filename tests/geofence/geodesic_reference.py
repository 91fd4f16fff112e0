"""Signed distances to the edge of a shape from geodesics alone: the slow reference of `tests/geofence/test_distances.py`.

An edge is straight in longitude and latitude (RFC 7946), so the distance to it is the least geodesic (Karney's, in
geographiclib) to the points of that straight line: sampled densely, then narrowed about the least sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import shapely
from geographiclib.geodesic import Geodesic

from domain.records import Circle, Corridor, LonLat, Polygons, Shape

WGS84 = Geodesic.WGS84
SAMPLES = 32
GOLDEN = 0.6180339887498949
NARROW = 32
"""Golden sections: a sixteenth of an edge of 60 km comes down to a millimetre."""


def geodesic_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    return float(WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE)["s12"])


def moved(lon: float, lat: float, bearing: float, metres: float) -> LonLat:
    """Where a geodesic of some length leads."""
    there = WGS84.Direct(lat, lon, bearing, metres)
    return float(there["lon2"]), float(there["lat2"])


class Edge:
    """One edge, and how far a position is from its points; ``u`` goes from 0 to 1 along it."""

    def __init__(self, a: LonLat, b: LonLat, lon: float, lat: float) -> None:
        self.a, self.b, self.lon, self.lat = a, b, lon, lat
        self.at = [self.metres(k / SAMPLES) for k in range(SAMPLES + 1)]
        self.least = min(self.at)
        self.step = geodesic_m(a[1], a[0], b[1], b[0]) / SAMPLES

    def metres(self, u: float) -> float:
        (lon1, lat1), (lon2, lat2) = self.a, self.b
        return geodesic_m(self.lat, self.lon, lat1 + u * (lat2 - lat1), lon1 + u * (lon2 - lon1))

    def narrowed(self) -> float:
        """The least distance, about the least sample."""
        k = self.at.index(self.least)
        low, high = max(0, k - 1) / SAMPLES, min(SAMPLES, k + 1) / SAMPLES
        for _ in range(NARROW):
            third = GOLDEN * (high - low)
            if self.metres(high - third) < self.metres(low + third):
                high = low + third
            else:
                low = high - third
        return min(self.least, self.metres(0.5 * (low + high)))


def lines_of(shape: Shape) -> Iterator[tuple[LonLat, LonLat]]:
    """The edges of a polygon's rings or of a corridor's line."""
    assert not isinstance(shape, Circle)
    lines = [shape.line] if isinstance(shape, Corridor) else [ring for rings in shape.polygons for ring in rings]
    for line in lines:
        yield from itertools.pairwise(line)


def nearest_m(shape: Shape, lon: float, lat: float) -> float:
    """Least distance to a polygon's rings or to a corridor's line; edges that cannot be the nearest are not narrowed."""
    edges = [Edge(a, b, lon, lat) for a, b in lines_of(shape)]
    best = min(edge.least for edge in edges)
    return min(edge.narrowed() for edge in edges if edge.least - edge.step <= best)


def reference_m(shape: Shape, lon: float, lat: float) -> float:
    """Signed distance, positive inside."""
    if isinstance(shape, Circle):
        return shape.radius_m - geodesic_m(lat, lon, shape.lat, shape.lon)
    nearest = nearest_m(shape, lon, lat)
    if isinstance(shape, Corridor):
        return shape.width_m / 2.0 - nearest
    return nearest if _area(shape).covers(shapely.Point(lon, lat)) else -nearest


def _area(shape: Polygons) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.Polygon(rings[0], rings[1:]) for rings in shape.polygons])
