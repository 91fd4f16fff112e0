"""Distances against geodesics on the ellipsoid, signed distances against a search along the edges (rules.md 3)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from domain.records import Circle, Corridor, Polygons, Ring, Shape
from geofence.geodesy import distance_m, metres_per_degree
from geofence.shapes import signed_distance_m, table_of

WGS84 = Geodesic.WGS84
LATITUDES = (50.0, 55.0, 60.0, -43.0)
RELATIVE_ERROR, ABSOLUTE_ERROR_M = 0.001, 0.05
STEPS = 60
"""Halvings of the search for the nearest point of an edge: a 40 km edge to under a millimetre."""


def geodesic_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    return float(WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"])


def near(metres: float) -> object:
    return pytest.approx(metres, rel=RELATIVE_ERROR, abs=ABSOLUTE_ERROR_M)


def depth_m(shape: Shape, lat: float, lon: float) -> float:
    table = table_of([shape])
    return float(signed_distance_m(table.shapes[0], table.lon, table.lat, table.pen_up, lat, lon))


def polygon(*ring: tuple[float, float]) -> Polygons:
    return Polygons(((closed(ring),),))


def closed(ring: tuple[tuple[float, float], ...]) -> Ring:
    return (*ring, ring[0])


def square(lat: float, lon: float, half_m: float) -> Polygons:
    east, north = metres_per_degree(lat)
    x, y = half_m / east, half_m / north
    return polygon((lon - x, lat - y), (lon + x, lat - y), (lon + x, lat + y), (lon - x, lat + y))


def nearest_m(a: tuple[float, float], b: tuple[float, float], lat: float, lon: float) -> float:
    """Least geodesic distance from a position to an edge straight in longitude and latitude, by ternary search."""

    def at(u: float) -> float:
        return geodesic_m(lat, lon, a[1] + u * (b[1] - a[1]), a[0] + u * (b[0] - a[0]))

    low, high = 0.0, 1.0
    for _ in range(STEPS):
        third = (high - low) / 3.0
        if at(low + third) < at(high - third):
            high -= third
        else:
            low += third
    return min(at(0.0), at(1.0), at(0.5 * (low + high)))


def ring_m(ring: Ring, lat: float, lon: float) -> float:
    return min(nearest_m(a, b, lat, lon) for a, b in itertools.pairwise(ring))


@pytest.mark.slow
@pytest.mark.parametrize("lat", LATITUDES)
def test_distances_up_to_50_km(lat: float) -> None:
    for metres in (1.0, 40.0, 300.0, 5_000.0, 20_000.0, 50_000.0):
        for bearing in range(0, 360, 15):
            there = WGS84.Direct(lat, -1.25, bearing, metres)
            assert distance_m(lat, -1.25, there["lat2"], there["lon2"]) == near(metres)


def test_distance_over_the_180th_meridian() -> None:
    assert distance_m(-43.9, 179.99, -43.9, -179.99) == near(geodesic_m(-43.9, 179.99, -43.9, -179.99))


@pytest.mark.slow
@pytest.mark.parametrize("lat", LATITUDES)
def test_a_zone_40_km_wide(lat: float) -> None:
    rng = np.random.default_rng(int(1000 + lat))
    zone = square(lat, -1.25, 20_000.0)
    ring = zone.polygons[0][0]
    (west, south), (east, north) = ring[0], ring[2]
    for lon_at, lat_at in zip(
        rng.uniform(west - 0.1, east + 0.1, 40), rng.uniform(south - 0.05, north + 0.05, 40), strict=True
    ):
        inside = west < lon_at < east and south < lat_at < north
        metres = ring_m(ring, float(lat_at), float(lon_at))
        assert depth_m(zone, float(lat_at), float(lon_at)) == near(metres if inside else -metres)


@pytest.mark.slow
@pytest.mark.parametrize("lat", LATITUDES)
def test_slanting_edges(lat: float) -> None:
    rng = np.random.default_rng(int(2000 + lat))
    ring = closed(((-1.4, lat - 0.1), (-1.1, lat - 0.02), (-1.2, lat + 0.15), (-1.28, lat), (-1.45, lat + 0.07)))
    zone = Polygons(((ring,),))
    for lon_at, lat_at in zip(rng.uniform(-1.5, -1.05, 40), rng.uniform(lat - 0.15, lat + 0.2, 40), strict=True):
        assert abs(depth_m(zone, float(lat_at), float(lon_at))) == near(ring_m(ring, float(lat_at), float(lon_at)))


@pytest.mark.parametrize("lat", LATITUDES)
@pytest.mark.parametrize("half_m", [50.0, 2_000.0, 20_000.0])
def test_points_on_vertices_and_edges_have_no_distance(lat: float, half_m: float) -> None:
    zone = square(lat, 0.5, half_m)
    ring = zone.polygons[0][0]
    for a, b in itertools.pairwise(ring):
        for u in (0.0, 0.25, 0.5, 1.0):
            assert abs(depth_m(zone, a[1] + u * (b[1] - a[1]), a[0] + u * (b[0] - a[0]))) <= 0.001


def test_either_side_of_an_edge() -> None:
    zone = square(51.5, 0.5, 1_000.0)
    (_, south), (_, north) = zone.polygons[0][0][0], zone.polygons[0][0][2]
    step = 10.0 / metres_per_degree(51.5)[1]
    assert depth_m(zone, south + step, 0.5) == near(10.0)
    assert depth_m(zone, south - step, 0.5) == near(-10.0)
    assert depth_m(zone, north + step, 0.5) == near(-10.0)


def test_a_hole_is_outside() -> None:
    outer, hole = square(51.5, 0.5, 1_000.0).polygons[0][0], square(51.5, 0.5, 100.0).polygons[0][0]
    assert depth_m(Polygons(((outer, hole),)), 51.5, 0.5) == near(-100.0)


def test_a_multipolygon_measures_to_its_nearest_ring() -> None:
    one, other = square(51.5, 0.5, 100.0), square(51.5, 0.51, 100.0)
    both = Polygons((*one.polygons, *other.polygons))
    assert depth_m(both, 51.5, 0.509) == depth_m(other, 51.5, 0.509)
    assert depth_m(both, 51.5, 0.501) == depth_m(one, 51.5, 0.501)


@pytest.mark.parametrize("lat", LATITUDES)
def test_circles_are_geodesic(lat: float) -> None:
    for bearing in range(0, 360, 30):
        there = WGS84.Direct(lat, 0.5, bearing, 700.0)
        assert depth_m(Circle(0.5, lat, 1_000.0), there["lat2"], there["lon2"]) == near(300.0)


def test_a_corridor_is_half_its_width_less_the_distance_to_its_line() -> None:
    line = ((0.5, 51.5), (0.52, 51.5), (0.52, 51.52))
    step = 100.0 / metres_per_degree(51.5)[1]
    assert depth_m(Corridor(line, 300.0), 51.5 + step, 0.51) == near(50.0)
    assert depth_m(Corridor(line, 300.0), 51.5 - 2 * step, 0.51) == near(-50.0)
    assert depth_m(Corridor(line, 300.0), 51.5, 0.5) == near(150.0), "ends are round"
