"""Ways that keep clear of zones: what is seen from the box about a way is what is seen step by step."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest

from simulators.fences import STEP_M, Fence, fences_of, keeps_clear
from simulators.scenes import Path, Scene
from simulators.streets import Place
from tests.simulators.worlds import world

pytestmark = pytest.mark.slow

START, FAR_M = (0.0, 0.0), 3_000.0


def _scenes(seed: int) -> list[Scene]:
    simulation = world(60, 3600.0, 0.01, seed=seed)
    people = ((one, Random(f"{seed}:{one.id}")) for one in simulation.subjects)
    return [Scene(one, simulation.run, rng, Path(0.0, START, rng), simulation.run.duration_s) for one, rng in people]


def _closely(scene: Scene, fence: Fence, way: list[Place]) -> float:
    """The least metres by which a way, looked at every two metres, is on the right side of an edge."""
    least = math.inf
    for a, b in itertools.pairwise(way):
        x, y = np.linspace(a, b, 2 + int(math.dist(a, b) / 2)).T
        least = min(least, float((fence.sign * scene.depth(fence.watched, x, y)).min()))
    return least


@pytest.mark.parametrize("seed", [1, 2])
def test_a_way_is_clear_just_when_it_is_clear_step_by_step(seed: int) -> None:
    found = {True: 0, False: 0}
    for scene in _scenes(seed):
        fences = fences_of(scene)
        for _ in range(12):
            way = [START, *(scene.away_spot(50.0, FAR_M) for _ in range(scene.rng.randint(1, 3)))]
            said = keeps_clear(scene, fences, way)
            spare = min((_closely(scene, fence, way) - fence.least_m for fence in fences), default=math.inf)
            # Between two steps nobody looks: half a step is what may be missed there.
            assert spare >= -STEP_M / 2 if said else spare <= 1.0, (scene.subject.id, way, spare)
            found[said] += bool(fences)
    assert min(found.values()) > 20, found
