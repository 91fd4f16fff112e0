"""What is measured while a load run goes on: stages of each message, one look a second, and limits at the end of each step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import mqtt5
import numpy as np

from domain.instants import SECOND_US
from simulators.devices import Devices
from simulators.fleet import SLICE_S, Fleet, Tally
from simulators.link import FIRST_REFUSAL, Address, Exchange, Link, Post
from simulators.loading.histogram import Histogram
from simulators.loading.limits import Bounds, Limit, Look, limits_of, recovered_s
from simulators.loading.plans import Plan, Step

PUBLISHED: Final = "due_to_published"
ACKNOWLEDGED: Final = "published_to_acknowledged"
ON_MAP: Final = "fix_to_map"
ALERTED: Final = "violation_to_alert"
STAGES: Final = (PUBLISHED, ACKNOWLEDGED, ON_MAP, ALERTED)
LOOK_US: Final = SECOND_US
MOST_KEPT: Final = 1_000
"""Looks and sizes of memory at hand; with more, every second one is let go."""
LEAST_OF_A_RISE_S: Final = 600.0


class Stages:
    """A histogram for each stage, and one of how late this program was itself. ``clock_us`` counts from the run's beginning."""

    def __init__(self, clock_us: Callable[[], int]) -> None:
        self.clock_us = clock_us
        self.begin()

    def begin(self) -> None:
        """New histograms, for the next step."""
        self.of = {name: Histogram() for name in STAGES}
        self.late = Histogram()
        self.published, self.acknowledged = self.of[PUBLISHED], self.of[ACKNOWLEDGED]


def clock_from(start_us: int) -> Callable[[], int]:
    """Microseconds since then, by a clock that is never set."""
    offset_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000 - start_us
    return lambda: time.monotonic_ns() // 1000 + offset_us


