"""Crimes: a file is sent, people look at who was near, and the force sees a name when two of them have agreed."""

from __future__ import annotations

from pathlib import Path

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.instants import HOUR_US, format_instant
from tests.console.browsing import PHONE, browsing
from tests.console.crime_states import HEADER, PC, matched, row
from tests.console.world import NIGHT, OLA, SAM, World


async def test_from_a_file_to_a_name_that_two_people_let_the_force_see(
    chromium: playwright.Browser, address: str, night: World, tmp_path: Path
) -> None:
    file = tmp_path / "crimes.csv"
    file.write_text(f"{HEADER}\n{row()}\n{row('46/2/26', to=format_instant(NIGHT + HOUR_US))}\n")
    async with browsing(chromium, address, "/crimes", PC) as page:
        await page.locator("#file").set_input_files(file)
        await page.get_by_role("button", name="Send").click()
        told = page.locator(".bw-panel--told")
        await expect(told).to_contain_text("1 entered, 0 corrected, 0 there already, 1 refused")
        await expect(told.locator("tbody tr")).to_contain_text(
            "is in the future: enter the crime when its window is over"
        )
        await page.get_by_role("link", name="Burglary, 46/1/26").click()
        await expect(page.locator("main")).to_contain_text("It is being matched")
        await matched(night)
        await page.get_by_role("link", name="Look again").click()
        await expect(page.locator(".bw-crimes__said")).to_contain_text("Elsewhere")
        await expect(page.locator("main")).to_contain_text("Nobody yet.")
        await expect(page.locator(".bw-crimes__match")).to_have_count(0)
    async with browsing(chromium, address, "/crimes/1", OLA, ("status of 422",)) as page:
        first = page.locator(".bw-crimes__match").first
        name = (await first.locator("h3 a").inner_text()).strip()
        await expect(page.locator("[data-drawn=true]")).to_have_count(1)
        await first.locator("summary").first.focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Say why in your own words")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await page.locator("#words").focus()
        await page.keyboard.type("There for the whole time")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(first).to_contain_text("Plausible: There for the whole time")
        await page.locator("#wearer").fill("W1001")
        await page.get_by_role("button", name="Ask", exact=True).click()
        await expect(page.locator("main")).to_contain_text("W1001 was elsewhere.")
    async with browsing(chromium, address, "/crimes/1", SAM) as page:
        first = page.locator(".bw-crimes__match").first
        await first.get_by_text("Let the force see it, or not").click()
        await first.get_by_label("Yes").check()
        await first.get_by_label("Why; this is decided once").fill("Proportionate")
        await first.get_by_role("button", name="Decide").click()
        await expect(first).to_contain_text("May see it: Proportionate")
    async with browsing(chromium, address, "/crimes/1", PC, viewport=PHONE) as page:
        await expect(page.locator(".bw-crimes__match h3")).to_contain_text(name)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
