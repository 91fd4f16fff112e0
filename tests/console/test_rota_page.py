"""The rota's page: who is on duty, when nobody is, and a shift put on and taken out."""

from __future__ import annotations

import re

import playwright.async_api as playwright
from playwright.async_api import expect

from tests.console.browsing import browsing
from tests.console.test_editors import moment, typed
from tests.console.world import DEE, OLA, SAM, World

SHIFT = {
    "id": "S1",
    "role": "supervisor",
    "person": "ada",
    "name": "Ada Able",
    "phone": "+44 1632 960001",
    "from": "2026-11-21T18:00:00Z",
    "to": "2026-11-22T06:00:00Z",
}


async def test_gaps_are_loud_and_go_when_somebody_covers_them_by_mouse(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await night.post("rota/shifts", SHIFT, SAM)
    async with browsing(chromium, address, "/rota", SAM) as page:
        gaps = page.get_by_role("region", name="Nobody on duty in the next 7 days")
        await expect(gaps.get_by_role("listitem").filter(has_text="Supervisor")).to_contain_text(
            "22 Nov 2026, 06:00:00"
        )
        await expect(page.get_by_role("region", name="On duty now")).to_contain_text("Ada Able")
        await expect(page.get_by_role("region", name="The week")).to_contain_text("Nobody 06:00 to 24:00")
        await gaps.get_by_role("link", name="put somebody on as Supervisor").click()
        await expect(page.get_by_label("Role")).to_have_value("supervisor")
        await expect(page.locator("#from-time")).to_have_value("06:00")
        await page.get_by_label("Name").fill("Bo Carr")
        await page.get_by_label("Account or staff number").fill("bo")
        await page.get_by_role("button", name="Put on the rota").click()
        await expect(page.get_by_role("region", name="The week")).to_contain_text("Bo Carr")
        await expect(gaps.get_by_role("listitem").filter(has_text="Supervisor")).to_have_count(0)


async def test_a_shift_is_put_on_and_ended_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/rota/shifts/new", SAM) as page:
        await page.get_by_label("Role").focus()
        await page.keyboard.type("Duty")
        await page.get_by_label("Name").focus()
        await typed(page, "Cy Dune", "cy", "21", "11", "2026", "22:00", "22", "11", "2026", "07:00", "+44 1632 960009")
        await page.get_by_role("button", name="Put on the rota").focus()
        await page.keyboard.press("Enter")
        duty = page.get_by_role("region", name="On duty now")
        await expect(duty).to_contain_text("Cy Dune")
        await duty.get_by_role("button", name=re.compile("End now.*Cy Dune, Duty manager")).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Nobody is on duty.")).to_be_visible()
    [only] = (await night.get("rota/shifts?from=2026-11-21T21:00:00Z"))["items"]
    assert (only["role"], only["to"]) == ("duty_manager", "2026-11-21T22:30:00Z")


async def test_a_shift_that_cannot_be_is_told_at_its_field(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/rota/shifts/new?role=officer", SAM, expected=("422",)) as page:
        await page.get_by_label("Name").fill("Ed Frost")
        await page.get_by_label("Account or staff number").fill("ed")
        await moment(page, "to", "20 11 2026 07:00")
        await page.get_by_role("button", name="Put on the rota").click()
        await expect(page.get_by_role("alert").get_by_role("link").first).to_have_attribute("href", "#to-day")
        await expect(page.get_by_label("Name")).to_have_value("Ed Frost")


async def test_an_operator_reads_the_rota_and_changes_nothing(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await night.post("rota/shifts", SHIFT, SAM)
    async with browsing(chromium, address, "/rota", OLA) as page:
        await expect(page.get_by_role("region", name="On duty now")).to_contain_text("Ada Able")
        await expect(page.get_by_role("button", name="End now")).to_have_count(0)
        await expect(page.get_by_role("link", name="Add a shift")).to_have_count(0)


async def test_an_officer_has_no_rota(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/rota", DEE, expected=("403",)) as page:
        await expect(page.get_by_role("heading", name="Your role may not see this")).to_be_visible()
