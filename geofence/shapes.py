"""Zones as flat arrays, and the signed distance of a fix to a zone's edge (rules.md 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.records import Corridor, Polygons, Ring, Shape
from geofence.compiled import compiled, inlined, plain
from geofence.flat import Grown
from geofence.geodesy import degrees_east, distance_m, metres_per_degree

POLYGON, CIRCLE, CORRIDOR = 0, 1, 2

SHAPE = np.dtype(
    [
        ("kind", np.int8),
        ("first", np.int64),  # vertices [first, last) in the vertex arrays
        ("last", np.int64),
        ("size_m", np.float64),  # circle: radius; corridor: half the width
        ("west", np.float64),  # box of the whole shape, degrees
        ("south", np.float64),
        ("east", np.float64),
        ("north", np.float64),
    ],
)
BOX_SLACK = 0.98
"""Of a box distance what is sure, since degrees of longitude shrink on the way."""
WIDE_DEGREES = 90.0
"""Wider shapes are measured the long way, which minds the 180th meridian."""


@dataclass(slots=True)
class ShapeTable:
    """Many shapes, struct of arrays.

    Attributes
    ----------
    shapes : (shapes,) of `SHAPE`.
    lon, lat : (vertices,) float64, degrees. Rings and lines one after another, rings closed.
    pen_up : (vertices,) bool, true where no edge leads from the vertex before to this one.
    """

    shapes: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    pen_up: NDArray[np.bool_]


class ShapeRows:
    """Shapes in flat arrays that only grow: each has its row from when it is first asked for."""

    def __init__(self) -> None:
        self._row_of: dict[int, int] = {}
        self._kept: list[Shape] = []
        self._new: list[Shape] = []
        self._rows, self._lon, self._lat = Grown(SHAPE), Grown(np.float64), Grown(np.float64)
        self._pen_up = Grown(np.bool_)

    def __len__(self) -> int:
        return len(self._kept)

    def row_of(self, shape: Shape) -> int:
        """The row of this very object."""
        row = self._row_of.get(id(shape))
        if row is None:
            row = self._row_of[id(shape)] = len(self._kept)
            self._kept.append(shape)
            self._new.append(shape)
        return row

    def table(self) -> ShapeTable:
        """All of them."""
        if self._new:
            more = table_of(self._new)
            more.shapes["first"] += len(self._lon.rows)
            more.shapes["last"] += len(self._lon.rows)
            for grown, rows in (
                (self._rows, more.shapes),
                (self._lon, more.lon),
                (self._lat, more.lat),
                (self._pen_up, more.pen_up),
            ):
                grown.append(rows)
            self._new = []
        return ShapeTable(self._rows.rows, self._lon.rows, self._lat.rows, self._pen_up.rows)


def table_of(shapes: Sequence[Shape]) -> ShapeTable:
    """The flat arrays of some shapes, in their order."""
    rows = np.zeros(len(shapes), SHAPE)
    lon: list[float] = []
    lat: list[float] = []
    pen_up: list[bool] = []
    for row, shape in zip(rows, shapes, strict=True):
        row["first"] = len(lon)
        for ring in _lines_of(shape):
            lon.extend(point[0] for point in ring)
            lat.extend(point[1] for point in ring)
            pen_up.extend([True] + [False] * (len(ring) - 1))
        row["last"] = len(lon)
        row["kind"] = _kind_of(shape)
        row["size_m"] = _size_of(shape)
        first = row["first"]
        _set_box(row, lon[first:], lat[first:])
    return ShapeTable(rows, np.array(lon), np.array(lat), np.array(pen_up, np.bool_))


def _lines_of(shape: Shape) -> list[Ring]:
    if isinstance(shape, Polygons):
        return [ring for polygon in shape.polygons for ring in polygon]
    if isinstance(shape, Corridor):
        return [shape.line]
    return [((shape.lon, shape.lat),)]


def _kind_of(shape: Shape) -> int:
    if isinstance(shape, Polygons):
        return POLYGON
    return CORRIDOR if isinstance(shape, Corridor) else CIRCLE


def _size_of(shape: Shape) -> float:
    if isinstance(shape, Polygons):
        return 0.0
    return shape.width_m / 2.0 if isinstance(shape, Corridor) else shape.radius_m


def _set_box(row: Any, lon: list[float], lat: list[float]) -> None:
    south, north = min(lat), max(lat)
    east_m, north_m = plain(metres_per_degree)(max(abs(south), abs(north)))
    grow = float(row["size_m"]) * 1.001
    row["west"], row["east"] = min(lon) - grow / east_m, max(lon) + grow / east_m
    row["south"], row["north"] = south - grow / north_m, north + grow / north_m


@inlined
def box_distance_m(shape: Any, lat: float, lon: float, east: float, north: float) -> float:
    """A lower bound, in metres, of the distance to the shape's box; 0 inside it.

    ``east`` and ``north`` are `metres_per_degree` at ``lat``; 2 % are taken off for what they change on the way.
    """
    dx = max(shape["west"] - lon, lon - shape["east"], 0.0) * east
    dy = max(shape["south"] - lat, lat - shape["north"], 0.0) * north
    return float(BOX_SLACK * max(dx, dy))


@compiled
def signed_distance_m(shape: Any, vlon: Any, vlat: Any, pen_up: Any, lat: float, lon: float) -> float:
    """Metres from a position to the edge of a shape, positive inside, rounded half to even to 0.001.

    One pass over the edges gives the crossing number and the nearest point. The nearest point of an edge is found in
    the plane that the position's own latitude scales; its distance is then taken at the mean latitude of the two.
    """
    if shape["kind"] == CIRCLE:
        return round_mm(shape["size_m"] - distance_m(lat, lon, vlat[shape["first"]], vlon[shape["first"]]))
    inside, nearest = _edges(shape["first"], shape["last"], vlon, vlat, pen_up, lat, lon)
    if shape["kind"] == CORRIDOR:
        return round_mm(shape["size_m"] - nearest)
    return round_mm(nearest if inside else -nearest)


@compiled
def near_distance_m(
    shape: Any,
    vlon: Any,
    vlat: Any,
    pen_up: Any,
    lat: float,
    lon: float,
    east: float,
    north: float,
    reach: float,
) -> float:
    """`signed_distance_m` where it is under ``reach`` metres either way; elsewhere a number of its sign, over that.

    ``east`` and ``north`` are `metres_per_degree` at ``lat``. Edges whose own boxes are out of reach are not measured.
    """
    if shape["kind"] == CIRCLE or shape["east"] - shape["west"] > WIDE_DEGREES:
        return float(signed_distance_m(shape, vlon, vlat, pen_up, lat, lon))
    limit = reach + (shape["size_m"] if shape["kind"] == CORRIDOR else 0.0)
    inside, nearest = _near_edges(shape["first"], shape["last"], vlon, vlat, pen_up, lat, lon, east, north, limit)
    if shape["kind"] == CORRIDOR:
        return round_mm(shape["size_m"] - nearest)
    return round_mm(nearest if inside else -nearest)


@compiled
def _near_edges(
    first: int,
    last: int,
    vlon: Any,
    vlat: Any,
    pen_up: Any,
    lat: float,
    lon: float,
    east: float,
    north: float,
    limit: float,
) -> tuple[bool, float]:
    """As `_edges` for distances up to ``limit``; beyond it infinity."""
    d_lon, d_lat = limit / (BOX_SLACK * east), limit / (BOX_SLACK * north)
    west_of, east_of, south_of, north_of = lon - d_lon, lon + d_lon, lat - d_lat, lat + d_lat
    inside = False
    best = np.inf
    d_east, d_north = 0.0, 0.0
    lon2, lat2 = 0.0, 0.0
    for i in range(first, last):
        lon1, lat1 = lon2, lat2
        lon2, lat2 = vlon[i], vlat[i]
        if pen_up[i]:
            continue
        y1, y2 = lat1 - lat, lat2 - lat
        if (y1 > 0.0) != (y2 > 0.0):
            x1, x2 = lon1 - lon, lon2 - lon
            if (x2 - x1) * y1 / (y1 - y2) + x1 > 0.0:
                inside = not inside
        if max(lon1, lon2) < west_of or min(lon1, lon2) > east_of:
            continue
        if max(lat1, lat2) < south_of or min(lat1, lat2) > north_of:
            continue
        if best == np.inf:
            d_east, d_north = half_change(lat, east, north)
        best = min(best, edge_square(lon1 - lon, y1, lon2 - lon, y2, east, north, d_east, d_north))
    return inside, math.sqrt(best)


@compiled
def line_may_meet(
    shape: Any, vlon: Any, vlat: Any, pen_up: Any, lon1: float, lat1: float, lon2: float, lat2: float
) -> bool:
    """False only if a straight line (degrees) between two positions outside a shape has no point inside it.

    It has none if it meets no edge of a polygon, and stays away from a circle's centre and from the boxes about a
    corridor's edges.
    """
    if shape["kind"] == CIRCLE:
        east, north = metres_per_degree(0.5 * (lat1 + lat2))
        x, y = vlon[shape["first"]], vlat[shape["first"]]
        square = edge_square(lon1 - x, lat1 - y, lon2 - x, lat2 - y, east, north, 0.0, 0.0)
        return bool(square < (shape["size_m"] * 1.001) ** 2)
    grow_lon = grow_lat = 0.0
    if shape["kind"] == CORRIDOR:
        east, north = metres_per_degree(max(abs(shape["south"]), abs(shape["north"])))
        grow_lon, grow_lat = shape["size_m"] * 1.001 / east, shape["size_m"] * 1.001 / north
    west, east_of = min(lon1, lon2) - grow_lon, max(lon1, lon2) + grow_lon
    south, north_of = min(lat1, lat2) - grow_lat, max(lat1, lat2) + grow_lat
    for i in range(shape["first"], shape["last"]):
        if pen_up[i]:
            continue
        if max(vlon[i - 1], vlon[i]) < west or min(vlon[i - 1], vlon[i]) > east_of:
            continue
        if max(vlat[i - 1], vlat[i]) < south or min(vlat[i - 1], vlat[i]) > north_of:
            continue
        if shape["kind"] == CORRIDOR or _meet(lon1, lat1, lon2, lat2, vlon[i - 1], vlat[i - 1], vlon[i], vlat[i]):
            return True
    return False


@compiled
def _meet(x1: float, y1: float, x2: float, y2: float, x3: float, y3: float, x4: float, y4: float) -> bool:
    """Whether the lines 1 to 2 and 3 to 4 meet; where it is too near to say, they do."""
    apart = _side(x1, y1, x2, y2, x3, y3) * _side(x1, y1, x2, y2, x4, y4) > 0
    return not (apart or _side(x3, y3, x4, y4, x1, y1) * _side(x3, y3, x4, y4, x2, y2) > 0)


@compiled
def _side(lon1: float, lat1: float, lon2: float, lat2: float, lon: float, lat: float) -> int:
    """On which side of the line from 1 to 2 a point is; 0 when it is too near to say."""
    dx, dy, px, py = lon2 - lon1, lat2 - lat1, lon - lon1, lat - lat1
    cross = dx * py - dy * px
    slack = 1e-12 * (abs(dx * py) + abs(dy * px)) + 1e-18
    return 0 if abs(cross) <= slack else (1 if cross > 0.0 else -1)


@compiled
def half_change(lat: float, east: float, north: float) -> tuple[float, float]:
    """How `metres_per_degree` change over half a degree of latitude."""
    east_up, north_up = metres_per_degree(lat + 0.1)
    return (east_up - east) * 5.0, (north_up - north) * 5.0


@compiled
def edge_square(
    x1: float, y1: float, x2: float, y2: float, east: float, north: float, d_east: float, d_north: float
) -> float:
    """Square of the distance (m) from the origin to an edge given in degrees."""
    ex, ey = (x2 - x1) * east, (y2 - y1) * north
    length2 = ex * ex + ey * ey
    u = 0.0
    if length2 > 0.0:
        u = min(1.0, max(0.0, -(x1 * east * ex + y1 * north * ey) / length2))
    cx, cy = x1 + u * (x2 - x1), y1 + u * (y2 - y1)
    px, py = cx * (east + d_east * cy), cy * (north + d_north * cy)
    return float(px * px + py * py)


@compiled
def round_mm(metres: float) -> float:
    """Metres to the millimetre, half to even."""
    return float(np.rint(metres * 1000.0) / 1000.0)


@compiled
def _edges(first: int, last: int, vlon: Any, vlat: Any, pen_up: Any, lat: float, lon: float) -> tuple[bool, float]:
    """Crossing parity and least distance (m) over the edges of the vertices [first, last)."""
    east, north = metres_per_degree(lat)
    d_east, d_north = half_change(lat, east, north)
    inside = False
    best = np.inf
    x2, y2 = 0.0, 0.0
    for i in range(first, last):
        x1, y1 = x2, y2
        x2, y2 = degrees_east(lon, vlon[i]), vlat[i] - lat
        if pen_up[i]:
            continue
        if (y1 > 0.0) != (y2 > 0.0) and (x2 - x1) * y1 / (y1 - y2) + x1 > 0.0:
            inside = not inside
        best = min(best, edge_square(x1, y1, x2, y2, east, north, d_east, d_north))
    return inside, math.sqrt(best)
