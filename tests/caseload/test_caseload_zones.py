"""Every fault of a zone's shape, in place and in a record of its own, in plain words with where."""

from __future__ import annotations

from typing import Any

import pytest

from tests.caseload.lines import SQUARE, changed, faults_of, line_of


def zone(**shape: Any) -> dict[str, Any]:
    return {"zone": shape}


def polygon(*rings: Any) -> dict[str, Any]:
    return zone(type="Polygon", coordinates=list(rings))


def ring(*corners: tuple[float, float]) -> list[list[float]]:
    return [list(corner) for corner in (*corners, corners[0])]


def comb(corners: int) -> list[list[float]]:
    """A closed ring of so many corners that crosses nothing."""
    top = [(i * 1e-4, 51.1 if i % 2 else 51.2) for i in range(corners - 2)]
    return ring(*top, (top[-1][0], 50.0), (0.0, 50.0))


WEST, EAST, SOUTH, NORTH = 0.50, 0.52, 51.20, 51.22
ZONES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no type": (zone(coordinates=[SQUARE]), "zone.type", "must be one of Polygon, MultiPolygon, Circle, Corridor"),
    "a point": (zone(type="Point", coordinates=[0, 0]), "zone.type", "must be one of"),
    "a feature": (zone(type="Feature", geometry={}), "zone.type", "give the geometry of the feature"),
    "a key too many": (zone(type="Polygon", coordinates=[SQUARE], crs={}), "zone", 'has the key "crs"'),
    "no coordinates": (zone(type="Polygon"), "zone", "has no coordinates"),
    "no rings": (polygon(), "zone.coordinates", "a zone without rings has no inside"),
    "no polygons": (zone(type="MultiPolygon", coordinates=[]), "zone.coordinates", "is empty"),
    "an empty polygon": (zone(type="MultiPolygon", coordinates=[[]]), "zone.coordinates[0]", "is empty"),
    "coordinates null": (zone(type="Polygon", coordinates=None), "zone.coordinates", "must be a list of rings"),
    "a ring too few": (polygon(SQUARE[0]), "zone.coordinates[0]", "has 2 positions; must have 4 or more"),
    "three positions": (polygon([*SQUARE[:2], SQUARE[0]]), "zone.coordinates[0]", "the last the same as the first"),
    "not closed": (polygon(SQUARE[:4]), "zone.coordinates[0]", "is not closed: it begins at [0.500000, 51.200000]"),
    "altitude": (polygon([[*p, 5.0] for p in SQUARE]), "zone.coordinates[0][0]", "must be [lon, lat]"),
    "position text": (polygon([["0", "51"]] * 4), "zone.coordinates[0][0]", "must be [lon, lat]"),
    "position true": (polygon([[True, 51]] * 4), "zone.coordinates[0][0]", "must be [lon, lat]"),
    "position of 10**400": (polygon([[10**400, 51]] * 4), "zone.coordinates[0][0]", "must be [lon, lat]"),
    "wrong way round": (polygon([[51.2, 100.0]] * 4), "zone.coordinates[0][0]", "Longitude comes first"),
    "longitude 181": (polygon([[181, 51.0]] * 4), "zone.coordinates[0][0]", "longitude must be from -180 to 180"),
    "bow tie": (
        polygon(ring((WEST, SOUTH), (EAST, NORTH), (EAST, SOUTH), (WEST, NORTH))),
        "zone.coordinates",
        "its edge crosses or runs along itself, or two of its parts overlap or share an edge (at [0.510000, 51.210000])",
    ),
    "a spike": (
        polygon(ring((WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (EAST, 51.3), (EAST, NORTH), (WEST, NORTH))),
        "zone.coordinates",
        "cannot be judged against: its edge crosses or runs along itself",
    ),
    "no area": (
        polygon(ring((WEST, SOUTH), (EAST, SOUTH), (WEST, SOUTH))),
        "zone.coordinates",
        "has no area",
    ),
    "one point": (polygon([[0.5, 51.2]] * 5), "zone.coordinates", "has no area"),
    "a hole that is a point": (polygon(SQUARE, [[0.51, 51.21]] * 4), "zone.coordinates", "fewer than three different"),
    "a flat ring": (polygon(ring((0.5, 51.2), (0.51, 51.2), (0.52, 51.2))), "zone.coordinates", "has no area"),
    "a hole outside": (
        polygon(SQUARE, ring((1.0, 51.2), (1.1, 51.2), (1.1, 51.3))),
        "zone.coordinates",
        "a hole lies outside its polygon's outer ring",
    ),
    "a hole across the edge": (
        polygon(SQUARE, ring((0.51, 51.21), (0.53, 51.21), (0.53, 51.215))),
        "zone.coordinates",
        "its edge crosses",
    ),
    "a ring that touches itself": (
        polygon(ring((0, 0), (2, 0), (1, 1), (2, 2), (0, 2), (1, 1))),
        "zone.coordinates",
        "a ring touches itself",
    ),
    "one polygon in another": (
        zone(type="MultiPolygon", coordinates=[[SQUARE], [ring((0.505, 51.205), (0.51, 51.205), (0.51, 51.21))]]),
        "zone.coordinates",
        "one of its polygons lies inside another",
    ),
    "polygons that share an edge": (
        zone(
            type="MultiPolygon",
            coordinates=[[SQUARE], [ring((EAST, SOUTH), (0.54, SOUTH), (0.54, NORTH), (EAST, NORTH))]],
        ),
        "zone.coordinates",
        "share an edge",
    ),
    "holes that cut it": (
        polygon(
            ring((0, 0), (4, 0), (4, 4), (0, 4)),
            ring((0, 2), (2, 1), (4, 2), (2, 3)),
        ),
        "zone.coordinates",
        "its holes cut the inside into pieces",
    ),
    "nested holes": (
        polygon(
            ring((0, 0), (9, 0), (9, 9), (0, 9)),
            ring((1, 1), (8, 1), (8, 8), (1, 8)),
            ring((2, 2), (7, 2), (7, 7), (2, 7)),
        ),
        "zone.coordinates",
        "cannot be judged against: ",
    ),
    "over the date line": (
        polygon(ring((179, 10), (-179, 10), (-179, 11), (179, 11))),
        "zone.coordinates[0]",
        "crosses the 180th meridian between [179.000000, 10.000000] and [-179.000000, 10.000000]; cut it there",
    ),
    "10,001 vertices": (polygon(comb(10_001)), "zone.coordinates", "has 10,001 vertices; at most 10,000"),
    "circle without radius": (zone(type="Circle", center=[0, 51]), "zone", "has no radius_m"),
    "circle without center": (zone(type="Circle", center=None, radius_m=50), "zone.center", "must be [lon, lat]"),
    "circle of 9 m": (zone(type="Circle", center=[0, 51], radius_m=9), "zone.radius_m", "from 10 to 5,000"),
    "circle of 5001 m": (zone(type="Circle", center=[0, 51], radius_m=5001), "zone.radius_m", "from 10 to 5,000"),
    "circle over the date line": (
        zone(type="Circle", center=[179.99, 10], radius_m=2000),
        "zone.center",
        "crosses the 180th meridian",
    ),
    "circle at the pole": (zone(type="Circle", center=[0, 89.99], radius_m=2000), "zone.center", "reaches a pole"),
    "corridor of one": (
        zone(type="Corridor", coordinates=[[0, 51]], width_m=50),
        "zone.coordinates",
        "has 1 positions; must have 2 or more",
    ),
    "corridor to itself": (
        zone(type="Corridor", coordinates=[[0, 51], [0, 51]], width_m=50),
        "zone.coordinates",
        "has the same position throughout",
    ),
    "corridor without width": (zone(type="Corridor", coordinates=[[0, 51], [1, 51]]), "zone", "has no width_m"),
    "corridor of width 0": (
        zone(type="Corridor", coordinates=[[0, 51], [1, 51]], width_m=0),
        "zone.width_m",
        "must be a number over 0",
    ),
    "corridor over the date line": (
        zone(type="Corridor", coordinates=[[179, 51], [-179, 51]], width_m=50),
        "zone.coordinates",
        "crosses the 180th meridian between",
    ),
}


@pytest.mark.parametrize("fault", ZONES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_zone_that_cannot_be_judged_against_is_refused(fault: str, shared: bool) -> None:
    values, field, cause = ZONES[fault]
    if shared:
        [found] = faults_of(changed("Z1", shape=values["zone"]))
        assert (found.line, found.field) == (line_of("Z1"), field.replace("zone", "shape", 1))
    else:
        [found] = faults_of(changed("C1", **values))
        assert (found.line, found.field) == (line_of("C1"), field)
    assert cause in found.cause
