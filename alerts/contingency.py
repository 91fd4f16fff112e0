"""What a wearer's conditions require now, for a list of those of whom nothing is heard: who must be seen to first.

A pure function of the caseload as known, the last used fix and an instant (rules.md 11; docs/alerts.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

import shapely

from domain.facts import Roster
from domain.instants import MINUTE_US, SECOND_US
from domain.records import Circle, Condition, Corridor, LonLat, Order, Polygons, Shape, Version, Wearer
from domain.vocabulary import ZONE_KINDS, ConditionKind, Level
from geofence.book import Book
from geofence.intervals import Span, without
from geofence.timetable import WindowCache

SOON_US: Final = 30 * MINUTE_US
"""A curfew window that opens within so long asks for contact now."""
FASTEST_M_S: Final = 30.0
"""How fast a wearer may have moved since the last used fix."""
METRES_PER_DEGREE: Final = 111_700.0
SLACK: Final = 0.99
"""Of a distance what is sure: degrees are not everywhere as long."""


class Need(StrEnum):
    """The first that holds of a wearer, the most urgent first: the ranks of the list."""

    VICTIM = "victim"
    LOST_IN_ZONE = "lost_in_zone"
    INTENSIVE = "intensive"
    CURFEW = "curfew"
    ZONE_IN_REACH = "zone_in_reach"
    NOTHING_NOW = "nothing_now"


RANK: Final = {need: rank for rank, need in enumerate(Need, start=1)}


class LastFix(NamedTuple):
    """Where a wearer was last: degrees, metres, microseconds UTC."""

    lon: float
    lat: float
    acc_m: float
    t_us: int


class Requirements:
    """The caseload of some wearers, to be asked what it requires of each."""

    def __init__(self, versions: Iterable[Version], cache: WindowCache) -> None:
        self._book = Book(Roster(), cache)
        for version in versions:
            self._book.learn(version)

    def need_of(self, wearer: str, at_us: int, last: LastFix | None, *, lost_in_zone: bool) -> Need:
        """Why this wearer must be seen to, as of an instant. Without a last fix every zone is in reach."""
        enforced = list(self._enforced(wearer, at_us))
        now = [record for record, spans in enforced if any(start <= at_us < end for start, end in spans)]
        if any(record.kind is ConditionKind.PROXIMITY for record in now):
            return Need.VICTIM
        if lost_in_zone:
            return Need.LOST_IN_ZONE
        zones = [record for record in now if record.kind in ZONE_KINDS]
        curfews = [record for record in now if record.kind is ConditionKind.CURFEW]
        person = self._book.at(Wearer, wearer, at_us)
        if person is not None and person.level is Level.INTENSIVE and (zones or curfews):
            return Need.INTENSIVE
        if any(record.kind is ConditionKind.CURFEW and spans for record, spans in enforced):
            return Need.CURFEW
        if any(self._in_reach(record, at_us, last) for record in zones):
            return Need.ZONE_IN_REACH
        return Need.NOTHING_NOW

    def _enforced(self, wearer: str, at_us: int) -> Iterator[tuple[Condition, list[Span]]]:
        """Each condition with when it is enforced between now and `SOON_US` on."""
        book, until_us = self._book, at_us + SOON_US
        for order in book.ids(Order, "wearer", wearer):
            suspended = book.suspensions(order, at_us, until_us)
            for condition in book.ids(Condition, Order, order):
                record = book.at(Condition, condition, at_us) or book.newest(Condition, condition)
                if record is None or record.order != order:
                    continue
                spans = without(book.windows(condition, at_us, until_us), suspended)
                spans = without(spans, book.absences(condition, at_us, until_us))
                yield record, [span for span in spans if span[0] < until_us and span[1] > at_us]

    def _in_reach(self, record: Condition, at_us: int, last: LastFix | None) -> bool:
        """Whether the wearer can be where the zone forbids by now."""
        shape = next((of for start, end, of in self._book.shape_of(record) if start <= at_us < end), None)
        if shape is None:
            return False
        if last is None:
            return True
        reach_m = FASTEST_M_S * max(0, at_us - last.t_us) / SECOND_US + last.acc_m
        inside_m = metres_inside(shape, last.lon, last.lat)  # type: ignore[arg-type]
        to_go_m = -inside_m if record.kind is ConditionKind.EXCLUSION_ZONE else inside_m
        return to_go_m * SLACK <= reach_m


def metres_inside(shape: Shape, lon: float, lat: float) -> float:
    """Metres from a position to a zone's edge, positive inside; right to 1 % and enough to say who could have got there."""
    scale = (METRES_PER_DEGREE * math.cos(math.radians(lat)), METRES_PER_DEGREE)

    def flat(points: Iterable[LonLat]) -> list[LonLat]:
        return [((x - lon) * scale[0], (y - lat) * scale[1]) for x, y in points]

    here = shapely.Point(0.0, 0.0)
    if isinstance(shape, Circle):
        return float(shape.radius_m - shapely.Point(flat([(shape.lon, shape.lat)])[0]).distance(here))
    if isinstance(shape, Corridor):
        return float(shape.width_m / 2.0 - shapely.LineString(flat(shape.line)).distance(here))
    assert isinstance(shape, Polygons)
    polygons = [shapely.Polygon(flat(rings[0]), [flat(hole) for hole in rings[1:]]) for rings in shape.polygons]
    area = shapely.MultiPolygon(polygons)
    away = float(area.boundary.distance(here))
    return away if area.contains(here) else -away
