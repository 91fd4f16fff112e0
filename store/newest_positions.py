"""The newest fix of everybody, for the map: facts as they are kept for it, and who wears what, which changes with the caseload alone.

Both are asked under the caller's sight. What is worked out of the caseload is kept in this process for each sight, until a record is
learnt; positions never are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from domain.callers import Sight
from store.reading_types import PositionRow
from store.rows_read import position_row
from store.times import At

EVERY_COMMIT: Final = -1
SIGHTS_KEPT: Final = 32
"""Whose wearing is kept; each of everybody is some megabytes."""

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


class Kept(NamedTuple):
    """The newest fixes as they were kept a moment ago: up to which commit, and who wears what in a sight."""

    mark: int
    wearing: Wearing


async def newest_positions(
    ask: Ask, wearing: Wearing, since_us: int, now_us: int, after: int = EVERY_COMMIT
) -> list[PositionRow]:
    """The newest fix since an instant of every wearer, from the devices on them now, by wearer; those that came after a commit."""
    rows = await ask("newest_positions", {"since": At(since_us), "after": after})
    newest: dict[str, tuple[Worn, tuple[Any, ...]]] = {}
    for row in rows:
        t_us = row[1]
        for worn in wearing.get(row[0], ()):
            if worn.from_us <= now_us < worn.to_us:
                before = newest.get(worn.wearer)
                if t_us >= worn.from_us and (before is None or t_us > before[1][1]):
                    newest[worn.wearer] = worn, row
                break
    return [position_row((wearer, worn.device, *row[1:])) for wearer, (worn, row) in sorted(newest.items())]


def tracked(wearing: Wearing, now_us: int) -> int:
    """How many wearers have a device on them now that says where it is."""
    return len({one.wearer for worn in wearing.values() for one in worn if one.from_us <= now_us < one.to_us})
