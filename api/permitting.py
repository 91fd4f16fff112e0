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

from access.permits import AlertSpan, Ground, Permits
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
from store.position_columns import PositionColumns
from store.reading_types import PositionRow
from store.requests import StandingRequest

BEGINNING: Final = (0, -(1 << 31), 0)
"""Before every record: (commit, line, record)."""
EVERYTHING: Final = Sight(everything=True)
MOST_ASKED_BY_NAME: Final = 2_000
"""Wearers whose alerts are asked for by their ids; of more, everybody's are."""
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
            everybody, *_ = await self._reading.positions_marked(None, MOST_PREPARED)
            await self._grounds(everybody)
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
    def permitted(permits: Permits, some: PositionColumns) -> PositionColumns:
        """As `shown`, by columns."""
        if not len(some):
            return some
        fixes = some.fixes
        return some.at(permits.grounds(fixes["t_us"], fixes["lon"], fixes["lat"], fixes["acc"]) != 0)

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
        spans, _ = await asyncio.gather(self._reading.seen(sight).open_spans([wearer]), self._learnt_now())
        async with self._one_at_a_time:
            return self._standing.permits(wearer, from_us, to_us, [AlertSpan(*one) for one in spans])

    async def _learnt_now(self) -> None:
        async with self._one_at_a_time:
            await self._learn()

    # ---- of many, at the newest fix of each ----

    async def newest(self, seen: Seen, some: PositionColumns) -> tuple[PositionColumns, tuple[int, ...]]:
        """Those that a caller may see, and the requests by which they may."""
        if seen.caller.role is not Role.POLICE:
            return some.at(await self._permitted(some, seen.sight)), ()
        around = await self._around_alerts(some, await self._by_area(seen))
        used: set[int] = set()
        spans: dict[str, list[StandingRequest]] = {}
        for one in await self._requests(seen):
            spans.setdefault(one.wearer, []).append(one)
        wanted = np.fromiter((name in spans for name in some.wearers.tolist()), np.bool_, len(some))
        asked = np.flatnonzero(wanted & ~around)
        permitted = asked[await self._permitted(some.at(asked), EVERYTHING)]
        for place in permitted.tolist():
            t_us = int(some.fixes["t_us"][place])
            numbers = [one.no for one in spans[some.wearers[place]] if one.from_us <= t_us < one.to_us]
            if numbers:
                around[place] = True
                used.update(numbers)
        return some.at(around), tuple(sorted(used))

    async def _permitted(self, some: PositionColumns, sight: Sight) -> NDArray[np.bool_]:
        """By whatever: alerts are asked for of those alone whom nothing else lets be seen."""
        shown: NDArray[np.bool_] = await self._grounds(some) != 0
        shut = np.flatnonzero(~shown)
        if len(shut):
            shown[shut] = await self._around_alerts(some.at(shut), sight)
        return shown

    async def _around_alerts(self, some: PositionColumns, sight: Sight) -> NDArray[np.bool_]:
        """By an open alert that a sight sees."""
        wearers = some.wearers.tolist() if len(some) <= MOST_ASKED_BY_NAME else None
        spans = await self._reading.seen(sight).open_spans(wearers)
        grounds = await self._grounds(some, [AlertSpan(*one) for one in spans])
        shown: NDArray[np.bool_] = grounds & np.uint8(Ground.ALERT) != 0
        return shown

    async def _grounds(self, some: PositionColumns, alerts: Sequence[AlertSpan] = ()) -> NDArray[np.uint8]:
        async with self._one_at_a_time:
            await self._learn()
            return await asyncio.to_thread(self._judge, some, alerts)

    async def _learn(self) -> None:
        """Takes what was learnt since; a page at a time beside the loop."""
        while True:
            versions, place = await self._reading.permit_records(self._learnt)
            if not versions:
                return
            await asyncio.to_thread(self._standing.learn, versions)
            self._learnt = place

    def _judge(self, some: PositionColumns, alerts: Sequence[AlertSpan]) -> NDArray[np.uint8]:
        fixes = some.fixes
        t_us, lon, lat, acc = (np.ascontiguousarray(fixes[name]) for name in ("t_us", "lon", "lat", "acc"))
        return self._standing.grounds(some.wearers.tolist(), t_us, lon, lat, acc, alerts)

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


async def _mask(parts: GivenParts) -> Permitting:
    return permitting_of(parts)  # on the loop: see `api.parts.Given`


Mask = Annotated[Permitting, Depends(_mask)]
HasPermissions = Annotated[Permissions, Depends(permissions_of)]
