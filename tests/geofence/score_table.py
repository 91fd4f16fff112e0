"""What the position score is worth where the edge is not one straight line: the figures of docs/score.md.

``python -m tests.geofence.score_table`` prints the table. Errors are drawn as the device states them: round, normal, 95 %
within ``acc``; "chance" is the share of true places inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SIGMA_PER_ACC = 2.4477
DRAWS = 400_000
SEED = 20_261_122
RADII_IN_ACC = (0.5, 1.0, 1.5, 2.0, 5.0)
"""Radius of a circle, the fix at its centre."""
DEPTHS_IN_SIGMA = (0.0, 1.644854, 3.090232)


def phi(x: float) -> float:
    """Standard normal distribution: the score of a depth in sigmas."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def errors() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """East and north, in sigmas."""
    east, north = np.random.default_rng(SEED).normal(0.0, 1.0, (2, DRAWS))
    return east, north


def rows() -> Iterator[tuple[str, float, float]]:
    """Where the fix is, its score, and the chance that the true place is inside."""
    east, north = errors()
    for depth in DEPTHS_IN_SIGMA:
        yield f"straight edge, {depth:.2f} sigma inside", phi(depth), float((north > -depth).mean())
    for depth in DEPTHS_IN_SIGMA:
        chance = float(((north > -depth) & (east > -depth)).mean())
        yield f"right-angled corner, {depth:.2f} sigma from both edges", phi(depth), chance
    for radius in RADII_IN_ACC:
        sigmas = radius * SIGMA_PER_ACC
        yield (
            f"centre of a circle, radius {radius:g} x acc",
            phi(sigmas),
            float((np.hypot(east, north) < sigmas).mean()),
        )
    for depth in DEPTHS_IN_SIGMA[1:]:
        inside = np.hypot(east, north) < depth
        yield f"centre of a circle of radius {depth:.2f} sigma", phi(depth), float(inside.mean())


def table() -> str:
    """The table of docs/score.md."""
    lines = ["| the fix | score | chance |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {where} | {score:.3f} | {chance:.3f} |" for where, score, chance in rows())])


if __name__ == "__main__":
    print(table())
