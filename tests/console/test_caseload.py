"""An officer's caseload: assessed several at once, taken to a breach, dated; by keyboard; monitoring gaps apart."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.vocabulary import Change
from tests.console.browsing import browsing
from tests.console.caseload_states import DEE, ORDER, opened, violations
from tests.console.test_handover import tab_to
from tests.console.world import SAM, World
from tests.store.made import violation_of


async def test_an_officer_assesses_several_at_once_and_opens_a_case_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await violations(night)
    async with browsing(chromium, address, "/caseload", DEE, expected=("422",)) as page:
        row = page.locator("tr", has_text="Alder Finch")
        await expect(row).to_contain_text("Community order")
        await row.get_by_role("link").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#gaps-title")).to_have_text("Monitoring gaps (1)")
        await expect(page.locator(".bw-apart")).to_contain_text("count against nobody")
        for name in ("W1001-90:1", "W1001-91:1"):
            await tab_to(page, f'[value="{name}"]')
            await page.keyboard.press("Space")
        await tab_to(page, "#decision")
        await page.keyboard.type("Upheld")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Out with friends, said so himself")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("2 assessed")
        await expect(page.locator("tr", has_text="W1001-91")).to_contain_text("Upheld by dee")
        await page.locator('[value="W1001-92:1"]').check()
        await page.get_by_role("button", name="Open a breach case").click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("It has not been assessed, or is disputed")
        await page.locator('[value="W1001-92:1"]').uncheck()
        await page.locator('[value="W1001-91:1"]').check()
        await page.locator("#because").fill("Older than the last warning")
        await page.locator("#narrative").fill("He was near the High Street again.")
        await page.get_by_role("button", name="Open a breach case").click()
        await expect(page.locator("h1")).to_contain_text("Alder Finch")
        await expect(page.locator("main")).to_contain_text("due by Monday 23 November, 1 working day left")
        await expect(page.locator("#text")).to_have_value("He was near the High Street again.")
        await page.get_by_text("Left out: ").click()
        await expect(page.locator("main")).to_contain_text("Older than the last warning")
    (case,) = (await night.get("breaches", SAM))["items"]
    assert (case["order"], case["status"], case["made_by"]) == (ORDER, "identified", "dee")


async def test_dates_are_recorded_refused_and_corrected_and_what_falls_is_told(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await violations(night)
    number = await opened(night)
    async with browsing(chromium, address, f"/breaches/{number}", DEE, expected=("422",)) as page:
        await page.locator("#step").select_option(label="Hearing")
        await page.get_by_role("button", name="Record", exact=True).click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text(
            "Hearing comes after Information laid, which has no date"
        )
        await page.locator("#step").select_option(label="Breach pack requested")
        await page.get_by_role("button", name="Record", exact=True).click()
        await expect(page.locator(".moj-timeline")).to_contain_text("Breach pack requested")
        await expect(page.locator("main")).to_contain_text("due by Tuesday 24 November, 2 working days left")
        await page.get_by_text("Correct a date").click()
        await page.get_by_role("link", name="Breach pack requested").click()
        await page.locator("#at-time").fill("21:00")
        await page.locator("#why").fill("Read the wrong line")
        await page.get_by_role("button", name="Record the correction").click()
        await expect(page.locator(".moj-timeline")).to_contain_text(
            "Read the wrong line (recorded before as Sat 21 Nov 2026, 22:30, by dee)"
        )
        await page.locator("#text").fill("Twice in the zone.")
        await page.get_by_role("button", name="It is ready for a pack").click()
        await expect(page.locator("#narrative-title")).to_contain_text("version 1, ready for a pack")
        withdrawn = violation_of("W1001-91", 2, wearer="W1001", order=ORDER, change=Change.WITHDRAWN)
        await night.made.commit([withdrawn], changes=[])
        await page.reload()
        await expect(page.locator(".govuk-warning-text")).to_contain_text(
            "no longer stands as it was: it was withdrawn"
        )
        await page.goto(f"{address}/caseload")
        await expect(page.locator(".bw-cases")).to_contain_text("Breach pack sent: due by Tuesday 24 November")


async def test_what_rests_on_a_lot_is_on_one_page(night: World) -> None:
    await violations(night)
    number = await opened(night)
    page = (await night.client.get("/lots?q=2026-03", headers=SAM)).text
    assert f'<a class="govuk-link" href="/breaches/{number}">Breach case {number}</a>' in page
    assert "8 devices" in page
    assert "No device is of such a lot" in (await night.client.get("/lots?q=none", headers=SAM)).text
    assert (await night.client.get("/lots?q=2026-03", headers=DEE)).status_code == 403


async def test_a_case_of_what_nobody_has_assessed_is_refused_with_which_those_are(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await violations(night)
    async with browsing(chromium, address, f"/caseload/{ORDER}", DEE, expected=("422",)) as page:
        for name in ("W1001-90:1", "W1001-92:1"):
            await page.locator(f'[value="{name}"]').check()
        await page.get_by_role("button", name="Open a breach case").click()
        told = page.locator(".govuk-error-summary")
        await expect(told).to_contain_text("It has not been assessed, or is disputed: assess first, or untick: ")
        for one in ("W1001-90", "W1001-92"):
            row = await page.locator("tr", has_text=f"{one}, version 1").locator("td").nth(1).inner_text()
            what, _, span = row.partition("\n")
            await expect(told).to_contain_text(f"{what}, {span.partition(' to ')[0]} ({one})")
        assert "W1001-91" not in await told.inner_text()
