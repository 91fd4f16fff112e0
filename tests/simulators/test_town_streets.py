"""Streets of the demo's towns: the same for the same seed, where the homes are, and as the map reads them."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

from simulators.caseload import generate
from simulators.places import TOWNS
from simulators.town_streets import REACH_M, streets
from tests.store.made import NOON

KINDS = {"built", "park", "river", "main", "ring", "street"}


def metres(a: list[float], b: list[float]) -> float:
    kx = 111_195 * math.cos(math.radians(a[1]))
    return math.hypot((a[0] - b[0]) * kx, (a[1] - b[1]) * 111_195)


def lines_of(feature: dict[str, Any]) -> list[list[list[float]]]:
    geometry = feature["geometry"]
    return [geometry["coordinates"]] if geometry["type"] == "LineString" else geometry["coordinates"]


def test_a_seed_gives_the_same_streets_and_a_town_does_not_hang_on_the_others() -> None:
    two = streets(7, TOWNS[3:5])
    assert two == streets(7, TOWNS[3:5])
    assert two["features"] == [*streets(7, TOWNS[3:4])["features"], *streets(7, TOWNS[4:5])["features"]]
    assert two != streets(8, TOWNS[3:5])
    json.dumps(two, allow_nan=False)


def test_every_town_has_its_ground_roads_out_rings_and_blocks_of_named_streets() -> None:
    for town in TOWNS[::9]:
        features = streets(1, [town])["features"]
        kinds = [one["properties"]["kind"] for one in features]
        assert set(kinds) <= KINDS
        assert kinds.count("main") >= 5
        assert kinds.count("ring") == 3
        assert kinds.count("street") > 40
        assert all(one["properties"].get("name") for one in features if one["properties"]["kind"] in {"street", "main"})
        for one in features:
            for line in lines_of(one):
                assert len(line) > 1
                assert all(metres(a, b) > 1 for a, b in pairwise(line))
                assert all(metres([town.lon, town.lat], place) < 2 * REACH_M for place in line)


def test_homes_lie_among_the_streets() -> None:
    """Within a few hundred metres of one, but for the few who live far out."""
    corners = {
        town.pdu: [place for one in streets(1, [town])["features"] for line in lines_of(one) for place in line]
        for town in TOWNS
        if town.slug in {"manchester", "leeds", "bristol", "cardiff"}
    }
    near = []
    area_of: dict[str, str] = {}
    for record in generate(400, 1, NOON):
        if record["type"] == "order":
            area_of[record["id"]] = record["area"]
        place = record.get("place")
        if record["type"] == "condition" and record["kind"] == "curfew" and area_of[record["order"]] in corners:
            home = [place["lon"], place["lat"]]
            near.append(min(metres(home, one) for one in corners[area_of[record["order"]]]))
    assert len(near) > 10
    assert sum(one < 400 for one in near) > 0.9 * len(near)
