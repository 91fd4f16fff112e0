"""What stands around every page: who reads it, where they can go, and nothing from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.api.doors import NOBODY
from tests.console.browsing import browsing
from tests.console.world import OLA, World


async def test_the_first_page_shows_the_alerts(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address) as page:
        await expect(page).to_have_url(f"{address}/alerts")
        await expect(page.locator("h1")).to_have_text("Alerts")


async def test_the_centres_telephone_stands_where_people_need_it(night: World) -> None:
    night.app.state.parts = replace(night.app.state.parts, centre_phone="0800 900 123")
    html = {"Accept": "text/html"}
    for path, who, status in (
        ("/wearers/W1001/sheet", OLA, 200),
        ("/patrol/none", NOBODY, 404),
        ("/wearers/nobody", OLA, 404),
    ):
        answer = await night.client.get(path, headers=who | html)
        assert answer.status_code == status
        assert ("0800 900 123" in answer.text) is (path != "/wearers/nobody"), path
