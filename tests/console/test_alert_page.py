"""The page of one alert: what it tells and to whom, and each job on it by keyboard alone and by mouse."""

from __future__ import annotations

import re

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from alerts.state import Raise
from domain.instants import HOUR_US
from domain.vocabulary import AlertCondition, Kind, Severity
from ingest.ticks import deaf_alert
from tests.api.doors import asks
from tests.console.browsing import PHONE, browsing
from tests.console.world import DEE, NIGHT, SAM, World
from tests.store.made import violation_of

pytestmark = [pytest.mark.real, pytest.mark.slow]

REFUSED = ("Failed to load resource",)
"""What a browser itself says of an answer that is no 200."""
LOUD = "Two people at every visit: a large dog"
NOTE = "The officer saw him on the High Street"
POLICE = asks("pol", "police", "london")


async def number_of(night: World, wearer: str, kind: str = "exclusion_zone") -> str:
    items = (await night.get(f"alerts?wearer={wearer}"))["items"]
    return str(next(one["id"] for one in items if one["kind"] == kind))


async def done(page: playwright.Page, words: str) -> None:
    """The page says so, and hears keys again."""
    await expect(page.locator("#done")).to_have_text(words)
    await page.wait_for_load_state("load")


async def state_of(night: World, number: str) -> tuple[str, str | None, str | None]:
    alert = await night.get(f"alerts/{number}")
    return alert["work"], alert["holder"], alert["outcome"]


async def pair(night: World) -> int:
    """A critical alert of a wearer and a protected person."""
    told = {"victim": "V1", "condition": "PW1001", "evidence": night.evidence("W1001")}
    return await night.raised("W1001", Kind.PROXIMITY_ALERT, Severity.CRITICAL, **told)


async def test_it_tells_who_what_and_by_which_points(chromium: playwright.Browser, night: World, address: str) -> None:
    path = f"/alerts/{await number_of(night, 'W1001')}"
    async with browsing(chromium, address, path) as page:
        text = await page.locator("main").inner_text()
        assert "Alder Finch has been inside the exclusion zone “the High Street” since 22:27 on Sat 21 Nov" in text
        assert "Two points, of 22:28 and 22:29, show it." in text
        assert "Part 4, Zones" in text
        assert "W1001-7, version 1" in text
        assert "probab" not in text.lower()
        assert await page.get_by_text("Position score").is_visible()
        relied = page.locator(".bw-points__relied tr")
        await expect(relied).to_have_count(3)
        await expect(relied.nth(1)).to_contain_text("TQ 31")
        await expect(relied.nth(1)).to_contain_text(" m")
        safety, place = page.get_by_text(LOUD), page.locator("#alert-map")
        above, below = await safety.bounding_box(), await place.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"]
        await expect(page.get_by_role("link", name="0700 900000")).to_have_attribute("href", "tel:0700900000")
        data = await page.locator("#alert-map-data").text_content()
        assert data is not None
        assert '"kind":"zone"' in data
        assert data.count('"relied":true') == 2


async def test_a_look_at_its_points_is_in_the_audit_with_its_purpose(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}"):
        pass
    found = await night.get("audit?subject=W1001&deed=positions.read", asks("aud", "auditor"))
    assert [(one["who"], one["why"]) for one in found["items"]] == [("ola", f"alert {number}")]


