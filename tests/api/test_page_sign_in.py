"""Signing in in a real browser, by keyboard: in, a password to change, out, and over the end of a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import playwright.async_api as playwright
from playwright.async_api import Page, expect

from domain.instants import DAY_US
from domain.vocabulary import Role
from store.accounts import Password
from store.audit import Entry
from tests.api.serving import served
from tests.api.signing_in import OTHER, PASSWORD, Doorway, doorway
from tests.store.made import NOON


@asynccontextmanager
async def opened(browser: playwright.Browser, address: str, path: str = "/") -> AsyncIterator[Page]:
    """A page of a browser that nobody has signed in with; nothing on it may fail or come from elsewhere."""
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/London")
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(address) else wrong.append(request.url))
    await page.goto(address + path)
    yield page
    assert wrong == []
    await context.close()


async def typed(page: Page, *words: str) -> None:
    """Into one field after another, and Enter."""
    for number, word in enumerate(words):
        if number:
            await page.keyboard.press("Tab")
        await page.keyboard.type(word)
    await page.keyboard.press("Enter")


async def test_in_by_keyboard_and_out_again(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await expect(page).to_have_url(f"{address}/sign-in")
        await expect(page.locator("#name")).to_be_focused()
        await typed(page, "ola", "not my password")
        refused = page.locator("#entering .refused")
        await expect(refused).to_have_text("The name or the password is wrong, or the account is locked or disabled.")
        await expect(page.locator("#password")).to_be_focused()
        await typed(page, PASSWORD)
        await expect(page.locator("h1")).to_have_text("Alerts")
        await expect(page).to_have_url(f"{address}/alerts")
        await expect(page.locator(".bw-top__who")).to_contain_text("An Invented Person, operator")
        (cookie,) = await page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-bailiwick-session", True, True)
        assert (cookie["sameSite"], cookie["path"]) == ("Strict", "/")
        await page.get_by_role("button", name="Sign out").focus()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/sign-in")
        assert await page.context.cookies() == []
        await page.goto(address)
        await expect(page).to_have_url(f"{address}/sign-in")


async def test_a_password_that_was_given_is_changed_before_anything_else(
    chromium: playwright.Browser, embedded_url: str
) -> None:
    async with doorway(embedded_url) as at:
        made = await at.sign_in.hashing.made("given-to-ola-once")
        entry = Entry(NOON, "ada", "administrator", "command", "", None, "accounts.write", "account", ("ola",))
        once = Password(made, must_change=True, until_us=NOON + DAY_US)
        await at.store.accounts.set_password("ola", once, NOON, entry)
        async with served(at.app) as address, opened(chromium, address) as page:
            await typed(page, "ola", "given-to-ola-once")
            await expect(page.locator("#why")).to_contain_text("This password was given to you.")
            await expect(page.locator("#new")).to_be_focused()
            await typed(page, "something long", "something else")
            refused = page.locator("#changing .refused")
            await expect(refused).to_have_text("The two are not the same.")
            await page.goto(address)
            await expect(page.locator("#why")).to_contain_text("This password was given to you.")
            await expect(page.locator("#current")).to_be_focused()
            await typed(page, "given-to-ola-once", "password-1234", "password-1234")
            await expect(refused).to_contain_text("among those that are guessed first")
            await page.locator("#new").fill(OTHER)
            await page.locator("#again").fill(OTHER)
            await page.keyboard.press("Enter")
            await expect(page.locator("h1")).to_have_text("Alerts")
        await at.signed_in(password=OTHER)


async def test_a_password_is_changed_from_the_page(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await page.get_by_role("link", name="Password").click()
        await expect(page.locator("#why")).to_have_text(
            "You are An Invented Person (ola). Every other session of yours ends."
        )
        await typed(page, PASSWORD, OTHER, OTHER)
        await expect(page).to_have_url(f"{address}/alerts")
        await at.signed_in(password=OTHER)


async def test_a_session_that_was_ended_shows_the_way_in(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await expect(page.locator("h1")).to_have_text("Alerts")
        await disable(at)
        await page.reload()
        await expect(page).to_have_url(f"{address}/sign-in?next=%2Falerts")
        await expect(page.locator("#entering")).to_be_visible()


async def disable(at: Doorway) -> None:
    admin = await at.signed_in("ada")
    assert (await admin.ask("POST", "accounts/ola/disable")).status_code == 200


async def test_a_link_from_elsewhere_finds_the_session(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await expect(page.locator("h1")).to_have_text("Alerts")
        # localhost and 127.0.0.1 are two sites to a browser: a strict cookie does not come with this link.
        elsewhere = address.replace("127.0.0.1", "localhost")
        other = await page.context.new_page()
        await other.goto(f"{elsewhere}/sign-in")
        await other.evaluate("to => { location.href = to; }", f"{address}/")
        await expect(other.locator("#link")).to_have_attribute("data-state", "live")


async def test_who_may_not_see_alerts_is_told_so(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        await at.account("ann", Role.AUDITOR)
        async with served(at.app) as address, opened(chromium, address) as page:
            await typed(page, "ann", PASSWORD)
            await expect(page.locator("#apart")).to_have_text(
                "Alerts and positions are not shown to your role (auditor)."
            )
            await expect(page.locator("#figures")).to_be_visible()
