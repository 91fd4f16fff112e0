"""Every resource over the fake: pages, filters, formats, problems, headers; and that answers are as OpenAPI says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import httpx2
import jsonschema
import pytest
from fastapi import FastAPI

from api.cursors import write_cursor
from api.guard import SECURITY_HEADERS
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import Change, Kind, OrderState, Quality, Severity
from tests.api.fake_reading import FakeReading, states
from tests.api.serving import app_over, client_of
from tests.api.sides import Side, fake_side
from tests.store.made import NOON, change_of, fixes_of, violation_of, wearer_records, work_of

HOUR_AGO = NOON - 60 * MINUTE_US
PEOPLE = 7
BIG = 2**53 + 1


async def filled() -> Side:
    """Seven wearers with two fixes each, three violations, two alerts."""
    side = fake_side()
    for number in range(PEOPLE):
        await side.learn(wearer_records(f"W{number}", f"T{number}"))
        facts = fixes_of(side.roster.index[f"T{number}"], [1, 2], HOUR_AGO)
        facts["lat"] += number / 10
        await side.commit(work_of(0, side.roster, facts))
    zone, edge = violation_of("W1-1"), violation_of("W2-1", kind=Kind.ZONE_EDGE)
    shut = replace(zone, version=2, change=Change.CLOSED, to_us=NOON)
    gone = replace(violation_of("W3-1"), change=Change.WITHDRAWN)
    alerts = [change_of(zone), change_of(edge, severity=Severity.WARNING)]
    await side.commit(work_of(0, side.roster, versions=[zone, edge, shut, gone], alerts=alerts))
    await side.publish(states(monitored=PEOPLE - 2, suspended=2))
    return side


@pytest.fixture
async def side() -> Side:
    return await filled()


@pytest.fixture
def app(side: Side) -> FastAPI:
    return app_over(side)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


def fake_of(side: Side) -> FakeReading:
    assert isinstance(side.reading, FakeReading)
    return side.reading


async def all_pages(client: httpx2.AsyncClient, path: str | None) -> list[list[dict[str, Any]]]:
    pages = []
    while path is not None:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert answer.headers.get("link") == (f'<{body["next"]}>; rel="next"' if body["next"] else None)
        pages.append(body["items"])
        path = body["next"]
    return pages


# -- pages --


@pytest.mark.parametrize("resource", ["wearers", "devices", "positions"])
@pytest.mark.parametrize("limit", [1, 2, 3, PEOPLE, 100])
async def test_pages_follow_one_another_without_gap_or_repeat(
    resource: str, limit: int, client: httpx2.AsyncClient
) -> None:
    pages = await all_pages(client, f"/api/v1/{resource}?limit={limit}")
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    key = "wearer" if resource == "positions" else "id"
    letter = "T" if resource == "devices" else "W"
    assert [item[key] for page in pages for item in page] == [f"{letter}{number}" for number in range(PEOPLE)]


async def test_the_next_link_keeps_the_filters(client: httpx2.AsyncClient) -> None:
    pages = await all_pages(client, "/api/v1/violations?withdrawn=true&limit=1")
    assert [item["id"] for page in pages for item in page] == ["W3-1", "W1-1", "W2-1"]
    pages = await all_pages(client, "/api/v1/alerts?limit=1&severity=warning&severity=critical")
    assert [item["episode"] for page in pages for item in page] == ["W2-1", "W1-1"]


@pytest.mark.parametrize(
    "path",
    [
        "wearers?cursor=x",
        "wearers?cursor=" + write_cursor(5),
        "wearers?cursor=" + write_cursor("a\0b"),
        "positions?cursor=" + write_cursor("; drop"),
        "violations?cursor=" + write_cursor("5"),
        "violations?cursor=" + write_cursor(2**63),
        "alerts?cursor=" + write_cursor((1, 2, 3)),
        "alerts?cursor=" + write_cursor((1.5, 2)),
        "wearers/W1/trail?cursor=" + write_cursor((1, "T1", 0)),
        "wearers?cursor=" + "A" * 600,
        "wearers?cursor=ä",
    ],
)
async def test_a_forged_cursor_is_a_problem(path: str, client: httpx2.AsyncClient, side: Side) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"
    assert sum(fake_of(side).questions.values()) == 0


# -- what is in them --


async def test_a_wearer_with_the_newest_fix(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/v1/wearers/W3")).json()
    assert (body["id"], body["orders"], body["devices"]) == ("W3", ["O-W3"], ["T3"])
    assert body["record"]["name"] == "Invented W3"
    assert body["newest"] == {
        "wearer": "W3",
        "device": "T3",
        "t": "2026-11-21T11:00:01Z",
        "received": "2026-11-21T11:00:01.500Z",
        "lon": 0.5,
        "lat": 51.55,
        "acc": 8.0,
        "src": "gps",
        "quality": "ok",
        "gen": 0,
        "seq": 2,
        "spd": 1.25,
        "hdg": 90.0,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["W1-1", "W2-1"]),
        ("?wearer=W2", ["W2-1"]),
        ("?kind=zone_edge&kind=sos", ["W2-1"]),
        ("?open=true", ["W2-1"]),
        ("?open=false", ["W1-1"]),
        ("?condition=C9", []),
        ("?withdrawn=true&wearer=W3", ["W3-1"]),
        ("?from=2026-11-21T12:00:01Z", ["W2-1"]),
        ("?from=2026-11-21T13:00:00%2B01:00", ["W1-1", "W2-1"]),
        ("?to=2026-11-21T12:00:00Z", []),
    ],
)
async def test_filters_of_violations(query: str, found: list[str], client: httpx2.AsyncClient) -> None:
    assert [item["id"] for item in (await client.get(f"/api/v1/violations{query}")).json()["items"]] == found


async def test_violations_as_lines_are_those_of_evaluate(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/violations?limit=1", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    shut = replace(violation_of("W1-1"), version=2, change=Change.CLOSED, to_us=NOON)
    assert answer.text == shut.as_line() + "\n"
    onward = re.fullmatch(r'<(.*)>; rel="next"', answer.headers["link"])
    assert onward is not None
    answer = await client.get(onward[1], headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ["W2-1"]
    assert "link" not in answer.headers


async def test_every_version_of_one_violation(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/v1/violations/W1-1")).json()
    assert [(one["version"], one["change"]) for one in body["items"]] == [(1, "opened"), (2, "closed")]


async def test_one_alert(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/api/v1/alerts?wearer=W1")).json()["items"]
    assert [one["violations"] for one in listed] == [["W1-1"]]
    assert (await client.get(f"/api/v1/alerts/{listed[0]['id']}")).json() == listed[0]


async def test_failure_10_the_states_add_up_to_the_active_orders(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/v1/counts")).json()
    assert set(body["orders"]) == {state.value for state in OrderState}
    assert sum(body["orders"].values()) == body["orders_active"] == PEOPLE
    metrics = (await client.get("/metrics")).text
    by_state = [float(found) for found in re.findall(r"^bailiwick_orders\{.*\} (\S+)$", metrics, re.M)]
    assert len(by_state) == len(OrderState)
    assert f"bailiwick_orders_active {sum(by_state)}" in metrics


async def test_those_who_look_together_share_one_query(side: Side, client: httpx2.AsyncClient) -> None:
    for _ in range(20):
        await client.get("/api/v1/counts")
        await client.get("/metrics")
    assert fake_of(side).questions["counts"] <= 2


async def test_failure_01_ids_over_2_to_the_53_survive_json(side: Side, client: httpx2.AsyncClient) -> None:
    fake_of(side).next_alert = BIG
    zone = violation_of("W5-1")
    await side.commit(work_of(0, side.roster, versions=[zone], alerts=[change_of(zone)]))
    (listed,) = (await client.get("/api/v1/alerts?wearer=W5")).json()["items"]
    assert listed["id"] == str(BIG) == "9007199254740993"
    assert (await client.get(f"/api/v1/alerts/{BIG}")).json() == listed
    fake_of(side).next_alert = 2**63 - 1
    other = violation_of("W6-1")
    await side.commit(work_of(0, side.roster, versions=[other], alerts=[change_of(other)]))
    pages = await all_pages(client, "/api/v1/alerts?limit=1")
    assert {str(BIG), str(2**63 - 1)} < {item["id"] for page in pages for item in page}


# -- trails --


async def test_a_trail_as_geojson_is_longitude_first(side: Side, client: httpx2.AsyncClient) -> None:
    facts = fixes_of(side.roster.index["T1"], [9], NOON - MINUTE_US)
    facts["quality"] = Quality.IMPLAUSIBLE
    await side.commit(work_of(0, side.roster, facts))
    answer = await client.get("/api/v1/wearers/W1/trail")
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert [one["geometry"]["coordinates"][0] for one in body["features"]] == [0.5] * 3
    assert [one["properties"]["quality"] for one in body["features"]] == ["ok", "ok", "implausible"]


async def test_a_trail_as_csv_and_as_gpx(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/wearers/W1/trail", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["seq"], row["t"], row["lat"]) for row in rows] == [
        ("1", "2026-11-21T11:00:00Z", "51.35"),
        ("2", "2026-11-21T11:00:01Z", "51.35"),
    ]
    answer = await client.get("/api/v1/wearers/W1/trail", headers={"Accept": "application/gpx+xml"})
    gpx = "{http://www.topografix.com/GPX/1/1}"
    points = ElementTree.fromstring(answer.text).findall(f"{gpx}trk/{gpx}trkseg/{gpx}trkpt")
    assert [(point.get("lat"), point.get("lon"), point.findtext(f"{gpx}time")) for point in points] == [
        ("51.35", "0.5", "2026-11-21T11:00:00Z"),
        ("51.35", "0.5", "2026-11-21T11:00:01Z"),
    ]


@pytest.mark.parametrize(
    ("accept", "got"),
    [
        (None, "application/geo+json"),
        ("*/*", "application/geo+json"),
        ("text/*", "text/csv"),
        ("application/gpx+xml, text/csv;q=0.9", "application/gpx+xml"),
        ("application/geo+json;q=0.1, text/csv;q=0.2", "text/csv"),
        ("application/geo+json;q=0, */*;q=0.1", "text/csv"),
        ("text/html;q=x, TEXT/CSV", "text/csv"),
        ("image/png", None),
        ("text/csv;q=0", None),
    ],
)
async def test_the_format_that_the_caller_wants(
    accept: str | None, got: str | None, client: httpx2.AsyncClient
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = await client.get("/api/v1/wearers/W1/trail", headers=headers)
    assert answer.status_code == (406 if got is None else 200)
    if got:
        assert answer.headers["content-type"].split(";")[0] == got
        assert answer.headers["vary"] == "Accept"


async def test_a_trail_is_half_open_and_goes_on_by_its_link(side: Side, client: httpx2.AsyncClient) -> None:
    await side.commit(work_of(0, side.roster, fixes_of(side.roster.index["T1"], range(10, 20), NOON - MINUTE_US)))
    path: str | None = "/api/v1/wearers/W1/trail?from=2026-11-21T11:59:00Z&to=2026-11-21T11:59:09Z&limit=4"
    found = []
    while path:
        answer = await client.get(path)
        found.append([one["properties"]["seq"] for one in answer.json()["features"]])
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        path = link[1] if link else None
    assert found == [[10, 11, 12, 13], [14, 15, 16, 17], [18]]


# -- problems --


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/api/v1/nothing", 404),
        ("/static/nothing.js", 404),
        ("/static/../app.py", 404),
        ("/api/v1/wearers/W99", 404),
        ("/api/v1/wearers/W99/trail", 404),
        ("/api/v1/violations/W99-1", 404),
        ("/api/v1/alerts/99", 404),
        ("/api/v1/alerts/9999999999999999999", 404),
        ("/api/v1/alerts/x", 422),
        ("/api/v1/wearers/" + "W" * 65, 422),
        ("/api/v1/wearers/Aseema%00", 422),
        ("/api/v1/wearers?limit=0", 422),
        ("/api/v1/wearers?limit=1001", 422),
        ("/api/v1/positions?limit=20001", 422),
        ("/api/v1/violations?kind=nonsense", 422),
        ("/api/v1/violations?from=yesterday", 422),
        ("/api/v1/alerts?severity=urgent", 422),
        ("/api/v1/wearers/W1/trail?from=2026-11-21T12:00:00Z&to=2026-11-21T12:00:00Z", 422),
        ("/api/v1/wearers/W1/trail?from=2026-01-21T12:00:00Z&to=2026-11-21T12:00:00Z", 422),
    ],
)
async def test_every_error_is_a_problem(path: str, status: int, client: httpx2.AsyncClient) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert body["title"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_method_that_a_resource_does_not_have(method: str, client: httpx2.AsyncClient) -> None:
    answer = await client.request(method, "/api/v1/wearers")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_problem_does_not_repeat_what_was_sent(client: httpx2.AsyncClient) -> None:
    for path in ("wearers/Aseema Invented", "violations?kind=Aseema", "alerts?wearer=Aseema Invented"):
        answer = await client.get(f"/api/v1/{path}")
        assert answer.status_code == 422
        assert "Aseema" not in answer.text


async def test_a_mistake_of_ours_is_a_problem_that_tells_nothing(
    side: Side, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(FakeReading):
        async def wearer(self, wearer: str) -> None:
            raise RuntimeError(f"Aseema Invented is {wearer}")

    app = app_over(replace(side, reading=Broken()))
    async with client_of(app) as client:
        answer = await client.get("/api/v1/wearers/W1")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    log = capsys.readouterr()
    assert "RuntimeError" in log.out + log.err
    assert "Aseema" not in answer.text + log.out + log.err


async def test_a_database_that_is_away_is_503_and_health_says_so(side: Side, client: httpx2.AsyncClient) -> None:
    fake_of(side).away = True
    for path in ("wearers", "counts", "alerts/1", "wearers/W1/trail", "stream"):
        answer = await client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["detail"] == "the database cannot be reached"
    assert (await client.get("/metrics")).status_code == 503
    assert (await client.get("/health/liveness")).status_code == 200
    assert (await client.get("/health/readiness")).status_code == 503
    health = await client.get("/health")
    assert health.status_code == 200
    assert health.json() == {"status": "degraded", "checks": {"database": "the database does not answer"}}


async def test_health_tells_whether_ingest_decides(side: Side, client: httpx2.AsyncClient) -> None:
    ok = {"status": "ok", "checks": {"database": "ok", "ingest": "ok"}}
    assert (await client.get("/health")).json() == ok
    assert (await client.get("/health/readiness")).json() == {"status": "ok", "checks": {"database": "ok"}}
    for decided_us, told in [(None, "has decided nothing yet"), (NOON - 61 * SECOND_US, "decided nothing for 61 s")]:
        fake_of(side).decided_us = decided_us
        async with client_of(app_over(side)) as other:
            body = (await other.get("/health")).json()
        assert (body["status"], body["checks"]["ingest"]) == ("degraded", told)


async def test_a_schema_that_is_not_current_is_not_ready(side: Side, client: httpx2.AsyncClient) -> None:
    fake_of(side).wrong = "the schema is not current; run `bailiwick migrate`"
    answer = await client.get("/health/readiness")
    assert (answer.status_code, answer.json()["detail"]) == (503, fake_of(side).wrong)


# -- who may ask, and what goes with every answer --


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]", "[::1]:8080", "LOCALHOST."])
async def test_loopback_names_are_answered(host: str, client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/v1/counts", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8080", "", "localhost.example", "[::2]"]
)
async def test_any_other_host_is_refused(host: str, client: httpx2.AsyncClient) -> None:
    for path in ("/", "/api/v1/counts", "/static/page.css", "/metrics", "/nothing"):
        answer = await client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_has_the_security_headers(client: httpx2.AsyncClient) -> None:
    for path in (
        "/",
        "/static/page.js",
        "/api/v1/counts",
        "/api/v1/docs",
        "/nothing",
        "/metrics",
        "/api/v1/wearers?limit=0",
    ):
        headers = (await client.get(path)).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert headers["cache-control"] == ("no-cache" if path in ("/", "/static/page.js") else "no-store")
        assert "access-control-allow-origin" not in headers


async def test_no_id_and_no_query_is_in_the_log_or_the_metrics(
    client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/api/v1/wearers/W1/trail?from=2026-11-21T11:00:00Z")
    await client.get("/api/v1/violations?wearer=W1")
    await client.get("/Aseema-Invented")
    await client.request("ASEEMA", "/")
    log = capsys.readouterr().out
    assert "/api/v1/wearers/{wearer}/trail" in log
    assert not re.search(r"W1|2026-11-21T11|Aseema|ASEEMA", log)
    assert not re.search(r"W1|Aseema|ASEEMA", (await client.get("/metrics")).text)


# -- the OpenAPI document --


def schema_of(document: dict[str, Any], path: str, status: str) -> dict[str, Any]:
    content: dict[str, Any] = document["paths"][path]["get"]["responses"][status]["content"]
    return next(iter(content.values()))["schema"] | {"components": document["components"]}


@pytest.mark.slow
async def test_answers_are_as_openapi_says(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    asked = {
        "/api/v1/wearers": "",
        "/api/v1/wearers/{wearer}": "W1",
        "/api/v1/devices": "",
        "/api/v1/positions": "",
        "/api/v1/violations": "",
        "/api/v1/violations/{violation}": "W1-1",
        "/api/v1/alerts": "",
        "/api/v1/alerts/{alert}": "1",
        "/api/v1/counts": "",
        "/health": "",
        "/health/liveness": "",
        "/health/readiness": "",
    }
    others = {"/api/v1/wearers/{wearer}/trail", "/api/v1/stream", "/metrics"}
    assert set(document["paths"]) == set(asked) | others
    for path, key in asked.items():
        answer = await client.get(re.sub(r"\{\w+\}", key, path))
        jsonschema.validate(answer.json(), schema_of(document, path, "200"))
        problem = (await client.get(f"{path}?limit=x&cursor=0&open=7")).json()
        if problem.get("status") == 422:
            jsonschema.validate(problem, schema_of(document, path, "422"))


async def test_the_reference_page_needs_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    page = await client.get("/api/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page.text
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("path", ["/", "/api/v1/docs"])
async def test_a_page_and_its_files_come_from_here_alone(path: str, client: httpx2.AsyncClient) -> None:
    waiting, seen = [path], set()
    while waiting:
        asked = waiting.pop()
        seen.add(asked)
        answer = await client.get(asked)
        assert answer.status_code == 200, asked
        if asked.endswith((".svg", ".json")):
            continue
        found = re.findall(r'(?:src|href)="([^"#]+)', answer.text) + re.findall(r'from "\./([^"]+)', answer.text)
        for name in found:
            assert not name.startswith(("http:", "https:", "//", "data:")), name
            target = name if name.startswith("/") else f"/static/{name}"
            if target.startswith("/static/") and target not in seen:
                waiting.append(target)
