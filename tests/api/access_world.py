"""A small world for the table of access: wearers of two areas, each with one of everything, each marked by a word of their own.

A word that comes out where its wearer is not in sight has leaked, whatever the answer's status is.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx2
import psycopg
from fastapi import FastAPI
from psycopg import sql

from access.grants import Deed
from access.shipped import common_words
from api.app import create_app
from api.caseload_desk import AtCaseload
from api.desk import AtDesk
from api.export_files import AtExports
from api.hashing import Hashing
from api.sign_in import SignIn
from domain.breaches import BreachStep, Chosen, DatedStep
from domain.callers import Sight
from domain.caseload_file import written_objects
from domain.incidents import TakenIn
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from domain.networks import Network
from domain.records import Version
from domain.violations import FactId
from domain.vocabulary import DutyEvent, Kind, Role, WarrantKind
from store import Reading
from store.audit import Entry
from store.audit_reading import AuditKept
from store.breaches import NewCase
from store.contact_duties import WantedDuty
from store.device_commands import DeviceCommands
from store.exports import Exports
from store.permissions import Permissions
from store.requests import Circle, NewRequest
from store.store import ConnectionLost
from store.times import Connection
from store.warrants import NewWarrant
from tests.api.crime_rows import crime_of
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import client_of
from tests.api.signing_in import person, quick_hashing
from tests.api.working import Clock, guide
from tests.store.alert_making import ZONES, Made, alerts_at
from tests.store.made import NOON, ask, change_of, fixes_of, outage_of, violation_of, work_of

SINCE: Final = format_instant(NOON - 10 * DAY_US)
LOT: Final = "2026-03"
"""Of every location tag."""
SPARE: Final = "T-spare"
"""A device that nobody wears."""
UNTIL: Final = format_instant(NOON + 90 * DAY_US)
NIGHT: Final = [
    {"day": day, "start": "19:00", "end": "07:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
]
PROTECTED_LAT: Final = 50.1234
"""Where every protected person is."""


@dataclass(frozen=True)
class Subject:
    """A wearer of the table: their word, their area, where they are, and whether an alert of theirs is open."""

    word: str
    area: str
    lat: float
    open: bool
    visited: bool = False

    def __getattr__(self, letter: str) -> str:
        """The id of a record of theirs by its letter: ``OWN.W`` is the wearer, ``OWN.U`` the victim's unit."""
        if len(letter) > 2 or not letter.isupper():
            raise AttributeError(letter)
        return f"{letter}-{self.word}"

    @property
    def secret(self) -> str:
        """What of the protected person is told to those who work for them alone."""
        return f"Hidden {self.word[::-1]}"


OWN = Subject("Qk7", "kent", 51.2777, open=True)
CALM = Subject("Jm4", "kent", 51.3111, open=False)
FAR = Subject("Zx9", "essex", 51.8999, open=True, visited=True)
SUBJECTS: Final = (OWN, CALM, FAR)
IN_OUTAGE: Final = (OWN, FAR)
FORCES: Final = {FAR: "kent-police"}
"""Whose request about them was approved."""
AGENCIES: Final = {FAR: "kent-warrants"}
"""Who holds their warrant."""


def records_of(one: Subject) -> list[dict[str, Any]]:
    """One of every type, as lines of a caseload file."""
    visit = format_instant(NOON if one.visited else NOON - 3 * DAY_US)
    place = {"name": f"home {one.word}", "lon": 0.6, "lat": 51.3, "radius_m": 50}
    circle = {"type": "Circle", "center": [0.5, 51.9], "radius_m": 100}
    return [
        {"type": "wearer", "id": one.W, "name": f"Invented {one.word}"},
        {"type": "victim", "id": one.V, "name": one.secret, "contact": {"safe_channels": ["sms"]}},
        {"type": "device", "id": one.T, "kind": "gps_tag", "lot": LOT},
        {"type": "device", "id": one.U, "kind": "victim_unit"},
        {"type": "fitting", "id": one.F, "wearer": one.W, "device": one.T, "from": SINCE},
        {"type": "fitting", "id": one.FV, "victim": one.V, "device": one.U, "from": SINCE},
        {
            "type": "order",
            "id": one.O,
            "wearer": one.W,
            "kind": "community",
            "from": SINCE,
            "to": UNTIL,
            "area": one.area,
            "officer": {"name": "Dee Farrow", "email": f"{one.word}@example.org"},
        },
        {"type": "zone", "id": one.Z, "area": one.area, "name": f"school {one.word}", "shape": circle},
        {"type": "condition", "id": one.C, "order": one.O, "kind": "trail"},
        {"type": "condition", "id": one.P, "order": one.O, "kind": "proximity", "victim": one.V},
        {"type": "condition", "id": one.K, "order": one.O, "kind": "curfew", "place": place, "timetable": NIGHT},
        {"type": "condition", "id": one.N, "order": one.O, "kind": "exclusion_zone", "zone": {"id": one.Z}},
        {
            "type": "absence",
            "id": one.A,
            "condition": one.K,
            "from": SINCE,
            "to": format_instant(NOON - 9 * DAY_US),
        },
        {
            "type": "suspension",
            "id": one.S,
            "order": one.O,
            "from": SINCE,
            "to": format_instant(NOON - 9 * DAY_US),
            "reason": "custody",
        },
        {"type": "visit", "id": one.X, "wearer": one.W, "kind": "fit", "at": visit, "outcome": "done"},
        {"type": "equipment_check", "id": one.E, "device": one.T, "at": SINCE, "result": "sound"},
        {"type": "assessment", "id": one.B, "violation": f"{one.W}-1", "decision": "disputed", "at": SINCE},
    ]


