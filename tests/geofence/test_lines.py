"""The fold's quick look at a line and a shape never says no where the exact one says yes, and seldom the other way."""

from __future__ import annotations

import numpy as np
import pytest

from domain.records import Circle, Corridor, LonLat, Polygons, Shape
from geofence.lines import crosses
from geofence.shapes import line_may_meet, signed_distance_m, table_of

SQUARE = (((0.0, 51.0), (0.01, 51.0), (0.01, 51.01), (0.0, 51.01), (0.0, 51.0)),)
BEND = (((0.0, 51.0), (0.02, 51.0), (0.02, 51.004), (0.004, 51.004), (0.004, 51.012), (0.0, 51.012), (0.0, 51.0)),)
RING = (SQUARE[0], ((0.003, 51.003), (0.003, 51.007), (0.007, 51.007), (0.007, 51.003), (0.003, 51.003)))
SHAPES: dict[str, Polygons | Circle | Corridor] = {
    "square": Polygons((SQUARE,)),
    "bend": Polygons((BEND,)),
    "ring": Polygons((RING,)),
    "circle": Circle(0.01, 51.005, 300.0),
    "corridor": Corridor(((0.0, 51.0), (0.008, 51.006), (0.02, 51.002)), 200.0),
}
LINES = 4_000


def quick(shape: Shape, start: LonLat, end: LonLat) -> bool:
    table = table_of([shape])
    return bool(line_may_meet(table.shapes[0], table.lon, table.lat, table.pen_up, *start, *end))


def outside(shape: Shape, point: LonLat) -> bool:
    table = table_of([shape])
    return signed_distance_m(table.shapes[0], table.lon, table.lat, table.pen_up, point[1], point[0]) < 0.0


@pytest.mark.parametrize("name", SHAPES)
def test_the_quick_look_keeps_every_line_that_passes_through(name: str) -> None:
    rng, shape = np.random.default_rng(5), SHAPES[name]
    ends = rng.uniform((-0.01, 50.995), (0.03, 51.017), (LINES, 2))
    steps = rng.normal(0.0, 0.004, (LINES, 2))
    through = near = 0
    for (lon, lat), (east, north) in zip(ends.tolist(), steps.tolist(), strict=True):
        start, end = (lon, lat), (lon + east, lat + north)
        if not (outside(shape, start) and outside(shape, end)):
            continue
        exact, loose = bool(crosses(shape, np.array([[start, end]]))[0]), quick(shape, start, end)
        assert loose or not exact, (start, end)
        through += exact
        near += loose
    assert 0 < through <= near
    if isinstance(shape, Polygons):
        assert near == through


@pytest.mark.parametrize("name", SHAPES)
def test_many_lines_at_once_are_as_each_alone(name: str) -> None:
    lines = np.random.default_rng(6).uniform((-0.01, 50.995), (0.03, 51.017), (200, 2, 2))
    alone = [bool(crosses(SHAPES[name], line[np.newaxis])[0]) for line in lines]
    assert crosses(SHAPES[name], lines).tolist() == alone
    assert any(alone)
    assert not all(alone)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((-0.005, 51.005), (0.005, 51.015)),  # the corner of the square: touched
        ((-0.002, 51.0), (0.012, 51.0)),  # along an edge
        ((-0.002, 50.998), (0.012, 51.012)),  # in at one vertex, out at the other
    ],
)
def test_a_line_by_a_vertex_or_along_an_edge_is_looked_at(start: LonLat, end: LonLat) -> None:
    assert quick(SHAPES["square"], start, end)
