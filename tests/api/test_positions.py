"""Which positions leave: the mask over the map and the trail, what the police see and by what, and that every look is kept."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from api.cursors import Name, read_cursor
from api.matching import Limits, matches_of
from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from domain.records import Version
from domain.vocabulary import AlertCondition, Kind
from store.permissions import Permissions
from store.requests import Circle, NewRequest
from tests.api.doors import asks
from tests.api.working import CLOSING, OLA, Working, working
from tests.store.alert_making import ZONES
from tests.store.made import NOON, change_of, fixes_of, violation_of

LONG = {"from": "2026-11-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}
SQUARE = [[[0.49, 51.24], [0.51, 51.24], [0.51, 51.26], [0.49, 51.26], [0.49, 51.24]]]
KENT = {"type": "MultiPolygon", "coordinates": [[[[0, 51], [1, 51], [1, 52], [0, 52], [0, 51]]]]}
PC = asks("pc-able", "police", "kent") | {"Test-Organisation": "kent-police"}
FARE = asks("pc-else", "police", "essex") | {"Test-Organisation": "essex-police"}
SUE = asks("sue", "supervisor")
INSIDE, OUTSIDE = (0.5, 51.25), (0.6, 51.4)
AT_NOON = {"day": "sat", "start": "11:00", "end": "13:00"}


def record(**body: Any) -> Version:
    return Version(parse_record(body, ZONES.names))


def wearer(number: int, kind: str, area: str = "kent", **condition: Any) -> list[Version]:
    """W{n} with a tag T{n} and one condition."""
    name, device = f"W{number}", f"T{number}"
    return [
        record(type="wearer", id=name, name=f"Invented {name}"),
        record(type="device", id=device, kind="gps_tag"),
        record(**{"type": "fitting", "id": f"F{number}", "wearer": name, "device": device, "from": LONG["from"]}),
        record(**{"type": "order", "id": f"O{number}", "wearer": name, "kind": "community", "area": area} | LONG),
        record(**{"type": "condition", "id": f"C{number}", "order": f"O{number}", "kind": kind} | condition),
    ]


CASELOAD = [
    *(record(type="area", id=name, kind="police_force") for name in ("kent", "essex")),
    *wearer(2, "trail"),
    *wearer(3, "exclusion_zone", zone={"type": "Polygon", "coordinates": SQUARE}),
    *wearer(4, "exclusion_zone", zone={"type": "Polygon", "coordinates": SQUARE}),
    *wearer(5, "curfew", place={"name": "h", "lon": 0.5, "lat": 51.2, "radius_m": 50}, timetable=[AT_NOON]),
    *wearer(6, "alcohol", "essex"),
    *wearer(7, "trail", "essex"),
]


async def fix(at: Working, number: int, t_us: int, place: tuple[float, float] = INSIDE, *seqs: int) -> None:
    facts = fixes_of(at.made.roster.index[f"T{number}"], seqs or [int(t_us // SECOND_US % 10**6)], t_us)
    facts["lon"], facts["lat"] = place
    await at.made.commit(facts=facts)


@asynccontextmanager
async def fleet(url: str) -> AsyncIterator[Working]:
    """W2 to W7 with a fix a second ago each; W1 has nothing. No alert."""
    async with working(url, *CASELOAD, alerts=0) as at:
        for number in range(2, 8):
            await fix(at, number, NOON, OUTSIDE if number == 4 else INSIDE)
        yield at


async def shown(at: Working, who: dict[str, str] | None = None) -> list[str]:
    answer = await at.get("positions", who)
    assert answer.status_code == 200, answer.text
    return [item["wearer"] for item in answer.json()["items"]]


def looks(at: Working) -> list[tuple[str, list[str], dict[str, Any]]]:
    """(who, subjects, details) of every look at positions."""
    rows = at.ask("SELECT body FROM audit_bodies WHERE body ->> 'deed' = 'positions.read' ORDER BY body_no")
    return [(body["who"], body["subjects"], body["details"]) for (body,) in rows]


async def opened(at: Working, number: int, kind: Kind = Kind.STRAP_TAMPER, from_us: int = NOON) -> int:
    """An alert of W{n} about what is still going on; its number."""
    await at.made.raised(f"W{number}-1", kind=kind, condition=None, order=None, from_us=from_us)
    await at.look()
    return int(at.ask("SELECT max(alert_no) FROM alerts")[0][0])


# -- the map --


async def test_the_map_shows_what_orders_permit_and_leaves_out_the_rest(database_url: str) -> None:
    async with fleet(database_url) as at:
        assert await shown(at, OLA) == ["W2", "W3", "W5", "W7"], "W4 is not near the zone, W6 has no condition of place"
        assert looks(at) == [
            ("ola", ["W2", "W3", "W5", "W7"], {"shown": "positions", "number": 4, "areas": None, "requests": []})
        ]
        officer = asks("dee", "officer", "essex")
        assert await shown(at, officer) == ["W7"]
        for role in ("field", "enforcement", "victim_liaison", "administrator", "auditor", "device_manager"):
            assert (await at.get("positions", asks("x", role))).status_code == 403


async def test_around_an_open_alert_somebody_is_on_the_map_until_it_is_closed(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await opened(at, 6)
        assert "W6" in await shown(at, OLA)
        assert (await at.post(f"alerts/{number}/claim")).status_code == 200
        assert (await at.post(f"alerts/{number}/close", CLOSING)).status_code == 200
        assert "W6" not in await shown(at, OLA)


async def test_a_variation_counts_with_the_next_look(database_url: str) -> None:
    async with fleet(database_url) as at:
        assert "W2" in await shown(at, OLA)
        await at.made.learn(
            *(Version(version.record, cancelled=True) for version in wearer(2, "trail") if version.record.id == "C2")
        )
        assert "W2" not in await shown(at, OLA)


# -- trails --


async def test_a_trail_says_where_it_is_sealed_in_every_format(database_url: str) -> None:
    async with fleet(database_url) as at:
        window = (NOON - HOUR_US, NOON + HOUR_US)
        for t_us in (window[0] - SECOND_US, window[0], NOON - MINUTE_US):
            await fix(at, 5, t_us)
        path = f"wearers/W5/trail?from={format_instant(NOON - DAY_US)}&to={format_instant(NOON + 2 * HOUR_US)}"
        body = (await at.client.get(f"/api/v1/{path}")).json()
        times = [one["properties"]["t"] for one in body["features"]]
        assert times == [format_instant(t_us) for t_us in (window[0], NOON - MINUTE_US, NOON)]
        sealed = [(format_instant(NOON - DAY_US), format_instant(window[0]))]
        sealed.append((format_instant(window[1]), format_instant(NOON + 2 * HOUR_US)))
        assert body["sealed"] == [{"from": one, "to": other, "zones": False} for one, other in sealed]
        assert body["completeness"][0]["facts"] == 4, "how much came is told, and no place of it"

        lines = (await at.client.get(f"/api/v1/{path}", headers={"Accept": "text/csv"})).text
        rows = list(csv.DictReader(io.StringIO(lines)))
        assert [(row["t"], row["quality"], row["sealed_to"]) for row in rows] == [
            (sealed[0][0], "sealed", sealed[0][1]),
            *((one, "ok", "") for one in times),
            (sealed[1][0], "sealed", sealed[1][1]),
        ]
        gpx = (await at.client.get(f"/api/v1/{path}", headers={"Accept": "application/gpx+xml"})).text
        name = "{http://www.topografix.com/GPX/1/1}"
        tree = ElementTree.fromstring(gpx)
        assert len(tree.findall(f"{name}trk/{name}trkseg/{name}trkpt")) == 3
        assert tree.findtext(f"{name}metadata/{name}desc") == f"sealed: {', '.join('/'.join(one) for one in sealed)}"
        assert [details["format"] for _, _, details in looks(at)] == [
            "application/geo+json",
            "text/csv",
            "application/gpx+xml",
        ]
        assert all(subjects == ["W5"] for _, subjects, _ in looks(at))


async def test_a_track_is_not_drawn_across_what_is_sealed(database_url: str) -> None:
    async with fleet(database_url) as at:
        await fix(at, 3, NOON - 2 * MINUTE_US, INSIDE)
        await fix(at, 3, NOON - MINUTE_US, OUTSIDE)
        await at.made.raised(
            "W3-1", kind=Kind.STRAP_TAMPER, condition=None, from_us=NOON - HOUR_US, to_us=NOON - HOUR_US
        )
        await fix(at, 3, NOON - 70 * MINUTE_US, OUTSIDE)
        answer = await at.client.get("/api/v1/wearers/W3/trail", headers={"Accept": "application/gpx+xml"})
        name = "{http://www.topografix.com/GPX/1/1}"
        segments = ElementTree.fromstring(answer.text).findall(f"{name}trk/{name}trkseg")
        assert [len(one) for one in segments] == [1, 2], (
            "the fix around the alert, those at the zone; the one outside is not there"
        )
        body = (await at.client.get("/api/v1/wearers/W3/trail")).json()
        assert [one["zones"] for one in body["sealed"]] == [True, True]


async def test_a_wearer_out_of_sight_is_not_there(database_url: str) -> None:
    async with fleet(database_url) as at:
        answers = [
            await at.client.get(f"/api/v1/wearers/{name}/trail", headers=asks("dee", "officer", "essex"))
            for name in ("W2", "W99")
        ]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
        assert looks(at) == []


@pytest.mark.slow
async def test_a_long_trail_streams_in_pieces_whole_and_in_order(timescale_url: str) -> None:
    async with fleet(timescale_url) as at:
        count = 30_000
        step = 20 * SECOND_US
        facts = fixes_of(at.made.roster.index["T2"], np.arange(1, count + 1), NOON - 8 * DAY_US)
        facts["t_us"] = NOON - 8 * DAY_US + np.arange(count) * step
        facts["received_us"] = facts["t_us"] + SECOND_US
        facts["line"] = 0
        await at.made.commit(facts=facts)
        path = f"/api/v1/wearers/W2/trail?from={format_instant(NOON - 8 * DAY_US)}&to={format_instant(NOON)}"
        async with at.client.stream("GET", path, headers={"Accept": "text/csv"}) as answer:
            assert answer.status_code == 200
            assert "content-length" not in answer.headers
            lines = [line async for line in answer.aiter_lines()]
        assert [row["seq"] for row in csv.DictReader(lines)] == [str(n) for n in range(1, count + 1)]


# -- the police --


async def test_the_police_see_positions_only_while_an_alert_is_open(database_url: str) -> None:
    async with fleet(database_url) as at:
        assert await shown(at, PC) == [], "a trail condition alone shows the police nothing"
        await opened(at, 2, from_us=NOON - 20 * MINUTE_US)
        await opened(at, 7)
        assert await shown(at, PC) == ["W2"], "W7 is another force's"
        assert await shown(at, FARE) == ["W7"]
        for t_us in (NOON - 36 * MINUTE_US, NOON - 34 * MINUTE_US):
            await fix(at, 2, t_us)
        trail = (await at.client.get("/api/v1/wearers/W2/trail", headers=PC)).json()
        assert [one["properties"]["t"] for one in trail["features"]] == [
            format_instant(NOON - 34 * MINUTE_US),
            format_instant(NOON),
        ], "from fifteen minutes before"
        assert (await at.client.get("/api/v1/wearers/W7/trail", headers=PC)).status_code == 404


async def test_who_comes_into_a_force_s_ground_is_seen_with_what_is_open(database_url: str) -> None:
    async with fleet(database_url) as at:
        await opened(at, 7)
        assert await shown(at, PC) == []
        await at.made.store.rota.enter_boundaries({"kent": KENT}, "test")
        at.clock.forward(61)
        assert await shown(at, PC) == ["W7"], "the newest used fix lies in Kent"
        assert (await at.client.get("/api/v1/wearers/W7/trail", headers=PC)).status_code == 200


async def test_a_force_that_was_told_sees_the_alert_until_it_is_closed(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await opened(at, 7)
        assert (await at.get(f"alerts/{number}", PC)).status_code == 404
        at.ask(
            "UPDATE notifications SET recipient = 'force:kent' "
            f"WHERE alert_no = {number} AND target = 'police' RETURNING 1"
        )
        assert (await at.get(f"alerts/{number}", PC)).status_code == 200
        assert await shown(at, PC) == ["W7"]
        await at.post(f"alerts/{number}/claim")
        await at.post(f"alerts/{number}/close", CLOSING)
        assert (await at.get(f"alerts/{number}", PC)).status_code == 404
        assert await shown(at, PC) == []


# -- requests --


def wanted(**more: Any) -> dict[str, Any]:
    span = {"from": format_instant(NOON - DAY_US), "to": format_instant(NOON + HOUR_US)}
    grounds = {"legal_ground": "s.29", "purpose": "burglary"}
    return grounds | span | {"expires": format_instant(NOON + DAY_US)} | more


async def asked(at: Working, who: dict[str, str] = PC, **more: Any) -> str:
    answer = await at.post("requests", wanted(**more), who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_an_approved_request_shows_its_wearer_and_its_span_and_is_counted(database_url: str) -> None:
    async with fleet(database_url) as at:
        for t_us in (NOON - 25 * HOUR_US, NOON - 23 * HOUR_US):
            await fix(at, 7, t_us)
        number = await asked(at, wearer="W7")
        assert (await at.get("wearers/W7", PC)).status_code == 404, "asking shows nothing"
        mine = await at.post(f"requests/{number}/approve", {"reason": "mine"}, PC)
        assert mine.status_code == 403
        assert (await at.post(f"requests/{number}/approve", {"reason": "right"}, SUE)).json()["state"] == "approved"
        assert (await at.get("wearers/W7", PC)).status_code == 200
        assert await shown(at, PC) == ["W7"]
        path = f"/api/v1/wearers/W7/trail?from={format_instant(NOON - 2 * DAY_US)}"
        trail = (await at.client.get(path, headers=PC)).json()
        times = [one["properties"]["t"] for one in trail["features"]]
        assert times == [format_instant(NOON - 23 * HOUR_US), format_instant(NOON)]
        assert (await at.get("wearers/W7", asks("pc-bold", "police", "kent"))).status_code == 404, (
            "of another organisation"
        )
        assert looks(at)[-1][2]["requests"] == [number]
        now = (await at.get(f"requests/{number}", PC)).json()
        assert (now["uses"], now["asked_by"], now["decided_by"]) == (2, "pc-able", "sue")
        unkept = await at.post(f"requests/{number}/revoke", {"reason": "o\0ver"}, SUE)
        assert (unkept.status_code, "cannot be stored" in unkept.json()["detail"]) == (422, True)
        assert (await at.post(f"requests/{number}/revoke", {"reason": "over"}, SUE)).json()["state"] == "revoked"
        assert (await at.get("wearers/W7", PC)).status_code == 404
        assert await shown(at, PC) == []


async def test_a_request_expires_and_shows_no_more_than_orders_permit(database_url: str) -> None:
    async with fleet(database_url) as at:
        for name in ("W6", "W7"):
            number = await asked(at, wearer=name)
            assert (await at.post(f"requests/{number}/approve", {"reason": "right"}, SUE)).status_code == 200
        assert await shown(at, PC) == ["W7"], "no order of W6 permits a position"
        await opened(at, 6)
        assert await shown(at, PC) == ["W6", "W7"]
        at.clock.forward(86_400)
        assert await shown(at, PC) == []
        assert (await at.get(f"requests/{number}", PC)).json()["state"] == "expired"


async def test_nobody_approves_their_own_request_whatever_their_role(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await asked(at, asks("sue", "police", "kent") | {"Test-Organisation": "kent-police"}, wearer="W7")
        own = await at.post(f"requests/{number}/approve", {"reason": "mine"}, SUE)
        assert own.status_code == 403
        assert (await at.get(f"requests/{number}", SUE)).json()["state"] == "asked"
        other = asks("max", "duty_manager")
        assert (await at.post(f"requests/{number}/refuse", {"reason": "too wide"}, other)).json()["state"] == "refused"
        again = await at.post(f"requests/{number}/approve", {"reason": "yes"}, other)
        assert again.status_code == 409


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"wearer": "W7", "to": format_instant(NOON - DAY_US)}, "to"),
        ({"wearer": "W7", "from": format_instant(NOON - 8 * DAY_US)}, "to"),
        ({"wearer": "W7", "expires": format_instant(NOON)}, "expires"),
        ({"wearer": "W7", "expires": format_instant(NOON + 29 * DAY_US)}, "expires"),
        ({"place": {"lon": 0.5, "lat": 51.2, "radius_m": 501}}, "place.radius_m"),
        ({"wearer": "W7", "place": {"lon": 0.5, "lat": 51.2, "radius_m": 50}}, "body"),
        ({}, "body"),
        ({"wearer": "W7", "legal_ground": " "}, "legal_ground"),
    ],
)
async def test_what_a_request_may_not_be(more: dict[str, Any], field: str, embedded_url: str) -> None:
    async with working(embedded_url, *CASELOAD, alerts=0) as at:
        answer = await at.post("requests", wanted(**more), PC)
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_others_requests_are_not_there(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await asked(at, wearer="W7")
        assert (await at.get(f"requests/{number}", FARE)).status_code == 404
        assert (await at.get("requests", FARE)).json()["items"] == []
        assert [one["id"] for one in (await at.get("requests", PC)).json()["items"]] == [number]
        assert [one["id"] for one in (await at.get("requests", SUE)).json()["items"]] == [number]
        assert (await at.get("requests", asks("pc-none", "police", "kent"))).status_code == 403
        assert (await at.get("requests", OLA)).status_code == 403
        assert (await at.post("requests", wanted(wearer="W7"), SUE)).status_code == 403


async def test_the_same_asking_twice_is_one_request(database_url: str) -> None:
    async with fleet(database_url) as at:
        twice = [await at.post("requests", wanted(wearer="W7"), PC, Idempotency_Key="k1") for _ in range(2)]
        assert [one.status_code for one in twice] == [201, 201]
        assert twice[0].json() == twice[1].json()
        assert at.ask("SELECT count(*) FROM requests") == [(1,)]


async def test_a_request_about_a_place_tells_who_was_there_as_far_as_orders_permit(database_url: str) -> None:
    async with fleet(database_url) as at:
        await fix(at, 2, NOON - HOUR_US, OUTSIDE)
        await fix(at, 7, NOON - 2 * DAY_US)
        number = await asked(at, place={"lon": 0.5, "lat": 51.25, "radius_m": 200})
        refused = await at.get(f"requests/{number}/matches", PC)
        assert refused.status_code == 409
        assert (await at.post(f"requests/{number}/approve", {"reason": "right"}, SUE)).status_code == 200
        found = (await at.get(f"requests/{number}/matches", PC)).json()
        assert found["next"] is None
        assert {one["wearer"]: len(one["fixes"]) for one in found["items"]} == {"W2": 1, "W3": 1, "W5": 1, "W7": 1}
        assert (await at.get("wearers/W7", PC)).status_code == 404, "a place puts nobody in sight"
        who, subjects, details = looks(at)[-1]
        assert (who, subjects, details["request"]) == ("pc-able", ["W2", "W3", "W5", "W7"], number)
        assert (await at.get(f"requests/{number}", PC)).json()["uses"] == 1
        assert (await at.get(f"requests/{number}/matches", FARE)).status_code == 404
        assert (await at.get(f"requests/{number}/matches", OLA)).status_code == 403


async def test_a_request_about_a_place_is_approved_by_somebody_who_sees_every_area(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await asked(at, place={"lon": 0.5, "lat": 51.25, "radius_m": 200})
        for who in (asks("kay", "supervisor", "kent"), asks("ken", "duty_manager", "kent,essex")):
            refused = await at.post(f"requests/{number}/approve", {"reason": "right"}, who)
            assert refused.status_code == 403
            assert "whose account has every area approves this" in refused.json()["detail"]
        assert (await at.get(f"requests/{number}", SUE)).json()["state"] == "asked"
        assert (await at.get(f"requests/{number}/matches", PC)).status_code == 409
        assert (await at.post(f"requests/{number}/approve", {"reason": "right"}, SUE)).json()["state"] == "approved"
        kay = asks("kay", "supervisor", "kent")
        assert (await at.post(f"requests/{number}/revoke", {"reason": "over"}, kay)).json()["state"] == "revoked"


async def test_places_are_looked_through_a_bounded_piece_at_a_time(database_url: str) -> None:
    async with fleet(database_url) as at:
        await fix(at, 2, NOON - HOUR_US, INSIDE, *range(1, 3))
        span = (NOON - DAY_US, NOON + HOUR_US, NOON + DAY_US)
        request = NewRequest("kent-police", "s.29", "burglary", *span, place=Circle(*INSIDE, 200.0))
        limits = Limits(least_devices=1, most_devices=2, fixes=3)
        found: dict[str, int] = {}
        cursor, pages = None, 0
        async with await Permissions.open(at.made.url) as tables:
            while pages == 0 or cursor is not None:
                after = read_cursor(cursor, tuple[Name, Name])
                page = await matches_of(tables, at.app.state.parts.permitting, request, request.place, after, limits)
                for one in page.matches:
                    assert one.wearer not in found, "nobody comes twice"
                    found[one.wearer] = len(one.fixes)
                cursor, pages = page.onward, pages + 1
        assert found == {"W2": 3, "W3": 1, "W5": 1, "W7": 1}
        assert pages > 3


async def test_many_ask_at_once(database_url: str) -> None:
    async with fleet(database_url) as at:
        answers = await asyncio.gather(*(shown(at, OLA) for _ in range(8)))
        assert answers == [["W2", "W3", "W5", "W7"]] * 8
        assert len(looks(at)) == 8


async def test_an_alert_without_a_violation_shows_its_time(database_url: str) -> None:
    async with fleet(database_url) as at:
        found = violation_of("W6-1", kind=Kind.SOS, condition=None, order=None)
        await at.made.commit(changes=[change_of(found, state=AlertCondition.ACTIVE)])
        at.ask("DELETE FROM alert_violations RETURNING 1")
        await at.look()
        assert "W6" in await shown(at, OLA)
