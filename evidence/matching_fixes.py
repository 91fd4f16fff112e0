"""Fixes as they are stored made into what `evidence.matching` takes: on whom each was, and which must be judged again first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from evidence.matching import FIX, Fixes

FEW: Final = 3
"""A wearer with no more fixes than so many in a stretch stands or falls by each: its newest judgement is asked for."""


class Wears(Protocol):
    """A device on a wearer for a time (`store.matching.Worn`)."""

    @property
    def device_no(self) -> int:
        """Its number."""

    @property
    def wearer(self) -> str:
        """Whose."""

    @property
    def from_us(self) -> int:
        """Since when."""

    @property
    def to_us(self) -> int:
        """Until when."""

    @property
    def gap_s(self) -> int:
        """The gap limit, in seconds."""


class Wearing:
    """On whom each device was when; wearers are known by their place in ``row_of``."""

    def __init__(self, worn: Sequence[Wears], row_of: dict[str, int]) -> None:
        known = sorted((one for one in worn if one.wearer in row_of), key=lambda one: (one.device_no, one.from_us))

        columns = [(one.device_no, one.from_us, one.to_us, row_of[one.wearer], one.gap_s * SECOND_US) for one in known]
        self._device, self._from, self._to, self._row, self._gap = np.array(columns, np.int64).reshape(-1, 5).T

    def fixes(self, read: NDArray[np.void]) -> tuple[Fixes, NDArray[np.int8]]:
        """Those of fixes as read (`store.matching.READ`) that were on somebody, each with its wearer and gap limit; and their quality."""
        place = self._places(read["device_no"], read["t_us"])
        held = place >= 0
        found = np.empty(int(held.sum()), FIX)
        for name in ("t_us", "lon", "lat", "acc", "device_no", "gen", "seq"):
            found[name] = read[name][held]
        found["wearer"], found["gap_us"] = self._row[place[held]], self._gap[place[held]]
        return found, read["quality"][held]

    def _places(self, device_no: NDArray[np.int64], t_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """The fitting of each fix, -1 where it was on nobody. A device has few: they are tried in turn."""
        first = np.searchsorted(self._device, device_no)
        count = np.searchsorted(self._device, device_no, side="right") - first
        found = np.full(len(device_no), -1, np.int64)
        for turn in range(int(count.max(initial=0))):
            some = np.flatnonzero(count > turn)
            place = first[some] + turn
            held = (self._from[place] <= t_us[some]) & (t_us[some] < self._to[place])
            found[some[held]] = place[held]
        return found


def to_be_judged(fixes: Fixes, quality: NDArray[np.int8], in_reach: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which fixes need their newest judgement: (fixes,) bool.

    Those in reach of a crime, those first judged otherwise than ok, and all of wearers with `FEW`: what is left is one of many that say
    the same.
    """
    number = np.bincount(fixes["wearer"])
    needed: NDArray[np.bool_] = in_reach | (quality != 0) | (number[fixes["wearer"]] <= FEW)
    return needed
