"""People at the console in virtual time: shifts, breaks, one thing at a time. Knows nothing of alerts.

A `Floor` moves people: they come, are free, have something in their hands, go on breaks and leave. What there is to do, in which order,
and how long it takes is for a `Desk` to say; `bench.operators_desk` is one over the alerts, the policy and the protocols that ship.
Everything is a function of its arguments: no clock, and chance only from the seeds that are given.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final, Protocol

from domain.instants import DAY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Role

SHIFT_US: Final = 8 * HOUR_US
FIRST_SHIFT_US: Final = 6 * HOUR_US
"""Of a day; the others follow: 06:00, 14:00, 22:00."""
STAGGER: Final = (8, 15 * MINUTE_US)
"""Shifts of the seats begin at so many different times, so far apart: never all at once."""
BREAKS: Final = (
    (105 * MINUTE_US, 15 * MINUTE_US),
    (225 * MINUTE_US, 30 * MINUTE_US),
    (345 * MINUTE_US, 15 * MINUTE_US),
)
"""(after the shift began, how long), an hour in all; the law asks for 20 minutes in more than six hours (Working Time Regulations 1998)."""
BREAK_STAGGER: Final = (4, 15 * MINUTE_US)
"""Breaks of those who began together, likewise."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A length of time, lognormal: its median in seconds and the standard deviation of its logarithm."""

    median_s: float
    spread: float

    def draw_us(self, rng: Random, times: float = 1.0) -> int:
        """One of it, so many times as long; microseconds."""
        return round(rng.lognormvariate(math.log(self.median_s), self.spread) * times * SECOND_US)

    @property
    def mean_s(self) -> float:
        """Its mean."""
        return self.median_s * math.exp(self.spread**2 / 2)


@dataclass(frozen=True, slots=True)
class Shift:
    """One person at work in ``[from_us, to_us)``. ``breaks``: (from when, how long), each begins when the hands are empty."""

    person: str
    role: Role
    from_us: int
    to_us: int
    breaks: tuple[tuple[int, int], ...] = ()


def shifts(operators: int, from_us: int, to_us: int) -> list[Shift]:
    """So many operators on shift at every instant of the range, those on a break among them; midnight is where a day begins."""
    return [shift for seat in range(operators) for shift in _of_seat(seat, from_us, to_us)]


