"""How large a shape is, where its middle is, and how far something lies from it: for whoever draws it (rules.md 3 judges by it)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from domain.records import Circle, LonLat, Polygons, Ring, Shape
from geofence.geodesy import metres_per_degree
from geofence.shapes import signed_distance_m, table_of


@dataclass(frozen=True, slots=True)
class Size:
    """``area_m2`` in square metres, ``middle`` the centroid in degrees, and metres from west to east and from south to north.

    Flat about the shape's own middle: right to some parts in a thousand for shapes of up to 50 km.
    """

    area_m2: float
    middle: LonLat
    across_m: float
    tall_m: float

    @property
    def radius_m(self) -> float:
        """Of the circle of the same area."""
        return math.sqrt(self.area_m2 / math.pi)


def size_of(shape: Shape) -> Size:
    """The size of a shape that can be judged by."""
    if isinstance(shape, Circle):
        return Size(math.pi * shape.radius_m**2, (shape.lon, shape.lat), 2 * shape.radius_m, 2 * shape.radius_m)
    rings = [ring for polygon in shape.polygons for ring in polygon] if isinstance(shape, Polygons) else [shape.line]
    points = np.array([point for ring in rings for point in ring])
    lon, lat = (points.min(axis=0) + points.max(axis=0)) / 2
    scale = np.array(metres_per_degree(float(lat)))

    def flat(ring: Ring) -> list[LonLat]:
        return [(float(x), float(y)) for x, y in (np.array(ring) - (lon, lat)) * scale]

    if isinstance(shape, Polygons):
        found = shapely.MultiPolygon([(flat(one[0]), [flat(hole) for hole in one[1:]]) for one in shape.polygons])
    else:
        found = shapely.LineString(flat(shape.line)).buffer(shape.width_m / 2, quad_segs=32)
    west, south, east, north = found.bounds
    middle = (float(lon + found.centroid.x / scale[0]), float(lat + found.centroid.y / scale[1]))
    return Size(float(found.area), middle, east - west, north - south)


def metres_outside(shape: Shape, lon: float, lat: float) -> float:
    """Metres from a position to a shape; 0 inside it."""
    table = table_of([shape])
    return max(0.0, -signed_distance_m(table.shapes[0], table.lon, table.lat, table.pen_up, lat, lon))
