"""Where a cluster's late facts start from: what it was after all its facts up to an instant, kept for a while.

The bases of the state (`geofence.refold`) are of one age for everybody. A device that comes back after days in the dark
sends its backlog while it sends live facts too, so every part of it is late, and soon older than the base. So a cluster
is copied before a fact that leaves a gap behind it, and after each part of a backlog: the next part starts there, and
nothing before it is folded again. A copy is good while no fact of its cluster comes whose time is not after it; it is no
part of a snapshot, for without it the stored facts are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import EARLY_US
from geofence.state import Rows, State
from geofence.streams import Marks

MOST = 40_000
"""Copies held in all, of some two kilobytes each; the oldest go first, the newest of a cluster last."""
MOST_EACH = 8
"""Of one cluster."""


@dataclass(slots=True)
class Resume:
    """One cluster as it was.

    Attributes
    ----------
    at_us : the copy is what all facts with a time up to this make.
    rows, state, marks : the cluster's rows, what was in them, and how long its streams were.
    whole : the log still has all later facts; else the stored ones are asked for.
    paired : somebody of the cluster is in a condition about two parties: it goes when trails are thinned.
    """

    at_us: int
    rows: Rows
    state: State
    marks: Marks
    whole: bool
    paired: bool

    def is_of(self, devices: NDArray[np.int64]) -> bool:
        """Whether the cluster has the devices that it had."""
        return self.rows.devices.tobytes() == devices.tobytes()


class Resumes:
    """The copies of every cluster, by its first device, in order of their instants."""

    def __init__(self) -> None:
        self._of: dict[int, list[Resume]] = {}
        self._count = 0
        self._many: set[int] = set()
        self._newest_us: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return self._count

    def grow(self, devices: int) -> None:
        """Make room for devices."""
        extra = np.full(max(0, devices - len(self._newest_us)), EARLY_US, np.int64)
        if len(extra):
            self._newest_us = np.concatenate([self._newest_us, extra])

    def newest(self, devices: NDArray[np.int64], before_us: int) -> Resume | None:
        """The newest copy of a cluster from which a fact of ``before_us`` can start."""
        found = self._of.get(int(devices[0]), ()) if len(devices) else ()
        return next((one for one in reversed(found) if one.at_us < before_us and one.is_of(devices)), None)

    def add(self, one: Resume) -> None:
        """Keep a copy; later ones go."""
        first = int(one.rows.devices[0])
        of = self._of.pop(first, [])
        kept = of if not of or of[-1].at_us < one.at_us else [old for old in of if old.at_us < one.at_us]
        self._of[first] = [*kept, one]
        self._count += len(kept) + 1 - len(of)
        self._newest_us[one.rows.devices] = one.at_us
        if len(kept) >= MOST_EACH:
            self._many.add(first)

    def touched(self, facts: Facts) -> NDArray[np.bool_]:
        """Which facts may be of a time that a copy of their cluster has passed."""
        touched: NDArray[np.bool_] = facts["t_us"] <= self._newest_us[facts["device"]]
        return touched

    def forget(self, devices: NDArray[np.int64], from_us: int) -> None:
        """A cluster has news of ``from_us``: copies of that instant and later lack it."""
        for first in devices.tolist():
            of = self._of.get(first)
            if of is None:
                continue
            kept = [one for one in of if one.at_us < from_us]
            self._count += len(kept) - len(of)
            if kept:
                self._of[first] = kept
            else:
                del self._of[first]
        self._newest_us[devices] = np.minimum(self._newest_us[devices], from_us - 1)

    def let_go(self, cluster_of: NDArray[np.int64], dropped: Facts) -> None:
        """The log has dropped facts: copies from before them need the stored ones."""
        last = np.full(int(cluster_of.max(initial=-1)) + 1, EARLY_US, np.int64)
        np.maximum.at(last, cluster_of[dropped["device"]], dropped["t_us"])
        for one in (one for one in self._all() if one.whole):
            one.whole = one.at_us >= last[cluster_of[one.rows.devices[0]]]

    def thin_trails(self) -> None:
        """Rows of trails have other numbers now, and some are gone (`geofence.nearness`)."""
        for one in [one for one in self._all() if one.paired]:
            self.forget(one.rows.devices, EARLY_US + 1)

    def thin(self) -> None:
        """Keep few of each cluster, and not too many in all. Between batches only: what is asked for hangs on them."""
        for first in self._many:
            of = self._of.get(first, [])
            while len(of) > MOST_EACH:
                inner = range(1, len(of) - 1)
                del of[min(inner, key=lambda k: of[k + 1].at_us - of[k - 1].at_us)]
                self._count -= 1
        self._many.clear()
        while self._count > MOST:
            first = next(iter(self._of))
            of = self._of.pop(first)
            if len(of) > 1:
                self._of[first] = of[-1:]
            self._count -= max(1, len(of) - 1)

    def _all(self) -> Iterator[Resume]:
        for of in self._of.values():
            yield from of
