"""Days as people spend them: work, school, shops, friends, sleep, on the streets of their town and home before a curfew.

What somebody means to do is an agenda: a place for every instant. Whoever keeps to everything follows it; a plot takes them away from
it for a while, and they go on from where they are. Hours are local ones of `HOME_ZONE`.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from domain.instants import SECOND_US
from simulators.calendars import HOME_ZONE, zone_named
from simulators.characters import Character, Daily, Dwelling
from simulators.fences import Fence, fences_of, keeps_clear
from simulators.network import Streets
from simulators.scenes import SPARE_S, Scene, spans_of
from simulators.streets import WALKING_M_S, Place
from simulators.subjects import HOSPITAL

HOUR: Final = 3600.0
MINUTE: Final = 60.0
WALKED_M: Final = 1_800.0
"""Ways up to this are walked, longer ones driven."""
DRIVEN_M_S: Final = (6.0, 12.0)
TUBE_M_S: Final = 11.0
LEAST_S: Final = 15 * MINUTE
"""Nobody goes out for less."""
TRIES: Final = 24
"""Places tried until one is found that can be gone to."""
HOME: Final = "home"


class Stop(NamedTuple):
    """A place of an outing and the share of its time that is spent there."""

    place: str
    share: float = 1.0


class Outing(NamedTuple):
    """Out from ``leave`` to ``back``, seconds since the run began."""

    leave: float
    back: float
    stops: tuple[Stop, ...]


class Item(NamedTuple):
    """Being at a place, or on the way there, until ``end``."""

    begin: float
    end: float
    place: str


@dataclass(slots=True)
class Routine:
    """What one person does all day. ``spots`` are places by name, metres about home."""

    scene: Scene
    character: Character
    streets: Streets
    rng: Random
    fences: list[Fence]
    spots: dict[str, Place] = field(default_factory=lambda: {HOME: (0.0, 0.0)})
    items: list[Item] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)
    ways: dict[tuple[str, str], list[Place]] = field(default_factory=dict)

    @classmethod
    def of(cls, scene: Scene, character: Character, seed: int) -> Routine:
        """The agenda of the whole run. The same arguments give the same."""
        rng = Random(f"days:{seed}:{scene.subject.id}")
        one = cls(scene, character, Streets(scene.subject.home, seed), rng, fences_of(scene))
        one._choose_spots()
        one._plan()
        return one

    # ---- living it ----

    def begin(self) -> None:
        """Puts the person where the agenda has them."""
        self.scene.put(self.spots[self._item(self.scene.path.now).place])
        self.scene.path.stay(self.scene.path.now + 1.0)

    def live(self, until: float) -> None:
        """Follows the agenda, up to an instant or the end of the way that was begun before it."""
        path = self.scene.path
        while path.now < until:
            item = self._item(path.now)
            if math.dist(path.at, self.spots[item.place]) > 1.0:
                self._go(item.place)
            else:
                path.stay(max(min(until, item.end), path.now + 1.0))

    def _item(self, at: float) -> Item:
        return self.items[max(0, bisect_right(self.begins, at) - 1)]

    def _go(self, name: str) -> None:
        """Along the streets; from where no way is known yet, by the first that keeps clear."""
        path, to = self.scene.path, self.spots[name]
        here = next((known for known, spot in self.spots.items() if math.dist(spot, path.at) <= 1.0), None)
        way = self._way(here, name) if here else (self._clear_way(path.at, to) or [path.at, to])
        if len(way) < 2:
            path.straight(to, WALKING_M_S[0])
            return
        begun = path.now
        underground = self.character.daily is Daily.UNDERGROUND and _length(way) > WALKED_M
        speed = (
            TUBE_M_S if underground else self.rng.uniform(*(WALKING_M_S if _length(way) <= WALKED_M else DRIVEN_M_S))
        )
        for place in way[1:]:
            path.straight(place, speed)
        path.straight(to, speed)
        if underground:
            self.scene.below(begun, path.now)

    # ---- the agenda ----

    def _plan(self) -> None:
        run = self.scene.run
        zone = zone_named(HOME_ZONE)
        first = datetime.fromtimestamp(run.start_us // SECOND_US, UTC).astimezone(zone).date() - timedelta(days=1)
        at, last = -math.inf, HOME
        for number in range(int(run.duration_s // 86_400) + 4):
            day = first + timedelta(days=number)
            night = self._night_place(last)
            for outing in self._outings(day):
                at, last = self._fit(outing, at, last, night)
        if last != HOME or not self.items:
            self._add(Item(at, math.inf, HOME))

    def _add(self, item: Item) -> None:
        self.items.append(item)
        self.begins.append(item.begin)

    def _fit(self, outing: Outing, at: float, last: str, night: str) -> tuple[float, str]:
        """Puts an outing into the agenda as far as curfews leave it; gives from when on the person is where."""
        leave = max(outing.leave, at)
        inside = next((b for a, b in self.scene.must_be_home if a - SPARE_S <= leave < b), None)
        if inside is not None:
            leave = inside + self.rng.uniform(1, 15) * MINUTE
        must = min((a for a, _ in self.scene.must_be_home if a > leave), default=math.inf)
        back = min(outing.back, must - SPARE_S)
        names = [stop.place for stop in outing.stops]
        legs = [self._way_s(a, b) for a, b in zip([HOME, *names], [*names, HOME], strict=True)]
        free = back - leave - math.fsum(legs)
        if free < LEAST_S or any(name not in self.spots for name in names):
            return at, last
        self._add(Item(at if math.isfinite(at) else -math.inf, leave, night if last != HOME else HOME))
        shares = math.fsum(stop.share for stop in outing.stops)
        now = leave
        for stop, leg in zip(outing.stops, legs, strict=False):
            end = now + leg + free * stop.share / shares
            self._add(Item(now, end, stop.place))
            now = end
        self._add(Item(now, now + legs[-1], HOME))
        return now, HOME

    def _night_place(self, last: str) -> str:
        """Where somebody without a fixed abode sleeps."""
        return HOME if self.character.dwelling is not Dwelling.NO_FIXED_ABODE else last

    def _outings(self, day: date) -> Iterator[Outing]:
        makes = {
            Daily.WORK: _working,
            Daily.UNDERGROUND: _working,
            Daily.NIGHT_WORK: _night_working,
            Daily.SCHOOL_RUN: _school_run,
            Daily.STUDENT: _student,
            Daily.DRIVING: _driving,
            Daily.HOME: _at_home,
        }
        wanted = [*makes[self.character.daily](_Day(self, day)), *self._hospital(day)]
        yield from sorted(wanted)
        if self.character.dwelling is Dwelling.NO_FIXED_ABODE:
            yield self._elsewhere(day)

    def _elsewhere(self, day: date) -> Outing:
        name = self.rng.choice([spot for spot in self.spots if spot.startswith("friend")] or [HOME])
        of = _Day(self, day)
        return Outing(of.at(21.5, 40), of.at(31.0, 40), (Stop(name),))

    def _hospital(self, day: date) -> Iterator[Outing]:
        """From the evening to the morning of a night for which a curfew's absence is granted."""
        for begin, end in spans_of(self.scene.subject.in_hospital, self.scene.run):
            if datetime.fromtimestamp(self.scene.run.start_us / SECOND_US + begin, zone_named(HOME_ZONE)).date() == day:
                yield Outing(begin + HOUR, end - HOUR, (Stop(HOSPITAL),))

    # ---- places and ways ----

    def _choose_spots(self) -> None:
        """Work, school, shops, friends and a park, each such that one can get there and back and keep to everything."""
        far = 3_500.0 if self.character.daily is Daily.UNDERGROUND else 2_400.0
        wanted = {"work": (700.0, far), "school": (300.0, 1_200.0), "shop": (200.0, 900.0), "park": (250.0, 1_000.0)}
        wanted |= {f"friend {n}": (300.0, 2_000.0) for n in (1, 2, 3)}
        if self.scene.subject.in_hospital:
            wanted[HOSPITAL] = (800.0, 2_400.0)
        if self.character.daily is Daily.DRIVING:
            wanted |= {f"call {n}": (600.0, 4_000.0) for n in range(1, 9)}
        for name, (low, high) in wanted.items():
            spot = self._spot(low, high)
            if spot is not None:
                self.spots[name] = spot

    def _spot(self, low_m: float, high_m: float) -> Place | None:
        for _ in range(TRIES):
            spot = self.scene.away_spot(low_m, high_m)
            if self._clear_way((0.0, 0.0), spot) is not None:
                return spot
        return None

    def _way(self, a: str, b: str) -> list[Place]:
        """From one known place to another; by way of home where the direct ways do not keep clear."""
        if a == b:
            return []
        if (a, b) not in self.ways:
            way = self._clear_way(self.spots[a], self.spots[b])
            if way is None and HOME not in (a, b):
                way = [*self._way(a, HOME), *self._way(HOME, b)[1:]]
            self.ways[a, b] = way or [self.spots[a], self.spots[b]]
            self.ways[b, a] = self.ways[a, b][::-1]
        return self.ways[a, b]

    def _way_s(self, a: str, b: str) -> float:
        """The most seconds that the way takes; none where a place is not known."""
        if a not in self.spots or b not in self.spots or a == b:
            return 0.0
        length = _length(self._way(a, b))
        return length / (WALKING_M_S[0] if length <= WALKED_M else DRIVEN_M_S[0]) + 30.0

    def _clear_way(self, a: Place, b: Place) -> list[Place] | None:
        """The shorter of the ways that keep to everything; None: there is none."""
        ways = sorted(self.streets.ways(a, b), key=_length)
        return next((way for way in ways if keeps_clear(self.scene, self.fences, way)), None)


