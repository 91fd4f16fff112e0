"""Who was near a recorded crime, who was elsewhere, and of whom nothing can be said: many crimes against many fixes at once. Pure.

Fixes are the used ones that the wearers' orders permit to be used, and come stretch by stretch in the order of time. A stretch is
read once for all crimes that it concerns. What is told of a crime and a wearer:

- ``near``: `LEAST_NEAR` or more positions no farther than the radius from the place, in the window;
- ``elsewhere``: positions in the window, and all of them farther away than the radius, their own accuracy and the place's;
- ``no_data``: neither; no position, none that may be used, or some that could be either.

The **match score** is 0 to 100: the mean of ``radius / (radius + accuracy)`` over the positions near, times ``dwell / (dwell + 300 s)``.
It orders results for the person who looks at them. It is no probability, and says nothing of guilt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import CrimeMatch
from geofence.geodesy import ECCENTRICITY_2, RADIAN, SEMI_MAJOR_M, distance_m, metres_per_degree

LEAST_NEAR: Final = 2
HALF_DWELL_S: Final = 300.0
"""Dwell that halves what is missing of the score."""
FIXES_AT_ONCE: Final = 500_000
"""How many fixes a stretch is to have, about, at one a minute."""
MOST_ACC_M: Final = 200.0
"""Of a used fix (rules.md 2)."""
CELLS_A_DEGREE: Final = 100
"""Of the grid by which fixes far from every crime are passed over: cells of about a kilometre."""
HOME_M: Final = 50.0
"""A crime so near to the circle of somebody's curfew place is near their own home."""

