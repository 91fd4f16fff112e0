"""The newest fix of everybody, for the map: kept in this process as columns, and who wears what, which changes with the caseload alone.

Who wears what is asked under the caller's sight, so nobody else's place is found, and kept for each sight until a record is learnt.
The newest fixes are kept once, for all sights: a look reads what was committed since the last one, and nothing of it twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.callers import Sight
from domain.instants import MINUTE_US, SECOND_US
from store.connecting import Pool
from store.facts_back import copy_out
from store.position_columns import FIX, PositionColumns, names_of
from store.rows import Column, Layout
from store.statements import statement
from store.times import EPOCH_2000_US, At

EVERY_COMMIT: Final = -1
SIGHTS_KEPT: Final = 32
"""Whose wearing is kept; each of everybody is some megabytes."""
KEPT_US: Final = 10 * MINUTE_US
"""After so long the newest fixes are read anew."""
TABLE_EVERY_US: Final = 30 * SECOND_US
"""So often the table of newest fixes follows beside the looks, so that reading anew is never far to go."""
FAR_BEHIND: Final = 100_000
"""Facts since the last look from which the table is asked: it holds one fix a device, however many came."""
NO_COMMIT: Final = 1 << 62
"""After every commit."""

Ask = Callable[[str, dict[str, Any] | None], Awaitable[list[tuple[Any, ...]]]]
"""Asks a named block under a sight."""

ROW: Final = Layout(
    "newest_fixes",
    (
        *(Column(name, ">i8") for name in ("device_no", "commit_no", "gen", "seq", "t_us", "received_us")),
        *(Column(name, ">f8") for name in ("lat", "lon", "acc", "spd", "hdg")),
        *(Column(name, ">i2") for name in ("src", "quality")),
    ),
)
"""What `newest_fixes_whole` and `newest_fixes_since` give."""


class Wearing:
    """Devices that say where they are, on wearers, by (wearer, from when)."""

    def __init__(self, rows: Sequence[tuple[Any, ...]] = ()) -> None:
        """``rows``: number of the device, wearer, device, from when, until when."""
        ordered = sorted(rows, key=lambda row: (row[1], row[3]))
        self.wearers = names_of(row[1] for row in ordered)
        self.devices = names_of(row[2] for row in ordered)
        numbers = np.array([(row[0], row[3], row[4]) for row in ordered], np.int64).reshape(-1, 3)
        self.device_no, self.from_us, self.to_us = np.ascontiguousarray(numbers.T)
        first = np.ones(len(ordered), np.bool_)
        first[1:] = self.wearers[1:] != self.wearers[:-1]
        self.person = np.cumsum(first) - 1
        """The wearer of each row as a number, in the order of ids."""
        self._once = len(np.unique(self.device_no)) == len(ordered)

    def now(self, now_us: int) -> NDArray[np.intp]:
        """The rows that hold at an instant; of a device that is fitted twice, the fitting that began first."""
        held = np.flatnonzero((self.from_us <= now_us) & (now_us < self.to_us))
        if self._once:
            return held
        by_start = held[np.argsort(self.from_us[held], kind="stable")]
        _, first = np.unique(self.device_no[by_start], return_index=True)
        return held if len(first) == len(held) else np.sort(by_start[first])

    def tracked(self, now_us: int) -> int:
        """How many wearers have such a device on them at an instant."""
        return int(np.count_nonzero(np.bincount(self.person[self.now(now_us)])))


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
            found = Wearing(await ask("who_wears_what", None))
            if learnt == self._learnt:
                self._by_sight[sight] = found
                while len(self._by_sight) > SIGHTS_KEPT:
                    self._by_sight.popitem(last=False)
        return found


class Newest(NamedTuple):
    """The newest fix of each device, by number of device: (devices,) `FIX`, and the commit that brought each."""

    fixes: NDArray[np.void]
    commit_no: NDArray[np.int64]

    def with_(self, more: Newest) -> Newest:
        """With others that came later, each where it is not older than what is there."""
        ours, theirs = self.fixes["device_no"], more.fixes["device_no"]
        place = np.searchsorted(ours, theirs)
        known = place < len(ours)
        known[known] = ours[place[known]] == theirs[known]
        newer = known.copy()
        newer[known] = more.fixes["t_us"][known] >= self.fixes["t_us"][place[known]]
        fixes, commit_no = self.fixes.copy(), self.commit_no.copy()
        fixes[place[newer]], commit_no[place[newer]] = more.fixes[newer], more.commit_no[newer]
        if known.all():
            return Newest(fixes, commit_no)
        fixes = np.concatenate([fixes, more.fixes[~known]])
        commit_no = np.concatenate([commit_no, more.commit_no[~known]])
        order = np.argsort(fixes["device_no"], kind="stable")
        return Newest(fixes[order], commit_no[order])


NOTHING: Final = Newest(np.zeros(0, FIX), np.zeros(0, np.int64))


class Seen(NamedTuple):
    """The newest fixes as of a commit, and the number of the newest record learnt then."""

    mark: int
    learnt: int
    newest: Newest


class NewestKept:
    """The newest fix of each device, in this process.

    Who may see which of them is no matter of this: `Wearing` is asked under the sight. It is read anew when a record was learnt and
    every `KEPT_US`, so nothing stays that was erased.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._newest = NOTHING
        self._mark = EVERY_COMMIT
        self._learnt = -1
        self._facts = 0
        self._until_us = self._table_us = 0
        self._one_at_a_time = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def upto_now(self, now_us: int, since_us: int) -> Seen:
        """As of the newest commit; what is older than ``since_us`` may be there too."""
        async with self._one_at_a_time:
            async with self._pool.connection() as conn:
                after = NO_COMMIT if self._mark == EVERY_COMMIT else self._mark
                cursor = await conn.execute(statement("newest_kept_upto"), {"after": after})
                ((mark, learnt, facts, oldest_us),) = await cursor.fetchall()
                anew = learnt != self._learnt or now_us >= self._until_us or mark < self._mark
                if anew or facts - self._facts > FAR_BEHIND:
                    await conn.execute(statement("keep_newest_fixes"), {"since": At(since_us)})
                    ((mark,),) = await (await conn.execute(statement("newest_fixes_mark"))).fetchall()
                    self._newest = await _copied(conn, "newest_fixes_whole", {})
                    self._until_us, self._table_us = now_us + KEPT_US, now_us
                elif mark > self._mark and oldest_us is not None:
                    span = {"after": self._mark, "upto": mark, "oldest": At(max(oldest_us, since_us))}
                    self._newest = self._newest.with_(await _copied(conn, "newest_fixes_since", span))
            self._mark, self._learnt, self._facts = mark, learnt, facts
            self._follow(now_us, since_us)
            return Seen(mark, learnt, self._newest)

    def _follow(self, now_us: int, since_us: int) -> None:
        """Has the table follow, now and then, while nobody waits for it."""
        if now_us - self._table_us >= TABLE_EVERY_US and self._following is None:
            self._table_us = now_us
            self._following = asyncio.create_task(self._table(since_us), name="the table of newest fixes follows")

    async def _table(self, since_us: int) -> None:
        try:
            # A database that is away is told to whoever looks.
            with suppress(psycopg.Error):
                async with self._pool.connection() as conn:
                    await conn.execute(statement("keep_newest_fixes"), {"since": At(since_us)})
        finally:
            self._following = None

    async def close(self) -> None:
        """Nothing goes on beside the looks afterwards."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)


async def _copied(conn: Any, name: str, parameters: dict[str, Any]) -> Newest:
    rows = await copy_out(conn, name, ROW, parameters)
    fixes = np.empty(len(rows), FIX)
    for column in FIX.names or ():
        fixes[column] = rows[column]
    for column in ("t_us", "received_us"):
        fixes[column] += EPOCH_2000_US
    return Newest(fixes, rows["commit_no"].astype(np.int64))


def newest_positions(
    wearing: Wearing, newest: Newest, since_us: int, now_us: int, after: int = EVERY_COMMIT
) -> PositionColumns:
    """The newest fix since an instant of every wearer, from the devices on them now, by wearer; those that came after a commit."""
    worn = wearing.now(now_us)
    numbers = newest.fixes["device_no"]
    place = np.searchsorted(numbers, wearing.device_no[worn])
    found = place < len(numbers)
    found[found] = numbers[place[found]] == wearing.device_no[worn][found]
    worn, place = worn[found], place[found]
    t_us = newest.fixes["t_us"][place]
    wanted = (t_us >= since_us) & (t_us >= wearing.from_us[worn]) & (newest.commit_no[place] > after)
    worn, place, t_us = worn[wanted], place[wanted], t_us[wanted]
    person = wearing.person[worn]
    if len(person) and (person[1:] == person[:-1]).any():
        order = np.lexsort((-t_us, person))
        first = np.ones(len(order), np.bool_)
        first[1:] = person[order][1:] != person[order][:-1]
        worn, place = worn[order[first]], place[order[first]]
    return PositionColumns(wearing.wearers[worn], wearing.devices[worn], newest.fixes[place])
