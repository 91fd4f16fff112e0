"""Degrees to metres on a flat sheet: a transverse Mercator projection whose middle is the middle of the map.

Source: Krüger's series in the third flattening (Karney 2011, equations 7 to 9 and 35, to the third order): right to a micrometre of its
own definition, so what is left is the projection's own stretch, (distance from the middle / 6,371 km) squared over two: 3 parts in
100,000 at 50 km. North is up in the middle; no base map and no grid is drawn, so nothing else has to fit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Metres: TypeAlias = NDArray[np.float64]

SEMI_MAJOR_M: Final = 6_378_137.0
ECCENTRICITY_2: Final = 0.0066943799901413165
"""WGS 84, as `geofence.geodesy` has it, which compiles as it is imported."""
_FLATTENING: Final = 1.0 - float(np.sqrt(1.0 - ECCENTRICITY_2))
_N: Final = _FLATTENING / (2.0 - _FLATTENING)
_RADIUS_M: Final = SEMI_MAJOR_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_ALPHA: Final = (
    _N / 2 - 2 / 3 * _N**2 + 5 / 16 * _N**3,
    13 / 48 * _N**2 - 3 / 5 * _N**3,
    61 / 240 * _N**3,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A flat sheet around a middle, in degrees (WGS 84)."""

    lon: float
    lat: float

    def metres(self, lons: ArrayLike, lats: ArrayLike) -> tuple[Metres, Metres]:
        """Metres east and north of the middle."""
        east, north = _transverse(np.asarray(lons, np.float64) - self.lon, np.asarray(lats, np.float64))
        _, here = _transverse(np.zeros(1), np.array([self.lat]))
        return east, north - here[0]


def _transverse(lons: Metres, lats: Metres) -> tuple[Metres, Metres]:
    """Metres east of the meridian from which ``lons`` (degrees) count, and north of the equator."""
    lon, sine = np.radians(lons), np.sin(np.radians(lats))
    eccentricity = np.sqrt(ECCENTRICITY_2)
    t = np.sinh(np.arctanh(sine) - eccentricity * np.arctanh(eccentricity * sine))
    xi = np.arctan2(t, np.cos(lon))
    eta = np.arcsinh(np.sin(lon) / np.hypot(t, np.cos(lon)))
    east, north = eta.copy(), xi.copy()
    for j, alpha in enumerate(_ALPHA, start=1):
        east += alpha * np.cos(2 * j * xi) * np.sinh(2 * j * eta)
        north += alpha * np.sin(2 * j * xi) * np.cosh(2 * j * eta)
    return _RADIUS_M * east, _RADIUS_M * north
