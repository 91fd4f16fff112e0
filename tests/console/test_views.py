"""Saved views of the alert queue over HTTP: one's own, shared ones, and nobody else's."""

from __future__ import annotations

from tests.api.doors import asks
from tests.console.world import DEE, OLA, SAM, Begun, World, going_on

BAD = {"name": "Bad ones", "query": "severity=critical&sort=newest"}


async def names(night: World, who: dict[str, str]) -> list[tuple[str, str]]:
    return [(one["name"], one["owner"]) for one in (await night.get("views", who))["items"]]


async def test_a_view_is_ones_own_until_a_supervisor_shares_theirs(night: World) -> None:
    made = await night.post("views", BAD)
    assert (made["owner"], made["shared"]) == ("ola", False)
    assert await names(night, OLA) == [("Bad ones", "ola")]
    assert await names(night, SAM) == []
    refused = await night.client.post("/api/v1/views", json=BAD | {"shared": True}, headers=OLA)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "shared")
    shared = await night.post("views", BAD | {"name": "Night", "shared": True}, SAM)
    assert await names(night, OLA) == [("Bad ones", "ola"), ("Night", "sam")]
    assert await names(night, DEE) == [("Night", "sam")]
    path = f"/api/v1/views/{shared['id']}"
    assert (await night.client.delete(path, headers=OLA)).status_code == 404
    assert (await night.client.delete(path, headers=asks("max", "duty_manager"))).json()["name"] == "Night"
    assert await names(night, SAM) == []


async def test_the_same_name_is_used_anew_and_what_people_type_is_not_kept(night: World) -> None:
    await night.post("views", BAD)
    await night.post("views", BAD | {"query": "held=me"})
    assert [one["query"] for one in (await night.get("views"))["items"]] == ["held=me"]
    refused = await night.client.post("/api/v1/views", json=BAD | {"query": "text=Alder+Finch"}, headers=OLA)
    assert refused.status_code == 422
    assert "Finch" not in refused.text
    entries = night.ask("SELECT body ->> 'deed', body -> 'details' ->> 'done' FROM audit_bodies ORDER BY body_no")
    assert entries.count(("views.write", "saved")) == 2


async def test_fifty_views_are_enough(night: World) -> None:
    for number in range(50):
        await night.post("views", BAD | {"name": f"View {number}"})
    refused = await night.client.post("/api/v1/views", json=BAD, headers=OLA)
    assert refused.status_code == 409
    await night.post("views", BAD | {"name": "View 7"})


async def test_a_view_of_somebody_else_is_as_if_it_were_not_there(night: World) -> None:
    made = await night.post("views", BAD)
    for who in (SAM, DEE):
        assert (await night.client.delete(f"/api/v1/views/{made['id']}", headers=who)).status_code == 404
    assert (await night.client.delete(f"/api/v1/views/{made['id']}", headers=OLA)).status_code == 200
    assert await names(night, OLA) == []


async def test_a_view_is_in_use_for_a_minute_after_its_page_told_so(night: World) -> None:
    async def in_use() -> list[tuple[str, str, str]]:
        items = (await night.get("views/in-use", SAM))["items"]
        return [(one["who"], one["role"], one["query"]) for one in items]

    assert await in_use() == []
    await night.get("views/in-use?shows=severity%3Dcritical")
    night.clock.forward(59)
    await night.get("views/in-use?shows=held%3Dme")
    assert await in_use() == [("ola", "operator", "held=me"), ("ola", "operator", "severity=critical")]
    async with going_on(night.made.url, Begun(night.made.roster, night.made.commits, 0)) as beside:
        other = await beside.store.views.in_use(night.clock())
    assert [one.query for one in other] == ["held=me", "severity=critical"]
    named = "views/in-use?shows=text%3DAlder%2BFinch%26held%3Dnobody"
    assert [one["query"] for one in (await night.get(named, SAM))["items"]][-1] == "text=%2A&held=nobody"
    night.clock.forward(1)
    assert await in_use() == [("ola", "operator", "held=me"), ("sam", "supervisor", "text=%2A&held=nobody")]
    night.clock.forward(60)
    assert await in_use() == []
    assert (await night.client.get("/api/v1/views/in-use", headers=DEE)).status_code == 403
