"""What may be seen of many wearers' fixes over some hours: `access.permits` for all of them at once. Pure.

Where `access.standing` answers for the newest fix of each, this answers for any number of fixes of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from access.permits import MOST_ACC_M, Permits, near_rows
from geofence.shapes import table_of

ROW_BITS: Final = 40
"""A wearer's row stands above an instant in a key: 40 bits of microseconds are twelve days."""
LONGEST_US: Final = (1 << ROW_BITS) - 2
_ZONE: Final = np.dtype(
    [("from_us", np.int64), ("to_us", np.int64), ("shape", np.int64), ("buffer_m", np.float64), ("outside", np.bool_)]
)


class ManyPermits:
    """The permits of some wearers, all of the same stretch of at most `LONGEST_US`; a wearer is known by its place among them."""

    def __init__(self, permits: Sequence[Permits], from_us: int, to_us: int) -> None:
        assert to_us - from_us <= LONGEST_US, "a longer stretch has no room in a key"
        self._from_us, self._to_us = from_us, to_us
        spans = [(row, start, end) for row, one in enumerate(permits) for start, end in one.always]
        rows, starts, ends = np.array(spans, np.int64).reshape(-1, 3).T
        self._starts, self._ends = self._key(rows, starts), self._key(rows, ends)
        zones = [
            (row, (start, end, zone.shape, zone.buffer_m, zone.outside))
            for row, one in enumerate(permits)
            for zone in one.near
            for start, end in zone.spans
        ]
        shapes = {id(of[2]): of[2] for _, of in zones}
        place = {name: number for number, name in enumerate(shapes)}
        self._table = table_of(list(shapes.values()))
        self._zones = np.array([(*of[:2], place[id(of[2])], *of[3:]) for _, of in zones], _ZONE)
        self._first = np.searchsorted([row for row, _ in zones], np.arange(len(permits) + 1))

    def _key(self, row: NDArray[np.int64], t_us: NDArray[np.int64]) -> NDArray[np.int64]:
        key: NDArray[np.int64] = (row << ROW_BITS) + (np.clip(t_us, self._from_us, self._to_us) - self._from_us)
        return key

    def permitted(
        self,
        row: NDArray[np.int64],
        t_us: NDArray[np.int64],
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        acc: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Which fixes may be seen: (fixes,) bool.

        Parameters
        ----------
        row : (fixes,) int64, places of wearers. t_us : instants in the stretch. lon, lat : degrees. acc : metres.
        """
        found = self._always(row, t_us)
        shut = np.flatnonzero(~found)
        number = self._first[row[shut] + 1] - self._first[row[shut]]
        fix = np.repeat(shut, number)
        zone = np.arange(len(fix)) + np.repeat(self._first[row[shut]] - (np.cumsum(number) - number), number)
        zones = self._zones[zone]
        held = (zones["from_us"] <= t_us[fix]) & (t_us[fix] < zones["to_us"])
        fix, zones = fix[held], zones[held]
        outside = np.ascontiguousarray(zones["outside"])
        reach_m = np.maximum(np.minimum(acc[fix], MOST_ACC_M), zones["buffer_m"])
        near = near_rows(self._table, np.ascontiguousarray(zones["shape"]), outside, reach_m, lon[fix], lat[fix])
        found[fix[near]] = True
        return found

    def _always(self, row: NDArray[np.int64], t_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """By spans alone, whatever the place."""
        if not len(self._starts):
            return np.zeros(len(row), np.bool_)
        key = self._key(row, t_us)
        place = np.searchsorted(self._starts, key, side="right") - 1
        found: NDArray[np.bool_] = (place >= 0) & (key < self._ends[place])
        return found
