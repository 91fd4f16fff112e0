"""A small night at a centre: invented wearers with orders, homes, zones and a day of fixes, and alerts of most sorts.

The clock stands at `NIGHT` until a test moves it. Whoever asks says who they are in a header (`tests.api.doors`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import numpy as np
from fastapi import FastAPI

from access.shipped import common_words
from alerts.work_store import AlertWork
from api.app import create_app
from api.caseload_desk import AtCaseload
from api.desk import AtDesk
from api.export_files import AtExports
from api.sign_in import SignIn
from domain.facts import Facts, Roster
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from domain.violations import FactId
from domain.vocabulary import Kind, Severity
from store import Reading, Store
from store.audit_reading import AuditKept
from store.device_commands import DeviceCommands
from store.exports import Exports
from store.permissions import Permissions
from store.store import ConnectionLost
from tests.api.access_world import versions_of
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import client_of
from tests.api.signing_in import quick_hashing
from tests.api.working import Clock, guide
from tests.store.alert_making import ZONES, Made, alerts_at
from tests.store.made import NOON, ask, change_of, fixes_of, violation_of

NIGHT: Final = NOON + 10 * HOUR_US + 30 * MINUTE_US
"""Saturday 21 November 2026, 22:30 in London."""
OLA: Final = asks("ola")
SAM: Final = asks("sam", "supervisor")
DEE: Final = asks("dee", "officer", "london")

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NIGHTS: Final = [{"day": day, "start": "19:00", "end": "07:00"} for day in DAYS]
NAMES: Final = (
    ("W1001", "Alder Finch", 51.5310, -0.1210),
    ("W1002", "Bryn Okafor", 51.5150, -0.0720),
    ("W1003", "Carys Holt", 51.4980, -0.1100),
    ("W1004", "Dov Marsh", 51.5460, -0.0550),
    ("W1005", "Esme Quill", 51.4710, -0.0690),
    ("W1006", "Farid Lowe", 51.5560, -0.1410),
    ("W1007", "Greta Thorn", 51.5080, -0.0100),
    ("W1008", "Hal Penrose", 51.4870, -0.1720),
)
"""Invented people, and where each lives."""


def _square(lon: float, lat: float, half: float = 0.002) -> dict[str, Any]:
    west, east, south, north = lon - half * 1.6, lon + half * 1.6, lat - half, lat + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def records_of(number: int) -> list[dict[str, Any]]:
    """One wearer's lines of a caseload file."""
    wearer, name, lat, lon = NAMES[number]
    since = format_instant(NIGHT - 40 * DAY_US)
    home = {"name": f"{number + 1} Invented Row", "lon": lon, "lat": lat, "radius_m": 50}
    return [
        {
            "type": "wearer",
            "id": wearer,
            "name": name,
            "level": ("standard", "enhanced", "intensive")[number % 3],
            "born": f"19{80 + number}-03-0{number + 1}",
            "phones": [f"0700 900{number:03d}"],
            "language": "cy" if number == 2 else "en",
            "needs": ["hard of hearing"] if number == 1 else [],
            "staff_safety": ["Two people at every visit: a large dog"] if number == 0 else [],
            "ids": {"pnc": f"26/{number}00X"},
        },
        {
            "type": "device",
            "id": f"T{wearer}",
            "kind": "gps_tag",
            "model": "Invented 4",
            "firmware": "2.1",
            "lot": "2026-03",
        },
        {"type": "fitting", "id": f"F{wearer}", "wearer": wearer, "device": f"T{wearer}", "from": since},
        {
            "type": "order",
            "id": f"O{wearer}",
            "wearer": wearer,
            "kind": ("community", "bail", "hdc", "licence")[number % 4],
            "from": since,
            "to": format_instant(NIGHT + 80 * DAY_US),
            "area": "london",
            "organisation": "probation",
            "officer": {"name": "Dee Farrow", "email": "dee.farrow@example.org"},
        },
        {
            "type": "condition",
            "id": f"C{wearer}",
            "order": f"O{wearer}",
            "kind": "curfew",
            "place": home,
            "timetable": NIGHTS,
        },
        {
            "type": "condition",
            "id": f"Z{wearer}",
            "order": f"O{wearer}",
            "kind": "exclusion_zone",
            "name": "the High Street",
            "zone": _square(lon + 0.012, lat + 0.006),
        },
        {"type": "condition", "id": f"L{wearer}", "order": f"O{wearer}", "kind": "trail"},
    ]


