"""Ways through a town: from door to door, by its streets."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.ground import Frame
from simulators.network import Network, Streets
from simulators.places import TOWNS
from simulators.streets import Place
from simulators.town_streets import REACH_M, Plan

metres = st.floats(-REACH_M, REACH_M)
places = st.tuples(metres, metres)
towns = st.sampled_from(TOWNS[:6])


@given(towns, st.integers(0, 50), places)
def test_what_is_bent_can_be_unbent(town: object, seed: int, place: Place) -> None:
    plan = Plan(town, seed)  # the list of towns is read-only
    assert math.dist(plan.unbent(plan.bent(place)), place) < 0.01
    assert math.dist(plan.bent(plan.unbent(place)), place) < 0.01


@given(towns, st.integers(0, 5), places, places)
def test_a_way_goes_from_door_to_door_by_the_streets(town: object, seed: int, a: Place, b: Place) -> None:
    network, plan = Network(town, seed), Plan(town, seed)
    across, along = plan.lattice()
    for way in network.ways(a, b):
        assert (way[0], way[-1]) == (a, b)
        straight = [plan.unbent(place) for place in way[1:-1]]
        for one, two in itertools.pairwise(straight):
            same = [abs(p - q) < 0.05 for p, q in zip(one, two, strict=True)]
            assert (same[0] and _on(across, one[0])) or (same[1] and _on(along, one[1])), (one, two)


@given(towns, st.integers(0, 5), places, places)
def test_no_way_is_much_longer_than_its_streets_make_it(town: object, seed: int, a: Place, b: Place) -> None:
    """Never back on itself: no longer than to the nearest streets and then round one corner."""
    plan = Plan(town, seed)
    beyond = 2 * max(0.0, max(map(abs, (*plan.unbent(a), *plan.unbent(b)))) - plan.reach)
    here, there = plan.unbent(a), plan.unbent(b)
    corner = abs(here[0] - there[0]) + abs(here[1] - there[1])
    for way in Network(town, seed).ways(a, b):
        long = sum(math.dist(p, q) for p, q in itertools.pairwise(map(plan.unbent, way)))
        assert long <= corner + 4 * (175.0 + beyond) + 1.0


@pytest.mark.parametrize("seed", [1, 2])
def test_ways_about_a_home_go_from_door_to_door_in_metres_of_the_home(seed: int) -> None:
    town = TOWNS[0]
    home = Frame(town.lon + 0.01, town.lat + 0.008)
    streets = Streets(home, seed)
    door, shop = (0.0, 0.0), (640.0, -410.0)
    for way in streets.ways(door, shop):
        assert math.dist(way[0], door) < 0.01
        assert math.dist(way[-1], shop) < 0.01
        assert 760 < sum(math.dist(p, q) for p, q in itertools.pairwise(way)) < 1_800


def test_who_lives_far_from_every_town_has_streets_too() -> None:
    streets = Streets(Frame(-3.9, 52.45), 1)
    away = math.hypot(*streets.middle)
    assert away < 2_000
    ways = streets.ways((0.0, 0.0), (300.0, 300.0))
    assert all(len(way) > 3 for way in ways)


def _on(lines: list[float], at: float) -> bool:
    return min(abs(line - at) for line in lines) < 0.05
