"""Work on alerts in a real browser: claimed and closed by keyboard, undone, and a race shown as words."""

from __future__ import annotations

import re

import playwright.async_api as playwright
from playwright.async_api import Page, Route, expect

from domain.vocabulary import Change
from tests.api.doors import asks
from tests.api.serving import served
from tests.api.test_page import page_at
from tests.api.working import CLOSING, PIA, SAM, Working, working
from tests.store.made import violation_of


async def pressed(page: Page, act: str, row: int = 0) -> None:
    """A button of a line, by keyboard."""
    await page.locator("#alert-rows tr").nth(row).locator(f'button[data-act="{act}"]').focus()
    await page.keyboard.press("Enter")


async def test_an_alert_is_claimed_and_closed_by_keyboard_and_the_closing_undone(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        row = page.locator("#alert-rows tr")
        await expect(row.locator(".holder")).to_have_text("Nobody")
        await pressed(page, "claim")
        await expect(row.locator(".holder")).to_contain_text("You until")
        await expect(page.locator("#who")).to_have_text("ola, operator")
        await expect(row.locator('button[data-act="release"]')).to_be_focused()
        assert (await at.get("alerts/1")).json()["holder"] == "ola"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#closing")).to_be_visible()
        await expect(page.locator("#closing-title")).to_have_text("Close: In an exclusion zone, W1")
        await page.keyboard.press("Space")
        await page.locator("#note").focus()
        await page.keyboard.type("Seen on the map, he rang")
        await page.locator("#closing .first").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#closing")).to_be_hidden()
        await expect(row).to_have_count(0)
        closed = (await at.get("alerts/1")).json()
        assert (closed["work"], closed["outcome"], closed["closed_by"]) == ("closed", "confirmed", "ola")
        assert at.ask("SELECT note FROM alert_events WHERE event = 'close'") == [("Seen on the map, he rang",)]
        undo = page.locator("#undos button")
        await expect(undo).to_be_focused()
        await expect(page.locator("#undos")).to_contain_text("Closed as confirmed: In an exclusion zone, W1.")
        await page.keyboard.press("Enter")
        await expect(row.locator(".holder")).to_have_text("Nobody")
        await expect(undo).to_have_count(0)
        assert (await at.get("alerts/1")).json()["work"] == "raised"


async def test_a_critical_alert_is_not_closed_without_words(chromium: playwright.Browser, embedded_url: str) -> None:
    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        await pressed(page, "close")
        await expect(page.locator("#note-label")).to_contain_text("a critical alert needs one")
        await page.locator('input[value="false"]').check()
        await page.locator("#closing .first").click()
        await expect(page.locator("#note")).to_be_focused()
        assert await page.locator("#note").evaluate("one => one.validity.valueMissing")
        await page.fill("#note", "   ")
        await page.locator("#closing .first").click()
        await expect(page.locator("#closing-refused")).to_contain_text("a note in your own words")
        await page.keyboard.press("Escape")
        await expect(page.locator("#closing")).to_be_hidden()
        await expect(page.locator('#alert-rows button[data-act="claim"]')).to_be_focused()
        assert (await at.get("alerts/1")).json()["revision"] == "1"


async def behind(page: Page, at: Working, event: str) -> None:
    """What the page asks arrives after somebody else was faster; the stream has told the page nothing yet."""

    async def faster(route: Route) -> None:
        await at.post("alerts/1/claim", who=PIA)
        await route.continue_()

    await page.route(re.compile(f"/alerts/1/{event}$"), faster, times=1)


async def test_failure_14_who_was_faster_is_said_in_words(chromium: playwright.Browser, embedded_url: str) -> None:
    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        row = page.locator("#alert-rows tr")
        await behind(page, at, "claim")
        await pressed(page, "claim")
        said = page.locator("#said")
        await expect(said).to_contain_text("Not claimed: In an exclusion zone, W1. pia claimed it at")
        await expect(said.locator("time")).to_have_attribute("datetime", "2026-11-21T12:00:01Z")
        await expect(row.locator(".holder")).to_contain_text("pia until")
        await expect(row.locator("button")).to_have_count(0)
        async with page_at(chromium, address, SAM) as other:
            await expect(other.locator("#alert-rows button").first).to_have_text("Take over")
            await pressed(other, "claim")
            await expect(other.locator("#alert-rows .holder")).to_contain_text("You until")
            assert (await at.get("alerts/1")).json()["holder"] == "sam"


async def test_what_was_typed_is_not_lost_when_somebody_was_faster(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        await behind(page, at, "close")
        await pressed(page, "close")
        await page.locator('input[value="explained"]').check()
        await page.fill("#note", "He rang: his bus was late")
        await page.locator("#closing .first").click()
        refused = page.locator("#closing-refused")
        await expect(refused).to_contain_text("pia claimed it at")
        await expect(page.locator("#note")).to_have_value("He rang: his bus was late")
        await page.locator("#closing .first").click()
        await expect(refused).to_contain_text("pia has claimed it; they or a supervisor can do that")
        await at.post("alerts/1/release", who=PIA)
        await expect(page.locator("#alert-rows .holder")).to_have_text("Nobody")
        await page.locator("#closing .first").click()
        await expect(page.locator("#closing")).to_be_hidden()
        assert (await at.get("alerts/1")).json()["outcome"] == "explained"


async def test_an_alert_that_left_the_list_meanwhile_is_closed_at_the_second_look(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        await pressed(page, "close")
        await page.locator('input[value="confirmed"]').check()
        await page.fill("#note", "Seen on the map")
        over = violation_of("W1-1", 2, change=Change.CLOSED, to_us=at.clock(), condition="C1")
        await at.made.commit([over])
        await at.look()
        await expect(page.locator("#alert-rows tr")).to_have_count(0)
        await page.locator("#closing .first").click()
        await expect(page.locator("#closing-refused")).to_contain_text("The service cleared it at")
        await expect(page.locator("#closing-what")).to_contain_text("Critical, cleared")
        await page.locator("#closing .first").click()
        await expect(page.locator("#closing")).to_be_hidden()
        assert (await at.get("alerts/1")).json()["outcome"] == "confirmed"


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    async with working(embedded_url) as at, served(at.app) as address, page_at(chromium, address) as page:
        await page.route(re.compile("/alerts/1/claim$"), lose, times=1)
        await pressed(page, "claim")
        await expect(page.locator("#alert-rows .holder")).to_contain_text("You until")
        await expect(page.locator("#said")).to_be_hidden()
        assert at.ask("SELECT event, by_name FROM alert_events") == [("claim", "ola")]


async def test_what_others_do_is_shown_and_who_we_are_stays(chromium: playwright.Browser, embedded_url: str) -> None:
    async with working(embedded_url, alerts=2) as at, served(at.app) as address, page_at(chromium, address) as page:
        rows = page.locator("#alert-rows tr")
        await expect(rows).to_have_count(2)
        await pressed(page, "claim")
        await page.reload()
        await pressed(page, "claim", 1)
        await expect(rows.nth(1).locator(".holder")).to_contain_text("You until")
        await at.post("alerts/2/release")
        await expect(rows.first.locator(".holder")).to_have_text("Nobody")
        await at.post("alerts/2/close", CLOSING, PIA)
        await expect(rows).to_have_count(1)
        await page.locator("input[value=all]").focus()
        await page.keyboard.press("Space")
        await expect(rows).to_have_count(2)
        await expect(rows.first.locator(".holder")).to_have_text("Closed: confirmed, pia")
        await page.locator("input[value=open]").check(force=True)
        await expect(rows).to_have_count(1)


async def test_who_does_not_work_on_alerts_is_offered_nothing_to_press(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async with working(embedded_url) as at, served(at.app) as address:
        async with page_at(chromium, address, asks("off", "officer")) as page:
            await expect(page.locator("#alert-rows tr")).to_have_count(1)
            await expect(page.locator("#alert-rows button")).to_have_count(0)
            await expect(page.locator("#figures")).to_be_hidden()
        async with page_at(chromium, address, asks("ada", "administrator")) as page:
            await expect(page.locator("#apart")).to_contain_text("not shown to your role (administrator)")
            for part in ("#alerts", "#places"):
                await expect(page.locator(part)).to_be_hidden()


async def test_without_a_desk_the_page_says_so(chromium: playwright.Browser, embedded_url: str) -> None:
    async with working(embedded_url) as at:
        parts = at.app.state.parts
        at.app.state.parts = type(parts)(*(getattr(parts, name) for name in parts.__slots__ if name != "desk"))
        async with served(at.app) as address, page_at(chromium, address) as page:
            await pressed(page, "claim")
            await expect(page.locator("#said")).to_contain_text("The desk is not set up in this process.")
