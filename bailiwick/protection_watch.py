"""What dispatch looks for by the clock alone: orders with a victim that have ended or been suspended."""

from __future__ import annotations

import asyncio
from typing import Final

from alerts.protection_ends import Protections
from alerts.work_store import AlertWork
from domain.instants import DAY_US
from domain.records import Version
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store import Store

EVERY_S: Final = 15.0
BACK_US: Final = DAY_US
"""An end that nobody found while no dispatcher ran is alerted for so long."""
AT_ONCE: Final = 500
"""Wearers whose caseload is read together."""


class ProtectionWatch:
    """Raises `protection_ended` where a victim's protection stops; the caseload is read again when it has changed."""

    def __init__(self, store: Store, work: AlertWork, zones: TimeZones) -> None:
        self._store = store
        self._work = work
        self._cache = WindowCache(zones)
        self._protections: Protections | None = None
        self._read = -1

    async def look(self, now_us: int) -> None:
        """Once; the same end twice is one alert."""
        newest = await self._store.reading.newest_learnt()
        if self._protections is None or newest != self._read:
            self._protections = await self._read_protections()
            self._read = newest
        ends = self._protections.ended(now_us - BACK_US, now_us)
        await self._work.raise_alerts([end.as_raise() for end in ends], now_us)

    async def _read_protections(self) -> Protections:
        reading = self._store.reading
        wearers = await reading.paired_wearers()
        versions: list[Version] = []
        for start in range(0, len(wearers), AT_ONCE):
            versions += await reading.caseload_of(wearers[start : start + AT_ONCE])
        return await asyncio.to_thread(Protections, versions, self._cache)
