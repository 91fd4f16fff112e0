"""The world: where everybody is at every instant, and what happens to their devices.

A life is drawn once, before the run, from the seed and the person alone. A walk is straight between its knots, so
that the world is a function of time: no step size decides what happened, and the auditor can ask it any instant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from random import Random

import numpy as np
from numpy.typing import NDArray

from simulators.ground import Floats
from simulators.plots import PLOTS
from simulators.scenario import Outage, Scenario, Shares
from simulators.scenes import AFTER_S, SPARE_S, STROLL_M, Life, Scene, Silence, curfew_spans
from simulators.streets import Path, walking_time
from simulators.subjects import Run, Subject

SLOT_S = 6 * 3600.0
"""A long run is lived in slots of about so long; each may have one plot."""
OPENING_S = 900.0
"""The first slot of a long run is short, so that something is to be seen soon."""


def live(subject: Subject, run: Run, scenario: Scenario, seed: int) -> Life:
    """One person's run. The same arguments give the same life."""
    rng = Random(f"life:{seed}:{subject.id}")
    scene = Scene(subject, run, rng, Path(0.0, (0.0, 0.0), rng), run.duration_s)
    scene.must_be_home = curfew_spans(subject, run)
    for scene.end in _slot_ends(run.duration_s):
        if scene.path.now < scene.end:
            _live_slot(scene, scenario.shares)
    scene.path.stay(run.duration_s + AFTER_S)
    silences = _joined([*scene.silences, *_outages(scenario.outages, rng)])
    t, x, y = scene.path.knots()
    return Life(
        t,
        x,
        y,
        tuple(scene.plots),
        silences,
        sorted(scene.blind),
        sorted(scene.events, key=lambda e: e.at),
        scene.untrusted_from,
    )


def _slot_ends(duration_s: float) -> list[float]:
    """When the slots of a run end, seconds: one slot, or a short one and some of equal length."""
    if duration_s <= SLOT_S / 2:
        return [duration_s]
    slots = max(1, round(duration_s / SLOT_S))
    return [OPENING_S, *(OPENING_S + (duration_s - OPENING_S) * (n + 1) / slots for n in range(slots))]


def _live_slot(scene: Scene, shares: Shares) -> None:
    """A plot or none, and what an orderly person does around it."""
    name = _plot_for(scene, shares)
    if name is None:
        _begin_about(scene)
    else:
        scene.plots.append(name)
        PLOTS[name].draw(scene)
    if scene.fresh:
        _begin_about(scene)
    scene.errands(scene.end)


def _plot_for(scene: Scene, shares: Shares) -> str | None:
    """The plot of the slot: each that fits has its share, and a person whose tag is cut has none any more."""
    draw = scene.rng.random()
    if math.isfinite(scene.untrusted_from):
        return None
    for share in fields(shares):
        part: float = getattr(shares, share.name)
        if part > 0 and PLOTS[share.name].fits(scene):
            if draw < part:
                return share.name
            draw -= part
    return None


def _begin_about(scene: Scene) -> None:
    """Where an orderly person is when the run begins: at home mostly, or near it on the way."""
    least_m = 2 * scene.subject.radius_m + 30.0
    spot = scene.away_spot(least_m, max(STROLL_M, least_m + 10.0))
    spare = scene.next_curfew() - scene.path.now - SPARE_S - walking_time(spot, (0.0, 0.0))
    if scene.fresh and scene.rng.random() < 0.35 and spare > 0:
        scene.put(spot)
        scene.path.stay(scene.path.now + scene.rng.uniform(0.0, min(60.0, spare)))
    elif scene.fresh:
        scene.path.stay(scene.path.now + 1.0)


def _outages(outages: Iterable[Outage], rng: Random) -> list[Silence]:
    return [Silence((o.from_s, o.to_s), o.keeps) for o in outages if rng.random() < o.share]


def _joined(silences: list[Silence]) -> list[Silence]:
    """In order; those that overlap are one, in which nothing is kept unless all of them keep."""
    out: list[Silence] = []
    for silence in sorted(silences, key=lambda s: s.span):
        if out and silence.span[0] <= out[-1].span[1]:
            (begin, end), keeps = out[-1].span, out[-1].keeps and silence.keeps
            out[-1] = Silence((begin, max(end, silence.span[1])), keeps)
        else:
            out.append(silence)
    return out


class World:
    """Walks as columns, each followed on its own: follower ``n`` is at or after knot ``at[n]`` of its person's.

    ``people`` names the person of each follower: a person is followed by each of their devices.
    """

    def __init__(self, lives: list[Life], people: NDArray[np.int64]) -> None:
        sizes = np.array([len(life.t) for life in lives], np.int64)
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.t, self.x, self.y = (np.concatenate([getattr(life, c) for life in lives]) for c in ("t", "x", "y"))
        self.at = first[people]
        self.last = first[people + 1] - 2

    def positions(self, who: NDArray[np.intp], t: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of home of some followers, each at its own instant, seconds since the run began.

        Instants of one follower may not go back from call to call: the knots are walked along.
        """
        at, last = self.at[who], self.last[who]
        behind = (self.t[at + 1] <= t) & (at < last)
        while behind.any():
            at += behind
            behind = (self.t[at + 1] <= t) & (at < last)
        self.at[who] = at
        begin, end = self.t[at], self.t[at + 1]
        part = np.clip((t - begin) / np.maximum(end - begin, 1e-9), 0.0, 1.0)
        return self.x[at] + part * (self.x[at + 1] - self.x[at]), self.y[at] + part * (self.y[at + 1] - self.y[at])


def position_of(life: Life, t: Floats) -> tuple[Floats, Floats]:
    """Where one person is at any instants; metres east and north of home."""
    return np.interp(t, life.t, life.x), np.interp(t, life.t, life.y)
