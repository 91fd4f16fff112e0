"""Distances on the WGS 84 ellipsoid, and signed distances to a zone's edge (rules.md 3). Scalar and slow."""

from __future__ import annotations

import itertools
import math
from importlib import import_module
from typing import Any

WGS84: Any = import_module("geographiclib.geodesic").Geodesic.WGS84  # ships no types
FLATTENING = 1 / 298.257223563
EQUATOR_M = 6378137.0
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
NEAR_M = 100_000.0
"""Up to here the middle-latitude formula is right to far better than 0.1 %."""
METRES_PER_DEGREE = 111_320.0

Point = tuple[float, float]  # lon, lat in degrees
Shape = dict[str, Any]  # as in the caseload file


def radii(lat: float) -> tuple[float, float]:
    """Metres a degree of longitude and of latitude at a latitude."""
    sin2 = math.sin(math.radians(lat)) ** 2
    w2 = 1 - ECCENTRICITY_2 * sin2
    across = EQUATOR_M / math.sqrt(w2) * math.cos(math.radians(lat))
    along = EQUATOR_M * (1 - ECCENTRICITY_2) / w2**1.5
    return math.radians(across), math.radians(along)


def distance_m(a: Point, b: Point) -> float:
    """Metres between two points."""
    per_lon, per_lat = radii((a[1] + b[1]) / 2)
    flat = math.hypot((a[0] - b[0]) * per_lon, (a[1] - b[1]) * per_lat)
    if flat < NEAR_M:
        return flat
    return float(WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"])


def nearest_on_segment(p: Point, a: Point, b: Point) -> Point:
    """The point of an edge, straight in degrees, that is nearest to ``p``."""
    found = a
    lat = p[1]
    for _ in range(3):  # the scale is taken half way to where it is nearest
        per_lon, per_lat = radii((lat + p[1]) / 2)
        ax, ay = (a[0] - p[0]) * per_lon, (a[1] - p[1]) * per_lat
        dx, dy = (b[0] - a[0]) * per_lon, (b[1] - a[1]) * per_lat
        length2 = dx * dx + dy * dy
        along = 0.0 if length2 == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length2))
        found = (a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along)
        lat = found[1]
    return found


def to_segment_m(p: Point, a: Point, b: Point) -> float:
    return distance_m(p, nearest_on_segment(p, a, b))


def rings(shape: Shape) -> list[list[Point]]:
    """Every ring of a Polygon or MultiPolygon."""
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [[(q[0], q[1]) for q in ring] for polygon in polygons for ring in polygon]


def covers(shape: Shape, p: Point) -> bool:
    """Even-odd over all rings: polygons of a MultiPolygon do not overlap, holes lie in theirs."""
    inside = False
    for ring in rings(shape):
        for (ax, ay), (bx, by) in itertools.pairwise(ring):
            if (ay > p[1]) != (by > p[1]) and p[0] < (bx - ax) * (p[1] - ay) / (by - ay) + ax:
                inside = not inside
    return inside


def depth_m(shape: Shape, p: Point) -> float:
    """``d``: metres to the zone's edge, positive inside, rounded half to even to 0.001."""
    return round(_depth_m(shape, p), 3)


def _depth_m(shape: Shape, p: Point) -> float:
    if shape["type"] == "Circle":
        return float(shape["radius_m"]) - distance_m(p, (shape["center"][0], shape["center"][1]))
    if shape["type"] == "Corridor":
        line = [(q[0], q[1]) for q in shape["coordinates"]]
        return float(shape["width_m"]) / 2 - min(to_segment_m(p, a, b) for a, b in itertools.pairwise(line))
    edge = min(to_segment_m(p, a, b) for ring in rings(shape) for a, b in itertools.pairwise(ring))
    return edge if covers(shape, p) else -edge


def crosses(shape: Shape, a: Point, b: Point) -> bool:
    """Whether the straight line between two points outside passes through the zone's interior."""
    if shape["type"] == "Circle":
        return to_segment_m((shape["center"][0], shape["center"][1]), a, b) < float(shape["radius_m"])
    if shape["type"] == "Corridor":
        line = [(q[0], q[1]) for q in shape["coordinates"]]
        half = float(shape["width_m"]) / 2
        return any(_between_segments_m(a, b, c, d) < half for c, d in itertools.pairwise(line))
    return _crosses_rings(shape, a, b)


def _crosses_rings(shape: Shape, a: Point, b: Point) -> bool:
    """Cut the line at every edge it meets; it passes through when the middle of a piece is inside."""
    cuts = [0.0, 1.0]
    for ring in rings(shape):
        for c, d in itertools.pairwise(ring):
            at = _meeting(a, b, c, d)
            if at is not None:
                cuts.append(at)
    cuts.sort()
    for low, high in itertools.pairwise(cuts):
        middle = (low + high) / 2
        if high > low and covers(shape, (a[0] + (b[0] - a[0]) * middle, a[1] + (b[1] - a[1]) * middle)):
            return True
    return False


def _meeting(a: Point, b: Point, c: Point, d: Point) -> float | None:
    """How far along a-b it meets c-d, 0 to 1; None when it does not."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = rx * sy - ry * sx
    if cross == 0:
        return None
    t = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / cross
    u = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / cross
    return t if 0 <= t <= 1 and 0 <= u <= 1 else None


def _between_segments_m(a: Point, b: Point, c: Point, d: Point) -> float:
    if _meeting(a, b, c, d) is not None:
        return 0.0
    return min(to_segment_m(a, c, d), to_segment_m(b, c, d), to_segment_m(c, a, b), to_segment_m(d, a, b))


SIGMAS_95 = 2.4477
SURE = 3.090232
LIKELY = 1.644854
LEAST_ACC_M = 5.0


def sigma_m(acc: float) -> float:
    return max(acc, LEAST_ACC_M) / SIGMAS_95


def score(d: float, acc: float) -> float:
    """``p_inside``: the standard normal distribution at ``d / sigma``."""
    return 0.5 * math.erfc(-d / sigma_m(acc) / math.sqrt(2))
