"""Which positions a wearer's orders let anybody see, and by what (contract.md, Roles; docs/decisions/0015). Pure.

What nothing permits is sealed: it is kept, judged by the rules, and shown to nobody. Intervals are half open, instants
microseconds UTC. Records are taken as they are known now; of an instant the version counts that holds then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.facts import Roster
from domain.instants import EARLY_US, FAR_US, MINUTE_US
from domain.records import Circle, Condition, Corridor, Order, Polygons, Shape, Version
from domain.vocabulary import ConditionKind
from geofence.book import Book
from geofence.intervals import Span, clipped, common, union, without
from geofence.nearby import nearby
from geofence.shapes import ShapeTable, table_of
from geofence.timetable import WindowCache

AROUND_US: Final = 15 * MINUTE_US
"""Before and after a violation of an open alert."""
MOST_ACC_M: Final = 200.0
"""An accuracy that is worse (quality `inaccurate`) reaches no farther: else a bad fix would be seen anywhere."""

_WINDOWED: Final = frozenset({ConditionKind.CURFEW, ConditionKind.INCLUSION_ZONE})
"""Conditions to be somewhere: in their windows every fix tells whether they are kept. Without a timetable: always."""
_WINDOWED_IF_TIMED: Final = frozenset({ConditionKind.ATTENDANCE, ConditionKind.PRESENCE_CHECK})
"""The same with a timetable; without one they say nothing of when."""
_BY_ZONE: Final = frozenset({ConditionKind.EXCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE})


class Ground(IntFlag):
    """By what a position may be seen; several may hold at once."""

    SEALED = 0
    TRAIL = 1
    WINDOW = 2
    ZONE = 4
    ALERT = 8


class AlertSpan(NamedTuple):
    """A violation of an alert that is not closed; ``to_us`` None while it is open."""

    wearer: str
    from_us: int
    to_us: int | None

    @property
    def around(self) -> Span:
        """When positions may be seen for it."""
        return self.from_us - AROUND_US, FAR_US if self.to_us is None else self.to_us + AROUND_US


class NearZone(NamedTuple):
    """Times in which fixes near a zone may be seen.

    Those inside it, or out of it by at most ``buffer_m`` or their own accuracy; with ``outside`` those outside it, or inside by at
    most their own accuracy.
    """

    spans: tuple[Span, ...]
    shape: Shape
    buffer_m: float
    outside: bool

    def reach_m(self, acc: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far from the edge a fix of that accuracy may be, on the side that is not asked for."""
        return np.maximum(np.minimum(acc, MOST_ACC_M), 0.0 if self.outside else self.buffer_m)


class Sealed(NamedTuple):
    """A stretch in which nothing is shown; ``but_zones``: only fixes near some zone are."""

    from_us: int
    to_us: int
    but_zones: bool


