"""Which zones give a protected person away."""

from __future__ import annotations

from access.pointing import NEAR_M, points_at
from domain.caseload_shapes import read_shape
from domain.records import Shape
from geofence.geodesy import metres_per_degree

EAST, NORTH = metres_per_degree(51.5)
DOOR = (-0.1, 51.5)


def circle(radius_m: float, east_m: float = 0.0) -> Shape:
    return read_shape({"type": "Circle", "center": [-0.1 + east_m / EAST, 51.5], "radius_m": radius_m})


def test_a_zone_around_the_door_points_at_it_however_large() -> None:
    assert points_at(circle(100), [DOOR])
    assert points_at(circle(5_000), [DOOR])
    assert points_at(circle(5_000, NEAR_M - 1), [DOOR])


def test_a_large_zone_whose_middle_is_elsewhere_does_not() -> None:
    assert not points_at(circle(1_000, 600), [DOOR])
    assert not points_at(circle(1_000, NEAR_M + 5), [DOOR])


def test_a_small_zone_near_the_door_points_at_it_wherever_its_middle_is() -> None:
    assert points_at(circle(350, 340), [DOOR])
    assert points_at(circle(350, 590), [DOOR])
    assert not points_at(circle(350, 610), [DOOR])


def test_any_of_the_places_counts_and_none_is_pointed_at_where_none_is_known() -> None:
    assert points_at(circle(1_000), [(0.0, 51.0), DOOR])
    assert not points_at(circle(1_000), [])
