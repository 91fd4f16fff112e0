"""What a load run does when: steps of so many devices and messages a second. Pure: seconds since the run began."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.errors import BailiwickError

SOAK_STEP_S: Final = 600.0
"""So often a soak's figures begin anew, within these steps."""
SOAK_STEPS: Final = (10, 60)
MOST_A_DEVICE_HZ: Final = 100.0
USUAL_AWAY_S: Final = 60.0
STORM_PARTS: Final = 4
"""Of a storm without the time away: calm, cut straps, and two parts in which everybody has come back."""
RAMP_BEGINS: Final = 10
"""A ramp begins at this part of where it ends."""


class Profile(StrEnum):
    """How the load goes over time."""

    RAMP = "ramp"
    STEADY = "steady"
    BURST = "burst"
    SOAK = "soak"
    STORM = "storm"


class Unplannable(BailiwickError):
    """What was asked for makes no run; the text is the one line that says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """The first ``devices`` send ``rate_hz`` messages a second in all.

    ``measured``: it counts for the run's figures, which a warm-up does not. ``may_grow``: for so long more may come than is taken.
    ``recovers``: at its end nothing may be left over of the one before.
    """

    name: str
    begin_s: float
    end_s: float
    rate_hz: float
    devices: int
    measured: bool = True
    may_grow: bool = False
    recovers: bool = False


@dataclass(frozen=True, slots=True)
class Tampers:
    """Straps that are cut, each another wearer's: ``rate_hz`` a second from ``begin_s``, infinitely many: everybody's at once."""

    begin_s: float
    end_s: float
    rate_hz: float

    def times_s(self, wearers: int) -> list[float]:
        """When the straps of the first so many are cut, in their order; who is not reached has none."""
        if math.isinf(self.rate_hz):
            return [self.begin_s] * wearers
        number = min(wearers, math.ceil((self.end_s - self.begin_s) * self.rate_hz - 1e-9))
        return [self.begin_s + n / self.rate_hz for n in range(number)]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. ``away`` is when nobody gets through; ``stops``: it ends with the first step that met a limit."""

    profile: Profile
    steps: tuple[Step, ...]
    tampers: Tampers | None = None
    away: tuple[float, float] | None = None
    stops: bool = False

    @property
    def duration_s(self) -> float:
        return self.steps[-1].end_s

    @property
    def rate_hz(self) -> float:
        """The most that is sent, messages a second."""
        return max(step.rate_hz for step in self.steps)

    @property
    def devices(self) -> int:
        """The most that are connected."""
        return max(step.devices for step in self.steps)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes
    ----------
    devices : those that the caseload has, or fewer.
    rate_hz : messages a second of all of them; None: one of each. In bursts what goes on between them.
    from_rate_hz, from_devices : where a ramp begins; None: at a tenth of the rate, with all devices.
    steps : of a ramp; times of a burst.
    burst_s, factor : how long a burst lasts, and how many times as much comes in it.
    away_s : for how long a storm takes everybody away; 0: not at all.
    warm_up_s : comes before ``duration_s`` and is not counted.
    tampers_hz : straps cut a second, from ``tampers_from_s`` to ``tampers_to_s`` of what is counted.
    """

    profile: Profile
    devices: int
    duration_s: float
    rate_hz: float | None = None
    from_rate_hz: float | None = None
    from_devices: int | None = None
    steps: int = 10
    burst_s: float = 10.0
    factor: float = 5.0
    away_s: float = USUAL_AWAY_S
    warm_up_s: float = 10.0
    tampers_hz: float = 0.0
    tampers_from_s: float = 0.0
    tampers_to_s: float = math.inf

    @property
    def top_hz(self) -> float:
        return float(self.devices) if self.rate_hz is None else self.rate_hz


def plan_of(wanted: Wanted) -> Plan:
    """The run that was asked for. Raises `Unplannable`."""
    _check(wanted)
    makers = {
        Profile.RAMP: _ramp,
        Profile.STEADY: _steady,
        Profile.BURST: _burst,
        Profile.SOAK: _soak,
        Profile.STORM: _storm,
    }
    plan = _warmed(makers[wanted.profile](wanted), wanted)
    for step in plan.steps:
        if step.rate_hz > MOST_A_DEVICE_HZ * step.devices:
            raise Unplannable(
                f"{step.rate_hz:g} messages a second of {step.devices} devices: at most {MOST_A_DEVICE_HZ:g} of one"
            )
    return plan


def _check(wanted: Wanted) -> None:
    if wanted.devices < 1:
        raise Unplannable("nobody is there to send anything")
    if not (math.isfinite(wanted.duration_s) and wanted.duration_s > 0):
        raise Unplannable("the duration is more than 0 seconds")
    if not (math.isfinite(wanted.top_hz) and wanted.top_hz > 0):
        raise Unplannable("the rate is more than 0 messages a second")
    if min(wanted.warm_up_s, wanted.tampers_hz, wanted.tampers_from_s, wanted.away_s) < 0:
        raise Unplannable("times and rates are not under 0")
    if wanted.steps < 1 or not (wanted.burst_s > 0 and wanted.factor > 0):
        raise Unplannable("steps, bursts and their factor are more than 0")
    if not 1 <= (wanted.from_devices or wanted.devices) <= wanted.devices:
        raise Unplannable(f"a ramp begins with 1 to {wanted.devices} devices")
    if wanted.from_rate_hz is not None and not 0 < wanted.from_rate_hz <= wanted.top_hz:
        raise Unplannable(f"a ramp begins with over 0 and at most {wanted.top_hz:g} messages a second")


def _ramp(wanted: Wanted) -> Plan:
    """Equal steps, in rate and in devices, up to what was asked for."""
    first_hz = wanted.top_hz / RAMP_BEGINS if wanted.from_rate_hz is None else wanted.from_rate_hz
    first, each_s = wanted.from_devices or wanted.devices, wanted.duration_s / wanted.steps
    steps = []
    for n in range(wanted.steps):
        part = n / (wanted.steps - 1) if wanted.steps > 1 else 1.0
        devices = round(first + part * (wanted.devices - first))
        rate_hz = first_hz + part * (wanted.top_hz - first_hz)
        steps.append(Step(f"ramp {n + 1}", n * each_s, (n + 1) * each_s, rate_hz, devices))
    return Plan(Profile.RAMP, tuple(steps), stops=True)


def _steady(wanted: Wanted) -> Plan:
    return Plan(Profile.STEADY, (Step("steady", 0.0, wanted.duration_s, wanted.top_hz, wanted.devices),))


def _burst(wanted: Wanted) -> Plan:
    """Between, burst, between, burst, ..., between: as often as asked for."""
    between_s = (wanted.duration_s - wanted.steps * wanted.burst_s) / (wanted.steps + 1)
    if between_s <= 0:
        raise Unplannable(
            f"{wanted.steps} bursts of {wanted.burst_s:g} s do not go into {wanted.duration_s:g} s with time between them"
        )
    steps, now_s = [Step("before", 0.0, between_s, wanted.top_hz, wanted.devices)], between_s
    for n in range(1, wanted.steps + 1):
        ends_s = now_s + wanted.burst_s
        high_hz = wanted.factor * wanted.top_hz
        steps.append(Step(f"burst {n}", now_s, ends_s, high_hz, wanted.devices, may_grow=True))
        now_s = ends_s + between_s
        steps.append(Step(f"after {n}", ends_s, now_s, wanted.top_hz, wanted.devices, may_grow=True, recovers=True))
    return Plan(Profile.BURST, tuple(steps))


def _soak(wanted: Wanted) -> Plan:
    fewest, most = SOAK_STEPS
    number = min(most, max(fewest, math.ceil(wanted.duration_s / SOAK_STEP_S)))
    each_s = wanted.duration_s / number
    steps = (Step(f"soak {n + 1}", n * each_s, (n + 1) * each_s, wanted.top_hz, wanted.devices) for n in range(number))
    return Plan(Profile.SOAK, tuple(steps))


def _storm(wanted: Wanted) -> Plan:
    """Calm; every strap is cut at once; nobody gets through; everybody comes back at once, with what they kept."""
    part_s = (wanted.duration_s - wanted.away_s) / STORM_PARTS
    if part_s <= 0:
        raise Unplannable(f"a storm that takes everybody away for {wanted.away_s:g} s lasts longer than that")
    rate_hz, devices, gone_s, back_s = wanted.top_hz, wanted.devices, 2 * part_s, 2 * part_s + wanted.away_s
    steps = [
        Step("calm", 0.0, part_s, rate_hz, devices),
        Step("straps cut", part_s, gone_s, rate_hz, devices, may_grow=True, recovers=True),
    ]
    if wanted.away_s:
        steps.append(Step("away", gone_s, back_s, rate_hz, devices, may_grow=True))
    steps.append(Step("back", back_s, wanted.duration_s, rate_hz, devices, may_grow=True, recovers=True))
    away = (gone_s, back_s) if wanted.away_s else None
    return Plan(Profile.STORM, tuple(steps), Tampers(part_s, gone_s, math.inf), away)


def _warmed(plan: Plan, wanted: Wanted) -> Plan:
    """With what comes before it, and the straps that are cut in it."""
    by_s = wanted.warm_up_s
    tampers = plan.tampers
    if tampers is None and wanted.tampers_hz:
        ends_s = min(wanted.tampers_to_s, wanted.duration_s)
        tampers = Tampers(wanted.tampers_from_s, max(wanted.tampers_from_s, ends_s), wanted.tampers_hz)
    if tampers is not None:
        tampers = replace(tampers, begin_s=tampers.begin_s + by_s, end_s=tampers.end_s + by_s)
    away = None if plan.away is None else (plan.away[0] + by_s, plan.away[1] + by_s)
    return replace(plan, steps=_later(plan.steps, by_s), tampers=tampers, away=away)


def _later(steps: Sequence[Step], by_s: float) -> tuple[Step, ...]:
    moved = tuple(replace(step, begin_s=step.begin_s + by_s, end_s=step.end_s + by_s) for step in steps)
    if not by_s:
        return moved
    return (Step("warm-up", 0.0, by_s, moved[0].rate_hz, moved[0].devices, measured=False), *moved)
