"""A scenario: who lives how, what goes wrong and how often. Everything has a default; `simulators.scenario_file` reads them from TOML.

docs/simulators.md tells every setting, its default and what it may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Final

DUPLICATE_S: Final = (1, 30)
"""In feed files the second of a message that comes twice comes so many seconds after the first."""
SETTLE_S: Final = 300.0
"""After it was away the centre's clock waits as long again, at most so long, before it says what it has not heard (rules.md 0, failure 25)."""
BROKER, SERVER = "broker", "server"
Span = tuple[float, float]
LONG_RUN_S: Final = 3 * 3600.0
"""In runs over this people live whole days, unless it is said that they do not."""


@dataclass(frozen=True, slots=True)
class About:
    """What a scenario shows: words for people, and the failures (failures.md) that it is of."""

    title: str = ""
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggested:
    """The run that shows it, as benchmarks take it. ``start``: the instant at which a feed begins; empty: any."""

    wearers: float = 0.0
    days: float = 0.0
    start: str = ""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the people to whom it can happen, the share to whom it does, once in a run or in each six hours of one."""

    zone_visit: float = 0.06
    zone_edge: float = 0.02
    zone_pass: float = 0.015
    zone_vanish: float = 0.01
    zone_leave: float = 0.08
    late_home: float = 0.08
    out_all: float = 0.03
    left_home: float = 0.07
    out_at_end: float = 0.03
    brief_exit: float = 0.03
    silent_off: float = 0.008
    silent_backlog: float = 0.012
    gnss_lost: float = 0.01
    strap_tamper: float = 0.004
    case_tamper: float = 0.002
    jamming: float = 0.003
    shielding: float = 0.002
    fault: float = 0.003
    battery_low: float = 0.004
    battery_critical: float = 0.003
    battery_dead: float = 0.003
    sos: float = 0.001
    home_unit_power_lost: float = 0.01
    home_unit_moved: float = 0.003
    near_victim: float = 0.1
    meets: float = 0.1
    tag_left: float = 0.0


@dataclass(frozen=True, slots=True)
class People:
    """``days``: `auto`, `yes` or `no`; ``rest_s``: how often a tag at rest records, 0: as ever; ``shadow_s``: how long, in the middle, a
    home unit does not hear a tag that is at home, 0: never. Of an invented caseload ``hostels`` is the share of curfew tags whose wearers live
    in a hostel and share its home unit, ``beacons`` of location tags with a curfew that a home unit hears too, ``near_zone`` of location tags
    whose wearers live some metres from a zone.
    """

    days: str = "auto"
    rest_s: float = 240.0
    shadow_s: float = 70.0
    hostels: float = 0.03
    beacons: float = 0.1
    near_zone: float = 0.06

    def whole_days(self, duration_s: float) -> bool:
        """Whether people live by their days' agenda in a run of so many seconds."""
        return self.days == "yes" or (self.days == "auto" and duration_s > LONG_RUN_S)


@dataclass(frozen=True, slots=True)
class Outage:
    """Devices out of touch from ``from_s`` to ``to_s``, seconds since the run began: a share of those of a carrier and cell."""

    from_s: float
    to_s: float
    share: float = 1.0
    keeps: bool = True
    carrier: str = ""
    cell: float = 0.0


@dataclass(frozen=True, slots=True)
class CentreOutage:
    """The centre is away from ``from_s`` to ``to_s``: its `broker`, so that devices keep what they have, or its `server`, so that the broker
    keeps it and hands it over at once when the server is back."""

    from_s: float
    to_s: float
    part: str = SERVER


@dataclass(frozen=True, slots=True)
class PowerCut:
    """Home units of a share of the homes run on their batteries."""

    from_s: float
    to_s: float
    share: float = 0.1


@dataclass(frozen=True, slots=True)
class Lot:
    """Devices of a lot that say once in so many days what is not so: their own fault, not their wearers'."""

    lot: str
    share: float = 0.2
    every_days: float = 1.0


@dataclass(frozen=True, slots=True)
class Network:
    duplicates: float = 0.0
    reordered: float = 0.0
    reorder_s: float = 20.0
    latency_s: float = 0.15
    lost: float = 0.0
    session_s: float = 0.0
    broken: float = 0.0

    @property
    def longest_s(self) -> float:
        """By how much a message, or its second, may come later than usual."""
        return (self.reorder_s if self.reordered else 0.0) + (DUPLICATE_S[1] if self.duplicates else 0.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """95 % radius of location tags, metres; each tag has its own between the best and the worst."""

    typical_m: float = 7.0
    best_m: float = 4.0
    worst_m: float = 25.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """``skew_s``: clocks are wrong by up to so much, five seconds at most; ``jumped``: share of devices whose clock once is weeks or decades off for a while."""

    skew_s: float = 0.0
    jumped: float = 0.0
    jump_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Counters:
    """``restarted``: share of devices whose `seq` once begins at 1 again, without a new `gen`."""

    restarted: float = 0.0


@dataclass(frozen=True, slots=True)
class Hostile:
    """Clients that are no device of the caseload and send what nobody can read, each so many messages a minute."""

    clients: float = 0.0
    per_min: float = 6.0


@dataclass(frozen=True, slots=True)
class Wire:
    msgpack: float = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    tick_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """All faults, in one object."""

    about: About = field(default_factory=About)
    run: Suggested = field(default_factory=Suggested)
    shares: Shares = field(default_factory=Shares)
    people: People = field(default_factory=People)
    network: Network = field(default_factory=Network)
    accuracy: Accuracy = field(default_factory=Accuracy)
    clocks: Clocks = field(default_factory=Clocks)
    counters: Counters = field(default_factory=Counters)
    hostile: Hostile = field(default_factory=Hostile)
    wire: Wire = field(default_factory=Wire)
    feed: Feed = field(default_factory=Feed)
    outages: tuple[Outage, ...] = ()
    centre_outages: tuple[CentreOutage, ...] = ()
    power_cuts: tuple[PowerCut, ...] = ()
    lots: tuple[Lot, ...] = ()

    def out_of_touch(self) -> tuple[Outage, ...]:
        """All that takes devices out of touch: while the broker is away, everybody."""
        away = (Outage(one.from_s, one.to_s) for one in self.centre_outages if one.part == BROKER)
        return (*self.outages, *away)

    def server_away(self) -> list[Span]:
        """When the broker keeps what comes, seconds since the run began; apart, in order."""
        return joined((one.from_s, one.to_s) for one in self.centre_outages if one.part == SERVER)

    def without_clock(self) -> list[Span]:
        """When a feed has no ticks; apart, in order."""
        away = joined((one.from_s, one.to_s) for one in self.centre_outages)
        return joined((begin, end + min(end - begin, SETTLE_S)) for begin, end in away)

    def over_mqtt(self) -> Scenario:
        """The same for a centre that is really there: it knows itself when it is away. Raises `ValueError` for what only a feed can have."""
        if self.server_away():
            raise ValueError("centre_outage: the server is away in a feed only; over MQTT stop the centre itself")
        return replace(self, outages=self.out_of_touch(), centre_outages=())


def joined(spans: Iterable[Span]) -> list[Span]:
    """In order; those that touch or overlap are one."""
    out: list[Span] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


CALM = Scenario(shares=Shares(**{f.name: 0.0 for f in fields(Shares)}))
"""Nobody does anything wrong and nothing breaks."""
