"""Who is simulated: each person of a caseload with what they wear, where they live and what they must keep to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Any, TypeVar

import numpy as np

from domain.instants import DAY_US, EARLY_US, FAR_US, SECOND_US
from domain.records import (
    Absence,
    Condition,
    Device,
    Fitting,
    Order,
    Record,
    Suspension,
    Timetable,
    Version,
    Victim,
    Wearer,
    Zone,
)
from domain.vocabulary import ZONE_KINDS, ConditionKind, DeviceKind
from simulators.calendars import Interval, cut, merged, windows, without
from simulators.ground import Floats, Frame, Outline
from simulators.places import TOWNS

SPEAKING_KINDS = frozenset({DeviceKind.GPS_TAG, DeviceKind.HOME_UNIT, DeviceKind.VICTIM_UNIT, DeviceKind.ALCOHOL_TAG})
"""A curfew tag sends nothing itself (wire.md)."""
LOCATING_KINDS = frozenset({DeviceKind.GPS_TAG, DeviceKind.VICTIM_UNIT})
USUAL_RADIUS_M = 50.0
CLEAR_OF_ZONES_M = 320.0
"""How far from a zone a home is looked for when the caseload tells none."""
HOME_TRIES = 60
HOSPITAL = "hospital"
"""The reason of an absence whose nights are spent there."""
BEFORE_RUN_US = 2 * DAY_US
"""Windows are looked for so far back: the one that the run begins in."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Run:
    """When the world is simulated."""

    start_us: int
    duration_s: float

    @property
    def end_us(self) -> int:
        return self.start_us + round(self.duration_s * SECOND_US)


@dataclass(slots=True)
class Watched:
    """A condition, and when it is enforced.

    ``enforced`` are the instants at which it counts; ``windows`` its windows cut by order and condition only, whole,
    each with its unexcused pieces.
    """

    condition: Condition
    outline: Outline | None
    enforced: list[Interval]
    windows: list[tuple[Interval, list[Interval]]]


@dataclass(slots=True)
class Worn:
    """A device on a person. ``tags`` are the curfew tags that a home unit hears; ``lent``: it is fitted to another of the same address."""

    device: Device
    from_us: int
    to_us: int
    tags: tuple[str, ...] = ()
    lent: bool = False


@dataclass(slots=True)
class Subject:
    """A wearer or victim. ``home`` is the frame in which their walks are drawn; its middle is the door."""

    id: str
    home: Frame
    radius_m: float
    worn: list[Worn]
    watched: list[Watched]
    is_victim: bool = False
    rf_tags: tuple[str, ...] = ()
    orders: list[Interval] = field(default_factory=list)
    """When an order of theirs is in force."""
    order_kinds: tuple[str, ...] = ()
    level: str = ""
    young: bool = False
    """Under 18 when the run begins."""
    in_hospital: list[Interval] = field(default_factory=list)
    host: str | None = None
    """Who is fitted with the home unit through which alone this person's tag is heard."""

    def of_kind(self, *kinds: ConditionKind) -> list[Watched]:
        return [w for w in self.watched if w.condition.kind in kinds]

    @property
    def speaking(self) -> list[Worn]:
        """The devices that speak; the first tells of the person: what tells where they are, else a home unit, and an alcohol tag last."""
        speaks = [w for w in self.worn if w.device.kind in SPEAKING_KINDS]
        last = DeviceKind.ALCOHOL_TAG
        return sorted(speaks, key=lambda one: (one.device.kind is last, one.device.kind not in LOCATING_KINDS))


@dataclass(slots=True)
class _Shelf:
    """The newest version of each record, by type."""

    by_type: dict[Any, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))

    def all(self, kind: type[R]) -> list[R]:
        return [r for r in self.by_type[kind].values() if isinstance(r, kind)]