class TimedLink(Link):
    """A link that tells how long each message waited to be published, and then for its acknowledgement."""

    __slots__ = ("_published_us", "_stages")

    def __init__(
        self, index: int, device: str, address: Address, upload_s: float, exchange: Exchange, stages: Stages
    ) -> None:
        super().__init__(index, device, address, upload_s, exchange)
        self._stages = stages
        self._published_us: dict[int, int] = {}

    def _publish(self, post: Post) -> None:
        first = not self._again
        super()._publish(post)
        now_us = self._published_us[self._packet_id] = self._stages.clock_us()
        if first and post[2]:
            self._stages.published.add((now_us - post[2]) / SECOND_US)

    def _taken(self, packet: mqtt5.PubAckPacket) -> None:
        published_us = self._published_us.pop(packet.packet_id, None)
        if published_us is not None and int(packet.reason_code) < FIRST_REFUSAL:
            self._stages.acknowledged.add((self._stages.clock_us() - published_us) / SECOND_US)
        super()._taken(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._published_us.clear()
        super().connection_lost(exc)


class Series:
    """(seconds, value), at most a thousand of them: with more, every second one is let go, and as many of those that follow."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []
        self._each = 1
        self._asked = 0

    def add(self, at_s: float, value: float) -> None:
        self._asked += 1
        if self._asked % self._each:
            return
        self.seen.append((at_s, value))
        if len(self.seen) > MOST_KEPT:
            self.seen, self._each = self.seen[::2], 2 * self._each

    def rise_an_hour(self, from_s: float = 0.0) -> float | None:
        """By which a straight line through all from then on rises in an hour; None when that were a guess from a few minutes."""
        seen = [one for one in self.seen if one[0] >= from_s]
        if not seen or seen[-1][0] - seen[0][0] < LEAST_OF_A_RISE_S:
            return None
        at_s, values = np.array(seen).T
        return float(np.polyfit(at_s - at_s[0], values, 1)[0]) * 3600


@dataclass(slots=True)
class Done:
    """A step that is over. ``sent`` and ``acknowledged`` are items within it; ``waiting`` those left at its end."""

    step: Step
    seconds: float
    sent: int
    acknowledged: int
    waiting: int
    behind: float | None
    stages: dict[str, Histogram]
    late: Histogram
    limits: list[Limit]
    recovered_s: float | None


class Behind(Protocol):
    """How many items that were sent the centre has not stored, as of its last answer; None where nobody asks it."""

    def __call__(self) -> float | None: ...


Show = Callable[[Look, Look, Step, Histogram], None]
"""Called once a second with what is and what was before; the histogram is that of the acknowledgements of the step so far."""


@dataclass(slots=True)
class Conductor:
    """Leads the fleet through a plan, step by step, and looks once a second. ``fleet`` is set before the run."""

    plan: Plan
    devices: Devices
    stages: Stages
    bounds: Bounds
    behind: Behind
    show: Show
    done: list[Done] = field(default_factory=list)
    memory: Series = field(default_factory=Series)
    fleet: Fleet | None = None
    _next: int = 0
    _looks: list[Look] = field(default_factory=list)
    _first: Look | None = None
    _slice_us: int = 0
    _look_us: int = 0
    _before: Look | None = None
    _speaking: int = 0
    _paced: tuple[int, int] = (0, 0)

    def pace(self, now_us: int) -> None:
        """Before each slice of the fleet's."""
        now_s = now_us / SECOND_US
        if self._slice_us:
            self.stages.late.add(max(0.0, (now_us - self._slice_us) / SECOND_US - SLICE_S))
        self._slice_us = now_us
        steps = self.plan.steps
        if self._step is not None and now_us >= round(self._step.end_s * SECOND_US):
            self._end(now_s)
        if self._step is None and self._next < len(steps) and now_us >= round(steps[self._next].begin_s * SECOND_US):
            self._begin(steps[self._next], now_s)
        if self._step is not None and now_us >= self._look_us + LOOK_US:
            self._look_us = now_us
            self._look(self._step, now_s)

    def stop(self) -> None:
        """Ends the run now, and with it the step under way."""
        assert self.fleet is not None
        now_us = self.stages.clock_us()
        if self._step is not None:
            self._end(now_us / SECOND_US)
        self._next = len(self.plan.steps)
        self.fleet.end_by(now_us)

    @property
    def ended_us(self) -> int:
        """When the last step that is over ended, microseconds since the run began."""
        if not self.done:
            return 0
        return round((self.done[-1].step.begin_s + self.done[-1].seconds) * SECOND_US)

    @property
    def _step(self) -> Step | None:
        """The one under way."""
        return self.plan.steps[self._next - 1] if self._first is not None else None

    def _begin(self, step: Step, now_s: float) -> None:
        assert self.fleet is not None
        self._next += 1
        paced = step.devices, round(step.devices / step.rate_hz * SECOND_US)
        if paced != self._paced:
            self.devices.pace(*paced, round(step.begin_s * SECOND_US))
            self._paced = paced
        for device in range(self._speaking or self.plan.steps[0].devices, step.devices):
            self.fleet.call_in(device)
        self._speaking = step.devices
        self.stages.begin()
        self._looks, self._first = [], self._seen(step, now_s)

    def _look(self, step: Step, now_s: float) -> None:
        look = self._seen(step, now_s)
        self._looks.append(look)
        if len(self._looks) > MOST_KEPT:
            self._looks = self._looks[::2]
        self.memory.add(now_s, _own_memory_mb())
        self.show(look, self._before or look, step, self.stages.acknowledged)
        self._before = look

    def _seen(self, step: Step, now_s: float) -> Look:
        assert self.fleet is not None
        tally: Tally = self.fleet.tally
        away, middle_s = self.plan.away, (step.begin_s + step.end_s) / 2
        wanted = 0 if away is not None and away[0] <= middle_s < away[1] else step.devices
        return Look(
            now_s,
            tally.sent,
            tally.acknowledged,
            max(0, tally.sent - tally.acknowledged - tally.dropped),
            self.fleet.ready,
            wanted,
            tally.reconnections,
            tally.dropped,
            self.behind(),
        )

    def _end(self, now_s: float) -> None:
        step, first = self._step, self._first
        assert step is not None
        assert first is not None
        assert self.fleet is not None
        last = self._seen(step, now_s)
        looks = [first, *self._looks, last]
        limits = limits_of(step, looks, _p99(self.stages.acknowledged), _p99(self.stages.late), self.bounds)
        self.done.append(
            Done(
                step,
                now_s - first.at_s,
                last.sent - first.sent,
                last.acknowledged - first.acknowledged,
                last.waiting,
                last.behind,
                self.stages.of,
                self.stages.late,
                limits if step.measured else [],
                recovered_s(step, looks, self.bounds) if step.recovers else None,
            )
        )
        self.stages.begin()
        self._first = None
        if self.plan.stops and self.done[-1].limits:
            self._next = len(self.plan.steps)
            self.fleet.end_by(round(now_s * SECOND_US))


def _p99(histogram: Histogram) -> float | None:
    return histogram.quantile(0.99) if len(histogram) else None


def _own_memory_mb() -> float:
    """What this process holds, where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
