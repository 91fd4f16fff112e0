"""Which holes in `seq` are asked for, and when one is given up (wire.md, `resend`). Pure.

A hole is a run of seqs between two that were received. What is found now is held against what was known before: what was
filled in part goes on with the tries of what it was part of, so that no hole is asked for for ever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.device_commands import MOST_RESENT, OPEN, CommandState
from domain.instants import HOUR_US, MINUTE_US

OLD_US: Final = 10 * MINUTE_US
"""A hole is asked for when it has been known so long: what is only late has come by then."""
TRIES: Final = 6
"""A hole is asked for so often, then given up."""
WAIT_FIRST_US: Final = 10 * MINUTE_US
WAIT_LAST_US: Final = 6 * HOUR_US
"""Between two times that a hole is asked for: doubles from the first up to the last."""
OPEN_AT_ONCE: Final = 2
"""`resend` commands of one device that something may still come of."""
MOST_ASKED: Final = 200
"""Holes asked for at one look, over all devices: after an outage of many they come one after another."""
MOST_HOLES: Final = 32
"""Of one device, the newest: one whose counter makes no sense fills no table."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Seqs ``low`` to ``high`` of a device and ``gen``, both included, that never came."""

    device_no: int
    gen: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Known:
    """A hole as it is kept. ``command``: what became of the last `resend` of it, ``command_no``; None: none was made."""

    hole: Hole
    seen_us: int
    tries: int
    next_us: int
    command: CommandState | None = None
    given_up: bool = False
    command_no: int | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """What to keep, what to ask for, and what came of those that were known."""

    kept: tuple[Known, ...]
    asked: tuple[Hole, ...]
    filled: tuple[Hole, ...]
    given_up: tuple[Hole, ...]


def sort_out(
    known: Iterable[Known], found: Iterable[Hole], reachable: Set[int], now_us: int, most: int = MOST_ASKED
) -> Sorted:
    """Holes as they are now against those known before. The same again, with what was asked for open, asks for nothing.

    ``found``: the newest `MOST_HOLES` of each device. ``reachable``: numbers of devices that somebody wears now.
    """
    before, now = _by_device(known, lambda one: one.hole), _by_device(found, lambda hole: hole)
    kept: list[Known] = []
    given_up: list[Hole] = []
    for device_no, holes in now.items():
        for hole in holes:
            one = _carried_on(hole, before.get(device_no, ()), now_us)
            if not one.given_up and _is_hopeless(one, now_us):
                one = replace(one, given_up=True)
                given_up.append(hole)
            kept.append(one)
    filled = [
        one.hole for device_no, many in before.items() for one in many if _is_filled(one.hole, now.get(device_no, ()))
    ]
    asked = _to_ask(kept, reachable, now_us, most)
    chosen = set(asked)
    carried = tuple(_asked(one, now_us) if one.hole in chosen else one for one in kept)
    return Sorted(carried, tuple(asked), tuple(filled), tuple(given_up))


def without(found: Iterable[Hole], received: NDArray[np.int64]) -> list[Hole]:
    """Holes less what was received lately.

    ``received``: (ranges, 4) of device number, gen, low, high, inclusive at both ends; in that order, and none overlaps another.
    """
    lows, highs = received[:, 2].tolist(), received[:, 3].tolist()
    starts = np.flatnonzero(np.diff(received[:, :2], axis=0, prepend=-1).any(axis=1))
    spans = zip(starts.tolist(), [*starts[1:].tolist(), len(lows)], strict=False)  # of none there is no first
    came = dict(zip(map(tuple, received[starts, :2].tolist()), spans, strict=False))
    left: list[Hole] = []
    for hole in found:
        start, end = came.get((hole.device_no, hole.gen), (0, 0))
        low = hole.low
        for k in range(bisect_left(highs, low, start, end), end):
            if lows[k] > hole.high:
                break
            if low < lows[k]:
                left.append(replace(hole, low=low, high=lows[k] - 1))
            low = highs[k] + 1
        if low <= hole.high:
            left.append(hole if low == hole.low else replace(hole, low=low))
    return left


T = TypeVar("T")


def _by_device(many: Iterable[T], hole_of: Callable[[T], Hole]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    for one in many:
        found[hole_of(one).device_no].append(one)
    return found


def _overlap(one: Hole, other: Hole) -> bool:
    return one.gen == other.gen and one.low <= other.high and other.low <= one.high


def _carried_on(hole: Hole, before: Sequence[Known], now_us: int) -> Known:
    """The hole with what was known of those that it is a part of."""
    parts = [one for one in before if _overlap(one.hole, hole)]
    if not parts:
        return Known(hole, now_us, 0, now_us + OLD_US)
    worst = max(parts, key=lambda one: (one.given_up, one.tries, one.next_us))
    asked = next((one for one in parts if one.command in OPEN), worst)
    seen_us = min(one.seen_us for one in parts)
    return replace(worst, hole=hole, seen_us=seen_us, command=asked.command, command_no=asked.command_no)


def _is_filled(hole: Hole, now: Sequence[Hole]) -> bool:
    """Whether nothing is left of it. One that newer ones have pushed off the list is not filled."""
    if any(_overlap(hole, other) for other in now):
        return False
    pushed_off = len(now) >= MOST_HOLES and (hole.gen, hole.low) < min((one.gen, one.low) for one in now)
    return not pushed_off


def _is_hopeless(one: Known, now_us: int) -> bool:
    """Whether the device says that it has it no more, or it was asked for often enough."""
    if one.command is CommandState.REFUSED:
        return True
    return one.tries >= TRIES and one.command not in OPEN and now_us >= one.next_us


def _to_ask(kept: Sequence[Known], reachable: Set[int], now_us: int, most: int) -> list[Hole]:
    room = Counter(dict.fromkeys(reachable, OPEN_AT_ONCE))
    room.subtract(one.hole.device_no for one in kept if one.command in OPEN)
    due = [one for one in kept if not one.given_up and one.command not in OPEN and now_us >= one.next_us]
    due.sort(key=lambda one: (-one.hole.gen, -one.hole.low))
    asked: list[Hole] = []
    for one in due:
        if len(asked) < most and room[one.hole.device_no] > 0:
            room[one.hole.device_no] -= 1
            asked.append(one.hole)
    return asked


def _asked(one: Known, now_us: int) -> Known:
    wait_us = min(WAIT_FIRST_US << one.tries, WAIT_LAST_US)
    return replace(one, tries=one.tries + 1, next_us=now_us + wait_us, command=CommandState.WAITING)


def unasked(one: Known) -> Known:
    """One that could not be asked for after all: the next look tries again."""
    return replace(one, tries=one.tries - 1, command=None, command_no=None)


def resend_args(hole: Hole) -> dict[str, int]:
    """``args`` of the `resend` of a hole: of one that is too large for one command the newest part."""
    return {"gen": hole.gen, "from": max(hole.low, hole.high - MOST_RESENT + 1), "to": hole.high}
