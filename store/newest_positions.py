"""The newest fix of everybody, for the map: facts as they are kept for it, and who wears what, which changes with the caseload alone.

Who wears what is asked under the caller's sight, so nobody else's place is found, and kept in this process for each sight until a
record is learnt. The newest fixes themselves are kept once, for all sights.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from domain.callers import Sight
from domain.instants import MINUTE_US
from store.reading_types import PositionRow
from store.rows_read import position_row
from store.times import At

EVERY_COMMIT: Final = -1
SIGHTS_KEPT: Final = 32
"""Whose wearing is kept; each of everybody is some megabytes."""
KEPT_US: Final = 10 * MINUTE_US
"""After so long the newest fixes are read anew."""

Ask = Callable[[str, dict[str, Any] | None], Awaitable[list[tuple[Any, ...]]]]
"""Asks a named block under a sight."""


class Worn(NamedTuple):
    """A device that says where it is, on a wearer in ``[from_us, to_us)``."""

    wearer: str
    device: str
    from_us: int
    to_us: int


Wearing = dict[int, list[Worn]]
"""By number of device."""


class WearingKept:
    """Who wears what, by sight, as of the newest record learnt."""

    def __init__(self) -> None:
        self._learnt = -1
        self._by_sight: OrderedDict[Sight | None, Wearing] = OrderedDict()

    async def of(self, sight: Sight | None, learnt: int, ask: Ask) -> Wearing:
        """What that sight sees; ``learnt`` is the number of the newest record."""
        if learnt != self._learnt:
            self._learnt = learnt
            self._by_sight.clear()
        found = self._by_sight.get(sight)
        if found is None:
            found = {}
            for device_no, *worn in await ask("who_wears_what", None):
                found.setdefault(device_no, []).append(Worn(*worn))
            if learnt == self._learnt:
                self._by_sight[sight] = found
                while len(self._by_sight) > SIGHTS_KEPT:
                    self._by_sight.popitem(last=False)
        return found


class Newest(msgspec.Struct, gc=False):
    """The newest fix of a device: when, by which commit, as the statement gives it, and as it was shown last."""

    t_us: int
    commit_no: int
    row: tuple[Any, ...]
    shown: PositionRow | None = None

    def of(self, worn: Worn) -> PositionRow:
        """On a wearer; the same object as before while nothing newer came, so that it need not be written again."""
        shown = self.shown
        if shown is None or shown.wearer != worn.wearer or shown.device != worn.device:
            shown = self.shown = position_row((worn.wearer, worn.device, *self.row))
        return shown


class NewestKept:
    """The newest fix of each device, in this process, so that a look reads what came since the last one alone.

    Who may see which of them is no matter of this: `Wearing` is asked under the sight. It is read anew when a record was learnt and
    every `KEPT_US`, so nothing stays that was erased.
    """

    def __init__(self) -> None:
        self._by_device: dict[int, Newest] = {}
        self._mark = EVERY_COMMIT
        self._learnt = -1
        self._until_us = 0
        self._one_at_a_time = asyncio.Lock()

    async def upto(self, mark: int, learnt: int, now_us: int, since_us: int, ask: Ask) -> Mapping[int, Newest]:
        """As of commit ``mark`` at least; ``ask`` asks of everybody."""
        async with self._one_at_a_time:
            if learnt != self._learnt or now_us >= self._until_us or mark < self._mark:
                self._by_device = {}
                self._mark, self._learnt, self._until_us = EVERY_COMMIT, learnt, now_us + KEPT_US
            if mark > self._mark:
                for device_no, commit_no, *row in await ask(
                    "newest_positions", {"since": At(since_us), "after": self._mark}
                ):
                    self._by_device[device_no] = Newest(row[0], commit_no, tuple(row))
                self._mark = mark
            return self._by_device


class Kept(NamedTuple):
    """The newest fixes as they were kept a moment ago: up to which commit, and who wears what in a sight."""

    mark: int
    wearing: Wearing
    newest: Mapping[int, Newest]


def newest_positions(kept: Kept, since_us: int, now_us: int, after: int = EVERY_COMMIT) -> list[PositionRow]:
    """The newest fix since an instant of every wearer, from the devices on them now, by wearer; those that came after a commit."""
    found: dict[str, PositionRow] = {}
    for device_no, fitted in kept.wearing.items():
        one = kept.newest.get(device_no)
        if one is None or one.t_us < since_us or one.commit_no <= after:
            continue
        for worn in fitted:
            if worn.from_us <= now_us < worn.to_us:
                before = found.get(worn.wearer)
                if one.t_us >= worn.from_us and (before is None or one.t_us > before.t_us):
                    found[worn.wearer] = one.of(worn)
                break
    return [found[wearer] for wearer in sorted(found)]


def tracked(wearing: Wearing, now_us: int) -> int:
    """How many wearers have a device on them now that says where it is."""
    return len({one.wearer for worn in wearing.values() for one in worn if one.from_us <= now_us < one.to_us})
