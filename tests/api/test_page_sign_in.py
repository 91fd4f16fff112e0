"""Signing in in a real browser, by keyboard: in, a password to change, out, and over the end of a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import playwright.async_api as playwright
import pytest
from playwright.async_api import Page, expect

from access.grants import GRANTS, Deed
from api.console.rendering import Reader, places_of
from api.sign_in import COOKIE
from domain.instants import DAY_US
from domain.vocabulary import Role
from store.accounts import Password
from store.audit import Entry
from tests.api.serving import served
from tests.api.signing_in import OTHER, PASSWORD, Doorway, doorway
from tests.store.made import NOON, ask


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
        refused = page.locator(".govuk-error-summary")
        await expect(refused).to_contain_text("The name or the password is wrong, or the account is locked or disabled")
        await expect(refused).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#password")).to_be_focused()
        await expect(page.locator("#name")).to_have_value("ola")
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


async def test_in_without_scripts(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address:
        context = await chromium.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{address}/alerts?severity=critical")
        await page.locator("#name").fill("OLA ")
        await page.locator("#password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/alerts?severity=critical")
        await page.goto(f"{address}/sign-in?next=//elsewhere.example/")
        await expect(page).to_have_url(f"{address}/alerts")
        await context.close()


async def test_a_browser_that_keeps_no_cookie_is_told(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        answer = await at.client.post("/sign-in", data={"name": "ola", "password": PASSWORD, "next": "/alerts"})
        assert answer.status_code == 303
        assert COOKIE in answer.headers["set-cookie"]
        at.client.cookies.clear()
        told = await at.client.get(answer.headers["location"])
        assert "This browser did not keep the session." in told.text


async def test_the_way_in_is_no_way_elsewhere(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        for onward in (
            "//elsewhere.example/",
            "https://elsewhere.example/",
            "/\\elsewhere.example",
            "javascript:alert(1)",
        ):
            answer = await at.client.post("/sign-in", data={"name": "ola", "password": PASSWORD, "next": onward})
            assert answer.headers["location"] == "/sign-in?kept&next=%2F"
        form = {"name": "ola", "password": PASSWORD}
        refused = await at.client.post("/sign-in", data=form, headers={"Origin": "https://elsewhere.example"})
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers


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
            await expect(page.locator("#current")).to_be_focused()
            await page.locator("#current").fill("given-to-ola-once")
            await page.locator("#new").fill("something long")
            await page.locator("#again").fill("something else")
            await page.keyboard.press("Enter")
            refused = page.locator(".govuk-error-summary")
            await expect(refused).to_contain_text("The two new passwords are not the same")
            await page.goto(address)
            await expect(page.locator("#why")).to_contain_text("This password was given to you.")
            await page.locator("#current").fill("given-to-ola-once")
            await page.locator("#new").fill("password-1234")
            await page.locator("#again").fill("password-1234")
            await page.keyboard.press("Enter")
            await expect(refused).to_contain_text("among those that are guessed first")
            await expect(refused).to_be_focused()
            await page.locator("#current").fill("given-to-ola-once")
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
        for name, word in (("current", PASSWORD), ("new", OTHER), ("again", OTHER)):
            await page.locator(f"#{name}").fill(word)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/alerts")
        await at.signed_in(password=OTHER)


async def test_a_session_that_was_ended_shows_the_way_in(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await expect(page.locator("h1")).to_have_text("Alerts")
        await disable(at)
        await page.reload()
        await expect(page).to_have_url(f"{address}/sign-in?next=%2Falerts")
        await expect(page.locator("#name")).to_be_visible()


async def disable(at: Doorway) -> None:
    admin = await at.signed_in("ada")
    assert (await admin.ask("POST", "accounts/ola/disable")).status_code == 200


async def test_a_form_that_comes_without_a_session_is_sent_on(chromium: playwright.Browser, embedded_url: str) -> None:
    """Nothing typed is lost: whoever signs in where the form came is asked nothing twice, and it is done as they wrote it."""
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await page.get_by_role("link", name="Password").click()
        await page.evaluate("""() => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = "/sign-out";
            for (const [name, value] of [["csrf", "stale"], ["note", 'Said "no" <twice>']]) {
                const field = document.createElement("input");
                Object.assign(field, { type: "hidden", name, value });
                form.append(field);
            }
            document.body.append(form);
        }""")
        ask(at.url, "DELETE FROM sessions RETURNING 1")
        async with page.expect_navigation():
            await page.evaluate("() => document.forms[document.forms.length - 1].submit()")
        await expect(page.locator("h1")).to_have_text("You were signed out before this was sent")
        await page.get_by_text("What you wrote").click()
        await expect(page.locator(".bw-as-typed")).to_have_text('Said "no" <twice>')
        await page.locator("#name").fill("ola")
        await typed_into(page, "#password", "wrong one")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("The name or the password is wrong")
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        async with page.expect_request(lambda one: one.url.endswith("/sign-out") and one.method == "POST") as sent:
            await typed_into(page, "#password", PASSWORD)
        fields = parse_qs((await sent.value).post_data or "")
        assert fields["note"] == ['Said "no" <twice>']
        await expect(page).to_have_url(f"{address}/sign-in")
        ends = ask(at.url, "SELECT count(*) FROM audit_bodies WHERE body ->> 'deed' = 'session.ended'")
        assert ends == [(1,)]


async def typed_into(page: Page, field: str, word: str) -> None:
    await page.locator(field).fill(word)
    await page.keyboard.press("Enter")


async def test_a_link_from_elsewhere_finds_the_session(chromium: playwright.Browser, embedded_url: str) -> None:
    async with doorway(embedded_url) as at, served(at.app) as address, opened(chromium, address) as page:
        await typed(page, "ola", PASSWORD)
        await expect(page.locator("h1")).to_have_text("Alerts")
        # localhost and 127.0.0.1 are two sites to a browser: a strict cookie does not come with this link.
        elsewhere = address.replace("127.0.0.1", "localhost")
        other = await page.context.new_page()
        await other.goto(f"{elsewhere}/sign-in")
        await other.evaluate("to => { location.href = to; }", f"{address}/alerts?severity=critical")
        await expect(other.locator("h1")).to_have_text("Alerts")
        await expect(other).to_have_url(f"{address}/alerts?severity=critical")


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_page(role: Role) -> None:
    deeds = frozenset(deed.value for deed in Deed if role in GRANTS[deed])
    assert places_of(Reader("dan", "Dan", role.value, deeds, "", None))[0]
