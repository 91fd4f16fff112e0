"""A command's whole way: asked over HTTP or by a rule, sent by dispatch, obeyed by a device over a real broker, answered through
ingest, read over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from alerts.desk import DeskGuide
from alerts.device_commands.figures import CommandFigures
from alerts.device_commands.service import CommandParts, serve
from alerts.dispatch import wall_clock
from alerts.publishing import AlertBroker, Publisher
from alerts.work_store import AlertWork
from api.app import create_app
from api.desk import AtDesk
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from domain.instants import SECOND_US
from geofence.timetable import WindowCache
from simulators.devices import Devices
from simulators.fleet import Fleet
from simulators.link import Address
from simulators.scenario import Network
from simulators.scenes import Silence
from store import Reading, Store
from store.audit_reading import AuditKept
from store.device_commands import DeviceCommands
from store.store import ConnectionLost
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import client_of
from tests.ingest.processes import ingesting, prepare
from tests.simulators.worlds import life, one, versions_of, wearer
from tests.store.alert_making import PROTOCOLS, ZONES, resolve
from tests.store.made import ask
from tests.waiting import eventually

pytestmark = pytest.mark.slow
OLA = asks("ola")
PATIENCE_S = 60.0


async def guide() -> DeskGuide:
    return DeskGuide(PROTOCOLS, resolve)


@dataclass
class Whole:
    """Everything at work, and one device."""

    url: str
    client: httpx2.AsyncClient
    fleet: Fleet

    async def ask(self, command: str, expires_in_s: int | None = None, **args: int) -> str:
        """Asks over HTTP; the command's id."""
        body: dict[str, Any] = {"command": command, "expires_in_s": expires_in_s}
        if args:
            body["args"] = {name.rstrip("_"): value for name, value in args.items()}
        answer = await self.client.post("/api/v1/devices/T1/commands", json=body, headers=OLA)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def command(self, number: str) -> dict[str, Any]:
        told: dict[str, Any] = (await self.client.get(f"/api/v1/commands/{number}", headers=OLA)).json()
        return told

    async def becomes(self, number: str, state: str) -> dict[str, Any]:
        """Waits until a command is in a state."""

        async def is_so() -> bool:
            return (await self.command(number))["state"] == state

        await eventually(is_so, f"command {number} becomes {state}", PATIENCE_S)
        return await self.command(number)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.url, query)

    def count(self, query: str) -> int:
        return int(self.rows(query)[0][0] or 0)


@asynccontextmanager
async def whole(url: str, broker: MosquittoBroker, records: list[dict[str, Any]], fleet: Fleet) -> AsyncIterator[Whole]:
    await prepare(url, versions_of(records))
    publisher = Publisher(AlertBroker("127.0.0.1", broker.port, "dispatch-devices"))
    stop = asyncio.Event()
    async with (
        ingesting(url, broker.url),
        await Store.open(url) as store,
        await Reading.open(url) as reading,
        await AuditKept.open(url) as audit,
        await AlertWork.open(url, ZONES) as work,
        await DeviceCommands.open(url) as commands,
    ):
        parts = CommandParts(commands, publisher, WindowCache(ZONES), wall_clock, CommandFigures(CollectorRegistry()))
        serving = asyncio.create_task(serve(parts, stop))
        desk = AtDesk(work, guide, wall_clock, store.rota.shifts, commands=commands)
        app = create_app(reading, (ConnectionLost,), zones=ZONES, desk=desk, door=HeaderDoor(), audit=audit)
        playing = asyncio.create_task(fleet.run(10.0))
        try:
            async with client_of(app) as client:
                yield Whole(url, client, fleet)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            stop.set()
            await serving
            await publisher.aclose()


