"""Somebody rings: found in one step from any page, and what was said is one form, by keyboard alone and by mouse."""

from __future__ import annotations

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from tests.console.browsing import PHONE, browsing
from tests.console.test_alert_page import REFUSED, number_of
from tests.console.world import DEE, NAMES, World

pytestmark = [pytest.mark.real, pytest.mark.slow]


async def test_from_any_page_to_what_was_said_by_keyboard_alone(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1005", "curfew")
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await page.keyboard.press("w")
        await page.wait_for_url("**/find")
        await expect(page.locator("#q")).to_be_focused()
        await page.keyboard.type("quill")
        await page.keyboard.press("Enter")
        first = page.locator("#first-found")
        await expect(first).to_have_text("Esme Quill")
        await expect(first).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="They are ringing")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#contact-about")).to_be_focused()
        for words in ("Tab", "Tab", "Tab"):
            await page.keyboard.press(words)
        await page.keyboard.type("0700 900777")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("I am locked out of the flat")
        for words in ("Tab", "Tab", "Tab", "Tab", "Enter"):
            await page.keyboard.press(words)
        await expect(page.get_by_text("It is shown on every alert of Esme Quill for a day")).to_be_visible()
        await page.goto(f"{address}/alerts/{number}")
        await expect(page.locator("#contacts")).to_contain_text("I am locked out of the flat")
    (entry,) = (await night.get("contacts?wearer=W1005"))["items"]
    assert (entry["inbound"], entry["answered"], entry["number"], entry["by"]) == (True, True, "0700 900777", "ola")


@pytest.mark.parametrize(
    ("words", "name", "by"),
    [
        ("W1003", "Carys Holt", "id"),
        ("0700 900003", "Dov Marsh", "telephone number"),
        ("TW1006", "Farid Lowe", "device"),
        ("7 Invented Row", "Greta Thorn", "address"),
    ],
)
async def test_somebody_is_found_by_what_is_known_of_them(
    chromium: playwright.Browser, address: str, words: str, name: str, by: str
) -> None:
    async with browsing(chromium, address, "/find") as page:
        await page.fill("#q", words)
        await page.get_by_role("button", name="Find").click()
        row = page.locator("tbody tr").first
        await expect(row).to_contain_text(name)
        await expect(row).to_contain_text(by)
        wearer = next(wearer for wearer, known, _, _ in NAMES if known == name)
        link = row.get_by_role("link", name=name, exact=True)
        await expect(link).to_have_attribute("href", f"/wearers/{wearer}")


async def test_their_worst_open_alert_stands_beside_them(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    async with browsing(chromium, address, "/find?q=okafor", viewport=PHONE) as page:
        row = page.locator("tbody tr")
        await expect(row).to_contain_text("Critical")
        await expect(row).to_contain_text("and 1 more")
        await row.get_by_role("link", name="Strap tamper").click()
        await expect(page.locator("h1")).to_have_text("Strap tamper")


async def test_nobody_is_found_and_too_little_is_looked_for(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    async with browsing(chromium, address, "/find?q=Zaphod", expected=REFUSED) as page:
        await expect(page.get_by_role("status")).to_contain_text("There is nobody of that name")
        await page.fill("#q", "x")
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Enter between 2 and 64 characters")
        await expect(page.locator("#q")).to_have_value("x")


async def test_a_promise_belongs_to_an_alert_and_nothing_typed_is_lost(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1005", "curfew")
    async with browsing(chromium, address, "/contacts/new?wearer=W1005", expected=REFUSED) as page:
        await page.fill("#contact-said", "On the bus")
        await page.fill("#contact-promised", "home by then")
        await page.get_by_role("button", name="Enter the contact").click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Say by when")
        await page.fill("#contact-promised_at", "7:05")
        await page.get_by_role("button", name="Enter the contact").click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text(
            "Choose the alert that the promise belongs to"
        )
        await expect(page.locator("#contact-said")).to_have_value("On the bus")
        await page.wait_for_load_state("load")
        await page.select_option("#contact-about", number)
        await page.get_by_role("button", name="Enter the contact").click()
        await expect(page).to_have_url(f"{address}/alerts/{number}?done=contact")
        await expect(page.locator("#tasks")).to_contain_text("Promised: home by then, by 22 Nov 2026, 07:05:00")


async def test_a_contact_about_nobody_in_particular(chromium: playwright.Browser, night: World, address: str) -> None:
    async with browsing(chromium, address, "/find") as page:
        await page.get_by_role("link", name="Enter a contact about nobody in particular").click()
        await page.select_option("#contact-party", "police")
        await page.fill("#contact-police_log", "CAD 1234")
        await page.get_by_role("button", name="Enter the contact").click()
        await expect(page.get_by_role("status")).to_contain_text("The contact is in the log.")
    (entry,) = (await night.get("contacts"))["items"]
    assert (entry["party"], entry["police_log"], entry["wearer"]) == ("police", "CAD 1234", None)


async def test_an_officer_finds_and_enters_nothing(chromium: playwright.Browser, night: World, address: str) -> None:
    async with browsing(chromium, address, "/find?q=finch", DEE, expected=REFUSED) as page:
        await expect(page.locator("#first-found")).to_have_text("Alder Finch")
        await expect(page.get_by_role("link", name="They are ringing")).to_have_count(0)
        await page.goto(f"{address}/contacts/new?wearer=W1001")
        await expect(page.locator("h1")).to_have_text("Your role may not see this")
