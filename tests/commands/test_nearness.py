"""Whose zone is near: against a slow measurement of each by itself, in every shape, and only while it counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.device_commands.nearness import (
    FRESH_US,
    REACH_S,
    SLOWEST_M_S,
    UNSAID_M_S,
    Places,
    Watched,
    Zones,
)
from domain.instants import FAR_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Circle, Corridor, Place, Polygons, Shape, Timetable, TimetableRow
from domain.zone_edges import edge_within_m
from tests.store.made import NOON

SQUARE = Polygons(((((0.0, 51.0), (0.02, 51.0), (0.02, 51.01), (0.0, 51.01), (0.0, 51.0)),),))
CIRCLE = Circle(0.01, 51.0, 400.0)
CORRIDOR = Corridor(((0.0, 51.0), (0.01, 51.005), (0.02, 51.0)), 120.0)
NIGHTS = Timetable("Europe/London", (TimetableRow(0, 0, 60),))


def watched(shape: Shape, number: int = 1, **more: object) -> Watched:
    return replace(Watched(f"T{number}", number, f"C{number}", shape, None, NOON - HOUR_US, FAR_US), **more)


def at(*places: tuple[int, float, float], spd: float = math.nan, age_us: int = 0, acc: float = 5.0) -> Places:
    size = len(places)
    nos, lon, lat = (np.array(column) for column in zip(*places, strict=True)) if places else (np.zeros(0),) * 3
    return Places(
        *(nos.astype(np.int64), lon.astype(float), lat.astype(float)),
        *(np.full(size, acc), np.full(size, spd), np.full(size, NOON - age_us)),
    )


def always(timetable: Timetable, from_us: int, to_us: int) -> bool:
    return True


def never(timetable: Timetable, from_us: int, to_us: int) -> bool:
    return False


@given(
    st.sampled_from([SQUARE, CIRCLE, CORRIDOR]),
    st.floats(-0.1, 0.12),
    st.floats(50.95, 51.06),
    st.sampled_from([math.nan, 0.0, 3.0, 14.0, 40.0]),
    st.integers(0, FRESH_US),
)
def test_it_is_near_when_its_edge_can_be_reached(shape: Shape, lon: float, lat: float, spd: float, age_us: int) -> None:
    away_m = edge_within_m(Place("", lon, lat), shape, math.inf)
    assert away_m is not None
    speed_m_s = UNSAID_M_S if math.isnan(spd) else min(max(spd, SLOWEST_M_S), 30.0)
    reach_m = speed_m_s * (REACH_S + age_us / SECOND_US) + 5.0
    found = Zones([watched(shape)]).near(at((1, lon, lat), spd=spd, age_us=age_us), always, NOON)
    if abs(away_m - reach_m) > 0.01 * (reach_m + 500.0):
        assert bool(found) == (away_m < reach_m)


def test_each_device_is_measured_against_its_own_zones_the_nearest_first() -> None:
    zones = [watched(SQUARE, 1), watched(CIRCLE, 2), watched(CORRIDOR, 2, condition="C2b"), watched(SQUARE, 9)]
    found = Zones(zones).near(at((2, 0.01, 51.0041), (1, 0.0, 51.0001), (5, 0.0, 51.0)), always, NOON)
    assert [one.condition for one in found] == ["C1", "C2b", "C2"]
    assert Zones(zones).near(at((7, 0.0, 51.0)), always, NOON) == []
    assert Zones(zones).near(at(), always, NOON) == []
    assert Zones([]).near(at((1, 0.0, 51.0)), always, NOON) == []


def test_an_old_fix_says_nothing() -> None:
    zones = Zones([watched(SQUARE)])
    assert zones.near(at((1, 0.0, 51.0), age_us=FRESH_US), always, NOON)
    assert not zones.near(at((1, 0.0, 51.0), age_us=FRESH_US + 1), always, NOON)


@pytest.mark.parametrize(
    ("more", "opens", "near"),
    [
        ({}, always, True),
        ({"timetable": NIGHTS}, always, True),
        ({"timetable": NIGHTS}, never, False),
        ({"to_us": NOON}, always, False),
        ({"from_us": NOON + 2 * MINUTE_US}, always, True),
        ({"from_us": NOON + 4 * MINUTE_US}, always, False),
    ],
)
def test_only_what_counts_now_or_before_it_is_reached_is_near(
    more: dict[str, object], opens: object, near: bool
) -> None:
    zones = Zones([watched(SQUARE, **more), watched(SQUARE, 2)])
    found = zones.near(at((1, 0.0, 51.0)), opens, NOON)
    assert bool(found) == near


def test_zones_that_are_read_again_are_the_same() -> None:
    first = Zones([watched(SQUARE, 1), watched(CIRCLE, 2)])
    again = Zones([watched(CIRCLE, 2), watched(CORRIDOR, 3)], first)
    places = at((1, 0.0, 51.0), (2, 0.01, 51.0), (3, 0.01, 51.005))
    assert [one.device for one in again.near(places, always, NOON)] == [
        one.device for one in Zones(again.watched).near(places, always, NOON)
    ]
    assert {one.device for one in again.near(places, always, NOON)} == {"T2", "T3"}


def test_thousands_are_measured_together() -> None:
    """The answer of each is what it would be alone."""
    rng = np.random.default_rng(18)
    shapes = [SQUARE, CIRCLE, CORRIDOR]
    zones = [watched(shapes[n % 3], n + 1) for n in range(3_000)]
    places = at(*((n + 1, float(lon), float(lat)) for n, (lon, lat) in enumerate(zip(
        rng.uniform(-0.05, 0.07, 3_000), rng.uniform(50.97, 51.04, 3_000), strict=True
    ))))  # fmt: skip
    together = {one.device for one in Zones(zones).near(places, always, NOON)}
    some = rng.choice(3_000, 50, replace=False)
    for n in some.tolist():
        alone = Zones([zones[n]]).near(at((n + 1, places.lon[n], places.lat[n])), always, NOON)
        assert bool(alone) == (zones[n].device in together)
