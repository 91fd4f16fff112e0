"""The facts that may have to be judged again: all since the base of the state, in the order in which they came."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import FACT, Facts, empty_facts
from domain.instants import EARLY_US
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
        self._reach = np.zeros(_FIRST_ROOM, np.int64)
        """The newest fix time of a fact and all before it of the same device: who asks for later ones need not look behind it."""
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
            self._reach = np.resize(self._reach, len(room))
        self._room[self._size : need] = facts
        self._settled[self._size : need] = 0
        self._chain(self._size, need)
        self._size = need

    def _chain(self, first: int, last: int) -> None:
        device = self._room["device"][first:last]
        top = int(device.max(initial=-1)) + 1
        if top > len(self._last):
            self._last = np.concatenate([self._last, np.zeros(top - len(self._last), np.int64)])
        _chain(device, self._room["t_us"][first:last], first, self._before, self._last, self._reach)

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

    def of_devices(self, devices: NDArray[Any], after_us: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Rows of the facts that these devices sent, as they came; or of those with a fix time after an instant, for each device its own."""
        known = devices < len(self._last)
        devices = devices[known]
        after = np.full(len(devices), EARLY_US, np.int64) if after_us is None else after_us[known]
        chains = (self._before, self._last, self._reach)
        rows = np.empty(_count(devices, after, *chains), np.int64)
        found: NDArray[np.int64] = rows[: _walk(devices, after, *chains, self._room["t_us"], rows)]
        found.sort()
        return found

    def find(self, device: int, gen: int, seq: int) -> Any | None:
        """The fact of an identity, None when it is not here."""
        if device >= len(self._last):
            return None
        room = self._room
        at = _find(self._last[device], gen, seq, self._before, room["gen"], room["seq"])
        return room[at] if at >= 0 else None

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
def _chain(device: Any, t_us: Any, first: int, before: Any, last: Any, reach: Any) -> None:
    for k in range(len(device)):
        at = last[device[k]]
        before[first + k] = at
        reach[first + k] = max(t_us[k], reach[at - 1]) if at > 0 else t_us[k]
        last[device[k]] = first + k + 1


@compiled
def _count(devices: Any, after_us: Any, before: Any, last: Any, reach: Any) -> int:
    n = 0
    for k in range(len(devices)):
        at = last[devices[k]]
        while at > 0 and reach[at - 1] > after_us[k]:
            n += 1
            at = before[at - 1]
    return n


@compiled
def _walk(devices: Any, after_us: Any, before: Any, last: Any, reach: Any, t_us: Any, rows: Any) -> int:
    """Rows with a time after; gives how many. ``rows`` has room for those of `_count`."""
    n = 0
    for k in range(len(devices)):
        at = last[devices[k]]
        while at > 0 and reach[at - 1] > after_us[k]:
            if t_us[at - 1] > after_us[k]:
                rows[n] = at - 1
                n += 1
            at = before[at - 1]
    return n


@compiled
def _find(at: int, gen: int, seq: int, before: Any, gens: Any, seqs: Any) -> int:
    """The newest row of an identity in the chain that ends with ``at``, -1 when it is not in it."""
    while at > 0:
        if seqs[at - 1] == seq and gens[at - 1] == gen:
            return int(at - 1)
        at = before[at - 1]
    return -1
