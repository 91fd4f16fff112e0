"""The alert queue where something is missing, large or held by another: no desk, no alert, an outage, numbers of 64 bits."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
import psycopg
from playwright.async_api import Page, expect

from domain.instants import MINUTE_US
from domain.vocabulary import Change, Kind, Severity
from tests.api.doors import NOBODY
from tests.api.serving import app_over, served
from tests.api.sides import Side, fake_side, real_side
from tests.api.test_incidents import loss_of, with_outage
from tests.console.browsing import browsing
from tests.console.world import OLA, World
from tests.store.made import NOON, change_of, outage_of, violation_of, wearer_records, work_of

BIG = 2**53 + 1


def rows(page: Page) -> playwright.Locator:
    """The lines, in their order."""
    return page.locator(".bw-queue__lines [role=row]")


async def raise_alert(side: Side, violation_id: str, kind: Kind, severity: Severity, minute: int = 0) -> None:
    violation = violation_of(violation_id, kind=kind, decided_us=NOON + minute * MINUTE_US)
    change = change_of(violation, severity=severity)
    await side.commit(work_of(0, side.roster, versions=[violation], alerts=[change]))


async def with_people(side: Side) -> None:
    for number in (1, 2, 3):
        await side.learn(wearer_records(f"W{number}", f"T{number}"))


async def test_nothing_is_open_yet_and_alerts_come_and_go_as_they_are_committed(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    async with served(app_over(side)) as address, browsing(chromium, address, "/alerts", expected=("503",)) as page:
        await expect(page.locator(".bw-queue__none")).to_have_text("No alert is open.")
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        await raise_alert(side, "W1-1", Kind.BATTERY_LOW, Severity.WARNING)
        await raise_alert(side, "W2-1", Kind.EXCLUSION_ZONE, Severity.CRITICAL, 1)
        await expect(rows(page)).to_have_count(2)
        await expect(rows(page).first).to_contain_text("In an exclusion zone")
        time = rows(page).first.locator("time")
        await expect(time).to_have_attribute("datetime", "2026-11-21T12:01:00Z")
        await expect(time).to_have_attribute("title", "2026-11-21 12:01:00 UTC")
        gone = replace(violation_of("W2-1", 2), change=Change.WITHDRAWN)
        await side.commit(work_of(0, side.roster, versions=[gone], alerts=[change_of(gone, withdrawn=True)]))
        await expect(rows(page)).to_have_count(1)


async def test_what_an_outage_holds_is_not_listed_beside_it_until_it_is_let_go_of(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_outage(side, 4)
    async with served(app_over(side)) as address, browsing(chromium, address, "/alerts", expected=("503",)) as page:
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page).first).to_contain_text("Outage of many devices")
        let_go = change_of(loss_of(2), changed_us=NOON + MINUTE_US)
        end = NOON + 2 * MINUTE_US
        over = outage_of(3, devices=4, silent=4, closed_us=end, decided_us=end)
        cleared = replace(change_of(violation_of("outage-1", 3, to_us=end)), kind="mass_outage", condition=None)
        await side.commit(
            work_of(0, side.roster, incidents=[(0, over)], alerts=[let_go, replace(cleared, wearer=None)])
        )
        await expect(rows(page)).to_have_count(2)
        await expect(rows(page).filter(has_text="Contact lost")).to_contain_text("Active")
        await expect(rows(page).filter(has_text="Outage of many devices")).to_contain_text("Cleared")


async def test_without_a_desk_the_page_shows_the_alerts_and_says_that_nothing_can_be_done(
    chromium: playwright.Browser, night: World
) -> None:
    parts = night.app.state.parts
    night.app.state.parts = replace(parts, desk=None)
    async with served(night.app) as address, browsing(chromium, address, "/alerts", expected=("503",)) as page:
        await expect(rows(page)).to_have_count(8)
        await rows(page).first.get_by_role("button", name="Claim").click()
        await expect(page.locator(".bw-said--bad").first).to_contain_text("Not ")
        await expect(page.locator(".bw-said--bad").first).to_contain_text("The desk is not set up in this process.")


async def test_failure_01_ids_over_2_to_the_53_survive_the_browser(
    chromium: playwright.Browser, database_url: str
) -> None:
    async with real_side(database_url) as side:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            for table, number in (
                ("alerts", "alert_no"),
                ("stream_events", "event_no"),
                ("violations", "violation_no"),
            ):
                await conn.execute(f"ALTER TABLE {table} ALTER COLUMN {number} RESTART WITH {BIG}".encode())
        await with_people(side)
        await raise_alert(side, "W1-1", Kind.EXCLUSION_ZONE, Severity.CRITICAL)
        async with served(app_over(side)) as address, browsing(chromium, address, "/alerts", expected=("503",)) as page:
            await expect(page.locator("#age")).to_have_attribute("data-live", "")
            await raise_alert(side, "W2-1", Kind.STRAP_TAMPER, Severity.CRITICAL)
            await expect(rows(page)).to_have_count(2)
            ids = await rows(page).evaluate_all("all => all.map(one => one.dataset.alert)")
            assert sorted(ids) == [str(BIG), str(BIG + 1)]
            links = await rows(page).locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
            assert sorted(links) == [f"/alerts/{BIG}", f"/alerts/{BIG + 1}"]


async def test_a_session_that_ended_is_said_and_nothing_typed_is_lost(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/alerts", OLA, ("401",)) as page:
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        await page.locator('[data-key="wearer W1006"] .bw-line__severity').click()
        await page.keyboard.press("f")
        await page.keyboard.press("3")
        await page.get_by_label("Note").fill("The charger is broken")
        await page.context.set_extra_http_headers(NOBODY)
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await expect(page.locator("#ask-wrong")).to_have_text("You are signed out. What you typed is kept.")
        await expect(page.locator("#banner-away")).to_contain_text("You are signed out")
        await page.context.set_extra_http_headers(OLA)
        await page.goto(f"{address}/alerts")
        await expect(page.get_by_label("Note")).to_have_value("The charger is broken")
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert night.ask("SELECT note, outcome FROM alert_events WHERE event = 'close'") == [
            ("The charger is broken", "equipment")
        ]


async def test_a_storm_moves_nothing_and_each_alert_is_one_line(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/alerts?severity=critical") as page:
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        await expect(rows(page)).to_have_count(3)
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        line = page.locator('[data-key="wearer W1001"]')
        await expect(line).to_be_focused()
        before = await line.bounding_box()
        for number in range(40):
            wearer = f"W100{3 + number % 5}"
            await night.raised(wearer, Kind.SHIELDING, Severity.CRITICAL, condition=None, device=f"T{wearer}")
        await expect(page.locator("#queue-sum")).to_contain_text("of 49 open alerts")
        await expect(page.locator(".bw-waiting__button")).to_contain_text("5 new, 5 critical")
        assert await line.bounding_box() == before
        await page.keyboard.press("n")
        await expect(rows(page)).to_have_count(8)
        await expect(page.locator('[data-key="wearer W1003"]')).to_contain_text("+8 more")
