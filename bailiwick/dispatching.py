"""The dispatch process put together: the database, the rota and the protocols in force, the channels and their words."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from alerts.dispatch import Parts, Watch, serve, wall_clock
from alerts.recipients import Hook
from alerts.waking import steadily
from alerts.work_store import AlertWork
from bailiwick import audit_anchoring, ingest_watch, keeping, protection_watch, victim_watch
from bailiwick.audit_anchoring import AnchorWatch
from bailiwick.audit_keys import load_key
from bailiwick.breach_routes import breach_routes
from bailiwick.channels import open_channels, set_up, wording_of
from bailiwick.commanding import command_devices
from bailiwick.contingency_command import EVERY_S, ContingencyWatch
from bailiwick.digests import digest_watches
from bailiwick.directory import rota_alerts
from bailiwick.guides import Guides
from bailiwick.ingest_watch import IngestWatch
from bailiwick.pack_notices import pack_watches
from bailiwick.paired_caseload import PairedCaseload
from bailiwick.protection_watch import ProtectionWatch
from bailiwick.settings import Settings
from bailiwick.timezones import PinnedTimeZones
from bailiwick.victim_watch import VictimWatch, duty_rules
from evidence.duty_rules import DutyRules
from evidence.routes import Routes
from store import Store
from store.device_commands import DeviceCommands

ROTA_S: Final = 300.0
"""Between two searches for gaps of the rota."""
ZONE_OF_TEXTS: Final = "Europe/London"


@dataclass(frozen=True, slots=True)
class Dispatching:
    """What `dispatch` is told. ``hooks``: other systems that are told. ``metrics_port`` None opens nothing."""

    settings: Settings
    zones: PinnedTimeZones
    metrics_port: int | None = None
    hooks: tuple[Hook, ...] = ()
    clock: Callable[[], int] = wall_clock
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def dispatch(told: Dispatching) -> None:
    """Runs until ``told.stop`` is set; the database is waited for."""
    client_id = f"bailiwick-dispatch-{socket.gethostname()}-{os.getpid()}"
    rules = duty_rules(told.settings.duties)
    wording = wording_of(told.settings, told.zones.calendar(ZONE_OF_TEXTS))
    routes = breach_routes(told.settings, told.zones)
    async with open_channels(told.settings, told.clock, client_id) as senders:
        there = set_up(senders)

        async def once() -> None:
            url = told.settings.database()
            async with (
                await Store.open(url) as store,
                await AlertWork.open(url, told.zones) as work,
                await DeviceCommands.open(url) as commands,
                asyncio.TaskGroup() as group,
            ):
                guides = Guides(store, told.settings, told.zones, told.hooks, there, told.clock)
                parts = Parts(
                    store=work,
                    guide=guides.guide,
                    channels=senders,
                    compose=wording.words,
                    watches=[
                        _rota_watch(store, work, guides),
                        Watch("watching ingest", ingest_watch.EVERY_S, IngestWatch(work).look),
                        *_protection_watches(store, work, told.zones, rules, routes),
                        *_audit_watches(store, told.settings),
                        *_contingency_watches(store, told.zones, told.settings),
                        *digest_watches(store, routes, senders, told.settings),
                        *pack_watches(store, senders, told.settings),
                        Watch("letting go what is old", keeping.EVERY_S, partial(keeping.look, told.settings)),
                    ],
                    clock=told.clock,
                    metrics_port=told.metrics_port,
                )
                group.create_task(serve(parts, told.stop))
                devices_id, registry = f"{client_id}-devices", parts.figures.registry
                asking = command_devices(
                    commands, told.settings, told.zones, registry, told.clock, devices_id, told.stop
                )
                group.create_task(asking)

        await steadily(told.stop, "opening the database", once)


def _rota_watch(store: Store, work: AlertWork, guides: Guides) -> Watch:
    async def look(now_us: int) -> None:
        protocols = (await guides.guide()).protocols
        await work.raise_alerts(await rota_alerts(store, protocols, now_us), now_us)

    return Watch("watching the rota", ROTA_S, look)


def _protection_watches(
    store: Store, work: AlertWork, zones: PinnedTimeZones, rules: DutyRules, routes: Routes
) -> list[Watch]:
    caseload = PairedCaseload(store)
    ends = ProtectionWatch(caseload, work, zones)
    told = VictimWatch(store, work, caseload, rules, routes, zones)
    return [
        Watch("watching orders that protect", protection_watch.EVERY_S, ends.look),
        Watch("watching who must be told", victim_watch.EVERY_S, told.look),
    ]


def _audit_watches(store: Store, settings: Settings) -> list[Watch]:
    """None where nothing signs: `doctor` says so."""
    if settings.audit_key is None:
        return []
    watch = AnchorWatch(store.audit_log, load_key(settings.audit_key), settings.audit_anchors)
    return [Watch("anchoring the audit", audit_anchoring.EVERY_S, watch.look)]


def _contingency_watches(store: Store, zones: PinnedTimeZones, settings: Settings) -> list[Watch]:
    """None where no folder is set; unsigned where nothing signs."""
    if settings.contingency_folder is None:
        return []
    key = None if settings.audit_key is None else load_key(settings.audit_key)
    watch = ContingencyWatch(store, zones, settings.contingency_folder, key, settings.centre_phone)
    return [Watch("writing the contingency list", EVERY_S, watch.look)]


def run(told: Dispatching) -> None:
    """The process: its own event loop, logs as JSON lines on standard error, SIGTERM and SIGINT to stop."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.stop.set)
        await dispatch(told)

    with asyncio.Runner(loop_factory=_new_loop()) as runner:
        runner.run(main())


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is to be had."""
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
