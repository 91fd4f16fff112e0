"""What dispatch looks for by the clock alone: orders with a victim that have ended or been suspended."""

from __future__ import annotations

import asyncio
from typing import Final

from alerts.protection_ends import Protections
from alerts.work_store import AlertWork
from bailiwick.paired_caseload import PairedCaseload
from domain.instants import DAY_US
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones

EVERY_S: Final = 15.0
BACK_US: Final = DAY_US
"""An end that nobody found while no dispatcher ran is alerted for so long."""


class ProtectionWatch:
    """Raises `protection_ended` where a victim's protection stops; the caseload is read again when it has changed."""

    def __init__(self, caseload: PairedCaseload, work: AlertWork, zones: TimeZones) -> None:
        self._caseload = caseload
        self._work = work
        self._cache = WindowCache(zones)
        self._protections: Protections | None = None
        self._read = -1

    async def look(self, now_us: int) -> None:
        """Once; the same end twice is one alert."""
        versions = await self._caseload.versions()
        if self._protections is None or self._caseload.newest != self._read:
            self._read = self._caseload.newest
            self._protections = await asyncio.to_thread(Protections, versions, self._cache)
        ends = self._protections.ended(now_us - BACK_US, now_us)
        await self._work.raise_alerts([end.as_raise() for end in ends], now_us)
