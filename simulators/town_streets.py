"""Streets for invented towns: what the demo's map shows under its wearers, and what they walk by (`simulators.network`).

Each town of `simulators.places` has a market square, main roads out of it, ring roads, streets in blocks between, parks, and some a
river, all drawn from the seed. Names are made up. What comes out is GeoJSON, [lon, lat], each feature with its ``kind``: `built` (the
town's ground), `park`, `river`, `main`, `ring`, `street`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final

from simulators.outlines import offset, ring
from simulators.places import TOWNS, Town

REACH_M: Final = 3_200.0
"""From a town's middle to its last street; homes lie within, but for a few (`simulators.caseload.HOME_SPREAD_M`)."""
BLOCK_M: Final = (120.0, 175.0)
RINGS_M: Final = (750.0, 1_700.0, 2_700.0)
RIVER_CHANCE: Final = 0.6
MISSING_CHANCE: Final = 0.16
"""Of a piece of street between two crossings."""
DECIMALS: Final = 5
"""Of a degree: a metre."""
STEP_M: Final = 380.0
"""Between the corners of a street."""
WIND_M: Final = 60.0
"""How far a street that is not quite straight leaves its line."""
UNBENDINGS: Final = 24
"""Each halves what is left, or better: the waves are longer than they are high."""

Feature = dict[str, Any]
Metres = tuple[float, float]

TREES: Final = "Alder Ash Aspen Beech Birch Cedar Cherry Chestnut Elder Elm Hawthorn Hazel Holly Juniper Larch Lime Maple Oak Pine Poplar Rowan Sycamore Thorn Walnut Willow Yew"
TRADES: Final = "Baker Chandler Cooper Draper Dyer Fuller Glover Mason Mercer Miller Potter Sadler Skinner Smith Tanner Turner Weaver Wheeler Wright"
FIRST: Final = tuple((TREES + " " + TRADES).split())
SECOND: Final = ("Street", "Road", "Lane", "Close", "Avenue", "Way", "Row", "Walk", "Terrace", "Grove")
ROADS_OUT: Final = (
    "London Road",
    "Station Road",
    "North Road",
    "Mill Road",
    "Bridge Street",
    "Castle Street",
    "Harbour Road",
)


def streets(seed: int, towns: Iterable[Town] = TOWNS) -> dict[str, Any]:
    """The streets of those towns as a GeoJSON FeatureCollection; the same for the same seed, each town for itself."""
    features = [one for town in towns for one in Plan(town, seed).features()]
    return {"type": "FeatureCollection", "features": features}