@dataclass(frozen=True)
class Permits:
    """What may be seen of one wearer in ``[from_us, to_us)``; outside it, nothing.

    Attributes
    ----------
    spans : when every fix may be seen, by what: `TRAIL`, `WINDOW`, `ALERT`.
    near : when and where fixes near a zone may be.
    running : when an order was in force at all.
    """

    from_us: int
    to_us: int
    spans: dict[Ground, list[Span]]
    near: tuple[NearZone, ...] = ()
    running: tuple[Span, ...] = ()

    @cached_property
    def _table(self) -> ShapeTable:
        return table_of([zone.shape for zone in self.near])

    def grounds(
        self,
        t_us: NDArray[np.int64],
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        acc: NDArray[np.float64],
    ) -> NDArray[np.uint8]:
        """By what each fix may be seen: (fixes,) uint8 of `Ground`, 0 where it is sealed.

        Parameters
        ----------
        t_us : (fixes,) int64, fix times. lon, lat : degrees. acc : metres, the 95 % radius that the device states.
        """
        found = np.zeros(len(t_us), np.uint8)
        for ground, spans in self.spans.items():
            found[held(spans, t_us)] |= np.uint8(ground)
        for row, zone in enumerate(self.near):
            some = np.flatnonzero(held(zone.spans, t_us))
            near = self._near(row, zone, lon[some], lat[some], acc[some])
            found[some[near]] |= np.uint8(Ground.ZONE)
        return found

    def _near(
        self, row: int, zone: NearZone, lon: NDArray[np.float64], lat: NDArray[np.float64], acc: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        outside = np.full(len(lon), zone.outside, np.bool_)
        return near_rows(self._table, np.full(len(lon), row, np.int64), outside, zone.reach_m(acc), lon, lat)

    @property
    def always(self) -> list[Span]:
        """When every fix may be seen, whatever its place."""
        return union(span for spans in self.spans.values() for span in spans)

    def sealed(self) -> list[Sealed]:
        """The rest of ``[from_us, to_us)``, in order: a trail tells it, so that a hole is not taken for a lost device."""
        shut = without([(self.from_us, self.to_us)], self.always)
        zones = union(span for zone in self.near for span in zone.spans)
        pieces = [Sealed(*span, False) for span in without(shut, zones)]
        return sorted(pieces + [Sealed(*span, True) for span in common(shut, zones)])

    def during(self, spans: Sequence[Span]) -> Permits:
        """No more than in these spans."""
        near = tuple(zone._replace(spans=tuple(common(zone.spans, spans))) for zone in self.near)
        kept = {ground: common(of, spans) for ground, of in self.spans.items()}
        return Permits(self.from_us, self.to_us, kept, tuple(zone for zone in near if zone.spans), self.running)

    def around_alerts(self) -> Permits:
        """No more than around open alerts."""
        alerts = self.spans.get(Ground.ALERT, [])
        return Permits(self.from_us, self.to_us, {Ground.ALERT: alerts}, (), self.running)

    def also(self, other: Permits) -> Permits:
        """What either permits, of the same wearer and stretch."""
        grounds = self.spans.keys() | other.spans.keys()
        spans = {one: union([*self.spans.get(one, ()), *other.spans.get(one, ())]) for one in grounds}
        return Permits(self.from_us, self.to_us, spans, (*self.near, *other.near), self.running)


def held(spans: Sequence[Span], t_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which instants lie in spans that are in order and apart: (instants,) bool."""
    if not spans:
        return np.zeros(len(t_us), np.bool_)
    edges = np.array(spans, np.int64)
    place = np.searchsorted(edges[:, 0], t_us, side="right") - 1
    inside: NDArray[np.bool_] = (place >= 0) & (t_us < edges[place, 1])
    return inside


def near_rows(
    table: ShapeTable,
    row: NDArray[np.int64],
    outside: NDArray[np.bool_],
    reach_m: NDArray[np.float64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """`geofence.nearby` over the shapes of a table: (pairs,) bool."""
    out = np.zeros(len(row), np.bool_)
    if len(row):
        place = (np.ascontiguousarray(lat, np.float64), np.ascontiguousarray(lon, np.float64))
        nearby(*place, reach_m, outside, row, table.shapes, table.lon, table.lat, table.pen_up, out)
    return out


def book_of(versions: Iterable[Version], cache: WindowCache) -> Book:
    """The caseload to be asked; of use are orders, conditions, zones and suspensions."""
    book = Book(Roster(), cache)
    for version in versions:
        book.learn(version)
    return book


def permits_of(
    book: Book, cache: WindowCache, wearer: str, from_us: int, to_us: int, alerts: Iterable[AlertSpan] = ()
) -> Permits:
    """What may be seen of a wearer in ``[from_us, to_us)``, at most `geofence.timetable.MAX_RANGE_US` long.

    ``alerts`` are those that are not closed; those of others are passed over.
    """
    orders = {order: _running(book, wearer, order) for order in book.ids(Order, "wearer", wearer)}
    running = union(span for spans in orders.values() for span in spans)
    spans: dict[Ground, list[Span]] = {Ground.TRAIL: [], Ground.WINDOW: []}
    near: list[NearZone] = []
    for order, runs in orders.items():
        enforced = clipped(without(runs, book.suspensions(order, from_us, to_us)), from_us, to_us)
        for condition in book.ids(Condition, Order, order):
            for start, end, record in book.eras(Condition, condition):
                if record.order == order:
                    _open(book, cache, record, common([(start, end)], enforced), spans, near)
    around = union(alert.around for alert in alerts if alert.wearer == wearer)
    spans = {ground: union(of) for ground, of in spans.items()}
    spans[Ground.ALERT] = clipped(common(around, running), from_us, to_us)
    return Permits(from_us, to_us, spans, tuple(near), tuple(running))


def _running(book: Book, wearer: str, order: str) -> list[Span]:
    """When an order of the wearer is in force."""
    return union(
        (max(start, record.from_us), min(end, FAR_US if record.to_us is None else record.to_us))
        for start, end, record in book.eras(Order, order)
        if record.wearer == wearer
    )


def _open(
    book: Book,
    cache: WindowCache,
    record: Condition,
    enforced: list[Span],
    spans: dict[Ground, list[Span]],
    near: list[NearZone],
) -> None:
    """Adds what one version of a condition permits while it is ``enforced``."""
    own = (EARLY_US if record.from_us is None else record.from_us, FAR_US if record.to_us is None else record.to_us)
    open_ = common([own], enforced) if own[0] < own[1] else []
    if open_ and record.timetable is not None:
        open_ = common(cache.windows(record.timetable, open_[0][0], open_[-1][1]), open_)
    if not open_:
        return
    if record.kind is ConditionKind.TRAIL:
        spans[Ground.TRAIL] += open_
    elif record.kind in _WINDOWED or (record.kind in _WINDOWED_IF_TIMED and record.timetable is not None):
        spans[Ground.WINDOW] += open_
    elif record.kind in _BY_ZONE:
        near += _near_zones(book, record, open_)
    elif record.kind is ConditionKind.ATTENDANCE and record.place is not None:
        place = record.place
        near.append(NearZone(tuple(open_), _circle(place.lon, place.lat, place.radius_m), 0.0, outside=False))


def _near_zones(book: Book, record: Condition, open_: list[Span]) -> list[NearZone]:
    """An exclusion zone tells by who comes near it, a restriction zone by who leaves it."""
    outside = record.kind is ConditionKind.RESTRICTION_ZONE
    buffer_m = 0.0 if outside else record.buffer_m
    found = []
    for start, end, shape in book.shape_of(record):
        held_by = tuple(common([(start, end)], open_))
        if held_by and isinstance(shape, Polygons | Circle | Corridor):
            found.append(NearZone(held_by, shape, buffer_m, outside))
    return found


@lru_cache(maxsize=50_000)
def _circle(lon: float, lat: float, radius_m: float) -> Circle:
    """The same object for the same place: shapes are known by identity."""
    return Circle(lon, lat, radius_m)
