"""The zone editor: whatever is drawn can be typed, is checked while it is drawn, and saved as a new version."""

from __future__ import annotations

import json
import re

import numpy as np
import playwright.async_api as playwright
from playwright.async_api import expect

from domain.instants import MINUTE_US
from simulators.town_streets import streets
from tests.console import map_states
from tests.console.browsing import browsing
from tests.console.test_handover import tab_to
from tests.console.world import DEE, NAMES, NIGHT, OLA, SAM, World
from tests.store.made import fixes_of


async def corners(page: playwright.Page) -> list[str]:
    return (await page.locator("#points").input_value()).strip().splitlines()


async def at_map(page: playwright.Page, x: float, y: float) -> tuple[float, float]:
    """A place of the map, as parts of its width and height, on the page."""
    box = await page.locator("#zone-map").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


async def test_a_circle_is_typed_and_saved_by_keyboard_alone(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/zones/new") as page:
        await page.locator("#name").focus()
        await page.keyboard.type("The market square")
        await page.locator("#area").focus()
        await page.keyboard.type("Lon")
        await page.get_by_label("Circle", exact=True).focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Radius of the circle")).to_be_focused()
        await page.keyboard.type("250")
        await page.keyboard.press("Tab")
        await page.keyboard.type("51.4800, -0.0200")
        await expect(page.locator("#zone-size")).to_have_text(
            "19.6 hectares, 500 m from west to east, 500 m from south to north"
        )
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Save the zone")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/zones")
        await expect(page.get_by_role("link", name="The market square")).to_be_visible()
    [made] = [one for one in (await night.get("zones"))["items"] if one["record"]["name"] == "The market square"]
    assert made["record"]["shape"] == {"type": "Circle", "center": [-0.02, 51.48], "radius_m": 250}
    assert (made["record"]["area"], made["by"]) == ("london", "ola")


async def test_an_outline_is_drawn_with_a_hole_and_undone_by_mouse(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/zones/new") as page:
        await page.get_by_role("button", name="Draw the outline").click()
        for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)):
            await page.mouse.click(*await at_map(page, x, y))
        await expect(page.locator("#points")).not_to_have_value("")
        assert len(await corners(page)) == 4
        await expect(page.locator("#zone-size")).to_contain_text("from west to east")
        await page.get_by_role("button", name="Add a hole").click()
        for x, y in ((0.4, 0.4), (0.6, 0.4), (0.5, 0.6), (0.4, 0.4)):
            await page.mouse.click(*await at_map(page, x, y))
        await expect(page.locator("#points")).to_have_value(re.compile("hole"))
        assert len(await corners(page)) == 8
        await page.get_by_role("button", name="Undo").click()
        assert len(await corners(page)) == 4


