"""What one person's run is made of while it is drawn: their walk, their silences, what their devices say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import numpy as np

from domain.instants import SECOND_US
from domain.records import Device
from domain.vocabulary import ConditionKind, EventCode, EventState
from simulators.calendars import merged
from simulators.ground import Floats
from simulators.streets import Path, Place, walking_time
from simulators.subjects import Run, Subject, Watched

Span = tuple[float, float]
"""Half open, seconds since the run began."""

CONTACT_S = 300.0
"""The least silence that is a loss of contact, and the least gap (rules.md 4, 7)."""
STROLL_M = 250.0
"""How far from home errands go, to each side."""
SPARE_S = 150.0
"""How long before a curfew a wearer who keeps it is at home."""
CLOSELY_S = 15.0
DOUBTING = frozenset({EventCode.HOME_UNIT_MOVED, EventCode.CASE_TAMPER, EventCode.STRAP_TAMPER, EventCode.SHIELDING})
"""From one of these on a device says nothing of presence (rules.md 5.1)."""
NOTICED_S = 130.0
"""Two positions a minute apart and the way there and back: so long after it began a violation is answered by `set_interval`."""
ENTRANCE_S = 30.0
"""From the street to where nothing gets through."""
AFTER_S = 15.0
"""How long a walk is drawn beyond the end of the run."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The device does not get through. With ``keeps`` it goes on and sends what it kept afterwards; else it is off."""

    span: Span
    keeps: bool


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """What a device says about itself, or about the tag that it hears. ``interval_s``: how often it records at rest."""

    at: float
    code: EventCode
    state: EventState
    tag: str | None = None
    interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sky:
    """How well a device knows its place for a while, against how it usually does.

    ``stated`` is how many times as much error it states, ``error`` how many times as much as it states there is: over 1 it does
    not tell the truth of itself. ``stated_m``: it knows its place by cell or WiFi (``source``) and states so many metres.
    """

    span: Span
    stated: float = 1.0
    error: float = 1.0
    stated_m: float | None = None
    source: str | None = None


@dataclass(slots=True)
class Life:
    """Everything that happens to one person in the run.

    ``t``, ``x``, ``y`` are the knots of their walk; ``silences``, ``blind`` (no positions can be had) and ``events``
    are of their speaking devices, all of them alike. ``skies`` lie apart, in order; in ``rests`` the device records every so many seconds;
    ``battery`` is its level in per cent at some instants, straight between, none: it is not followed. ``character``: their daily life
    and their dwelling, where they live whole days. ``left_from``: from then on the devices stay where they were.
    In ``jumps`` their clocks are so many seconds off; at ``restarts`` they count from 1 again.
    ``paces`` lie apart, in order: how often they record for a while, seconds, at rest and in violation. In ``shadows``
    the home unit does not hear the tag, wherever it is; they lie apart, in order. ``outages`` are the silences that are of the network, and so
    of a home unit that hears a location tag too. ``of_host`` is what another's home unit, which hears the tag, says of itself that casts doubt on it.
    """

    t: Floats
    x: Floats
    y: Floats
    plots: tuple[str, ...] = ()
    silences: list[Silence] = field(default_factory=list)
    blind: list[Span] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    skies: list[Sky] = field(default_factory=list)
    rests: list[tuple[Span, float]] = field(default_factory=list)
    battery: list[tuple[float, float]] = field(default_factory=list)
    character: tuple[str, ...] = ()
    left_from: float = math.inf
    jumps: list[tuple[Span, float]] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    paces: list[tuple[Span, float]] = field(default_factory=list)
    shadows: list[Span] = field(default_factory=list)
    outages: list[Silence] = field(default_factory=list)
    of_host: list[DeviceEvent] = field(default_factory=list)


class Routine(Protocol):
    """What somebody does all day (`simulators.days`)."""

    def live(self, until: float) -> None:
        """Goes on with it up to an instant, or the end of the way that was begun before it."""

    def begin(self) -> None:
        """Puts them where it has them when the run begins."""


