"""Fixes drawn by chance as an honest device gives them, and as a street full of glass spoils them; arrays (fixes, days).

The model, one fix a minute:

- ``acc`` is the stated 95 % radius: lognormal about its median with a standard deviation of `SPREAD` of its logarithm, which
  itself changes slowly (correlation time `ACC_TIME_S`). sigma is ``acc / 2.4477`` along each axis.
- The error along an axis is sigma times a standard normal, correlated in time as exp(-seconds / ``time_s``) (first-order
  autoregression); 0 s is a fresh error each minute. Each fix by itself is exactly as good as it says.
- Reflections: a share of the fixes, in spells of `SPELL_FIXES` in the mean, whose error is `REFLECTION` times that; ``acc`` does not say so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofence.verdicts import ACC_FLOOR_M, SIGMA_PER_ACC

INTERVAL_S = 60.0
SPREAD = 0.4
ACC_TIME_S = 600.0
REFLECTION = 4.0
SPELL_FIXES = 2.0

Floats = NDArray[np.float64]
Generator = np.random.Generator


class Sky(NamedTuple):
    """What a device sees: median ``acc`` (m) and its spread, correlation time of its errors (s), share of reflected fixes."""

    acc_m: float
    time_s: float
    reflected: float
    spread: float = SPREAD


def correlated(rng: Generator, fixes: int, days: int, time_s: float) -> Floats:
    """(fixes, days) standard normals, each day's correlated as exp(-seconds / ``time_s``)."""
    drawn = rng.standard_normal((fixes, days))
    if time_s <= 0.0:
        return drawn
    keep = math.exp(-INTERVAL_S / time_s)
    drawn[1:] *= math.sqrt(1.0 - keep * keep)
    for k in range(1, fixes):
        drawn[k] += keep * drawn[k - 1]
    return drawn


def stated(rng: Generator, fixes: int, days: int, sky: Sky) -> Floats:
    """(fixes, days) ``acc`` in metres, to a tenth."""
    return np.round(sky.acc_m * np.exp(sky.spread * correlated(rng, fixes, days, ACC_TIME_S)), 1)


def stretched(rng: Generator, fixes: int, days: int, sky: Sky) -> Floats | float:
    """What the errors are multiplied with: `REFLECTION` in spells, else 1."""
    if sky.reflected <= 0.0:
        return 1.0
    begin = sky.reflected / SPELL_FIXES / (1.0 - sky.reflected)
    chance = rng.random((fixes, days), np.float32)
    spell = np.empty((fixes, days), np.bool_)
    spell[0] = chance[0] < sky.reflected
    for k in range(1, fixes):
        spell[k] = chance[k] < np.where(spell[k - 1], 1.0 - 1.0 / SPELL_FIXES, begin)
    return np.where(spell, REFLECTION, 1.0)


class Drawn(NamedTuple):
    """Errors along one axis, in metres; ``acc`` in metres; what stretched them. All (fixes, days)."""

    error_m: Floats
    acc: Floats
    stretch: Floats | float

    @property
    def sigma(self) -> Floats:
        """What the rules take for sigma (rules.md 3)."""
        return np.asarray(np.maximum(self.acc, ACC_FLOOR_M) / SIGMA_PER_ACC)


def draw(rng: Generator, fixes: int, days: int, sky: Sky) -> Drawn:
    """One axis of some days; `axis` gives the other."""
    acc, stretch = stated(rng, fixes, days, sky), stretched(rng, fixes, days, sky)
    error = correlated(rng, fixes, days, sky.time_s)
    error *= acc
    error *= stretch
    error *= 1.0 / SIGMA_PER_ACC
    return Drawn(error, acc, stretch)


def axis(rng: Generator, drawn: Drawn, chosen: NDArray[np.int64] | slice, sky: Sky) -> Floats:
    """The errors of chosen days along the other axis."""
    acc = drawn.acc[:, chosen]
    stretch = drawn.stretch if isinstance(drawn.stretch, float) else drawn.stretch[:, chosen]
    return np.asarray(correlated(rng, acc.shape[0], acc.shape[1], sky.time_s) * acc * stretch / SIGMA_PER_ACC)
