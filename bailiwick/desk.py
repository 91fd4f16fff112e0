"""The desk put together: alert work, and by what alerts are looked at, as dispatch has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from alerts.desk import DeskGuide
from alerts.dispatch import wall_clock
from alerts.recipients import Hook
from alerts.work_store import AlertWork
from api.caseload_desk import AtCaseload
from api.desk import AtDesk
from api.export_files import AtExports
from bailiwick.channels import open_channels, set_up
from bailiwick.guides import Guides
from bailiwick.settings import Settings
from bailiwick.timezones import PinnedTimeZones
from bailiwick.victim_watch import duty_rules
from store import Store
from store.device_commands import DeviceCommands
from store.exports import Exports


@asynccontextmanager
async def open_exports(settings: Settings) -> AsyncIterator[AtExports | None]:
    """The exports that may be asked for; None where no folder is set."""
    if settings.exports_folder is None:
        yield None
        return
    async with await Exports.open(settings.database()) as exports:
        yield AtExports(exports, settings.exports_folder)


@asynccontextmanager
async def open_desk(
    settings: Settings,
    zones: PinnedTimeZones,
    hooks: tuple[Hook, ...] = (),
    clock: Callable[[], int] = wall_clock,
) -> AsyncIterator[AtDesk]:
    """A desk over the database of the settings. Raises `store.store.ConnectionLost` when that cannot be reached.

    Nobody is told from here: what the desk decides is sent by dispatch, so only which channels are set up matters.
    """
    async with open_channels(settings, clock, "bailiwick-desk") as senders:
        there = set_up(senders)
    url = settings.database()
    async with (
        await Store.open(url) as store,
        await AlertWork.open(url, zones) as work,
        open_exports(settings) as exports,
        await DeviceCommands.open(url) as commands,
    ):
        guides = Guides(store, settings, zones, hooks, there, clock)

        async def guide() -> DeskGuide:
            found = await guides.guide()
            return DeskGuide(found.protocols, found.resolve)

        caseload = AtCaseload(store.entry.entering, store.entry.looking, store.entry.seen, zones)
        kept = (store.holds, store.rota, store.protocols, store.handovers, store.views, store.patrol_links)
        tries = duty_rules(settings.duties).at(clock()).tries
        yield AtDesk(work, guide, clock, store.rota.shifts, caseload, exports, commands, *kept, tries_to_tell=tries)
