"""Wearers found by a word: by everything that they may be asked for by, only those in sight, and through the index."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import AsyncConnection

from store.caseload_seen import COMMON_TERMS, MOST_WORDS, phone_endings
from store.connecting import configure
from tests.api.doors import asks
from tests.api.entering import ADA, DEV, ESSEX, KIT, OLA, Entry, entry
from tests.caseload.lines import record
from tests.store.test_plans import indexes, plan

POLICE = asks("pc", "police", "kent-pdu")
ORDER = {key: value for key, value in record("O1").items() if key != "type"}
PEOPLE: dict[str, dict[str, Any]] = {
    "W100": {
        "name": "Zoë O'Brien-Łuczak",
        "ids": {"pnc": "2001/1234567X", "crn": "X100001"},
        "phones": ["+44 7700 900123"],
    },
    "W200": {"name": "Brian Zoll", "ids": {"noms": "A1234BC"}, "phones": ["07700 900456", "01632 960789"]},
    "W300": {"name": "محمد علي", "phones": ["0044 (0)7700 900999"]},
    "W400": {"name": "Anne Marie Ellis"},
}


async def people(at: Entry) -> None:
    """Four of them, each with an order, and one with a curfew at an address and a zone."""
    await at.enter({"type": "area", "id": "kent-pdu", "kind": "pdu"}, ADA)
    await at.enter({"type": "area", "id": "essex-pdu", "kind": "pdu"}, ADA)
    for name, more in PEOPLE.items():
        area = "essex-pdu" if name == "W400" else "kent-pdu"
        order = ORDER | {"type": "order", "id": f"O-{name}", "wearer": name, "area": area}
        answer = await at.call("POST", "caseload", {"records": [{"type": "wearer", "id": name} | more, order]})
        assert answer.status_code == 200, answer.text
    await at.call("POST", "devices", {"id": "GT-0042", "kind": "gps_tag"}, DEV)
    await at.call(
        "POST", "fittings", {"id": "F1", "device": "GT-0042", "wearer": "W200", "from": "2026-11-01T09:00:00Z"}
    )
    curfew = {key: value for key, value in record("C2").items() if key != "type"}
    place = {"lon": 0.6, "lat": 51.3, "name": "12 Mill Lane, Fairford"}
    await at.call("POST", "conditions", curfew | {"id": "C1", "order": "O-W200", "place": place})
    zone = {key: value for key, value in record("Z1").items() if key != "type"}
    await at.call("POST", "zones", zone | {"name": "Dover Marina"})
    shut = {"id": "C9", "order": "O-W100", "kind": "exclusion_zone", "zone": {"id": "Z1"}}
    assert (await at.call("POST", "conditions", shut)).status_code == 201


async def found(at: Entry, q: str, who: dict[str, str] = OLA) -> list[str]:
    answer = await at.client.get("/api/v1/search", params={"q": q}, headers=who)
    assert answer.status_code == 200, answer.text
    return [one["wearer"] for one in answer.json()["items"]]


FINDS: dict[str, list[str]] = {
    "W100": ["W100"],
    "w10": ["W100"],
    "zoe": ["W100"],
    "ZOË": ["W100"],
    "o'brien": ["W100"],
    "OBRIEN": ["W100"],
    "luczak": ["W100"],
    "Łuczak zoe": ["W100"],
    "brien": ["W100"],
    "zo": ["W100", "W200"],
    "zoll bri": ["W200"],
    "marie anne": ["W400"],
    "elli": ["W400"],
    "محمد": ["W300"],
    "2001/1234567X": ["W100"],
    "2001 1234567x": ["W100"],
    "20011234567": ["W100"],
    "a1234bc": ["W200"],
    "x100001": ["W100"],
    "07700 900123": ["W100"],
    "+44 (0) 7700 900123": ["W100"],
    "00447700900123": ["W100"],
    "900456": ["W200"],
    "0789": ["W200"],
    "0999": ["W300"],
    "GT-0042": ["W200"],
    "gt0042": ["W200"],
    "mill lane": ["W200"],
    "lane fairford 12": ["W200"],
    "marina": ["W100"],
    "zoll lane": ["W200"],
    "zoll marina": [],
    "nobody": [],
    "%": [],
    "__": [],
    "a'; DROP TABLE search_terms": [],
}


@pytest.mark.real
@pytest.mark.slow
async def test_a_wearer_is_found_by_every_way_of_asking(database_url: str) -> None:
    async with entry(database_url) as at:
        await people(at)
        for q, wanted in FINDS.items():
            if len(q) >= 2:
                assert await found(at, q) == wanted, q
        for short in ("z", "", "a%00b", "z" * 65):
            assert (await at.get(f"search?q={short}")).status_code == 422, short
        assert (await at.get("search?q=%ff%fe")).status_code == 200, "no text at all, and found nowhere"
        first = (await at.get("search?q=brien")).json()["items"][0]
        assert (first["name"], first["by"]) == ("Zoë O'Brien-Łuczak", ["name"])
        assert await found(at, "bri") == ["W200", "W100"], "the beginning of a word before its middle"


@pytest.mark.real
@pytest.mark.slow
async def test_what_is_entered_is_found_at_once_and_what_is_ended_no_more(database_url: str) -> None:
    async with entry(database_url) as at:
        await people(at)
        tag = (await at.get("wearers/W400/versions")).json()["items"][0]["version"]
        renamed = await at.call("PUT", "wearers/W400", {"id": "W400", "name": "Anne Swift"}, If_Match=f'"{tag}"')
        assert renamed.status_code == 200
        assert (await found(at, "ellis"), await found(at, "swift")) == ([], ["W400"])
        zone = await at.get("zones/Z1")
        await at.call("PUT", "zones/Z1", zone.json()["record"] | {"name": "Old Docks"}, If_Match=zone.headers["etag"])
        assert (await found(at, "marina"), await found(at, "docks")) == ([], ["W100"])
        fitting = await at.get("fittings/F1")
        moved = fitting.json()["record"] | {"wearer": "W300"}
        await at.call("PUT", "fittings/F1", moved, If_Match=fitting.headers["etag"])
        assert await found(at, "GT-0042") == ["W300"]
        condition = await at.get("conditions/C1")
        await at.call("DELETE", "conditions/C1", If_Match=condition.headers["etag"])
        assert await found(at, "mill lane") == []


@pytest.mark.real
@pytest.mark.slow
async def test_only_those_in_sight_are_found_and_by_what_the_role_may_read(database_url: str) -> None:
    async with entry(database_url) as at:
        await people(at)
        for q, wanted in FINDS.items():
            if len(q) >= 2:
                assert await found(at, q, KIT) == [one for one in wanted if one != "W400"], q
                assert await found(at, q, ESSEX) == [one for one in wanted if one == "W400"], q
        assert await found(at, "zoll", POLICE) == ["W200"]
        for q in ("mill lane", "marina", "GT-0042"):
            assert await found(at, q, POLICE) == [], "no address, no zone, no device: the role reads none of them"
        for role in ("administrator", "auditor", "device_manager"):
            answer = await at.client.get("/api/v1/search", params={"q": "zoll"}, headers=asks("x", role))
            assert answer.status_code == 403


@pytest.mark.real
@pytest.mark.slow
async def test_the_search_goes_through_the_index(database_url: str) -> None:
    async with entry(database_url) as at:
        await people(at)
        async with await AsyncConnection.connect(database_url, autocommit=True) as conn:
            await configure(conn)
            await conn.execute(
                b"INSERT INTO search_terms SELECT 'W' || n, 'name', 'word' || n % 5000 FROM generate_series(1000, 60000) n"
            )
            await conn.execute(b"ANALYZE")
            limits = {"limit": 21, "words": MOST_WORDS, "common": COMMON_TERMS}
            wanted = {"asked": "zoll bri", "kinds": ["id", "name", "phone"], "phones": [], **limits}
            nodes = await plan(conn, "search_wearers", wanted)
            assert "search_terms_term" in indexes(nodes)
            scanned = {node["Node Type"] for node in nodes if node.get("Relation Name") == "search_terms"}
            assert scanned <= {"Index Only Scan", "Index Scan", "Bitmap Heap Scan"}


@pytest.mark.parametrize(
    ("asked", "endings"),
    [
        ("0123", ["3210"]),
        ("123", []),
        ("07700 900123", ["3210090077", "32100900770"]),
        ("+44 7700 900123", ["3210090077", "321009007744"]),
        ("0044(0)7700900123", ["3210090077", "321009007704400"]),
        ("A1234", []),
        ("4412", ["2144"]),
    ],
)
def test_a_number_is_asked_for_by_its_end(asked: str, endings: list[str]) -> None:
    assert phone_endings(asked) == endings
