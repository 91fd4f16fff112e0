"""What comes in on a day of `bench.operators`: alerts by kind, length and wearer, an outage of many, people who ring; and how people work.

Where a figure was published its source stands beside it; everything else is assumed, and docs/operators.md says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from domain.instants import DAY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US, parse_instant
from domain.vocabulary import Code, Kind, Level, Outcome
from simulators.operators import Spread
from simulators.orders import LEVELS

START: Final = parse_instant("2026-11-16T00:00:00Z")
"""A Monday in winter: local time is UTC."""
AROUND_US: Final = HOUR_US
"""So long before and after what is counted everything goes on as in it."""
HOURS: Final = (16, 24)
"""What is counted, of the day: an hour before the evening, the evening, an hour after it. The hardest third."""
WHOLE_DAY: Final = (0, 24)
WEARERS: Final = 18_000
EVENING: Final = (17, 23, 2.0)
"""From 17:00 to 23:00 twice as much comes as at any other hour, as in the last row of docs/burden.md."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of alert.

    Attributes
    ----------
    share : of all alerts that are raised, per cent.
    median_min : of how long it goes on; 0: it is over when it is raised. ``spread`` is of its logarithm.
    waits : whoever has it waits until it is over, and closes it then.
    times : how many times as long as others it takes to read.
    outcomes : confirmed, explained, equipment, false; the rest of 1 is false.
    """

    kind: Kind
    share: float
    median_min: float
    waits: bool
    times: float = 1.0
    code: Code | None = None
    outcomes: tuple[float, float, float] = (0.4, 0.4, 0.1)


ROWS: Final = (
    Row(Kind.CURFEW, 20.0, 0.0, False, 0.7, Code.AL09),
    Row(Kind.CURFEW, 12.0, 25.0, True, 1.0, Code.AL08),
    Row(Kind.CURFEW, 12.0, 15.0, True, 1.0, Code.AL10),
    Row(Kind.CURFEW, 0.5, 0.0, False, 1.0, Code.AL12),
    Row(Kind.INCLUSION_ZONE, 10.5, 20.0, True),
    Row(Kind.STRAP_TAMPER, 12.4, 5.0, False, 1.2, None, (1 / 19, 0.0, 0.6)),
    Row(Kind.CASE_TAMPER, 0.1, 5.0, False, 1.2, None, (1 / 19, 0.0, 0.6)),
    Row(Kind.EXCLUSION_ZONE, 7.6, 6.0, True, 1.5),
    Row(Kind.BATTERY_LOW, 8.0, 60.0, False, 0.6),
    Row(Kind.BATTERY_CRITICAL, 2.4, 40.0, False, 0.6),
    Row(Kind.BATTERY_DEAD, 1.2, 90.0, False),
    Row(Kind.COMMUNICATION_LOST, 10.3, 15.0, True, 1.0, None, (0.0, 0.6, 0.4)),
    Row(Kind.LOCATION_LOST, 3.0, 15.0, True, 1.0, None, (0.0, 0.6, 0.4)),
)
"""Families as California counted 743,544 alerts of 2011-12 (AP, from records of its Department of Corrections, 2013): inclusion zones
55.0 %, strap tampers 12.4, exclusion zones 7.6, low batteries 11.6, message gaps 13.3, device tampers 0.1. How a family divides is
assumed. One strap tamper in 19 is real (Canada, failures.md 08); other outcomes are assumed."""
REACTS: Final = Spread(8.0, 0.5)
TALKS: Final = Spread(150.0, 0.6)
RINGS: Final = Spread(40.0, 0.3)
FOLLOWS: Final = Spread(30.0, 0.5)
CALLS_TAKE: Final = Spread(180.0, 0.7)
SEEN: Final = Spread(45.0, 0.6)

OUTCOMES: Final = (Outcome.CONFIRMED, Outcome.EXPLAINED, Outcome.EQUIPMENT, Outcome.FALSE)
LASTS_SPREAD: Final = 1.2
"""Of the logarithm of how long something goes on, as in bench.burden."""
NOTICED_MIN: Final = 5.0
"""How old a loss is when it is raised."""
NEEDED: Final = 0.67
"""Losses that are needed at once: so many that as many are shown as serious as in docs/burden.md."""
VICTIMS: Final = 0.1
"""Wearers with a victim; assumed."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How people work; times in seconds, all of it assumed.

    Attributes
    ----------
    reacts : from free hands to the claim. ``reads`` and ``notes`` by severity: until it is clear what it is, and to write it down.
    answered : of the calls out; ``talks`` and ``rings`` are how long one takes that is, and that is not.
    follows : to look at it once more: to close what is over, or to keep what goes on.
    forgets : closes of which nobody thinks when the alert is done; the claim lapses.
    errs, notices : closes with a wrong outcome; of these undone within a minute.
    calls_in : of a wearer and day; ``calls_take`` how long one takes, ``patience_s`` the mean after which whoever waits hangs up.
    seen : from a message to a supervisor or duty manager until they look.
    """

    reacts: Spread = REACTS
    reads: tuple[Spread, ...] = (Spread(20.0, 0.6), Spread(30.0, 0.6), Spread(60.0, 0.6), Spread(90.0, 0.6))
    notes: tuple[Spread, ...] = (Spread(10.0, 0.4), Spread(20.0, 0.4), Spread(30.0, 0.4), Spread(60.0, 0.4))
    answered: float = 0.6
    talks: Spread = TALKS
    rings: Spread = RINGS
    follows: Spread = FOLLOWS
    forgets: float = 0.02
    errs: float = 0.03
    notices: float = 0.5
    calls_in: float = 0.1
    calls_take: Spread = CALLS_TAKE
    patience_s: float = 240.0
    seen: Spread = SEEN
    incident_times: float = 10.0
    """How many times as long an incident takes to read as another critical alert: the list of who is silent is gone through."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A carrier fails: ``devices`` lose contact, nearly all of them come back when it is over."""

    at_us: int = START + 19 * HOUR_US + HOUR_US // 2
    lasts_us: int = HOUR_US
    devices: int = 3_600
    stays: float = 0.05
    """Those that are still silent 15 minutes after it is over."""
    window: float = 0.5
    """Of the intensive ones: those in a window of theirs, who are released after ten minutes as those with a victim are."""
    calls_in_times: float = 3.0
    """How many times as many ring while it lasts, and half an hour after it."""


