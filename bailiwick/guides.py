"""By what alerts are looked at, as dispatch and the desk do it: the protocols in force, and everybody who may be told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from alerts.deciding import Guide
from alerts.forces import Forces
from alerts.ports import Notification, View
from alerts.recipients import Directory, Hook, resolve
from alerts.shipped import in_force
from alerts.state import Tell
from bailiwick.directory import read_directory, read_forces
from bailiwick.settings import Settings
from bailiwick.timezones import PinnedTimeZones
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import Channel
from store import Store

GUIDE_US: Final = 5 * SECOND_US
"""A change of the rota or of the protocols counts after so long at the latest."""
FORCES_US: Final = 10 * MINUTE_US
"""A change of the forces' boundaries."""


class Guides:
    """The protocols and everybody who may be told, read again when they are older than `GUIDE_US`.

    ``hooks``: other systems that are told. ``channels``: those that are set up.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        zones: PinnedTimeZones,
        hooks: tuple[Hook, ...],
        channels: frozenset[Channel],
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._trusted = settings.trusted()
        self._zones = zones
        self._hooks = hooks
        self._channels = channels
        self._clock = clock
        self._guide: Guide | None = None
        self._read_us = 0
        self._forces: Forces | None = None
        self._forces_us = 0

    async def guide(self) -> Guide:
        """As it was at most `GUIDE_US` ago."""
        now_us = self._clock()
        if self._guide is None or not 0 <= now_us - self._read_us < GUIDE_US:
            self._guide = await self._read(now_us)
            self._read_us = now_us
        return self._guide

    async def _read(self, now_us: int) -> Guide:
        if self._forces is None or not 0 <= now_us - self._forces_us < FORCES_US:
            self._forces = await read_forces(self._store)
            self._forces_us = now_us
        directory = await read_directory(
            self._store, self._zones, now_us, self._hooks, self._trusted, self._forces, self._channels
        )
        return Guide(in_force(await self._store.protocols.newest()), partial(_resolve, directory))


def _resolve(directory: Directory, tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
    return resolve(tell, view, directory, now_us)
