"""What somebody who had never seen the console stumbled over: keys, what is said of what was done, a phone, the service away."""

from __future__ import annotations

import re
from typing import Final

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from domain.instants import MINUTE_US, format_instant
from tests.console.browsing import PHONE, browsing
from tests.console.test_alert_page import number_of
from tests.console.test_queue import line_of, queue_at, rows, to_line
from tests.console.world import World

pytestmark = [pytest.mark.real, pytest.mark.slow]

AWAY: Final = ("Failed to load resource", "net::ERR")
STREAM: Final = re.compile("/api/v1/stream")
LINES: Final = """all => all.map(one => Math.round(one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)))"""


async def test_all_lines_are_selected_by_one_key_and_closed_together(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address, "?severity=information", lines=None) as page:
        await expect(line_of(page, "W1007")).to_be_visible()
        number = await rows(page).count()
        await page.keyboard.press("*")
        await expect(page.locator(".bw-line--selected")).to_have_count(number)
        for key in ("f", "5", "Enter"):
            await page.keyboard.press(key)
        await expect(page.locator(".bw-said")).to_contain_text("Closed as duplicate")
        assert night.ask("SELECT count(*) FROM alert_work WHERE work = 'closed'") == [(number,)]


async def test_every_key_of_the_queue_stands_in_the_list_with_its_own_words(
    chromium: playwright.Browser, address: str
) -> None:
    async with queue_at(chromium, address) as page:
        await page.keyboard.press("?")
        listed = page.locator("#keys-dialog tr")
        await expect(listed.filter(has_text="Select all lines, or none").locator("kbd")).to_have_text("*")
        await expect(listed.filter(has_text="All open").locator("kbd")).to_have_text("1")


async def test_a_key_is_changed_on_request_alone(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address) as page:
        find = page.locator("#keys-dialog tr").filter(has_text="Find a wearer")
        await page.keyboard.press("?")
        await expect(page.get_by_role("button", name="Done", exact=True)).to_be_focused()
        for key in ("z", "Escape", "?"):
            await page.keyboard.press(key)
        await expect(find.locator("kbd")).to_have_text("w")
        await find.get_by_role("button").click()
        for key in ("z", "Escape"):
            await page.keyboard.press(key)
        await expect(find.locator("kbd")).to_have_text("w")
        await expect(find.get_by_role("button", name="Change the key: Find a wearer")).to_be_focused()
        for key in ("Enter", "j", "Enter"):
            await page.keyboard.press(key)
        await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("j already means: Next line.")
        for key in ("Enter", "z", "Enter"):
            await page.keyboard.press(key)
        await expect(find.locator("kbd")).to_have_text("z")
        for key in ("Escape", "z"):
            await page.keyboard.press(key)
        await expect(page).to_have_url(f"{address}/find")


async def test_escape_leaves_what_is_typed_into_and_letters_are_keys_again(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, f"/alerts/{await number_of(night, 'W1001')}") as page:
        note = page.locator("#note")
        await page.keyboard.press("f")
        await expect(note).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(note).not_to_be_focused()
        await page.keyboard.press("e")
        await expect(note).to_be_focused()
        await expect(note).to_have_value("")


async def test_what_is_done_to_one_alert_is_said(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address) as page:
        said = page.locator(".bw-said")
        await to_line(page, "W1006")
        await page.keyboard.press("e")
        await page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
        await expect(said).to_contain_text(re.compile(r"Escalated: .+, Farid Lowe \(W1006\)\."))
        await page.keyboard.press("c")
        await expect(said).to_contain_text("Claimed: ")
        await page.keyboard.press("a")
        await page.keyboard.press("6")
        await page.get_by_role("textbox", name="What was done").fill("Rang the shop")
        await page.keyboard.press("Control+Enter")
        await expect(said).to_contain_text("Recorded: ")
        await page.keyboard.press("r")
        await expect(said).to_contain_text("Released: ")


async def test_on_a_phone_what_comes_next_leaves_names_their_room(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/alerts", viewport=PHONE) as page:
        await expect(line_of(page, "W1007").locator(".bw-line__state")).to_contain_text(
            re.compile(r"told in \d"), timeout=10_000
        )
        assert set(await page.locator(".bw-line__who .bw-line__main").evaluate_all(LINES)) == {1}
        state = line_of(page, "W1007").locator(".bw-line__state > *")
        boxes = [await one.bounding_box() for one in await state.all()]
        assert len({round(box["y"]) for box in boxes if box is not None}) == 1


async def test_what_an_operator_must_do_next_is_said_as_such(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    steps: list[tuple[str, str, list[str], str]] = [
        ("notify", "wearer", ["call"], "Ring the wearer in"),
        ("notify", "responsible_adult", ["call", "sms", "email"], "Ring the responsible adult in"),
        ("notify", "police", ["webhook", "call"], "Police to be told or rung in"),
        ("notify", "operator", ["console"], "Operators are told in"),
        ("notify", "officer", ["email"], "Responsible officer is told in"),
        ("escalate", "duty_manager", ["sms", "call"], "Duty manager is called in"),
        ("task", "wearer", [], "Task in"),
    ]
    due = format_instant(night.clock() + 5 * MINUTE_US)
    async with queue_at(chromium, address) as page:
        alerts = await rows(page).evaluate_all("all => all.map(one => one.dataset.alert)")
        items = [
            {"alert": alert, "due": due, "action": action, "to": to, "by": by, "text": "alert"}
            for alert, (action, to, by, _) in zip(alerts, steps, strict=False)
        ]
        await page.route("**/api/v1/next-steps?*", lambda route: route.fulfill(json={"items": items}))
        await page.reload()
        for alert, (_, _, _, words) in zip(alerts, steps, strict=False):
            line = page.locator(f'[data-alert="{alert}"] .bw-line__state')
            await expect(line).to_contain_text(re.compile(rf"{words} [45]:\d\d"), timeout=10_000)


async def test_what_is_pressed_while_the_service_is_away_is_not_sent_and_the_page_stays(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}", expected=AWAY) as page:
        await page.locator("#note").fill("Half a sentence")
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Claim").click()
        await expect(page.locator("#unsent")).to_contain_text("No answer came from the service: nothing was done.")
        await expect(page.locator("#note")).to_have_value("Half a sentence")
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Escalate").click()
        await expect(page.locator("#done")).to_have_text("Escalated.")
        await expect(page.locator("#unsent")).to_have_count(0)
    found = night.ask("SELECT event, note FROM alert_events WHERE by_name = 'ola'")
    assert found == [("escalate", "Half a sentence")]


async def test_one_banner_alone_says_that_the_service_is_away(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address, expected=AWAY) as page:
        stream, feed = page.locator("#banner-stream"), page.locator("#banner-feed")
        for path in ("**/health", STREAM):
            await page.route(path, lambda route: route.abort())
        await page.reload()
        await expect(stream).to_contain_text("Not live since")
        await expect(feed).to_contain_text(re.compile(r"No answer .* since \d\d:\d\d:\d\d: "), timeout=45_000)
        await expect(feed).to_be_hidden()
