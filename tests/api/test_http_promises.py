"""What holds for every answer: errors are problems, who may ask, headers, logs, and the OpenAPI document."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx2
import jsonschema
import pytest

from api.guard import SECURITY_HEADERS
from domain.instants import SECOND_US
from store.reconciling import Reconciliation
from tests.api.fake_reading import FakeReading
from tests.api.serving import app_over, client_of
from tests.api.sides import Side, fake_of
from tests.store.made import NOON

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
        ("/api/v1/alerts?holder=%00", 422),
        ("/api/v1/names?wearer=W1&wearer=%00", 422),
        ("/api/v1/crimes?reference=a%00b", 422),
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
    answer = await client.request(method, "/api/v1/positions")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_path_of_several_methods_names_them_all(client: httpx2.AsyncClient) -> None:
    for path, methods in (
        ("wearers", "GET, HEAD, POST"),
        ("wearers/W1", "DELETE, GET, HEAD, PUT"),
        ("alerts/1/claim", "POST"),
    ):
        answer = await client.request("PATCH", f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


async def test_head_is_answered_as_get_without_the_body(client: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/wearers", "/api/v1/wearers/W99", "/api/v1/wearers?limit=0", "/health", "/static/icon.svg"):
        got, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert dict(head.headers) == dict(got.headers), path
    assert (await client.head("/api/v1/alerts/1/claim")).status_code == 405


async def test_a_problem_does_not_repeat_what_was_sent(client: httpx2.AsyncClient) -> None:
    for path in ("wearers/Aseema Invented", "violations?kind=Aseema", "alerts?wearer=Aseema Invented"):
        answer = await client.get(f"/api/v1/{path}")
        assert answer.status_code == 422
        assert "Aseema" not in answer.text


async def test_a_mistake_of_ours_is_a_problem_that_tells_nothing(
    full: Side, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(FakeReading):
        async def wearer(self, wearer: str) -> None:
            raise RuntimeError(f"Aseema Invented is {wearer}")

    app = app_over(replace(full, reading=Broken()))
    async with client_of(app) as client:
        answer = await client.get("/api/v1/wearers/W1")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    log = capsys.readouterr()
    assert "RuntimeError" in log.out + log.err
    assert "Aseema" not in answer.text + log.out + log.err


async def test_a_database_that_is_away_is_503_and_health_says_so(full: Side, client: httpx2.AsyncClient) -> None:
    fake_of(full).away = True
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


async def test_health_tells_whether_ingest_decides(full: Side, client: httpx2.AsyncClient) -> None:
    ok = {"status": "ok", "checks": {"database": "ok", "ingest": "ok", "ids": "ok", "reconciliation": "ok"}}
    assert (await client.get("/health")).json() == ok
    assert (await client.get("/health/readiness")).json() == {"status": "ok", "checks": {"database": "ok"}}
    for decided_us, told in [(None, "has decided nothing yet"), (NOON - 61 * SECOND_US, "decided nothing for 61 s")]:
        fake_of(full).decided_us = decided_us
        async with client_of(app_over(full)) as other:
            body = (await other.get("/health")).json()
        assert (body["status"], body["checks"]["ingest"]) == ("degraded", told)


async def test_failure_01_ids_that_run_out_are_an_alarm_long_before(full: Side, client: httpx2.AsyncClient) -> None:
    fake_of(full).headroom = 0.0999
    body = (await client.get("/health")).json()
    assert (body["status"], body["checks"]["ids"]) == ("degraded", "numbers run out in fixes")
    assert 'bailiwick_id_headroom_ratio{sequence="fixes"} 0.0999' in (await client.get("/metrics")).text


async def test_failures_06_and_11_what_does_not_fit_together_is_an_alarm(
    full: Side, client: httpx2.AsyncClient
) -> None:
    fake_of(full).unreconciled = Reconciliation(("O1", "O2"), incomplete=(("T1", 55, 100),))
    body = (await client.get("/health")).json()
    told = "2 orders without fitting, 1 incomplete devices; `bailiwick doctor` names them"
    assert (body["status"], body["checks"]["reconciliation"]) == ("degraded", told)
    metrics = (await client.get("/metrics")).text
    assert 'bailiwick_unreconciled{what="orders_without_fitting"} 2.0' in metrics
    assert 'bailiwick_unreconciled{what="fittings_without_order"} 0.0' in metrics
    assert 'bailiwick_unreconciled{what="incomplete_devices"} 1.0' in metrics
    assert "O1" not in metrics + str(body), "names are for the doctor"
    assert fake_of(full).questions["reconciliation"] == 1, "dear, and so asked now and then"


async def test_a_schema_that_is_not_current_is_not_ready(full: Side, client: httpx2.AsyncClient) -> None:
    fake_of(full).wrong = "the schema is not current; run `bailiwick migrate`"
    answer = await client.get("/health/readiness")
    assert (answer.status_code, answer.json()["detail"]) == (503, fake_of(full).wrong)


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
        "/static/icon.svg",
        "/api/v1/counts",
        "/api/v1/docs",
        "/nothing",
        "/metrics",
        "/api/v1/wearers?limit=0",
    ):
        headers = (await client.get(path)).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert headers["cache-control"] == ("no-cache" if path == "/static/icon.svg" else "no-store")
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
        "/api/v1/incidents": "",
        "/api/v1/counts": "",
        "/health": "",
        "/health/liveness": "",
        "/health/readiness": "",
    }
    assert set(asked) <= set(document["paths"])  # the others: tests/api/test_schemathesis.py
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


@pytest.mark.parametrize("path", ["/password", "/api/v1/docs"])
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