class _Day:
    """One local day of a routine."""

    def __init__(self, routine: Routine, day: date) -> None:
        self.rng = routine.rng
        self._routine, self._day = routine, day
        self.weekend = day.weekday() >= 5

    def at(self, hour: float, give_min: float = 20.0) -> float:
        """About a local hour of the day, seconds since the run began."""
        wall = datetime(self._day.year, self._day.month, self._day.day) + timedelta(hours=hour)  # noqa: DTZ001 - a wall clock
        exact = wall.replace(tzinfo=zone_named(HOME_ZONE)).timestamp() - self._routine.scene.run.start_us / SECOND_US
        return exact + self.rng.uniform(-give_min, give_min) * MINUTE

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def friend(self) -> str:
        return f"friend {self.rng.randint(1, 3)}"


def _free_time(day: _Day) -> Iterator[Outing]:
    """What anybody does at a weekend, or with a free day."""
    if day.chance(0.7):
        yield Outing(day.at(11.0, 60), day.at(12.5, 30), (Stop("shop"),))
    if day.chance(0.5):
        yield Outing(day.at(14.5, 50), day.at(17.0, 50), (Stop(day.friend() if day.chance(0.5) else "park"),))


def _evening(day: _Day, share: float) -> Iterator[Outing]:
    if day.chance(share):
        yield Outing(day.at(18.8, 20), day.at(21.5, 50), (Stop(day.friend()),))


