"""From a breach that was judged to a signed PDF that anybody can check, start to end; and what becomes of it when its grounds change."""

from __future__ import annotations

from pathlib import Path

import playwright.async_api as playwright
from playwright.async_api import expect

from bailiwick.verify_report import verify_report_command
from tests.bailiwick.pack_world import certified, learn
from tests.console.browsing import browsing
from tests.console.pack_states import DEE, SUE, packed
from tests.rules.nights import at


async def test_from_a_breach_to_a_signed_pack_that_holds_and_to_the_version_after_it(
    chromium: playwright.Browser, embedded_url: str, tmp_path: Path
) -> None:
    async with packed(embedded_url, tmp_path) as world:
        breach = world.there.breach
        async with browsing(chromium, world.address, f"/breaches/{breach}", DEE) as page:
            await page.get_by_role("link", name="Breach packs of this case").click()
            await page.get_by_role("button", name="Ask for a pack").click()
            await expect(page.locator("main")).to_contain_text("Waits to be made")
            await world.made()
            await page.get_by_role("link", name="look again").click()
            await page.get_by_role("link", name="Version 1").click()
            await expect(page.locator("main")).to_contain_text("A supervisor or duty manager reads it and signs for it")
        async with browsing(chromium, world.address, f"/breaches/{breach}/packs/1", SUE, expected=("422",)) as page:
            await page.get_by_role("link", name="Read it on screen").click()
            await expect(page.locator("article")).to_contain_text("Ada Marsh")
            await page.get_by_role("link", name="Version 1").click()
            await page.get_by_role("button", name="Sign", exact=True).click()
            await expect(page.locator(".govuk-error-summary")).to_contain_text("Say that you have read it")
            await page.locator("#name").fill("Sue Invented")
            await page.locator("#post").fill("Supervisor")
            await page.locator("#read").check()
            await page.get_by_role("button", name="Sign", exact=True).click()
            await world.made()
            await page.get_by_role("link", name="look again").click()
            await expect(page.locator("main")).to_contain_text("Everything holds.")
            await page.locator("#name").fill("Kent Magistrates")
            await page.get_by_role("button", name="Enter").click()
            await expect(page.locator("main")).to_contain_text("By hand")
            async with page.expect_download() as coming:
                await page.get_by_role("link", name="Download the PDF").click()
            pack, trusted = tmp_path / "pack.pdf", tmp_path / "trusted.pem"
            await (await coming.value).save_as(pack)
            trusted.write_bytes(certified()[1])
            assert verify_report_command(pack, [trusted], None, None) == 0
            assert await world.looked() == 0, "nothing has changed"
            excused = {
                "type": "assessment",
                "id": "U9",
                "violation": "W1-2",
                "decision": "reasonable_excuse",
                "by": "dee",
            }
            record = excused | {"at": at("22:30"), "reason": "in hospital"}
            await learn(embedded_url, {"learnt": at("22:30"), "holds_from": None, "record": record})
            assert await world.looked() == 1
            await page.reload()
            await expect(page.locator("main")).to_contain_text("This pack is out of date")
            await world.made()
            await page.goto(f"{world.address}/breaches/{breach}/packs/2")
            await expect(page.locator("main")).to_contain_text("assessed reasonable excuse, upheld before")
            await expect(page.locator("main")).to_contain_text("W1-2 may no longer be relied on")