def subjects_of(versions: Iterable[Version], run: Run, seed: int) -> list[Subject]:
    """Everybody in the caseload who wears a device that speaks during the run, or whose tag another's home unit hears, by id."""
    shelf = _Shelf()
    for version in versions:
        shelf.by_type[type(version.record)][version.record.id] = version.record
    worn = _worn_by(shelf, run)
    fitted = {one.device.id: (person, one) for person, of in worn.items() for one in of}
    orders: dict[str, list[Order]] = defaultdict(list)
    for order in shelf.all(Order):
        orders[order.wearer].append(order)
    watched = _watched_by(shelf, run)
    people: list[Wearer | Victim] = [*shelf.all(Wearer), *shelf.all(Victim)]
    found = []
    for person in people:
        things = worn.get(person.id, [])
        conditions = watched.get(person.id, []) if isinstance(person, Wearer) else []
        host = None
        if not any(w.device.kind in SPEAKING_KINDS for w in things):
            host, things = _heard_through(things, conditions, fitted)
            if host is None:
                continue
        home, radius_m = _home(conditions, Random(f"home:{seed}:{person.id}"))
        tags = tuple(w.device.id for w in things if w.device.kind is DeviceKind.RF_TAG)
        heard = tags or tuple(w.device.id for w in things if w.device.kind is DeviceKind.GPS_TAG)
        for thing in things:
            if thing.device.kind is DeviceKind.HOME_UNIT:
                thing.tags = heard
        held = merged([_span(o.from_us, o.to_us) for o in orders[person.id]])
        one = Subject(person.id, home, radius_m, things, conditions, isinstance(person, Victim), tags, held)
        one.host = host
        if isinstance(person, Wearer):
            one.order_kinds = tuple(sorted({order.kind.value for order in orders[person.id]}))
            one.level, one.young = person.level.value, _is_young(person.born, run)
            one.in_hospital = _nights_in_hospital(shelf, {watched.condition.id for watched in conditions})
        found.append(one)
    return _neighbours(sorted(found, key=lambda s: s.id), seed)


def _neighbours(subjects: list[Subject], seed: int) -> list[Subject]:
    """Protected people live in the town of whoever must keep away from them, beyond the limit: no record tells where."""
    at = {subject.id: subject for subject in subjects}
    for subject in subjects:
        for watched in subject.of_kind(ConditionKind.PROXIMITY):
            other = at.get(watched.condition.victim or "")
            if other is None or not other.is_victim:
                continue
            rng = Random(f"neighbours:{seed}:{other.id}")
            limit_m = watched.condition.prealert_m or 2 * (watched.condition.alert_m or 0.0)
            heading, away_m = rng.uniform(0, 2 * math.pi), limit_m * rng.uniform(1.3, 2.0) + rng.uniform(100.0, 2_000.0)
            kx, ky = subject.home.scale
            lon = subject.home.lon + away_m * math.cos(heading) / kx
            other.home = Frame(lon, subject.home.lat + away_m * math.sin(heading) / ky)
    return subjects


def _heard_through(
    things: list[Worn], conditions: list[Watched], fitted: Mapping[str, tuple[str, Worn]]
) -> tuple[str | None, list[Worn]]:
    """Whose home unit hears somebody's curfew tags, by their places, and what they wear with it; None and nothing: nobody's."""
    tags = [one for one in things if one.device.kind is DeviceKind.RF_TAG]
    for place in (watched.condition.place for watched in conditions if tags):
        found = fitted.get(place.home_unit or "") if place is not None else None
        if found is not None and found[1].device.kind is DeviceKind.HOME_UNIT:
            host, unit = found
            from_us, to_us = max(unit.from_us, tags[0].from_us), min(unit.to_us, tags[0].to_us)
            return host, [*things, Worn(unit.device, from_us, to_us, lent=True)]
    return None, []


def _nights_in_hospital(shelf: _Shelf, conditions: set[str]) -> list[Interval]:
    absences = [one for one in shelf.all(Absence) if one.condition in conditions and one.reason == HOSPITAL]
    return merged([(one.from_us, one.to_us) for one in absences if one.from_us is not None and one.to_us is not None])


def _is_young(born: str | None, run: Run) -> bool:
    if born is None:
        return False
    day = datetime.fromtimestamp(run.start_us // SECOND_US, UTC).date()
    birth = date.fromisoformat(born)
    return (day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))) < 18


def _worn_by(shelf: _Shelf, run: Run) -> dict[str, list[Worn]]:
    devices = {d.id: d for d in shelf.all(Device)}
    worn: dict[str, list[Worn]] = defaultdict(list)
    for fitting in sorted(shelf.all(Fitting), key=lambda f: (f.from_us, f.id)):
        to_us = FAR_US if fitting.to_us is None else fitting.to_us
        person = fitting.wearer or fitting.victim
        if person is not None and fitting.from_us < run.end_us and to_us > run.start_us:
            worn[person].append(Worn(devices[fitting.device], fitting.from_us, to_us))
    return worn


