"""The zones benchmark as somebody would write it with geopandas: whole columns, metres on the British National Grid."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bench.zone_load import ZONES_EACH, Load
from geofence.verdicts import ACC_FLOOR_M, FAR_SIGMAS, INSIDE_SIGMAS, SIGMA_PER_ACC, SURE_SIGMAS

GRID: Final = 27700
DEGREES: Final = 4326


class Frames:
    """Zones and fixes as frames. Reading, projecting and preparing the zones is not counted; projecting the fixes is."""

    def __init__(self, work: Load, fixes: int) -> None:
        polygons = [shapely.Polygon(zone.polygons[0][0]) for zone in work.zones]
        owners = np.arange(len(polygons)) // ZONES_EACH
        self.zones = geopandas.GeoDataFrame({"owner": owners}, geometry=polygons, crs=DEGREES).to_crs(GRID)
        self.edges = self.zones.boundary
        for frame in (self.zones.geometry, self.edges):
            shapely.prepare(frame.to_numpy())
        self.fixes = pd.DataFrame({name: getattr(work, name)[:fixes] for name in ("owner", "lat", "lon", "acc")})
        self.size = fixes

    def covers(self) -> tuple[Any, NDArray[np.int64], NDArray[np.bool_]]:
        """Each fix with each zone of its owner: the points, the zones' rows, and whether it is inside."""
        points = geopandas.GeoSeries.from_xy(self.fixes["lon"], self.fixes["lat"], crs=DEGREES).to_crs(GRID)
        zone = (self.fixes["owner"].to_numpy()[:, None] * ZONES_EACH + np.arange(ZONES_EACH)).ravel()
        points = points.iloc[np.repeat(np.arange(self.size), ZONES_EACH)].reset_index(drop=True)
        shapes = self.zones.geometry.iloc[zone].reset_index(drop=True)
        return points, zone, shapes.covers(points, align=False).to_numpy()

    def verdicts(self) -> NDArray[np.int8]:
        """A verdict a fix and zone, distances taken of the near ones alone."""
        points, zone, inside = self.covers()
        sigma = np.repeat(np.maximum(self.fixes["acc"].to_numpy(), ACC_FLOOR_M) / SIGMA_PER_ACC, ZONES_EACH)
        edges = self.edges.iloc[zone].reset_index(drop=True)
        near = np.flatnonzero(edges.dwithin(points, FAR_SIGMAS * sigma, align=False).to_numpy())
        metres = np.full(len(zone), np.inf)
        metres[near] = edges.iloc[near].distance(points.iloc[near], align=False).to_numpy()
        size = np.where(metres >= SURE_SIGMAS * sigma, 2, 1)
        size[metres < INSIDE_SIGMAS * sigma] = 0
        return np.where(inside, size, -size).astype(np.int8)


def versions() -> dict[str, str]:
    """Of what does the work, beside the libraries that every result names."""
    return {name: version(name) for name in ("geopandas", "pyproj", "pandas")}
