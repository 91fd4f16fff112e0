"""Whether fixes lie in zones, or no farther from them than so much: metres and nothing else, no score (rules.md 3 has that)."""

from __future__ import annotations

from typing import Any

from geofence.compiled import borrowed, compiled
from geofence.geodesy import metres_per_degree
from geofence.shapes import box_distance_m, near_distance_m

MARGIN_M = 1.0
"""Distances are exact this far beyond what is asked, so that a rounded millimetre turns nothing."""


@compiled
def nearby(
    lat: Any,
    lon: Any,
    reach_m: Any,
    outside: Any,
    row: Any,
    shapes: Any,
    vlon: Any,
    vlat: Any,
    pen_up: Any,
    out: Any,
) -> None:
    """Hold each fix against one shape.

    Parameters
    ----------
    lat, lon : (pairs,) float64, degrees.
    reach_m : (pairs,) float64, metres, 0 or more.
    outside : (pairs,) bool. False: is it inside the shape, or at most ``reach_m`` out of it? True: outside, or at most so deep?
    row : (pairs,) int64, rows of ``shapes``.
    shapes, vlon, vlat, pen_up : as in `geofence.shapes.ShapeTable`.
    out : (pairs,) bool, written.
    """
    shapes, vlon, vlat, pen_up = borrowed(shapes), borrowed(vlon), borrowed(vlat), borrowed(pen_up)
    for i in range(len(lat)):
        shape = shapes[row[i]]
        east, north = metres_per_degree(lat[i])
        box_m = box_distance_m(shape, lat[i], lon[i], east, north)
        if outside[i] and box_m > 0.0:
            out[i] = True
        elif box_m > reach_m[i]:
            out[i] = False
        else:
            exact_m = reach_m[i] + MARGIN_M
            d_m = near_distance_m(shape, vlon, vlat, pen_up, lat[i], lon[i], east, north, exact_m)
            out[i] = d_m <= reach_m[i] if outside[i] else d_m >= -reach_m[i]