@dataclass(frozen=True, slots=True)
class Given:
    """A day: how many wearers, alerts a wearer and day, people and their habits."""

    rate: float
    wearers: int = WEARERS
    habits: Habits = field(default_factory=Habits)
    outage: Outage | None = None
    seed: int = 1
    hours: tuple[int, int] = HOURS

    @property
    def from_us(self) -> int:
        """From when is counted."""
        return START + self.hours[0] * HOUR_US

    @property
    def to_us(self) -> int:
        """Until when is counted."""
        return START + self.hours[1] * HOUR_US


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that comes in. ``row`` None: the incident itself. ``free_us``: when the incident that explains it lets it go; 0: none does."""

    at_us: int
    row: Row | None
    wearer: int
    lasts_us: int
    level: Level
    victim: bool
    needed: bool
    free_us: int = 0

    @property
    def late_us(self) -> int:
        """How long it had gone on when it was raised."""
        if self.row is None:
            return 0
        if self.row.median_min == 0.0:
            return self.lasts_us
        return round(NOTICED_MIN * MINUTE_US) if self.row.kind in LOSS_KINDS else 0


LOSS_KINDS: Final = frozenset({Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST})
RETURN_MIN: Final = 15.0
"""The median of what is over when it is raised: half of the late returns are information, half a warning."""
RELEASED_US: Final = 10 * MINUTE_US
STILL_SILENT_US: Final = 15 * MINUTE_US


def weight(at_us: int) -> float:
    """How many times as much comes at an instant as at noon."""
    first, last, times = EVENING
    return times if first <= at_us % DAY_US // HOUR_US < last else 1.0


def _instants(rng: Random, a_day: float, given: Given) -> Iterator[int]:
    """Instants with so many a day in the mean, by their weight, from before what is counted until after it."""
    first, last, times = EVENING
    most_a_us = a_day / (DAY_US + (last - first) * HOUR_US * (times - 1)) * times
    at_us = float(given.from_us - AROUND_US)
    while a_day > 0:
        at_us += rng.expovariate(most_a_us)
        if at_us >= given.to_us + AROUND_US:
            return
        if rng.random() * times < weight(int(at_us)):
            yield int(at_us)


def alerts(given: Given) -> list[Raised]:
    """Everything that is raised, in order."""
    rng = Random(f"{given.seed}:{given.rate}:alerts")
    shares = [row.share for row in ROWS]
    found = [
        _raised(rng, at_us, rng.choices(ROWS, shares)[0], rng.randrange(given.wearers))
        for at_us in _instants(rng, given.rate * given.wearers, given)
    ]
    return sorted([*found, *_of_outage(given)], key=lambda one: one.at_us)


def _raised(rng: Random, at_us: int, row: Row, wearer: int) -> Raised:
    lasts_us = round(rng.lognormvariate(math.log(row.median_min or RETURN_MIN), LASTS_SPREAD) * MINUTE_US)
    return Raised(at_us, row, wearer, lasts_us, _level(rng), rng.random() < VICTIMS, rng.random() < NEEDED)


def _level(rng: Random) -> Level:
    return Level(rng.choices([name for name, _ in LEVELS], [share for _, share in LEVELS])[0])


def _of_outage(given: Given) -> Iterator[Raised]:
    outage = given.outage
    if outage is None:
        return
    rng = Random(f"{given.seed}:outage")
    ends_us = outage.at_us + outage.lasts_us
    yield Raised(outage.at_us, None, -1, outage.lasts_us, Level.STANDARD, False, False)
    lost = next(row for row in ROWS if row.kind is Kind.COMMUNICATION_LOST)
    for wearer in rng.sample(range(given.wearers), min(outage.devices, given.wearers)):
        one = _raised(rng, outage.at_us + rng.randrange(-300, 1) * SECOND_US, lost, wearer)
        stays = rng.random() < outage.stays
        lasts_us = ends_us - one.at_us + (one.lasts_us + STILL_SILENT_US if stays else rng.randrange(300) * SECOND_US)
        urgent = one.victim or (one.level is Level.INTENSIVE and rng.random() < outage.window)
        free_us = outage.at_us + RELEASED_US if urgent else ends_us + STILL_SILENT_US if stays else FAR_US
        yield Raised(one.at_us, lost, wearer, lasts_us, one.level, one.victim, one.needed or urgent, free_us)


def calls_in(given: Given) -> list[tuple[int, int, int]]:
    """(when, how long it takes, how long they wait at most) of everybody who rings, in order; microseconds."""
    rng = Random(f"{given.seed}:calls")
    outage, habits = given.outage, given.habits
    times = outage.calls_in_times if outage is not None else 1.0
    found = []
    for at_us in _instants(rng, given.wearers * habits.calls_in * times, given):
        one = (at_us, habits.calls_take.draw_us(rng), round(rng.expovariate(1 / habits.patience_s) * SECOND_US))
        lot = rng.random() * times
        busy = outage is not None and 0 <= at_us - outage.at_us < outage.lasts_us + HOUR_US // 2
        if busy or lot < 1:
            found.append(one)
    return found
