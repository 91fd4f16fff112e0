"""Whether a zone gives away where a protected person is: its own wearer is told its shape (docs/decisions/0025). Pure.

A zone whose middle is their door, or that is so small that their door must be in it, is an address in other words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.records import LonLat, Shape
from geofence.geodesy import distance_m
from geofence.sizes import metres_outside, size_of

NEAR_M: Final = 250.0
"""A place nearer than this to a shape's middle, or to a small shape, is pointed at."""
SMALL_M: Final = 400.0
"""A shape of less than the area of a circle of this radius is small: some streets, and few doors."""


def points_at(shape: Shape, places: Iterable[LonLat]) -> bool:
    """Whether a shape points at one of some places (longitude, latitude)."""
    size = size_of(shape)
    lon, lat = size.middle
    small = size.radius_m < SMALL_M
    return any(
        distance_m(lat, lon, place[1], place[0]) < NEAR_M or (small and metres_outside(shape, *place) < NEAR_M)
        for place in places
    )
