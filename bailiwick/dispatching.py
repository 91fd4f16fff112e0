"""The dispatch process put together: the database, the rota and the protocols in force, the channels and their words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from alerts.channels.channel import Sender
from alerts.deciding import Guide
from alerts.dispatch import Parts, Watch, serve, wall_clock
from alerts.forces import Forces
from alerts.ports import Leased, Notification, View
from alerts.recipients import Directory, resolve
from alerts.shipped import in_force
from alerts.state import Tell
from alerts.waking import steadily
from alerts.wording import Words
from alerts.work_store import AlertWork
from bailiwick.directory import read_directory, read_forces, rota_alerts
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import Channel
from geofence.wallclock import TimeZones
from store import Store

GUIDE_US: Final = 5 * SECOND_US
"""A change of the rota or of the protocols counts after so long at the latest."""
FORCES_US: Final = 10 * MINUTE_US
"""A change of the forces' boundaries."""
ROTA_S: Final = 300.0
"""Between two searches for gaps of the rota."""


@dataclass(frozen=True, slots=True)
class Dispatching:
    """What `dispatch` is told: where the database is, what is sent by, and how it is worded."""

    database_url: str
    zones: TimeZones
    channels: Mapping[Channel, Sender]
    compose: Callable[[Leased], Words]
    trusted: frozenset[Channel] = frozenset({Channel.CONSOLE})
    metrics_port: int | None = None


class Guides:
    """The protocols and everybody who may be told, read again when they are older than `GUIDE_US`."""

    def __init__(self, store: Store, dispatching: Dispatching, clock: Callable[[], int]) -> None:
        self._store = store
        self._dispatching = dispatching
        self._clock = clock
        self._guide: Guide | None = None
        self._read_us = 0
        self._forces = Forces()
        self._forces_us: int | None = None

    async def guide(self) -> Guide:
        """As it was at most `GUIDE_US` ago."""
        now_us = self._clock()
        if self._guide is None or not 0 <= now_us - self._read_us < GUIDE_US:
            self._guide = await self._read(now_us)
            self._read_us = now_us
        return self._guide

    async def _read(self, now_us: int) -> Guide:
        if self._forces_us is None or not 0 <= now_us - self._forces_us < FORCES_US:
            self._forces = await read_forces(self._store)
            self._forces_us = now_us
        told = self._dispatching
        directory = await read_directory(self._store, told.zones, now_us, trusted=told.trusted, forces=self._forces)
        return Guide(in_force(await self._store.protocols.newest()), partial(_resolve, directory))


def _resolve(directory: Directory, tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
    return resolve(tell, view, directory, now_us)


async def dispatch(told: Dispatching, stop: asyncio.Event, clock: Callable[[], int] = wall_clock) -> None:
    """Runs until ``stop``; the database is waited for."""

    async def once() -> None:
        async with (
            await Store.open(told.database_url) as store,
            await AlertWork.open(told.database_url, told.zones) as work,
        ):
            guides = Guides(store, told, clock)

            async def look_for_gaps(now_us: int) -> None:
                protocols = (await guides.guide()).protocols
                await work.raise_alerts(await rota_alerts(store, protocols, now_us), now_us)

            watches = [Watch("watching the rota", ROTA_S, look_for_gaps)]
            parts = Parts(
                work, guides.guide, told.channels, told.compose, watches, clock, metrics_port=told.metrics_port
            )
            await serve(parts, stop)

    try:
        await steadily(stop, "opening the database", once)
    finally:
        for channel in told.channels.values():
            await channel.aclose()
