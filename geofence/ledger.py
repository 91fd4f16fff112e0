"""Which facts were received before (wire.md): ranges of `seq` by device and `gen`, and what a repeat with other values becomes.

In order is the common case: one array row a device, the newest `gen` and the highest `seq` of it. Everything else
(holes that fill, repeats, an older `gen`) goes the slow way, through ranges.

Ranges outlive the facts: retention takes these. What has an identity of which the fact is gone cannot be compared with it, but
what is later than all that had come under that `gen` is no repeat of any of it: a counter that starts again loses nothing
(failure 21). What is not later is taken for a repeat.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import UNKNOWN_TAG, Facts
from domain.instants import EARLY_US, FAR_US

Identity = tuple[int, int, int]
Range = tuple[int, int, int, int]
VALUES = (
    "is_event",
    "t_us",
    "lat",
    "lon",
    "acc",
    "spd",
    "hdg",
    "bat",
    "hdop",
    "sats",
    "src",
    "code",
    "state",
    "last_heard_us",
    "said",
)
"""What makes two facts of one identity the same."""

NEW, REPEAT = 0, 1


@dataclass(slots=True)
class Taken:
    """What the ledger says of a batch: which rows are new, under which `gen`, and the ranges they add."""

    rows: NDArray[np.int64]
    gens: NDArray[np.int64]
    ranges: list[Range] = field(default_factory=list)


class Ledger:
    """Received ranges of every device, and the latest instant told under each of its `gen`.

    ``latest`` has that of the newest `gen` of each device, ``latest_before`` those of the others. Where a counter started again,
    ``restarted`` has how high it had come and the latest instant up to there, which what it tells now above that does not move.
    """

    def __init__(self) -> None:
        self.gen: NDArray[np.int64] = np.zeros(0, np.int64)
        self.high: NDArray[np.int64] = np.zeros(0, np.int64)
        self.latest: NDArray[np.int64] = np.zeros(0, np.int64)
        self.latest_before: dict[tuple[int, int], int] = {}
        self.restarted: dict[tuple[int, int], tuple[int, int]] = {}
        self.ranges: dict[tuple[int, int], list[list[int]]] = {}
        self.moved: dict[tuple[int, int], int] = {}

    def grow(self, devices: int) -> None:
        """Make room for devices."""
        extra = devices - len(self.gen)
        if extra > 0:
            self.gen = np.concatenate([self.gen, np.full(extra, -1, np.int64)])
            self.high = np.concatenate([self.high, np.zeros(extra, np.int64)])
            self.latest = np.concatenate([self.latest, np.full(extra, EARLY_US, np.int64)])

    def seen_before(self, facts: Facts) -> list[Identity]:
        """Identities among these facts that were received in an earlier batch."""
        found = []
        known = self.gen[facts["device"]] >= 0
        for i in np.flatnonzero(self._slow(facts) & known).tolist():
            identity = (int(facts["device"][i]), int(facts["gen"][i]), int(facts["seq"][i]))
            found.extend(self._aliases(identity))
        return list(dict.fromkeys(found))

    def _aliases(self, identity: Identity) -> list[Identity]:
        """The identity, and those under which conflicts of it were kept, as far as received."""
        device, gen, seq = identity
        found = []
        while self._has(device, gen, seq):
            found.append((device, gen, seq))
            if (device, gen) not in self.moved:
                break
            gen = self.moved[device, gen]
        return found

    def _slow(self, facts: Facts) -> NDArray[np.bool_]:
        device = facts["device"]
        slow: NDArray[np.bool_] = (facts["gen"] != self.gen[device]) | (facts["seq"] <= self.high[device])
        return slow

    def take(self, facts: Facts, stored: Callable[[Identity], Any | None]) -> Taken:
        """Enter the facts of a batch, in their order.

        ``stored`` gives the fact received earlier under an identity, None where it is gone. A repeat with the same values is
        left out; one with other values is kept under a new `gen`.
        """
        gens = facts["gen"].copy()
        keep = np.ones(len(facts), np.bool_)
        again = self._again(facts)
        self._begin(facts, again)
        slow_devices = set(facts["device"][self._slow(facts) | again].tolist())
        if slow_devices:
            slow = np.isin(facts["device"], list(slow_devices))
            here: dict[Identity, Any] = {}
            for i in np.flatnonzero(slow).tolist():
                fact = facts[i]
                gen = self._enter(fact, lambda identity: here.get(identity) or stored(identity))
                keep[i] = gen >= 0
                if gen >= 0:
                    gens[i] = gen
                    here[int(fact["device"]), gen, int(fact["seq"])] = fact
            fast = np.flatnonzero(~slow)
        else:
            fast = np.arange(len(facts))
        self._enter_in_order(facts, fast)
        rows = np.flatnonzero(keep)
        return Taken(rows, gens[rows], _ranges(facts["device"][rows], gens[rows], facts["seq"][rows]))

    def _begin(self, facts: Facts, again: NDArray[np.bool_]) -> None:
        """Devices that nothing has come from: what comes in order goes on from just before its first fact."""
        new = self.gen[facts["device"]] < 0
        if not new.any():
            return
        new &= ~np.isin(facts["device"], facts["device"][again])
        rows = np.flatnonzero(new)
        devices, first = np.unique(facts["device"][rows], return_index=True)
        gens, seqs = facts["gen"][rows[first]], facts["seq"][rows[first]]
        self.gen[devices], self.high[devices] = gens, seqs - 1
        for device, gen, seq in zip(devices.tolist(), gens.tolist(), seqs.tolist(), strict=True):
            self.ranges[device, gen] = [[seq, seq]]

    def _again(self, facts: Facts) -> NDArray[np.bool_]:
        """Facts that do not follow, in their order, on those of the same device in this batch."""
        order = np.argsort(facts["device"], kind="stable")
        device, gen, seq = facts["device"][order], facts["gen"][order], facts["seq"][order]
        bad = np.zeros(len(facts), np.bool_)
        bad[order[1:]] = (device[1:] == device[:-1]) & ((gen[1:] != gen[:-1]) | (seq[1:] <= seq[:-1]))
        return bad

    def _enter_in_order(self, facts: Facts, rows: NDArray[np.int64]) -> None:
        device, seq = facts["device"][rows], facts["seq"][rows]
        order = np.argsort(device, kind="stable")
        rows, device, seq = rows[order], device[order], seq[order]
        before = np.empty(len(rows), np.int64)
        first = np.ones(len(rows), np.bool_)
        first[1:] = device[1:] != device[:-1]
        before[1:] = seq[:-1]
        before[first] = self.high[device[first]]
        for k in np.flatnonzero(seq != before + 1).tolist():
            self._open_range(int(device[k]), int(self.gen[device[k]]), int(before[k]), int(seq[k]))
        last = np.ones(len(rows), np.bool_)
        last[:-1] = first[1:]
        self.high[device[last]] = seq[last]
        np.maximum.at(self.latest, device, facts["t_us"][rows])

    def _open_range(self, device: int, gen: int, high: int, seq: int) -> None:
        """A hole: what was the newest range is closed, and ``seq`` begins another."""
        ranges = self.ranges.setdefault((device, gen), [])
        if ranges:
            ranges[-1][1] = high
        ranges.append([seq, seq])

    def _enter(self, fact: Any, known: Callable[[Identity], Any | None]) -> int:
        """Enter one fact; the `gen` it is kept under, -1 for a repeat."""
        device, gen, seq = int(fact["device"]), int(fact["gen"]), int(fact["seq"])
        while self._has(device, gen, seq):
            before = known((device, gen, seq))
            if fact["t_us"] <= self._latest(device, gen, seq) if before is None else same_values(before, fact):
                return -1
            if (device, gen) not in self.moved:
                self.restarted[device, gen] = self._synced(device, gen)[-1][1], self._latest(device, gen, seq)
                self.moved[device, gen] = self._highest_gen(device) + 1
            gen = self.moved[device, gen]
        self._note_time(device, gen, seq, int(fact["t_us"]))
        self._add(device, gen, seq)
        return gen

    def _latest(self, device: int, gen: int, seq: int) -> int:
        """The latest instant told under a `gen`, as far as ``seq`` may be a repeat of it."""
        high, latest = self.restarted.get((device, gen), (-1, EARLY_US))
        if seq <= high:
            return latest
        if gen == self.gen[device]:
            return int(self.latest[device])
        return self.latest_before.get((device, gen), EARLY_US)

    def _note_time(self, device: int, gen: int, seq: int, t_us: int) -> None:
        """An instant told under a `gen`, before its fact is added: that makes a higher one the newest."""
        latest = max(t_us, self._latest(device, gen, seq))
        high, _ = self.restarted.get((device, gen), (-1, EARLY_US))
        if seq <= high:
            self.restarted[device, gen] = high, latest
            return
        if gen < self.gen[device]:
            self.latest_before[device, gen] = latest
            return
        if gen > self.gen[device] >= 0:
            self.latest_before[device, int(self.gen[device])] = int(self.latest[device])
        self.latest[device] = latest

    def _highest_gen(self, device: int) -> int:
        gens = [g for d, g in self.ranges if d == device]
        return max([*gens, int(self.gen[device])])

    def _synced(self, device: int, gen: int) -> list[list[int]]:
        ranges = self.ranges.get((device, gen), [])
        if gen == self.gen[device] and ranges:
            ranges[-1][1] = max(ranges[-1][1], int(self.high[device]))
        return ranges

    def _has(self, device: int, gen: int, seq: int) -> bool:
        ranges = self._synced(device, gen)
        k = bisect_right(ranges, seq, key=lambda r: r[0]) - 1
        return k >= 0 and seq <= ranges[k][1]

    def _add(self, device: int, gen: int, seq: int) -> None:
        self._synced(device, int(self.gen[device]))  # before another is the newest
        ranges = self.ranges[device, gen] = self._synced(device, gen)
        k = bisect_right(ranges, seq, key=lambda r: r[0])
        ranges.insert(k, [seq, seq])
        if k + 1 < len(ranges) and ranges[k + 1][0] == seq + 1:
            ranges[k][1] = ranges.pop(k + 1)[1]
        if k > 0 and ranges[k - 1][1] == seq - 1:
            ranges[k - 1][1] = ranges.pop(k)[1]
        if gen >= self.gen[device]:
            self.gen[device], self.high[device] = gen, ranges[-1][1]

    def state(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "gen": self.gen.tobytes(),
            "high": self.high.tobytes(),
            "latest": self.latest.tobytes(),
            "latest_before": [[d, g, t] for (d, g), t in self.latest_before.items()],
            "restarted": [[d, g, high, t] for (d, g), (high, t) in self.restarted.items()],
            "ranges": [[d, g, r] for (d, g), r in self.ranges.items()],
            "moved": [[d, g, m] for (d, g), m in self.moved.items()],
        }

    def put(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave; one of before there were latest instants takes what it cannot compare for a repeat."""
        self.gen = np.frombuffer(state["gen"], np.int64).copy()
        self.high = np.frombuffer(state["high"], np.int64).copy()
        unknown = np.full(len(self.gen), FAR_US, np.int64).tobytes()
        self.latest = np.frombuffer(state.get("latest", unknown), np.int64).copy()
        before = state.get("latest_before", [[d, g, FAR_US] for d, g, _ in state["ranges"]])
        self.latest_before = {(d, g): t for d, g, t in before}
        self.restarted = {(d, g): (high, t) for d, g, high, t in state.get("restarted", ())}
        self.ranges = {(d, g): [list(pair) for pair in r] for d, g, r in state["ranges"]}
        self.moved = {(d, g): m for d, g, m in state["moved"]}


def same_values(one: Any, other: Any) -> bool:
    """Whether two facts say the same."""
    for name in VALUES:
        a, b = one[name], other[name]
        if a != b and not (a != a and b != b):  # noqa: PLR0124 - NaN is what differs from itself
            return False
    # A tag that nobody knew when it was first told of may have been entered since.
    return one["tag"] == other["tag"] or UNKNOWN_TAG in (one["tag"], other["tag"])


def _ranges(device: NDArray[Any], gen: NDArray[Any], seq: NDArray[Any]) -> list[Range]:
    """Unbroken ranges of the identities."""
    if not len(device):
        return []
    order = np.lexsort((seq, gen, device))
    device, gen, seq = device[order], gen[order], seq[order]
    breaks = np.ones(len(order), np.bool_)
    breaks[1:] = (device[1:] != device[:-1]) | (gen[1:] != gen[:-1]) | (seq[1:] != seq[:-1] + 1)
    first = np.flatnonzero(breaks)
    last = np.append(first[1:], len(order)) - 1
    return list(zip(device[first].tolist(), gen[first].tolist(), seq[first].tolist(), seq[last].tolist(), strict=True))
