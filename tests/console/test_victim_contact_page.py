"""Victim contact on the console: overdue first, what to say and how safely, each try written down."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console.browsing import PHONE, browsing
from tests.console.contact_states import LIV, duties
from tests.console.test_handover import tab_to
from tests.console.world import SAM, World


async def test_the_liaison_tries_twice_and_tells_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await duties(night)
    async with browsing(chromium, address, "/victim-contact", LIV, ("422",)) as page:
        rows = page.locator("caption:text('To be told') ~ tbody tr")
        await expect(rows).to_have_count(2)
        await expect(rows.nth(0)).to_contain_text("Release from custody")
        await expect(rows.nth(0)).to_contain_text("Overdue")
        await expect(rows.nth(0)).to_contain_text("Hidden Person")
        await rows.nth(0).locator("a").focus()
        await page.keyboard.press("Enter")
        said = page.locator("section", has=page.locator("#say-title"))
        await expect(said).to_contain_text("released from custody on Tuesday 24 November 2026 at 09:00")
        await expect(page.locator("#safe-title + ul")).to_contain_text("0700 900 123")
        await expect(page.locator("#safe-title + ul")).to_contain_text("Not now: outside the hours")
        await expect(page.locator("#safe-title + ul")).to_contain_text("Please ring the dentist")
        for _ in range(2):
            await expect(page.get_by_role("button", name="Could not be reached")).to_have_count(0)
            await page.get_by_label("No answer").check()
            await page.get_by_role("button", name="Write it down").press("Enter")
            await page.wait_for_load_state()
        await expect(page.locator("#tries-title + ol li")).to_have_count(2)
        await expect(page.get_by_role("button", name="Could not be reached")).to_be_visible()
        await page.get_by_role("button", name="Write it down").press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Say what came of it")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await tab_to(page, "#result")
        await page.keyboard.press("Space")
        await page.locator("#said_back").fill("Wants a call on the day")
        await page.get_by_role("button", name="Write it down").press("Enter")
        await expect(page.locator("main")).to_contain_text("Told (liv)")
        await expect(page.locator("#tell-title")).to_have_count(0)
    assert night.ask("SELECT state, ended_by FROM contact_duties WHERE duty_no = 1") == [("told", "liv")]
    async with browsing(chromium, address, "/victim-contact/2", SAM, viewport=PHONE) as page:
        await expect(page.locator("main")).to_contain_text("You were told Tuesday 9 February 2027")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
