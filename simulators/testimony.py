"""What the devices of a person told, and when it arrived: drawn from the plan of the run, not from what was received.

The auditor holds the true walk against it: a violation that nothing sent could show is nobody's miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from simulators.ground import Floats
from simulators.scenes import DeviceEvent, Life, Silence
from simulators.speakers import Speaker

Flags: TypeAlias = NDArray[np.bool_]
LEAST_STATED_M = 5.0
"""Below this the rules take an accuracy for this (rules.md 3)."""
ARRIVAL_S = 2.0
"""What has not arrived so long before the run's end may be decided after it."""


@dataclass(slots=True)
class Told:
    """What one device told. All times are seconds since the run began.

    Attributes
    ----------
    t : (items,) when each item of its rounds is of, in order; ``is_fix``: a position, else a sign of life.
    arrived : (items,) when it arrived, infinity when it did not in the run.
    events : what it said besides, and when that arrived.
    delay_s : by how much what it sent may have come later.
    """

    speaker: Speaker
    t: Floats
    is_fix: Flags
    arrived: Floats
    events: list[tuple[DeviceEvent, float]]
    delay_s: float

    @property
    def interval_s(self) -> float:
        return self.speaker.interval_us / SECOND_US

    @property
    def upload_s(self) -> float:
        return self.speaker.upload_us / SECOND_US

    @property
    def worst_acc_m(self) -> float:
        return max(self.speaker.worst_acc_m, LEAST_STATED_M)

    def fixes(self) -> Floats:
        """Times of the positions that arrived."""
        return self.t[self.is_fix & np.isfinite(self.arrived)]

    def heard_times(self) -> Floats:
        """When messages arrived, in order."""
        times = [*self.arrived[np.isfinite(self.arrived)].tolist(), *(a for _, a in self.events if math.isfinite(a))]
        return np.unique(np.array(times, np.float64))

    def facts(self) -> Floats:
        """Times of everything that arrived, in order."""
        own = self.t[np.isfinite(self.arrived)].tolist()
        return np.array(sorted([*own, *(e.at for e, a in self.events if math.isfinite(a))]), np.float64)


def told_by(life: Life, speakers: list[Speaker], duration_s: float, delay_s: float = 0.0) -> list[Told]:
    """What each of a person's speaking devices told, in their order; events are told by the first.

    ``delay_s``: by how much any message may have come later than it was sent.
    """
    return [_told(life, speaker, duration_s, delay_s, first=n == 0) for n, speaker in enumerate(speakers)]


def _told(life: Life, speaker: Speaker, duration_s: float, delay_s: float, *, first: bool) -> Told:
    until_s = min(speaker.until_us / SECOND_US, duration_s)
    rounds = max(0, math.ceil((until_s * SECOND_US - speaker.phase_us) / speaker.interval_us))
    t = (speaker.phase_us + speaker.interval_us * np.arange(rounds, dtype=np.int64)) / SECOND_US
    kept = np.ones(len(t), bool)
    arrived = t + (speaker.upload_us - speaker.interval_us) / SECOND_US
    for silence in life.silences:
        within = (t >= silence.span[0]) & (t < silence.span[1])
        kept &= ~within | silence.keeps
        arrived[within] = _back(t, silence)
    is_fix = np.full(len(t), speaker.locates)
    for begin, end in life.blind:
        is_fix &= ~((t >= begin) & (t < end))
    latest_s = duration_s - ARRIVAL_S - delay_s
    arrived[arrived > latest_s] = math.inf
    events = _events(life, t, until_s, latest_s) if first else []
    return Told(speaker, t[kept], is_fix[kept], arrived[kept], events, delay_s)


def _back(t: Floats, silence: Silence) -> float:
    """When the first round after a silence is due: then what was kept is sent."""
    after = t[t >= silence.span[1]]
    return float(after[0]) if len(after) else math.inf


def _events(life: Life, t: Floats, until_s: float, latest_s: float) -> list[tuple[DeviceEvent, float]]:
    told = []
    for event in life.events:
        arrived = event.at
        within = next((s for s in life.silences if s.span[0] <= event.at < s.span[1]), None)
        if event.at >= until_s or (within is not None and not within.keeps):
            continue
        if within is not None:
            arrived = _back(t, within)
        told.append((event, arrived if arrived <= latest_s else math.inf))
    return told
