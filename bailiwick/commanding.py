"""Commands to devices as the dispatch process sends them: the broker of the settings, under a client id of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.service import CommandParts, serve
from alerts.publishing import AlertBroker, Publisher
from bailiwick.settings import Settings
from bailiwick.timezones import PinnedTimeZones
from geofence.timetable import WindowCache
from ingest.broker import BrokerAddress
from store.device_commands import DeviceCommands


async def command_devices(
    store: DeviceCommands,
    settings: Settings,
    zones: PinnedTimeZones,
    registry: CollectorRegistry,
    clock: Callable[[], int],
    client_id: str,
    stop: asyncio.Event,
) -> None:
    """Until ``stop``."""
    publisher = publisher_of(settings, client_id)
    try:
        await serve(CommandParts(store, publisher, WindowCache(zones), clock, CommandFigures(registry)), stop)
    finally:
        if publisher is not None:
            await publisher.aclose()


def publisher_of(settings: Settings, client_id: str) -> Publisher | None:
    """Publishes to the broker of `MQTT_URL`; None where none is set."""
    if settings.mqtt_url is None:
        return None
    at = BrokerAddress.parse(settings.broker(), **settings.mqtt_files())
    return Publisher(AlertBroker(at.host, at.port, client_id, at.username, at.password, at.context()))
