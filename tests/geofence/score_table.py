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
RADII_IN_SIGMA = (1.0, 1.644854, 2.0, 2.4477, 3.090232, 4.0, 5.0, 7.0, 10.0, 20.0, 50.0)
SLICES = np.polynomial.legendre.leggauss(120)
PLACES = 121
"""Places of a fix between the centre and three sigmas outside, to find where its score is most too high."""
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


def chance_in_circle(radius: float, off: float) -> float:
    """The chance that the true place is in a circle, the fix ``off`` its centre; all in sigmas.

    Slices across the way to the centre: the density of each, and how much of it lies inside.
    """
    nodes, weights = SLICES
    low, high = max(-radius, off - 8.0), min(radius, off + 8.0)
    if low >= high:
        return 0.0
    along = 0.5 * (low + high) + 0.5 * (high - low) * nodes
    density = np.exp(-0.5 * (along - off) ** 2) / math.sqrt(2.0 * math.pi)
    across = [math.erf(math.sqrt((radius * radius - u * u) / 2.0)) for u in along.tolist()]
    return float(0.5 * (high - low) * np.sum(weights * density * across))


def too_high(radius: float, depth: float) -> float:
    """By how much the score of a fix some sigmas inside a circle's edge is over the chance."""
    return phi(depth) - chance_in_circle(radius, radius - depth)


def circle_rows() -> Iterator[tuple[float, list[float | None]]]:
    """Radius in sigmas; score, chance and error at the centre; error where the score is 0.95 and 0.999; the largest."""
    for radius in RADII_IN_SIGMA:
        centre = [phi(radius), chance_in_circle(radius, 0.0), too_high(radius, radius)]
        at = [too_high(radius, depth) if depth <= radius else None for depth in DEPTHS_IN_SIGMA[1:]]
        largest = max(too_high(radius, depth) for depth in np.linspace(-3.0, radius, PLACES).tolist())
        yield radius, [*centre, *at, largest]


def circle_table() -> str:
    """The second table of docs/score.md."""
    lines = [
        "| radius / sigma | score at the centre | chance | error at the centre | where the score is 0.95 | where it is 0.999 | largest error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for radius, row in circle_rows():
        cells = ["-" if value is None else f"{max(value, 0.0):.3f}" for value in row]
        lines.append(f"| {radius:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), circle_table(), sep="\n\n")
