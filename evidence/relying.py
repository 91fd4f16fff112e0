"""Which facts a violation rests on, measured against its condition: what is numbered and printed in a pack. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.instants import FAR_US
from domain.records import Circle, Condition, Corridor, Polygons
from domain.violations import FactId, Violation
from domain.vocabulary import EventCode, EventState, Quality, Source
from evidence.content import Event, Part, Point
from evidence.gathered import Heard
from geofence.book import Book
from geofence.shapes import signed_distance_m, table_of

SIGMAS: Final = 2.4477
"""Of the 95 % radius; rules.md 3."""
LEAST_ACC_M: Final = 5.0


@dataclass(frozen=True, slots=True)
class Resting:
    """The points and events of one violation, in order of time."""

    points: tuple[Point, ...]
    events: tuple[Event, ...]


class Relying:
    """Numbers points through a pack, violation after violation."""

    def __init__(self, heard: Heard, book: Book) -> None:
        self._heard = heard
        self._book = book
        self._place = {identity: k for k, identity in enumerate(heard.ids())}
        facts = heard.facts
        used = ~facts["is_event"] & (heard.quality == Quality.OK) & (facts["src"] != Source.LBS.value)
        order = np.lexsort((facts["seq"], facts["gen"], facts["device"], facts["t_us"]))
        self._used: NDArray[np.int64] = order[used[order]]
        self._times: NDArray[np.int64] = facts["t_us"][self._used]
        self._next = 1

    def of(self, violation: Violation, *, sealed: bool) -> Resting:
        """What a violation rests on. ``sealed``: distances and scores are left to the annex."""
        evidence = {self._place[one] for one in violation.evidence if one in self._place}
        to_us = violation.from_us if violation.to_us is None and not evidence else violation.to_us
        last = int(np.searchsorted(self._times, FAR_US if to_us is None else to_us, side="right"))
        between = self._used[np.searchsorted(self._times, violation.from_us) : last].tolist()
        rows = sorted({*between, *evidence}, key=self._order)
        fixes = [k for k in rows if not self._heard.facts["is_event"][k]]
        measured = [None] * len(fixes) if sealed else self._distances(violation, fixes)
        points = [
            self._point(k, violation, metres, k in evidence, sealed) for k, metres in zip(fixes, measured, strict=True)
        ]
        events = [self._event(k, violation) for k in rows if self._heard.facts["is_event"][k]]
        return Resting(tuple(points), tuple(events))

    def _order(self, k: int) -> tuple[int, ...]:
        row = self._heard.facts[k]
        return int(row["t_us"]), int(row["device"]), int(row["gen"]), int(row["seq"])

    def _part(self, k: int, violation: Violation, relied: bool) -> Part:
        if not relied:
            return Part.DURING
        closed = violation.to_us is not None and int(self._heard.facts["t_us"][k]) >= violation.to_us
        return Part.CLOSED if closed and violation.to_us != violation.from_us else Part.OPENED

    def _distances(self, violation: Violation, rows: Sequence[int]) -> Sequence[float | None]:
        shapes = self._shapes(violation)
        if not shapes:
            return [None] * len(rows)
        found: list[float | None] = []
        for k in rows:
            fact = self._heard.facts[k]
            at_us = int(fact["t_us"])
            table = next((table for start, end, table in shapes if start <= at_us < end), shapes[-1][2])
            where = (float(fact["lat"]), float(fact["lon"]))
            found.append(float(signed_distance_m(table.shapes[0], table.lon, table.lat, table.pen_up, *where)))
        return found

    def _shapes(self, violation: Violation) -> list[tuple[int, int, Any]]:
        if violation.condition is None:
            return []
        found: list[tuple[int, int, Any]] = []
        for start, end, record in self._book.eras(Condition, violation.condition):
            if record.place is not None:
                place = record.place
                found.append((start, end, table_of([Circle(place.lon, place.lat, place.radius_m)])))
                continue
            for low, high, shape in self._book.shape_of(record):
                if isinstance(shape, Polygons | Circle | Corridor):
                    found.append((max(start, low), min(end, high), table_of([shape])))
        return found

    def _point(self, k: int, violation: Violation, metres: float | None, relied: bool, sealed: bool) -> Point:
        fact = self._heard.facts[k]
        number, self._next = self._next, self._next + 1
        speed, heading = float(fact["spd"]), float(fact["hdg"])
        return Point(
            number=number,
            id=FactId(self._heard.devices[fact["device"]], int(fact["gen"]), int(fact["seq"])),
            fix_us=int(fact["t_us"]),
            received_us=int(fact["received_us"]),
            lon=None if sealed else float(fact["lon"]),
            lat=None if sealed else float(fact["lat"]),
            acc_m=float(fact["acc"]),
            distance_m=metres,
            p_inside=None if metres is None else position_score(metres, float(fact["acc"])),
            source=Source(int(fact["src"])),
            speed_ms=None if math.isnan(speed) else speed,
            heading_deg=None if math.isnan(heading) else heading,
            quality=Quality(int(self._heard.quality[k])),
            part=self._part(k, violation, relied),
        )

    def _event(self, k: int, violation: Violation) -> Event:
        fact = self._heard.facts[k]
        identity = FactId(self._heard.devices[fact["device"]], int(fact["gen"]), int(fact["seq"]))
        what = EventCode(int(fact["code"])).name.replace("_", " ").capitalize()
        state = EventState(int(fact["state"]))
        told = what if state is EventState.PULSE else f"{what}, {state.name.lower()}"
        times = int(fact["t_us"]), int(fact["received_us"])
        return Event(identity, *times, told, self._part(k, violation, relied=True))


def position_score(metres: float, acc_m: float) -> float:
    """The position score of a fix so many metres inside (negative: outside) an edge; rules.md 3."""
    sigma = max(acc_m, LEAST_ACC_M) / SIGMAS
    return 0.5 * math.erfc(-metres / (sigma * math.sqrt(2.0)))
