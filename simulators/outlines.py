"""Shapes of zones, made up: polygons that look like a block of streets, circles, corridors along a road.

All of them are made in metres around a middle and given back as the caseload file wants them (contract.md).
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

METRES_PER_DEGREE = 111_195.0
"""Good to half a percent, which is enough for making places up."""
COORDINATE_DIGITS = 7
MOST_VERTICES = 60
FEWEST_VERTICES = 8

Shape = dict[str, Any]


def offset(lon: float, lat: float, east_m: float, north_m: float) -> list[float]:
    """The place that lies so far from another, as ``[lon, lat]``, rounded as a file holds it."""
    return [
        round(lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))), COORDINATE_DIGITS),
        round(lat + north_m / METRES_PER_DEGREE, COORDINATE_DIGITS),
    ]


def ring(rng: Random, lon: float, lat: float, reach_m: float, vertices: int) -> list[list[float]]:
    """A closed ring around a middle: seen from it every vertex is in sight, so the ring cannot cross itself.

    No vertex lies further out than ``reach_m`` nor nearer than half of it.
    """
    waves = [(rng.uniform(0, 0.2 / k), rng.uniform(0, 2 * math.pi), k) for k in (1, 2, 3, 5)]
    step = 2 * math.pi / vertices
    points = []
    for n in range(vertices):
        angle = n * step + rng.uniform(-0.3, 0.3) * step
        wave = math.fsum(size * math.sin(k * angle + phase) for size, phase, k in waves)
        radius = reach_m * min(1.0, max(0.5, 0.78 + wave))
        points.append(offset(lon, lat, radius * math.cos(angle), radius * math.sin(angle)))
    return [*points, points[0]]


def polygon(rng: Random, lon: float, lat: float, reach_m: float) -> Shape:
    """A Polygon of 8 to 60 vertices, one in ten with a hole (a school inside a town that may be gone to)."""
    rings = [ring(rng, lon, lat, reach_m, rng.randint(FEWEST_VERTICES, MOST_VERTICES))]
    if rng.random() < 0.1:
        rings.append(ring(rng, lon, lat, reach_m * 0.2, FEWEST_VERTICES))
    return {"type": "Polygon", "coordinates": rings}


def circle(rng: Random, lon: float, lat: float, reach_m: float) -> Shape:
    return {"type": "Circle", "center": offset(lon, lat, 0, 0), "radius_m": round(reach_m * rng.uniform(0.6, 1.0), 1)}


def corridor(rng: Random, lon: float, lat: float, reach_m: float) -> Shape:
    """A road that bends gently: no point of it lies further from the middle than ``reach_m``."""
    width_m = round(rng.uniform(0.15, 0.35) * reach_m + 30, 1)
    half = reach_m - width_m / 2
    heading = rng.uniform(0, 2 * math.pi)
    along, across = (math.cos(heading), math.sin(heading)), (-math.sin(heading), math.cos(heading))
    line = []
    for part in (-1.0, -0.4, 0.3, 1.0):
        bend = rng.uniform(-0.1, 0.1) * half * (1 - abs(part))
        line.append(
            offset(lon, lat, part * half * along[0] + bend * across[0], part * half * along[1] + bend * across[1])
        )
    return {"type": "Corridor", "coordinates": line, "width_m": width_m}


def zone(rng: Random, lon: float, lat: float, reach_m: float) -> Shape:
    """Any of the shapes, mostly polygons, no part of it further from its middle than ``reach_m``."""
    return rng.choices((polygon, circle, corridor), (70, 20, 10))[0](rng, lon, lat, reach_m)


def around(rng: Random, lon: float, lat: float, reach_m: float) -> Shape:
    """A place to stay in: a circle or polygon around a home, at least two fifths of ``reach_m`` to every side."""
    if rng.random() < 0.5:
        return {"type": "Circle", "center": offset(lon, lat, 0, 0), "radius_m": round(reach_m, 1)}
    outer = ring(rng, lon, lat, reach_m, rng.randint(FEWEST_VERTICES, MOST_VERTICES))
    if rng.random() < 0.6:
        return {"type": "Polygon", "coordinates": [outer]}
    heading = rng.uniform(0, 2 * math.pi)
    far = offset(lon, lat, 3 * reach_m * math.cos(heading), 3 * reach_m * math.sin(heading))
    elsewhere = ring(rng, far[0], far[1], reach_m * 0.6, FEWEST_VERTICES)
    return {"type": "MultiPolygon", "coordinates": [[outer], [elsewhere]]}
