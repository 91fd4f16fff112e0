"""Which positions leave, decided here and nowhere else.

What a wearer's orders permit is `access.permits`' to say, from the whole caseload: a zone that the caller may not read permits
all the same. What of that a caller may have is decided here: the police around alerts, and by requests (docs/decisions/0015).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final

import numpy as np
from fastapi import Depends
from numpy.typing import NDArray

from access.permits import AlertSpan, Ground, Permits, book_of, permits_of
from access.standing import Standing
from api.doors import Seen
from api.given import Given
from api.parts import Given as GivenParts
from api.ports import Reading
from api.problems import Problem
from domain.callers import Sight
from domain.vocabulary import Role
from geofence.intervals import union
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store.permissions import Permissions
from store.reading_types import PositionRow
from store.requests import StandingRequest

BEGINNING: Final = (0, -(1 << 31), 0)
"""Before every record: (commit, line, record)."""
EVERYTHING: Final = Sight(everything=True)
MOST_PREPARED: Final = 100_000
"""Wearers whose orders are worked out before anybody asks."""


class Permitting:
    """The mask over positions, and what goes with it.

    ``reading`` sees everything: it is asked for orders, never for a position that is shown. ``permissions`` are None where nobody
    asks for requests or warrants by this process.
    """

    def __init__(self, reading: Reading, zones: TimeZones, permissions: Permissions | None = None) -> None:
        self.permissions = permissions
        self.given = None if permissions is None else Given(permissions, zones)
        self._reading = reading
        self.zones = zones
        self.windows = WindowCache(zones)
        self._standing = Standing(self.windows)
        self._learnt = BEGINNING
        self._one_at_a_time = asyncio.Lock()
        self.preparing = False
        """Whether `prepare` is at it: others had better be asked."""
        self.prepared = asyncio.Event()

    async def prepare(self) -> None:
        """Takes the whole caseload, and works out what everybody's orders permit now.

        That takes some seconds: at the start of a process, so that nobody who asks waits for it.
        """
        self.preparing = True
        try:
            async with self._one_at_a_time:
                await self._learn()
            rows, *_ = await self._reading.positions_marked(None, MOST_PREPARED)
            await self._grounds(rows, EVERYTHING)
        finally:
            self.preparing = False
            self.prepared.set()

    # ---- of one wearer ----

    async def of_wearer(self, seen: Seen, wearer: str, from_us: int, to_us: int) -> tuple[Permits, tuple[int, ...]]:
        """What a caller may see of a wearer in ``[from_us, to_us)``, and the requests by which they may."""
        if seen.caller.role is not Role.POLICE:
            return await self._permits(seen.sight, wearer, from_us, to_us), ()
        around = (await self._permits(await self._by_area(seen), wearer, from_us, to_us)).around_alerts()
        requests = [one for one in await self._requests(seen) if one.wearer == wearer]
        if not requests:
            return around, ()
        spans = union((one.from_us, one.to_us) for one in requests)
        by_request = (await self.of_request(wearer, from_us, to_us)).during(spans)
        return around.also(by_request), tuple(one.no for one in requests)

    async def of_request(self, wearer: str, from_us: int, to_us: int) -> Permits:
        """All that the orders of a wearer permit, by whatever alert, to whom somebody let see it."""
        return await self._permits(EVERYTHING, wearer, from_us, to_us)

    @staticmethod
    def shown(permits: Permits, rows: Sequence[PositionRow]) -> list[PositionRow]:
        """Those of one wearer's fixes that are permitted."""
        if not rows:
            return []
        t_us = np.array([row.t_us for row in rows], np.int64)
        lon, lat, acc = np.array([(row.lon, row.lat, row.acc) for row in rows], np.float64).T
        return _where(rows, permits.grounds(t_us, lon, lat, acc) != 0)

    async def _permits(self, sight: Sight, wearer: str, from_us: int, to_us: int) -> Permits:
        """What the orders permit, with the alerts that a sight sees."""
        spans, versions = await asyncio.gather(
            self._reading.seen(sight).open_spans([wearer]), self._reading.caseload_of([wearer])
        )
        alerts = [AlertSpan(*one) for one in spans]
        book = book_of(versions, self.windows)
        return permits_of(book, self.windows, wearer, from_us, to_us, alerts)

    # ---- of many, at the newest fix of each ----

    async def newest(self, seen: Seen, rows: Sequence[PositionRow]) -> tuple[list[PositionRow], tuple[int, ...]]:
        """Those that a caller may see, and the requests by which they may."""
        if seen.caller.role is not Role.POLICE:
            grounds = await self._grounds(rows, seen.sight)
            return _where(rows, grounds != 0), ()
        around = await self._grounds(rows, await self._by_area(seen)) & np.uint8(Ground.ALERT)
        shown = {row.wearer for row in _where(rows, around != 0)}
        used: set[int] = set()
        spans: dict[str, list[StandingRequest]] = {}
        for one in await self._requests(seen):
            spans.setdefault(one.wearer, []).append(one)
        asked = [row for row in rows if row.wearer in spans and row.wearer not in shown]
        for row in _where(asked, await self._grounds(asked, EVERYTHING) != 0):
            numbers = [one.no for one in spans[row.wearer] if one.from_us <= row.t_us < one.to_us]
            if numbers:
                shown.add(row.wearer)
                used.update(numbers)
        return [row for row in rows if row.wearer in shown], tuple(sorted(used))

    async def _grounds(self, rows: Sequence[PositionRow], sight: Sight) -> NDArray[np.uint8]:
        spans = await self._reading.seen(sight).open_spans()
        async with self._one_at_a_time:
            await self._learn()
            return await asyncio.to_thread(self._judge, rows, [AlertSpan(*one) for one in spans])

    async def _learn(self) -> None:
        """Takes what was learnt since; a page at a time beside the loop."""
        while True:
            versions, place = await self._reading.permit_records(self._learnt)
            if not versions:
                return
            await asyncio.to_thread(self._standing.learn, versions)
            self._learnt = place

    def _judge(self, rows: Sequence[PositionRow], alerts: Sequence[AlertSpan]) -> NDArray[np.uint8]:
        wearers = [row.wearer for row in rows]
        t_us = np.array([row.t_us for row in rows], np.int64)
        lon, lat, acc = np.array([(row.lon, row.lat, row.acc) for row in rows], np.float64).reshape(-1, 3).T
        return self._standing.grounds(wearers, t_us, lon, lat, acc, alerts)

    # ---- the police ----

    async def _by_area(self, seen: Seen) -> Sight:
        """What a force sees by itself: without those whom a request alone shows, of whom no alert is theirs."""
        if self.given is None:
            return replace(seen.sight, wearers=frozenset())
        return replace(seen.sight, wearers=await self.given.by_force(seen.caller, seen.parts.now()))

    async def _requests(self, seen: Seen) -> list[StandingRequest]:
        if self.permissions is None or not seen.caller.organisation:
            return []
        return await self.permissions.requests.standing(seen.caller.organisation, seen.parts.now())

    async def used(self, seen: Seen, requests: Sequence[int]) -> None:
        """Counts that positions are about to be seen by these requests."""
        if requests and self.permissions is not None:
            await self.permissions.requests.used(requests, seen.caller.name, seen.parts.now())


def _where(rows: Sequence[PositionRow], shown: NDArray[np.bool_]) -> list[PositionRow]:
    return [rows[place] for place in np.flatnonzero(shown).tolist()]


def permitting_of(parts: GivenParts) -> Permitting:
    """The mask; 503 where this process has none, for then no position may leave."""
    if parts.permitting is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "positions are not set up in this process")
    return parts.permitting


def permissions_of(parts: GivenParts) -> Permissions:
    """Requests and warrants; 503 where this process has none."""
    found = permitting_of(parts).permissions
    if found is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "requests and warrants are not set up in this process")
    return found


Mask = Annotated[Permitting, Depends(permitting_of)]
HasPermissions = Annotated[Permissions, Depends(permissions_of)]
