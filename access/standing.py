"""What may be seen of a whole fleet's newest fixes: `access.permits` for many wearers at one look, remembered. Pure.

Between two changes (a window opens, an order ends) nothing has to be worked out again: each wearer has a row of arrays that
says until when it holds. What a look costs is then a few array operations, and fixes against the zones of their wearers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from access.permits import MOST_ACC_M, AlertSpan, Ground, NearZone, Permits, book_of, near_rows, permits_of
from domain.instants import HOUR_US, MINUTE_US
from domain.records import Condition, Order, Suspension, Version, Zone
from geofence.flat import Flat
from geofence.intervals import Span
from geofence.shapes import ShapeRows
from geofence.timetable import WindowCache

AHEAD_US: Final = 25 * HOUR_US
BEHIND_US: Final = HOUR_US
"""How far about a fix a wearer's changes are worked out at once."""
AHEAD_BY_TURNS_US: Final = 15 * MINUTE_US
TURNS: Final = 64
"""So much farther by turns, so that not everybody's are worked out again in the same minute."""
MOST_SHAPES: Final = 100_000
"""Shapes kept beyond those of the last beginning, before all is worked out anew: versions of zones come and go."""
AT_ZONE: Final = np.dtype([("row", np.int64), ("buffer_m", np.float64), ("outside", np.bool_)])
RUNNING: Final = 64
"""Beside the bits of `Ground`: an order is in force."""


class Stretch(NamedTuple):
    """A time in which nothing changes: ``bits`` of `Ground` and `RUNNING`, and the zones near which fixes may be seen."""

    from_us: int
    to_us: int
    bits: int
    zones: tuple[NearZone, ...]


