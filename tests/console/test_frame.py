"""What stands around every page: who reads it, where they can go, and nothing from elsewhere."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console.browsing import browsing


async def test_the_first_page_shows_the_alerts(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address) as page:
        await expect(page).to_have_url(f"{address}/alerts")
        await expect(page.locator("h1")).to_have_text("Alerts")
        await page.screenshot(path="/tmp/s/shot.png")
