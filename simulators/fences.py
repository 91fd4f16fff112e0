"""What the ways of somebody who keeps to everything stay clear of: the edges of their conditions' shapes.

Most ways pass nowhere near a zone; that is seen from the box about a way, before it is looked at step by step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import ConditionKind
from simulators.ground import Floats
from simulators.scenes import Scene
from simulators.streets import Place
from simulators.subjects import Watched

CLEAR_M: Final = 60.0
"""Who keeps to everything stays so far from what they must keep out of, and from the edge of what they must stay in."""
STEP_M: Final = 25.0
"""Ways are looked at so closely."""
MARGIN_M: Final = 1.0
"""A box that is clear by this is clear, however its corners were rounded."""


class Fence(NamedTuple):
    """One shape that a way keeps ``least_m`` from the edge of: outside an exclusion zone (``sign`` -1), inside any other (1)."""

    watched: Watched
    sign: float
    least_m: float

    def far_from(self, scene: Scene, box: tuple[Place, Place]) -> bool:
        """Whether no place of the box (its corners, metres about home) can be too near. False says nothing."""
        if self.sign > 0 or self.watched.outline is None:
            return False
        outline = self.watched.outline
        x, y = outline.frame.to_xy(*scene.subject.home.to_lonlat(*np.array(box).T))
        aside = max(0.0, float(x[0]), -float(x[1])), max(0.0, float(y[0]), -float(y[1]))
        return math.hypot(*aside) - outline.reach_m > self.least_m + MARGIN_M

    def clear(self, scene: Scene, x: Floats, y: Floats) -> bool:
        """Whether every one of the places keeps away from the edge."""
        return not float((self.sign * scene.depth(self.watched, x, y)).min()) < self.least_m


def fences_of(scene: Scene) -> list[Fence]:
    """Those of a wearer's conditions that have a shape. Whoever lives nearer to an edge than they should keep need not keep farther."""
    home = np.zeros(1), np.zeros(1)
    found = []
    for watched in scene.subject.of_kind(*ConditionKind):
        if watched.outline is None:
            continue
        sign = -1.0 if watched.condition.kind is ConditionKind.EXCLUSION_ZONE else 1.0
        at_home = float((sign * scene.depth(watched, *home))[0])
        found.append(Fence(watched, sign, min(CLEAR_M + watched.condition.buffer_m, 0.9 * at_home)))
    return found


def keeps_clear(scene: Scene, fences: Sequence[Fence], way: Sequence[Place]) -> bool:
    """Whether the whole of a way, looked at every `STEP_M` metres, stays clear of every fence."""
    if not fences:
        return True
    points = np.array(way)
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    near = [fence for fence in fences if not fence.far_from(scene, (low, high))]
    if not near:
        return True
    x, y = _steps(points)
    return all(fence.clear(scene, x, y) for fence in near)


def _steps(points: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The first of (n, 2) points, and between each and the next evenly as many as keep `STEP_M`, the next being the last of them."""
    legs = np.diff(points, axis=0)
    parts = np.maximum(1, np.ceil(np.hypot(legs[:, 0], legs[:, 1]) / STEP_M)).astype(np.intp)
    leg = np.repeat(np.arange(len(legs)), parts)
    step = np.arange(len(leg)) - np.repeat(np.cumsum(parts) - parts, parts) + 1
    places = points[leg] + step[:, None] * (legs / parts[:, None])[leg]
    places[np.cumsum(parts) - 1] = points[1:]
    x, y = np.concatenate([points[:1], places]).T
    return x, y
