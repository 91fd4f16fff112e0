"""The rota and the protocols over HTTP: what is planned, what is missing, what would happen; and seniors who change them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.shipped import shipped_text
from domain.instants import HOUR_US, format_instant
from tests.api.doors import asks
from tests.console.world import NIGHT, OLA, SAM, World

KIT = asks("kit", "supervisor", "london")


@pytest.fixture
def at(night: World) -> World:
    return night


def shift(name: str, from_h: float, to_h: float, **more: Any) -> dict[str, Any]:
    told = {"id": name, "role": "supervisor", "person": "p1", "name": "Ada Able", "phone": "+44 1632 960001"}
    span = {
        "from": format_instant(NIGHT + round(from_h * HOUR_US)),
        "to": format_instant(NIGHT + round(to_h * HOUR_US)),
    }
    return told | span | more


async def test_a_senior_puts_a_shift_on_the_rota_once(at: World) -> None:
    assert (await at.client.post("/api/v1/rota/shifts", json=shift("S1", -1, 8), headers=OLA)).status_code == 403
    for _ in range(2):
        headers = SAM | {"Idempotency-Key": "k1"}
        made = await at.client.post("/api/v1/rota/shifts", json=shift("S1", -1, 8), headers=headers)
        assert (made.status_code, made.json()) == (201, {"id": "S1"})
    again = await at.client.post("/api/v1/rota/shifts", json=shift("S1", -1, 8), headers=SAM)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "id")
    assert [one["id"] for one in (await at.get("rota"))["items"]] == ["S1"]
    assert [one["id"] for one in (await at.get("rota/shifts"))["items"]] == ["S1"]
    told = at.ask("SELECT body -> 'subjects' FROM audit_bodies WHERE body ->> 'deed' = 'rota.write'")
    assert told == [(["S1"],)]


async def test_a_shift_is_checked_as_a_line_of_a_file_is(at: World) -> None:
    wrong = shift("S1", 8, 1, area="nowhere", role="officer", phone=None)
    answer = await at.client.post("/api/v1/rota/shifts", json=wrong, headers=SAM)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} >= {"area", "to"}
    outside = shift("S1", 1, 8, role="officer", phone=None)
    answer = await at.client.post("/api/v1/rota/shifts", json=outside, headers=SAM)
    assert [one["field"] for one in answer.json()["errors"]] == ["phone"]


@pytest.mark.parametrize("instant", ["\ud800", "\0", "9999-12-31T23:59:59-23:59", "9" * 4_000])
async def test_a_shift_from_no_instant_is_told_so(at: World, instant: str) -> None:
    for field in ("from", "to"):
        body = json.dumps(shift("S1", 1, 8) | {field: instant}).encode()
        headers = SAM | {"Content-Type": "application/json"}
        answer = await at.client.post("/api/v1/rota/shifts", content=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_who_has_areas_changes_the_rota_of_those_alone(at: World) -> None:
    answer = await at.client.post("/api/v1/rota/shifts", json=shift("S1", 1, 8), headers=KIT)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "area")
    await at.post("rota/shifts", shift("S2", 1, 8), SAM)
    assert (await at.client.post("/api/v1/rota/shifts/S2/end", headers=KIT)).status_code == 404
    await at.post("rota/shifts", shift("S3", 1, 8, area="london"), KIT)
    await at.post("rota/shifts/S3/end", None, KIT)


async def test_a_shift_ends_now_and_one_to_come_is_taken_out(at: World) -> None:
    await at.post("rota/shifts", shift("S1", -1, 8), SAM)
    await at.post("rota/shifts", shift("S2", 8, 16), SAM)
    past = {"at": format_instant(NIGHT - HOUR_US)}
    assert (await at.client.post("/api/v1/rota/shifts/S1/end", json=past, headers=SAM)).status_code == 422
    await at.post("rota/shifts/S1/end", None, SAM)
    await at.post("rota/shifts/S2/end", None, SAM)
    assert (await at.get("rota"))["items"] == []
    [only] = (await at.get(f"rota/shifts?from={format_instant(NIGHT - HOUR_US)}"))["items"]
    assert (only["id"], only["to"]) == ("S1", format_instant(NIGHT))
    assert (await at.client.post("/api/v1/rota/shifts/S1/end", headers=SAM)).status_code == 409
    assert (await at.client.post("/api/v1/rota/shifts/S2/end", headers=SAM)).status_code == 404


async def test_gaps_are_told_until_somebody_covers_them(at: World) -> None:
    gaps = (await at.get("rota/gaps"))["items"]
    assert {"role": "supervisor", "area": None, "from": None, "to": format_instant(NIGHT + 168 * HOUR_US)} in gaps
    await at.post("rota/shifts", shift("S1", -1, 400), SAM)
    assert "supervisor" not in {one["role"] for one in (await at.get("rota/gaps"))["items"]}
    far = format_instant(NIGHT + 24 * 93 * HOUR_US)
    assert (await at.client.get(f"/api/v1/rota/gaps?to={far}", headers=OLA)).status_code == 422


async def test_what_would_happen_is_told_with_names_of_the_rota(at: World) -> None:
    await at.post("rota/shifts", shift("S1", -1, 8), SAM)
    found = await at.get("protocols/explain?kind=strap_tamper&level=standard")
    seniors = [row for row in found["told"] if row["to"] == "supervisor"]
    assert seniors[0]["after_s"] == 120
    assert seniors[0]["names"] == [{"name": "Ada Able", "number": "+44 1632 960001"}]
    wrong = await at.client.get("/api/v1/protocols/explain?kind=strap_tampr", headers=OLA)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "kind")
    assert "did you mean strap_tamper" in wrong.text


@pytest.mark.slow
async def test_a_file_of_protocols_comes_into_force_by_a_senior(at: World) -> None:
    file = {"text": shipped_text().replace("version = 1\n", "version = 2\n", 1)}
    for path in ("protocols/preview", "protocols"):
        assert (await at.client.post(f"/api/v1/{path}", json=file, headers=OLA)).status_code == 403
    told = await at.post("protocols/preview", file, SAM)
    assert (told["version"], told["new"], told["changed"], told["gone"]) == (2, [], [], [])
    assert (await at.get("protocols/versions"))["items"] == []
    assert await at.post("protocols", file, SAM) == told
    [only] = (await at.get("protocols/versions"))["items"]
    assert (only["version"], only["by"], only["protocols"]) == (2, "sam", told["protocols"])
    assert (await at.get("protocols/versions/2"))["version"] == 2
    assert (await at.client.get("/api/v1/protocols/versions/1", headers=OLA)).status_code == 404
    again = await at.client.post("/api/v1/protocols", json=file, headers=SAM)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "version")


async def test_what_is_wrong_with_a_file_is_told_by_line_and_field(at: World) -> None:
    text = shipped_text().replace('to = "supervisor"', 'to = "supervisr"', 1)
    answer = await at.client.post("/api/v1/protocols/preview", json={"text": text}, headers=SAM)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["line"] > 1
    assert "did you mean supervisor" in error["cause"]
    answer = await at.client.post("/api/v1/protocols/preview", json={"text": "version = = 1"}, headers=SAM)
    assert (answer.status_code, answer.json()["errors"][0]["line"]) == (422, 1)
