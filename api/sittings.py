"""Who follows the map, and whom they were shown: so that moves need no list of everybody, nor an entry in the audit each.

A sitting begins with a whole list of positions that was asked for and audited, and lasts `SITTING_US`. Whoever follows it is shown
what came since; the audit has one entry for all who were on the list, and one more for those who come onto it. It holds ids, never a
position, and is this process's alone: where it is not known (another process, a restart), the list is read anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from api.made_secrets import public_id
from domain.callers import Caller
from domain.instants import MINUTE_US

SITTING_US: Final = 10 * MINUTE_US
SITTINGS_KEPT: Final = 64
"""Of everybody who follows; each holds the ids of those it showed. The one that nobody asked for longest goes first."""


@dataclass(slots=True)
class Sitting:
    """One list that is followed by one caller, until ``until_us``."""

    id: str
    caller: Caller
    until_us: int
    shown: set[str]
    """On the list now."""
    told: set[str] = field(default_factory=set)
    """Those of whom the audit knows that they are followed."""
    requests: set[int] = field(default_factory=set)
    """Requests by which somebody was shown."""

    def untold(self, wearers: Collection[str]) -> set[str]:
        """Whom the audit must be told of before these are shown: at first everybody on the list."""
        if not wearers:
            return set()
        return (self.shown.union(wearers) if not self.told else set(wearers)) - self.told

    def take(self, moved: Iterable[str], shown: Collection[str], told: Iterable[str]) -> list[str]:
        """Keeps what was shown of those who moved; gives those who are on the list no more."""
        gone = sorted(self.shown.intersection(moved).difference(shown))
        self.shown.difference_update(gone)
        self.shown.update(shown)
        self.told.update(told)
        return gone


class Sittings:
    """Those of this process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Sitting] = OrderedDict()

    def begin(self, caller: Caller, shown: Iterable[str], now_us: int) -> Sitting:
        """A list was shown whole, and the audit has its look."""
        sitting = Sitting(public_id(), caller, now_us + SITTING_US, set(shown))
        self._kept[sitting.id] = sitting
        while len(self._kept) > SITTINGS_KEPT:
            self._kept.popitem(last=False)
        return sitting

    def of(self, caller: Caller, name: str, now_us: int) -> Sitting | None:
        """The caller's sitting of that name; None when it is over, not known here, or was begun as somebody who saw otherwise."""
        sitting = self._kept.get(name)
        if sitting is None or sitting.caller != caller:
            return None
        if now_us >= sitting.until_us:
            del self._kept[name]
            return None
        self._kept.move_to_end(name)
        return sitting
