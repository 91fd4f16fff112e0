"""Makes the map's National Grid: ``python -m api.grid_lines > api/static/grid.json``, lines of its 100 km squares and their letters.

So far as Ordnance Survey's shift reaches: Great Britain and the sea around it. In degrees (WGS 84), to about 5 m, which on such a map is nothing; what is read out to people is worked out by `domain.national_grid`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from convertbng.cutil import convert_osgb36_to_ll

from domain.national_grid import SOUTH_TO_NORTH_M, SQUARE_M, WEST_TO_EAST_M, grid_reference

STEP_M: Final = 10_000
"""Between the corners of a line, which is bent on the map."""
DECIMALS: Final = 4


Place = tuple[float, float]


def places(easts: Sequence[float], norths: Sequence[float]) -> list[Place | None]:
    """``(lon, lat)`` of points of the grid, in metres of OSGB36; None outside."""
    lons, lats = convert_osgb36_to_ll([float(one) for one in easts], [float(one) for one in norths])
    found = zip(lons.tolist(), lats.tolist(), strict=True)
    return [None if math.isnan(lon) else (round(lon, DECIMALS), round(lat, DECIMALS)) for lon, lat in found]


def runs(line: Iterable[Place | None]) -> list[list[Place]]:
    """The pieces of a line that lie inside."""
    pieces = ([place for place in group if place] for inside, group in groupby(line, key=bool) if inside)
    return [piece for piece in pieces if len(piece) > 1]


def lines() -> list[list[Place]]:
    """Every line of the grid, south to north and west to east."""
    across, up = range(0, WEST_TO_EAST_M + 1, SQUARE_M), range(0, SOUTH_TO_NORTH_M + 1, SQUARE_M)
    norths, easts = range(0, SOUTH_TO_NORTH_M + 1, STEP_M), range(0, WEST_TO_EAST_M + 1, STEP_M)
    whole = [
        *(places([east] * len(norths), norths) for east in across),
        *(places(easts, [north] * len(easts)) for north in up),
    ]
    return [piece for line in whole for piece in runs(line)]


def squares() -> list[tuple[str, float, float]]:
    """The letters of the squares whose south-west corner lies inside, and that corner."""
    found = []
    for east in range(0, WEST_TO_EAST_M, SQUARE_M):
        for north in range(0, SOUTH_TO_NORTH_M, SQUARE_M):
            reference, corner = grid_reference(east, north), places([east], [north])[0]
            if reference and corner:
                found.append((reference[:2], *corner))
    return found


def main() -> None:
    """Prints the asset."""
    sys.stdout.write(json.dumps({"lines": lines(), "squares": squares()}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
