"""Which facts a violation rests on, measured against its condition: what is numbered and printed in a pack. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.instants import FAR_US
from domain.records import Circle, Condition, Corridor, Polygons
from domain.violations import FactId, Violation
from domain.vocabulary import EventCode, EventState, Quality, Source
from evidence.content import Event, Part, Point
from evidence.gathered import Heard
from geofence.book import Book
from geofence.compiled import plain
from geofence.shapes import CIRCLE, ShapeTable, signed_distance_m, table_of

SIGMAS: Final = 2.4477
"""Of the 95 % radius; rules.md 3."""
LEAST_ACC_M: Final = 5.0


@dataclass(frozen=True, slots=True)
class Resting:
    """The points and events of one violation, in order of time."""

    points: tuple[Point, ...]
    events: tuple[Event, ...]


class Relying:
    """Numbers points through a pack, violation after violation, of those that it is told of."""

    def __init__(self, heard: Heard, book: Book, violations: Iterable[Violation]) -> None:
        self._heard = heard
        self._book = book
        self._place = heard.rows_of({one for violation in violations for one in violation.evidence})
        facts = heard.facts
        order = np.lexsort((facts["seq"], facts["gen"], facts["device"], facts["t_us"]))
        self._rank: NDArray[np.int64] = np.empty(len(facts), np.int64)
        self._rank[order] = np.arange(len(facts))
        used = ~facts["is_event"] & (heard.quality == Quality.OK) & (facts["src"] != Source.LBS.value)
        self._used: NDArray[np.int64] = order[used[order]]
        self._times: NDArray[np.int64] = facts["t_us"][self._used]
        self._known: dict[str, list[tuple[int, int, ShapeTable]]] = {}
        self._next = 1

    def of(self, violation: Violation, *, sealed: bool) -> Resting:
        """What a violation rests on. ``sealed``: distances and scores are left to the annex."""
        evidence = {self._place[one] for one in violation.evidence if one in self._place}
        to_us = violation.from_us if violation.to_us is None and not evidence else violation.to_us
        last = int(np.searchsorted(self._times, FAR_US if to_us is None else to_us, side="right"))
        between = self._used[np.searchsorted(self._times, violation.from_us) : last].tolist()
        rows = np.array(sorted({*between, *evidence}), np.int64)
        rows = rows[np.argsort(self._rank[rows])]
        is_event = self._heard.facts["is_event"][rows]
        fixes = rows[~is_event]
        measured = [None] * len(fixes) if sealed else self._distances(violation, fixes)
        points = self._points(fixes, violation, measured, evidence, sealed=sealed)
        events = tuple(self._event(k, violation) for k in rows[is_event].tolist())
        return Resting(points, events)

    def _part(self, at_us: int, violation: Violation, *, relied: bool) -> Part:
        if not relied:
            return Part.DURING
        closed = violation.to_us is not None and at_us >= violation.to_us
        return Part.CLOSED if closed and violation.to_us != violation.from_us else Part.OPENED

    def _distances(self, violation: Violation, rows: NDArray[np.int64]) -> Sequence[float | None]:
        shapes = self._shapes(violation)
        if not shapes:
            return [None] * len(rows)
        found: list[float | None] = []
        facts = self._heard.facts[rows]
        for at_us, lat, lon in zip(*(facts[name].tolist() for name in ("t_us", "lat", "lon")), strict=True):
            table = next((table for start, end, table in shapes if start <= at_us < end), shapes[-1][2])
            # a circle is measured in no time as it stands
            measure = plain(signed_distance_m) if table.shapes[0]["kind"] == CIRCLE else signed_distance_m
            found.append(float(measure(table.shapes[0], table.lon, table.lat, table.pen_up, lat, lon)))
        return found

    def _shapes(self, violation: Violation) -> list[tuple[int, int, ShapeTable]]:
        if violation.condition is None:
            return []
        if violation.condition not in self._known:
            self._known[violation.condition] = list(self._shapes_of(violation.condition))
        return self._known[violation.condition]

    def _shapes_of(self, condition: str) -> Iterator[tuple[int, int, ShapeTable]]:
        for start, end, record in self._book.eras(Condition, condition):
            if record.place is not None:
                place = record.place
                yield start, end, table_of([Circle(place.lon, place.lat, place.radius_m)])
                continue
            for low, high, shape in self._book.shape_of(record):
                if isinstance(shape, Polygons | Circle | Corridor):
                    yield max(start, low), min(end, high), table_of([shape])

    def _points(
        self,
        rows: NDArray[np.int64],
        violation: Violation,
        measured: Sequence[float | None],
        evidence: Collection[int],
        *,
        sealed: bool,
    ) -> tuple[Point, ...]:
        facts = self._heard.facts[rows]
        names = ("gen", "seq", "t_us", "received_us", "lon", "lat", "acc", "src", "spd", "hdg")
        devices = [self._heard.devices[one] for one in facts["device"].tolist()]
        columns = [facts[name].tolist() for name in names]
        judged = self._heard.quality[rows].tolist()
        found = []
        for k, device, metres, quality, *row in zip(rows.tolist(), devices, measured, judged, *columns, strict=True):
            gen, seq, t_us, received_us, lon, lat, acc, src, speed, heading = row
            found.append(
                Point(
                    number=self._next,
                    id=FactId(device, gen, seq),
                    fix_us=t_us,
                    received_us=received_us,
                    lon=None if sealed else lon,
                    lat=None if sealed else lat,
                    acc_m=acc,
                    distance_m=metres,
                    p_inside=None if metres is None else position_score(metres, acc),
                    source=Source(src),
                    speed_ms=None if math.isnan(speed) else speed,
                    heading_deg=None if math.isnan(heading) else heading,
                    quality=Quality(quality),
                    part=self._part(t_us, violation, relied=k in evidence),
                )
            )
            self._next += 1
        return tuple(found)

    def _event(self, k: int, violation: Violation) -> Event:
        fact = self._heard.facts[k]
        identity = FactId(self._heard.devices[fact["device"]], int(fact["gen"]), int(fact["seq"]))
        what = EventCode(int(fact["code"])).name.replace("_", " ").capitalize()
        state = EventState(int(fact["state"]))
        told = what if state is EventState.PULSE else f"{what}, {state.name.lower()}"
        times = int(fact["t_us"]), int(fact["received_us"])
        return Event(identity, *times, told, self._part(times[0], violation, relied=True))


def position_score(metres: float, acc_m: float) -> float:
    """The position score of a fix so many metres inside (negative: outside) an edge; rules.md 3."""
    sigma = max(acc_m, LEAST_ACC_M) / SIGMAS
    return 0.5 * math.erfc(-metres / (sigma * math.sqrt(2.0)))