def versions_of(*records: dict[str, Any]) -> list[Version]:
    """As a caseload file of these lines has them."""
    return [Version(record) for record in written_objects(records, "world", ZONES.names).records.values()]


@dataclass
class World:
    """The application over a real database, and what the calls need to know of it."""

    made: Made
    app: FastAPI
    client: httpx2.AsyncClient
    document: dict[str, Any]
    clock: Clock
    permissions: Permissions
    folder: Path
    alerts: dict[str, int] = field(default_factory=dict)
    """By the wearer's word: the standing alert's number."""
    pairs: dict[str, int] = field(default_factory=dict)
    """That of the alert about the pair."""
    contacts: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    mutes: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    warrants: dict[str, int] = field(default_factory=dict)
    crimes: dict[str, int] = field(default_factory=dict)
    breaches: dict[str, int] = field(default_factory=dict)
    duties: dict[str, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    exports: dict[str, int] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)
    given_out: Any = field(default_factory=lambda: itertools.count(1))

    def fresh(self) -> str:
        """A word that nothing is called by."""
        return f"n{next(self.given_out)}"

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return ask(self.made.url, query, *parameters)

    async def learn(self, *records: dict[str, Any]) -> None:
        """Enters records, and takes them as ingest does."""
        await self.made.learn(*versions_of(*records))

    def alerts_of(self, one: Subject) -> set[str]:
        """The numbers of all alerts of a wearer."""
        return {str(no) for (no,) in self.rows("SELECT alert_no FROM alerts WHERE wearer = %s", one.W)}

    async def raised(self, one: Subject, **more: Any) -> int:
        """A new alert of a wearer, its protocol begun; its number."""
        number = next(self.given_out)
        told = {"order": one.O, "condition": one.C, "evidence": (FactId(one.T, 0, 1), FactId(one.T, 0, 2))}
        await self.made.raised(f"{one.W}-{number + 100}", **(told | more))
        await self.made.look(self.clock())
        return self.newest("alerts", "alert_no")

    def newest(self, table: str, column: str) -> int:
        return int(self.rows(f"SELECT max({column}) FROM {table}")[0][0])

    async def post(self, path: str, body: Any = None) -> int:
        """What a supervisor of every area enters; its number."""
        answer = await self.client.post(f"/api/v1/{path}", json=body, headers=asks("sam", "supervisor"))
        assert answer.status_code in (200, 201, 202), (path, answer.text)
        return int(answer.json()["id"])

    async def request(self, one: Subject, force: str, *, approved: bool, place: bool = False) -> int:
        """A request about a wearer, or about the place where they are."""
        about: dict[str, Any] = {"place": Circle(0.5, one.lat, 200.0)} if place else {"wearer": one.W}
        wanted = NewRequest(force, "s.29 DPA", f"case {one.word}", NOON - DAY_US, NOON, NOON + DAY_US, **about)
        requests = self.permissions.requests
        number = await requests.ask(wanted, "pc-able", NOON, _entry(one, Deed.WRITE_REQUESTS), _nothing)
        if approved:
            assert await requests.decide(number, True, "right", "sue", NOON, _entry(one, Deed.APPROVE_REQUESTS))
        return number

    async def warrant(self, one: Subject) -> int:
        """A warrant; the far one's is held by the agency of kent."""
        agency = AGENCIES.get(one, "another-agency")
        wanted = NewWarrant(
            WarrantKind.BREACH, one.W, one.area, f"MC-{one.word}", NOON, agency, "P. Carey", (f"{one.W}-1",)
        )
        return await self.permissions.warrants.issue(wanted, "sue", NOON, _entry(one, Deed.WRITE_WARRANTS), _nothing)

    async def breach(self, one: Subject) -> int:
        """A breach case of their order."""
        order = await self.permissions.breaches.order(one.O, Sight(everything=True))
        assert order is not None
        found = DatedStep(0, BreachStep.IDENTIFIED, NOON - HOUR_US, None, "", None, "", NOON, "dee")
        new = NewCase(order, "court@2020-01-01", "identified", (found,), (Chosen(f"{one.W}-1", 1, relied=True),))
        return await self.permissions.breaches.open_case(new, "dee", NOON, _entry(one, Deed.WRITE_BREACHES), _nothing)

    async def duty(self, one: Subject) -> int:
        """What their protected person must be told, and has not been."""
        facts = {"kind": "community", "from": format_instant(NOON), "to": None}
        whose = (f"recall:{self.fresh()}", DutyEvent.STARTED, one.V, one.W, one.O, one.area)
        wanted = WantedDuty(*whose, facts, None, NOON, NOON, NOON + HOUR_US)
        async with self.made.store.duties.reckoning() as held:
            await held.write([wanted], [], [], NOON)
        return self.newest("contact_duties", "duty_no")

    async def hold(self, one: Subject) -> int:
        """A legal hold."""
        return await self.made.store.holds.enter(f"appeal {one.word}", _entry(one, Deed.WRITE_HOLDS))

    def export(self, asked_by: str, one: Subject) -> None:
        """An export that is done, with its manifest to be fetched."""
        number = self.rows(EXPORT, one.W, asked_by)[0][0]
        path = self.folder / str(number) / "manifest.json"
        path.parent.mkdir()
        path.write_text("{}")
        self.exports[one.word] = number

    def version(self, kind: str, name: str) -> str:
        """The newest version of a record, as `If-Match` names it."""
        found = self.rows("SELECT max(record_no) FROM caseload_records WHERE type = %s AND id = %s", kind, name)
        return f'"{found[0][0]}"'

    def digest(self) -> dict[str, str]:
        """What every table holds, in a word each: to see that nothing was changed."""
        with psycopg.connect(self.made.url, autocommit=True) as conn:
            tables = conn.execute(TABLES).fetchall()
            return {name: str(conn.execute(DIGEST.format(sql.Identifier(name))).fetchone()) for (name,) in tables}