async def test_a_critical_one_is_claimed_closed_and_opened_again_by_keyboard_alone(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await page.keyboard.press("c")
        await done(page, "You have it.")
        assert await state_of(night, number) == ("claimed", "ola", None)
        await page.keyboard.press("f")
        await expect(page.locator("#note")).to_be_focused()
        await page.keyboard.type(NOTE)
        for key in ("Tab", "Tab", "Space", "ArrowDown", "ArrowUp", "Tab"):
            await page.keyboard.press(key)
        await expect(page.get_by_role("button", name="Close the alert")).to_be_focused()
        await page.keyboard.press("Enter")
        await done(page, "Closed.")
        assert await state_of(night, number) == ("closed", "ola", "confirmed")
        await expect(page.locator("#undo")).to_contain_text("another")
        await page.keyboard.press("u")
        await done(page, "Opened again.")
        assert await state_of(night, number) == ("raised", None, None)
        await expect(page.locator("#log-title ~ .bw-timeline")).to_contain_text(NOTE)


async def test_a_critical_one_needs_a_note_and_an_outcome_and_keeps_what_was_typed(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}", expected=REFUSED) as page:
        await page.fill("#explanation", "He says he was on the bus")
        await page.get_by_role("button", name="Close the alert").click()
        summary = page.locator(".govuk-error-summary")
        await expect(summary).to_contain_text("a critical alert closes with a note")
        await expect(summary).to_contain_text("Choose how it ended")
        await expect(page.locator("#explanation")).to_have_value("He says he was on the bus")
        await expect(page.locator(".bw-points__relied")).to_be_visible()
        await summary.get_by_role("link", name="Choose how it ended").click()
        await expect(page.locator("#outcome")).to_be_focused()
        await page.fill("#note", NOTE)
        await page.get_by_label("False").check()
        await page.get_by_role("button", name="Close the alert").click()
        await expect(page.locator("#hold")).to_contain_text("Closed as false")
    assert await state_of(night, number) == ("closed", None, "false")


async def test_it_is_undone_for_a_minute_and_no_longer(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    await night.post(f"alerts/{number}/close", {"outcome": "confirmed", "note": NOTE}, SAM)
    night.clock.forward(59)
    async with browsing(chromium, address, f"/alerts/{number}", expected=REFUSED) as page:
        await expect(page.get_by_role("button", name="Undo the closing")).to_be_visible()
        night.clock.forward(2)
        await expect(page.locator("#undo")).to_have_text("It can no longer be undone.")
        await page.reload()
        await expect(page.locator("#hold")).to_contain_text("by sam")
        await expect(page.locator("#undo")).to_have_count(0)


async def test_who_was_faster_is_told_and_what_was_typed_stays(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}", expected=REFUSED) as page:
        await page.fill("#note", NOTE)
        await night.post(f"alerts/{number}/claim", who=SAM)
        await page.get_by_role("button", name="Escalate").click()
        race = page.locator(".bw-race")
        await expect(race).to_contain_text("Somebody was faster: sam claimed it at 22:30:00")
        await expect(race).to_be_focused()
        await expect(page.locator("#note")).to_have_value(NOTE)
        await page.wait_for_load_state("load")
        await page.keyboard.press("n")
        await expect(page).to_have_url(f"{address}/alerts/{number}")
        await expect(page.locator("#note")).to_have_value(NOTE)
        await page.get_by_role("button", name="Escalate").click()
        await done(page, "Escalated.")
        await expect(page.locator("#note")).to_have_value("")
        await expect(page.locator("#hold")).to_contain_text("sam has it")


async def test_what_is_typed_survives_a_reload_and_others_changes_are_told(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await page.fill("#note", NOTE)
        await page.reload()
        await expect(page.locator("#note")).to_have_value(NOTE)
        await page.locator("h1").click()
        await night.post(f"alerts/{number}/claim", who=SAM)
        await expect(page.locator("#changed")).to_contain_text("This alert changed: sam has it.")
        await page.keyboard.press("n")
        await expect(page.locator("#hold")).to_contain_text("sam has it")
        await expect(page.locator("#note")).to_have_value(NOTE)


async def test_what_somebody_else_has_is_taken_over_by_a_supervisor_alone(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1008", "shielding")
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await expect(page.get_by_text("pia has it: they or a supervisor can act on it")).to_be_visible()
        await expect(page.get_by_role("button", name="Escalate")).to_be_visible()
        await expect(page.get_by_role("button", name="Close the alert")).to_have_count(0)
        await expect(page.get_by_role("button", name="Take it over")).to_have_count(0)
    async with browsing(chromium, address, f"/alerts/{number}", who=SAM) as page:
        await page.get_by_role("button", name="Take it over").click()
        await expect(page.locator("#hold")).to_contain_text("You have it")
        await page.fill("#note", "Rang twice")
        await page.get_by_role("button", name="Record, keep it open").click()
        await done(page, "Recorded.")
    assert (await state_of(night, number))[:2] == ("actioned", "sam")


async def test_a_contact_is_entered_by_keyboard_and_its_promise_comes_back(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}", expected=REFUSED) as page:
        await page.keyboard.press("k")
        await expect(page.locator("#contact-party")).to_be_focused()
        for _ in range(4):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Nobody")
        await page.get_by_role("button", name="Enter the contact").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Say whether they answered")
        # The page's script puts the focus there once it has loaded: a key pressed before would go elsewhere.
        await expect(page.locator(".govuk-error-summary")).to_be_focused()
        await page.locator("#contact-answered").focus()
        await page.keyboard.press("Space")
        await page.locator("#contact-promised").focus()
        await page.keyboard.type("to be home")
        await page.keyboard.press("Tab")
        await page.keyboard.type("22:45")
        await page.keyboard.press("Enter")
        await done(page, "The contact is in the log.")
        await expect(page.locator("#contacts")).to_contain_text("Rang the wearer (Nobody): answered")
        await expect(page.locator("#tasks")).to_contain_text("Promised: to be home, by 22:45:00")
        await page.get_by_role("button", name="Kept").click()
        await done(page, "The promise is marked as kept.")
        await expect(page.locator("#tasks")).not_to_contain_text("to be home")


async def test_who_rang_is_shown_on_the_alerts_of_the_next_day(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    rang = {"party": "wearer", "inbound": True, "wearer": "W1005", "said": "The bus is diverted"}
    night.clock.now_us -= 25 * HOUR_US
    await night.post("contacts", rang | {"said": "Much too early to matter"})
    night.clock.now_us += 24 * HOUR_US
    await night.post("contacts", rang)
    night.clock.now_us += HOUR_US
    async with browsing(chromium, address, f"/alerts/{await number_of(night, 'W1005', 'curfew')}") as page:
        contacts = page.locator("#contacts")
        await expect(contacts).to_contain_text("The wearer rang us")
        await expect(contacts).to_contain_text("The bus is diverted")
        await expect(contacts).not_to_contain_text("Much too early")


async def test_tasks_are_done_and_devices_asked(chromium: playwright.Browser, night: World, address: str) -> None:
    number = await number_of(night, "W1001")
    async with browsing(chromium, address, f"/alerts/{number}", expected=REFUSED) as page:
        await page.get_by_role("button", name="Ring officer").click()
        await done(page, "The task is done.")
        await expect(page.locator("#tasks")).not_to_contain_text("Ring officer")
        await page.keyboard.press("l")
        await done(page, "The device is being asked.")
        await expect(page.get_by_text("waiting to be sent", exact=True)).to_be_visible()
        night.ask("UPDATE device_commands SET state = 'ok', ended_at = now() RETURNING 1")
        await expect(page.get_by_text("the device did it", exact=True)).to_be_visible(timeout=15_000)
        await page.get_by_role("button", name="Send the message").click()
        await expect(page.locator(".govuk-error-summary")).to_contain_text("Enter the message")
        await page.fill("#message", "Ring the centre")
        await page.get_by_role("button", name="Send the message").click()
        await expect(page.get_by_text("“Ring the centre”")).to_be_visible()


async def test_a_protected_person_is_named_to_nobody_who_may_not_read_victims(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await pair(night)
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await expect(page.get_by_text("Hidden Person")).to_be_visible()
    for who in (DEE, POLICE):
        async with browsing(chromium, address, f"/alerts/{number}", who) as page:
            await expect(page.get_by_text("A protected person", exact=True)).to_be_visible()
            assert "Hidden Person" not in await page.content()
            assert "V1" not in await page.locator("main").inner_text()
            await expect(page.locator(".bw-points")).to_contain_text("TQ 31")


async def test_a_protected_place_is_shown_when_it_is_asked_for_and_that_is_in_the_audit(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await pair(night)
    auditor = asks("aud", "auditor")
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        await expect(page.locator("#place")).to_contain_text("Each look is written in the audit")
        assert (await night.get("audit?subject=V1&deed=protected_places.read", auditor))["items"] == []
        await page.get_by_role("button", name="Show it").click()
        await expect(page.locator("#place")).to_contain_text("No place of theirs is known.")
    (looked,) = (await night.get("audit?subject=V1&deed=protected_places.read", auditor))["items"]
    assert (looked["who"], looked["deed"], looked["why"]) == ("ola", "protected_places.read", f"alert {number}")
    async with browsing(chromium, address, f"/alerts/{number}", DEE) as page:
        await expect(page.locator("#place")).to_have_count(0)


async def test_an_officer_reads_and_does_nothing(chromium: playwright.Browser, night: World, address: str) -> None:
    async with browsing(chromium, address, f"/alerts/{await number_of(night, 'W1001')}", DEE) as page:
        await expect(page.get_by_role("heading", name="What happened")).to_be_visible()
        assert await page.locator("main form").count() == 0
        for id_ in ("#contacts", "#tasks", "#log-title", "#command-title"):
            await expect(page.locator(id_)).to_have_count(0)


async def test_it_works_without_scripts(chromium: playwright.Browser, night: World, address: str) -> None:
    number = await number_of(night, "W1002", "strap_tamper")
    async with browsing(chromium, address, f"/alerts/{number}", java_script_enabled=False) as page:
        await expect(page.get_by_text("1 other open alert of Bryn Okafor")).to_be_visible()
        await page.get_by_role("button", name="Claim").click()
        await expect(page.locator("#hold")).to_contain_text("You have it until 22:45:00")


async def test_a_late_one_says_when_it_happened_and_when_it_was_learnt(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    async with browsing(chromium, address, f"/alerts/{await number_of(night, 'W1003')}", viewport=PHONE) as page:
        happened = "It happened at 18:17 on Sat 21 Nov and was learnt at 22:18: its data came late."
        await expect(page.get_by_text(happened)).to_be_visible()
        await expect(page.locator(".bw-state", has_text="Late")).to_be_visible()


async def test_an_alert_of_the_service_and_one_of_a_victims_own_unit_have_pages_too(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    await night.made.commit(changes=[deaf_alert(NIGHT, NIGHT, AlertCondition.ACTIVE)])
    silent = violation_of("V1-1", wearer=None, victim="V1", kind=Kind.VICTIM_UNIT_SILENT, order=None, condition=None)
    await night.made.commit([silent])
    body = {"alert": "7", "rests_on": "warrant MC-1", "why": "withdrawn"}
    await night.made.work.raise_alerts([Raise("rests_on_withdrawn", "rests", "W1001", body=body)], NIGHT)
    for kind, words in (
        ("ingest_deaf", "No data comes in. It was raised at 22:30"),
        ("victim_unit_silent", "Victim's unit silent: A protected person"),
        ("rests_on_withdrawn", "warrant MC-1"),
    ):
        (number,) = [one["id"] for one in (await night.get("alerts"))["items"] if one["kind"] == kind]
        async with browsing(chromium, address, f"/alerts/{number}") as page:
            await expect(page.locator("main")).to_contain_text(words)
            await page.keyboard.press("c")
            await done(page, "You have it.")


async def test_there_is_no_such_alert(chromium: playwright.Browser, night: World, address: str) -> None:
    async with browsing(chromium, address, "/alerts/4711", expected=REFUSED) as page:
        await expect(page.locator("h1")).to_have_text("There is nothing here, or nothing that you may see")


async def test_the_unit_of_a_protected_person_is_named_on_no_page_of_others(night: World) -> None:
    lost = {"victim": "V1", "condition": "PW1001", "device": "U1", "evidence": ()}
    number = await night.raised("W1001", Kind.PROXIMITY_UNKNOWN, Severity.SERIOUS, **lost)
    for path in (f"/alerts/{number}", "/wearers/W1001", "/alerts", "/"):
        for who in (DEE, POLICE):
            page = await night.client.get(path, headers=who | {"Accept": "text/html"}, follow_redirects=True)
            assert page.status_code in (200, 403), (path, page.status_code)
            assert not re.search(r"\bU1\b", page.text), path
    page = await night.client.get(f"/alerts/{number}", headers=DEE | {"Accept": "text/html"})
    assert "Distance to a victim unknown" in page.text
