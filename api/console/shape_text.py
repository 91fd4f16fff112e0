"""A zone's shape as lines of text, so that whoever uses no mouse can draw it: one corner a line, latitude first. Pure.

A line ``hole`` begins a hole in the polygon before it, a line ``part`` another polygon. GeoJSON may stand there instead. The scripts of the
zone editor read and write the same (`web/editor/shape_text.ts`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.console.typed import Form

POLYGON, CIRCLE, CORRIDOR = "polygon", "circle", "corridor"
SHAPE, POINTS, RADIUS, WIDTH = "shape", "points", "radius", "width"
HOLE, PART = "hole", "part"
LONGEST: Final = 600_000
"""Characters of the text."""
_PAIR: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*[,;\s]\s*(-?[0-9]+(?:\.[0-9]+)?)")

Shape = dict[str, Any]


def shape_of(form: Form) -> Shape | None:
    """The shape that was typed; None when it is none, which is told at its field."""
    text = form[POINTS].strip()
    if not text:
        form.fault(POINTS, "Draw the zone on the map, or enter its corners")
        return None
    if text.startswith("{"):
        return _geojson(form, text)
    rings = _rings(form, text)
    if rings is None:
        return None
    if form[SHAPE] == CIRCLE:
        return _circle(form, rings)
    if form[SHAPE] == CORRIDOR:
        width = form.number(WIDTH, "The width")
        if width is None:
            form.fault(WIDTH, "Enter the width of the corridor in metres")
            return None
        return {"type": "Corridor", "coordinates": rings[0][0], "width_m": width}
    return _polygons(form, rings)


def fill(form: Form, shape: Mapping[str, Any] | None) -> None:
    """Puts a shape into the fields, where nothing was typed."""
    if shape is None or form[POINTS]:
        form.values.setdefault(SHAPE, POLYGON)
        return
    kind = shape["type"]
    if kind == "Circle":
        form.values |= {SHAPE: CIRCLE, POINTS: _line(shape["center"]), RADIUS: f"{shape['radius_m']:g}"}
    elif kind == "Corridor":
        form.values |= {SHAPE: CORRIDOR, POINTS: _lines(shape["coordinates"]), WIDTH: f"{shape['width_m']:g}"}
    else:
        polygons = shape["coordinates"] if kind == "MultiPolygon" else [shape["coordinates"]]
        form.values |= {SHAPE: POLYGON, POINTS: f"\n{PART}\n".join(_polygon_text(one) for one in polygons)}


def shape_words(shape: Mapping[str, Any]) -> str:
    """What sort of shape it is, for a list."""
    kind = shape["type"]
    if kind == "Circle":
        return f"circle, radius {shape['radius_m']:g} m"
    if kind == "Corridor":
        return f"corridor, {shape['width_m']:g} m wide"
    polygons = shape["coordinates"] if kind == "MultiPolygon" else [shape["coordinates"]]
    corners = sum(len(ring) - 1 for polygon in polygons for ring in polygon)
    parts = f"{len(polygons)} polygons" if len(polygons) > 1 else "polygon"
    holes = sum(len(polygon) - 1 for polygon in polygons)
    with_holes = f" with {holes} hole{'s' if holes > 1 else ''}" if holes else ""
    return f"{parts}{with_holes}, {corners} corners"


def size_words(told: Mapping[str, Any]) -> str:
    """``7.5 hectares, 240 m from west to east, 310 m from south to north`` of what the API tells of a shape."""
    area = told["area_m2"]
    if area >= 1_000_000:
        size = f"{area / 1_000_000:,.2f} km²"
    else:
        size = f"{area / 10_000:,.1f} hectares" if area >= 10_000 else f"{area:,.0f} m²"
    return f"{size}, {told['across_m']:,.0f} m from west to east, {told['tall_m']:,.0f} m from south to north"


def position(text: str) -> tuple[float, float] | None:
    """A latitude and a longitude in degrees; None for what is none."""
    pair = _PAIR.fullmatch(text.strip())
    if pair is None:
        return None
    lat, lon = float(pair[1]), float(pair[2])
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def _geojson(form: Form, text: str) -> Shape | None:
    try:
        found = json.loads(text)
    except ValueError:
        form.fault(POINTS, "This begins like GeoJSON and cannot be read as it: paste the whole object")
        return None
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    if isinstance(found, dict) and found.get("type") == "FeatureCollection" and len(found.get("features") or ()) == 1:
        found = found["features"][0].get("geometry")
    if not isinstance(found, dict) or found.get("type") not in ("Polygon", "MultiPolygon", "Circle", "Corridor"):
        form.fault(POINTS, "Give one Polygon or MultiPolygon, or a Feature with one")
        return None
    return found


def _rings(form: Form, text: str) -> list[list[list[list[float]]]] | None:
    """Polygons of rings of positions (longitude first); None when a line cannot be read."""
    found: list[list[list[list[float]]]] = [[[]]]
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip().lower()
        if not words:
            continue
        if words == PART:
            found.append([[]])
        elif words == HOLE:
            found[-1].append([])
        elif (place := position(words)) is None:
            form.fault(POINTS, f"Line {number} must be a latitude and a longitude in degrees, such as 51.5310, -0.1210")
            return None
        else:
            found[-1][-1].append([place[1], place[0]])
    return found


def _circle(form: Form, rings: Sequence[Sequence[Sequence[list[float]]]]) -> Shape | None:
    points = [point for polygon in rings for ring in polygon for point in ring]
    if len(points) != 1:
        form.fault(POINTS, "A circle has one line: its centre")
    radius = form.number(RADIUS, "The radius")
    if radius is None:
        form.fault(RADIUS, "Enter the radius of the circle in metres")
        return None
    return {"type": "Circle", "center": points[0], "radius_m": radius} if len(points) == 1 else None


def _polygons(form: Form, rings: list[list[list[list[float]]]]) -> Shape | None:
    for polygon in rings:
        for ring in polygon:
            if len(ring) < 3 or (len(ring) == 3 and ring[0] == ring[-1]):
                form.fault(POINTS, "A polygon, and each hole in it, has three corners or more")
                return None
            if ring[0] != ring[-1]:
                ring.append(ring[0])
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _polygon_text(rings: Sequence[Sequence[Sequence[float]]]) -> str:
    return f"\n{HOLE}\n".join(_lines(ring[:-1]) for ring in rings)


def _lines(points: Sequence[Sequence[float]]) -> str:
    return "\n".join(_line(point) for point in points)


def _line(point: Sequence[float]) -> str:
    lon, lat = point[:2]
    return f"{_degrees(lat)}, {_degrees(lon)}"


def _degrees(value: float) -> str:
    """Seven digits at most, a centimetre, and no more than there are."""
    text = f"{value:.7f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
