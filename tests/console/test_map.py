"""The live map: who is on it and who is not, what moves, by keyboard and by mouse, the same as a table, and a service that is away."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import playwright.async_api as playwright
from playwright.async_api import expect

from api.basemap import Basemap, TileFile
from api.console.map_rows import alerting_of, rows_of, sorted_rows
from domain.instants import HOUR_US, MINUTE_US, SECOND_US, format_instant
from domain.vocabulary import Kind, Severity
from tests.api.doors import asks
from tests.api.serving import served
from tests.console.browsing import PHONE, browsing
from tests.console.vector_tile import vector_file
from tests.console.world import DEE, NIGHT, World
from tests.store.made import fixes_of

SLOW = 15_000


async def ready(page: playwright.Page) -> None:
    await expect(page.locator("#live-map")).to_have_attribute("data-ready", "true", timeout=SLOW)
    await expect(page.locator("#map-count")).to_have_text("8 wearers", timeout=SLOW)
    await expect(page.locator("#map-alerts li")).to_have_count(8, timeout=SLOW)


async def moved(night: World, wearer: str, lat: float, lon: float, minute: int = 1) -> None:
    """A fix a minute after `NIGHT`, and the clock with it."""
    night.clock.now_us = NIGHT + minute * MINUTE_US
    facts = fixes_of(night.made.roster.index[f"T{wearer}"], [2000 + minute], NIGHT + minute * MINUTE_US - SECOND_US)
    facts["lat"], facts["lon"] = lat, lon
    facts["t_us"] = NIGHT + minute * MINUTE_US - SECOND_US
    facts["received_us"] = facts["t_us"]
    await night.made.commit(facts=facts)


# -- rows of the table, without a server --


def test_a_row_says_how_old_its_fix_is_and_the_worst_of_its_alerts() -> None:
    place = {"lon": 0.1, "lat": 51.5, "acc": 9.0}
    items = [
        {"wearer": name, "t": format_instant(NIGHT - ago * MINUTE_US)} | place
        for name, ago in (("W1", 1), ("W2", 11), ("W3", 5))
    ]
    alerts = [
        {"wearer": "W2", "severity": "warning", "raised": "2026-11-21T20:00:00Z", "id": "1"},
        {"wearer": "W2", "severity": "critical", "raised": "2026-11-21T22:00:00Z", "id": "2"},
        {"wearer": "W3", "severity": "critical", "raised": "2026-11-21T21:00:00Z", "id": "3"},
        {"wearer": None, "severity": "critical", "raised": "2026-11-21T21:00:00Z", "id": "4"},
    ]
    rows = rows_of(items, alerting_of(alerts), NIGHT)
    assert [(row.wearer, row.age_s, row.old) for row in rows] == [
        ("W1", 60, False),
        ("W2", 660, True),
        ("W3", 300, False),
    ]
    worst = rows[1].alerting
    assert worst is not None
    assert (worst.worst["id"], worst.count) == ("2", 2)
    orders = {"alert": "W3 W2 W1", "wearer": "W1 W2 W3", "oldest": "W2 W3 W1", "newest": "W1 W3 W2"}
    for sort, names in orders.items():
        assert " ".join(row.wearer for row in sorted_rows(rows, sort)) == names


# -- the map --


async def test_the_worst_is_found_by_one_key_and_its_page_by_two_more(
    chromium: playwright.Browser, address: str
) -> None:
    async with browsing(chromium, address, "/map") as page:
        await ready(page)
        await page.keyboard.press("n")
        about = page.locator("#map-about")
        await expect(about).to_contain_text("Bryn Okafor")
        await expect(about).to_contain_text("Strap tamper")
        await expect(about).to_contain_text("nobody has it")
        await expect(page.locator("#live-map")).to_be_focused()
        await page.keyboard.press("n")
        await expect(about).to_contain_text("Alder Finch")
        await expect(about).to_contain_text("Two people at every visit: a large dog")
        await page.keyboard.press("p")
        await expect(about).to_contain_text("Bryn Okafor")
        await page.keyboard.press("Escape")
        await expect(about).to_be_hidden()


async def test_a_wearer_is_found_by_name_and_shown_with_their_zones(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/map") as page:
        await ready(page)
        await page.keyboard.press("/")
        await expect(page.locator("#map-find")).to_be_focused()
        await page.keyboard.type("Greta")
        async with page.expect_request(re.compile(r"conditions\?wearer=W1007")):
            await page.keyboard.press("Enter")
        about = page.locator("#map-about")
        await expect(about).to_contain_text("Greta Thorn")
        await expect(about).to_contain_text(re.compile(r"22:29:40.*within \d+ m \(95 %\)", re.DOTALL))
        await expect(about.locator("a", has_text="Wearer’s page")).to_have_attribute("href", "/wearers/W1007")
        await page.fill("#map-find", "nobody of this name")
        await page.keyboard.press("Enter")
        await expect(page.locator("#map-said")).to_have_text("Nobody is found by these words.")


async def test_by_mouse_and_by_arrows_and_enter(chromium: playwright.Browser, address: str) -> None:
    # Without motion: an arrow pressed on the way there would begin from wherever the map is by then.
    async with browsing(chromium, address, "/map?wearer=W1005", reduced_motion="reduce") as page:
        await ready(page)
        about = page.locator("#map-about")
        await expect(about).to_contain_text("Esme Quill")
        await page.locator("#live-map").focus()
        await page.keyboard.press("Escape")
        await expect(about).to_be_hidden()
        await page.locator("#live-map").click()
        await expect(about).to_contain_text("Esme Quill")
        await page.keyboard.press("Escape")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await expect(about).to_contain_text("Esme Quill")


async def test_who_moves_moves_and_whoever_is_sealed_leaves_the_map(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/map?wearer=W1007") as page:
        await ready(page)
        await expect(page.locator("#map-about")).to_contain_text("0.00200")
        await moved(night, "W1007", 51.6, 0.1)
        await expect(page.locator("#map-about")).to_contain_text("51.60000, 0.10000", timeout=SLOW)
        looks = night.ask(
            "SELECT body -> 'details' ->> 'shown' FROM audit_bodies WHERE body ->> 'deed' = 'positions.read'"
        )
        assert sorted(one for (one,) in looks) == ["moves", "positions"]


async def test_an_alert_that_is_raised_is_listed_and_one_that_is_closed_is_gone(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/map") as page:
        await ready(page)
        number = await night.raised("W1007", Kind.SOS, Severity.CRITICAL, SECOND_US, condition=None, device="TW1007")
        first = page.locator("#map-alerts li", has_text="Greta Thorn")
        await expect(first).to_contain_text("SOS and 1 more", timeout=SLOW)
        await night.post(f"alerts/{number}/claim")
        await night.post(
            f"alerts/{number}/close", {"outcome": "false", "note": "She pressed it by mistake, and is well"}
        )
        await expect(first).to_contain_text("Perhaps passed through a zone", timeout=SLOW)


async def test_an_old_fix_is_said_to_be_old(chromium: playwright.Browser, address: str, night: World) -> None:
    night.clock.now_us = NIGHT + HOUR_US
    async with browsing(chromium, address, "/map?wearer=W1001") as page:
        await ready(page)
        await expect(page.locator("#map-about")).to_contain_text("Nothing newer: they may be elsewhere")


async def test_a_service_that_is_away_is_said_and_the_map_goes_on_by_itself(
    chromium: playwright.Browser, night: World
) -> None:
    async with served(night.app) as address:
        port = int(address.rpartition(":")[2])
        context = await chromium.new_context(extra_http_headers=asks("ola"))
        page = await context.new_page()
        await page.goto(f"{address}/map")
        await ready(page)
    await expect(page.locator("#map-stale")).to_contain_text("The map stands still since", timeout=SLOW)
    async with served(night.app, port):
        await expect(page.locator("#map-stale")).to_be_hidden(timeout=2 * SLOW)
        await context.close()


async def test_whom_the_reader_may_not_see_is_not_on_it(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/map", asks("dee", "officer", "nowhere")) as page:
        await expect(page.locator("#map-count")).to_have_text("0 wearers", timeout=SLOW)
        await expect(page.locator("#map-empty")).to_be_visible()
    async with browsing(chromium, address, "/map", DEE) as page:
        await expect(page.locator("#map-count")).to_have_text("8 wearers", timeout=SLOW)
    told = ("status of 403",)
    async with browsing(chromium, address, "/map", asks("vic", "victim_liaison"), expected=told) as page:
        await expect(page.locator("h1")).to_have_text("Your role may not see this")


# -- the table --


async def test_the_table_has_the_same_sorted_and_leads_back_to_the_map(
    chromium: playwright.Browser, address: str
) -> None:
    async with browsing(chromium, address, "/map/table", viewport=PHONE) as page:
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(8)
        await expect(rows.first).to_contain_text("Critical")
        await expect(rows.last).to_contain_text("Greta Thorn")
        await page.get_by_role("link", name="By wearer").click()
        await expect(rows.first).to_contain_text("Alder Finch")
        await page.get_by_role("link", name="Map of Bryn Okafor").click()
        await expect(page.locator("#map-about")).to_contain_text("Bryn Okafor", timeout=SLOW)


PART_OF_COLOUR = """([red, green, blue]) => {
  let all = 0, those = 0;
  for (const canvas of document.querySelectorAll("#live-map canvas")) {
    // Looked at in a copy: Chromium warns of a canvas that is drawn for the screen and read more than once.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      all += 1;
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) those += 1;
    }
  }
  return those / all;
}"""


async def test_vector_tiles_of_a_file_are_drawn_under_the_points(
    chromium: playwright.Browser, address: str, night: World, tmp_path: Path
) -> None:
    tiles = TileFile(vector_file(tmp_path / "map.pmtiles", "water"))
    night.app.state.parts = replace(night.app.state.parts, basemap=Basemap(tiles))
    async with browsing(chromium, address, "/map") as page:
        await ready(page)
        await expect(page.locator("#live-map")).to_contain_text("Invented tiles", timeout=SLOW)
        await page.wait_for_function(f"colour => ({PART_OF_COLOUR})(colour) > 0.2", arg=[0xCF, 0xE0, 0xEA])