class Plan:
    """One town, in metres about its middle; what is drawn is bent a little, so that no town looks like squared paper."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        rng = Random(f"{seed}:streets:{town.slug}:{town.lon}:{town.lat}")
        self.rng = rng
        self.turn = rng.uniform(0, math.pi / 2)
        self.waves = [(rng.uniform(0.4, 1.0), rng.uniform(700, 1_900), rng.uniform(0, 2 * math.pi)) for _ in range(2)]
        self.reach = REACH_M * rng.uniform(0.85, 1.0)
        self._lines = [list(self._parallel()) for _ in range(2)]

    def lattice(self) -> tuple[list[float], list[float]]:
        """Where the streets cross, before they are turned and bent: metres east of the middle, and north; each rising."""
        return [-at for at in reversed(self._lines[1])], self._lines[0]

    def _parallel(self) -> Iterator[float]:
        at = -self.reach
        while at < self.reach:
            yield at
            at += self.rng.uniform(*BLOCK_M)

    def features(self) -> Iterator[Feature]:
        """All of it, what lies lowest first."""
        ground = ring(self.rng, self.town.lon, self.town.lat, self.reach * 1.45, 40)
        yield _feature("Polygon", [_rounded(ground)], "built")
        yield from self._parks()
        if self.rng.random() < RIVER_CHANCE:
            yield self._line(self._river(), "river")
        yield from self._blocks()
        for radius in RINGS_M:
            yield self._line(self._ring(radius), "ring", "Ring Road" if radius == RINGS_M[1] else None)
        roads = self.rng.sample(ROADS_OUT, self.rng.randint(5, len(ROADS_OUT)))
        for number, name in enumerate(roads):
            yield self._line(self._road_out(2 * math.pi * number / len(roads)), "main", name)

    def _parks(self) -> Iterator[Feature]:
        for _ in range(self.rng.randint(3, 6)):
            away, angle = self.rng.uniform(500, self.reach * 0.85), self.rng.uniform(0, 2 * math.pi)
            lon, lat = offset(self.town.lon, self.town.lat, away * math.cos(angle), away * math.sin(angle))
            shape = ring(self.rng, lon, lat, self.rng.uniform(130, 340), 12)
            yield _feature("Polygon", [_rounded(shape)], "park")

    def _river(self) -> list[Metres]:
        angle, aside = self.rng.uniform(0, math.pi), self.rng.uniform(-900, 900)
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        bend, length = self.rng.uniform(150, 380), self.rng.uniform(1_800, 3_000)
        line = []
        for step in range(-24, 25):
            far = step / 24 * self.reach * 1.7
            side = aside + bend * math.sin(far / length * math.pi)
            line.append((far * along[0] + side * across[0], far * along[1] + side * across[1]))
        return line

    def _road_out(self, angle: float) -> list[Metres]:
        angle += self.rng.uniform(-0.2, 0.2)
        far = self.reach * 1.6
        return [(far * part * math.cos(angle), far * part * math.sin(angle)) for part in (n / 12 for n in range(13))]

    def _ring(self, radius: float) -> list[Metres]:
        squeeze = self.rng.uniform(0.9, 1.0)
        angles = [2 * math.pi * n / 36 for n in range(37)]
        return [(radius * math.cos(angle), radius * squeeze * math.sin(angle)) for angle in angles]

    def _blocks(self) -> Iterator[Feature]:
        """Streets both ways, a piece left out here and there, so that blocks differ."""
        for turned, lines in zip((0.0, math.pi / 2), self._lines, strict=True):
            for at in lines:
                name = f"{self.rng.choice(FIRST)} {self.rng.choice(SECOND)}"
                pieces = [self._places(_turned(place, turned) for place in piece) for piece in self._pieces(at)]
                if pieces:
                    yield _feature("MultiLineString", pieces, "street", name)

    def _pieces(self, at: float) -> Iterator[list[Metres]]:
        half = math.sqrt(max(0.0, self.reach**2 - at**2))
        piece: list[Metres] = []
        for step in range(int(2 * half / STEP_M) + 1):
            if piece and self.rng.random() < MISSING_CHANCE:
                if len(piece) > 1:
                    yield piece
                piece = []
            piece.append((-half + step * STEP_M, at))
        if len(piece) > 1:
            yield piece

    def _line(self, line: Iterable[Metres], kind: str, name: str | None = None) -> Feature:
        return _feature("LineString", self._places(line), kind, name)

    def _places(self, line: Iterable[Metres]) -> list[list[float]]:
        return _rounded(offset(self.town.lon, self.town.lat, *self.bent(place)) for place in line)

    def bent(self, place: Metres) -> Metres:
        """Turned as the town is, and pushed aside by waves: crossings stay crossings, since all is bent alike."""
        x, y = _turned(place, self.turn)
        east, north = self._pushed(x, y)
        return x + east, y + north

    def unbent(self, place: Metres) -> Metres:
        """What `bent` makes this place of, to a centimetre."""
        x, y = place
        for _ in range(UNBENDINGS):
            east, north = self._pushed(x, y)
            before, (x, y) = (x, y), (place[0] - east, place[1] - north)
            if before == (x, y):
                break
        return _turned((x, y), -self.turn)

    def _pushed(self, x: float, y: float) -> Metres:
        (high, long, phase), (other, wide, shift) = self.waves
        return WIND_M * high * math.sin(y / long * math.pi + phase), WIND_M * other * math.sin(
            x / wide * math.pi + shift
        )


def _turned(place: Metres, angle: float) -> Metres:
    x, y = place
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _rounded(places: Iterable[list[float]]) -> list[list[float]]:
    return [[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat in places]


def _feature(sort: str, coordinates: Any, kind: str, name: str | None = None) -> Feature:
    properties = {"kind": kind} if name is None else {"kind": kind, "name": name}
    return {"type": "Feature", "geometry": {"type": sort, "coordinates": coordinates}, "properties": properties}
