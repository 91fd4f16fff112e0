"""The sealed annex on the console: opened by a court's direction alone, by whoever may, and every opening is there to be seen."""

from __future__ import annotations

from pathlib import Path

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.api.access_packs import document
from tests.console.browsing import browsing
from tests.console.caseload_states import DEE
from tests.console.pack_pages import DOM, made_by_hand
from tests.console.test_handover import tab_to
from tests.console.world import World


async def test_a_duty_manager_opens_the_annex_by_keyboard_and_the_opening_is_listed(
    chromium: playwright.Browser, address: str, night: World, tmp_path: Path
) -> None:
    await made_by_hand(night)
    async with browsing(chromium, address, "/breaches/1/packs/1", DOM, ("422",)) as page:
        await tab_to(page, "a[href$='/annex']")
        await page.keyboard.press("Enter")
        await expect(page.locator("#openings-title + p")).to_have_text("Never.")
        await tab_to(page, "#court")
        await page.keyboard.type("Kent Crown Court")
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Enter the reference of its direction")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Enter when it was directed")
        await page.locator("#reference").fill("KC-1/26")
        for name, text in (("day", "31"), ("month", "11"), ("year", "2026")):
            await page.locator(f"#directed-{name}").fill(text)
        await page.keyboard.press("Enter")
        await expect(page.locator("#directed-error")).to_contain_text("must be a real day")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await page.locator("#directed-day").fill("22")
        await page.keyboard.press("Enter")
        await expect(page.locator("#directed-error")).to_contain_text("Is not yet")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        assert night.ask("SELECT count(*) FROM annex_openings") == [(0,)], "what was refused opened nothing"
        await page.locator("#directed-day").fill("20")
        async with page.expect_download() as coming:
            await page.keyboard.press("Enter")
        given = await coming.value
        assert given.suggested_filename == "BW-1-1-annex.pdf"
        await given.save_as(tmp_path / "annex.pdf")
        assert (tmp_path / "annex.pdf").read_bytes() == document()
        await page.get_by_role("link", name="Look again").click()
        row = page.locator("#openings-title + table tbody tr")
        for words in ("dom", "Kent Crown Court", "KC-1/26", "Fri 20 Nov 2026"):
            await expect(row).to_contain_text(words)
    [entry] = night.ask("SELECT body -> 'details' FROM audit_bodies WHERE body ->> 'deed' = 'packs.open_annex'")
    assert entry[0]["reference"] == "KC-1/26"


async def test_who_may_not_open_the_annex_sees_who_did(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await made_by_hand(night)
    async with browsing(chromium, address, "/breaches/1/packs/1/annex", DEE) as page:
        await expect(page.locator("main")).to_contain_text("A duty manager opens it")
        await expect(page.locator("#open-title")).to_have_count(0)