def _of_seat(seat: int, from_us: int, to_us: int) -> Iterator[Shift]:
    ways, apart_us = STAGGER
    break_ways, break_us = BREAK_STAGGER
    late_us = seat // ways % break_ways * break_us
    start_us = from_us - from_us % DAY_US - DAY_US + FIRST_SHIFT_US + seat % ways * apart_us
    for number in range((to_us - start_us) // SHIFT_US + 1):
        begins_us = start_us + number * SHIFT_US
        if begins_us + SHIFT_US > from_us and begins_us < to_us:
            breaks = tuple((begins_us + at_us + late_us, lasts_us) for at_us, lasts_us in BREAKS)
            yield Shift(f"o{seat}.{number}", Role.OPERATOR, begins_us, begins_us + SHIFT_US, breaks)


def always(role: Role, number: int, from_us: int, to_us: int) -> list[Shift]:
    """So many people of a role who are there all the time; when one goes, another takes over unseen."""
    return [Shift(f"{role.value}{place}", role, from_us, to_us) for place in range(number)]


class Desk(Protocol):
    """What there is to do. Every method is told the instant."""

    def next_us(self) -> int:
        """When something happens by itself next; `FAR_US`: never."""

    def happen(self, now_us: int) -> Iterable[str]:
        """Lets everything happen that is due; gives the people for whom, and nobody else, something is to be done now."""

    def waits(self, role: Role) -> bool:
        """Whether anybody of ``role`` would find something to do."""

    def take(self, person: str, role: Role, now_us: int) -> int | None:
        """``person`` takes what is next for them: microseconds until `done` is asked; None when there is nothing."""

    def done(self, person: str, now_us: int) -> int | None:
        """What ``person`` has in hand is done: None, or it goes on for so many microseconds."""

    def leave(self, person: str, now_us: int) -> None:
        """``person`` goes home, with empty hands."""


class Doing(StrEnum):
    """What a person does, and what may happen to them."""

    AWAY = "away"
    FREE = "free"
    BUSY = "busy"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Span:
    """What somebody did, from when to when."""

    person: str
    doing: Doing
    from_us: int
    to_us: int


@dataclass(slots=True)
class _Person:
    shift: Shift
    doing: Doing = Doing.AWAY
    since_us: int = 0
    breaks: list[int] = field(default_factory=list)
    """Lengths of those that are due and have not begun."""
    goes: bool = False


_COMES, _BREAK, _BACK, _GOES, _DONE = range(5)


class Floor:
    """People at a desk. ``kept``: every span is kept, for whoever asks what each did; else only their sums by hour and role."""

    def __init__(self, desk: Desk, rota: Iterable[Shift], *, kept: bool = False) -> None:
        self._desk, self._kept = desk, kept
        self._people = {shift.person: _Person(shift) for shift in rota}
        self._free: dict[Role, dict[str, None]] = {role: {} for role in Role}
        self._due: list[tuple[int, int, int, str]] = []
        self._number = 0
        self.spans: list[Span] = []
        self.hours: dict[tuple[Role, int, Doing], int] = {}
        """(role, hour since the epoch, what they did) -> microseconds of all of them together."""
        for name, person in self._people.items():
            self._at(person.shift.from_us, _COMES, name)
            self._at(person.shift.to_us, _GOES, name)
            for at_us, _ in person.shift.breaks:
                self._at(at_us, _BREAK, name)

    def run(self, until_us: int) -> None:
        """Everything up to and with ``until_us``. What is in somebody's hands then stays there."""
        while (at_us := min(self._due[0][0] if self._due else FAR_US, self._desk.next_us())) <= until_us:
            while self._due and self._due[0][0] <= at_us:
                _, _, what, name = heapq.heappop(self._due)
                self._happens(what, name, self._people[name], at_us)
            for name in self._desk.happen(at_us):
                if self._people[name].doing is Doing.FREE:
                    self._take(name, self._people[name], at_us)
            self._hand_out(at_us)
        for name, person in self._people.items():
            self._turn(name, person, person.doing, until_us)

    def _happens(self, what: int, name: str, person: _Person, now_us: int) -> None:
        if what == _COMES:
            self._ready(name, person, now_us)
        elif what == _DONE:
            lasts_us = self._desk.done(name, now_us)
            if lasts_us is None:
                self._ready(name, person, now_us)
            else:
                self._at(now_us + lasts_us, _DONE, name)
        elif what == _BACK:
            self._ready(name, person, now_us)
        elif what == _GOES:
            person.goes = True
            self._unless_busy(name, person, now_us)
        elif person.doing is not Doing.AWAY:
            begun = len([at_us for at_us, _ in person.shift.breaks if at_us < now_us])
            person.breaks.append(person.shift.breaks[begun][1])
            self._unless_busy(name, person, now_us)

    def _unless_busy(self, name: str, person: _Person, now_us: int) -> None:
        if person.doing is Doing.FREE:
            self._ready(name, person, now_us)

    def _ready(self, name: str, person: _Person, now_us: int) -> None:
        """Somebody with empty hands: they go, have a break, take something, or are free."""
        if person.goes:
            self._turn(name, person, Doing.AWAY, now_us)
            self._desk.leave(name, now_us)
        elif person.breaks:
            self._turn(name, person, Doing.BREAK, now_us)
            self._at(now_us + person.breaks.pop(0), _BACK, name)
        elif person.doing is not Doing.FREE:
            self._turn(name, person, Doing.FREE, now_us)
            self._take(name, person, now_us)

    def _take(self, name: str, person: _Person, now_us: int) -> bool:
        lasts_us = self._desk.take(name, person.shift.role, now_us)
        if lasts_us is None:
            return False
        self._turn(name, person, Doing.BUSY, now_us)
        self._at(now_us + lasts_us, _DONE, name)
        return True

    def _hand_out(self, now_us: int) -> None:
        """Whoever is free longest takes what waits."""
        for role, free in self._free.items():
            while free and self._desk.waits(role):
                name = next(iter(free))
                if not self._take(name, self._people[name], now_us):
                    break

    def _turn(self, name: str, person: _Person, doing: Doing, now_us: int) -> None:
        if person.doing is not Doing.AWAY:
            self._count(name, person, now_us)
        self._free[person.shift.role].pop(name, None)
        if doing is Doing.FREE:
            self._free[person.shift.role][name] = None
        person.doing, person.since_us = doing, now_us

    def _count(self, name: str, person: _Person, now_us: int) -> None:
        if self._kept:
            self.spans.append(Span(name, person.doing, person.since_us, now_us))
        at_us = person.since_us
        while at_us < now_us:
            hour = at_us // HOUR_US
            ends_us = min(now_us, (hour + 1) * HOUR_US)
            key = (person.shift.role, hour, person.doing)
            self.hours[key] = self.hours.get(key, 0) + ends_us - at_us
            at_us = ends_us

    def _at(self, at_us: int, what: int, name: str) -> None:
        self._number += 1
        heapq.heappush(self._due, (at_us, self._number, what, name))
