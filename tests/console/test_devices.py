"""Pages of field officers and of whoever looks after devices: what they need, no position, and nothing of anybody else."""

from __future__ import annotations

from tests.api.access_world import versions_of
from tests.api.doors import asks
from tests.console.centre_states import parked, visited
from tests.console.world import OLA, World

FIN = asks("fin", "field")
DAN = asks("dan", "device_manager")
HTML = {"Accept": "text/html"}


async def test_a_field_officer_sees_todays_visits_and_how_the_devices_are(night: World) -> None:
    await visited(night)
    night.clock.forward(3600)
    first = await night.client.get("/", headers=FIN | HTML)
    assert first.headers["location"] == "/field"
    page = (await night.client.get("/field", headers=FIN | HTML)).text
    for words in ("Alder Finch", "Bryn Okafor", "Two people at every visit", "TW1001", "Silent for 1 h", "0700 900001"):
        assert words in page
    for hidden in ("Carys Holt", "Invented Row", "51.5", "Hidden"):
        assert hidden not in page
    assert (await night.client.get("/dead-letters", headers=FIN | HTML)).status_code == 403


async def test_a_field_officer_sees_the_visits_of_no_other_day(night: World) -> None:
    await visited(night)
    other = {"type": "visit", "wearer": "W1001", "kind": "remove", "outcome": "done"}
    for name, at in (("X-before", "2026-11-20T23:59:59Z"), ("X-after", "2026-11-22T00:00:00Z")):
        await night.made.learn(*versions_of(other | {"id": name, "at": at}))
    assert [one["record"]["id"] for one in (await night.get("visits", FIN))["items"]] == ["XW1001", "XW1002"]
    for path in ("visits/X-before", "visits/X-before/versions", "visits/X-after", "visits/X-after/versions"):
        assert (await night.client.get(f"/api/v1/{path}", headers=FIN)).status_code == 404, path
        assert (await night.client.get(f"/api/v1/{path}", headers=OLA)).status_code == 200, path
    assert (await night.client.get("/api/v1/visits/XW1001/versions", headers=FIN)).status_code == 200


async def test_devices_and_parked_messages_are_the_device_managers(night: World) -> None:
    await parked(night)
    first = await night.client.get("/", headers=DAN | HTML)
    assert first.headers["location"] == "/devices"
    page = (await night.client.get("/devices", headers=DAN | HTML)).text
    assert "TW1001" in page
    assert "firmware 2.1" in page
    assert "Finch" not in page
    page = (await night.client.get("/dead-letters", headers=DAN | HTML)).text
    for words in ("Device not entered", "items[0].bat: is -3; must be 0 to 100", "holds a tamper or an SOS"):
        assert words in page
    assert "51.531" not in page
    items = (await night.get("dead-letters?critical=true&limit=1", DAN))["items"]
    assert [(one["device"], one["bytes"], one["taken_again"]) for one in items] == [("TW1001", 15, False)]
    one = await night.get("dead-letters?limit=1", DAN)
    rest = await night.client.get(one["next"], headers=DAN)
    assert [item["reason"] for item in (*one["items"], *rest.json()["items"])] == ["schema", "unknown_device"]
    assert (await night.client.get("/api/v1/dead-letters", headers=OLA)).status_code == 403


async def test_a_curfew_tag_is_heard_through_its_home_unit_and_never_called_unheard(night: World) -> None:
    await night.made.learn(*versions_of({"type": "device", "id": "R900", "kind": "rf_tag", "model": "band"}))
    await night.made.learn(*versions_of({"type": "device", "id": "G900", "kind": "gps_tag", "model": "loc"}))
    rows = (await night.client.get("/devices", headers=DAN | HTML)).text.split("<tr")
    tag = next(row for row in rows if "R900" in row)
    assert "heard through its home monitoring unit" in tag
    assert "never heard" not in tag
    assert "<strong>never heard</strong>" in next(row for row in rows if "G900" in row)
