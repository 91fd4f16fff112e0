"""An outage: who in it must be seen to first, who sees to whom, and how it comes to its end."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.incidents import TakenIn
from domain.instants import MINUTE_US
from domain.networks import Network
from domain.vocabulary import Kind, Severity
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, SAM, World
from tests.store.made import change_of, outage_of, violation_of, work_of

CELL = Network("234", "15", "7", "800")


SILENT = ("W1001", "W1003", "W1004", "W1005")


async def outage(night: World) -> None:
    """The tags of four wearers have been silent for ten minutes, all of one cell."""
    at = night.clock() - 10 * MINUTE_US
    losses = [
        violation_of(
            f"{name}-900",
            wearer=name,
            kind=Kind.COMMUNICATION_LOST,
            condition=None,
            order=None,
            device=f"T{name}",
            evidence=night.evidence(name),
            from_us=at,
            decided_us=night.clock(),
        )
        for name in SILENT
    ]
    held = [replace(change_of(one, severity=Severity.INFORMATION), grouped_under="outage-1") for one in losses]
    night.made.commits += 1
    work = work_of(night.made.commits, night.made.roster, versions=losses, alerts=held)
    taken = tuple(TakenIn(f"T{name}", name, None, CELL) for name in SILENT)
    opened = outage_of(taken=taken, devices=len(SILENT), silent=len(SILENT), opened_us=at, decided_us=night.clock())
    work.incidents = [(0, opened)]
    await night.made.store.commit(work)
    await night.made.look(night.clock())


async def test_the_ranked_list_is_worked_by_keyboard(chromium: playwright.Browser, address: str, night: World) -> None:
    await outage(night)
    async with browsing(chromium, address, "/incidents") as page:
        await page.get_by_role("link", name="Outage 1: who must be seen to first").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".bw-outage")).to_contain_text("4 of 4 devices silent, 0 have come back")
        rows = page.locator("section[aria-labelledby=silent] tbody tr")
        await expect(rows).to_have_count(4)
        # Alder Finch must keep away from a protected person: nobody comes before him.
        await expect(rows.first).to_contain_text("Alder Finch")
        await expect(rows.first).to_contain_text("Must keep away from a protected person")
        await expect(page.locator("section[aria-labelledby=groups] tbody tr")).to_contain_text(
            "234-15 7, 800 4 4", use_inner_text=True
        )
        await page.get_by_role("button", name="Claim Alder Finch").focus()
        await page.keyboard.press("Enter")
        await expect(rows.first).to_contain_text("ola, until 23:30:00")
        # A page that begins at one of its parts (#alert-N) takes the focus away once more when it is loaded.
        await page.wait_for_load_state()
        await page.get_by_role("button", name="Claim the first 3 whom nobody has").focus()
        await page.keyboard.press("Enter")
        await expect(rows.filter(has_text="ola, until")).to_have_count(4)
        await expect(page.locator("#claim-several")).to_have_count(0)
        await expect(page.get_by_role("button", name="Release Alder Finch")).to_be_visible()
    async with browsing(chromium, address, "/incidents/outage-1", SAM) as page:
        await expect(rows_of(page).first).to_contain_text("ola, until")
        await expect(page.get_by_role("button", name="Release Alder Finch")).to_have_count(0)


def rows_of(page: playwright.Page) -> playwright.Locator:
    return page.locator("section[aria-labelledby=silent] tbody tr")


async def test_who_was_faster_is_said(chromium: playwright.Browser, address: str, night: World) -> None:
    await outage(night)
    async with browsing(chromium, address, "/incidents/outage-1", expected=("409",)) as page:
        number = await rows_of(page).first.get_attribute("id")
        assert number is not None
        await night.post(f"alerts/{number.removeprefix('alert-')}/claim", who=SAM)
        await page.get_by_role("button", name="Claim Alder Finch").click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("sam")
        await expect(rows_of(page).first).to_contain_text("sam, until")


async def test_there_is_none(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/incidents") as page:
        await expect(page.locator("main")).to_contain_text("No outage stands")
    async with browsing(chromium, address, "/incidents/outage-9", expected=("404",)) as page:
        await expect(page.locator("h1")).to_have_text("There is nothing here, or nothing that you may see")
    async with browsing(chromium, address, "/incidents", DEE, expected=("403",)) as page:
        await expect(page.locator("h1")).to_have_text("Your role may not see this")


async def test_it_fits_a_phone(chromium: playwright.Browser, address: str, night: World) -> None:
    await outage(night)
    async with browsing(chromium, address, "/incidents/outage-1", viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
