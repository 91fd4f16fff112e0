"""The facts that may have to be judged again: all since the base of the state, in the order in which they came."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import FACT, Facts, empty_facts
from geofence.compiled import compiled

_FIRST_ROOM = 1024
IN_SPARE, IN_BASE = 1, 2


class FactLog:
    """A growing array of `FACT`, looked up by device. A *settled* fact is in the base already, or in what will be it."""

    def __init__(self) -> None:
        self._room = empty_facts(_FIRST_ROOM)
        self._settled = np.zeros(_FIRST_ROOM, np.int8)
        self._before = np.zeros(_FIRST_ROOM, np.int64)
        """1 + the row of the fact before it of the same device, 0: none;"""
        self._last = np.zeros(0, np.int64)
        """and of the newest of each device."""
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def facts(self) -> Facts:
        """All of them, as they came; writing to it writes the log."""
        return self._room[: self._size]

    def append(self, facts: Facts) -> None:
        """Keep facts."""
        need = self._size + len(facts)
        if need > len(self._room):
            room = np.empty(max(need, 2 * len(self._room)), FACT)
            room[: self._size] = self._room[: self._size]
            self._room = room
            self._settled = np.resize(self._settled, len(room))
            self._before = np.resize(self._before, len(room))
        self._room[self._size : need] = facts
        self._settled[self._size : need] = 0
        self._chain(self._size, need)
        self._size = need

    def _chain(self, first: int, last: int) -> None:
        device = self._room["device"][first:last]
        top = int(device.max(initial=-1)) + 1
        if top > len(self._last):
            self._last = np.concatenate([self._last, np.zeros(top - len(self._last), np.int64)])
        _chain(device, first, self._before, self._last)

    def settle(self, rows: NDArray[np.int64], where: int) -> None:
        """These are `IN_SPARE` or `IN_BASE` from now on."""
        self._settled[rows] = np.maximum(self._settled[rows], where)

    def promote(self) -> None:
        """The spare is the base now."""
        settled = self._settled[: self._size]
        settled[settled == IN_SPARE] = IN_BASE

    def since_base(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows that are not in the base."""
        found: NDArray[np.int64] = rows[self._settled[rows] != IN_BASE]
        return found

    def of_devices(self, devices: NDArray[Any]) -> NDArray[np.int64]:
        """Rows of the facts that these devices sent, as they came."""
        known = devices[devices < len(self._last)]
        rows = np.empty(_count(known, self._before, self._last), np.int64)
        _walk(known, self._before, self._last, rows)
        rows.sort()
        return rows

    def find(self, device: int, gen: int, seq: int) -> Any | None:
        """The fact of an identity, None when it is not here."""
        facts = self.facts
        rows = self.of_devices(np.array([device], np.int64))
        rows = rows[(facts["seq"][rows] == seq) & (facts["gen"][rows] == gen)]
        return facts[rows[0]] if len(rows) else None

    def drop_first(self, rows: int) -> None:
        """Forget so many of the facts that came first. The room stays: no memory is asked for."""
        kept = self._size - rows
        for first in range(0, kept if rows else 0, rows or 1):  # by parts that do not overlap with where they go
            last = min(first + rows, kept)
            self._room[first:last] = self._room[rows + first : rows + last]
            self._settled[first:last] = self._settled[rows + first : rows + last]
        self._size = kept
        self._last[:] = 0
        self._chain(0, kept)


@compiled
def _chain(device: Any, first: int, before: Any, last: Any) -> None:
    for k in range(len(device)):
        before[first + k] = last[device[k]]
        last[device[k]] = first + k + 1


@compiled
def _count(devices: Any, before: Any, last: Any) -> int:
    n = 0
    for device in devices:
        at = last[device]
        while at > 0:
            n += 1
            at = before[at - 1]
    return n


@compiled
def _walk(devices: Any, before: Any, last: Any, rows: Any) -> None:
    n = 0
    for device in devices:
        at = last[device]
        while at > 0:
            rows[n] = at - 1
            n += 1
            at = before[at - 1]
