"""A small map of the last minutes, drawn without a base map: where somebody went, how sure each point is, and a scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from store.reading_types import PositionRow

SIDE: Final = 300.0
"""Of the drawing, in its own units."""
EDGE: Final = 24.0
LEAST_M: Final = 200.0
"""The drawing is at least so wide, so that somebody who stands still does not seem to wander."""
METRES_PER_DEGREE: Final = 111_320.0
SCALES_M: Final = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the drawing and the radius that holds the true place."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Sketch:
    """The drawing, north up: dots from the newest on, and a bar of ``scale_m`` metres that is ``scale`` long."""

    dots: tuple[Dot, ...]
    scale_m: int
    scale: float

    @property
    def line(self) -> str:
        """Through the dots, for a polyline."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


def sketch_of(rows: Sequence[PositionRow]) -> Sketch | None:
    """The drawing of some fixes, the newest first; None without any. Flat about the newest, which is enough for some kilometres."""
    if not rows:
        return None
    here = rows[0]
    east = METRES_PER_DEGREE * math.cos(math.radians(here.lat))
    at = [((row.lon - here.lon) * east, (row.lat - here.lat) * METRES_PER_DEGREE, row.acc) for row in rows]
    west, right = min(x - acc for x, _, acc in at), max(x + acc for x, _, acc in at)
    south, north = min(y - acc for _, y, acc in at), max(y + acc for _, y, acc in at)
    wide_m = max(right - west, north - south, LEAST_M)
    unit = (SIDE - 2 * EDGE) / wide_m
    middle_x, middle_y = (west + right) / 2, (south + north) / 2
    dots = tuple(
        Dot(SIDE / 2 + (x - middle_x) * unit, SIDE / 2 - (y - middle_y) * unit, max(acc * unit, 2.0))
        for x, y, acc in at
    )
    scale_m = max((one for one in SCALES_M if one * unit <= SIDE / 3), default=SCALES_M[0])
    return Sketch(dots, scale_m, scale_m * unit)
