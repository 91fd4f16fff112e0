"""Zone shapes of a caseload file: GeoJSON polygons, circles and corridors, and why one cannot be judged against."""

from __future__ import annotations

import math
import re
from typing import Any

import shapely

from domain.caseload_values import Reader, Wrong, at, nearest, number, shown
from domain.records import Circle, Corridor, LonLat, Polygons, Ring, Shape

MAX_VERTICES = 10_000
"""Vertices of one zone; a ring's closing position is not counted again."""
MAX_CORRIDOR_WIDTH_M = 10_000.0
RADIUS_M = (10.0, 5_000.0)
_METRES_PER_DEGREE = 110_000.0
"""Of latitude, a little less than anywhere on WGS 84: reaches come out a little too long, never too short."""
_KEYS = {
    "Polygon": ("type", "coordinates"),
    "MultiPolygon": ("type", "coordinates"),
    "Circle": ("type", "center", "radius_m"),
    "Corridor": ("type", "coordinates", "width_m"),
}
_WHY_INVALID = {
    "Self-intersection": "its edge crosses or runs along itself, or two of its parts overlap or share an edge",
    "Ring Self-intersection": "a ring touches itself: draw the parts as separate rings or polygons",
    "Hole lies outside shell": "a hole lies outside its polygon's outer ring",
    "Holes are nested": "one hole lies inside another",
    "Interior is disconnected": "its holes cut the inside into pieces: draw the pieces as polygons of a MultiPolygon",
    "Nested shells": "one of its polygons lies inside another",
    "Duplicate Rings": "the same ring stands in it twice",
    "Too few points in geometry component": "a ring has fewer than three different corners, and so no area",
}


def read_shape(value: Any) -> Shape:
    """The shape of a zone, in place.

    Raises `Wrong` when it is not a Polygon, MultiPolygon, Circle or Corridor that is valid in the OGC sense, has an
    area, has at most `MAX_VERTICES`, and keeps off the 180th meridian and the poles.
    """
    if not isinstance(value, dict):
        raise Wrong(f'is {shown(value)}; must be a shape, such as {{"type":"Circle","center":[lon,lat],"radius_m":R}}')
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise Wrong(_unknown_kind(kind), ".type")
    for key in value:
        if key not in _KEYS[kind]:
            raise Wrong(f"has the key {shown(key)}; a {kind} has {', '.join(_KEYS[kind])}")
    for key in _KEYS[kind]:
        if key not in value:
            raise Wrong(f"has no {key}; a {kind} has {', '.join(_KEYS[kind])}")
    if kind == "Circle":
        return _circle(value)
    return _corridor(value) if kind == "Corridor" else _polygons(value, multi=kind == "MultiPolygon")


def _unknown_kind(kind: Any) -> str:
    if kind in ("Feature", "FeatureCollection"):
        return f"is {shown(kind)}; give the geometry of the feature, not the feature"
    hint = nearest(kind, _KEYS) if isinstance(kind, str) else ""
    return f"is {shown(kind)}; must be one of {', '.join(_KEYS)}{hint}"


def _circle(value: dict[str, Any]) -> Circle:
    lon, lat = at(".center", position, value["center"])
    radius_m = at(".radius_m", number(*RADIUS_M), value["radius_m"])
    _check_reach(((lon, lat),), radius_m, ".center")
    return Circle(lon, lat, radius_m)


def _corridor(value: dict[str, Any]) -> Corridor:
    line = at(".coordinates", _positions(2), value["coordinates"])
    width_m = at(".width_m", number(0, MAX_CORRIDOR_WIDTH_M, above=True), value["width_m"])
    _check_count(len(line))
    if all(point == line[0] for point in line):
        raise Wrong("has the same position throughout: a corridor leads from one place to another", ".coordinates")
    _check_meridian(line, ".coordinates")
    _check_reach(line, width_m / 2, ".coordinates")
    return Corridor(line, width_m)


def _polygons(value: dict[str, Any], *, multi: bool) -> Polygons:
    coordinates = _filled(value["coordinates"], ".coordinates", "polygons" if multi else "rings")
    polygons: list[tuple[Ring, ...]] = []
    for i, polygon in enumerate(coordinates if multi else [coordinates]):
        path = f".coordinates[{i}]" if multi else ".coordinates"
        rings = _filled(polygon, path, "rings")
        polygons.append(tuple(_ring(ring, f"{path}[{j}]") for j, ring in enumerate(rings)))
    _check_count(sum(len(ring) - 1 for polygon in polygons for ring in polygon))
    shape = Polygons(tuple(polygons))
    _check_valid(shape)
    return shape


