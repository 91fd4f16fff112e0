"""The plain page in a real browser: figures that add up, alerts as they come, ids of 64 bits, and a lost connection."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import playwright.async_api as playwright
import psycopg
from playwright.async_api import expect

from domain.instants import MINUTE_US
from domain.vocabulary import Change, Kind, Severity
from tests.api.doors import asks
from tests.api.fake_reading import FakeReading, states
from tests.api.serving import app_over, served
from tests.api.sides import Side, fake_side, real_side
from tests.store.made import NOON, change_of, fixes_of, violation_of, wearer_records, work_of

BIG = 2**53 + 1


async def with_people(side: Side) -> None:
    for number in (1, 2, 3):
        await side.learn(wearer_records(f"W{number}", f"T{number}"))
        facts = fixes_of(side.roster.index[f"T{number}"], [1, 2], NOON - MINUTE_US)
        await side.commit(work_of(0, side.roster, facts))
    await side.publish(states(monitored=2, communication_lost=1))


async def raise_alert(side: Side, violation_id: str, kind: Kind, severity: Severity, minute: int = 0) -> None:
    violation = violation_of(violation_id, kind=kind, decided_us=NOON + minute * MINUTE_US)
    change = change_of(violation, severity=severity)
    await side.commit(work_of(0, side.roster, versions=[violation], alerts=[change]))


@asynccontextmanager
async def page_at(
    browser: playwright.Browser, address: str, who: dict[str, str] | None = None
) -> AsyncIterator[playwright.Page]:
    """The page as ``who`` sees it, by default an operator, and nothing on it may fail or come from elsewhere."""
    headers = asks("ola") if who is None else who
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/London", extra_http_headers=headers)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(address) else wrong.append(request.url))
    await page.goto(f"{address}/old")
    await expect(page.locator("#link")).to_have_attribute("data-state", "live")
    yield page
    assert wrong == []
    await context.close()


async def test_figures_add_up_and_alerts_come_as_they_are_committed(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    await raise_alert(side, "W1-1", Kind.BATTERY_LOW, Severity.WARNING)
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        await expect(page.locator("#orders-active")).to_have_text("3")
        numbers = await page.locator("#orders-states li").evaluate_all("rows => rows.map(row => +row.dataset.count)")
        assert sum(numbers) == 3
        await expect(page.locator("#orders-sum")).to_have_text("Every order in force is in exactly one state")
        await expect(page.locator("#places-note")).to_have_text("3 wearers, as orders permit")
        rows = page.locator("#alert-rows tr")
        await expect(rows).to_have_count(1)
        await raise_alert(side, "W2-1", Kind.EXCLUSION_ZONE, Severity.CRITICAL, 1)
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("Critical")
        await expect(rows.first).to_contain_text("In an exclusion zone")
        time = rows.first.locator("time")
        await expect(time).to_have_attribute("datetime", "2026-11-21T12:01:00Z")
        await expect(time).to_have_attribute("title", "2026-11-21 12:01:00 UTC")
        await expect(page.locator("#severities li[data-severity=critical]")).to_have_attribute("data-count", "1")
        gone = replace(violation_of("W2-1", 2), change=Change.WITHDRAWN)
        await side.commit(work_of(0, side.roster, versions=[gone], alerts=[change_of(gone, withdrawn=True)]))
        await expect(rows).to_have_count(1)


async def test_states_that_do_not_add_up_are_said_aloud(chromium: playwright.Browser) -> None:
    class Wrong(FakeReading):
        async def counts(self) -> object:
            return replace(await super().counts(), orders_active=9)

    side = replace(fake_side(), reading=Wrong())
    await with_people(side)
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        await expect(page.locator("#orders-sum")).to_have_text("The states add up to 3, not to 9")
        await expect(page.locator("#orders-sum")).to_have_class(re.compile("wrong"))


async def test_which_alerts_are_listed(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    await raise_alert(side, "W1-1", Kind.BATTERY_LOW, Severity.WARNING)
    await raise_alert(side, "W2-1", Kind.SHIELDING, Severity.CRITICAL)
    over = violation_of("W3-1", to_us=NOON)
    await side.commit(work_of(0, side.roster, versions=[over], alerts=[change_of(over)]))
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        rows = page.locator("#alert-rows tr")
        for which, number in (("urgent", 1), ("all", 3), ("active", 2)):
            await page.locator(f"input[value={which}]").focus()
            await page.keyboard.press("Space")
            await expect(rows).to_have_count(number)


async def test_one_wearer_is_found_by_id_and_by_a_click(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        await expect(page.locator("#places-note")).to_have_text("3 wearers, as orders permit")
        await page.fill("#find-wearer", "W9")
        await page.keyboard.press("Enter")
        await expect(page.locator("#found")).to_have_text("No position of W9.")
        await page.fill("#find-wearer", "W2")
        await page.keyboard.press("Enter")
        await expect(page.locator("#found")).to_contain_text("W2")
        await expect(page.locator("#found")).to_contain_text("8 m (95 %)")
        await page.locator("#found button").click()
        await expect(page.locator("#found")).to_be_hidden()
        box = await page.locator("#canvas").bounding_box()
        assert box is not None
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await expect(page.locator("#found strong")).to_have_text(re.compile("W[123]"))


async def test_nobody_and_nothing_yet(chromium: playwright.Browser) -> None:
    async with served(app_over(fake_side())) as address, page_at(chromium, address) as page:
        await expect(page.locator("#map-empty")).to_contain_text("The caseload is empty")
        await expect(page.locator("#alerts-empty")).to_have_text("No active alert is left.")
        await expect(page.locator("#orders-sum")).to_have_text("No order is in force")


async def test_a_lost_connection_is_said_and_nothing_is_missed_when_it_is_back(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    app = app_over(side)
    async with served(app) as address:
        port = int(address.rpartition(":")[2])
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(f"{address}/old")
        await expect(page.locator("#link")).to_have_attribute("data-state", "live")
    await expect(page.locator("#lost")).to_contain_text("Connection lost.")
    await raise_alert(side, "W1-1", Kind.EXCLUSION_ZONE, Severity.CRITICAL)
    async with served(app_over(side), port):
        await expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
        await expect(page.locator("#alert-rows tr")).to_have_count(1)
        await context.close()


async def test_an_ingest_that_stands_still_is_said(chromium: playwright.Browser) -> None:
    side = fake_side()
    await with_people(side)
    async with served(app_over(side)) as address, page_at(chromium, address) as page:
        await expect(page.locator("#still")).to_contain_text("Ingest has decided nothing since")


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
        async with served(app_over(side)) as address, page_at(chromium, address) as page:
            rows = page.locator("#alert-rows tr")
            await expect(rows).to_have_count(1)
            await raise_alert(side, "W2-1", Kind.STRAP_TAMPER, Severity.CRITICAL)
            await expect(rows).to_have_count(2)
            ids = await rows.evaluate_all("rows => rows.map(row => row.dataset.id)")
            assert sorted(ids) == [str(BIG), str(BIG + 1)]
            shown = [
                await page.evaluate(f"fetch('/api/v1/alerts/{one}').then(a => a.json()).then(a => a.id)") for one in ids
            ]
            assert shown == ids
