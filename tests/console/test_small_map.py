"""Small maps on other pages: what they show is said by their key, they are moved by keyboard, and take no page's scrolling."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console.browsing import PHONE, browsing
from tests.console.world import World

SLOW = 15_000


async def of_alert(night: World, wearer: str) -> str:
    alerts = await night.get(f"alerts?wearer={wearer}")
    return f"/alerts/{alerts['items'][0]['id']}"


async def test_an_alerts_map_has_its_points_and_zone_and_says_what_the_signs_mean(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, await of_alert(night, "W1001")) as page:
        area = page.locator("#alert-map")
        await expect(area).to_have_attribute("data-drawn", "true", timeout=SLOW)
        key = page.locator("#alert-map + .bw-map-key li")
        await expect(key).to_have_text(
            ["Point that this rests on", "Other point", "Within this circle, 19 times of 20", "Must stay out"]
        )
        scale = area.locator(".ol-scale-line-inner")
        before = await scale.text_content() or ""
        assert before.endswith(" m")
        await area.focus()
        await page.keyboard.press("+")
        await expect(scale).not_to_have_text(before, timeout=SLOW)
        await page.keyboard.press("-")
        await expect(scale).to_have_text(before, timeout=SLOW)


async def test_a_page_is_scrolled_past_a_map_that_has_not_the_focus(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, await of_alert(night, "W1001"), viewport=PHONE) as page:
        area = page.locator("#alert-map")
        await expect(area).to_have_attribute("data-drawn", "true", timeout=SLOW)
        await area.hover()
        scale = area.locator(".ol-scale-line-inner")
        before = await scale.text_content() or ""
        await page.mouse.wheel(0, 2_000)
        await expect(area).not_to_be_in_viewport(timeout=SLOW)
        await expect(scale).to_have_text(before)
