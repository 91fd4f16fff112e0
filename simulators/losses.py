"""Which messages the network loses or holds back: functions of the device and the instant, so that the auditor knows them too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulators.devices import Message
from simulators.ground import Floats
from simulators.scenario import Network

_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""The constants of SplitMix64, whose finalizer this is."""
LOST: Final = 0
HELD: Final = 1
LONG: Final = 2
"""What is drawn for each message: whether it is lost, whether it is held back, and for how long."""


Names = int | NDArray[np.uint32]
"""What is drawn by: the number of one device, or (n,) those of the devices that sent n messages."""


def number_of(device: str) -> int:
    """What stands for a device in what is drawn."""
    return crc32(device.encode())


def are_lost(share: float, seed: int, devices: Names, t_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether messages are lost, ``t_us`` (n,) microseconds since the run began."""
    if share <= 0:
        return np.zeros(len(t_us), bool)
    return _drawn(LOST, seed, devices, t_us) < share


def held_back(share: float, most_s: float, seed: int, devices: Names, t_us: NDArray[np.int64]) -> Floats:
    """(n,) for how many seconds messages are held back."""
    if share <= 0:
        return np.zeros(len(t_us))
    held = _drawn(HELD, seed, devices, t_us) < share
    return np.where(held, most_s * _drawn(LONG, seed, devices, t_us), 0.0)


class Losses:
    """What a network does to the messages of many devices, looked up many at a time."""

    def __init__(self, network: Network, seed: int, devices: Iterable[str]) -> None:
        self._network, self._seed = network, seed
        self._numbers = np.array([number_of(device) for device in devices], np.uint32)

    def befall(self, messages: Sequence[Message]) -> Iterator[tuple[Message, bool, float]]:
        """Each message, whether it is lost, and for how many seconds it is held back."""
        network = self._network
        devices = self._numbers[np.array([message.device for message in messages], np.intp)]
        t_us = np.array([message.t_us for message in messages], np.int64)
        lost = are_lost(network.lost, self._seed, devices, t_us)
        held_s = held_back(network.reordered, network.reorder_s, self._seed, devices, t_us)
        return zip(messages, lost.tolist(), held_s.tolist(), strict=True)


def _drawn(what: int, seed: int, devices: Names, t_us: NDArray[np.int64]) -> Floats:
    """(n,) evenly spread from 0 to 1."""
    start = ((seed << 33) % 2**63 + what * _MIX[1]) % 2**64
    with np.errstate(over="ignore"):
        mixed = t_us.astype(np.uint64) * np.uint64(_MIX[0]) + (np.asarray(devices, np.uint64) + np.uint64(start))
        for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    drawn: Floats = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return drawn
