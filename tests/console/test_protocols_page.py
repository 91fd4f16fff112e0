"""The protocols' page: what would happen, minute by minute and with names; and a file that comes into force."""

from __future__ import annotations

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from alerts.shipped import shipped_text
from tests.console.browsing import browsing
from tests.console.test_rota_page import SHIFT
from tests.console.world import OLA, SAM, World


async def test_what_would_happen_is_read_by_the_minute_with_names(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await night.post("rota/shifts", SHIFT, SAM)
    async with browsing(chromium, address, "/protocols", OLA) as page:
        await page.get_by_label("Alert", exact=True).select_option("Shielding")
        await page.get_by_label("Response level").select_option("Intensive")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", name="Shielding, critical, response level intensive")).to_be_visible()
        row = page.get_by_role("region", name="Minute by minute").get_by_role("row").filter(has_text="Supervisor")
        await expect(row.first).to_contain_text("+02:00")
        await expect(row.first).to_contain_text("Ada Able, +44 1632 960001")
        await expect(page.get_by_role("link", name="Take another file into force")).to_have_count(0)


async def test_it_is_asked_by_keyboard_for_another_time(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/protocols", OLA) as page:
        await page.get_by_label("Alert", exact=True).focus()
        await page.keyboard.type("Jamming")
        await page.locator("summary").filter(has_text="Raised at another time than now").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        for text in ("25", "12", "2026", "03:00"):
            await page.keyboard.type(text)
            await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Show")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Raised 25 Dec 2026, 03:00:00. If nobody acted:")).to_be_visible()


@pytest.mark.slow
async def test_a_senior_takes_a_file_into_force_after_reading_what_it_changes(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    wrong = shipped_text().replace('to = "supervisor"', 'to = "supervisr"', 1)
    right = shipped_text().replace("version = 1\n", "version = 2\n", 1)
    async with browsing(chromium, address, "/protocols/new", SAM, expected=("422",)) as page:
        await page.get_by_label("The whole file, as text").focus()
        await page.keyboard.insert_text(wrong)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Check it")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("region", name="What is wrong")).to_contain_text("did you mean supervisor")
        file = {"name": "protocols.toml", "mimeType": "application/toml", "buffer": right.encode()}
        await page.get_by_label("A file", exact=True).set_input_files(file)
        await page.get_by_role("button", name="Check it").click()
        await expect(page.get_by_text("Version 2 may come into force.")).to_be_visible()
        await expect(page.get_by_label("The whole file, as text")).to_have_value(right)
        assert (await night.get("protocols/versions"))["items"] == []
        await page.get_by_role("button", name="Take version 2 into force").click()
        await expect(page).to_have_url(f"{address}/protocols")
        await page.get_by_role("link", name="Version 2").click()
        await expect(page.get_by_role("heading", name="Protocols, version 2")).to_be_visible()
        await expect(page.locator("details.bw-protocol").first).to_be_visible()
