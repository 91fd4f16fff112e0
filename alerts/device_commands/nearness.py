"""Whose zone is near: its edge lies within what can be reached in a few minutes from the newest used fix. Pure, vectorised.

Near enough to ask a device more often, not to judge by (that is `geofence`): distances are flat around each zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.instants import MINUTE_US, SECOND_US
from domain.records import Circle, Corridor, Polygons, Shape, Timetable

REACH_S: Final = 180.0
"""What can be reached within three minutes is near: two positions come before it at the usual minute, and a command in time."""
SLOWEST_M_S: Final = 2.0
"""Whoever stands may walk off."""
UNSAID_M_S: Final = 8.0
"""Of a fix that states no speed: through a town."""
FASTEST_M_S: Final = 30.0
FRESH_US: Final = 5 * MINUTE_US
"""An older fix no longer says what is near."""
_METRES_A_DEGREE: Final = 111_320.0

Floats = NDArray[np.float64]
Edge = tuple[Any, float, float, float, float]
Opens = Callable[[Timetable, int, int], bool]
"""Whether a timetable has a window within ``[from, to)``."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A zone condition of the wearer of a device. ``order_from_us`` to ``order_to_us`` is when it is in force."""

    device: str
    device_no: int
    condition: str
    shape: Shape
    timetable: Timetable | None
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class Places:
    """The newest used fix of some devices, in columns: degrees, metres, metres a second (nan: not stated), microseconds UTC."""

    device_nos: NDArray[np.int64]
    lon: Floats
    lat: Floats
    acc_m: Floats
    spd_m_s: Floats
    t_us: NDArray[np.int64]


def reach_m(speeds_m_s: Floats, acc_m: Floats, age_s: Floats) -> Floats:
    """How far each may get from where the fix shows them, metres: `REACH_S` on from now, at the speed that it states."""
    said = np.where(np.isnan(speeds_m_s), UNSAID_M_S, np.clip(speeds_m_s, SLOWEST_M_S, FASTEST_M_S))
    found: Floats = said * (REACH_S + np.maximum(age_s, 0.0)) + acc_m
    return found


class Zones:
    """The edges of many zones, each in metres around a middle of its own, to be measured together.

    ``before``: those of an earlier reading; the edge of a shape that is the same object is not made again.
    """

    def __init__(self, watched: Sequence[Watched], before: Zones | None = None) -> None:
        self.watched = list(watched)
        made = {} if before is None else before._made
        self._made: dict[int, tuple[Shape, Edge]] = {}
        for one in self.watched:
            key = id(one.shape)  # the shape is kept beside its edge, so that its id stays its own
            if key not in self._made:
                self._made[key] = made.get(key) or (one.shape, _edge(one.shape))
        rows = [self._made[id(one.shape)][1] for one in self.watched]
        self._edges = np.array([row[0] for row in rows], object)
        self._lon, self._lat, self._east, self._size_m = (
            np.array([row[column] for row in rows], np.float64) for column in range(1, 5)
        )
        self.device_nos = np.array([one.device_no for one in self.watched], np.int64)
        self._from_us = np.array([one.from_us for one in self.watched], np.int64)
        self._to_us = np.array([one.to_us for one in self.watched], np.int64)
        numbers: dict[Timetable | None, int] = {}
        self._timetable = np.array([numbers.setdefault(one.timetable, len(numbers)) for one in self.watched], np.int64)
        self._timetables = list(numbers)

    def near(self, places: Places, opens: Opens, now_us: int) -> list[Watched]:
        """Those zones that are near, the nearest first, and that count now or before they can be reached."""
        in_force = self._in_force(opens, now_us)
        if not len(places.device_nos) or not len(self.watched):
            return []
        order = np.argsort(places.device_nos)
        at = np.minimum(np.searchsorted(places.device_nos[order], self.device_nos), len(order) - 1)
        fix = order[at]
        fresh = now_us - places.t_us[fix] <= FRESH_US
        rows = np.flatnonzero((places.device_nos[fix] == self.device_nos) & fresh & in_force)
        fix = fix[rows]
        away_m = self._away_m(rows, places.lon[fix], places.lat[fix])
        age_s = (now_us - places.t_us[fix]) / SECOND_US
        is_near = away_m <= reach_m(places.spd_m_s[fix], places.acc_m[fix], age_s)
        nearest = rows[is_near][np.argsort(away_m[is_near], kind="stable")]
        return [self.watched[row] for row in nearest.tolist()]

    def _in_force(self, opens: Opens, now_us: int) -> NDArray[np.bool_]:
        soon_us = now_us + round(REACH_S * SECOND_US)
        runs = [one is None or opens(one, now_us, soon_us) for one in self._timetables]
        held: NDArray[np.bool_] = (self._from_us < soon_us) & (self._to_us > now_us)
        return held & np.array(runs, bool)[self._timetable] if runs else held

    def _away_m(self, rows: NDArray[np.intp], lon: Floats, lat: Floats) -> Floats:
        """Metres from each place to the edge of the zone of its row, from within or from without."""
        x = (lon - self._lon[rows]) * self._east[rows]
        y = (lat - self._lat[rows]) * _METRES_A_DEGREE
        lines: Floats = shapely.distance(shapely.points(x, y), self._edges[rows])
        return np.abs(lines - self._size_m[rows])


def _edge(shape: Shape) -> Edge:
    """(edge, middle's longitude and latitude, metres a degree of longitude there, radius or half a width).

    Of a circle and a corridor the line in the middle, to be ``size_m`` away from.
    """
    lines = _lines(shape)
    points = np.concatenate(lines)
    lon, lat = points.mean(axis=0)
    east = _METRES_A_DEGREE * math.cos(math.radians(lat))
    scaled = [(line - (lon, lat)) * (east, _METRES_A_DEGREE) for line in lines]
    if isinstance(shape, Circle):
        return shapely.Point(scaled[0][0]), lon, lat, east, shape.radius_m
    edge = shapely.multilinestrings([shapely.linestrings(line) for line in scaled])
    return edge, lon, lat, east, shape.width_m / 2 if isinstance(shape, Corridor) else 0.0


def _lines(shape: Shape) -> list[Floats]:
    if isinstance(shape, Circle):
        return [np.array([(shape.lon, shape.lat)])]
    if isinstance(shape, Corridor):
        return [np.array(shape.line)]
    assert isinstance(shape, Polygons)
    return [np.array(ring) for polygon in shape.polygons for ring in polygon]
