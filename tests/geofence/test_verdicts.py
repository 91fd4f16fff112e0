"""Verdicts of many fixes: the same as the fold's, as the whole measuring, and as shapely's containment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from bench.geofence import facts_of, tables_of
from bench.zone_load import ZONES_EACH, Load, load
from domain.records import Circle, Corridor, Polygons, Shape
from domain.vocabulary import Quality
from geofence.emissions import EMISSION
from geofence.fold import fold_tracks
from geofence.geodesy import metres_per_degree
from geofence.shapes import box_distance_m, near_distance_m, signed_distance_m, table_of
from geofence.state import State
from geofence.verdicts import verdict_of, verdicts

WEARERS, FIXES = 60, 1_200
HOLED = Polygons(
    (
        (
            ((0.0, 51.0), (0.03, 51.0), (0.03, 51.02), (0.0, 51.02), (0.0, 51.0)),
            ((0.01, 51.005), (0.02, 51.005), (0.02, 51.015), (0.01, 51.015), (0.01, 51.005)),
        ),
        (((0.05, 51.0), (0.06, 51.0), (0.055, 51.01), (0.05, 51.0)),),
    )
)
SHAPES: list[Shape] = [
    HOLED,
    Circle(0.02, 51.01, 400.0),
    Corridor(((0.0, 51.0), (0.02, 51.012), (0.05, 51.004)), 300.0),
]


@pytest.fixture(scope="module")
def work() -> Load:
    return load(WEARERS, FIXES, seed=7, about=(0.2, 0.2, 0.1, 0.3, 0.2))


@pytest.fixture(scope="module")
def said(work: Load) -> NDArray[np.int8]:
    out = np.full(FIXES * ZONES_EACH, 99, np.int8)
    measured = verdicts(*(*work.calls(), out))
    assert 0 < measured < len(out)
    return out


def pairs(work: Load) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The fix and the zone of each verdict."""
    fix = np.repeat(np.arange(FIXES), ZONES_EACH)
    return fix, work.owner[fix] * ZONES_EACH + np.tile(np.arange(ZONES_EACH), FIXES)


def test_every_class_is_there(said: NDArray[np.int8]) -> None:
    assert set(said.tolist()) == {-2, -1, 0, 1, 2}


def test_same_as_measuring_every_edge(work: Load, said: NDArray[np.int8]) -> None:
    table = work.table
    flat = (table.lon, table.lat, table.pen_up)
    slow = [
        verdict_of(signed_distance_m(table.shapes[zone], *flat, work.lat[fix], work.lon[fix]), work.acc[fix])
        for fix, zone in zip(*pairs(work), strict=True)
    ]
    assert said.tolist() == slow


def test_the_sure_ones_as_shapely_contains(work: Load, said: NDArray[np.int8]) -> None:
    polygons = np.array([shapely.Polygon(zone.polygons[0][0]) for zone in work.zones])
    assert shapely.is_valid(polygons).all()
    fix, zone = pairs(work)
    inside = shapely.contains_xy(polygons[zone], work.lon[fix], work.lat[fix])
    assert np.array_equal(said[said != 0] > 0, inside[said != 0])


@pytest.mark.slow
def test_same_as_the_fold(work: Load, said: NDArray[np.int8]) -> None:
    """The class that a track keeps of its newest fix is the verdict of the newest fix of its wearer."""
    facts, tables, state = facts_of(work, FIXES), tables_of(work), State()
    state.grow(WEARERS, WEARERS, len(work.zones), 0)
    out = np.empty(FIXES * (3 * ZONES_EACH + 2), EMISSION)
    seen: set[int] = set()
    for cut in range(0, FIXES, WEARERS):
        order = np.arange(cut, cut + WEARERS)
        rows = (state.devices, state.parties, state.tracks)
        fold_tracks(
            facts, order, np.full(FIXES, Quality.OK, np.int8), work.owner, np.zeros(FIXES, np.int64), *rows, tables, out
        )
        newest = {int(work.owner[fix]): int(fix) for fix in order}
        for owner, fix in newest.items():
            kept = state.tracks["last_class"][owner * ZONES_EACH : (owner + 1) * ZONES_EACH]
            verdict = said[fix * ZONES_EACH : (fix + 1) * ZONES_EACH]
            assert kept.tolist() == np.sign(verdict).tolist()
            seen |= set(kept.tolist())
    assert seen == {-1, 0, 1}


@pytest.mark.parametrize("reach", [20.0, 300.0])
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_near_distance_is_the_distance_where_it_is_near(index: int, reach: float) -> None:
    table = table_of(SHAPES)
    shape: Any = table.shapes[index]
    rng = np.random.default_rng(3)
    near = 0
    for lat, lon in zip(rng.uniform(50.99, 51.03, 600), rng.uniform(-0.02, 0.08, 600), strict=True):
        east, north = metres_per_degree(lat)
        exact = signed_distance_m(shape, table.lon, table.lat, table.pen_up, lat, lon)
        found = near_distance_m(shape, table.lon, table.lat, table.pen_up, lat, lon, east, north, reach)
        assert box_distance_m(shape, lat, lon, east, north) <= max(0.0, -exact) + 0.001
        if abs(exact) <= reach:
            assert found == exact
            near += 1
        else:
            assert abs(found) > reach
            assert (found > 0) == (exact > 0)
    assert near > 0
