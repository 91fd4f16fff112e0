"""An outage on the page: one line on top and one alert, until somebody is let go of."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.instants import MINUTE_US
from tests.api.serving import app_over, served
from tests.api.sides import fake_side
from tests.api.test_incidents import loss_of, with_outage
from tests.api.test_page import page_at
from tests.store.made import NOON, change_of, outage_of, violation_of, work_of


async def test_what_an_outage_holds_is_not_listed_beside_it(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_outage(side, 4)
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        top, rows = page.locator("#incidents"), page.locator("#alert-rows tr")
        await expect(top).to_contain_text("Outage: 4 of 4 devices silent since")
        await expect(top.locator("a")).to_have_attribute("href", "/api/v1/incidents/outage-1/silent")
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("Outage of many devices")
        let_go = change_of(loss_of(2), changed_us=NOON + MINUTE_US)
        end = NOON + 2 * MINUTE_US
        over = outage_of(3, devices=4, silent=4, closed_us=end, decided_us=end)
        cleared = replace(change_of(violation_of("outage-1", 3, to_us=end)), kind="mass_outage", condition=None)
        await side.commit(
            work_of(0, side.roster, incidents=[(0, over)], alerts=[let_go, replace(cleared, wearer=None)])
        )
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("Contact lost")
        await expect(top).to_be_hidden()
