"""Absences, suspensions, mutes and conditions: seen as instants first, saved as they were seen, by keyboard and by mouse."""

from __future__ import annotations

import re

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.vocabulary import Role
from tests.console.browsing import browsing
from tests.console.sessions import real_door, sign_in
from tests.console.test_handover import tab_to
from tests.console.world import DEE, OLA, SAM, World


async def typed(page: playwright.Page, *texts: str) -> None:
    """Types into the field that has the focus and those after it, by Tab alone."""
    for text in texts:
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")


async def moment(page: playwright.Page, name: str, text: str) -> None:
    """Fills a day and a time."""
    for part, value in zip(("day", "month", "year", "time"), text.split(), strict=True):
        await page.locator(f"#{name}-{part}").fill(value)


async def test_a_mute_is_seen_and_then_saved_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wearers/W1004/mutes/new") as page:
        await page.locator("#to-day").focus()
        await typed(page, "22", "11", "2026", "06:15", "The field officer swaps the battery")
        await expect(page.get_by_role("button", name="Look at what would be quiet")).to_be_focused()
        await expect(page.get_by_role("button", name="Mute as shown")).to_have_count(0)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("22:30 to 24:00 (1 h 30 min): muted")).to_be_visible()
        await expect(page.get_by_text("00:00 to 06:15 (6 h 15 min): muted")).to_be_visible()
        assert await night.get("mutes") == {"items": [], "next": None}
        await page.get_by_role("button", name="Look at what would be quiet").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/wearers/W1004/mutes")
        await expect(page.get_by_text("The field officer swaps the battery")).to_be_visible()
        [mute] = (await night.get("mutes"))["items"]
        assert (mute["wearer"], mute["to"], mute["by"]) == ("W1004", "2026-11-22T06:15:00Z", "ola")
        await page.get_by_role("button", name="End now").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("No mute stands")).to_be_visible()


