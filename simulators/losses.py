"""Which messages the network loses or holds back: functions of the device and the instant, so that the auditor knows them too."""

from __future__ import annotations

from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulators.ground import Floats

_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""The constants of SplitMix64, whose finalizer this is."""
LOST: Final = 0
HELD: Final = 1
LONG: Final = 2
"""What is drawn for each message: whether it is lost, whether it is held back, and for how long."""


def are_lost(share: float, seed: int, device: str, t_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether a device's messages of some instants are lost, ``t_us`` microseconds since the run began."""
    if share <= 0:
        return np.zeros(len(t_us), bool)
    return _drawn(LOST, seed, device, t_us) < share


def is_lost(share: float, seed: int, device: str, t_us: int) -> bool:
    """Whether one is."""
    return share > 0 and bool(are_lost(share, seed, device, np.array([t_us], np.int64))[0])


def held_back(share: float, most_s: float, seed: int, device: str, t_us: NDArray[np.int64]) -> Floats:
    """(n,) for how many seconds a device's messages of some instants are held back."""
    if share <= 0:
        return np.zeros(len(t_us))
    held = _drawn(HELD, seed, device, t_us) < share
    return np.where(held, most_s * _drawn(LONG, seed, device, t_us), 0.0)


def held_back_s(share: float, most_s: float, seed: int, device: str, t_us: int) -> float:
    """For how many seconds one is."""
    return float(held_back(share, most_s, seed, device, np.array([t_us], np.int64))[0]) if share > 0 else 0.0


def _drawn(what: int, seed: int, device: str, t_us: NDArray[np.int64]) -> Floats:
    """(n,) evenly spread from 0 to 1."""
    start = (crc32(device.encode()) + (seed << 33) % 2**63 + what * _MIX[1]) % 2**64
    with np.errstate(over="ignore"):
        mixed = t_us.astype(np.uint64) * np.uint64(_MIX[0]) + np.uint64(start)
        for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    drawn: Floats = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return drawn