EXPORT: Final = """
    INSERT INTO exports (kind, subject, state, asked_by, asked_role, asked_at, done_at, expires_at, rows, bytes, manifest_sha256, files)
    VALUES ('wearer', %s, 'done', %s, 'duty_manager', now(), now(), now() + interval '7 days', 0, 0, 'sum', '[]')
    RETURNING export_no"""
TABLES: Final = b"SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
DIGEST: Final = sql.SQL("SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM public.{} t")


@asynccontextmanager
async def world(url: str, folder: Path) -> AsyncIterator[World]:
    """Areas, wearers, fixes, alerts and what hangs on them; everything of the application is set up."""
    areas = [{"type": "area", "id": name, "kind": "police_force"} for name in ("kent", "essex")]
    spare = {"type": "device", "id": SPARE, "kind": "gps_tag"}
    everything = versions_of(*areas, spare, *(line for one in SUBJECTS for line in records_of(one)))
    clock = Clock()
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(alerts_at(url, *everything))
        reading = await stack.enter_async_context(await Reading.open(url, clock))
        audit = await stack.enter_async_context(await AuditKept.open(url))
        permissions = await stack.enter_async_context(await Permissions.open(url))
        exports = await stack.enter_async_context(await Exports.open(url))
        commands = await stack.enter_async_context(await DeviceCommands.open(url))
        hashing = quick_hashing()
        stack.callback(hashing.close)
        app = create_app(**_parts(made, reading, audit, permissions, exports, commands, hashing, clock, folder))
        client = await stack.enter_async_context(client_of(app))
        there = World(made, app, client, app.openapi(), clock, permissions, folder)
        await _filled(there)
        yield there


def _parts(
    made: Made,
    reading: Reading,
    audit: AuditKept,
    permissions: Permissions,
    exports: Exports,
    commands: DeviceCommands,
    hashing: Hashing,
    clock: Clock,
    folder: Path,
) -> dict[str, Any]:
    store = made.store
    caseload = AtCaseload(store.entry.entering, store.entry.looking, store.entry.seen, ZONES)
    kept = (store.holds, store.rota, store.protocols, store.handovers, store.views, store.patrol_links)
    desk = AtDesk(made.work, guide, clock, store.rota.shifts, caseload, AtExports(exports, folder), commands, *kept)
    sign_in = SignIn(store.accounts, store.sessions, store.keys, hashing, common_words(), clock, None, None)
    return {
        "reading": reading,
        "away": (ConnectionLost,),
        "now": clock,
        "zones": ZONES,
        "desk": desk,
        "door": HeaderDoor(),
        "sign_in": sign_in,
        "audit": audit,
        "permissions": permissions,
    }


