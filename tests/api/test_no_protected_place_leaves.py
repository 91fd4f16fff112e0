"""Nothing that leaves holds a protected person's place, the exact distance, or their device's facts (alerts.md, Protected places).

Every answer of the API to every role, the stream, what the channels are given, the log and the metrics are searched for them. One
route alone has them, for those who must act on an open critical alert of the pair, and every look is in the audit.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from access.grants import GRANTS, Deed
from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Version
from domain.rota import Shift
from domain.violations import FactId
from domain.vocabulary import Channel, Kind, Role, Severity
from geofence.geodesy import distance_m
from tests.api.doors import asks
from tests.api.serving import served
from tests.api.working import CLOSING, OLA, Working, working
from tests.store.alert_making import ZONES
from tests.store.made import NOON, change_of, fixes_of, violation_of

VICTIM_AT = (-0.371_913, 52.418_377)
WEARER_AT = (-0.371_913, 52.421_177)
METRES = distance_m(VICTIM_AT[1], VICTIM_AT[0], WEARER_AT[1], WEARER_AT[0])
PLACES = ("0.37191", "52.41837", f"{METRES:.1f}", f"{METRES:.0f}.")
"""Digits of the place; the wearer is due north of it, and theirs begin otherwise but for the longitude."""
UNIT = "UNIT-Kv83"
ADDRESS = "14 Orchard Row"
LONG = {"from": "2026-11-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}
KNOW_UNITS = {Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER, Role.DEVICE_MANAGER, Role.VICTIM_LIAISON}
PC = asks("pc-able", "police", "kent") | {"Test-Organisation": "kent-police"}


def record(**body: Any) -> Version:
    return Version(parse_record(body, ZONES.names))


PAIR = [
    *(record(type="area", id=name, kind="police_force") for name in ("kent", "essex")),
    record(type="wearer", id="W7", name="Invented Seven"),
    record(
        type="victim", id="V1", name="Invented One", contact={"safe_channels": ["sms"], "safe_words": f"call {ADDRESS}"}
    ),
    record(type="device", id="T7", kind="gps_tag"),
    record(type="device", id=UNIT, kind="victim_unit"),
    record(**{"type": "fitting", "id": "F7", "wearer": "W7", "device": "T7", "from": LONG["from"]}),
    record(**{"type": "fitting", "id": "FV", "victim": "V1", "device": UNIT, "from": LONG["from"]}),
    record(**{"type": "order", "id": "O7", "wearer": "W7", "kind": "civil", "area": "kent"} | LONG),
    record(type="condition", id="P7", order="O7", kind="proximity", victim="V1", alert_m=500),
    record(type="condition", id="C7", order="O7", kind="trail"),
]
WEARERS_LON = f"{WEARER_AT[0]}"
MORE = (
    "violations/V1-1",
    "violations/W7-2",
    "violations?wearer=W7",
    "alerts/3",
    "alerts?wearer=W7",
    "devices/T7",
    "search?q=one",
)
"""What is asked besides every path: of the unit's silence, and of the wearer's violation that names it."""


@dataclass
class Pair:
    """An open critical alert of a pair, its number, and whom it is about."""

    at: Working
    alert: int


@asynccontextmanager
async def pair(url: str, severity: Severity = Severity.CRITICAL) -> AsyncIterator[Pair]:
    async with working(url, *PAIR, alerts=0) as at:
        for device, place in ((UNIT, VICTIM_AT), ("T7", WEARER_AT)):
            facts = fixes_of(at.made.roster.index[device], [1, 2], NOON - MINUTE_US)
            facts["lon"], facts["lat"] = place
            await at.made.commit(facts=facts)
        evidence = (FactId(UNIT, 0, 1), FactId("T7", 0, 2))
        told = {"victim": "V1", "condition": "P7", "order": "O7", "evidence": evidence}
        near = violation_of("W7-1", kind=Kind.PROXIMITY_ALERT, from_us=NOON - MINUTE_US, **told)
        silent = violation_of("V1-1", wearer=None, kind=Kind.VICTIM_UNIT_SILENT, **(told | {"device": UNIT}))
        lost = violation_of("W7-2", kind=Kind.PROXIMITY_UNKNOWN, **(told | {"device": UNIT, "evidence": evidence[:1]}))
        alerts = [change_of(one, severity=severity) for one in (near, silent)]
        await at.made.commit([near, silent, lost], [*alerts, change_of(lost, severity=Severity.SERIOUS)])
        await at.look()
        yield Pair(at, int(at.ask("SELECT alert_no FROM alerts WHERE episode = 'W7-1'")[0][0]))


def leaks(text: str, role: Role | None = None) -> list[str]:
    """What of the protected person stands in a text; the wearer's own place is as it is."""
    own = text.replace(WEARERS_LON, "")
    found = [one for one in (*PLACES, ADDRESS) if one in own]
    if role is Role.VICTIM_LIAISON or role in {Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER}:
        found = [one for one in found if one != ADDRESS]  # they keep the contact that was agreed
    return found + ([UNIT] if role not in KNOW_UNITS and UNIT in own else [])


