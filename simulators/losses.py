"""Which messages the network loses: a function of the device and the instant, so that the auditor knows it too."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""The constants of SplitMix64, whose finalizer this is."""


def are_lost(share: float, seed: int, device: str, t_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether a device's messages of some instants are lost, ``t_us`` microseconds since the run began."""
    if share <= 0:
        return np.zeros(len(t_us), bool)
    with np.errstate(over="ignore"):
        mixed = t_us.astype(np.uint64) * np.uint64(_MIX[0]) + np.uint64(crc32(device.encode()) + (seed << 33) % 2**63)
        for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    lost: NDArray[np.bool_] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53 < share
    return lost


def is_lost(share: float, seed: int, device: str, t_us: int) -> bool:
    """Whether one is."""
    return share > 0 and bool(are_lost(share, seed, device, np.array([t_us], np.int64))[0])
