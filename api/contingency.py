"""The list of those still silent in a mass outage, ranked by what their conditions require now.

Worked out for a few hundred wearers at a time beside the loop, so that a list of 18,000 stalls nobody, and kept for a few
seconds: several screens ask for the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeVar

from alerts.contingency import RANK, LastFix, Need, Requirements
from api.ports import Reading
from domain.instants import FAR_US, SECOND_US, format_instant
from domain.records import Version
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store.reading_types import IncidentDeviceRow, PositionRow

KEPT_US: Final = 10 * SECOND_US
AT_ONCE: Final = 500
"""Wearers whose caseload is read and judged together."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Silent:
    """A wearer, or a victim, with devices that have sent nothing since an incident took them in."""

    need: Need
    since_us: int
    wearer: str | None
    victim: str | None
    devices: tuple[IncidentDeviceRow, ...]

    @property
    def key(self) -> tuple[int, int, str, str]:
        """The order of the list: rank, then the longest silent."""
        return (RANK[self.need], self.since_us, self.wearer or "", self.victim or "")

    def as_json(self) -> dict[str, Any]:
        """`shapes.SilentWearer`."""
        released = next((one.released.value for one in self.devices if one.released is not None), None)
        return {
            "wearer": self.wearer,
            "victim": self.victim,
            "rank": RANK[self.need],
            "why": self.need.value,
            "since": format_instant(self.since_us),
            "released": released,
            "devices": [one.device for one in self.devices],
            "violations": [one.violation for one in self.devices],
        }


class Rankings:
    """Ranked lists by incident, each worked out once for all who ask within `KEPT_US`."""

    def __init__(self, reading: Reading, zones: TimeZones) -> None:
        self._reading = reading
        self._windows = WindowCache(zones)
        self._kept: dict[str, tuple[int, list[Silent]]] = {}
        self._devices: dict[str, tuple[int, list[IncidentDeviceRow]]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, incident: str, at_us: int) -> list[Silent]:
        """Who is still silent, the most urgent first, as of ``at_us`` or a little before."""
        async with self._one_at_a_time:
            kept = _fresh(self._kept, at_us)
            if incident not in kept:
                kept[incident] = (at_us, await self._rank(incident, at_us))
            return kept[incident][1]

    async def devices(self, incident: str, at_us: int) -> list[IncidentDeviceRow]:
        """Every device that an incident took in, as of ``at_us`` or a little before."""
        async with self._one_at_a_time:
            return await self._devices_of(incident, at_us)

    async def _devices_of(self, incident: str, at_us: int) -> list[IncidentDeviceRow]:
        kept = _fresh(self._devices, at_us)
        if incident not in kept:
            kept[incident] = (at_us, await self._reading.devices_of_incident(incident))
        return kept[incident][1]

    async def _rank(self, incident: str, at_us: int) -> list[Silent]:
        devices = await self._devices_of(incident, at_us)
        silent = [row for row in devices if row.silent_since_us is not None]
        silent.sort(key=lambda row: (row.wearer or "", row.victim or "", row.device))
        people = [(who, tuple(rows)) for who, rows in groupby(silent, key=lambda row: (row.wearer, row.victim))]
        found = [_silent(Need.VICTIM, who, rows) for who, rows in people if who[0] is None]
        wearers = [(who[0], rows) for who, rows in people if who[0] is not None]
        in_zone = await self._reading.lost_in_zone()
        for start in range(0, len(wearers), AT_ONCE):
            some = wearers[start : start + AT_ONCE]
            names = [wearer for wearer, _ in some]
            versions = await self._reading.caseload_of(names)
            fixes = await self._reading.newest_fixes(names)
            found += await asyncio.to_thread(self._judge, some, versions, fixes, in_zone, at_us)
        return sorted(found, key=lambda one: one.key)

    def _judge(
        self,
        some: Sequence[tuple[str, tuple[IncidentDeviceRow, ...]]],
        versions: Sequence[Version],
        fixes: Sequence[PositionRow],
        in_zone: Container[str],
        at_us: int,
    ) -> list[Silent]:
        required = Requirements(versions, self._windows)
        last = {row.wearer: LastFix(row.lon, row.lat, row.acc, row.t_us) for row in fixes}
        found = []
        for wearer, rows in some:
            need = required.need_of(wearer, at_us, last.get(wearer), lost_in_zone=wearer in in_zone)
            found.append(_silent(need, (wearer, None), rows))
        return found


def _fresh(kept: dict[str, tuple[int, T]], at_us: int) -> dict[str, tuple[int, T]]:
    """What was worked out within `KEPT_US`; the rest is dropped."""
    for name in [name for name, one in kept.items() if not 0 <= at_us - one[0] < KEPT_US]:
        del kept[name]
    return kept


def _silent(need: Need, who: tuple[str | None, str | None], rows: tuple[IncidentDeviceRow, ...]) -> Silent:
    since_us = min((row.silent_since_us or FAR_US) for row in rows)
    return Silent(need, since_us, *who, rows)
