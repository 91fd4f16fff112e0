"""The places and zones of conditions as GeoJSON for the console's maps (`web/map/small.ts`). Nothing of a protected person is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]


def features(conditions: Iterable[Json], zones: Mapping[str, Json], names: Mapping[str, str]) -> Json:
    """A FeatureCollection: a `home` for each place, a `zone` for each zone. ``names`` are what the conditions are called on the map."""
    found = []
    for one in conditions:
        label = names.get(one["id"], "")
        if one.get("zone"):
            shape = one["zone"] if "type" in one["zone"] else zones.get(one["zone"]["id"], {}).get("shape")
            if shape is not None:
                found.append(_zone(shape, one, label))
        elif one.get("place"):
            found.append(_place(one, label))
    return {"type": "FeatureCollection", "features": found}


def _zone(shape: Json, condition: Json, label: str) -> Json:
    told: Json = {"kind": "zone", "sort": condition["kind"], "name": label}
    if shape["type"] == "Circle":
        return _feature("Point", shape["center"], told | {"radius_m": shape["radius_m"]})
    if shape["type"] == "Corridor":
        return _feature("LineString", shape["coordinates"], told | {"width_m": shape["width_m"]})
    return _feature(shape["type"], shape["coordinates"], told)


def _place(condition: Json, label: str) -> Json:
    place = condition["place"]
    attends = condition["kind"] == "attendance"
    told = {"kind": "zone", "sort": "attendance"} if attends else {"kind": "home"}
    return _feature("Point", [place["lon"], place["lat"]], told | {"name": label, "radius_m": place["radius_m"]})


def _feature(kind: str, coordinates: Any, properties: Json) -> Json:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
