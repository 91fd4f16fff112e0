"""Police forces by their boundaries, and files of boundaries that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.forces import Boundary, Forces, read_boundaries
from domain.caseload_shapes import read_shape
from domain.errors import BadInput
from domain.records import Area, Place, Polygons
from domain.vocabulary import AreaKind

AREAS = {
    area.id: area
    for area in (
        Area("westshire", AreaKind.POLICE_FORCE),
        Area("eastshire", AreaKind.POLICE_FORCE),
        Area("elham", AreaKind.PDU, "", "westshire"),
        Area("afar", AreaKind.PDU),
    )
}


def ring(lon: float, width: float = 1.0) -> list[list[float]]:
    return [[lon, 51.0], [lon + width, 51.0], [lon + width, 52.0], [lon, 52.0], [lon, 51.0]]


def square(lon: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring(lon)]}


def feature(area: object, geometry: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"area": area}, "geometry": geometry}


def collection(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def read(*features: object) -> tuple[list[Boundary], list[str]]:
    found, warnings = read_boundaries(collection(*features), "forces.geojson", AREAS)
    return found, [warning.cause for warning in warnings]


WEST, EAST = feature("westshire", square(0.0)), feature("eastshire", square(1.0))
FORCES = Forces(read(WEST, EAST)[0])


@pytest.mark.parametrize(("lon", "force"), [(0.5, "westshire"), (1.5, "eastshire"), (1.0, "eastshire"), (2.5, None)])
def test_the_force_that_holds_a_place(lon: float, force: str | None) -> None:
    assert FORCES.force_at(Place("", lon, 51.5)) == force


def test_a_hole_belongs_to_whoever_fills_it() -> None:
    town = [[0.4, 51.4], [0.6, 51.4], [0.6, 51.6], [0.4, 51.6], [0.4, 51.4]]
    around = feature("westshire", {"type": "Polygon", "coordinates": [ring(0.0), town]})
    inside = feature("eastshire", {"type": "MultiPolygon", "coordinates": [[town]]})
    found, warnings = read(around, inside)
    assert warnings == []
    assert Forces(found).force_at(Place("", 0.5, 51.5)) == "eastshire"
    assert Forces(found).force_at(Place("", 0.3, 51.5)) == "westshire"


@pytest.mark.parametrize(
    ("area", "home", "force"),
    [
        ("elham", Place("", 1.5, 51.5), "westshire"),  # by the order's area
        ("westshire", None, "westshire"),
        ("afar", Place("", 1.5, 51.5), "eastshire"),  # by the curfew's place
        (None, Place("", 9.0, 51.5), None),
        ("nowhere", None, None),
    ],
)
def test_the_home_force(area: str | None, home: Place | None, force: str | None) -> None:
    assert FORCES.home_force(area, AREAS, home) == force


def test_neighbours_that_share_a_line_do_not_overlap_and_others_are_warned_of() -> None:
    assert read(WEST, EAST)[1] == []
    (cause,) = read(WEST, feature("eastshire", square(0.5)))[1]
    assert cause == "'eastshire' and 'westshire' share 50 % of the smaller; there 'eastshire' is told"
    assert Forces(read(WEST, feature("eastshire", square(0.5)))[0]).force_at(Place("", 0.75, 51.5)) == "eastshire"


BOWTIE = {"type": "Polygon", "coordinates": [[[0.0, 51.0], [1.0, 52.0], [1.0, 51.0], [0.0, 52.0], [0.0, 51.0]]]}


@pytest.mark.parametrize(
    ("second", "field", "cause"),
    [
        (feature("northshire", square(2.0)), "features[1].properties.area", "import the area first"),
        (feature("elham", square(2.0)), "features[1].properties.area", "must be a police_force"),
        (feature("westshire", square(2.0)), "features[1].properties.area", "write one MultiPolygon"),
        (feature(None, square(2.0)), "features[1].properties.area", "must be the id of an area"),
        (feature("eastshire", BOWTIE), "features[1].geometry.coordinates", "cannot be judged against"),
        (feature("eastshire", None), "features[1].geometry", "must be a shape"),
        (
            feature("eastshire", {"type": "Circle", "center": [1.0, 51.0], "radius_m": 100}),
            "features[1].geometry.type",
            "must be a Polygon",
        ),
        ("feature", "features[1]", "must be a GeoJSON Feature"),
    ],
)
def test_a_bad_feature_is_refused_by_field_and_cause(second: object, field: str, cause: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(WEST, second)
    (fault,) = refused.value.faults
    assert fault.field == field
    assert cause in fault.cause


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"type":"Feature"}', b'{"type":"FeatureCollection","features":[]}', b"\xff", b"[" * 100_000]
)
def test_a_file_that_is_no_collection_is_refused(text: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read_boundaries(text, "forces.geojson", AREAS)
    assert len(refused.value.faults) == 1


def test_what_is_stored_comes_back_the_same() -> None:
    for one in FORCES.boundaries:
        again = read_shape(json.loads(json.dumps(one.as_geometry())))
        assert isinstance(again, Polygons)
        assert again == one.shape