def _working(day: _Day) -> Iterator[Outing]:
    if day.weekend:
        yield from _free_time(day)
    else:
        stops = (Stop("work", 0.94), Stop("shop", 0.06)) if day.chance(0.3) else (Stop("work"),)
        yield Outing(day.at(7.6, 30), day.at(17.2, 40), stops)
    yield from _evening(day, 0.35)


def _night_working(day: _Day) -> Iterator[Outing]:
    if day.chance(0.5):
        yield Outing(day.at(16.5, 30), day.at(17.8, 20), (Stop("shop"),))
    if not day.weekend:
        yield Outing(day.at(20.8, 20), day.at(30.6, 30), (Stop("work"),))


def _school_run(day: _Day) -> Iterator[Outing]:
    if day.weekend:
        yield from _free_time(day)
        return
    yield Outing(day.at(8.3, 5), day.at(9.3, 10), (Stop("school", 0.3), Stop("shop", 0.7)))
    if day.chance(0.3):
        yield Outing(day.at(11.0, 20), day.at(13.0, 20), (Stop(day.friend()),))
    yield Outing(day.at(14.6, 5), day.at(16.0, 20), (Stop("school", 0.4), Stop("park", 0.6)))


def _student(day: _Day) -> Iterator[Outing]:
    if day.weekend:
        yield from _free_time(day)
    else:
        yield Outing(day.at(8.1, 10), day.at(15.8, 15), (Stop("school"),))
        if day.chance(0.4):
            yield Outing(day.at(16.3, 10), day.at(18.0, 20), (Stop("park"),))


def _driving(day: _Day) -> Iterator[Outing]:
    if day.weekend:
        yield from _free_time(day)
        return
    calls = tuple(Stop(f"call {day.rng.randint(1, 8)}") for _ in range(day.rng.randint(6, 14)))
    yield Outing(day.at(7.2, 20), day.at(17.0, 40), calls)
    yield from _evening(day, 0.2)


def _at_home(day: _Day) -> Iterator[Outing]:
    yield from _free_time(day)
    yield from _evening(day, 0.25)


def _length(way: Sequence[Place]) -> float:
    return math.fsum(math.dist(a, b) for a, b in itertools.pairwise(way))
