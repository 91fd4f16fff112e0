"""Where a person is, and where what they should wear is, at any instant of a life."""

from __future__ import annotations

import numpy as np

from simulators.ground import Floats
from simulators.scenes import Life


def position_of(life: Life, t: Floats) -> tuple[Floats, Floats]:
    """Where one person is at any instants; metres east and north of home."""
    return np.interp(t, life.t, life.x), np.interp(t, life.t, life.y)


def carried(life: Life, t: Floats) -> tuple[Floats, Floats]:
    """Where their devices are: with them, but for what they left behind."""
    return position_of(life, np.minimum(t, life.left_from))


def carried_knots(life: Life) -> tuple[Floats, Floats, Floats]:
    """The devices' walk as knots; (k,) each."""
    if life.left_from >= life.t[-1]:
        return life.t, life.x, life.y
    before = life.t < life.left_from
    t = np.concatenate([life.t[before], [life.left_from, life.t[-1]]])
    x, y = carried(life, t)
    return t, x, y