async def _filled(there: World) -> None:
    """Facts, decisions, and what people did about them; the wearer who is nobody's business here comes first."""
    for one in (FAR, CALM, OWN):
        await _facts(there, one)
        await _alerts(there, one)
        await _records(there, one)
    await _outage(there)
    entry = Entry(
        NOON, "test", "administrator", "command", "", None, Deed.WRITE_ACCOUNTS.value, "account", ("standing",)
    )
    await there.made.store.accounts.make("standing", person(Role.OPERATOR), None, NOON, entry)
    for asked_by, one in (("duty_manager.kent", OWN), ("somebody-else", FAR)):
        there.export(asked_by, one)


async def _facts(there: World, one: Subject) -> None:
    for device, lat in ((one.T, one.lat), (one.U, PROTECTED_LAT)):
        facts = fixes_of(there.made.roster.index[device], [1, 2], NOON - 30 * MINUTE_US)
        facts["lat"] = lat
        await there.made.commit(facts=facts)


async def _alerts(there: World, one: Subject) -> None:
    evidence = (FactId(one.T, 0, 1), FactId(one.T, 0, 2))
    told: dict[str, Any] = {"order": one.O, "from_us": NOON - 40 * MINUTE_US, "decided_us": NOON - 30 * MINUTE_US}
    told |= {} if one.open else {"to_us": NOON - 35 * MINUTE_US}
    zone = violation_of(f"{one.W}-1", condition=one.N, evidence=evidence, **told)
    near = violation_of(
        *(f"{one.W}-2",), kind=Kind.PROXIMITY_ALERT, condition=one.P, victim=one.V, evidence=evidence, **told
    )
    await there.made.commit([zone])
    there.alerts[one.word] = there.newest("alerts", "alert_no")
    await there.made.commit([near])
    pair = there.pairs[one.word] = there.newest("alerts", "alert_no")
    await there.made.look(there.clock())
    there.tasks[one.word] = there.newest("tasks", "task_no")
    promise = {"promised": f"promised {one.word}", "promised_at": format_instant(NOON + HOUR_US)}
    said = {"party": "wearer", "answered": True, "said": f"said {one.word}"} | promise
    there.contacts[one.word] = await there.post(f"alerts/{there.alerts[one.word]}/contacts", said)
    if not one.open:
        for number in (there.alerts[one.word], pair):
            await there.post(f"alerts/{number}/claim")
            await there.post(f"alerts/{number}/close", {"outcome": "confirmed", "note": f"noted {one.word}"})


async def _records(there: World, one: Subject) -> None:
    """A mute, a request, a warrant: of each wearer, the request approved and the warrant held for the far one alone."""
    until = format_instant(NOON + HOUR_US)
    there.mutes[one.word] = await there.post("mutes", {"wearer": one.W, "to": until, "reason": f"quiet {one.word}"})
    there.requests[one.word] = await there.request(one, FORCES.get(one, "another-police"), approved=True)
    there.warrants[one.word] = await there.warrant(one)
    there.crimes[one.word] = crime_of(there.rows, one.area, f"crime-{len(there.crimes)}", one.W, one.lat)
    there.breaches[one.word] = await there.breach(one)
    there.duties[one.word] = await there.duty(one)
    there.holds[one.word] = await there.hold(one)
    if one.open:
        officer = {"officer": "PC 4411", "force": "Kent Police"}
        there.links[one.word] = await there.post(f"alerts/{there.alerts[one.word]}/patrol-links", officer)
    there.commands[one.word] = await there.post(f"devices/{one.T}/commands", {"command": "locate_now"})


async def _outage(there: World) -> None:
    """It took in the tags of those whose alerts are open, of whom none has been heard since."""
    cell = Network("234", "15", "7", "800")
    taken = tuple(TakenIn(one.T, one.W, None, cell) for one in IN_OUTAGE)
    losses = [
        violation_of(
            *(f"{one.W}-3",), kind=Kind.COMMUNICATION_LOST, condition=None, order=None, device=one.T, evidence=()
        )
        for one in IN_OUTAGE
    ]
    held = [replace(change_of(loss), grouped_under="outage-1") for loss in losses]
    there.made.commits += 1
    work = work_of(there.made.commits, there.made.roster, versions=losses, alerts=held)
    work.incidents = [(0, outage_of(taken=taken, devices=len(taken), silent=len(taken)))]
    await there.made.store.commit(work)


def _entry(one: Subject, deed: Deed) -> Entry:
    return Entry(NOON, "test", "police", "command", "", None, deed.value, "wearer", (one.W,))


async def _nothing(conn: Connection) -> None:
    """No key is noted."""
