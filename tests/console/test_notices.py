"""Notices of the desktop: only while the page is not looked at, and nothing in them that names anybody."""

from __future__ import annotations

from typing import Final

import playwright.async_api as playwright
from playwright.async_api import Page, expect

from domain.vocabulary import Kind, Severity
from tests.console.browsing import browsing
from tests.console.test_queue import line_of
from tests.console.world import World

TOLD: Final = """
// A browser without a screen refuses notices, whatever it is granted: it is asked all the same, and what it is asked is kept.
window.told = [];
const Own = Notification;
window.Notification = class extends Own {
  static get permission() { return "granted"; }
  constructor(title, options) { super(title, options); window.told.push([title, options.body, options.tag]); }
};
"""


async def test_a_notice_of_the_desktop_says_how_many_and_how_bad_and_nobodys_name(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/sign-in") as page:
        await page.add_init_script(TOLD)
        await page.goto(f"{address}/alerts")
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        await night.raised("W1006", Kind.ZONE_EDGE, Severity.WARNING)
        await expect(line_of(page, "W1006")).to_contain_text("+1 more")
        assert await page.evaluate("told") == [], "whoever looks at the page needs no notice"
        await away(page)
        await night.raised("W1003", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1003")
        await page.wait_for_function("() => told.length === 1")
        assert await page.evaluate("told") == [["1 new alert", "1 is critical.", "bailiwick-alerts"]]


async def away(page: Page) -> None:
    """Somebody works in another window: the browser says that the page is hidden."""
    await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
