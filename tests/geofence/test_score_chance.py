"""The engine's position score against true places drawn by chance (rules.md 3), and its error in circles."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from domain.records import Circle, Polygons, Shape
from geofence.fold_leaves import score_of
from geofence.geodesy import metres_per_degree
from geofence.shapes import signed_distance_m, table_of
from geofence.verdicts import ACC_FLOOR_M, SIGMA_PER_ACC
from tests.geofence.score_table import DRAWS, RADII_IN_SIGMA, SEED, chance_in_circle, errors, too_high

LAT, LON = 51.5, -1.25
EAST, NORTH = metres_per_degree(LAT)
FAR_M = 20_000.0
STANDARD_ERRORS = 4.5
"""Of 100 comparisons one in a thousand runs would be farther off; the seed is fixed."""
Floats = NDArray[np.float64]


def degrees(east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    return LON + east_m / EAST, LAT + north_m / NORTH


def half_plane(bearing: float) -> Polygons:
    """A square of 40 km whose one edge runs through the middle; its inside is towards ``bearing`` (radians, from north)."""
    x, y = math.sin(bearing), math.cos(bearing)
    corners = np.array([(-y, x), (y, -x), (y + 2 * x, -x + 2 * y), (-y + 2 * x, x + 2 * y)]) * FAR_M
    lon, lat = degrees(corners[:, 0], corners[:, 1])
    ring = tuple(zip(lon.tolist(), lat.tolist(), strict=True))
    return Polygons((((*ring, ring[0]),),))


def said(shape: Shape, east_m: float, north_m: float, acc: float) -> float:
    """The score that the engine gives a fix."""
    table = table_of([shape])
    lon, lat = degrees(np.array(east_m), np.array(north_m))
    metres = signed_distance_m(table.shapes[0], table.lon, table.lat, table.pen_up, float(lat), float(lon))
    return float(score_of(metres, acc))


def within_sampling_error(score: float, share: float) -> bool:
    return abs(score - share) <= STANDARD_ERRORS * math.sqrt(max(score * (1.0 - score), 1e-6) / DRAWS)


@pytest.mark.slow
@pytest.mark.parametrize("acc", [3.0, 12.0, 45.0, 200.0])
@pytest.mark.parametrize("bearing", [0.0, 0.6, 2.2, 4.0])
def test_by_a_straight_edge_it_is_the_chance(bearing: float, acc: float) -> None:
    """Errors as the device states them: round, normal, 95 % within ``acc`` (at least 5 m)."""
    zone = half_plane(bearing)
    area = shapely.Polygon(zone.polygons[0][0])
    shapely.prepare(area)
    sigma = max(acc, ACC_FLOOR_M) / SIGMA_PER_ACC
    east, north = errors()
    assert within_sampling_error(0.95, float((np.hypot(east, north) <= SIGMA_PER_ACC).mean()))
    for depth in (-3.090232, -1.644854, -0.4, 0.0, 1.0, 1.644854, 3.090232):
        x, y = depth * sigma * math.sin(bearing), depth * sigma * math.cos(bearing)
        score = said(zone, x, y, acc)
        share = float(shapely.contains_xy(area, *degrees(x + sigma * east, y + sigma * north)).mean())
        assert within_sampling_error(score, share), (depth, score, share, SEED)


@pytest.mark.slow
@pytest.mark.parametrize("radius", RADII_IN_SIGMA)
def test_in_a_circle_it_is_too_high_as_the_page_says(radius: float) -> None:
    acc = 20.0
    sigma = acc / SIGMA_PER_ACC
    place = Circle(LON, LAT, radius * sigma)
    east, north = errors()
    for depth in (-1.0, 0.0, 1.0, 1.644854, 3.090232, radius):
        if depth > radius:
            continue
        off = radius - depth
        share = float((np.hypot(off + east, north) <= radius).mean())
        chance = chance_in_circle(radius, off)
        assert within_sampling_error(chance, share), (depth, chance, share, SEED)
        assert said(place, off * sigma, 0.0, acc) - chance == pytest.approx(too_high(radius, depth), abs=5e-4)
        assert too_high(radius, depth) > -1e-9, "an upper bound"
