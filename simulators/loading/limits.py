"""At which step what gave out: pure, from what was seen once a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from simulators.loading.plans import Step

SETTLING: Final = 1 / 3
"""Of a step, at its beginning, is not looked at: what grew before goes down first."""
FEWEST: Final = 4
"""Looks from which a growth is told."""


class Gave(StrEnum):
    """What gave out."""

    UNACKNOWLEDGED = "unacknowledged"
    DELAY = "delay"
    CENTRE = "centre"
    CONNECTIONS = "connections"
    DROPPED = "dropped"
    RECOVERY = "recovery"
    GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class Look:
    """One second of a run, counted from its beginning.

    ``waiting``: items sent and not acknowledged; ``behind``: sent and not stored by the centre, None where nobody asks it;
    ``wanted``: devices that should be connected, ``connected`` that are; ``lost``: connections lost so far; ``dropped``: items lost from full memories.
    """

    at_s: float
    sent: int
    acknowledged: int
    waiting: int
    connected: int
    wanted: int
    lost: int
    dropped: int
    behind: float | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is still borne.

    ``growth``: of the rate, by which what waits may rise each second; ``left_s``: so many seconds' worth of messages may wait at the end
    of a step; ``delay_s``: of the 99th percentile from publishing to the acknowledgement; ``late_s``: of the 99th percentile of our own lateness.
    """

    growth: float = 0.02
    left_s: float = 1.0
    delay_s: float = 1.0
    late_s: float = 0.25


@dataclass(frozen=True, slots=True)
class Limit:
    """What gave out, at which step, and how that shows."""

    step: str
    rate_hz: float
    devices: int
    what: Gave
    how: str


def limits_of(
    step: Step, looks: Sequence[Look], delay_p99_s: float | None, late_p99_s: float | None, bounds: Bounds
) -> list[Limit]:
    """What gave out in a step; the generator's own limit first, since with it the others say nothing of the system."""
    found: list[tuple[Gave, str]] = []
    if late_p99_s is not None and late_p99_s > bounds.late_s:
        found.append((Gave.GENERATOR, f"this program was {late_p99_s:.2f} s late itself (p99): use more of them"))
    if not step.may_grow:
        found += _grown(Gave.UNACKNOWLEDGED, [(k.at_s, k.waiting) for k in looks], step, bounds)
        behind = [(k.at_s, k.behind) for k in looks if k.behind is not None]
        found += _grown(Gave.CENTRE, behind, step, bounds)
        if delay_p99_s is not None and delay_p99_s > bounds.delay_s:
            found.append((Gave.DELAY, f"acknowledged after {delay_p99_s:.2f} s (p99)"))
    if step.recovers and looks and _left(looks[-1]) > bounds.left_s * step.rate_hz:
        found.append((Gave.RECOVERY, f"{_left(looks[-1]):,.0f} items still wait at its end"))
    if looks:
        found += _hurt(looks)
    return [Limit(step.name, step.rate_hz, step.devices, what, how) for what, how in found]


def recovered_s(step: Step, looks: Sequence[Look], bounds: Bounds) -> float | None:
    """How long after a step's beginning no more waits than at most may; None: not in it."""
    return next((k.at_s - step.begin_s for k in looks if _left(k) <= bounds.left_s * step.rate_hz), None)


def _left(look: Look) -> float:
    return max(look.waiting, look.behind or 0.0)


def _grown(what: Gave, seen: Sequence[tuple[float, float]], step: Step, bounds: Bounds) -> list[tuple[Gave, str]]:
    """Whether it rises without end: by a straight line through all but the beginning, and by what is left."""
    settled = [k for k in seen if k[0] >= step.begin_s + SETTLING * (step.end_s - step.begin_s)]
    if len(settled) < FEWEST:
        return []
    at_s, left = np.array(settled, np.float64).T
    rise = float(np.polyfit(at_s - at_s[0], left, 1)[0])
    if rise <= bounds.growth * step.rate_hz or left[-1] <= bounds.left_s * step.rate_hz:
        return []
    whom = "acknowledged" if what is Gave.UNACKNOWLEDGED else "stored"
    return [(what, f"what is sent and not {whom} rises by {rise:,.0f} a second, to {left[-1]:,.0f}")]


def _hurt(looks: Sequence[Look]) -> list[tuple[Gave, str]]:
    first, last = looks[0], looks[-1]
    found = []
    if last.lost > first.lost:
        found.append((Gave.CONNECTIONS, f"{last.lost - first.lost:,d} connections were lost"))
    elif last.connected < last.wanted:
        found.append((Gave.CONNECTIONS, f"{last.connected:,d} of {last.wanted:,d} devices are connected"))
    if last.dropped > first.dropped:
        found.append((Gave.DROPPED, f"{last.dropped - first.dropped:,d} items were lost from devices' full memories"))
    return found
