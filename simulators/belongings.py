"""What a walk and a home make of the devices: charging, rest, what is received and what gets through. Drawn once the walk is drawn.

A location tag lasts `LASTS_H` on a charge. At home and still it rests: it says so, and records every `rest_s` seconds only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Final

import numpy as np

from domain.vocabulary import DeviceKind, EventCode, EventState
from simulators.characters import Character, Dwelling
from simulators.ground import Floats
from simulators.scenes import Scene, Sky, Span
from simulators.subjects import LOCATING_KINDS
from simulators.truth_lines import apart

LASTS_H: Final = 50.0
CHARGES_IN_H: Final = 1.6
LEVELS: Final = ((EventCode.BATTERY_LOW, 20.0), (EventCode.BATTERY_CRITICAL, 10.0), (EventCode.BATTERY_DEAD, 0.0))
WANTS_CHARGE: Final = 70.0
"""Per cent under which somebody at home charges."""
LEAST_CHARGE_S: Final = 70 * 60.0
FORGETS_S: Final = 75 * 3600.0
"""So long somebody who forgets does not charge, once in a while."""
REST_AFTER_S: Final = 600.0
AT_HOME_M: Final = 0.5
LOST_AFTER_S: Final = 240.0
"""Indoors the last satellites go after so long."""
BY_CELL: Final = 0.5
CELL_M: Final = (250.0, 1_500.0)
"""Of those who hear no satellites indoors, the tags that tell their place by the cell, and what they state then."""
COLD_S: Final = 75.0
COLD: Final = 3.0
"""What is stated of the first positions after none, by how many times."""
CANYON: Final = 2.0
REFLECTED: Final = 3.0
REFLECTED_S: Final = (60.0, 300.0)
REFLECTED_EVERY_H: Final = 12.0
SHADOW_EVERY_H: Final = 4.0
SHADOWS_APART_S: Final = 900.0
SHADOW_SPREAD: Final = 0.5
"""Of the logarithm of how long a shadow lasts,"""
LONGEST_SHADOW: Final = 2.0
"""and the longest by how many times the usual: whoever fits a home unit tries it in every room."""
AWAY_EVERY_H: Final = 7.0
AWAY_S: Final = (60.0, 1_500.0)


def equip(scene: Scene, character: Character, rest_s: float, shadow_s: float) -> None:
    """Adds to a scene what its devices live through. ``rest_s``, ``shadow_s``: as `simulators.scenario.People`."""
    rng = Random(f"belongings:{scene.rng.random()}")
    stays = list(home_stays(*scene.path.knots()))
    if scene.speaker.kind in LOCATING_KINDS:
        _charge(scene, stays, character, rng)
        _rest(scene, stays, rest_s)
        _sky(scene, stays, character, rng)
    if shadow_s > 0 and any(worn.device.kind is DeviceKind.HOME_UNIT for worn in scene.subject.worn):
        scene.shadows += _shadows(stays, shadow_s, Random(f"shadows:{rng.random()}"))
    if character.dwelling is Dwelling.VALLEY:
        for span in _now_and_then(rng, scene.run.duration_s, AWAY_EVERY_H, AWAY_S):
            scene.silent(*span, keeps=True)


def home_stays(t: Floats, x: Floats, y: Floats) -> Iterator[Span]:
    """From when to when somebody is at their door, in order; (k,) each, seconds and metres."""
    at_home = np.hypot(x, y) <= AT_HOME_M
    edges = np.flatnonzero(np.diff(np.concatenate([[0], at_home.astype(np.int8), [0]])))
    for first, beyond in zip(edges[::2], edges[1::2], strict=True):
        if t[beyond - 1] > t[first]:
            yield float(t[first]), float(t[beyond - 1])


# ---- the battery ----


def _charge(scene: Scene, stays: list[Span], character: Character, rng: Random) -> None:
    """Levels over time, charging at home, and what the tag says of both; it is off from when it is empty until it is charged."""
    level, at = rng.uniform(70.0, 100.0), 0.0
    knots = [(at, level)]
    per_s, gain_s = 100.0 / (LASTS_H * 3600), 100.0 / (CHARGES_IN_H * 3600)
    forgets_from = rng.uniform(0.1, 0.6) * scene.run.duration_s if character.forgets else math.inf
    for home, end in stays:
        begin = max(home, at) + rng.uniform(60.0, 600.0)
        if end - begin < LEAST_CHARGE_S or forgets_from <= begin < forgets_from + FORGETS_S:
            continue
        if level - (begin - at) * per_s > WANTS_CHARGE:
            continue
        _fall(scene, at, level, begin, per_s)
        low = max(0.0, level - (begin - at) * per_s)
        long = min(end - begin, max(LEAST_CHARGE_S, (100.0 - low) / gain_s))
        _plug(scene, begin, begin + long, low)
        knots += [*_emptied(at, level, begin, per_s), (begin, low), (begin + long, min(100.0, low + long * gain_s))]
        at, level = knots[-1]
    _fall(scene, at, level, scene.run.duration_s, per_s)
    if at < scene.run.duration_s:
        knots += _emptied(at, level, scene.run.duration_s, per_s)
        knots.append((scene.run.duration_s, level - (scene.run.duration_s - at) * per_s))
    scene.battery = [(t, max(0.0, each)) for t, each in knots]


def _emptied(at: float, level: float, until: float, per_s: float) -> list[tuple[float, float]]:
    """When it is empty, if that is before."""
    when = at + level / per_s
    return [(when, 0.0)] if when < until else []


def _fall(scene: Scene, at: float, level: float, until: float, per_s: float) -> None:
    """What is said on the way down, and silence once it is empty."""
    for code, mark in LEVELS:
        when = at + (level - mark) / per_s
        if level > mark and when < until:
            scene.tell(when, code, EventState.START)
            if code is EventCode.BATTERY_DEAD:
                scene.silent(when + 2.0 + scene.speaker.interval_s, until, keeps=False)


def _plug(scene: Scene, begin: float, end: float, low: float) -> None:
    scene.tell(begin + 1.0, EventCode.CHARGING, EventState.START)
    for number, (code, mark) in enumerate(LEVELS, start=2):
        if low <= mark:
            scene.tell(begin + number, code, EventState.END)
    scene.tell(end, EventCode.CHARGING, EventState.END)


# ---- rest, satellites, network ----


def _rest(scene: Scene, stays: list[Span], rest_s: float) -> None:
    if rest_s <= scene.speaker.interval_s:
        return
    off = [(a - 1.0, b) for a, b in sorted(one.span for one in scene.silences if not one.keeps)]
    for begin, end in apart(stays, off):  # whatever is switched off does not rest on when it is on again
        if end - begin > 2 * REST_AFTER_S:
            scene.rests.append(((begin + REST_AFTER_S, end), rest_s))
            scene.tell(begin + REST_AFTER_S, EventCode.REST, EventState.START, interval_s=rest_s)
            scene.tell(end, EventCode.REST, EventState.END)


def _sky(scene: Scene, stays: list[Span], character: Character, rng: Random) -> None:
    if character.dwelling is Dwelling.DEAF:
        indoors = [(begin + LOST_AFTER_S, end) for begin, end in stays if end - begin > 2 * LOST_AFTER_S]
        if rng.random() < BY_CELL:
            scene.skies += [Sky(span, stated_m=round(rng.uniform(*CELL_M)), source="lbs") for span in indoors]
        else:
            scene.blind += indoors
    if character.dwelling is Dwelling.CANYON:
        scene.skies += [Sky(span, stated=CANYON) for span in stays]
        spells = _now_and_then(rng, scene.run.duration_s, REFLECTED_EVERY_H, REFLECTED_S)
        scene.skies += [Sky(span, stated=CANYON, error=REFLECTED) for span in spells]
    scene.skies += [Sky((end, end + COLD_S), stated=COLD) for _, end in scene.blind if math.isfinite(end)]


def _shadows(stays: list[Span], shadow_s: float, rng: Random) -> Iterator[Span]:
    """When somebody is where the home unit does not hear them though they are at home: in the bath, behind the boiler."""
    for begin, end in stays:
        at = begin + rng.expovariate(1 / (SHADOW_EVERY_H * 3600))
        while at < end:
            back = at + min(rng.lognormvariate(math.log(shadow_s), SHADOW_SPREAD), LONGEST_SHADOW * shadow_s)
            if back < end:
                yield at, back
            at = back + SHADOWS_APART_S + rng.expovariate(1 / (SHADOW_EVERY_H * 3600))


def _now_and_then(rng: Random, until: float, every_h: float, long_s: tuple[float, float]) -> Iterator[Span]:
    at = rng.expovariate(1 / (every_h * 3600))
    while at < until:
        end = at + rng.uniform(*long_s)
        yield at, end
        at = end + rng.expovariate(1 / (every_h * 3600))
