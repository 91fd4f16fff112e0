"""Facts as columns: what the wire's items become, and the lines that the rules take one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.networks import Network
from domain.records import Version

FACT = np.dtype(
    [
        ("line", np.int32),  # index of the line, in its batch, that brought it
        ("device", np.int32),  # index in the roster of devices
        ("is_event", np.bool_),
        ("gen", np.int64),
        ("seq", np.int64),
        ("t_us", np.int64),  # fix time
        ("received_us", np.int64),  # receive time
        ("lat", np.float64),  # degrees, WGS 84; NaN in events, as all that follow to `src`
        ("lon", np.float64),
        ("acc", np.float64),  # metres, 95 % radius
        ("spd", np.float64),  # m/s, NaN when absent
        ("hdg", np.float64),  # degrees clockwise from true north, NaN when absent
        ("bat", np.float64),  # percent, NaN when absent
        ("hdop", np.float64),  # NaN when absent
        ("sats", np.int16),  # -1 when absent
        ("src", np.int8),  # `Source`
        ("code", np.int8),  # `EventCode`, -1 in fixes
        ("state", np.int8),  # `EventState`
        ("tag", np.int32),  # events: index of the device that `data.tag` names, -1 none, -2 one we do not know
        ("last_heard_us", np.int64),  # events: `data.last_heard`, 0 when absent
        ("said", np.int64),  # events: what else `data` says to the rules (`domain.said`), 0 nothing
        ("quality", np.int8),  # `Quality`, as the rules judged it first
    ],
)
UNKNOWN_TAG: Final = -2
"""`tag` of an event about a device that nobody had entered."""
Facts: TypeAlias = NDArray[Any]
"""One-dimensional array of `FACT`."""


def empty_facts(size: int = 0) -> Facts:
    """``size`` facts with every absent value said to be absent."""
    facts = np.zeros(size, FACT)
    for name in ("lat", "lon", "acc", "spd", "hdg", "bat", "hdop"):
        facts[name] = np.nan
    facts["sats"] = -1
    facts["code"] = -1
    facts["tag"] = -1
    return facts


class LineKind(IntEnum):
    MESSAGE = 0
    TICK = 1
    LEARNT = 2


@dataclass(slots=True)
class Batch:
    """Some lines in a row. Where it is cut changes nothing (rules.md 0).

    Attributes
    ----------
    instants : (lines,) int64, microseconds UTC, never going back: the decision time of each line.
    kinds : (lines,) int8, `LineKind`.
    devices : (lines,) int32, roster index of a message's device; -1 for other lines.
    sent_us : (lines,) int64, when the device says it sent it; 0 where not known.
    bad : (lines,) bool, a message that was parked whole: contact, but no facts.
    facts : `Facts` in the order of their lines.
    event_data : the `data` object of an event as JSON bytes, by its row in `facts`.
    learnt : the record of each LEARNT line, by line.
    networks : the network that a message says it came by, by line; of stored lines only where it was a new one.
    """

    instants: NDArray[np.int64]
    kinds: NDArray[np.int8]
    devices: NDArray[np.int32]
    sent_us: NDArray[np.int64]
    bad: NDArray[np.bool_]
    facts: Facts
    event_data: dict[int, bytes] = field(default_factory=dict)
    learnt: dict[int, Version] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)


@dataclass(slots=True)
class Roster:
    """Device ids and their dense indices, which only ever grow."""

    ids: list[str] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)

    def add(self, device: str) -> int:
        found = self.index.get(device)
        if found is None:
            found = self.index[device] = len(self.ids)
            self.ids.append(device)
        return found