@dataclass(slots=True)
class Scene:
    """One person's run while it is drawn, slot by slot; the slot runs from where the walk is to ``end``. From ``untrusted_from`` on the devices
    say nothing of presence (rules.md 5.1), if the centre hears of it."""

    subject: Subject
    run: Run
    rng: Random
    path: Path
    end: float
    plots: list[str] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    blind: list[Span] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    untrusted_from: float = math.inf
    skies: list[Sky] = field(default_factory=list)
    rests: list[tuple[Span, float]] = field(default_factory=list)
    battery: list[tuple[float, float]] = field(default_factory=list)
    routine: Routine | None = None
    left_from: float = math.inf
    watched_closely: list[Span] = field(default_factory=list)
    others: Mapping[str, tuple[Subject, Life]] = field(default_factory=dict)
    must_be_home: list[Span] = field(default_factory=list)
    shadows: list[Span] = field(default_factory=list)
    outages: list[Silence] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        """Nothing drawn yet: the person may still be put anywhere."""
        return len(self.path.t) == 1

    def put(self, at: Place) -> None:
        """Begins the walk here."""
        self.path.x[0], self.path.y[0] = at

    def curfews(self) -> list[Span]:
        """Enforced pieces of curfews that reach into the slot."""
        return [s for s in self.must_be_home if s[1] > self.path.now and s[0] < self.end]

    def next_curfew(self) -> float:
        """When the person next must be home, infinity if not within the run; now if they must."""
        return min((max(a, self.path.now) for a, b in self.must_be_home if b > self.path.now), default=math.inf)

    def zones(self, *kinds: ConditionKind) -> list[Watched]:
        """Conditions enforced for at least half a minute of the slot."""
        return [w for w in self.subject.of_kind(*kinds) if self._enforced_s(w) >= 30.0]

    def _enforced_s(self, watched: Watched) -> float:
        spans = (spans_of([piece], self.run)[0] for piece in watched.enforced)
        return sum(max(0.0, min(b, self.end) - max(a, self.path.now)) for a, b in spans)

    def local(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        return self.subject.home.to_xy(lon, lat)

    def depth(self, watched: Watched, x: Floats, y: Floats) -> Floats:
        """How deep places of the home's frame lie in the zone, metres."""
        if watched.outline is None:
            return np.full(len(x), -math.inf)
        lon, lat = self.subject.home.to_lonlat(np.asarray(x), np.asarray(y))
        return watched.outline.depth(lon, lat)

    @property
    def speaker(self) -> Device:
        return self.subject.speaking[0].device

    def tell(
        self, at: float, code: EventCode, state: EventState, tag: str | None = None, interval_s: float | None = None
    ) -> None:
        self.events.append(DeviceEvent(at, code, state, tag, interval_s))

    def silent(self, begin: float, end: float, *, keeps: bool) -> None:
        self.silences.append(Silence((begin, end), keeps))

    def below(self, begin: float, end: float) -> None:
        """Underground: nothing is received there, and nothing gets through."""
        if end - begin > 2 * ENTRANCE_S:
            self.blind.append((begin + ENTRANCE_S, end - ENTRANCE_S))
            self.silent(begin + ENTRANCE_S, end - ENTRANCE_S, keeps=True)

    def closely(self, begin: float) -> None:
        """From a moment after ``begin`` until now the device records as often as in a violation (wire.md, `set_interval`)."""
        if self.routine is not None and self.speaker.interval_s > CLOSELY_S and self.path.now > begin + NOTICED_S:
            self.watched_closely.append((begin + NOTICED_S, self.path.now))

    def go_home(self) -> None:
        self.path.travel((0.0, 0.0))

    def away_spot(self, nearest_m: float, furthest_m: float) -> Place:
        heading, away = self.rng.uniform(0, 2 * math.pi), self.rng.uniform(nearest_m, furthest_m)
        return away * math.cos(heading), away * math.sin(heading)

    def errands(self, until: float) -> None:
        """What a wearer does who keeps to everything: their day's agenda, or at home in curfew, else about the streets near it."""
        if self.routine is not None:
            self.routine.live(until)
        while self.path.now < until:
            must = self.next_curfew()
            if must - self.path.now <= SPARE_S or self.rng.random() < 0.5:
                self._be_home(until, must)
            else:
                self._stroll(min(until, must - SPARE_S))

    def _be_home(self, until: float, must: float) -> None:
        self.go_home()
        now = self.path.now
        if must <= now + SPARE_S:
            through = min((b for a, b in self.must_be_home if b > now and a <= now + SPARE_S), default=now + 1.0)
            self.path.stay(min(until, max(through, now + 1.0)))
        else:
            self.path.stay(min(until, now + self.rng.expovariate(1 / 600.0) + 1.0))

    def _stroll(self, back_by: float) -> None:
        """Out to one to three places and home again, or not at all when the time is too short."""
        least_m = 2 * self.subject.radius_m + 30.0
        for _ in range(self.rng.randint(1, 3)):
            spot = self.away_spot(least_m, max(STROLL_M, least_m + 10))
            there = walking_time(self.path.at, spot) + walking_time(spot, (0.0, 0.0))
            if self.path.now + there + 30.0 > back_by:
                break
            self.path.travel(spot)
            self.path.stay(min(self.path.now + self.rng.uniform(10, 240), back_by - walking_time(spot, (0.0, 0.0))))
        self.go_home()
        self.path.stay(self.path.now + 1.0)


def spans_of(intervals: list[tuple[int, int]], run: Run) -> list[Span]:
    """Instants as seconds since the run began."""
    return [((a - run.start_us) / SECOND_US, (b - run.start_us) / SECOND_US) for a, b in intervals]


def curfew_spans(subject: Subject, run: Run) -> list[Span]:
    """When the person must be home, as seconds since the run began, merged."""
    pieces = [piece for w in subject.of_kind(ConditionKind.CURFEW) for piece in w.enforced]
    return spans_of(merged(pieces), run)
