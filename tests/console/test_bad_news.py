"""What goes wrong is said, on a screen of its own, with the way back: the database away, a late feed, an address that leads nowhere."""

from __future__ import annotations

from dataclasses import replace

import playwright.async_api as playwright
from playwright.async_api import expect

from bailiwick.parts.postgres_server import PostgresServer
from domain.instants import MINUTE_US
from tests.api.doors import NOBODY
from tests.console.browsing import browsing
from tests.console.world import DEE, World

AWAY = ("503", "500", "Failed to load resource", "net::ERR")
COMES_BACK_MS = 60_000


async def test_the_database_goes_and_comes_back(
    chromium: playwright.Browser, address: str, night: World, embedded_server: PostgresServer
) -> None:
    async with browsing(chromium, address, "/handover", expected=AWAY) as page:
        await page.locator("#note").fill("Half a sentence")
        embedded_server.stop()
        try:
            await page.reload()
            await expect(page.locator("h1")).to_have_text("The service cannot answer now")
            await expect(page.locator("main")).to_contain_text("work by the contingency list")
        finally:
            embedded_server.start()
        await expect(page.locator("h1")).to_have_text("Handover", timeout=COMES_BACK_MS)
        await expect(page.locator("#note")).to_have_value("Half a sentence")


async def test_the_wallboard_says_that_its_figures_are_old(
    chromium: playwright.Browser, address: str, night: World, embedded_server: PostgresServer
) -> None:
    async with browsing(chromium, address, "/wallboard", expected=AWAY) as page:
        await expect(page.locator("#oldest")).to_have_text("6 min")
        embedded_server.stop()
        try:
            banner = page.locator("#banner-stream")
            await expect(banner).to_contain_text("what you see is old", timeout=COMES_BACK_MS)
            await expect(page.locator("#oldest")).to_contain_text("min")
        finally:
            embedded_server.start()
        await expect(banner).to_be_hidden(timeout=COMES_BACK_MS)


async def test_a_late_feed_is_said_on_every_page(chromium: playwright.Browser, address: str, night: World) -> None:
    night.clock.now_us += 3 * MINUTE_US
    async with browsing(chromium, address, "/incidents") as page:
        await expect(page.locator("#banner-feed")).to_contain_text(
            "The feed is late: nothing that devices sent in the last 3 min"
        )


async def test_an_address_that_leads_nowhere_is_a_page_and_for_programs_a_problem(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/no/such/page", expected=("404",)) as page:
        await expect(page.locator("h1")).to_have_text("There is nothing here, or nothing that you may see")
        await page.get_by_role("link", name="Go to the first page").click()
        await expect(page).to_have_url(f"{address}/alerts")
    async with browsing(chromium, address, "/no/such/page", NOBODY, expected=("404",)) as page:
        await expect(page.locator("h1")).to_have_text("There is nothing here, or nothing that you may see")
    for path, accept in (("/no/such", "*/*"), ("/api/v1/no-such", "text/html")):
        answer = await night.client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_what_a_role_may_not_see_is_said_with_what_to_do(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wallboard", DEE, expected=("403",)) as page:
        await expect(page.locator("h1")).to_have_text("Your role may not see this")
        await expect(page.locator("main")).to_contain_text("Ask a supervisor if you need it.")
        await expect(page.get_by_role("link", name="Wallboard")).to_have_count(0)


async def test_the_end_of_a_session_is_told_where_one_stands(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wallboard", expected=("401",)) as page:
        await expect(page.locator("#oldest")).to_have_text("6 min")
        await page.set_extra_http_headers(NOBODY)
        away = page.locator("#banner-away")
        await expect(away).to_contain_text("You are signed out: what you see is no longer live.", timeout=20_000)
        link = away.get_by_role("link", name="Sign in again")
        await expect(link).to_have_attribute("href", "/sign-in?next=%2Fwallboard")


async def test_a_mistake_of_ours_is_a_page_for_people_and_a_problem_for_programs(night: World) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    night.app.add_api_route("/broken", broken, include_in_schema=False)
    night.app.state.parts = replace(night.app.state.parts, centre_phone="0800 900 123")
    page = await night.client.get("/broken", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something is wrong with this page" in page.text
    assert 'ring the monitoring centre: <a class="govuk-link" href="tel:0800900123">0800 900 123</a>' in page.text
    assert "ZeroDivisionError" not in page.text
    problem = await night.client.get("/broken")
    assert (problem.status_code, problem.json()["detail"]) == (500, "it is our fault, and it is in the log")