def paths_of(at: Working, alert: int) -> list[str]:
    """Every path that can be read, with what there is put in."""
    known = {
        "wearer": "W7",
        "victim": "V1",
        "device": UNIT,
        "order": "O7",
        "condition": "P7",
        "fitting": "FV",
        "violation": "W7-1",
        "alert": str(alert),
    }
    found = []
    for path, operations in at.document["paths"].items():
        if "get" in operations and not path.endswith(("/stream", "/protected-place")):
            filled = path
            for name, value in known.items():
                filled = filled.replace(f"{{{name}}}", value)
            found.append(filled.replace("{", "").replace("}", ""))
    return found


@pytest.mark.slow
async def test_no_answer_to_anybody_holds_it(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with pair(database_url) as there:
        at = there.at
        asked = paths_of(at, there.alert)
        assert len(asked) > 40
        answered = 0
        for role in Role:
            for path in [*asked, *(f"/api/v1/{more}" for more in MORE)]:
                for accept in ("application/json", "application/x-ndjson, text/csv;q=0.9, */*;q=0.1"):
                    who = asks("x", role, "kent,essex") | {"Accept": accept, "Test-Organisation": "kent-police"}
                    answer = await at.client.get(path, headers=who)
                    answered += answer.status_code == 200
                    assert leaks(answer.text, role) == [], (role, path)
        assert answered > 100, "much was shown, and nothing of that"
        trail = await at.client.get("/api/v1/wearers/W7/trail", headers=OLA)
        assert str(WEARER_AT[1]) in trail.text, "the wearer's own points are given"
        log = capsys.readouterr()
        assert leaks(log.out + log.err) == []


async def test_evidence_names_no_fact_of_theirs(database_url: str) -> None:
    async with pair(database_url) as there:
        for path in ("violations?wearer=W7", "violations/W7-1"):
            items = (await there.at.get(path, OLA)).json()["items"]
            assert [one["evidence"] for one in items if one["id"] == "W7-1"] == [[{"device": "T7", "gen": 0, "seq": 2}]]
        kept = there.at.ask("SELECT evidence FROM violations WHERE id = 'W7-1'")
        assert [one["device"] for one in kept[0][0]] == [UNIT, "T7"], "what the rules found stays as it was"


async def test_the_unit_that_a_violation_of_the_wearer_names_is_told_to_those_who_know_units(database_url: str) -> None:
    async with pair(database_url) as there:
        (number,) = there.at.ask("SELECT alert_no FROM alerts WHERE episode = 'W7-2'")[0]
        for role in (Role.OPERATOR, Role.SUPERVISOR, Role.OFFICER, Role.POLICE, Role.VICTIM_LIAISON):
            who = asks("x", role, "kent") | {"Test-Organisation": "kent-police"}
            told = UNIT if role in KNOW_UNITS else None
            alert = await there.at.get(f"alerts/{number}", who)
            listed = (await there.at.get("alerts?wearer=W7", who)).json()["items"]
            assert [alert.json()["device"], *(one["device"] for one in listed if one["episode"] == "W7-2")] == [
                told
            ] * 2
            if role in GRANTS[Deed.READ_VIOLATIONS]:
                of_one = (await there.at.get("violations/W7-2", who)).json()["items"]
                of_all = (await there.at.get("violations?wearer=W7", who)).json()["items"]
                assert [one["device"] for one in (*of_one, *of_all) if one["id"] == "W7-2"] == [told] * 2, role


async def test_the_stream_holds_it_neither(database_url: str) -> None:
    async with pair(database_url) as there, served(there.at.app) as address:
        for role in (Role.OPERATOR, Role.OFFICER, Role.POLICE):
            headers = asks("x", role, "kent") | {"Last-Event-ID": "0"}
            lines: list[str] = []
            async with (
                httpx2.AsyncClient(timeout=20) as client,
                client.stream("GET", f"{address}/api/v1/stream", headers=headers) as answer,
            ):
                async for line in answer.aiter_lines():
                    lines.append(line)
                    if line.startswith("data") and '"episode":"W7-2"' in line.replace(" ", ""):
                        break
            text = "\n".join(lines)
            assert "W7-1" in text
            assert leaks(text, role) == []
            assert (f'"device":"{UNIT}"' in text.replace(" ", "")) == (role in KNOW_UNITS)
            bodies = [json.loads(line[5:]) for line in lines if line.startswith("data")]
            for body in bodies:
                assert UNIT not in json.dumps(body.get("evidence", [])), role


async def test_what_the_channels_are_given_holds_it_neither(database_url: str) -> None:
    async with pair(database_url) as there:
        given = 0
        for channel in Channel:
            for leased in await there.at.made.work.lease(channel, NOON + HOUR_US, NOON + 2 * HOUR_US, 100):
                given += 1
                mine = leased.notification.target.value == "victim"
                assert [one for one in leaks(repr(leased)) if not (mine and one == ADDRESS)] == [], channel
        assert given >= 2, "operators by the console, the rest by message"


# -- the one answer that holds it --


async def look(there: Pair, who: dict[str, str]) -> Any:
    return await there.at.get(f"alerts/{there.alert}/protected-place", who)


def looks(at: Working) -> list[tuple[str, list[str], str]]:
    rows = at.ask("SELECT body FROM audit_bodies WHERE body ->> 'deed' = 'protected_places.read' ORDER BY body_no")
    return [(body["who"], body["subjects"], body["details"]["alert"]) for (body,) in rows]


async def test_staff_see_it_while_the_alert_is_open_and_every_look_is_kept(database_url: str) -> None:
    async with pair(database_url) as there:
        answer = await look(there, OLA)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["place"]["lon"], body["place"]["lat"]) == VICTIM_AT
        assert (body["distance_m"], body["band"]) == (round(METRES, 1), "inside alert_m")
        assert (body["victim"], body["age_s"]) == ("V1", 60.0)
        assert looks(there.at) == [("ola", ["V1"], str(there.alert))]
        await there.at.post(f"alerts/{there.alert}/claim")
        assert (await there.at.post(f"alerts/{there.alert}/close", CLOSING)).status_code == 200
        assert (await look(there, OLA)).status_code == 404
        assert len(looks(there.at)) == 1, "what was not shown is no look"


