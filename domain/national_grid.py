"""Places as National Grid references of Ordnance Survey (OSGB36), which is what police and field officers read out.

The shift from WGS 84 is Ordnance Survey's own grid, OSTN15, as `convertbng` holds it: right to 0.1 m where GPS is, while a Helmert
shift of seven numbers would be 5 m out. The letters are those of Ordnance Survey's 100 km squares.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from convertbng.cutil import convert_lonlat, convert_to_osgb36
from numpy.typing import NDArray

from domain.errors import BadPlace

SQUARE_M: Final = 100_000
GREAT_SQUARE_M: Final = 500_000
DIGITS: Final = 5
"""Of each figure: to the metre."""
LETTERS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
"""Of a square in a square of five by five, from the north-west; there is no I."""
WEST_TO_EAST_M: Final = 700_000
SOUTH_TO_NORTH_M: Final = 1_300_000
_REFERENCE: Final = re.compile(r"([A-Za-z]{2})\s*(\d+)(?:\s+(\d+))?")
_IRISH: Final = re.compile(r"[A-Za-z]\s*\d+(\s+\d+)?")


def eastings_northings(lons: Sequence[float], lats: Sequence[float]) -> list[tuple[float, float] | None]:
    """Metres east and north of the grid's false origin (OSGB36) of places in degrees (WGS 84); None for those it does not cover."""
    if not len(lons):
        return []
    easts, norths = convert_to_osgb36(lons, lats)
    pairs = zip(easts.tolist(), norths.tolist(), strict=True)
    return [None if math.isnan(east) or math.isnan(north) else (east, north) for east, north in pairs]


def grid_reference(east_m: float, north_m: float, digits: int = DIGITS) -> str | None:
    """``TQ 30624 78388``: the square's letters and ``digits`` figures each way, cut off, never rounded; None outside the grid.

    With 5 digits it names a square of 1 m, with 3 one of 100 m.
    """
    if not (0 <= east_m < WEST_TO_EAST_M and 0 <= north_m < SOUTH_TO_NORTH_M):
        return None
    east, north = int(east_m), int(north_m)
    # The false origin is the south-west corner of S, which is the third square of the fourth row.
    great = LETTERS[(3 - north // GREAT_SQUARE_M) * 5 + 2 + east // GREAT_SQUARE_M]
    row, column = north % GREAT_SQUARE_M // SQUARE_M, east % GREAT_SQUARE_M // SQUARE_M
    square = LETTERS[(4 - row) * 5 + column]
    unit = 10 ** (DIGITS - digits)
    return f"{great}{square} {east % SQUARE_M // unit:0{digits}} {north % SQUARE_M // unit:0{digits}}"


def references(lons: Sequence[float], lats: Sequence[float], digits: int = DIGITS) -> list[str | None]:
    """The grid references of places in degrees (WGS 84); None for those that the grid does not cover."""
    if not len(lons):
        return []
    easts, norths = convert_to_osgb36(lons, lats)
    # NaN, where there is no shift, is in no grid.
    covered = (easts >= 0) & (easts < WEST_TO_EAST_M) & (norths >= 0) & (norths < SOUTH_TO_NORTH_M)
    east, north = (np.where(covered, metres, 0).astype(np.int64) for metres in (easts, norths))
    unit = 10 ** (DIGITS - digits)
    # Written by character, not by reference: a day has 1,440 of them.
    width = 2 + 2 * (1 + digits)
    letters = np.full((len(east), width), ord(" "), np.uint32)
    letters[:, :2] = _SQUARES[north // SQUARE_M, east // SQUARE_M]
    letters[:, 3 : 3 + digits] = _figures(east % SQUARE_M // unit, digits)
    letters[:, width - digits :] = _figures(north % SQUARE_M // unit, digits)
    written: list[str | None] = letters.view(f"U{width}").ravel().tolist()
    for place in np.flatnonzero(~covered).tolist():
        written[place] = None
    return written


def _figures(numbers: NDArray[np.int64], digits: int) -> NDArray[np.uint32]:
    """Each number in so many figures, with zeros before it: (numbers, digits), code points."""
    units = 10 ** np.arange(digits - 1, -1, -1)
    return (numbers[:, np.newaxis] // units % 10 + ord("0")).astype(np.uint32)


_SQUARES: Final = np.array(
    [
        [
            [ord(letter) for letter in (grid_reference(east, north) or "")[:2]]
            for east in range(0, WEST_TO_EAST_M, SQUARE_M)
        ]
        for north in range(0, SOUTH_TO_NORTH_M, SQUARE_M)
    ],
    np.uint32,
)
"""The letters of each square, by row from the south and column from the west: code points."""


class Square(NamedTuple):
    """What a grid reference names: its south-west corner and its side, in metres of the grid."""

    east_m: float
    north_m: float
    side_m: int

    @property
    def middle(self) -> tuple[float, float]:
        """Metres east and north."""
        return self.east_m + self.side_m / 2, self.north_m + self.side_m / 2

    @property
    def written(self) -> str:
        """``TQ 306 783``: the reference as `grid_reference` writes it, however it was typed."""
        digits = DIGITS - round(math.log10(self.side_m))
        if digits == 0:
            return (grid_reference(self.east_m, self.north_m) or "")[:2]
        return grid_reference(self.east_m, self.north_m, digits) or ""


def read_reference(text: str) -> Square:
    """The square that a reference such as ``TQ 306 783`` names. Raises `BadPlace` with what is wrong, for people."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        if _IRISH.fullmatch(text.strip()):
            raise BadPlace("is a reference of the Irish Grid (one letter): give latitude and longitude instead")
        raise BadPlace("is not a National Grid reference such as TQ 30624 78388: two letters, then figures")
    letters, east, north = found[1].upper(), found[2], found[3]
    if north is None:
        half = len(east) // 2
        east, north = (east[:half], east[half:]) if len(east) % 2 == 0 else (east, "")
    if len(east) != len(north):
        raise BadPlace("has not as many figures east as north")
    if len(east) > DIGITS:
        raise BadPlace(f"has more than {DIGITS} figures each way")
    return _square(letters, east, north)


def _square(letters: str, east: str, north: str) -> Square:
    great, small = LETTERS.find(letters[0]), LETTERS.find(letters[1])
    east_m = (great % 5 - 2) * GREAT_SQUARE_M + small % 5 * SQUARE_M
    north_m = (3 - great // 5) * GREAT_SQUARE_M + (4 - small // 5) * SQUARE_M
    covered = 0 <= east_m < WEST_TO_EAST_M and 0 <= north_m < SOUTH_TO_NORTH_M
    if min(great, small) < 0 or not covered:
        raise BadPlace(f"begins with {letters}, which is no square of the National Grid")
    unit = 10 ** (DIGITS - len(east))
    return Square(east_m + int(east or 0) * unit, north_m + int(north or 0) * unit, unit)


def degrees(east_m: float, north_m: float) -> tuple[float, float] | None:
    """Longitude and latitude (WGS 84) of a place in metres of the grid; None for one that the shift does not cover."""
    if not (0 <= east_m < WEST_TO_EAST_M and 0 <= north_m < SOUTH_TO_NORTH_M):
        return None
    lons, lats = convert_lonlat([east_m], [north_m])
    lon, lat = float(lons[0]), float(lats[0])
    return None if math.isnan(lon) or math.isnan(lat) else (lon, lat)
