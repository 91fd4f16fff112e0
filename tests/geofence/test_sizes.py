"""How large a shape is: against shapes whose size is known."""

from __future__ import annotations

import math

import pytest

from domain.caseload_shapes import read_shape
from geofence.geodesy import metres_per_degree
from geofence.sizes import metres_outside, size_of

EAST, NORTH = metres_per_degree(51.5)


def square(half_m: float, hole_m: float = 0.0) -> dict[str, object]:
    def ring(half: float) -> list[list[float]]:
        x, y = half / EAST, half / NORTH
        return [[-x, 51.5 - y], [x, 51.5 - y], [x, 51.5 + y], [-x, 51.5 + y], [-x, 51.5 - y]]

    return {"type": "Polygon", "coordinates": [ring(half_m)] + ([ring(hole_m)] if hole_m else [])}


def test_a_square_has_its_area_and_a_hole_takes_from_it() -> None:
    whole, ringed = size_of(read_shape(square(500))), size_of(read_shape(square(500, 100)))
    assert whole.area_m2 == pytest.approx(1_000_000, rel=1e-4)
    assert ringed.area_m2 == pytest.approx(1_000_000 - 40_000, rel=1e-4)
    assert (whole.across_m, whole.tall_m) == pytest.approx((1000, 1000), rel=1e-4)
    assert whole.middle == pytest.approx((0, 51.5), abs=1e-6)


def test_a_circle_and_a_corridor() -> None:
    circle = size_of(read_shape({"type": "Circle", "center": [0, 51.5], "radius_m": 300}))
    assert circle.area_m2 == pytest.approx(math.pi * 90_000)
    assert circle.radius_m == pytest.approx(300)
    line = [[0, 51.5], [1000 / EAST, 51.5]]
    corridor = size_of(read_shape({"type": "Corridor", "coordinates": line, "width_m": 100}))
    assert corridor.area_m2 == pytest.approx(100_000 + math.pi * 2_500, rel=1e-3)
    assert (corridor.across_m, corridor.tall_m) == pytest.approx((1100, 100), rel=1e-3)


def test_how_far_it_is_from_outside() -> None:
    shape = read_shape(square(500))
    assert metres_outside(shape, 0, 51.5) == 0
    assert metres_outside(shape, 700 / EAST, 51.5) == pytest.approx(200, abs=0.5)
