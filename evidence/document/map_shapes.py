"""A condition's zone or place on a map's sheet, in metres: edges that are straight in degrees stay so, circles and corridors are round."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from domain.records import Circle, Condition, Corridor, Polygons, Shape
from evidence.document.projection import Sheet

LONGEST_STEP_DEG: Final = 0.01
"""An edge is bent onto the sheet in steps of this: what is off is under a millimetre of ground."""
ROUNDNESS: Final = 48
"""Segments of a quarter of a circle: a circle of 5 km is right to 0.7 m, which no scale shows."""


def shape_of(condition: Condition) -> Shape | None:
    """Where the condition says a wearer must be or must not be: its zone, or the circle of its place."""
    place = condition.place
    return condition.shape if place is None else Circle(place.lon, place.lat, place.radius_m)


def on_sheet(shape: Shape, sheet: Sheet) -> BaseGeometry:
    """The shape in metres east and north of the sheet's middle."""
    if isinstance(shape, Circle):
        east, north = sheet.metres([shape.lon], [shape.lat])
        return shapely.buffer(shapely.Point(east[0], north[0]), shape.radius_m, quad_segs=ROUNDNESS)
    if isinstance(shape, Corridor):
        laid = _laid(shapely.LineString(shape.line), sheet)
        return shapely.buffer(laid, shape.width_m / 2, quad_segs=ROUNDNESS)
    return _laid(_polygons(shape), sheet)


def box_of(shape: Shape) -> tuple[float, float, float, float]:
    """West, south, east, north of the shape's own points in degrees; a circle's or corridor's width is not in it."""
    if isinstance(shape, Circle):
        return shape.lon, shape.lat, shape.lon, shape.lat
    points = np.array(
        shape.line if isinstance(shape, Corridor) else [at for polygon in shape.polygons for at in polygon[0]]
    )
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    return float(west), float(south), float(east), float(north)


def rings_of(shape: BaseGeometry) -> list[NDArray[np.float64]]:
    """The rings of what is drawn, outer ones and holes, each (n, 2)."""
    rings: list[NDArray[np.float64]] = []
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            rings += [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
        elif isinstance(part, shapely.GeometryCollection):
            rings += rings_of(part)
    return rings


def _polygons(shape: Polygons) -> BaseGeometry:
    return shapely.MultiPolygon([shapely.Polygon(polygon[0], polygon[1:]) for polygon in shape.polygons])


def _laid(degrees: BaseGeometry, sheet: Sheet) -> BaseGeometry:
    fine = shapely.segmentize(degrees, LONGEST_STEP_DEG)

    def metres(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(sheet.metres(at[:, 0], at[:, 1]))

    return shapely.transform(fine, metres)
