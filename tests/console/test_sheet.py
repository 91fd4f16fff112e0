"""The wearer's sheet: plain words, the week, two pages of paper; and from when on what they do counts."""

from __future__ import annotations

import re
from typing import Any

import playwright.async_api as playwright
from playwright.async_api import Page, expect

from api.console.rendering import instant
from api.console.typed import Form
from api.console.wearer_sheet import days_of
from api.console.wearer_told import told_form
from domain.instants import DAY_US, HOUR_US, format_instant
from tests.api.doors import asks
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, NIGHT, World

A_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
CURFEW = {"id": "C1", "kind": "curfew", "place": {"name": "home"}, "timetable": [{}]}


def stretch(start: str, end: str, enforced: bool = True, *by: str) -> dict[str, Any]:
    return {"from": start, "to": end, "enforced": enforced, "by": list(by)}


def test_the_week_is_told_day_by_day_with_what_began_before_and_what_does_not_hold() -> None:
    told = [
        {
            "condition": "C1",
            "timeline": [
                stretch("2026-11-21T00:00:00Z", "2026-11-21T07:00:00Z"),
                stretch("2026-11-21T19:00:00Z", "2026-11-21T20:00:00Z"),
                stretch("2026-11-21T20:00:00Z", "2026-11-21T22:00:00Z", False, "absence"),
                stretch("2026-11-21T22:00:00Z", "2026-11-22T07:00:00Z"),
                stretch("2026-11-22T09:00:00Z", "2026-11-23T00:00:00Z"),
            ],
        }
    ]
    days = days_of(told, [CURFEW], {}, instant("2026-11-21T12:00:00Z"))
    assert len(days) == 7
    assert days[0].lines == (
        "until 07:00: be at home",
        "from 19:00 until 20:00: be at home",
        "from 20:00 until 22:00: this does not hold (authorised absence): be at home",
        "from 22:00 until 07:00 on Sunday: be at home",
    )
    assert days[1].lines == ("from 09:00 until 00:00: be at home",)
    assert days[2].lines == ()


def test_what_is_wrong_with_the_form_is_told_by_field() -> None:
    now = instant("2026-11-21T22:30:00Z")
    empty = Form({})
    assert told_form(empty, [], now) is None
    assert set(empty.wrong) == {"what", "told", "how"}
    moment = {"told-day": "21", "told-month": "11", "told-year": "2026", "told-time": "22:31", "how": "handed"}
    ahead = Form(moment)
    assert told_form(ahead, ["order O1 5"], now) is None
    assert ahead.wrong == {"told": "When they were told must be past"}
    forged = Form(moment | {"told-time": "22:30"})
    assert told_form(forged, ["wearer W1 5"], now) is None
    assert set(forged.wrong) == {"what"}
    right = told_form(Form(moment | {"told-time": "22:30"}), ["order O1 5", "condition C1 7"], now)
    assert right is not None
    assert (right.records, right.at) == ((("order", "O1", "5"), ("condition", "C1", "7")), "2026-11-21T22:30:00Z")


async def test_it_says_each_condition_in_plain_words_and_nothing_of_a_protected_person(
    chromium: playwright.Browser, address: str
) -> None:
    async with browsing(chromium, address, "/wearers/W1001/sheet") as page:
        sheet = page.locator("article.bw-sheet")
        await expect(sheet.locator("ol li")).to_have_text(
            [
                re.compile("Be at 1 Invented Row every day from 19:00 to 07:00 the next day"),
                re.compile("Stay out of the High Street at all times"),
                re.compile("Keep away from the person whom the order names"),
                re.compile("Wear the tag everywhere"),
            ]
        )
        await expect(sheet.get_by_role("row").nth(1)).to_contain_text(
            "From 19:00 until 07:00 on Sunday: be at 1 Invented Row"
        )
        await expect(sheet).to_contain_text("Charge your tag every day, for at least one hour")
        await expect(sheet).to_contain_text("Dee Farrow")
        for hidden in ("Hidden Person", "V1", "alert", "large dog"):
            await expect(sheet).not_to_contain_text(hidden)
        assert await page.locator(".bw-small-map canvas").count() >= 2


