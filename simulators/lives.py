"""The world: where everybody is at every instant, and what happens to their devices.

A life is drawn once, before the run, from the seed and the person alone. A walk is straight between its knots, so
that the world is a function of time: no step size decides what happened, and the auditor can ask it any instant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import ConditionKind
from simulators.belongings import equip
from simulators.characters import character_of
from simulators.days import Routine
from simulators.ground import Floats
from simulators.misfortunes import befall, jumps_of, restarts_of
from simulators.plots import PLOTS
from simulators.scenario import Scenario, Shares, joined
from simulators.scenes import (
    AFTER_S,
    CLOSELY_S,
    DOUBTING,
    SPARE_S,
    STROLL_M,
    Life,
    Scene,
    Silence,
    Sky,
    Span,
    curfew_spans,
)
from simulators.streets import Path, walking_time
from simulators.subjects import Run, Subject
from simulators.truth_lines import apart

SLOT_S = 6 * 3600.0
"""A long run is lived in slots of about so long; each may have one plot."""
OPENING_S = 900.0
"""The first slot of a long run is short, so that something is to be seen soon."""


def live_all(subjects: Sequence[Subject], run: Run, scenario: Scenario, seed: int) -> list[Life]:
    """Everybody's run, in their order: whoever may be followed is drawn first, and whoever is heard through another's home unit last."""
    met = {watched.condition.other_wearer for one in subjects for watched in one.of_kind(ConditionKind.ASSOCIATION)}
    others: dict[str, tuple[Subject, Life]] = {}
    for subject in sorted(subjects, key=lambda one: (not one.is_victim, one.id not in met)):
        if subject.is_victim or subject.id in met:
            others[subject.id] = subject, live(subject, run, scenario, seed, others)
    lives = [
        others[subject.id][1] if subject.id in others else live(subject, run, scenario, seed, others)
        for subject in subjects
    ]
    of = {subject.id: life for subject, life in zip(subjects, lives, strict=True)}
    return [
        life if subject.host is None else _heard_by(life, of[subject.host])
        for subject, life in zip(subjects, lives, strict=True)
    ]


def _heard_by(life: Life, host: Life) -> Life:
    """The life of somebody whose tag is heard through a host's home unit: what befalls that befalls what is heard of them."""
    return replace(
        life,
        silences=host.silences,
        outages=host.outages,
        jumps=host.jumps,
        restarts=host.restarts,
        of_host=[e for e in host.events if e.tag is None and e.code in DOUBTING],
    )


def live(
    subject: Subject,
    run: Run,
    scenario: Scenario,
    seed: int,
    others: Mapping[str, tuple[Subject, Life]] | None = None,
) -> Life:
    """One person's run; ``others`` are those whom they may follow. The same arguments give the same life."""
    rng = Random(f"life:{seed}:{subject.id}")
    scene = Scene(subject, run, rng, Path(0.0, (0.0, 0.0), rng), run.duration_s)
    scene.others = others or {}
    scene.must_be_home = curfew_spans(subject, run)
    character = None
    if scenario.people.whole_days(run.duration_s):
        character = character_of(subject, run, scene.must_be_home, seed)
        scene.routine = Routine.of(scene, character, seed)
    for scene.end in _slot_ends(run.duration_s):
        if scene.path.now < scene.end:
            _live_slot(scene, scenario.shares)
    scene.path.stay(run.duration_s + AFTER_S)
    befall(scene, scenario, rng)
    if character is not None:
        equip(scene, character, scenario.people.rest_s, scenario.people.shadow_s)
    silences = _joined(scene.silences)
    t, x, y = scene.path.knots()
    return Life(
        t,
        x,
        y,
        tuple(scene.plots),
        silences,
        joined(scene.blind),
        sorted(scene.events, key=lambda e: e.at),
        _apart(scene.skies),
        sorted(scene.rests),
        scene.battery,
        () if character is None else (character.daily.value, character.dwelling.value),
        scene.left_from,
        jumps_of(scenario.clocks, run.duration_s, rng),
        restarts_of(scenario.counters, run.duration_s, rng),
        _paces(scene),
        joined(scene.shadows),
        _joined(scene.outages),
    )


def _paces(scene: Scene) -> list[tuple[Span, float]]:
    """How often the devices record: at rest seldom, in a violation often, and that goes before."""
    closely = joined(scene.watched_closely)
    rests = [(piece, each_s) for span, each_s in scene.rests for piece in apart([span], closely)]
    return sorted([*rests, *((span, CLOSELY_S) for span in closely)])


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
    """Where an orderly person is when the run begins: where their day has them, or at home mostly, or near it on the way."""
    if scene.routine is not None:
        if scene.fresh:
            scene.routine.begin()
        return
    least_m = 2 * scene.subject.radius_m + 30.0
    spot = scene.away_spot(least_m, max(STROLL_M, least_m + 10.0))
    spare = scene.next_curfew() - scene.path.now - SPARE_S - walking_time(spot, (0.0, 0.0))
    if scene.fresh and scene.rng.random() < 0.35 and spare > 0:
        scene.put(spot)
        scene.path.stay(scene.path.now + scene.rng.uniform(0.0, min(60.0, spare)))
    elif scene.fresh:
        scene.path.stay(scene.path.now + 1.0)


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


def _apart(skies: list[Sky]) -> list[Sky]:
    """In order and without overlap: what was drawn later stands where two would."""
    out: list[Sky] = []
    for sky in skies:
        begin, end = sky.span
        if out and out[-1].span[1] <= begin:
            out.append(sky)
            continue
        left = []
        for one in out:
            a, b = one.span
            left += [
                replace(one, span=piece) for piece in ((a, min(b, begin)), (max(a, end), b)) if piece[0] < piece[1]
            ]
        out = sorted([*left, sky], key=lambda each: each.span)
    return out


class Followed:
    """Columns over time, straight between knots, followed by many: follower ``n`` is at or after knot ``at[n]`` of its own.

    ``t`` are the knots' times of each, ``columns`` their values; ``of`` names whose each follower follows.
    """

    def __init__(self, t: Sequence[Floats], columns: Sequence[Sequence[Floats]], of: NDArray[np.int64]) -> None:
        sizes = np.array([len(each) for each in t], np.int64)
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.t = np.concatenate(t)
        self.columns = [np.concatenate(column) for column in columns]
        self.at = first[of]
        self.last = first[of + 1] - 2

    def values(self, who: NDArray[np.intp], t: Floats) -> list[Floats]:
        """The columns for some followers, each at its own instant, seconds since the run began.

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
        return [column[at] + part * (column[at + 1] - column[at]) for column in self.columns]