SHARED: Final[list[dict[str, Any]]] = [
    {"type": "area", "id": "london", "kind": "police_force", "name": "London"},
    {
        "type": "zone",
        "id": "school",
        "area": "london",
        "name": "Invented Primary School",
        "shape": _square(-0.1, 51.52),
    },
    {
        "type": "victim",
        "id": "V1",
        "name": "Hidden Person",
        "contact": {"safe_channels": ["sms"], "safe_words": "Please ring us"},
    },
    {"type": "device", "id": "U1", "kind": "victim_unit"},
    {"type": "fitting", "id": "FV1", "victim": "V1", "device": "U1", "from": format_instant(NIGHT - 40 * DAY_US)},
    {"type": "condition", "id": "PW1001", "order": "OW1001", "kind": "proximity", "victim": "V1"},
    {
        "type": "condition",
        "id": "SW1002",
        "order": "OW1002",
        "kind": "exclusion_zone",
        "name": "the school",
        "zone": {"id": "school"},
    },
]


@dataclass
class World:
    """The application over a real database, with people in it."""

    made: Made
    app: FastAPI
    client: httpx2.AsyncClient
    clock: Clock
    raised_ones: int = 0

    def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows, past everything."""
        return ask(self.made.url, query, *parameters)

    async def get(self, path: str, who: dict[str, str] = OLA) -> Any:
        """The JSON of the API at ``path``."""
        answer = await self.client.get(f"/api/v1/{path}", headers=who)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def post(self, path: str, body: Any = None, who: dict[str, str] = OLA) -> Any:
        """The JSON that came back from a change."""
        answer = await self.client.post(f"/api/v1/{path}", json=body, headers=who)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json()

    async def raised(
        self, wearer: str, kind: Kind, severity: Severity, ago_us: int = MINUTE_US, late_us: int = 0, **more: Any
    ) -> int:
        """A violation with its alert, decided ``ago_us`` before now about what was ``late_us`` earlier; the alert's number."""
        self.raised_ones += 1
        decided = self.clock() - ago_us
        told = {
            "order": f"O{wearer}",
            "condition": f"Z{wearer}",
            "from_us": decided - late_us - MINUTE_US,
            "decided_us": decided,
        }
        told |= {"late": late_us > 600 * SECOND_US, "evidence": self.evidence(wearer)}
        found = violation_of(f"{wearer}-{self.raised_ones}", kind=kind, **(told | more))
        await self.made.commit([found], [change_of(found, severity=severity)], at_us=self.clock())
        await self.made.look(self.clock())
        return int(self.ask("SELECT max(alert_no) FROM alerts")[0][0])

    def evidence(self, wearer: str) -> tuple[Any, ...]:
        """The last two facts of a wearer's tag."""
        return (FactId(f"T{wearer}", 0, 1439), FactId(f"T{wearer}", 0, 1440))


def day_of_fixes(made: Made, number: int) -> Facts:
    """A fix a minute over the last day: at home, a walk with a gap in it, and at the end in the zone's middle."""
    wearer, _, lat, lon = NAMES[number]
    minutes = np.arange(1, 1441)
    facts = fixes_of(made.roster.index[f"T{wearer}"], list(minutes), NIGHT - DAY_US)
    rng = np.random.default_rng(number)
    away = np.clip((minutes - 700) / 60, 0, 1) * np.clip((1300 - minutes) / 60, 0, 1)
    to_zone = np.clip((minutes - 1425) / 10, 0, 1)
    angle = minutes / 70
    facts["lat"] = lat + away * 0.008 * np.sin(angle) + to_zone * 0.006 + rng.normal(0, 4e-5, 1440)
    facts["lon"] = lon + away * 0.012 * np.cos(angle) + to_zone * 0.012 + rng.normal(0, 6e-5, 1440)
    facts["t_us"] = NIGHT - DAY_US + minutes * MINUTE_US - 20 * SECOND_US
    facts["received_us"] = facts["t_us"] + 2 * SECOND_US
    facts["acc"] = 8 + rng.random(1440) * 20
    facts["spd"] = np.where((away > 0) & (away < 1), 1.4, 0.0)
    keep = ~((minutes > 900) & (minutes < 930))
    kept = facts[keep]
    kept["line"] = np.arange(len(kept))
    return kept


