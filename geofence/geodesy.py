"""Distances on the WGS 84 ellipsoid, right to 0.1 % or 0.05 m up to 50 km (rules.md 3).

Source: Gauss's mid-latitude formula; the meridian and the prime-vertical radius of curvature at the mean latitude
scale the differences of latitude and longitude. Its relative error grows with the square of the distance and is under
2e-5 at 50 km and 60 degrees north (tests/geofence/test_geodesy.py measures it against geodesics).
"""

from __future__ import annotations

import math

from geofence.compiled import compiled

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_2 = 0.0066943799901413165
RADIAN = math.pi / 180.0


@compiled
def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres that one degree of longitude and one of latitude measure at ``lat`` (degrees)."""
    s = math.sin(lat * RADIAN)
    w2 = 1.0 - ECCENTRICITY_2 * s * s
    w = math.sqrt(w2)
    east = SEMI_MAJOR_M / w * math.cos(lat * RADIAN) * RADIAN
    north = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / (w2 * w) * RADIAN
    return east, north


@compiled
def degrees_east(from_lon: float, to_lon: float) -> float:
    """The shorter way round from one longitude to another, in degrees, east positive."""
    delta = to_lon - from_lon
    if delta > 180.0:
        return delta - 360.0
    if delta < -180.0:
        return delta + 360.0
    return delta


@compiled
def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two positions in degrees."""
    east, north = metres_per_degree(0.5 * (lat1 + lat2))
    x = degrees_east(lon1, lon2) * east
    y = (lat2 - lat1) * north
    return math.sqrt(x * x + y * y)
