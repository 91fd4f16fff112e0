"""Many fixes against the zones of their wearers: inside, outside or uncertain, one verdict a fix and zone (rules.md 3).

The same verdict as the fold's (`geofence.fold`), without what the fold keeps: for matching stored facts against zones,
and for measuring what the geometry costs.
"""

from __future__ import annotations

from typing import Any

from geofence.compiled import borrowed, compiled
from geofence.geodesy import metres_per_degree
from geofence.shapes import box_distance_m, near_distance_m

SIGMA_PER_ACC = 2.4477
ACC_FLOOR_M = 5.0
INSIDE_SIGMAS = 1.644854
SURE_SIGMAS = 3.090232
FAR_SIGMAS = 6.5
"""Farther than this from a shape's edge the score is 0 or 1 to six decimals, whatever the exact distance."""


@compiled
def verdict_of(d_m: float, acc: float) -> int:
    """2 surely inside, 1 inside, 0 uncertain, -1 outside, -2 surely outside."""
    sigma = max(acc, ACC_FLOOR_M) / SIGMA_PER_ACC
    if abs(d_m) < INSIDE_SIGMAS * sigma:
        return 0
    side = 1 if d_m > 0.0 else -1
    return 2 * side if abs(d_m) >= SURE_SIGMAS * sigma else side


@compiled
def verdicts(
    lat: Any,
    lon: Any,
    acc: Any,
    first: Any,
    last: Any,
    rows: Any,
    shapes: Any,
    vlon: Any,
    vlat: Any,
    pen_up: Any,
    out: Any,
) -> int:
    """Hold each fix against its zones.

    Parameters
    ----------
    lat, lon : (fixes,) float64, degrees. acc : (fixes,) float64, metres, the 95 % radius that the device states.
    first, last : (fixes,) int64: the zones of fix i are ``rows[first[i]:last[i]]``.
    rows : int64, rows of ``shapes``.
    shapes, vlon, vlat, pen_up : as in `geofence.shapes.ShapeTable`.
    out : (sum of last - first,) int8, written fix by fix: `verdict_of`.

    Returns how many fix-zone pairs were near enough to be measured.
    """
    shapes, vlon, vlat, pen_up = borrowed(shapes), borrowed(vlon), borrowed(vlat), borrowed(pen_up)
    n, measured = 0, 0
    for i in range(len(lat)):
        east, north = metres_per_degree(lat[i])
        reach = FAR_SIGMAS * max(acc[i], ACC_FLOOR_M) / SIGMA_PER_ACC
        for k in range(first[i], last[i]):
            shape = shapes[rows[k]]
            if box_distance_m(shape, lat[i], lon[i], east, north) > reach:
                out[n] = -2
            else:
                measured += 1
                d_m = near_distance_m(shape, vlon, vlat, pen_up, lat[i], lon[i], east, north, reach)
                out[n] = verdict_of(d_m, acc[i])
            n += 1
    return measured