async def test_who_may_not_mute_is_told_who_may(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/wearers/W1001/mutes/new") as page:
        await page.get_by_label("Why").fill("quiet")
        await page.get_by_role("button", name="Look at what would be quiet").click()
        await expect(page.get_by_text("only a supervisor or duty manager may mute. Ask one of them.")).to_be_visible()
        await expect(page.get_by_role("button", name="Mute as shown")).to_have_count(0)


async def test_a_mute_that_is_too_long_is_told_at_its_end(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    expected = ("422",)
    async with browsing(chromium, address, "/wearers/W1004/mutes/new", expected=expected) as page:
        await moment(page, "to", "24 11 2026 12:00")
        await page.get_by_role("button", name="Look at what would be quiet").click()
        summary = page.get_by_role("alert").get_by_role("link")
        await expect(summary).to_contain_text("at most 24 hours")
        await expect(summary).to_have_attribute("href", "#to-day")
        await expect(page.locator("#to-time")).to_have_value("12:00")
        assert (await night.get("mutes"))["items"] == []


async def test_an_officer_authorises_an_absence_by_mouse_and_ends_it(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/conditions/CW1004/absences/new", DEE) as page:
        await moment(page, "to", "23 11 2026 06:00")
        await page.get_by_label("Why").fill("Funeral")
        await page.get_by_label("Who authorised it").fill("Dee Farrow, responsible officer")
        await page.get_by_role("button", name="Look at what it covers").click()
        await expect(page.get_by_text("00:00 to 06:00 (6 h): not enforced: authorised absence")).to_be_visible()
        await expect(page.get_by_text("06:00 to 07:00 (1 h)")).to_be_visible()
        await page.get_by_role("button", name="Save the absence").click()
        await expect(page).to_have_url(f"{address}/conditions/CW1004/absences")
        [absence] = (await night.get("absences"))["items"]
        assert absence["record"]["granted_by"] == "Dee Farrow, responsible officer"
        assert (absence["record"]["from"], absence["record"]["to"]) == ("2026-11-21T22:30:00Z", "2026-11-23T06:00:00Z")
        night.clock.forward(3600)
        await page.get_by_role("button", name="End now").click()
        await expect(page.get_by_text("No absence stands")).to_be_visible()
        [absence] = (await night.get("absences"))["items"]
        assert absence["record"]["to"] == "2026-11-21T23:30:00Z"


async def test_what_was_changed_after_the_look_is_looked_at_again_by_keyboard(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/conditions/CW1004/absences/new", DEE, expected=("422",)) as page:
        await page.locator("#to-day").focus()
        await typed(page, "23", "11", "2026", "06:00")
        await tab_to(page, "#reason")
        await typed(page, "Work", "Dee Farrow")
        await expect(page.get_by_role("button", name="Look at what it covers")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Save the absence")).to_be_visible()
        await page.locator("#to-day").focus()
        await typed(page, "24")
        await tab_to(page, "button[value=save]")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("You changed something after you looked")
        assert (await night.get("absences"))["items"] == []
        await page.get_by_role("button", name="Save the absence").click()
        await expect(page).to_have_url(f"{address}/conditions/CW1004/absences")
        [absence] = (await night.get("absences"))["items"]
        assert absence["record"]["to"] == "2026-11-24T06:00:00Z"


async def test_failure_18_a_suspension_that_repeats_is_seen_as_each_stretch(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/orders/OW1004/suspensions/new", SAM) as page:
        await page.get_by_label("only at the times below").check()
        await page.get_by_label("Day, row 1").select_option("Saturday")
        await page.get_by_label("Start, row 1").fill("9")
        await page.get_by_label("End, row 1").fill("17.30")
        await page.get_by_role("button", name=re.compile("To every day.*row 1")).click()
        await expect(page.get_by_label("Start, row 7")).to_have_value("9")
        await page.get_by_role("button", name=re.compile("Remove.*row 7")).click()
        await page.get_by_label("Why").fill("Intermittent custody")
        await page.get_by_label("Who ordered it").fill("Recorder Finch")
        await page.get_by_role("button", name="Look at what it covers").click()
        await expect(page.get_by_text("09:00 to 17:30 (8 h 30 min): order suspended").first).to_be_visible()
        await expect(page.get_by_role("row", name=re.compile("Sun 22 Nov 2026"))).to_contain_text("all day (24 h)")
        await page.get_by_role("button", name="Suspend as shown").click()
        await expect(page).to_have_url(f"{address}/orders/OW1004/suspensions")
        [suspension] = (await night.get("suspensions"))["items"]
        assert [row["day"] for row in suspension["record"]["timetable"]] == ["mon", "tue", "wed", "thu", "fri", "sat"]
        await page.get_by_role("button", name="End now").or_(page.get_by_role("button", name="Take out")).click()
        await expect(page.get_by_text("The order is not suspended.")).to_be_visible()


async def test_failure_12_the_nights_of_clock_changes_are_seen_before_a_curfew_is_saved(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    told = await night.client.get("/api/v1/orders/OW1004", headers=OLA)
    longer = told.json()["record"] | {"to": "2027-12-01T00:00:00Z"}
    headers = OLA | {"If-Match": told.headers["ETag"]}
    assert (await night.client.put("/api/v1/orders/OW1004", json=longer, headers=headers)).status_code == 200
    async with browsing(chromium, address, "/conditions/CW1004/edit") as page:
        for row in range(1, 8):
            await page.get_by_label(f"Start, row {row}").fill("00:30")
            await page.get_by_label(f"End, row {row}").fill("01:30")
        await page.get_by_label("not yet").check()
        await page.get_by_role("button", name="Look at what it covers").click()
        spring = page.get_by_role("row", name=re.compile("Sun 28 Mar 2027"))
        await expect(spring).to_contain_text("23 hours: clocks go forward")
        await expect(spring).to_contain_text("(30 min)")
        autumn = page.get_by_role("row", name=re.compile("Sun 31 Oct 2027"))
        await expect(autumn).to_contain_text("25 hours: clocks go back")
        await expect(autumn).to_contain_text("00:30 to 01:30 (2 h)")
        await page.get_by_role("button", name="Save as shown").click()
        await expect(page).to_have_url(f"{address}/wearers/W1004")
    kept = await night.get("conditions/CW1004")
    assert (kept["record"]["timetable"][0]["start"], kept["record"]["told_at"]) == ("00:30", None)
    assert kept["by"] == "ola"
    async with browsing(chromium, address, "/conditions/CW1004/versions") as page:
        await expect(page.get_by_role("row")).to_have_count(3)
        await expect(page.get_by_role("cell", name="ola")).to_be_visible()


async def test_a_condition_that_somebody_changed_meanwhile_is_not_overwritten(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/conditions/CW1004/edit", expected=("422",)) as page:
        told = await night.client.get("/api/v1/conditions/CW1004", headers=SAM)
        headers = SAM | {"If-Match": told.headers["ETag"]}
        changed = told.json()["record"] | {"grace_s": 600}
        assert (await night.client.put("/api/v1/conditions/CW1004", json=changed, headers=headers)).status_code == 200
        await page.get_by_label("Time allowed before it counts").fill("15")
        await page.get_by_label("yes, when they were told of the order").check()
        await page.get_by_role("button", name="Look at what it covers").click()
        await page.get_by_role("button", name="Save as shown").click()
        await expect(page.get_by_role("alert")).to_contain_text("sam changed this condition meanwhile")
        await expect(page.get_by_label("Time allowed before it counts")).to_have_value("15")
    assert (await night.get("conditions/CW1004"))["record"]["grace_s"] == 600


async def test_a_timetable_that_is_wrong_is_told_at_its_row(chromium: playwright.Browser, address: str) -> None:
    async with browsing(chromium, address, "/conditions/CW1004/edit", expected=("422",)) as page:
        await page.get_by_label("Start, row 2").fill("25:00")
        await page.get_by_label("not yet").check()
        await page.get_by_role("button", name="Look at what it covers").click()
        link = page.get_by_role("alert").get_by_role("link")
        await expect(link).to_have_attribute("href", "#row-1-start")
        await link.click()
        await expect(page.get_by_label("Start, row 2")).to_be_focused()
        await expect(page.get_by_label("Start, row 2")).to_have_value("25:00")


async def test_a_new_condition_is_made_by_keyboard(chromium: playwright.Browser, address: str, night: World) -> None:
    async with browsing(chromium, address, "/orders/OW1004/conditions/new") as page:
        await page.get_by_label("Attendance").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Go on").focus()
        await page.keyboard.press("Enter")
        await page.locator("#name").focus()
        await typed(page, "Unpaid work", "9 Invented Yard", "51.5000, -0.1000", "80")
        await page.locator("#row-0-day").focus()
        await page.keyboard.type("Tue")
        await page.keyboard.press("Tab")
        await typed(page, "0900", "16:00")
        await page.locator("#told-3").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Look at what it covers").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("09:00 to 16:00 (7 h)").first).to_be_visible()
        await page.get_by_role("button", name="Save as shown").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Attendance: Unpaid work")).to_be_visible()
        await expect(page.get_by_text("Holds on Tuesday from 09:00 to 16:00.")).to_be_visible()
    found = [one["record"] for one in (await night.get("conditions?order=OW1004"))["items"]]
    [made] = [one for one in found if one["kind"] == "attendance"]
    assert made["place"]["lat"] == 51.5
    assert made["timetable"] == [{"day": "tue", "start": "09:00", "end": "16:00"}]


async def test_a_condition_about_a_protected_person_is_made_by_mouse_and_no_officer_sees_who_it_is(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with browsing(chromium, address, "/wearers/W1004", expected=("422",)) as page:
        await page.get_by_role("link", name="Add a condition").click()
        await page.get_by_label("Keep away from a person").click()
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_label("Protected person").fill("V9")
        await page.get_by_label("Alert within", exact=True).fill("300")
        await page.get_by_label("not yet").click()
        await page.get_by_role("button", name="Look at what it covers").click()
        await expect(page.get_by_role("alert").get_by_role("link")).to_have_attribute("href", "#victim")
        await page.get_by_label("Protected person").fill("V1")
        await page.get_by_role("button", name="Look at what it covers").click()
        told = "keep away from Hidden Person (V1): an alert within 300 m, a pre-alert within 600 m"
        await expect(page.get_by_text(told)).to_be_visible()
        await page.get_by_role("button", name="Save as shown").click()
        await expect(page.get_by_role("heading", name="Keep away from a person")).to_be_visible()
        made = page.url.removesuffix("/edit").rpartition("/")[2]
    record = (await night.get(f"conditions/{made}"))["record"]
    kept = (record["victim"], record["alert_m"], record["prealert_m"], record["threshold_points"])
    assert kept == ("V1", 300, 600, 0)
    for path in ("edit", "versions"):
        answer = await night.client.get(f"/conditions/{made}/{path}", headers=DEE)
        assert answer.status_code == (403 if path == "edit" else 200)
        assert not {"V1", "Hidden"} & set(re.findall(r"\w+", answer.text))


async def test_conditions_without_a_place_are_made_and_varied(night: World) -> None:
    for kind, typed_in, changed in (
        ("association", {"other_wearer": "W1002"}, {"other_wearer": "W1003"}),
        ("alcohol", {}, {"limit": "0.25"}),
        ("presence_check", {}, {"row-0-day": "sat", "row-0-start": "20", "row-0-end": "22"}),
    ):
        form = {"kind": kind, "key": f"key-{kind}", "told": "not_yet", "name": "", **typed_in}
        made = await _saved(night, "/orders/OW1004/conditions/new", form)
        assert made == f"/conditions/C-key-{kind}/edit"
        told = await night.client.get(f"/api/v1/conditions/C-key-{kind}", headers=OLA)
        form |= changed | {"etag": told.headers["ETag"], "key": f"again-{kind}"}
        assert await _saved(night, made, form) == "/wearers/W1004"
    kept = {one["record"]["kind"]: one["record"] for one in (await night.get("conditions?order=OW1004"))["items"]}
    assert kept["association"]["other_wearer"] == "W1003"
    assert kept["alcohol"]["tac_limit_permille"] == 0.25
    assert kept["presence_check"]["timetable"] == [{"day": "sat", "start": "20:00", "end": "22:00"}]


async def _saved(night: World, path: str, form: dict[str, str]) -> str:
    """Looks at a condition and saves it as shown; where that leads."""
    looked = await night.client.post(path, data=form | {"do": "look"}, headers=OLA)
    assert looked.status_code == 200, looked.text
    found = re.search(r'name="looked" value="(\w+)"', looked.text)
    assert found is not None
    saved = await night.client.post(path, data=form | {"do": "save", "looked": found[1]}, headers=OLA)
    assert saved.status_code == 303, saved.text
    return str(saved.headers["location"])


async def test_what_was_typed_is_there_again_after_a_reload_and_suspends_by_keyboard(
    chromium: playwright.Browser, address: str
) -> None:
    async with browsing(chromium, address, "/orders/OW1004/suspensions/new", SAM) as page:
        await tab_to(page, "#reason")
        await page.keyboard.type("Hospital")
        await page.reload()
        await expect(page.get_by_label("Why")).to_have_value("Hospital")
        await tab_to(page, "#by")
        await typed(page, "Dr Finch")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("22:30 to 24:00 (1 h 30 min): order suspended")).to_be_visible()
        await tab_to(page, "button[value=save]")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/orders/OW1004/suspensions")
        await expect(page.get_by_text("Dr Finch")).to_be_visible()


async def test_a_real_session_takes_the_forms_and_none_without_its_token(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    """With a password and a cookie in place of a header: a form bears the session's token, and without it nothing is changed."""
    await real_door(night, rae=Role.OPERATOR)
    async with browsing(chromium, address, "/wearers/W1004/mutes/new", {}, expected=("422",)) as page:
        await sign_in(page, "rae")
        await page.get_by_label("Why").fill("The battery is swapped")
        token = await page.locator("form[data-draft] input[name=csrf]").input_value()
        await page.evaluate("document.querySelector('form[data-draft] input[name=csrf]').value = 'another'")
        await page.get_by_role("button", name="Look at what would be quiet").click()
        await expect(page.get_by_role("button", name="Mute as shown")).to_have_count(0)
        await page.goto(f"{address}/wearers/W1004/mutes/new")
        assert await page.locator("form[data-draft] input[name=csrf]").input_value() == token
        await page.get_by_role("button", name="Look at what would be quiet").click()
        await page.get_by_role("button", name="Mute as shown").click()
        await expect(page.get_by_text("The battery is swapped")).to_be_visible()
        await page.goto(f"{address}/zones/new")
        await page.locator("#points").fill("51.48, -0.02\n51.49, -0.02\n51.49, -0.01")
        await expect(page.locator("#zone-size")).to_contain_text("from west to east")
    assert night.ask("SELECT by_name FROM mutes") == [("rae",)]
