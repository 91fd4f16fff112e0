"""How far a place lies from a zone's edge: near enough to warn of, not to judge by (that is `geofence`)."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.caseload_shapes import as_shapely
from domain.records import Circle, Corridor, LonLat, Place, Polygons, Ring, Shape

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY2 = 0.006_694_379_990_141_3
"""WGS 84: semi-major axis, and the square of the first eccentricity."""


def edge_within_m(place: Place, shape: Shape, reach_m: float) -> float | None:
    """Metres from the place's centre to the zone's edge where that is at most ``reach_m``, else None.

    Flat around the place, with the ellipsoid's own scale there: right to a metre for edges that are near.
    """
    if isinstance(shape, Polygons):
        rings = [ring for polygon in shape.polygons for ring in polygon]
        if all(_far(place, ring, reach_m) for ring in rings):
            return None
        found = min(_to_line(place, ring) for ring in rings)
    elif isinstance(shape, Circle):
        found = abs(_to_line(place, ((shape.lon, shape.lat),) * 2) - shape.radius_m)
    else:
        found = abs(_to_line(place, shape.line) - shape.width_m / 2)
    return found if found <= reach_m else None


def holds(place: Place, shape: Shape) -> bool:
    """Whether the place's centre lies inside the zone."""
    if isinstance(shape, Circle):
        return _to_line(place, ((shape.lon, shape.lat),) * 2) < shape.radius_m
    if isinstance(shape, Corridor):
        return _to_line(place, shape.line) < shape.width_m / 2
    lons, lats = _bounds([point for polygon in shape.polygons for point in polygon[0]])
    if not (lons[0] <= place.lon <= lons[1] and lats[0] <= place.lat <= lats[1]):
        return False
    return bool(shapely.contains_xy(as_shapely(shape), place.lon, place.lat))


def _bounds(points: list[LonLat] | Ring) -> tuple[LonLat, LonLat]:
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return (min(lons), max(lons)), (min(lats), max(lats))


def _far(place: Place, ring: Ring, reach_m: float) -> bool:
    """Whether the ring's box alone shows that its edge is out of reach."""
    per_lon, per_lat = _metres_per_degree(place.lat)
    (west, east), (south, north) = _bounds(ring)
    # Twice the reach, for the scale at the box is not quite that at the place.
    lon_reach, lat_reach = 2 * reach_m / max(per_lon, 1.0), 2 * reach_m / per_lat
    beside = place.lon < west - lon_reach or place.lon > east + lon_reach
    return beside or place.lat < south - lat_reach or place.lat > north + lat_reach


def _to_line(place: Place, line: Ring) -> float:
    """Metres from the place's centre to the nearest point of a line."""
    points: NDArray[np.float64] = np.array(line)
    # The scale half-way is what keeps a circle's far centre right; for what is near it is that of the place.
    nearest_lat = points[np.argmin(np.abs(points[:, 1] - place.lat)), 1]
    scale = np.array(_metres_per_degree((place.lat + float(nearest_lat)) / 2))
    xy = (points - (place.lon, place.lat)) * scale
    start, step = xy[:-1], np.diff(xy, axis=0)
    length2 = np.maximum((step * step).sum(axis=1), np.finfo(np.float64).tiny)
    along = np.clip(-(start * step).sum(axis=1) / length2, 0.0, 1.0)
    away = start + step * along[:, None]
    return float(np.sqrt((away * away).sum(axis=1).min()))


def _metres_per_degree(lat: float) -> tuple[float, float]:
    """(longitude, latitude) on WGS 84 at a latitude."""
    sin2 = math.sin(math.radians(lat)) ** 2
    curved = 1 - _ECCENTRICITY2 * sin2
    east = _EQUATOR_M / math.sqrt(curved) * math.cos(math.radians(lat))
    north = _EQUATOR_M * (1 - _ECCENTRICITY2) / curved**1.5
    return math.radians(east), math.radians(north)
