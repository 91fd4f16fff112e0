"""A zone while it is drawn: its size, the wearer's own door, and a shape that would give a protected person away."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from domain.instants import MINUTE_US
from tests.console.world import NAMES, NIGHT, OLA, World
from tests.store.made import fixes_of

HIDDEN = (-0.2, 51.6)
"""Where the protected person is."""


@pytest_asyncio.fixture(loop_scope="session")
async def at(night: World) -> World:
    facts = fixes_of(night.made.roster.index["U1"], [1, 2, 3], NIGHT - 30 * MINUTE_US)
    facts["lon"], facts["lat"] = HIDDEN
    facts["acc"] = 10.0
    await night.made.commit(facts=facts)
    return night


def circle(lon: float, lat: float, radius_m: float = 300.0) -> dict[str, Any]:
    return {"type": "Circle", "center": [lon, lat], "radius_m": radius_m}


async def told(at: World, shape: dict[str, Any], **more: Any) -> list[str]:
    found = await at.post("zones/preview", {"shape": shape, **more})
    return [one["about"] for one in found["warnings"]]


async def test_the_size_is_told(at: World) -> None:
    found = await at.post("zones/preview", {"shape": circle(0.3, 51.4)})
    assert found["area_m2"] == pytest.approx(282_743, rel=1e-3)
    assert (found["across_m"], found["middle"], found["warnings"]) == (600.0, [0.3, 51.4], [])


async def test_what_cannot_be_judged_by_is_refused_at_its_place(at: World) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 51], [0.01, 51.01], [0.01, 51], [0, 51.01], [0, 51]]]}
    answer = await at.client.post("/api/v1/zones/preview", json={"shape": bow}, headers=OLA)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"].startswith("shape")
    assert "crosses" in error["cause"]


async def test_an_edge_at_the_wearers_own_door_is_warned_of(at: World) -> None:
    _, _, lat, lon = NAMES[1]
    near = circle(lon, lat, 30.0)
    assert await told(at, near, order="OW1002") == ["home"]
    assert await told(at, near) == []
    assert await told(at, near, zone="school") == ["home"], "W1002's order names the shared zone"


async def test_a_shape_that_points_at_whom_it_protects_is_warned_of_without_saying_where(at: World) -> None:
    answer = await at.client.post(
        "/api/v1/zones/preview", json={"shape": circle(*HIDDEN), "order": "OW1001"}, headers=OLA
    )
    [warning] = answer.json()["warnings"]
    assert warning["about"] == "protected"
    assert not any(word in warning["cause"] for word in ("V1", "51.6", "Hidden"))
    assert await told(at, circle(*HIDDEN), order="OW1002") == [], "that wearer is paired with nobody"
    assert await told(at, circle(*HIDDEN)) == ["protected"], "a shared zone is told to whoever has it"
    assert await told(at, circle(HIDDEN[0] + 0.02, HIDDEN[1], 3_000.0), order="OW1001") == []
    looks = at.ask(
        "SELECT body -> 'subjects', body -> 'details' ->> 'points_at' FROM audit_bodies "
        "WHERE body -> 'details' ->> 'shown' = 'zone_check' ORDER BY body_no"
    )
    assert looks == [(["V1"], "true"), (["V1"], "true"), (["V1"], "false")]


async def test_only_a_zone_of_an_order_in_sight_is_drawn(at: World) -> None:
    answer = await at.client.post("/api/v1/zones/preview", json={"shape": circle(0, 51), "order": "O9"}, headers=OLA)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "order")
