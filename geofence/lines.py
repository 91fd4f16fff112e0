"""Whether a straight line passes through a zone's interior (rules.md 4, drive-through). Rare, so by shapely."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from domain.records import Circle, Corridor, LonLat, Polygons
from geofence.geodesy import metres_per_degree

_INTERIORS_MEET = "T********"


def crosses(shape: Polygons | Circle | Corridor, start: LonLat, end: LonLat) -> bool:
    """Whether the line from ``start`` to ``end`` (lon, lat; straight in both) has points inside the shape."""
    if isinstance(shape, Polygons):
        area = shapely.MultiPolygon([shapely.Polygon(p[0], p[1:]) for p in shape.polygons])
        return bool(shapely.relate_pattern(shapely.LineString([start, end]), area, _INTERIORS_MEET))
    points: Sequence[LonLat] = [(shape.lon, shape.lat)] if isinstance(shape, Circle) else shape.line
    reach = shape.radius_m if isinstance(shape, Circle) else shape.width_m / 2.0
    east, north = metres_per_degree(0.5 * (start[1] + end[1]))
    line = shapely.LineString([(x * east, y * north) for x, y in (start, end)])
    flat = [(x * east, y * north) for x, y in points]
    body = shapely.Point(flat[0]) if len(flat) == 1 else shapely.LineString(flat)
    return bool(shapely.distance(line, body) < reach)
