"""Whom a force, an agency, a field officer sees for a reason of their own, asked with no more rights than the API's login has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import psycopg
import pytest

from access.grants import Deed
from api.given import Given
from domain.callers import Caller, Sight
from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from domain.records import Version
from domain.violations import FactId
from domain.vocabulary import Kind, Quality, Role, Source, WarrantKind, WarrantOutcome
from store import Reading
from store.audit import entry_of
from store.permissions import Box, Permissions
from store.requests import NewRequest
from store.times import Connection
from store.warrants import End, NewWarrant
from tests.store.alert_making import ZONES, Made, alerts_at
from tests.store.made import NOON, ask, fixes_of
from tests.store.test_roles import login_as

LONG = {"from": "2026-11-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}
KENT = {"type": "Polygon", "coordinates": [[[0, 51], [1, 51], [1, 52], [0, 52], [0, 51]]]}
ESSEX = {"type": "Polygon", "coordinates": [[[0, 52], [1, 52], [1, 53], [0, 53], [0, 52]]]}
PC = Caller("pc-able", Role.POLICE, frozenset({"south"}), organisation="kent-police")
EVE = Caller("eve", Role.ENFORCEMENT, frozenset({"kent"}), organisation="kent-warrants")
FAY = Caller("fay", Role.FIELD, frozenset({"kent"}))


async def nothing(conn: Connection) -> None:
    """Nothing is noted."""


def record(**body: Any) -> Version:
    return Version(parse_record(body, ZONES.names))


def wearer(number: int, area: str) -> list[Version]:
    name = f"W{number}"
    return [
        record(type="wearer", id=name, name=f"Invented {name}"),
        record(type="device", id=f"T{number}", kind="gps_tag"),
        record(**{"type": "fitting", "id": f"F{number}", "wearer": name, "device": f"T{number}", "from": LONG["from"]}),
        record(**{"type": "order", "id": f"O{number}", "wearer": name, "kind": "bail", "area": area} | LONG),
    ]


CASELOAD = [
    record(type="area", id="south", kind="region"),
    *(record(type="area", id=name, kind="police_force", parent="south") for name in ("kent", "surrey")),
    record(type="area", id="essex", kind="police_force"),
    *(one for number in range(2, 6) for one in wearer(number, "essex" if number == 4 else "kent")),
]


@asynccontextmanager
async def asked(url: str) -> AsyncIterator[tuple[Made, Permissions]]:
    """The caseload, and the tables as the login of the API reads them."""
    async with alerts_at(url, *CASELOAD) as made:
        with login_as(url, "bailiwick_api") as as_api:
            async with await Permissions.open(as_api) as permissions:
                yield made, permissions


async def at_place(made: Made, number: int, lon: float, lat: float, t_us: int = NOON, **values: Any) -> None:
    facts = fixes_of(made.roster.index[f"T{number}"], [t_us // SECOND_US % 10**6], t_us)
    facts["lon"], facts["lat"] = lon, lat
    for name, value in values.items():
        facts[name] = value
    await made.commit(facts=facts)


async def test_a_force_sees_who_is_in_its_ground_by_the_newest_used_fix(database_url: str) -> None:
    async with asked(database_url) as (made, permissions):
        given = Given(permissions, ZONES)
        await made.store.rota.enter_boundaries({"kent": KENT, "essex": ESSEX}, "test")
        await at_place(made, 2, 0.5, 52.5, NOON - MINUTE_US)
        await at_place(made, 2, 0.5, 51.5)
        await at_place(made, 3, 0.5, 52.5)
        await at_place(made, 3, 0.5, 51.5, NOON + MINUTE_US, quality=Quality.IMPLAUSIBLE)
        await at_place(made, 4, 0.5, 51.5, NOON - DAY_US - HOUR_US)
        await at_place(made, 5, 0.5, 51.5, src=Source.LBS)
        now = NOON + 2 * MINUTE_US
        assert await given.given_to(PC, now) == {"W2"}, "rejected, old and cell fixes say nothing of now"
        essex = Caller("pc-else", Role.POLICE, frozenset({"essex"}))
        assert await given.given_to(essex, now) == {"W3"}
        assert await given.given_to(Caller("pc-x", Role.POLICE, frozenset({"nowhere"})), now) == frozenset()
        await at_place(made, 2, 0.5, 52.5, NOON + MINUTE_US)
        assert await given.given_to(PC, now + SECOND_US) == {"W2"}, "asked once in five seconds"
        assert await given.given_to(PC, now + 5 * SECOND_US) == frozenset()


async def test_a_force_sees_whom_it_was_told_of_while_the_alert_is_open(database_url: str) -> None:
    async with asked(database_url) as (made, permissions):
        given = Given(permissions, ZONES)
        await made.raised("W4-1", kind=Kind.STRAP_TAMPER)
        await made.look()
        assert await given.given_to(PC, NOON) == frozenset()
        ask(database_url, "UPDATE notifications SET recipient = 'force:surrey' WHERE target = 'police' RETURNING 1")
        assert await given.given_to(PC, NOON) == {"W4"}, "an area below theirs"
        assert await permissions.forces_told(1) == {"surrey"}
        ask(database_url, "UPDATE notifications SET sends = false, state = 'suppressed' RETURNING 1")
        assert await given.given_to(PC, NOON) == frozenset(), "what was not sent told nobody"
        ask(database_url, "UPDATE notifications SET sends = true RETURNING 1")
        ask(database_url, "UPDATE alert_work SET work = 'closed', closed_at = now() RETURNING 1")
        assert await given.given_to(PC, NOON) == frozenset()


async def test_a_request_puts_its_wearer_in_sight_and_a_warrant_too(database_url: str) -> None:
    async with asked(database_url) as (_, permissions):
        given = Given(permissions, ZONES)
        wanted = NewRequest("kent-police", "s.29", "burglary", NOON - DAY_US, NOON, NOON + DAY_US, wearer="W4")
        entry = entry_of(PC, NOON, Deed.WRITE_REQUESTS, "wearer", ["W4"])
        no = await permissions.requests.ask(wanted, "pc-able", NOON, entry, nothing)
        assert await given.given_to(PC, NOON) == frozenset()
        assert await permissions.requests.decide(no, True, "right", "sue", NOON, entry)
        assert await given.given_to(PC, NOON) == {"W4"}
        assert await given.by_force(PC, NOON) == frozenset(), "by a request, not by an alert"
        assert await permissions.requests.revoke(no, "over", "sue", NOON, entry)
        await permissions.requests.used([no], "pc-able", NOON)

        issued = NewWarrant(WarrantKind.RECALL, "W5", "kent", "MC-1", NOON, "kent-warrants", "P. Carey", ("W5-1",))
        warrant = await permissions.warrants.issue(issued, "sue", NOON, entry, nothing)
        assert await given.given_to(EVE, NOON) == {"W5"}
        assert await permissions.warrants.hand_over(warrant, 1, "another", "Q", "eve", NOON, entry)
        assert await given.given_to(EVE, NOON) == frozenset()
        assert await permissions.warrants.end(warrant, None, End(WarrantOutcome.EXECUTED), "eve", NOON, entry)


@pytest.mark.parametrize(
    ("now", "sees"),
    [
        ("2026-10-24T23:30:00Z", True),
        ("2026-10-24T22:59:59Z", False),
        ("2026-10-25T23:59:59Z", True),
        ("2026-10-26T00:00:00Z", False),
    ],
)
async def test_today_is_the_local_day_also_when_the_clocks_change(now: str, sees: bool, embedded_url: str) -> None:
    async with asked(embedded_url) as (made, permissions):
        visit = {"type": "visit", "id": "X1", "wearer": "W2", "kind": "inspect", "outcome": "not_attempted"}
        await made.learn(record(**visit | {"at": "2026-10-25T20:00:00Z"}))
        found = await Given(permissions, ZONES).given_to(FAY, parse_instant(now))
        assert found == ({"W2"} if sees else frozenset())


async def test_field_officers_see_whom_they_visit_in_their_areas(database_url: str) -> None:
    async with asked(database_url) as (made, permissions):
        for number, at_us in ((2, NOON), (3, NOON + DAY_US), (4, NOON)):
            visit = {"type": "visit", "id": f"X{number}", "wearer": f"W{number}", "kind": "fit", "outcome": "done"}
            await made.learn(record(**visit | {"at": format_instant(at_us)}))
        off = {"type": "fitting", "id": "F5", "wearer": "W5", "device": "T5", "from": LONG["from"]}
        await made.learn(record(**off | {"to": format_instant(NOON + HOUR_US)}))
        given = Given(permissions, ZONES)
        assert await given.given_to(FAY, NOON) == {"W2", "W5"}
        assert await given.given_to(Caller("max", Role.FIELD, None), NOON) == {"W2", "W4", "W5"}
        for role in (Role.OPERATOR, Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR):
            assert await given.given_to(Caller("x", role, frozenset({"kent"})), NOON) == frozenset()


async def test_who_was_in_a_box_while_they_wore_it(database_url: str) -> None:
    async with asked(database_url) as (made, permissions):
        await at_place(made, 2, 0.5, 51.5, NOON - HOUR_US)
        await at_place(made, 2, 0.5, 51.5)
        await at_place(made, 3, 0.6, 51.5)
        await at_place(made, 4, 0.5, 51.5, quality=Quality.INACCURATE)
        devices = await permissions.present(NOON - MINUTE_US, NOON + 1, None, 10)
        assert [(one.wearer, one.device) for one in devices] == [(f"W{n}", f"T{n}") for n in range(1, 6)]
        assert [one.wearer for one in await permissions.present(NOON - MINUTE_US, NOON + 1, ("W2", "F2"), 2)] == [
            "W3",
            "W4",
        ]
        found = await permissions.fixes_in(devices, Box(0.45, 51.4, 0.55, 51.6), 10)
        assert [(place, row.wearer, row.t_us) for place, row in found] == [(1, "W2", NOON)]
        assert await permissions.fixes_in([], Box(0, 0, 1, 1), 10) == []
        over = await permissions.present(NOON - 60 * DAY_US, NOON - 59 * DAY_US, None, 10)
        assert over == [], "nobody wore anything then"


async def test_what_people_read_and_follow_names_no_fact_of_a_protected_person_s_device(database_url: str) -> None:
    unit = [
        record(type="victim", id="V1", name="Invented One"),
        record(type="device", id="U1", kind="victim_unit"),
        record(**{"type": "fitting", "id": "FV", "victim": "V1", "device": "U1", "from": LONG["from"]}),
    ]
    async with alerts_at(database_url, *CASELOAD, *unit) as made:
        both = (FactId("T2", 0, 1), FactId("U1", 0, 1), FactId("T2", 0, 2))
        await made.raised("W2-1", kind=Kind.PROXIMITY_ALERT, victim="V1", evidence=both)
        await made.raised("W3-1", evidence=both)
        with login_as(database_url, "bailiwick_api") as as_api:
            async with await Reading.open(as_api, lambda: NOON) as reading:
                seen = reading.seen(Sight(everything=True, positions=True, victims=True, centre=True))
                (pair,), (alone,) = await seen.versions_of("W2-1"), await seen.versions_of("W3-1")
                assert [fact.device for fact in pair.evidence] == ["T2", "T2"]
                assert alone.evidence == both, "of nobody else: it is as it was found"
                events = {row.body["id"]: row.body for row in await reading.events(0, 100) if row.topic == "violation"}
                assert [fact["device"] for fact in events["W2-1"]["evidence"]] == ["T2", "T2"]
                assert [fact["device"] for fact in events["W3-1"]["evidence"]] == ["T2", "U1", "T2"]
                (kept,) = await reading.versions_of("W2-1")
                assert kept.evidence == both, "what the rules found stays"

                versions, place = await reading.permit_records((0, -(1 << 31), 0))
                assert len(versions) == 6
                assert await reading.permit_records(place) == ([], place)
                assert await seen.open_spans(["W2"]) == [("W2", NOON, None)]
                assert await seen.trail_backwards("W2", NOON - DAY_US, NOON, 10) == []
                assert await seen.facts_between("W2", NOON - DAY_US, NOON) == []


async def test_the_seeing_role_reads_no_request_and_no_protected_fix(database_url: str) -> None:
    async with asked(database_url):
        for table in ("requests", "request_uses", "public.warrants", "public.fixes"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(database_url, f"SET ROLE bailiwick_seeing; SELECT count(*) FROM {table}")
        assert np.array(ask(database_url, "SELECT count(*) FROM requests")).sum() == 0
