"""What the geofence benchmark holds against what: seeded wearers, five zones each, and fixes, as columns.

Zones are star-shaped polygons of 8 to 60 corners and some hundred metres to some kilometres across: two near the home of
their wearer, one some kilometres away, two tens of kilometres away. Most fixes are far from every edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.records import Polygons
from geofence.shapes import ShapeTable, table_of

ZONES_EACH = 5
MIN_CORNERS, MAX_CORNERS = 8, 60
MIN_RADIUS_M, MAX_RADIUS_M = 200.0, 3_000.0
DISTANCES_KM = ((0.5, 4.0), (0.5, 4.0), (5.0, 20.0), (20.0, 80.0), (20.0, 80.0))
"""From a wearer's home to the middle of each of the zones."""
ABOUT_HOME, OUT, AWAY, AT_EDGE, INSIDE = 0.60, 0.25, 0.08, 0.05, 0.02
"""Shares of the fixes: some hundred metres from home, kilometres from it, tens of them; about an edge of a zone; in one."""
METRES_A_DEGREE = 111_195.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Load:
    """Zone k of wearer w is row ``5 w + k`` of the table; a fix's zones are those of its owner."""

    zones: list[Polygons]
    table: ShapeTable
    owner: NDArray[np.int64]
    lat: Floats
    lon: Floats
    acc: Floats

    def calls(self) -> tuple[Any, ...]:
        """The arguments of `geofence.verdicts.verdicts` up to ``out``."""
        first = self.owner * ZONES_EACH
        table = self.table
        rows = np.arange(len(self.zones))
        return (
            self.lat, self.lon, self.acc, first, first + ZONES_EACH, rows,
            table.shapes, table.lon, table.lat, table.pen_up,
        )  # fmt: skip


SHARES = (ABOUT_HOME, OUT, AWAY, AT_EDGE, INSIDE)


def load(wearers: int, fixes: int, seed: int = 1, about: tuple[float, ...] = SHARES) -> Load:
    """Everything, by seed; ``about`` are the shares of the kinds of fixes."""
    rng = np.random.default_rng(seed)
    home_lat, home_lon = rng.uniform(50.6, 55.0, wearers), rng.uniform(-3.5, 1.3, wearers)
    zones, middle = _zones(rng, home_lat, home_lon)
    owner = rng.integers(0, wearers, fixes)
    kind = rng.choice(5, fixes, p=about)
    reach_m = np.choose(kind, (300.0, 3_000.0, 30_000.0, 0.0, 0.0))
    lat, lon = _moved(home_lat[owner], home_lon[owner], *rng.normal(0.0, 1.0, (2, fixes)) * reach_m)
    zone = owner * ZONES_EACH + rng.integers(0, ZONES_EACH, fixes)
    for i in np.flatnonzero(kind >= 3).tolist():
        ring = zones[zone[i]].polygons[0][0]
        corner = ring[int(rng.integers(0, len(ring)))]
        inwards = rng.uniform(0.2, 0.9) if kind[i] == 4 else 0.0
        at_lon, at_lat = corner[0], corner[1]
        lon[i] = at_lon + (middle[zone[i], 0] - at_lon) * inwards
        lat[i] = at_lat + (middle[zone[i], 1] - at_lat) * inwards
    lat, lon = _moved(lat, lon, *np.where(kind == 3, rng.normal(0.0, 40.0, (2, fixes)), 0.0))
    acc = np.clip(rng.lognormal(np.log(9.0), 0.6, fixes), 2.0, 150.0)
    return Load(zones, table_of(zones), owner, np.round(lat, 7), np.round(lon, 7), np.round(acc, 1))


def _moved(lat: Floats, lon: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    return lat + north_m / METRES_A_DEGREE, lon + east_m / METRES_A_DEGREE / np.cos(np.radians(lat))


def _zones(rng: np.random.Generator, home_lat: Floats, home_lon: Floats) -> tuple[list[Polygons], Floats]:
    zones, middles = [], []
    for lat, lon in zip(home_lat.tolist(), home_lon.tolist(), strict=True):
        for low_km, high_km in DISTANCES_KM:
            way_m, bearing = rng.uniform(low_km, high_km) * 1000.0, rng.uniform(0.0, 2.0 * np.pi)
            at = _moved(np.array([lat]), np.array([lon]), way_m * np.sin(bearing), way_m * np.cos(bearing))
            middle = (float(at[1][0]), float(at[0][0]))
            middles.append(middle)
            zones.append(_star(rng, *middle))
    return zones, np.array(middles)


def _star(rng: np.random.Generator, lon: float, lat: float) -> Polygons:
    """A valid polygon: its corners go round its middle once, each at a distance of its own."""
    corners = int(rng.integers(MIN_CORNERS, MAX_CORNERS + 1))
    angle = (np.arange(corners) + rng.uniform(0.1, 0.9, corners)) * (2.0 * np.pi / corners)
    size_m = np.exp(rng.uniform(np.log(MIN_RADIUS_M), np.log(MAX_RADIUS_M)))
    radius_m = size_m * rng.uniform(0.6, 1.0, corners)
    at_lat, at_lon = _moved(
        np.full(corners, lat), np.full(corners, lon), radius_m * np.sin(angle), radius_m * np.cos(angle)
    )
    points = list(zip(np.round(at_lon, 6).tolist(), np.round(at_lat, 6).tolist(), strict=True))
    return Polygons((((*points, points[0]),),))
