"""The wallboard: figures that add up, ages that grow, and nothing about anybody."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.instants import MINUTE_US
from domain.vocabulary import Kind, Severity
from store.reading_types import Counts
from tests.api.doors import asks
from tests.api.fake_reading import FakeReading
from tests.api.serving import app_over, served
from tests.api.sides import fake_side
from tests.console.browsing import PHONE, browsing
from tests.console.world import NAMES, World

ANN = asks("ann", "auditor")


async def test_the_figures_are_told_and_of_nobody(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/wallboard") as page:
        await expect(page.locator("[data-severity=critical] strong")).to_have_text("3")
        await expect(page.locator("[data-severity=critical]")).to_contain_text("2 nobody has")
        await expect(page.locator("[data-severity=information] strong")).to_have_text("1")
        await expect(page.locator("#oldest")).to_have_text("6 min")
        await expect(page.locator("#board-oldest + p + p")).to_contain_text("Critical, since 22:24")
        await expect(page.locator(".bw-board__spark rect")).to_have_count(9)
        spark = page.locator(".bw-board__spark")
        await expect(spark).to_have_attribute("aria-label", "9 alerts in the last hour, at most 1 in a minute")
        await expect(page.locator("#line-state")).to_have_text("Stream: live")
        text = await page.locator("body").inner_text()
        assert not [name for wearer, name, *_ in NAMES if wearer in text or name in text]


async def test_it_is_live_and_its_ages_grow(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/wallboard") as page:
        await expect(page.locator("#oldest")).to_have_text("6 min")
        # The page counts on by the server's clock; a figure that was read anew brings the new count.
        await page.clock.install()
        await night.raised("W1007", Kind.CASE_TAMPER, Severity.CRITICAL, condition=None, device="TW1007")
        await page.clock.run_for(6_000)
        await expect(page.locator("[data-severity=critical] strong")).to_have_text("4", timeout=20_000)


async def test_a_flood_is_marked(chromium: playwright.Browser, address: str, night: World) -> None:
    for _ in range(12):
        await night.raised("W1003", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1003")
    async with browsing(chromium, address, "/wallboard") as page:
        await expect(page.locator("[data-flood]")).to_contain_text("Flood: more than 10 an operator")


async def test_it_sounds_only_where_it_was_switched_on(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wallboard") as page:
        sound = page.locator("#sound")
        await expect(sound).to_have_text("Sound is off")
        assert await page.evaluate("document.documentElement.dataset.sounded ?? 'never'") == "never"
        await page.keyboard.press("s")
        await expect(sound).to_have_text("Sound is on")
        # Once as a sample; then for the critical alerts that nobody has had for over two minutes.
        await expect(page.locator("html")).to_have_attribute("data-sounded", "2")
        await page.keyboard.press("s")
        await expect(sound).to_have_text("Sound is off")


async def test_a_late_feed_is_said_aloud(chromium: playwright.Browser, address: str, night: World) -> None:
    night.clock.now_us += MINUTE_US
    async with browsing(chromium, address, "/wallboard") as page:
        await expect(page.locator("[data-wrong] #board-feed")).to_be_visible()
        await expect(page.locator("main")).to_contain_text("The feed is late: nothing newer was decided")


async def test_an_auditor_sees_it_and_no_alert(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/", ANN) as page:
        await expect(page).to_have_url(f"{address}/wallboard")
        await expect(page.locator("#line-state")).to_have_text("Read every 3 s")
        await expect(page.get_by_role("link", name="Alerts", exact=True)).to_have_count(0)


async def test_states_that_do_not_add_up_are_said_aloud(chromium: playwright.Browser) -> None:
    class Wrong(FakeReading):
        async def counts(self) -> Counts:
            return replace(await super().counts(), orders_active=9)

    side = replace(fake_side(), reading=Wrong())
    async with served(app_over(side)) as address, browsing(chromium, address, "/wallboard") as page:
        await expect(page.locator(".bw-board__wrong")).to_contain_text("The states do not add up to 9")


async def test_it_fits_a_phone(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/wallboard", viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