def _filled(value: Any, path: str, of: str) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong(f"is {shown(value)}; must be a list of {of}", path)
    if not value:
        raise Wrong(f"is empty: a zone without {of} has no inside", path)
    return value


def _ring(value: Any, path: str) -> Ring:
    ring = at(path, _positions(4), value)
    if ring[0] != ring[-1]:
        raise Wrong(f"is not closed: it begins at {_told(ring[0])} and ends at {_told(ring[-1])}", path)
    _check_meridian(ring, path)
    return ring


def _positions(least: int) -> Reader[Ring]:
    def read(value: Any) -> Ring:
        if not isinstance(value, list):
            raise Wrong(f"is {shown(value)}; must be a list of positions [lon, lat]")
        if len(value) < least:
            closed = ", the last the same as the first" if least > 2 else ""
            raise Wrong(f"has {len(value)} positions; must have {least} or more{closed}")
        return tuple(at(f"[{i}]", position, item) for i, item in enumerate(value))

    return read


def position(value: Any) -> LonLat:
    """``[lon, lat]`` in degrees, WGS 84."""
    if not isinstance(value, list) or len(value) != 2 or any(not _is_finite(part) for part in value):
        raise Wrong(f"is {shown(value)}; must be [lon, lat], two numbers in degrees")
    lon, lat = float(value[0]), float(value[1])
    if not -180 <= lon <= 180 or not -90 <= lat <= 90:
        swapped = "; is it the wrong way round? Longitude comes first" if abs(lon) <= 90 < abs(lat) <= 180 else ""
        raise Wrong(f"is {shown(value)}; longitude must be from -180 to 180, latitude from -90 to 90{swapped}")
    return lon, lat


def _is_finite(part: Any) -> bool:
    return isinstance(part, int | float) and not isinstance(part, bool) and abs(part) <= _ANY_DEGREES


_ANY_DEGREES = 1e9
"""Past this a number of degrees is not shown as out of range, but as none at all; false for NaN and infinity too."""


def _told(point: LonLat) -> str:
    return f"[{point[0]:.6f}, {point[1]:.6f}]"


def _check_count(vertices: int) -> None:
    if vertices > MAX_VERTICES:
        raise Wrong(f"has {vertices:,} vertices; at most {MAX_VERTICES:,} are taken: simplify it", ".coordinates")


def _check_meridian(line: Ring, path: str) -> None:
    for i in range(1, len(line)):
        if abs(line[i][0] - line[i - 1][0]) > 180:
            told = f"crosses the 180th meridian between {_told(line[i - 1])} and {_told(line[i])}"
            raise Wrong(f"{told}; cut it there into two polygons", path)


def _check_reach(line: Ring, reach_m: float, path: str) -> None:
    """A circle or corridor must keep off the poles and the 180th meridian by its own reach."""
    reach_lat = reach_m / _METRES_PER_DEGREE
    for lon, lat in line:
        if abs(lat) + reach_lat >= 90:
            raise Wrong(f"reaches a pole from {_told((lon, lat))}; a zone must keep off them", path)
        reach_lon = reach_lat / math.cos(math.radians(abs(lat) + reach_lat))
        if abs(lon) + reach_lon > 180:
            raise Wrong(f"crosses the 180th meridian at {_told((lon, lat))}; draw it as polygons on either side", path)


def _check_valid(shape: Polygons) -> None:
    built = as_shapely(shape)
    valid = shapely.is_valid(built)
    # A flat ring is told as flat, though GEOS says that it runs along itself.
    if not (built.area if valid else shapely.convex_hull(built).area) > 0:
        raise Wrong("has no area: its corners lie on one line, or in one point", ".coordinates")
    if not valid:
        raise Wrong(_why_invalid(shapely.is_valid_reason(built)), ".coordinates")


def as_shapely(shape: Polygons) -> shapely.MultiPolygon:
    """The rings as shapely has them, in degrees."""
    parts = [shapely.Polygon(polygon[0], polygon[1:]) for polygon in shape.polygons]
    return shapely.MultiPolygon(parts)


def _why_invalid(reason: str) -> str:
    """GEOS's ``Self-intersection[0.5 51.2]`` in plain words, with the place."""
    match = re.fullmatch(r"([^\[]+)(?:\[(\S+) (\S+)\])?", reason)
    told, where = (match[1], match) if match else (reason, None)
    plain = _WHY_INVALID.get(told, f"is not a valid zone ({told})")
    near = f" (at [{float(where[2]):.6f}, {float(where[3]):.6f}])" if where is not None and where[2] else ""
    return f"cannot be judged against: {plain}{near}"