async def test_it_is_two_pages_of_paper_at_most_and_only_the_sheet(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1002/sheet") as page:
        await expect(page.locator(".bw-small-map canvas").first).to_be_visible()
        paper = await page.pdf(format="A4", print_background=True)
        assert 1 <= len(A_PAGE.findall(paper)) <= 2
        await page.emulate_media(media="print")
        await expect(page.locator("article.bw-sheet")).to_be_visible()
        for kept_off in (".bw-top", ".bw-told", ".bw-identity"):
            await expect(page.locator(kept_off).first).to_be_hidden()


async def test_a_welsh_speaker_has_what_we_have_in_welsh_and_a_note(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1003/sheet") as page:
        await expect(page.get_by_text("Their language is Welsh:")).to_be_visible()
        await expect(page.locator("article [lang=cy]").first).to_have_text(
            "Gwefrwch eich dyfais nawr, nes ei bod yn llawn."
        )
    async with browsing(chromium, address, "/wearers/W1001/sheet") as page:
        await expect(page.locator("[lang=cy]")).to_have_count(0)


async def untold(night: World) -> None:
    """W1004 has a condition of which nobody has told them."""
    record = {"id": "NEW", "order": "OW1004", "kind": "curfew", "told_at": None, "name": "the new hours"}
    place = {"name": "4 Invented Row", "lon": -0.055, "lat": 51.546}
    await night.post(
        "conditions", record | {"place": place, "timetable": [{"day": "mon", "start": "20:00", "end": "06:00"}]}
    )


async def told_at(night: World, name: str) -> Any:
    return (await night.get(f"conditions/{name}"))["record"].get("told_at")


async def fill_moment(page: Page, day: str, time: str) -> None:
    fields = page.get_by_role("group", name="When they were told")
    for name, text in (("Day", day), ("Month", "11"), ("Year", "2026"), ("Time", time)):
        await fields.get_by_label(name).fill(text)


async def test_that_they_were_told_is_entered_by_keyboard_and_kept_with_how(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await untold(night)
    async with browsing(chromium, address, "/wearers/W1004/sheet") as page:
        boxes = page.get_by_role("checkbox", checked=True)
        await expect(boxes).to_have_count(1)
        await expect(page.get_by_role("checkbox", name="the new hours")).to_be_checked()
        await page.get_by_role("radio", name="Read to them").first.focus()
        await page.keyboard.press("Space")
        await fill_moment(page, "21", "18:05")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="It was entered")).to_be_visible()
        await expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    assert await told_at(night, "NEW") == "2026-11-21T18:05:00Z"
    assert await told_at(night, "CW1004") is None, "the others stay as they were"
    rows = night.ask("SELECT body FROM audit_bodies WHERE body ->> 'why' LIKE 'The wearer was told%'")
    assert [(body["who"], body["why"]) for (body,) in rows] == [("ola", "The wearer was told: read to them")]


async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await untold(night)
    async with browsing(chromium, address, "/wearers/W1004/sheet", expected=("422",)) as page:
        await page.get_by_role("checkbox", name="the new hours").uncheck()
        await fill_moment(page, "22", "09:00")
        await page.get_by_role("button", name="Enter when they were told").click()
        summary = page.get_by_role("alert").filter(has_text="There is a problem")
        await expect(summary).to_contain_text("Choose what they were told of")
        await expect(summary).to_contain_text("When they were told must be past")
        await expect(page.get_by_role("group", name="When they were told").get_by_label("Day")).to_have_value("22")
        await summary.get_by_role("link", name="Choose what").click()
        await expect(page.get_by_role("checkbox").first).to_be_focused()
    assert await told_at(night, "NEW") is None


async def test_who_was_faster_is_said_and_nothing_is_lost(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    await untold(night)
    async with browsing(chromium, address, "/wearers/W1004/sheet", expected=("422",)) as page:
        kept = await night.client.get("/api/v1/conditions/NEW", headers=asks("sam", "supervisor"))
        changed = kept.json()["record"] | {"name": "other hours"}
        headers = asks("sam", "supervisor") | {"If-Match": kept.headers["etag"]}
        assert (await night.client.put("/api/v1/conditions/NEW", json=changed, headers=headers)).status_code == 200
        await page.get_by_role("button", name="Enter when they were told").click()
        await expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_contain_text(
            "NEW was changed by sam since you opened this page. Nothing was entered."
        )
        await page.get_by_role("button", name="Enter when they were told").click()
        await expect(page.get_by_role("status").filter(has_text="It was entered")).to_be_visible()
    assert (await night.get("conditions/NEW"))["record"]["name"] == "other hours"


async def test_an_officer_reads_it_and_enters_nothing(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001/sheet", DEE) as page:
        await expect(page.get_by_role("heading", name="When they were told")).to_be_visible()
        await expect(page.get_by_role("checkbox")).to_have_count(0)


async def test_an_authorised_absence_is_on_it(chromium: playwright.Browser, address: str, night: World) -> None:
    start, end = format_instant(NIGHT + DAY_US), format_instant(NIGHT + DAY_US + HOUR_US)
    await night.post("absences", {"id": "A1", "condition": "CW1001", "from": start, "to": end})
    async with browsing(chromium, address, "/wearers/W1001/sheet") as page:
        await expect(page.locator(".bw-sheet__times")).to_contain_text(
            "From 22:30 until 23:30: this does not hold (authorised absence)"
        )


async def test_a_phone_shows_it_without_a_page_wider_than_itself(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001/sheet", viewport=PHONE) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