def _watched_by(shelf: _Shelf, run: Run) -> dict[str, list[Watched]]:
    orders = {o.id: o for o in shelf.all(Order)}
    zones = {z.id: z for z in shelf.all(Zone)}
    outlines: dict[str, Outline] = {}
    absences: dict[str, list[Absence]] = defaultdict(list)
    for absence in shelf.all(Absence):
        absences[absence.condition].append(absence)
    suspensions: dict[str, list[Suspension]] = defaultdict(list)
    for suspension in shelf.all(Suspension):
        suspensions[suspension.order].append(suspension)
    watched: dict[str, list[Watched]] = defaultdict(list)
    for condition in sorted(shelf.all(Condition), key=lambda c: c.id):
        order = orders[condition.order]
        outline = None
        if condition.kind in ZONE_KINDS:
            outline = _outline(condition, zones, outlines)
        excused = _excused([*absences[condition.id], *suspensions[order.id]], run)
        whole = _windows(condition, order, run)
        pieces = [(w, without([w], excused)) for w in whole]
        enforced = [piece for _, left in pieces for piece in left]
        watched[order.wearer].append(Watched(condition, outline, enforced, pieces))
    return watched


def _outline(condition: Condition, zones: dict[str, Zone], made: dict[str, Outline]) -> Outline:
    if condition.zone is None:
        if condition.shape is None:
            raise ValueError(f"{condition.id}: a zone without a shape")
        return Outline(condition.shape)
    if condition.zone not in made:
        made[condition.zone] = Outline(zones[condition.zone].shape)
    return made[condition.zone]


def _span(from_us: int | None, to_us: int | None) -> Interval:
    return (EARLY_US if from_us is None else from_us, FAR_US if to_us is None else to_us)


def _windows(condition: Condition, order: Order, run: Run) -> list[Interval]:
    horizon = (run.start_us - BEFORE_RUN_US, run.end_us)
    laid = [(EARLY_US, FAR_US)] if condition.timetable is None else windows(condition.timetable, *horizon)
    held = cut([_span(order.from_us, order.to_us)], [_span(condition.from_us, condition.to_us)])
    return [w for w in cut(laid, held) if w[1] > horizon[0] and w[0] < horizon[1]]


def _excused(exceptions: list[Absence | Suspension], run: Run) -> list[Interval]:
    found: list[Interval] = []
    for exception in exceptions:
        span = _span(exception.from_us, exception.to_us)
        timetable: Timetable | None = exception.timetable
        if timetable is None:
            found.append(span)
        else:
            found.extend(cut(windows(timetable, run.start_us - BEFORE_RUN_US, run.end_us), [span]))
    return found


def _home(watched: list[Watched], rng: Random) -> tuple[Frame, float]:
    """The door: the curfew's place; without one a place that keeps to every zone; without any, a street in a town."""
    for one in watched:
        place = one.condition.place
        if place is not None:
            return Frame(place.lon, place.lat), place.radius_m
    outlines = [w for w in watched if w.outline is not None]
    if not outlines:
        town = rng.choices(TOWNS, [t.weight for t in TOWNS])[0]
        return _moved(Frame(town.lon, town.lat), rng, 2000.0), USUAL_RADIUS_M
    return _clear_place(outlines, rng), USUAL_RADIUS_M


def _moved(frame: Frame, rng: Random, reach_m: float) -> Frame:
    heading, away = rng.uniform(0, 2 * math.pi), rng.uniform(0, reach_m)
    kx, ky = frame.scale
    return Frame(frame.lon + away * math.cos(heading) / kx, frame.lat + away * math.sin(heading) / ky)


def _clear_place(watched: list[Watched], rng: Random) -> Frame:
    """Of many places tried, the first that is clear of all zones, or the one that is furthest from breaking any."""
    stay_in = [w for w in watched if w.condition.kind is not ConditionKind.EXCLUSION_ZONE]
    around = (stay_in or watched)[0].outline
    if around is None:
        raise ValueError("a zone condition without a shape")
    reach_m = 0.7 * around.reach_m if stay_in else around.reach_m + 4 * CLEAR_OF_ZONES_M
    tried = [_moved(around.frame, rng, reach_m) for _ in range(HOME_TRIES)]
    lon, lat = np.array([p.lon for p in tried]), np.array([p.lat for p in tried])
    clear_m = np.min([_clearance(w, lon, lat) for w in watched], axis=0)
    clear = np.flatnonzero(clear_m >= CLEAR_OF_ZONES_M)
    return tried[int(clear[0]) if len(clear) else int(np.argmax(clear_m))]


def _clearance(watched: Watched, lon: Floats, lat: Floats) -> Floats:
    """Metres by which the condition is kept at each place, negative where it is broken."""
    if watched.outline is None:
        return np.full(len(lon), math.inf)
    depth = watched.outline.depth(lon, lat)
    return -depth if watched.condition.kind is ConditionKind.EXCLUSION_ZONE else depth
