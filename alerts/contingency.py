"""What a wearer's conditions require now, for a list of those of whom nothing is heard: who must be seen to first.

A pure function of the caseload as known, the last used fix and an instant (rules.md 11; docs/alerts.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from domain.facts import Roster
from domain.instants import MINUTE_US, SECOND_US
from domain.records import Circle, Condition, Corridor, Order, Place, Polygons, Shape, Version, Wearer
from domain.vocabulary import ZONE_KINDS, ConditionKind, Level
from domain.zone_edges import edge_within_m, holds
from geofence.book import Book
from geofence.intervals import Span, without
from geofence.timetable import WindowCache

SOON_US: Final = 30 * MINUTE_US
"""A curfew window that opens within so long asks for contact now."""
FASTEST_M_S: Final = 30.0
"""How fast a wearer may have moved since the last used fix."""
FRESH_US: Final = 300 * SECOND_US
"""A fix no older than this still says where the wearer is."""
SURE: Final = 0.99
"""Of a distance that is not near what is sure (`domain.zone_edges` measures flat)."""


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
        self._measures: dict[tuple[int, float, float], tuple[bool, float]] = {}
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

    def asks_contact(self, wearer: str, at_us: int, last: LastFix | None, *, heard_at_home: bool = False) -> bool:
        """Whether the conditions of a wearer ask for contact as of an instant (docs/alerts.md, "Need").

        A curfew window that is open or opens within `SOON_US`, unless a home unit hears the tag or the newest fix is fresh
        and inside the place; a zone that can have been reached; a victim: where they are is not looked at.
        """
        for record, spans in self._enforced(wearer, at_us):
            now = any(start <= at_us < end for start, end in spans)
            if record.kind is ConditionKind.CURFEW:
                asks = bool(spans) and not heard_at_home and not _seen_there(record, at_us, last)
            elif record.kind in ZONE_KINDS:
                asks = now and self._in_reach(record, at_us, last)
            else:
                asks = now and record.kind is ConditionKind.PROXIMITY
            if asks:
                return True
        return False

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
        held = next((of for start, end, of in self._book.shape_of(record) if start <= at_us < end), None)
        shape = held if isinstance(held, Circle | Corridor | Polygons) else None
        if shape is None:
            return False
        if last is None:
            return True
        inside, edge_m = self._measured(shape, last)
        if inside == (record.kind is ConditionKind.EXCLUSION_ZONE):
            return True
        reach_m = FASTEST_M_S * max(0, at_us - last.t_us) / SECOND_US + last.acc_m
        return edge_m <= reach_m / SURE

    def _measured(self, shape: Shape, last: LastFix) -> tuple[bool, float]:
        """Whether a fix lies in a zone, and metres to its edge; measured once, however often it is asked later."""
        key = (id(shape), last.lon, last.lat)  # the book holds the shape, so that its id stays its own
        found = self._measures.get(key)
        if found is None:
            here = Place("", last.lon, last.lat)
            edge_m = edge_within_m(here, shape, math.inf)
            assert edge_m is not None
            found = self._measures[key] = (holds(here, shape), edge_m)
        return found


def _seen_there(record: Condition, at_us: int, last: LastFix | None) -> bool:
    """Whether a fresh fix lies in the place of a curfew."""
    if last is None or record.place is None or not 0 <= at_us - last.t_us <= FRESH_US:
        return False
    place = record.place
    return holds(Place("", last.lon, last.lat), Circle(place.lon, place.lat, place.radius_m))