async def test_nobody_else_sees_it(database_url: str) -> None:
    async with pair(database_url) as there:
        for role in Role:
            if role not in (Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER, Role.POLICE):
                assert (await look(there, asks("x", role))).status_code == 403, role
        assert (await look(there, asks("x", Role.POLICE, "essex"))).status_code == 404
        assert (await look(there, PC)).status_code == 404, "their wearer, and nobody told them of it"
        assert (await look(there, asks("x", Role.OPERATOR, "essex"))).status_code == 404
        assert looks(there.at) == []


async def test_the_force_that_was_told_sees_it(database_url: str) -> None:
    async with pair(database_url) as there:
        there.at.ask(
            "UPDATE notifications SET recipient = 'force:essex' "
            f"WHERE alert_no = {there.alert} AND target = 'police' RETURNING 1"
        )
        essex = asks("pc-else", "police", "essex")
        assert (await look(there, essex)).status_code == 200
        assert (await look(there, PC)).status_code == 404
        assert looks(there.at) == [("pc-else", ["V1"], str(there.alert))]


async def test_whom_the_rota_has_off_duty_does_not_see_it(database_url: str) -> None:
    async with pair(database_url) as there:
        night = Shift("S1", Role.OPERATOR, "ola", "Ola O.", NOON - DAY_US, NOON, None, None, "+44 1632 960001")
        await there.at.made.store.rota.enter([night], "test")
        assert (await look(there, OLA)).status_code == 403
        assert (await look(there, asks("pia"))).status_code == 200, "the rota does not name her: it cannot tell"
        day = Shift("S2", Role.OPERATOR, "ola", "Ola O.", NOON, NOON + DAY_US, None, None, "+44 1632 960001")
        await there.at.made.store.rota.enter([day], "test")
        assert (await look(there, OLA)).status_code == 200


@pytest.mark.parametrize("severity", [Severity.SERIOUS, Severity.WARNING])
async def test_what_is_not_critical_shows_no_place(severity: Severity, embedded_url: str) -> None:
    async with pair(embedded_url, severity) as there:
        now = there.at.ask(f"SELECT severity FROM alert_work WHERE alert_no = {there.alert}")[0][0]
        assert (await look(there, OLA)).status_code == (200 if now == "critical" else 404)


async def test_an_alert_of_no_pair_shows_no_place(database_url: str) -> None:
    async with pair(database_url) as there:
        (number,) = there.at.ask("SELECT alert_no FROM alerts WHERE episode = 'V1-1'")[0]
        assert (await look(Pair(there.at, int(number)), OLA)).status_code == 404
        assert (await look(Pair(there.at, 999_999), OLA)).status_code == 404


async def test_a_unit_that_says_nothing_has_no_place(database_url: str) -> None:
    async with pair(database_url) as there:
        there.at.clock.forward(2 * 86_400)
        body = (await look(there, OLA)).json()
        assert (body["place"], body["distance_m"], body["band"]) == (None, None, None)
