"""Every resource over the fake: pages, filters, formats, problems, headers; and that answers are as OpenAPI says."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from api.cursors import write_cursor
from domain.instants import MINUTE_US
from domain.vocabulary import Change, OrderState, Quality
from tests.api.sides import Side, fake_of
from tests.store.made import NOON, change_of, fixes_of, violation_of, work_of

PEOPLE = 7
NORTH, SOUTH = "TQ 74188 64179", "TQ 74567 53061"
"""Of the trail's places, by Ordnance Survey's shift."""
BIG = 2**53 + 1


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
    assert [item["id"] for page in pages for item in page] == ["W3-1", "W2-1", "W1-1"]
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
async def test_a_forged_cursor_is_a_problem(path: str, client: httpx2.AsyncClient, full: Side) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"
    assert sum(fake_of(full).questions.values()) == 0


# -- what is in them --


async def test_a_wearer_without_a_place(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/v1/wearers/W3")).json()
    assert (body["id"], body["orders"], body["devices"]) == ("W3", ["O-W3"], ["T3"])
    assert body["record"]["name"] == "Invented W3"
    assert "newest" not in body, "a place is asked for by itself, and that is audited"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["W2-1", "W1-1"]),
        ("?wearer=W2", ["W2-1"]),
        ("?kind=zone_edge&kind=sos", ["W2-1"]),
        ("?open=true", ["W2-1"]),
        ("?open=false", ["W1-1"]),
        ("?condition=C9", []),
        ("?withdrawn=true&wearer=W3", ["W3-1"]),
        ("?from=2026-11-21T12:00:01Z", ["W2-1"]),
        ("?from=2026-11-21T13:00:00%2B01:00", ["W2-1", "W1-1"]),
        ("?to=2026-11-21T12:00:00Z", []),
    ],
)
async def test_filters_of_violations(query: str, found: list[str], client: httpx2.AsyncClient) -> None:
    assert [item["id"] for item in (await client.get(f"/api/v1/violations{query}")).json()["items"]] == found


async def test_violations_as_lines_are_those_of_evaluate(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v1/violations?limit=1", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ["W2-1"]
    onward = re.fullmatch(r'<(.*)>; rel="next"', answer.headers["link"])
    assert onward is not None
    answer = await client.get(onward[1], headers={"Accept": "application/x-ndjson"})
    shut = replace(violation_of("W1-1"), version=2, change=Change.CLOSED, to_us=NOON)
    assert answer.text == shut.as_line() + "\n"
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


async def test_those_who_look_together_share_one_query(full: Side, client: httpx2.AsyncClient) -> None:
    for _ in range(20):
        await client.get("/api/v1/counts")
        await client.get("/metrics")
    assert fake_of(full).questions["counts"] <= 2


async def test_failure_01_ids_over_2_to_the_53_survive_json(full: Side, client: httpx2.AsyncClient) -> None:
    fake_of(full).next_alert = BIG
    zone = violation_of("W5-1")
    await full.commit(work_of(0, full.roster, versions=[zone], alerts=[change_of(zone)]))
    (listed,) = (await client.get("/api/v1/alerts?wearer=W5")).json()["items"]
    assert listed["id"] == str(BIG) == "9007199254740993"
    assert (await client.get(f"/api/v1/alerts/{BIG}")).json() == listed
    fake_of(full).next_alert = 2**63 - 1
    other = violation_of("W6-1")
    await full.commit(work_of(0, full.roster, versions=[other], alerts=[change_of(other)]))
    pages = await all_pages(client, "/api/v1/alerts?limit=1")
    assert {str(BIG), str(2**63 - 1)} < {item["id"] for page in pages for item in page}


# -- trails --


async def test_a_trail_as_geojson_is_longitude_first(full: Side, client: httpx2.AsyncClient) -> None:
    facts = fixes_of(full.roster.index["T1"], [9], NOON - MINUTE_US)
    facts["quality"] = Quality.IMPLAUSIBLE
    await full.commit(work_of(0, full.roster, facts))
    answer = await client.get("/api/v1/wearers/W1/trail")
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert [one["geometry"]["coordinates"][0] for one in body["features"]] == [0.5] * 3
    assert [one["properties"]["quality"] for one in body["features"]] == ["ok", "ok", "implausible"]
    assert [one["properties"]["grid"] for one in body["features"]] == [NORTH, NORTH, SOUTH]


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


async def test_a_trail_is_half_open_and_goes_on_by_its_link(full: Side, client: httpx2.AsyncClient) -> None:
    await full.commit(work_of(0, full.roster, fixes_of(full.roster.index["T1"], range(10, 20), NOON - MINUTE_US)))
    path: str | None = "/api/v1/wearers/W1/trail?from=2026-11-21T11:59:00Z&to=2026-11-21T11:59:09Z&limit=4"
    found = []
    while path:
        answer = await client.get(path)
        found.append([one["properties"]["seq"] for one in answer.json()["features"]])
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
        path = link[1] if link else None
    assert found == [[10, 11, 12, 13], [14, 15, 16, 17], [18]]
