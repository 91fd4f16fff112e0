"""Whether a place can be in the country: a coarse outline of Great Britain and Northern Ireland, with the sea about them. Pure.

It is for gross mistakes (longitude and latitude exchanged, a sign lost, a place abroad), not for borders: it is some kilometres wide
of the coast and of the land border, and holds no island of the Crown's dependencies but by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Corner = tuple[float, float]
"""Longitude and latitude, degrees."""

GREAT_BRITAIN: Final[Sequence[Corner]] = (
    (-6.60, 49.70),
    (-2.80, 50.10),
    (-0.20, 50.45),
    (1.15, 50.80),
    (1.50, 51.10),
    (1.65, 51.50),
    (2.05, 52.50),
    (1.60, 53.20),
    (0.60, 53.70),
    (-1.00, 54.90),
    (-1.60, 56.00),
    (-1.50, 57.70),
    (-2.40, 59.00),
    (-0.50, 60.00),
    (-0.50, 61.00),
    (-2.30, 61.00),
    (-4.00, 59.70),
    (-8.80, 58.20),
    (-8.80, 57.50),
    (-7.80, 56.60),
    (-6.90, 55.55),
    (-5.85, 55.20),
    (-5.35, 54.75),
    (-4.95, 54.45),
    (-4.20, 54.45),
    (-4.00, 53.80),
    (-4.80, 53.55),
    (-5.20, 52.40),
    (-5.60, 51.60),
    (-6.60, 50.20),
)
NORTHERN_IRELAND: Final[Sequence[Corner]] = (
    (-6.10, 53.98),
    (-5.30, 54.20),
    (-5.30, 54.75),
    (-5.85, 55.20),
    (-6.05, 55.45),
    (-6.90, 55.35),
    (-7.00, 55.20),
    (-7.27, 55.09),
    (-7.45, 55.03),
    (-7.50, 54.90),
    (-7.75, 54.75),
    (-7.95, 54.73),
    (-8.22, 54.48),
    (-8.05, 54.33),
    (-7.90, 54.20),
    (-7.65, 54.11),
    (-7.25, 54.10),
    (-7.05, 54.35),
    (-6.88, 54.24),
    (-6.68, 54.03),
    (-6.40, 54.03),
)


def in_country(lon: float, lat: float) -> bool:
    """Whether a place in degrees lies in the outline."""
    return _holds(GREAT_BRITAIN, lon, lat) or _holds(NORTHERN_IRELAND, lon, lat)


def _holds(ring: Sequence[Corner], lon: float, lat: float) -> bool:
    """Crossings of a ray to the west."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside
