"""Sheets for courts and the figures of enforcement, as pages: what they say, to whom, what is asked wrongly, and what is printed."""

from __future__ import annotations

import re
from datetime import date

import playwright.async_api as playwright
from playwright.async_api import expect

from api.console.charts import chart, said
from api.console.court import CAUSES, KEPT, MET, STEPS, WEIGHTS, WHATS, WHYS, by_week
from api.console.hours import hours_words, minutes_of, minutes_words
from domain.vocabulary import Cause
from evidence.chronology import What
from evidence.compliance import KeptAs, Weight
from evidence.programmes import Met
from evidence.qualifying import DayWhy, Deduct
from tests.api.doors import asks
from tests.console import court_states
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, SAM, World


def test_there_are_words_for_everything_that_a_sheet_says() -> None:
    assert set(KEPT) == {one.value for one in KeptAs}
    assert set(WEIGHTS) == {one.value for one in Weight}
    assert set(WHYS) == {one.value for one in DayWhy}
    assert set(STEPS) == {one.value for one in Deduct}
    assert set(MET) == {one.value for one in Met}
    assert set(WHATS) == {one.value for one in What}
    assert set(CAUSES) == {one.value for one in Cause} - {"wearer"}


def test_a_picture_has_a_column_a_month_and_says_what_is_not_shown() -> None:
    found = chart([("Jan", 0.5), ("Feb", None), ("Mar", 0.95)], top=1.0, target=0.9, unit="share", least=True)
    assert found is not None
    assert [(one.said, one.met) for one in found.columns] == [("50 %", False), ("–", True), ("95 %", True)]
    assert [one.height for one in found.columns][:2] == [56.0, None]
    assert found.columns[0].y + 56.0 == found.floor_y
    assert chart([("Jan", None)], top=1.0, target=0.9, unit="share", least=True) is None
    assert [said(one, "days") for one in (0.0, 2.25, 12.4)] == ["0", "2.2", "12"]


async def page_of(night: World, path: str, who: dict[str, str] = DEE, status: int = 200) -> str:
    """The text of a page, without its markup."""
    answer = await night.client.get(path, headers=who | {"Accept": "text/html"})
    assert answer.status_code == status, (path, answer.status_code)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


async def test_the_sheets_say_what_was_decided_in_plain_words(night: World) -> None:
    await court_states.on_bail(night)
    await court_states.in_a_programme(night)
    compliance = await page_of(night, "/orders/OW1002/compliance?from=2026-10-26&to=2026-11-20")
    for words in (
        "Waits for the officer",
        "Kept, with doubt",
        "Nothing is known of 11 h",
        "a reasonable excuse (“At hospital; letter seen”)",
        "they had not been told: counts against nobody",
        "Monitoring gaps 2",
        "They count against nobody",
        "Network",
    ):
        assert words in compliance, words
    bail = await page_of(night, "/orders/OW1002/qualifying-curfew")
    for words in (
        "A court decides what counts",
        "39 remain; 1 in 2 of them, rounded up: 20 days",
        "Deducted: a condition was broken",
    ):
        assert words in bail, words
    weeks = await page_of(night, "/orders/OW1003/weeks")
    for words in (
        "Short W1003-101",
        "at least 25 h",
        "Mon 23 Nov 2026 10:00 16:00 Attendance: the workshop No : suspended",
    ):
        assert words in weeks, words
    assert "Trail" not in weeks, "what holds at all times has no hours to show"
    chronology = await page_of(night, "/wearers/W1002/chronology?what=contact&what=absence")
    assert "The bus did not come" in chronology
    assert "Curfew came into force" not in chronology
    wrong = await page_of(night, "/orders/OW1002/compliance?from=2026-11-20&to=2026-11-01", status=422)
    assert "The last day must not be before the first" in wrong
    assert "must be a date, such as 2026-11-21" in await page_of(
        night, "/wearers/W1002/chronology?from=soon", status=422
    )
    await page_of(night, "/orders/OW1001/qualifying-curfew", status=409)
    await page_of(night, "/orders/OW1002/compliance", asks("edda", "officer", "essex"), status=404)
    wearer = await page_of(night, "/wearers/W1002")
    assert "Days on bail that count" in wearer
    assert "Chronology" in wearer


async def test_the_figures_are_for_the_centre_and_name_nobody(night: World) -> None:
    await court_states.a_year(night)
    figures = await page_of(night, "/figures", SAM)
    for words in (
        "Figures of 2026",
        "220 cases",
        "Not met.",
        "84 % in 2004",
        "Whole months to October 2026",
        "Nobody here can read whose they are",
    ):
        assert words in figures, words
    assert re.search(r"W100\d", figures) is None
    assert "Dover –" in figures, "fewer than five"
    assert "There is too little to hold against it." in await page_of(night, "/figures?year=2025", SAM)
    await page_of(night, "/figures", DEE, status=403)
    await page_of(night, f"/figures?year={date.max.year}", SAM, status=422)


async def test_a_sheet_prints_without_its_forms_and_fits_a_phone(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await court_states.on_bail(night)
    async with browsing(chromium, address, "/orders/OW1002/compliance", DEE, viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        await page.emulate_media(media="print")
        for kept_off in (".bw-top", ".bw-court__days", ".bw-court__pages"):
            await expect(page.locator(kept_off).first).to_be_hidden()
        await expect(page.get_by_text("Signed")).to_be_visible()
        await expect(page.get_by_role("heading", name="Monitoring gaps")).to_be_visible()


def hours(required: float, present: float, absent: float, open_: float) -> dict[str, float]:
    return {"required": required, "present": present, "absent": absent, "open": open_}


def test_hours_of_a_sheet_add_up_across_and_down_as_they_are_printed() -> None:
    weeks = [hours(24.0, 22.74, 1.24, 0.02), hours(84.0, 83.99, 0.0, 0.01), hours(24.0, 22.75, 1.25, 0.0)]
    rows, summed = by_week({"weeks": [{"hours": one} for one in weeks]})
    for minutes in (*(one for _, one in rows), summed):
        assert minutes.required == minutes.present + minutes.absent + minutes.open
    assert [one.required for _, one in rows] == [1440, 5040, 1440]
    assert summed.absent == sum(one.absent for _, one in rows)
    assert [minutes_words(getattr(rows[2][1], part)) for part in ("present", "absent", "open")] == [
        *("22 h 45 min", "1 h 15 min", "0 h")
    ]
    assert [hours_words(one) for one in (0.0, 0.75, 24.0, 100.5)] == ["0 h", "45 min", "24 h", "100 h 30 min"]


def test_no_minute_is_counted_against_anybody_by_rounding_alone() -> None:
    found = minutes_of(hours(1.0, 0.34, 0.33, 0.33))
    assert (found.present, found.absent, found.open) == (20, 20, 20)
    assert minutes_of(hours(12.0, 11.99, 0.01, 0.0)).required == 720
    tied = minutes_of(hours(0.05, 0.025, 0.025, 0.0))
    assert (tied.present, tied.absent) == (2, 1)
