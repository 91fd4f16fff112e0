"""Handing over a shift: both sign, each in their own session, and what it said stays as it was."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import Page, expect

from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, OLA, SAM, World


async def test_a_shift_is_handed_over_and_taken_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/handover") as page:
        table = page.locator("section", has=page.locator("#open-title"))
        await expect(table.locator("tbody tr").first).to_contain_text("Critical 3 2 9 min", use_inner_text=True)
        await expect(page.locator("#waiting-title + table tbody tr").first).to_contain_text("Bryn Okafor")
        await expect(page.locator("main")).to_contain_text("9 raised, 0 closed")
        await tab_to(page, "#note")
        await page.keyboard.type("Alert 5: police are on their way")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Handover of Sat 21 Nov 2026, 22:30")
        await expect(page.locator(".bw-signed")).to_contain_text("Nobody has taken over yet")
        await expect(page.get_by_role("button", name="I have read it and take over")).to_have_count(0)
    claimed = await night.post("alerts/5/claim", who=SAM)
    assert claimed["holder"] == "sam"
    async with browsing(chromium, address, "/handover", SAM) as page:
        await page.get_by_role("link", name="Read it and sign").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("Alert 5: police are on their way")
        # As it was: alert 5 had nobody then.
        await expect(page.locator("#claimed-title")).to_have_text("Claimed (1)")
        await tab_to(page, "#note")
        await page.keyboard.type("Read")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".bw-signed")).to_contain_text("sam, supervisor")
        await expect(page.locator(".bw-signed")).to_contain_text("ola, operator")
    told = (await night.get("handovers"))["items"]
    assert [(one["by"], one["taken_by"], one["taken_note"]) for one in told] == [("ola", "sam", "Read")]
    assert [one["holder"] for one in told[0]["told"]["claimed"]] == ["pia"]


async def tab_to(page: Page, selector: str) -> None:
    """By keyboard alone."""
    for _ in range(150):
        await page.keyboard.press("Tab")
        if await page.evaluate("one => document.activeElement?.matches(one) ?? false", selector):
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


async def test_what_was_typed_stays_and_the_same_is_done_once(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/handover") as page:
        await page.locator("#note").fill("Half a sentence")
        await page.reload()
        await expect(page.locator("#note")).to_have_value("Half a sentence")
        await page.get_by_role("button", name="Hand over in my name").click()
        await expect(page.locator("h1")).to_contain_text("Handover of")
        await page.goto(f"{address}/handover")
        await expect(page.locator("#note")).to_have_value("")
    assert len((await night.get("handovers"))["items"]) == 1
    key = {"csrf": "", "key": "one-key", "note": "twice"}
    for _ in range(2):
        answer = await night.client.post("/handover", data=key, headers=OLA)
        assert answer.status_code == 303
    assert len((await night.get("handovers"))["items"]) == 2


async def test_nobody_takes_their_own_and_an_officer_sees_none(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    made = await night.post("handovers", {"note": "quiet"})
    answer = await night.client.post(f"/handover/{made['id']}/take", data={"csrf": ""}, headers=OLA)
    assert (answer.status_code, "you handed this over yourself" in answer.text.lower()) == (409, True)
    expected = ("403",)
    async with browsing(chromium, address, "/handover", DEE, expected=expected) as page:
        await expect(page.locator("h1")).to_have_text("Your role may not see this")


async def test_it_fits_a_phone_and_a_sheet_of_paper(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/handover", viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    made = await night.post("handovers", {"note": "quiet"})
    async with browsing(chromium, address, f"/handover/{made['id']}") as page:
        await page.emulate_media(media="print")
        await expect(page.locator(".govuk-service-navigation")).to_be_hidden()
        await expect(page.get_by_role("button", name="Print this page")).to_be_hidden()
        await expect(page.locator(".bw-signed")).to_be_visible()