FIX: Final = np.dtype(
    [
        ("wearer", np.int64),
        ("t_us", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
        ("acc", np.float64),
        ("gap_us", np.int64),
        ("device_no", np.int64),
        ("gen", np.int64),
        ("seq", np.int64),
    ]
)
"""One used fix: a row of the wearers, degrees, metres, the gap limit of its device, and its identity."""
Fixes = NDArray[np.void]
_NEVER: Final = np.int64(-1)


class Sought(NamedTuple):
    """A crime to be matched: degrees, metres, microseconds, as in `evidence.crimes.Crime`."""

    lon: float
    lat: float
    radius_m: float
    within_m: float
    from_us: int
    to_us: int

    @property
    def reach_m(self) -> float:
        """How far from the place a fix can be and yet be of the place."""
        return self.radius_m + self.within_m + MOST_ACC_M


class Stretch(NamedTuple):
    """A time to be read, half open."""

    from_us: int
    to_us: int


class Visit(NamedTuple):
    """Positions near that follow each other with no gap: the first and the last, how many, and the time spent between them."""

    from_us: int
    to_us: int
    positions: int
    dwell_s: float
    nearest_m: float


@dataclass(frozen=True, slots=True)
class Near:
    """One wearer who was near. ``fixes`` are those positions, ``metres`` how far each was from the place."""

    wearer: int
    score: int
    visits: tuple[Visit, ...]
    fixes: Fixes
    metres: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one crime came to.

    Attributes
    ----------
    near : by score, the highest first.
    match : (wearers,) of `CODES`, -1 for those not considered.
    throughout : (wearers,) bool, positions over the whole window without a gap.
    positions : (wearers,) int64, how many.
    """

    near: tuple[Near, ...]
    match: NDArray[np.int8]
    throughout: NDArray[np.bool_]
    positions: NDArray[np.int64]

    def count(self, match: CrimeMatch) -> int:
        """How many wearers that is said of."""
        return int((self.match == CODES.index(match)).sum())

    @property
    def elsewhere_throughout(self) -> int:
        """How many were elsewhere, with positions over the whole window."""
        return int((self.throughout & (self.match == CODES.index(CrimeMatch.ELSEWHERE))).sum())


CODES: Final = (CrimeMatch.NEAR, CrimeMatch.ELSEWHERE, CrimeMatch.NO_DATA)


def stretch_us(devices: int) -> int:
    """How long a stretch may be that so many devices fill with `FIXES_AT_ONCE`."""
    return max(FIXES_AT_ONCE // max(devices, 1), 1) * MINUTE_US


def stretches(crimes: Sequence[Sought], longest_us: int) -> Iterator[Stretch]:
    """What must be read for some crimes, in order: every instant of a window once, and none beside."""
    begins: int | None = None
    ends = 0
    for crime in sorted(crimes, key=lambda one: one.from_us):
        if begins is None or crime.from_us > ends:
            if begins is not None:
                yield from _cut(begins, ends, longest_us)
            begins, ends = crime.from_us, crime.to_us
        ends = max(ends, crime.to_us)
    if begins is not None:
        yield from _cut(begins, ends, longest_us)


def _cut(from_us: int, to_us: int, longest_us: int) -> Iterator[Stretch]:
    for start in range(from_us, to_us, longest_us):
        yield Stretch(start, min(start + longest_us, to_us))


class Matching:
    """Takes fixes (`take`) and tells what they come to (`outcomes`)."""

    def __init__(self, crimes: Sequence[Sought], considered: NDArray[np.bool_]) -> None:
        """``considered`` is (crimes, wearers) bool: an order of the wearer was in force in the window."""
        self._crimes = crimes
        self._considered = considered
        self._edges = np.unique([edge for one in crimes for edge in (one.from_us, one.to_us)])
        self._from = np.array([one.from_us for one in crimes], np.int64)
        self._to = np.array([one.to_us for one in crimes], np.int64)
        self._cells = _cells_of(crimes)
        shape = considered.shape
        self._number = np.zeros(shape, np.int64)
        self._last = np.full(shape, _NEVER, np.int64)
        self._last_gap = np.zeros(shape, np.int64)
        self._holes = np.zeros(shape, np.bool_)
        self._close: list[list[tuple[Fixes, NDArray[np.float64], NDArray[np.int64]]]] = [[] for _ in crimes]

    def in_reach(self, fixes: Fixes) -> NDArray[np.bool_]:
        """Which fixes can be of the place of a crime in whose window they are: (fixes,) bool."""
        found = np.zeros(len(fixes), np.bool_)
        candidates = np.flatnonzero(self._in_cells(fixes))
        t_us, lon, lat = (np.ascontiguousarray(fixes[name][candidates]) for name in ("t_us", "lon", "lat"))
        for crime in self._crimes:
            some = np.flatnonzero((t_us >= crime.from_us) & (t_us < crime.to_us))
            close = metres_from(crime.lon, crime.lat, lon[some], lat[some]) <= crime.reach_m
            found[candidates[some[close]]] = True
        return found

    def _in_cells(self, fixes: Fixes) -> NDArray[np.bool_]:
        """Which lie in the cells about the crimes; the others are near none."""
        found: NDArray[np.bool_] = np.isin(_cell(fixes["lon"], fixes["lat"]), self._cells)
        return found

    def take(self, fixes: Fixes) -> None:
        """The permitted used fixes of one stretch, in any order; stretches come in the order of time."""
        fixes = fixes[np.argsort(fixes["t_us"], kind="stable")]
        cuts = np.searchsorted(fixes["t_us"], self._edges).tolist()
        for start, end in pairwise([0, *cuts, len(fixes)]):
            if start < end:
                at_us = int(fixes["t_us"][start])
                some = np.flatnonzero((self._from <= at_us) & (at_us < self._to))
                if some.size:
                    self._slice(fixes[start:end], some)

    def _slice(self, fixes: Fixes, some: NDArray[np.int64]) -> None:
        """Fixes that lie whole in the windows of ``some`` crimes and outside all others."""
        fixes = fixes[np.argsort(fixes["wearer"], kind="stable")]
        wearer, t_us, gap_us = fixes["wearer"], fixes["t_us"], fixes["gap_us"]
        starts = np.flatnonzero(np.diff(wearer, prepend=_NEVER))
        ends = np.append(starts[1:], len(fixes))
        rank = np.arange(len(fixes)) - np.repeat(starts, ends - starts)
        hole = np.zeros(len(fixes), np.bool_)
        hole[1:] = (np.diff(t_us) > gap_us[:-1]) & (rank[1:] > 0)
        holes = np.logical_or.reduceat(hole, starts)
        who, first, last = wearer[starts], starts, ends - 1
        near_some = np.flatnonzero(self._in_cells(fixes))
        candidates = fixes[near_some]
        for k in some.tolist():
            before = self._number[k, who]
            self._measure(k, candidates, rank[near_some] + self._number[k, candidates["wearer"]])
            since = np.where(before > 0, self._last[k, who], self._from[k])
            limit = np.where(before > 0, self._last_gap[k, who], gap_us[first])
            self._holes[k, who] |= holes | (t_us[first] - since > limit)
            self._number[k, who] = before + (ends - starts)
            self._last[k, who], self._last_gap[k, who] = t_us[last], gap_us[last]

    def _measure(self, k: int, candidates: Fixes, ordinal: NDArray[np.int64]) -> None:
        crime = self._crimes[k]
        metres = metres_from(crime.lon, crime.lat, candidates["lon"], candidates["lat"])
        close = np.flatnonzero(metres <= crime.radius_m + np.minimum(candidates["acc"], MOST_ACC_M) + crime.within_m)
        if close.size:
            self._close[k].append((candidates[close], metres[close], ordinal[close]))

    def outcomes(self) -> list[Outcome]:
        """One for each crime."""
        return [self._outcome(k) for k in range(len(self._crimes))]

    def _outcome(self, k: int) -> Outcome:
        crime, considered, number = self._crimes[k], self._considered[k], self._number[k]
        match = np.where(number > 0, CODES.index(CrimeMatch.ELSEWHERE), CODES.index(CrimeMatch.NO_DATA)).astype(np.int8)
        found: list[Near] = []
        if self._close[k]:
            fixes, metres, ordinal = (np.concatenate(parts) for parts in zip(*self._close[k], strict=True))
            match[fixes["wearer"]] = CODES.index(CrimeMatch.NO_DATA)
            near = metres <= crime.radius_m
            found = _near(crime, fixes[near], metres[near], ordinal[near], considered)
            match[[one.wearer for one in found]] = CODES.index(CrimeMatch.NEAR)
        match[~considered] = -1
        held = (number > 0) & ~self._holes[k] & (crime.to_us - self._last[k] <= self._last_gap[k])
        return Outcome(tuple(found), match, held & considered, np.where(considered, number, 0))


def _near(
    crime: Sought,
    fixes: Fixes,
    metres: NDArray[np.float64],
    ordinal: NDArray[np.int64],
    considered: NDArray[np.bool_],
) -> list[Near]:
    order = np.lexsort((ordinal, fixes["wearer"]))
    fixes, metres, ordinal = fixes[order], metres[order], ordinal[order]
    starts = np.flatnonzero(np.diff(fixes["wearer"], prepend=_NEVER))
    found = []
    for start, end in pairwise([*starts.tolist(), len(fixes)]):
        wearer = int(fixes["wearer"][start])
        if end - start >= LEAST_NEAR and considered[wearer]:
            own = slice(start, end)
            visits = _visits(fixes[own], metres[own], ordinal[own])
            score = match_score(fixes["acc"][own], crime.radius_m, sum(one.dwell_s for one in visits))
            found.append(Near(wearer, score, visits, fixes[own], metres[own]))
    return sorted(found, key=lambda one: (-one.score, one.wearer))


def _visits(fixes: Fixes, metres: NDArray[np.float64], ordinal: NDArray[np.int64]) -> tuple[Visit, ...]:
    """A gap parts visits; time is spent between two positions near that follow each other with none elsewhere between them."""
    t_us = fixes["t_us"]
    steps = np.diff(t_us)
    parted = np.flatnonzero(steps > fixes["gap_us"][:-1]) + 1
    dwell_us = np.where((np.diff(ordinal) == 1) & (steps <= fixes["gap_us"][:-1]), steps, 0)
    found = []
    for start, end in pairwise([0, *parted.tolist(), len(fixes)]):
        dwell_s = float(dwell_us[start : end - 1].sum()) / SECOND_US
        nearest_m = round(float(metres[start:end].min()), 1)
        found.append(Visit(int(t_us[start]), int(t_us[end - 1]), end - start, dwell_s, nearest_m))
    return tuple(found)


def match_score(acc: NDArray[np.float64], radius_m: float, dwell_s: float) -> int:
    """The score, 0 to 100, of positions of those accuracies (metres) that were near for so long."""
    sharpness = float(np.mean(radius_m / (radius_m + acc)))
    return round(100.0 * sharpness * dwell_s / (dwell_s + HALF_DWELL_S))


def near_home(crime: Sought, homes: Sequence[tuple[float, float, float]]) -> bool:
    """Whether a crime happened near one of somebody's curfew places (longitude, latitude, radius in metres)."""
    reach_m = crime.radius_m + crime.within_m + HOME_M
    return any(distance_m(crime.lat, crime.lon, lat, lon) <= reach_m + radius_m for lon, lat, radius_m in homes)


def _cell(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    column, row = np.floor(lon * CELLS_A_DEGREE), np.floor(lat * CELLS_A_DEGREE)
    found: NDArray[np.int64] = (row * 1_000_000 + column).astype(np.int64)
    return found


def _cells_of(crimes: Sequence[Sought]) -> NDArray[np.int64]:
    """The cells that hold whatever can be near one of some crimes."""
    found: set[int] = set()
    for crime in crimes:
        east, north = metres_per_degree(crime.lat)
        d_lon, d_lat = 1.01 * crime.reach_m / east, 1.01 * crime.reach_m / north
        columns = _span(crime.lon - d_lon, crime.lon + d_lon)
        rows = _span(crime.lat - d_lat, crime.lat + d_lat)
        found |= {row * 1_000_000 + column for row in rows for column in columns}
    return np.array(sorted(found), np.int64)


def _span(low: float, high: float) -> range:
    return range(math.floor(low * CELLS_A_DEGREE), math.floor(high * CELLS_A_DEGREE) + 1)


def metres_from(lon: float, lat: float, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres from a place to each of some, degrees all: `geofence.geodesy.distance_m` of arrays, away from the 180th meridian."""
    sine = np.sin(RADIAN * (lat + lats) / 2)
    w2 = 1.0 - ECCENTRICITY_2 * sine * sine
    w = np.sqrt(w2)
    x = (lons - lon) * (SEMI_MAJOR_M / w * np.sqrt(1.0 - sine * sine) * RADIAN)
    y = (lats - lat) * (SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / (w2 * w) * RADIAN)
    metres: NDArray[np.float64] = np.hypot(x, y)
    return metres
