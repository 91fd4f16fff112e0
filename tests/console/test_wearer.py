"""The wearer's page: what is in force, the week as it really is, violations and monitoring gaps apart, and no more than one's role sees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from api.console.wearer_figures import allowance_of, apart, completeness, decided
from api.console.wearer_words import days_words, must, timetable_words
from api.console.week import week
from domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from domain.vocabulary import Cause, Kind, Severity
from tests.api.doors import asks
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, NIGHT, SAM, World

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def row(day: str, start: str = "19:00", end: str = "07:00") -> dict[str, str]:
    return {"day": day, "start": start, "end": end}


# ---- words ----


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "at all times"),
        ([row(day) for day in (*WEEKDAYS, "sat", "sun")], "every day from 19:00 to 07:00 the next day"),
        ([row(day, "09:00", "17:00") for day in WEEKDAYS], "Monday to Friday from 09:00 to 17:00"),
        (
            [row("tue", "10:00:00", "12:30"), row("sun", "10:00:00", "12:30")],
            "on Tuesday and Sunday from 10:00 to 12:30",
        ),
        ([row("sat", "00:00", "24:00")], "on Saturday all day"),
        ([row("sat", "08:00", "08:00")], "on Saturday from 08:00 for 24 hours"),
        (
            [row("mon", "20:00", "24:00"), row("wed", "06:00", "07:00")],
            "on Monday from 20:00 to midnight, and on Wednesday from 06:00 to 07:00",
        ),
    ],
)
def test_a_timetable_in_words(rows: list[dict[str, str]] | None, said: str) -> None:
    assert timetable_words(rows) == said


def test_days_that_follow_each_other_are_told_together() -> None:
    assert days_words([0, 1, 2, 5]) == "on Monday to Wednesday and Saturday"
    assert days_words([6, 5]) == "on Saturday and Sunday"


def test_a_condition_about_a_protected_person_says_nothing_of_them() -> None:
    said = must({"kind": "proximity", "victim": "V1", "name": "Hidden Person", "alert_m": 500})
    assert said == "keep away from the person whom the order names, wherever they are"


# ---- the week ----


def told(condition: str, *spans: tuple[str, str, bool, list[str]]) -> dict[str, Any]:
    timeline = [{"from": start, "to": end, "enforced": on, "by": by} for start, end, on, by in spans]
    return {"condition": condition, "windows": [], "timeline": timeline}


def test_the_night_on_which_clocks_go_back_is_an_hour_longer() -> None:
    nights = told(
        "C1",
        ("2026-10-23T18:00:00Z", "2026-10-24T06:00:00Z", True, []),
        ("2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z", True, []),
    )
    shown = week(at("2026-10-23T12:00:00+01:00"), {"C1": "Curfew"}, [nights])
    assert [column.hours for column in shown.columns] == [24, 24, 25, 24, 24, 24, 24]
    assert [column.change for column in shown.columns if column.change] == ["clocks go back, 25 hours"]
    friday, saturday = shown.rows[0].bars
    assert (friday.times, friday.length) == (saturday.times, "12 h") == ("19–07", "12 h")
    assert saturday.length == "13 h"
    assert saturday.width / friday.width == pytest.approx(13 / 12, abs=0.01)
    sunday = shown.columns[2]
    assert sunday.width / shown.columns[0].width == pytest.approx(25 / 24, abs=0.001)
    assert [hour for _, hour in sunday.ticks] == ["06", "12", "18"]
    assert (sunday.ticks[0][0] - sunday.x) / sunday.width == pytest.approx(7 / 25, abs=0.001)


def test_the_day_on_which_clocks_go_forward_has_23_hours() -> None:
    shown = week(at("2026-03-28T12:00:00Z"), {}, [])
    assert [column.hours for column in shown.columns][:2] == [24, 23]
    assert shown.columns[-1].x + shown.columns[-1].width == pytest.approx(1000, abs=0.1)


def test_what_is_not_enforced_says_why_and_what_always_is_has_no_times() -> None:
    spans = (
        ("2026-11-21T00:00:00Z", "2026-11-22T10:00:00Z", False, ["absence", "suspension:S1"]),
        ("2026-11-22T10:00:00Z", "2026-11-28T00:00:00Z", True, []),
    )
    shown = week(at("2026-11-21T12:00:00Z"), {"C1": "Zone", "C2": "Tag"}, [told("C1", *spans), told("C2", spans[0])])
    off, on = shown.rows[0].bars
    assert off.why_not == "authorised absence and order suspended"
    assert "not enforced: authorised absence" in off.words
    assert on.enforced
    assert (off.times, on.times) == ("until Sun 10:00", "from Sun 10:00")
    middle = told("C", ("2026-11-22T20:00:00Z", "2026-11-24T06:30:00Z", True, []))
    assert week(at("2026-11-21T12:00:00Z"), {"C": "x"}, [middle]).rows[0].bars[0].times == "Sun 20:00–Tue 06:30"
    always = week(
        at("2026-11-21T12:00:00Z"), {"C": "x"}, [told("C", ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", True, []))]
    )
    assert (always.rows[0].bars[0].times, always.rows[0].bars[0].x, always.rows[0].bars[0].width) == ("always", 0, 1000)


# ---- figures ----


def violation(name: str, kind: str, cause: str = "wearer", **more: Any) -> dict[str, Any]:
    body = {"id": name, "kind": kind, "cause": cause, "from": "2026-11-20T19:00:00Z", "to": "2026-11-20T20:00:00Z"}
    return body | {"order": "O1", "minutes_certain": None, "retrospective": False, "untold": False} | more


def test_what_is_not_the_wearers_doing_is_no_violation() -> None:
    found = apart(
        [
            violation("W-1", "curfew"),
            violation("W-2", "communication_lost", "unknown"),
            violation("W-3", "battery_low", "equipment"),
            violation("W-4", "zone_transit"),
            violation("W-5", "strap_tamper", **{"from": "2026-11-21T19:00:00Z"}),
        ]
    )
    assert [one["id"] for one in found.violations] == ["W-5", "W-1"]
    assert [one["id"] for one in found.gaps] == ["W-2", "W-3"]
    assert [one["id"] for one in found.notices] == ["W-4"]


def test_the_allowance_counts_certain_minutes_but_those_taken_out_and_those_before_they_were_told() -> None:
    order = {"id": "O1", "atv_allowance_min": 120}
    rows = [
        violation("W-1", "curfew", minutes_certain=30.5),
        violation("W-2", "curfew", minutes_certain=40.0),
        violation("W-3", "curfew", minutes_certain=50.0, untold=True),
        violation("W-4", "curfew", minutes_certain=60.0, order="O2"),
        violation("W-5", "curfew", to=None),
    ]
    decisions = decided(
        [
            {"violation": "W-1", "decision": "disputed", "at": "2026-11-20T21:00:00Z"},
            {"violation": "W-1", "decision": "upheld", "at": "2026-11-20T22:00:00Z"},
            {"violation": "W-2", "decision": "reasonable_excuse", "at": "2026-11-20T22:00:00Z"},
        ]
    )
    found = allowance_of(order, rows, decisions)
    assert found is not None
    assert (found.minutes, found.allowance, found.running, found.percent) == (30.5, 120, 1, 25)
    assert allowance_of({"id": "O1"}, rows, decisions) is None


def test_completeness_is_of_what_was_expected_and_never_over_one() -> None:
    days = [{"expected": 100, "received": 50}, {"expected": 0, "received": 9}, {"expected": 100, "received": 300}]
    assert completeness({"days": days}) == 0.75
    assert completeness({"days": []}) is None


# ---- the page ----


async def test_everything_of_a_wearer_is_on_one_page(chromium: playwright.Browser, address: str, night: World) -> None:
    lost = {"condition": None, "device": "TW1001", "cause": Cause.UNKNOWN}
    await night.raised("W1001", Kind.COMMUNICATION_LOST, Severity.SERIOUS, 50 * MINUTE_US, **lost)
    await night.post(
        "absences",
        {
            "id": "A1",
            "condition": "CW1001",
            "from": format_instant(NIGHT + 22 * HOUR_US),
            "to": format_instant(NIGHT + 24 * HOUR_US),
            "reason": "a funeral",
            "granted_by": "Dee Farrow",
        },
    )
    async with browsing(chromium, address, "/wearers/W1001") as page:
        await expect(page.locator("h1")).to_have_text("Alder Finch")
        await expect(page.get_by_role("note", name="Staff safety")).to_contain_text("a large dog")
        content = page.locator("main")
        await expect(content).to_contain_text("Must be at 1 Invented Row every day from 19:00 to 07:00 the next day.")
        await expect(content).to_contain_text(
            "Absence granted from 22 Nov 2026, 20:30:00 to 22 Nov 2026, 22:30:00: a funeral"
        )
        await expect(content).not_to_contain_text("Hidden Person")
        gaps = page.get_by_role("region", name="Monitoring gaps")
        await expect(gaps).to_contain_text("Contact lost")
        await expect(gaps).to_contain_text("not known yet")
        violations = page.get_by_role("region", name="Violations")
        await expect(violations).to_contain_text("In an exclusion zone")
        await expect(violations).not_to_contain_text("Contact lost")
        device = page.locator("section.bw-device")
        await expect(device).to_contain_text("Location tag TW1001")
        await expect(device).to_contain_text("80 %")
        await expect(device.locator("td").last).to_have_text("98%")
        await page.locator("summary", has_text="The week as a table").press("Enter")
        cut = page.get_by_role("row").filter(has_text="no: authorised absence")
        await expect(cut).to_contain_text("2 h")


async def test_the_night_of_the_clock_change_is_told_on_the_page(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    night.clock.now_us = parse_instant("2026-10-23T12:00:00Z")
    async with browsing(chromium, address, "/wearers/W1001") as page:
        await expect(page.locator(".bw-week__key")).to_contain_text("Sun 25 Oct 2026: clocks go back, 25 hours")
        await page.locator("summary", has_text="The week as a table").press("Enter")
        longer = page.get_by_role("row").filter(has_text="Sat 24 Oct 2026, 19:00")
        await expect(longer).to_contain_text("Sun 25 Oct 2026, 07:00")
        await expect(longer).to_contain_text("13 h")


async def test_links_lead_on_by_keyboard(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1003") as page:
        await expect(page.locator("main")).to_contain_text("Welsh")
        alert = page.get_by_role("region", name="Violations").get_by_role("link", name="In an exclusion zone")
        await alert.focus()
        assert (await alert.get_attribute("href") or "").startswith("/alerts/")
        mute = page.get_by_role("link", name="Mute alerts")
        await expect(mute).to_have_attribute("href", "/wearers/W1003/mutes/new")


async def test_an_officer_sees_no_desk_and_the_police_no_order(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001", DEE) as page:
        await expect(page.locator("main")).to_contain_text("Must be at 1 Invented Row")
        for hidden in ("Mutes", "Contacts"):
            await expect(page.get_by_role("heading", name=hidden)).to_have_count(0)
        await expect(page.get_by_role("link", name="Grant an absence").first).to_be_visible()
        await expect(page.get_by_role("link", name="Change")).to_have_count(0)
    police = asks("pc-able", "police", "london") | {"Test-Organisation": "london-police"}
    async with browsing(chromium, address, "/wearers/W1001", police) as page:
        await expect(page.locator("h1")).to_have_text("Alder Finch")
        for hidden in ("Orders in force", "Violations", "Devices", "The coming week"):
            await expect(page.get_by_role("heading", name=hidden)).to_have_count(0)


async def test_nobody_there_is_said_so(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W9999", SAM, expected=("404",)) as page:
        await expect(page.locator("h1")).to_have_text("There is nothing here, or nothing that you may see")


async def test_a_phone_shows_it_without_a_page_wider_than_itself(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001", viewport=PHONE) as page:
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
