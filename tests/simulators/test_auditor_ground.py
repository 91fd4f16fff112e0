"""The auditor's geometry against geodesics, and against edges cut so fine that the nearest point is the nearest of many."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from domain.caseload_records import parse_record
from domain.records import Circle, Condition, Corridor, Polygons, Shape
from simulators import outlines
from simulators.ground import Frame, Outline
from simulators.service import timezone_names

TOLERANCE_M = 0.1
Make = Callable[[Random, float, float, float], dict[str, Any]]


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(Geodesic.WGS84.Inverse(a[1], a[0], b[1], b[0])["s12"])


def _fine(line: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Points along a line, straight in longitude and latitude, at most half a metre apart."""
    points = []
    for a, b in itertools.pairwise(line):
        parts = max(2, int(_metres(a, b) / 0.5))
        points += [(a[0] + (b[0] - a[0]) * n / parts, a[1] + (b[1] - a[1]) * n / parts) for n in range(parts + 1)]
    return points


def _shape(made: dict[str, Any]) -> Shape:
    record = parse_record(
        {"type": "condition", "id": "C", "order": "O", "kind": "exclusion_zone", "zone": made}, timezone_names()
    )
    assert isinstance(record, Condition)
    assert record.shape is not None
    return record.shape


def _true_depth(shape: Shape, place: tuple[float, float]) -> float:
    if isinstance(shape, Circle):
        return shape.radius_m - _metres((shape.lon, shape.lat), place)
    if isinstance(shape, Corridor):
        return shape.width_m / 2 - min(_metres(p, place) for p in _fine(shape.line))
    rings = [ring for polygon in shape.polygons for ring in polygon]
    away = min(_metres(p, place) for ring in rings for p in _fine(ring))
    crossings = 0
    for ring in rings:
        for (ax, ay), (bx, by) in itertools.pairwise(ring):
            if (ay > place[1]) != (by > place[1]):
                crossings += place[0] < ax + (bx - ax) * (place[1] - ay) / (by - ay)
    return away if crossings % 2 else -away


@pytest.mark.slow
@pytest.mark.parametrize("make", [outlines.polygon, outlines.circle, outlines.corridor, outlines.around])
@pytest.mark.parametrize("lat", [50.1, 54.9])
def test_depth_is_right_to_a_decimetre(make: Make, lat: float) -> None:
    rng = Random(f"{make}:{lat}")
    shape = _shape(make(rng, -2.0, lat, 300.0))
    outline = Outline(shape)
    places = [outlines.offset(-2.0, lat, rng.uniform(-400, 400), rng.uniform(-400, 400)) for _ in range(12)]
    lon, lats = np.array(places).T
    for place, depth in zip(places, outline.depth(lon, lats), strict=True):
        assert depth == pytest.approx(_true_depth(shape, (place[0], place[1])), abs=TOLERANCE_M)


def test_a_frame_goes_there_and_back() -> None:
    frame = Frame(0.5, 51.2)
    lon, lat = frame.to_lonlat(np.array([300.0]), np.array([-120.0]))
    x, y = frame.to_xy(lon, lat)
    assert (x[0], y[0]) == (pytest.approx(300.0), pytest.approx(-120.0))
    assert _metres((0.5, 51.2), (float(lon[0]), float(lat[0]))) == pytest.approx(np.hypot(300, 120), abs=0.05)


def test_a_hole_is_outside() -> None:
    square = ((0.0, 51.0), (0.01, 51.0), (0.01, 51.01), (0.0, 51.01), (0.0, 51.0))
    hole = ((0.004, 51.004), (0.006, 51.004), (0.006, 51.006), (0.004, 51.006), (0.004, 51.004))
    outline = Outline(Polygons(((square, hole),)))
    inside, in_hole = outline.depth(np.array([0.002, 0.005]), np.array([51.002, 51.005]))
    assert inside > 0 > in_hole