def fleet_of(
    broker: MosquittoBroker, records: list[dict[str, Any]], rate_hz: float, network: Network, *silences: Silence
) -> Fleet:
    """One device that stays where the zone of its wearer is, or at home; it begins five seconds from now."""
    subject, speakers, run = one(records, 120.0, rate_hz)
    run = replace(run, start_us=time.time_ns() // 1_000_000 * 1000 + 5 * SECOND_US)
    kx, ky = subject.home.scale
    zones = [condition["zone"]["center"] for condition in records if condition.get("kind") == "exclusion_zone"]
    lon, lat = zones[0] if zones else (subject.home.lon, subject.home.lat)
    spot = ((lon - subject.home.lon) * kx, (lat - subject.home.lat) * ky)
    lives = [life((0, *spot), (120, *spot), silences=list(silences))]
    return Fleet(Devices(speakers, [subject], lives, run, 1), lives, [Address.parse(broker.url)], network, 1)


async def test_what_a_person_asks_is_done_and_what_comes_too_late_is_not(
    timescale_url: str, mosquitto: MosquittoBroker
) -> None:
    records = wearer(interval_s=60, upload_s=60)
    away = Silence((30.0, 45.0), keeps=True)
    fleet = fleet_of(mosquitto, records, 0.2, Network(session_s=600.0), away)
    async with whole(timescale_url, mosquitto, records, fleet) as at:
        fixes = "SELECT count(*) FROM fixes"
        await eventually(lambda: at.count(fixes) >= 1, "the device is heard", PATIENCE_S)
        before = at.count(fixes)
        located = await at.becomes(await at.ask("locate_now"), "ok")
        assert at.count(fixes) > before
        assert located["sent"] <= located["answered"] <= located["ended"]
        assert not located["late"]
        await at.becomes(await at.ask("set_interval", interval_s=1, upload_s=1), "ok")
        gaps = "SELECT fix_time - lag(fix_time) OVER (ORDER BY fix_time) AS gap FROM fixes"
        quick = f"SELECT count(*) FROM ({gaps}) g WHERE gap <= interval '1 second'"
        await eventually(lambda: at.count(quick) >= 4, "it says where it is each second", PATIENCE_S)
        await eventually(lambda: fleet.tally.connections == 1 and not fleet._ready, "it is away", PATIENCE_S)
        late, good = await at.ask("vibrate", expires_in_s=10), await at.ask("vibrate", expires_in_s=120)
        for number in (late, good):
            await at.becomes(number, "sent")
        await at.becomes(late, "expired")
        assert (await at.command(good))["state"] == "sent", "the broker keeps it for the device"
        await at.becomes(good, "ok")
        assert (await at.command(late))["state"] == "expired"
        assert at.count("SELECT count(*) FROM audit_entries") == 4


async def test_what_a_rule_asks_is_done_and_what_was_lost_comes_again(
    embedded_url: str, mosquitto: MosquittoBroker
) -> None:
    zone = {"type": "Circle", "center": [0.52, 51.23], "radius_m": 400.0}
    records = wearer({"kind": "exclusion_zone", "name": "x", "zone": zone}, interval_s=60, upload_s=60)
    fleet = fleet_of(mosquitto, records, 2.0, Network(lost=0.3))
    async with whole(embedded_url, mosquitto, records, fleet) as at:
        ruled = "SELECT count(*) FROM device_commands WHERE cause = 'violation' AND state = 'ok'"
        await eventually(lambda: at.count(ruled) == 1, "the violation shortened the interval", PATIENCE_S)
        ((args, about),) = at.rows("SELECT args, about FROM device_commands WHERE cause = 'violation'")
        assert args == {"interval_s": 15, "upload_s": 15}
        ((kind, is_open),) = at.rows(f"SELECT kind, open FROM violations_newest WHERE id = '{about}'")
        assert (kind, is_open) == ("exclusion_zone", True)
        assert fleet.tally.lost > 0
        last = at.count("SELECT max(seq) FROM all_fixes")
        received = f"SELECT count(*) FROM (SELECT seq FROM all_fixes UNION SELECT seq FROM all_equipment_events) s WHERE seq <= {last}"
        assert at.count(received) < last
        gen = fleet._devices.gen
        await at.becomes(await at.ask("resend", gen=gen, from_=1, to=last), "ok")
        await eventually(lambda: at.count(received) == last, "nothing is missing", PATIENCE_S)
