"""Warrants on the console: in order with why, accepted, executed somewhere, handed over; the last place for whoever holds one."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console.browsing import PHONE, browsing
from tests.console.contact_states import EVE, warrants
from tests.console.test_handover import tab_to
from tests.console.world import SAM, World


async def test_enforcement_takes_a_warrant_and_executes_it_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await warrants(night)
    async with browsing(chromium, address, "/", EVE, ("422",)) as page:
        await expect(page.locator("h1")).to_have_text("Warrants")
        rows = page.locator("caption:text('Out now') ~ tbody tr")
        assert [text.split(".")[0] for text in await rows.locator("a").all_inner_texts()] == ["1", "2", "3", "4"]
        await expect(rows.nth(0)).to_contain_text("Alder Finch")
        await expect(rows.nth(0)).to_contain_text("Protects somebody")
        await expect(rows.nth(1)).to_contain_text("risk of serious harm high; MAPPA 2", ignore_case=True)
        await expect(page.locator("main")).not_to_contain_text("Dov Marsh")
        await expect(rows.filter(has_text="city-police")).to_contain_text("Told to whoever holds it")
        await rows.nth(0).locator("a").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#place-title + p")).to_contain_text("old")
        await expect(page.locator("[data-small-map] canvas").first).to_be_visible()
        await tab_to(page, "form[action$='/accept'] button")
        await page.keyboard.press("Enter")
        await expect(page.locator("#held-title + table")).to_contain_text("eve")
        await tab_to(page, "#outcome")
        await page.keyboard.press("Space")
        await page.locator("form[action$='/end'] button").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Say where it was executed")
        await page.locator("#place").fill("Canal Street")
        for name, text in (("day", "21"), ("month", "11"), ("year", "2026"), ("time", "21:15")):
            await page.locator(f"[name=at-{name}]").fill(text)
        await page.locator("form[action$='/end'] button").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#about-title + dl")).to_contain_text("Canal Street")
        await expect(page.locator("#place-title")).to_have_count(0)
    rows_kept = night.ask("SELECT outcome, place FROM warrants WHERE warrant_no = 1")
    assert rows_kept == [("executed", "Canal Street")]
    assert night.ask("SELECT count(*) FROM audit_bodies WHERE body ->> 'deed' = 'last_place.read'")[0][0] >= 2
    async with browsing(chromium, address, "/warrants/4", EVE, viewport=PHONE) as page:
        await expect(page.locator("main")).to_contain_text("city-police holds it")
        await expect(page.locator("form[action$='/end']")).to_have_count(0)
    async with browsing(chromium, address, "/warrants", SAM, viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
