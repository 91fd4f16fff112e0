"""The track player: who looks says why, which is kept; the trail is played and stepped through, and a gap is never a line."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from pathlib import Path

import playwright.async_api as playwright
from playwright.async_api import Page, expect

from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from domain.national_grid import references
from domain.records import Version
from tests.api.doors import asks
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, NIGHT, World, records_of
from tests.store.alert_making import ZONES

AROUND_THE_GAP = f"?from={format_instant(NIGHT - 11 * HOUR_US)}&to={format_instant(NIGHT - 7 * HOUR_US)}"
"""Four hours of the day; between 13:30 and 14:00 nothing came."""


async def shown(page: Page, why: str = "Asked for by the court") -> None:
    """The purpose is typed, and the track is there."""
    await page.get_by_label("Why do you look at this track?").fill(why)
    await page.keyboard.press("Enter")
    await expect(page.locator(".bw-track__map[data-ready]")).to_be_visible()


def looks(night: World) -> list[tuple[str, str | None]]:
    """Who looked at trails, and why."""
    rows = night.ask("SELECT body FROM audit_bodies WHERE body ->> 'deed' = 'positions.read' ORDER BY body_no")
    return [(body["who"], body["why"]) for (body,) in rows if body["details"].get("shown") == "trail"]


async def test_nothing_is_read_before_somebody_says_why_and_then_it_is_kept(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await page.get_by_role("button", name="Show the track").click()
        await expect(page.get_by_role("alert").filter(has_text="Say why you look")).to_be_visible()
        assert looks(night) == []
        await shown(page)
        assert looks(night) == [("ola", "Asked for by the court")]
        await expect(page.get_by_text("The line is not the route.")).to_be_visible()


async def test_it_is_stepped_through_played_and_left_by_keyboard_alone(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await shown(page)
        told = page.locator(".bw-track__told")
        play = page.get_by_role("button", name="Play")
        await expect(play).to_be_focused()
        await expect(told).to_contain_text("Sat 21 Nov, 11:30:40")
        await page.keyboard.press("ArrowRight")
        await expect(told).to_contain_text("point of 11:31:40")
        await page.keyboard.press("Shift+ArrowRight")
        await expect(told).to_contain_text("point of 11:41:40")
        await page.keyboard.press("ArrowLeft")
        await expect(told).to_contain_text("point of 11:40:40")
        await page.keyboard.press("End")
        await expect(told).to_contain_text("Sat 21 Nov, 15:30:00")
        await page.keyboard.press("Home")
        await expect(told).to_contain_text("before the first point")
        await page.get_by_label("Speed").select_option("600")
        await play.focus()
        await page.keyboard.press("Space")
        await expect(page.get_by_role("button", name="Pause")).to_be_visible()
        await expect(told).to_contain_text("point of 11:4")
        await page.keyboard.press("Space")
        await expect(play).to_be_visible()
        scrubber = page.get_by_role("slider", name="Time on the track")
        await scrubber.focus()
        before = await scrubber.input_value()
        await page.keyboard.press("PageUp")
        await expect(scrubber).not_to_have_value(before)
        assert "of 211" in (await scrubber.get_attribute("aria-valuetext") or "")


async def test_it_is_held_and_played_by_mouse(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await shown(page)
        told = page.locator(".bw-track__told")
        scrubber = page.get_by_role("slider")
        strip = await scrubber.bounding_box()
        assert strip is not None
        await scrubber.click(position={"x": strip["width"] * 0.25, "y": strip["height"] / 2})
        await expect(told).to_contain_text(re.compile("point of 12:(29|30|31):40"))
        await page.get_by_role("button", name="Play").click()
        await expect(told).not_to_contain_text(re.compile("point of 12:(29|30|31):40"))
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_role("button", name="Point before").click()
        # Whoever moved on finds the page of the table again.
        await page.get_by_role("button", name="To the point on the map").click()
        await expect(page.locator(".bw-fixes [aria-current=true]")).to_be_visible()


async def test_a_gap_is_told_and_shown_as_one(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await shown(page)
        await expect(page.locator(".bw-track__summary")).to_contain_text(
            "211 points. 1 gap of more than a minute, the longest 30 min: no line is drawn there."
        )
        assert await page.locator(".bw-strip__there").count() == 2
        middle = (NIGHT - 9 * HOUR_US + 15 * MINUTE_US) // 1000
        await page.get_by_role("slider").fill(str(middle))
        await expect(page.locator(".bw-track__told")).to_contain_text("nothing for 15 min: last point of 13:29:40")


async def test_each_point_is_in_the_table_with_both_clocks_and_both_grids(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    (lon, lat, acc, speed) = night.ask(
        "SELECT x.lon, x.lat, x.acc, x.spd FROM fixes x JOIN devices d USING (device_no) WHERE d.id = 'TW1001' "
        "AND x.fix_time >= '2026-11-21T11:30:00Z' ORDER BY x.fix_time LIMIT 1"
    )[0]
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await shown(page)
        cells = page.get_by_role("region", name="Points").get_by_role("row").nth(1).locator("th, td")
        grid = references([lon], [lat])[0]
        assert await cells.all_inner_texts() == [
            "Sat 21 Nov, 11:30:40",
            "2026-11-21 11:30:40",
            f"{lat:.6f}",
            f"{lon:.6f}",
            grid,
            f"{round(acc)} m",
            f"{round(speed * 3.6)} km/h",
            "GPS",
            "used",
        ]
        await page.get_by_role("button", name="Later").click()
        row = page.get_by_role("button", name="Go to Sat 21 Nov, 11:57:40")
        await row.click()
        await expect(page.locator(".bw-track__told")).to_contain_text("point of 11:57:40")


async def test_files_are_saved_and_each_is_a_look_of_its_own(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}") as page:
        await shown(page, "Ŵhy not")
        found: dict[str, str] = {}
        for name in ("GPX", "CSV", "GeoJSON"):
            async with page.expect_download() as saving:
                await page.get_by_role("button", name=name, exact=True).click()
            download = await saving.value
            found[name] = await asyncio.to_thread(Path(await download.path()).read_text)
            assert download.suggested_filename == f"W1001_2026-11-21T113000Z_2026-11-21T153000Z.{name.lower()}"
        assert (
            len(list(csv.DictReader(io.StringIO(found["CSV"])))) == len(json.loads(found["GeoJSON"])["features"]) == 211
        )
        assert found["GPX"].count("<trkpt") == 211
        assert looks(night) == [("ola", "Why not")] * 4


async def test_what_no_order_permits_is_told_as_sealed(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    (trail,) = [line for line in records_of(4) if line["type"] == "condition" and line["kind"] == "trail"]
    await night.made.learn(Version(parse_record(trail, ZONES.names), cancelled=True))
    async with browsing(chromium, address, f"/wearers/W1005/track{AROUND_THE_GAP}", DEE) as page:
        await shown(page)
        summary = page.locator(".bw-track__summary")
        await expect(summary).to_contain_text("1 stretch sealed: no order permits showing where they were")
        await expect(summary).to_contain_text("Sat 21 Nov, 11:30:00 to Sat 21 Nov, 15:30:00 (but at zones)")
        assert await page.locator(".bw-strip__sealed").count() == 1
        assert looks(night) == [("dee", "Asked for by the court")]


async def test_times_are_chosen_by_the_centres_clock(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001/track") as page:
        await page.locator("summary", has_text="Other times").click()
        for name, text in (
            ("From, day", "2026-10-24"),
            ("From, time", "22:00"),
            ("To, day", "2026-10-25"),
            ("To, time", "01:30"),
        ):
            await page.get_by_label(name).fill(text)
        await page.get_by_role("button", name="Show these times").click()
        # Of the hour that came twice that night the end takes the second.
        await expect(page).to_have_url(
            f"{address}/wearers/W1001/track?from=2026-10-24T21:00:00Z&to=2026-10-25T01:30:00Z"
        )
        await page.locator("summary", has_text="Other times").click()
        await page.get_by_label("To, day").fill("2026-10-23")
        await page.get_by_role("button", name="Show these times").click()
        await expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_contain_text(
            "The end must be after the beginning"
        )
        await expect(page.get_by_label("To, day")).to_have_value("2026-10-23")


async def test_from_an_alert_the_purpose_is_there_already(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wearers/W1001/track?alert=7") as page:
        await page.get_by_role("button", name="Show the track").press("Enter")
        await expect(page.locator(".bw-track__map[data-ready]")).to_be_visible()
        assert looks(night) == [("ola", "Alert 7")]
        day = f"?from={format_instant(NIGHT - DAY_US)}&to={format_instant(NIGHT)}"
        link = await page.get_by_role("link", name="Last 24 hours").get_attribute("href")
        assert link == f"/wearers/W1001/track{day}"


async def test_who_sees_no_positions_has_no_player(chromium: playwright.Browser, address: str) -> None:
    field = asks("fay", "field", "london")
    async with browsing(chromium, address, "/wearers/W1001", field, expected=("404",)) as page:
        await expect(page.get_by_role("link", name="Track")).to_have_count(0)


async def test_a_phone_plays_it_too(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, f"/wearers/W1001/track{AROUND_THE_GAP}", viewport=PHONE) as page:
        await shown(page)
        await page.get_by_role("button", name="Point after").click()
        await expect(page.locator(".bw-track__told")).to_contain_text("11:31:40")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
