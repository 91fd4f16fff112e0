"""Police forces by their boundaries: which one holds a place, and which is a wearer's home force (alerts.md). Pure.

Boundaries are data: a GeoJSON FeatureCollection (docs/rota.md), each feature's property `area` naming an area of kind
`police_force`. Where two overlap, a place is held by the one whose area comes first by name; an import warns of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.caseload_shapes import as_shapely, read_shape
from domain.caseload_values import Wrong, at, shown
from domain.errors import BadInput, Fault
from domain.records import Area, Place, Polygons
from domain.vocabulary import AreaKind

LEAST_OVERLAP: Final = 1e-6
"""Of the smaller force's ground: neighbours that share a line with rounded corners are no overlap."""
LONGEST_FILE_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Boundary:
    """The ground of one force."""

    area: str
    shape: Polygons

    def as_geometry(self) -> dict[str, Any]:
        """A GeoJSON MultiPolygon."""
        return {
            "type": "MultiPolygon",
            "coordinates": [[list(map(list, ring)) for ring in one] for one in self.shape.polygons],
        }


class Forces:
    """The boundaries, ready to be asked."""

    def __init__(self, boundaries: Iterable[Boundary] = ()) -> None:
        self.boundaries = tuple(sorted(boundaries, key=lambda one: one.area))
        self._shapes = [as_shapely(one.shape) for one in self.boundaries]
        shapely.prepare(self._shapes)

    def force_at(self, place: Place) -> str | None:
        """The area of the force that holds a place; None where none does, as at sea. What lies on a line is the first's."""
        point = shapely.Point(place.lon, place.lat)
        for boundary, shape in zip(self.boundaries, self._shapes, strict=True):
            if shape.intersects(point):
                return boundary.area
        return None

    def holds(self, area: str, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which places lie in the ground of a force, or on its line: (places,) bool. In none without a boundary."""
        for boundary, shape in zip(self.boundaries, self._shapes, strict=True):
            if boundary.area == area:
                held: NDArray[np.bool_] = shapely.intersects_xy(shape, lon, lat)
                return held
        return np.zeros(len(lon), np.bool_)

    def home_force(self, area: str | None, areas: Mapping[str, Area], home: Place | None) -> str | None:
        """The force above an order's area, else the one that holds the place of the wearer's curfew."""
        seen: set[str] = set()
        while area is not None and area not in seen:
            seen.add(area)
            known = areas.get(area)
            if known is not None and known.kind is AreaKind.POLICE_FORCE:
                return known.id
            area = None if known is None else known.parent
        return None if home is None else self.force_at(home)


def read_boundaries(text: bytes, file: str, areas: Mapping[str, Area]) -> tuple[list[Boundary], list[Fault]]:
    """The boundaries of a file, and what it is warned of. Raises `BadInput` with every fault; then nothing is taken.

    The field of a fault names the feature, counted from 0: ``features[2].geometry.coordinates``.
    """
    faults: list[Fault] = []
    found: dict[str, Boundary] = {}
    for number, feature in enumerate(_features(text, file)):
        try:
            boundary = at(f"features[{number}]", lambda value: _boundary(value, areas), feature)
            if boundary.area in found:
                raise Wrong(f"is {boundary.area!r} a second time; write one MultiPolygon", _field(number, "area"))
        except Wrong as wrong:
            faults.append(Fault(file, 0, wrong.path, wrong.cause))
        else:
            found[boundary.area] = boundary
    if faults:
        raise BadInput(faults)
    return list(found.values()), [Fault(file, 0, "features", cause) for cause in overlaps(found.values())]


def _field(number: int, name: str) -> str:
    return f"features[{number}].properties.{name}"


def _features(text: bytes, file: str) -> list[Any]:
    try:
        if len(text) > LONGEST_FILE_BYTES:
            raise Wrong(f"has {len(text):,} bytes; at most {LONGEST_FILE_BYTES:,} are taken")
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput([Fault(file, 0, "file", f"is not JSON: {error}")]) from None
    except Wrong as wrong:
        raise BadInput([Fault(file, 0, "file", wrong.cause)]) from None
    if not isinstance(whole, dict) or whole.get("type") != "FeatureCollection":
        raise BadInput([Fault(file, 0, "type", "must be a GeoJSON FeatureCollection")])
    features = whole.get("features")
    if not isinstance(features, list) or not features:
        raise BadInput([Fault(file, 0, "features", "must be a list of at least one feature")])
    return features


def _boundary(feature: Any, areas: Mapping[str, Area]) -> Boundary:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise Wrong(f"is {shown(feature)}; must be a GeoJSON Feature")
    properties = feature.get("properties")
    name = properties.get("area") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise Wrong(f"is {shown(name)}; must be the id of an area of kind police_force", ".properties.area")
    known = areas.get(name)
    if known is None:
        raise Wrong(f"is {name!r}, an area that the caseload does not have; import the area first", ".properties.area")
    if known.kind is not AreaKind.POLICE_FORCE:
        raise Wrong(f"is {name!r}, an area of kind {known.kind.value}; must be a police_force", ".properties.area")
    shape = at(".geometry", read_shape, feature.get("geometry"))
    if not isinstance(shape, Polygons):
        raise Wrong("must be a Polygon or MultiPolygon", ".geometry.type")
    return Boundary(name, shape)


def overlaps(boundaries: Iterable[Boundary]) -> list[str]:
    """In words: which forces hold the same ground."""
    shapes = [(one.area, as_shapely(one.shape)) for one in sorted(boundaries, key=lambda one: one.area)]
    found = []
    for (first, ground), (second, other) in combinations(shapes, 2):
        if not ground.intersects(other):
            continue
        shared = ground.intersection(other).area
        if shared > LEAST_OVERLAP * min(ground.area, other.area):
            share = 100 * shared / min(ground.area, other.area)
            found.append(f"{first!r} and {second!r} share {share:.2g} % of the smaller; there {first!r} is told")
    return found