class Standing:
    """The caseload of all, to be asked about fixes; it answers as `access.permits` does."""

    def __init__(self, cache: WindowCache) -> None:
        self._cache = cache
        self._book = book_of((), cache)
        self._row_of: dict[str, int] = {}
        self._ahead: list[list[Stretch]] = []
        self._shapes, self._zones = ShapeRows(), Flat(AT_ZONE)
        self._shapes_at_first = 0
        self._from, self._to = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._bits = np.zeros(0, np.uint8)

    def learn(self, versions: Iterable[Version]) -> None:
        """Takes versions; those whom they concern are worked out anew when they are next asked for."""
        for version in versions:
            before = self._concerned(version)
            self._book.learn(version)
            for wearer in before | self._concerned(version):
                row = self._row_of.get(wearer)
                if row is not None:
                    self._forget(row)

    def _concerned(self, version: Version) -> set[str]:
        record, book = version.record, self._book
        if isinstance(record, Zone):
            conditions = [one for name in book.ids(Condition, Zone, record.id) for one in book.ever(Condition, name)]
            orders = {one.order for one in conditions}
        elif isinstance(record, Condition):
            orders = {record.order, *(one.order for one in book.ever(Condition, record.id))}
        elif isinstance(record, Suspension):
            orders = {record.order, *(one.order for one in book.ever(Suspension, record.id))}
        else:
            orders = {record.id} if isinstance(record, Order) else set()
        return {one.wearer for order in orders for one in book.ever(Order, order)}

    def _forget(self, row: int) -> None:
        self._ahead[row] = []
        self._to[row] = self._from[row]

    def grounds(
        self,
        wearers: Sequence[str],
        t_us: NDArray[np.int64],
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        acc: NDArray[np.float64],
        alerts: Sequence[AlertSpan] = (),
    ) -> NDArray[np.uint8]:
        """By what each wearer's fix may be seen: (wearers,) uint8 of `Ground`, 0 where it is sealed.

        Parameters
        ----------
        wearers : ids, each once. t_us, lon, lat, acc : as in `Permits.grounds`, one fix each.
        alerts : those that are not closed.
        """
        if len(self._shapes) > self._shapes_at_first + MOST_SHAPES:
            self._begin_anew()
        rows = self._rows(wearers)
        self._turn(rows, wearers, t_us)
        found = self._bits[rows]
        self._see_zones(found, rows, lon, lat, acc)
        self._see_alerts(found, rows, t_us, alerts)
        return found & np.uint8(~RUNNING & 0xFF)

    def permits(self, wearer: str, from_us: int, to_us: int, alerts: Iterable[AlertSpan] = ()) -> Permits:
        """`access.permits.permits_of` of one wearer, over the same caseload."""
        return permits_of(self._book, self._cache, wearer, from_us, to_us, alerts)

    def _begin_anew(self) -> None:
        self._shapes, self._zones = ShapeRows(), Flat(AT_ZONE)
        for row in range(len(self._ahead)):
            self._forget(row)

    def _rows(self, wearers: Sequence[str]) -> NDArray[np.int64]:
        known = self._row_of
        for wearer in wearers:
            if wearer not in known:
                known[wearer] = len(known)
                self._ahead.append([])
        more = len(known) - len(self._from)
        if more:
            nothing = np.zeros(more, np.int64)
            self._from, self._to = np.append(self._from, nothing), np.append(self._to, nothing)
            self._bits = np.append(self._bits, nothing.astype(np.uint8))
            self._zones.put((), (), len(known))
        return np.fromiter(map(known.__getitem__, wearers), np.int64, len(wearers))

    def _turn(self, rows: NDArray[np.int64], wearers: Sequence[str], t_us: NDArray[np.int64]) -> None:
        """Moves the rows on (or back) to the stretch that holds the fix, where it is another."""
        stale = np.flatnonzero((t_us < self._from[rows]) | (t_us >= self._to[rows]))
        owners, lists = [], []
        for place in stale.tolist():
            row, at_us = int(rows[place]), int(t_us[place])
            stretch = self._stretch_at(row, wearers[place], at_us)
            self._from[row], self._to[row], self._bits[row] = stretch[:3]
            owners.append(row)
            lists.append([self._at_zone(zone) for zone in stretch.zones])
        if owners:
            self._zones.put(owners, lists, len(self._row_of))
        if stale.size and not self._shapes_at_first:
            self._shapes_at_first = len(self._shapes)

    def _at_zone(self, zone: NearZone) -> tuple[int, float, bool]:
        return self._shapes.row_of(zone.shape), zone.buffer_m, zone.outside

    def _stretch_at(self, row: int, wearer: str, at_us: int) -> Stretch:
        ahead = self._ahead[row]
        if not ahead or not ahead[0].from_us <= at_us < ahead[-1].to_us:
            ahead = self._ahead[row] = self._work_out(
                wearer, at_us - BEHIND_US, at_us + AHEAD_US + row % TURNS * AHEAD_BY_TURNS_US
            )
        return ahead[bisect_right(ahead, at_us, key=lambda one: one.from_us) - 1]

    def _work_out(self, wearer: str, from_us: int, to_us: int) -> list[Stretch]:
        permits = permits_of(self._book, self._cache, wearer, from_us, to_us)
        always = [*permits.spans.items(), (RUNNING, permits.running)]
        every = [span for _, spans in always for span in spans] + [span for zone in permits.near for span in zone.spans]
        edges = sorted({from_us, to_us, *(edge for span in every for edge in span if from_us < edge < to_us)})
        found = []
        for start, end in pairwise(edges):
            bits = sum(int(ground) for ground, spans in always if _holds(spans, start))
            zones = tuple(zone for zone in permits.near if _holds(zone.spans, start))
            found.append(Stretch(start, end, bits, zones))
        return found

    def _see_zones(
        self,
        found: NDArray[np.uint8],
        rows: NDArray[np.int64],
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        acc: NDArray[np.float64],
    ) -> None:
        first = self._zones.first[rows]
        counts = self._zones.last[rows] - first
        fix = np.repeat(np.arange(len(rows)), counts)
        place = np.arange(len(fix)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        zones = self._zones.rows[place]
        reach_m = _reach_m(zones, acc[fix])
        outside = np.ascontiguousarray(zones["outside"])
        row = np.ascontiguousarray(zones["row"])
        near = near_rows(self._shapes.table(), row, outside, reach_m, lon[fix], lat[fix])
        found[fix[near]] |= np.uint8(Ground.ZONE)

    def _see_alerts(
        self,
        found: NDArray[np.uint8],
        rows: NDArray[np.int64],
        t_us: NDArray[np.int64],
        alerts: Sequence[AlertSpan],
    ) -> None:
        place_of = np.full(len(self._row_of), -1, np.int64)
        place_of[rows] = np.arange(len(rows))
        known = [(self._row_of[one.wearer], *one.around) for one in alerts if one.wearer in self._row_of]
        spans = np.array(known, np.int64).reshape(-1, 3)
        place = place_of[spans[:, 0]]
        spans, place = spans[place >= 0], place[place >= 0]
        t = t_us[place]
        here = place[(spans[:, 1] <= t) & (t < spans[:, 2])]
        here = here[found[here] & RUNNING != 0]
        found[here] |= np.uint8(Ground.ALERT)


def _reach_m(zones: NDArray[np.void], acc: NDArray[np.float64]) -> NDArray[np.float64]:
    """`NearZone.reach_m`, of many; a zone that is left has no buffer."""
    reach_m: NDArray[np.float64] = np.maximum(np.minimum(acc, MOST_ACC_M), zones["buffer_m"])
    return reach_m


def _holds(spans: Sequence[Span], at_us: int) -> bool:
    return any(start <= at_us < end for start, end in spans)