@dataclass(frozen=True)
class Begun:
    """How far ingest is in a database that was filled: a copy of it goes on from there."""

    roster: Roster
    commits: int
    raised_ones: int


async def fill(url: str, folder: Path) -> Begun:
    """Puts the centre into an empty database: everybody, a day of fixes, the alerts."""
    async with night(url, folder) as world:
        return Begun(world.made.roster, world.made.commits, world.raised_ones)


@asynccontextmanager
async def going_on(url: str, begun: Begun) -> AsyncIterator[Made]:
    """Over a copy of a database that was filled."""
    async with await Store.open(url) as store, await AlertWork.open(url, ZONES) as work:
        yield Made(store, work, url, deepcopy(begun.roster), begun.commits)


@asynccontextmanager
async def night(
    url: str, folder: Path, wearers: int = len(NAMES), *, alerts: bool = True, begun: Begun | None = None
) -> AsyncIterator[World]:
    """The centre at `NIGHT`; without ``begun`` the database is empty and is filled, with the alerts unless they are not wanted."""
    lines = [*SHARED, *(line for number in range(wearers) for line in records_of(number))]
    clock = Clock()
    clock.now_us = NIGHT
    async with AsyncExitStack() as stack:
        there = alerts_at(url, *versions_of(*lines)) if begun is None else going_on(url, begun)
        made = await stack.enter_async_context(there)
        reading = await stack.enter_async_context(await Reading.open(url, clock))
        audit = await stack.enter_async_context(await AuditKept.open(url))
        permissions = await stack.enter_async_context(await Permissions.open(url))
        exports = await stack.enter_async_context(await Exports.open(url))
        commands = await stack.enter_async_context(await DeviceCommands.open(url))
        hashing = quick_hashing()
        stack.callback(hashing.close)
        store = made.store
        caseload = AtCaseload(store.entry.entering, store.entry.looking, store.entry.seen, ZONES)
        kept = (store.holds, store.rota, store.protocols, store.handovers, store.views, store.patrol_links)
        desk = AtDesk(made.work, guide, clock, store.rota.shifts, caseload, AtExports(exports, folder), commands, *kept)
        sign_in = SignIn(store.accounts, store.sessions, store.keys, hashing, common_words(), clock, None, None)
        app = create_app(
            reading,
            (ConnectionLost,),
            clock,
            ZONES,
            desk,
            door=HeaderDoor(),
            sign_in=sign_in,
            audit=audit,
            permissions=permissions,
        )
        client = await stack.enter_async_context(client_of(app))
        world = World(made, app, client, clock, 0 if begun is None else begun.raised_ones)
        if begun is None:
            for number in range(wearers):
                await made.commit(facts=day_of_fixes(made, number), at_us=clock())
            if alerts:
                await some_alerts(world)
        yield world


async def some_alerts(world: World) -> None:
    """Of every severity; one late, one cleared, one that somebody holds."""
    await world.raised("W1006", Kind.BATTERY_LOW, Severity.WARNING, 55 * MINUTE_US, condition=None, device="TW1006")
    await world.raised("W1005", Kind.CURFEW, Severity.SERIOUS, 41 * MINUTE_US, condition="CW1005")
    await world.raised("W1004", Kind.ZONE_EDGE, Severity.WARNING, 30 * MINUTE_US, to_us=world.clock() - 20 * MINUTE_US)
    await world.raised("W1003", Kind.EXCLUSION_ZONE, Severity.SERIOUS, 12 * MINUTE_US, late_us=4 * HOUR_US)
    await world.raised("W1002", Kind.STRAP_TAMPER, Severity.CRITICAL, 6 * MINUTE_US, condition=None, device="TW1002")
    await world.raised(
        "W1002", Kind.COMMUNICATION_LOST, Severity.SERIOUS, 4 * MINUTE_US, condition=None, device="TW1002"
    )
    await world.raised("W1001", Kind.EXCLUSION_ZONE, Severity.CRITICAL, 2 * MINUTE_US)
    await world.raised("W1007", Kind.ZONE_TRANSIT, Severity.INFORMATION, MINUTE_US)
    held = await world.raised(
        "W1008", Kind.SHIELDING, Severity.CRITICAL, 9 * MINUTE_US, condition=None, device="TW1008"
    )
    await world.post(f"alerts/{held}/claim", who=asks("pia"))
