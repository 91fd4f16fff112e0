"""Facts as they come: to whom they belong, the stateless rows of quality, and the order of the rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import DAY_US, SECOND_US
from domain.vocabulary import EventCode, EventState, Quality
from geofence.compiled import compiled

FUTURE_US = 120 * SECOND_US
ANCIENT_US = 30 * DAY_US
INACCURATE_M = 200.0
SPOKEN_FOR = (
    *(EventCode.IN_RANGE, EventCode.STRAP_TAMPER, EventCode.CASE_TAMPER),
    *(EventCode.BATTERY_LOW, EventCode.FAULT),
)
"""What a home unit says of the tags that it hears (wire.md)."""
TAMPERS = (EventCode.STRAP_TAMPER, EventCode.CASE_TAMPER, EventCode.SHIELDING)


@compiled
def party_at(device: Any, t: Any, first: Any, last: Any, fittings: Any, out: Any) -> None:
    """The party that wore each device at each instant, -1 nobody. ``fittings`` rows are (from, to, party)."""
    for i in range(len(device)):
        out[i] = -1
        if device[i] < 0:
            continue
        for k in range(first[device[i]], last[device[i]]):
            if fittings[k, 0] <= t[i] < fittings[k, 1]:
                out[i] = fittings[k, 2]


@compiled
def fitted_since(device: Any, t: Any, first: Any, last: Any, fittings: Any, out: Any) -> None:
    """When each device's fitting of an instant began; ``out`` is left as it is where there is none."""
    for i in range(len(device)):
        for k in range(first[device[i]], last[device[i]]):
            if fittings[k, 0] <= t[i] < fittings[k, 1]:
                out[i] = fittings[k, 0]


def keep_to_their_own(facts: Facts, is_unit: NDArray[np.bool_]) -> None:
    """Only a home unit speaks for a tag, and of `SPOKEN_FOR` alone: every other event is about its sender. Writes ``tag``."""
    spoken = np.flatnonzero(facts["tag"] != -1)
    if len(spoken):
        own = ~is_unit[facts["device"][spoken]] | ~np.isin(facts["code"][spoken], SPOKEN_FOR)
        facts["tag"][spoken[own]] = -1


def stateless_quality(facts: Facts, party: NDArray[np.int64]) -> NDArray[np.int8]:
    """The rows of the table of rules.md 2 but `duplicate` and `implausible`; the first that holds."""
    t, received = facts["t_us"], facts["received_us"]
    fix = ~facts["is_event"]
    quality = np.full(len(facts), Quality.OK, np.int8)
    quality[fix & (facts["acc"] > INACCURATE_M)] = Quality.INACCURATE
    quality[fix & (facts["lat"] == 0.0) & (facts["lon"] == 0.0)] = Quality.ZERO
    quality[fix & (received - t > ANCIENT_US)] = Quality.ANCIENT
    quality[fix & (t - received > FUTURE_US)] = Quality.FUTURE
    quality[fix & (party < 0)] = Quality.UNFITTED
    return quality


def judged_times(facts: Facts) -> NDArray[np.int64]:
    """Fix times; of an event outside the two limits its receive time (rules.md 2)."""
    t, received = facts["t_us"], facts["received_us"]
    unsure = facts["is_event"] & ((t - received > FUTURE_US) | (received - t > ANCIENT_US))
    times: NDArray[np.int64] = np.where(unsure, received, t)
    return times


def about_tags(facts: Facts) -> NDArray[np.bool_]:
    """Tampering with a tag that its home unit reports: it casts doubt on the tag's own fixes."""
    tag: NDArray[np.bool_] = facts["is_event"] & (facts["tag"] >= 0)
    if tag.any():
        tag &= np.isin(facts["code"], TAMPERS) & (facts["state"] != EventState.END)
    return tag


def casts_doubt(facts: Facts) -> NDArray[np.bool_]:
    """After which nothing is believed of a device, or of the home unit that was moved, until somebody has looked."""
    doubt: NDArray[np.bool_] = facts["is_event"] & (facts["state"] != EventState.END)
    if doubt.any():
        doubt &= np.isin(facts["code"], (*TAMPERS, EventCode.HOME_UNIT_MOVED))
    return doubt


def about_whom(facts: Facts) -> NDArray[np.int64]:
    """The devices that facts cast doubt on: the sender of each, and the tag that it speaks of."""
    some = facts[casts_doubt(facts)]
    found: NDArray[np.int64] = np.concatenate([some["device"], some["tag"][some["tag"] >= 0]]).astype(np.int64)
    return found


def in_order(facts: Facts, rank: NDArray[np.int64], leading: NDArray[Any]) -> NDArray[np.int64]:
    """Rows by (``leading``, fix time, device, gen, seq)."""
    order: NDArray[np.int64] = np.lexsort((facts["seq"], facts["gen"], rank[facts["device"]], facts["t_us"], leading))
    return order


def before(facts: Facts, rows: Any, head_t: Any, head_rank: Any, head_gen: Any, head_seq: Any, rank: Any) -> Any:
    """Which rows come before their heads in the order of facts."""
    t = facts["t_us"][rows]
    if not (t <= head_t).any():
        return np.zeros(len(t), np.bool_)
    by = (t, rank[facts["device"][rows]], facts["gen"][rows], facts["seq"][rows])
    heads = (head_t, head_rank, head_gen, head_seq)
    less = np.zeros(len(t), np.bool_)
    equal = np.ones(len(t), np.bool_)
    for value, head in zip(by, heads, strict=True):
        less |= equal & (value < head)
        equal &= value == head
    return less
