"""Plots that need more than one person's walk: following somebody protected, and a tag that stays behind when its wearer goes."""

from __future__ import annotations

import math

import numpy as np

from domain.vocabulary import ConditionKind, DeviceKind, EventCode, EventState
from simulators.lives_walked import position_of
from simulators.scenes import Scene
from simulators.streets import WALKING_M_S, Place
from simulators.subjects import LOCATING_KINDS, Watched

FOLLOWS_S = (240.0, 900.0)
EVERY_S = 45.0
NEAR = 0.25
"""Of the limit: so near a follower keeps."""
SPARE_S = 1_800.0
MEETS_S = (780.0, 1_500.0)
MEETS_M = 8.0
KEEPS_UP_M_S = 12.0


def fits_near_victim(scene: Scene) -> bool:
    """Somebody protected is about, and there is time."""
    return (
        scene.speaker.kind in LOCATING_KINDS
        and scene.end - scene.path.now > SPARE_S
        and scene.next_curfew() >= scene.end
        and _protected(scene) is not None
    )


def _protected(scene: Scene) -> Watched | None:
    for watched in scene.subject.of_kind(ConditionKind.PROXIMITY):
        if (watched.condition.victim or "") in scene.others and watched.condition.alert_m:
            return watched
    return None


def near_victim(scene: Scene) -> None:
    """To where they are, near them for some minutes wherever they go, and away."""
    watched = _protected(scene)
    assert watched is not None
    limit_m = watched.condition.alert_m or 0.0
    scene.errands(scene.path.now + scene.rng.uniform(0.05, 0.4) * (scene.end - scene.path.now))
    aside = scene.rng.uniform(0, 2 * math.pi)
    off = NEAR * limit_m * math.cos(aside), NEAR * limit_m * math.sin(aside)
    name = watched.condition.victim or ""
    _towards(scene, name, off, scene.rng.uniform(8.0, 12.0))
    begun = scene.path.now
    until = begun + scene.rng.uniform(*FOLLOWS_S)
    while scene.path.now < until:
        _towards(scene, name, off, WALKING_M_S[1] * 1.5)
        scene.path.stay(scene.path.now + EVERY_S)
    scene.closely(begun)
    x, y = scene.path.at
    away = 3 * limit_m
    scene.path.straight((x + away * math.cos(aside), y + away * math.sin(aside)), scene.rng.uniform(8.0, 12.0))
    scene.path.stay(scene.path.now + scene.rng.uniform(60.0, 300.0))


def _towards(scene: Scene, name: str, off: Place, speed: float) -> None:
    subject, life = scene.others[name]
    x, y = position_of(life, np.array([scene.path.now]))
    east, north = scene.subject.home.to_xy(*subject.home.to_lonlat(x, y))
    scene.path.straight((float(east[0]) + off[0], float(north[0]) + off[1]), speed)


def fits_meets(scene: Scene) -> bool:
    """Somebody whom they must not meet is about, and there is time."""
    return (
        scene.speaker.kind in LOCATING_KINDS
        and scene.end - scene.path.now > SPARE_S
        and scene.next_curfew() >= scene.end
        and _not_to_be_met(scene) is not None
    )


def _not_to_be_met(scene: Scene) -> str | None:
    named = (watched.condition.other_wearer or "" for watched in scene.subject.of_kind(ConditionKind.ASSOCIATION))
    return next((name for name in named if name in scene.others), None)


def meets(scene: Scene) -> None:
    """To where the other is, and about with them for longer than ten minutes."""
    name = _not_to_be_met(scene)
    assert name is not None
    scene.errands(scene.path.now + scene.rng.uniform(0.05, 0.4) * (scene.end - scene.path.now))
    off = scene.rng.uniform(-MEETS_M, MEETS_M), scene.rng.uniform(-MEETS_M, MEETS_M)
    _towards(scene, name, off, scene.rng.uniform(8.0, 12.0))
    until = scene.path.now + scene.rng.uniform(*MEETS_S)
    while scene.path.now < until:
        _towards(scene, name, off, KEEPS_UP_M_S)
        scene.path.stay(scene.path.now + EVERY_S)


def fits_tag_left(scene: Scene) -> bool:
    """The tag is at home, or can be taken there, and there is time."""
    return scene.end - scene.path.now > SPARE_S


def tag_left(scene: Scene) -> None:
    """Home, the strap cut, and out without the tag."""
    scene.go_home()
    scene.path.stay(scene.path.now + scene.rng.uniform(120.0, 600.0))
    hears = scene.speaker.kind is DeviceKind.HOME_UNIT and bool(scene.subject.rf_tags)
    at = scene.path.now - scene.rng.uniform(20.0, 90.0)
    scene.tell(at, EventCode.STRAP_TAMPER, EventState.START, scene.subject.rf_tags[0] if hears else None)
    scene.untrusted_from = min(scene.untrusted_from, at)
    scene.left_from = min(scene.left_from, at)
    scene.path.travel(scene.away_spot(300.0, 900.0))
    scene.path.stay(scene.path.now + scene.rng.uniform(600.0, 3_000.0))