async def test_a_corner_is_moved_by_mouse(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/zones/school") as page:
        before = await corners(page)
        canvas = page.locator("#zone-map canvas").first
        await expect(canvas).to_be_visible()
        spot = await page.evaluate(CORNER)
        await page.mouse.move(*spot)
        await page.mouse.down()
        await page.mouse.move(spot[0] + 40, spot[1] - 30, steps=5)
        await page.mouse.up()
        await expect(page.locator("#points")).not_to_have_value("\n".join(before))
        after = await corners(page)
        assert len(after) == len(before)
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
        await page.get_by_role("button", name="Save the zone").click()
        await expect(page).to_have_url(f"{address}/zones")
    versions = (await night.get("zones/school/versions"))["items"]
    assert [one["by"] for one in versions] == ["ola", None]


CORNER = """() => {
  const box = document.getElementById("zone-map").getBoundingClientRect();
  // The shape is fitted with 40 px around it: of a square in a wide map its height is what fills.
  const side = box.height - 80;
  return [box.x + box.width / 2 + side / 2, box.y + 40];
}"""


async def test_geojson_is_pasted_by_keyboard_alone(chromium: playwright.Browser, address: str, night: World) -> None:
    ring = [[-0.03, 51.47], [-0.02, 51.47], [-0.02, 51.475], [-0.03, 51.47]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    async with browsing(chromium, address, "/zones/new") as page:
        await page.locator("#name").focus()
        await page.keyboard.type("Pasted")
        await tab_to(page, "#points")
        await page.keyboard.insert_text(json.dumps(feature))
        await expect(page.locator("#zone-size")).to_contain_text("from west to east")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Save the zone")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/zones")
    [made] = [one for one in (await night.get("zones"))["items"] if one["record"]["name"] == "Pasted"]
    assert made["record"]["shape"]["coordinates"] == [ring]


async def test_what_cannot_be_read_or_judged_by_is_told_at_its_place(
    chromium: playwright.Browser, address: str
) -> None:
    async with browsing(chromium, address, "/zones/new", expected=("422",)) as page:
        await page.get_by_label("Name").fill("Wrong")
        await page.locator("#points").fill("51.5, -0.1\nsomewhere")
        await page.get_by_role("button", name="Save the zone").click()
        link = page.get_by_role("alert").get_by_role("link")
        await expect(link).to_have_text(
            "Line 2 must be a latitude and a longitude in degrees, such as 51.5310, -0.1210"
        )
        await link.click()
        await expect(page.locator("#points")).to_be_focused()
        await page.locator("#points").fill("51.50, -0.10\n51.51, -0.09\n51.50, -0.09\n51.51, -0.10")
        await expect(page.locator("#zone-warnings")).to_contain_text("crosses or runs along itself")
        await page.get_by_role("button", name="Save the zone").click()
        await expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("crosses or runs along itself")


async def test_the_wearers_own_door_and_a_protected_place_are_warned_of_and_must_be_read(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    _, _, lat, lon = NAMES[0]
    facts = fixes_of(night.made.roster.index["U1"], [1, 2], NIGHT - 30 * MINUTE_US)
    facts["lon"], facts["lat"], facts["acc"] = lon, lat, np.float64(10.0)
    await night.made.commit(facts=facts)
    async with browsing(chromium, address, "/conditions/ZW1001/edit", expected=("422",)) as page:
        await page.get_by_label("Circle", exact=True).check()
        await page.get_by_label("Radius of the circle").fill("30")
        await page.locator("#points").fill(f"{lat}, {lon}")
        warnings = page.locator("#zone-warnings")
        await expect(warnings).to_contain_text("from the wearer's own home")
        await expect(warnings).to_contain_text("This shape may point at a protected address: make it larger or move it")
        await page.get_by_label("not yet").check()
        await page.get_by_role("button", name="Look at what it covers").click()
        await page.get_by_role("button", name="Save as shown").click()
        await expect(page.get_by_role("alert")).to_contain_text("Read the warnings")
        assert (await night.get("conditions/ZW1001"))["record"]["zone"]["type"] == "Polygon"
        await page.get_by_label("I have read this and it is right").check()
        await page.get_by_role("button", name="Save as shown").click()
        await expect(page).to_have_url(f"{address}/wearers/W1001")
    assert (await night.get("conditions/ZW1001"))["record"]["zone"] == {
        "type": "Circle",
        "center": [lon, lat],
        "radius_m": 30,
    }


async def test_who_may_not_change_zones_sees_them(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/zones/school", DEE) as page:
        await expect(page.get_by_role("heading", name="Zone: Invented Primary School")).to_be_visible()
        await expect(page.locator("#zone-size")).to_contain_text("hectares")
        await expect(page.get_by_role("button", name="Save the zone")).to_have_count(0)
        await expect(page.locator("#zone-tools")).to_be_hidden()


async def test_a_zone_that_conditions_name_does_not_end_and_another_does(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    shape = {"type": "Circle", "center": [0.0, 51.4], "radius_m": 100}
    await night.post("zones", {"id": "spare", "area": "london", "name": "Spare", "shape": shape}, SAM)
    async with browsing(chromium, address, "/zones/school") as page:
        await expect(page.get_by_role("button", name="End this zone")).to_have_count(0)
        await page.goto(f"{address}/zones/spare")
        await page.get_by_role("button", name="End this zone").click()
        await expect(page).to_have_url(f"{address}/zones")
        await expect(page.get_by_role("link", name="Spare")).to_have_count(0)
    assert (await night.get("zones/spare", OLA))["cancelled"] is True


async def test_an_edge_near_a_main_road_is_warned_of_where_the_base_map_has_streets(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await map_states.with_streets(night)
    found = streets(4, [map_states.LONDON])["features"]
    roads = [one for one in found if one["properties"]["kind"] == "main"]
    [lon, lat], *_ = roads[0]["geometry"]["coordinates"]
    async with browsing(chromium, address, "/zones/new") as page:
        await expect(page.locator("#zone-roads")).to_be_hidden()
        await page.get_by_label("Circle", exact=True).check()
        await page.get_by_label("Radius of the circle").fill("20")
        await page.locator("#points").fill(f"{lat}, {lon}")
        await expect(page.locator("#zone-warnings")).to_contain_text("who only passes by will seem to come in")
        await page.locator("#points").fill("51.0, -1.9")
        await expect(page.locator("#zone-warnings")).to_be_empty()
        await expect(page.locator("#zone-size")).to_contain_text("40 m from west to east")
