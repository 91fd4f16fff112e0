"""Whether straight lines pass through a zone's interior (rules.md 4, drive-through)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.records import Circle, Corridor, LonLat, Polygons
from geofence.geodesy import metres_per_degree

_INTERIORS_MEET = "T********"


def crosses(shape: Polygons | Circle | Corridor, lines: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which lines have points inside the shape.

    Parameters
    ----------
    lines : (n, 2, 2) degrees: the start and the end of each as lon, lat; straight in both.
    """
    if isinstance(shape, Polygons):
        area = shapely.MultiPolygon([shapely.Polygon(p[0], p[1:]) for p in shape.polygons])
        meet: NDArray[np.bool_] = shapely.relate_pattern(shapely.linestrings(lines), area, _INTERIORS_MEET)
        return meet
    points: Sequence[LonLat] = [(shape.lon, shape.lat)] if isinstance(shape, Circle) else shape.line
    reach = shape.radius_m if isinstance(shape, Circle) else shape.width_m / 2.0
    scale = np.array([metres_per_degree(float(lat)) for lat in lines[:, :, 1].mean(axis=1)])
    flat = shapely.linestrings(lines * scale[:, np.newaxis, :])
    bodies = [_body(np.asarray(points, np.float64) * of) for of in scale]
    near: NDArray[np.bool_] = shapely.distance(flat, np.array(bodies, object)) < reach
    return near


def _body(points: NDArray[np.float64]) -> Any:
    return shapely.Point(points[0]) if len(points) == 1 else shapely.LineString(points)
