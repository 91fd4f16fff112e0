"""Warrants on the console: entered, in order with why, accepted, executed somewhere, handed over; the last place for whoever holds one."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console import caseload_states
from tests.console.browsing import PHONE, browsing
from tests.console.contact_states import EVE, warrants
from tests.console.test_handover import tab_to
from tests.console.world import OLA, SAM, World


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
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
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


async def test_a_warrant_is_entered_by_keyboard_and_nothing_typed_is_lost_when_it_is_refused(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/warrants", SAM, ("422",)) as page:
        await tab_to(page, "a[href='/warrants/new']")
        await page.keyboard.press("Enter")
        await expect(page.locator("#wearer")).to_be_visible()
        await tab_to(page, "#wearer")
        await page.keyboard.type("W9999")
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("no wearer of that number")
        await page.locator("#wearer").fill("W1003")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_contain_text("Carys Holt")
        await expect(page.locator("#area")).to_have_value("london")
        await tab_to(page, "#reference")
        await page.keyboard.type("MC-77/26")
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        for words in ("Choose what kind", "Enter when it was issued", "Enter the agency", "Enter who holds it"):
            await expect(page.locator(".govuk-error-summary")).to_contain_text(words)
        await expect(page.locator("#reference")).to_have_value("MC-77/26")
        await page.get_by_label("Failure to attend").check()
        for name, text in (("day", "21"), ("month", "12"), ("year", "2026"), ("time", "10:00")):
            await page.locator(f"#issued-{name}").fill(text)
        await page.locator("#agency").fill("london-warrants")
        await page.locator("#person").fill("P. Carey")
        await page.locator("#violations").check()
        await page.get_by_role("button", name="Enter the warrant").click()
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await expect(page.locator("#issued-error")).to_contain_text("Is not yet")
        await expect(page.locator("#violations")).to_be_checked()
        await page.locator("#issued-month").fill("11")
        await page.locator("#issued-time").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("The warrant is entered")
        await expect(page.locator("h1")).to_have_text("MC-77/26Failure to attend warrant: Carys Holt")
    [kept] = (await night.get("warrants", SAM))["items"]
    assert (kept["wearer"], kept["kind"], kept["area"]) == ("W1003", "fail_to_attend", "london")
    assert (kept["issued"], kept["holder"]["agency"]) == ("2026-11-21T10:00:00Z", "london-warrants")
    assert [one["violation"][:6] for one in kept["rests_on"]] == ["W1003-"]


async def test_who_may_enter_a_warrant_and_of_whom(chromium: playwright.Browser, address: str, night: World) -> None:
    await caseload_states.under_way(night)
    async with browsing(chromium, address, "/warrants/new", OLA, ("403",)) as page:
        await expect(page.locator("main")).to_contain_text("Your role may not see this")
    async with browsing(chromium, address, "/breaches/1", caseload_states.DEE) as page:
        await page.get_by_role("link", name="Enter a warrant that follows it").click()
        await expect(page.locator("#breach")).to_have_value("1")
        await page.get_by_label("Recall").check()
        await page.locator("#reference").fill("MC-1/26")
        for name, text in (("day", "21"), ("month", "11"), ("year", "2026"), ("time", "10:00")):
            await page.locator(f"#issued-{name}").fill(text)
        await page.locator("#agency").fill("london-warrants")
        await page.locator("#person").fill("P. Carey")
        await page.get_by_role("button", name="Enter the warrant").click()
        await expect(page.locator("#about-title + dl")).to_contain_text("Breach case")
    [kept] = (await night.get("warrants", SAM))["items"]
    relied = [one for one in (await night.get("breaches/1", SAM))["violations"] if one["relied"]]
    assert {one["violation"] for one in kept["rests_on"]} == {one["violation"]["id"] for one in relied}
    async with browsing(chromium, address, "/warrants/new?wearer=W1004", EVE, ("404",)) as page:
        await expect(page.locator("main")).not_to_contain_text("Dov Marsh")
        await expect(page.locator("main")).to_contain_text("You see nothing of this wearer")
