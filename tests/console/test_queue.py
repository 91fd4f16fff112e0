"""The alert queue: what it shows, and each job of it by keyboard and by mouse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import playwright.async_api as playwright
from playwright.async_api import Locator, Page, expect

from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Kind, Severity
from tests.api.doors import asks
from tests.console.browsing import browsing
from tests.console.world import DEE, OLA, SAM, World

PIA = asks("pia")


@asynccontextmanager
async def queue_at(
    browser: playwright.Browser,
    address: str,
    query: str = "",
    who: dict[str, str] = OLA,
    lines: int | None = 8,
    expected: tuple[str, ...] = (),
) -> AsyncIterator[Page]:
    """The queue, once it is live; ``lines`` are those that it shows then."""
    async with browsing(browser, address, f"/alerts{query}", who, expected) as page:
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        if lines is not None:
            await expect(rows(page)).to_have_count(lines)
        yield page


def rows(page: Page) -> Locator:
    """The lines, in their order."""
    return page.locator(".bw-queue__lines [role=row]")


def line_of(page: Page, wearer: str) -> Locator:
    return page.locator(f'[data-key="wearer {wearer}"]')


async def to_line(page: Page, wearer: str) -> Locator:
    """The cursor on a wearer's line, by keyboard."""
    line = line_of(page, wearer)
    for _ in range(20):
        await page.keyboard.press("j")
        if await line.evaluate("one => one === document.activeElement"):
            return line
    raise AssertionError(f"the cursor never came to {wearer}")


async def number_of(night: World, wearer: str) -> str:
    (alert,) = (await night.get(f"alerts?wearer={wearer}"))["items"]
    return str(alert["id"])


async def test_one_line_a_wearer_the_worst_first_with_its_cause_and_count(
    chromium: playwright.Browser, address: str
) -> None:
    async with queue_at(chromium, address) as page:
        keys = await rows(page).evaluate_all("all => all.map(one => one.dataset.key)")
        assert keys == [f"wearer W100{n}" for n in (2, 1, 8, 5, 3, 6, 4, 7)]
        first = rows(page).first
        for words in ("Critical", "Strap tamper", "+1 more", "Bryn Okafor", "W1002", "22:24:00", "Active", "Nobody"):
            await expect(first).to_contain_text(words)
        await expect(line_of(page, "W1008")).to_contain_text("pia until 22:45")
        await expect(line_of(page, "W1004")).to_contain_text("Cleared")
        await expect(line_of(page, "W1003")).to_contain_text("Happened 18:17, learnt 22:18")
        await expect(page.locator("#queue-sum")).to_have_text("8 lines shown of 9 open alerts")
        await expect(page).to_have_title("(2 critical) Alerts – Bailiwick")


async def test_the_newest_first_and_the_address_keeps_what_is_filtered(
    chromium: playwright.Browser, address: str
) -> None:
    async with queue_at(chromium, address) as page:
        await page.get_by_label("First", exact=True).select_option("newest")
        await expect(rows(page).first).to_contain_text("Greta Thorn")
        await page.locator(".bw-filters__severities").get_by_label("Critical").check()
        await expect(rows(page)).to_have_count(3)
        await page.keyboard.press("Escape")
        await page.keyboard.press("/")
        await page.keyboard.type("penrose")
        await expect(rows(page)).to_have_count(1)
        await expect(page).to_have_url(f"{address}/alerts?severity=critical&text=penrose&sort=newest")
        await page.reload()
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page).first).to_contain_text("Hal Penrose")
        await page.get_by_role("button", name="Clear filters").click()
        await expect(rows(page)).to_have_count(8)


async def test_quick_views(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address) as page:
        views = page.get_by_role("navigation", name="Views")
        await expect(views).to_contain_text(re.compile(r"All open\s*8.*Active and unclaimed\s*6.*Mine\s*0", re.S))
        await page.keyboard.press("2")
        await expect(rows(page)).to_have_count(6)
        await expect(views.locator("[aria-current]")).to_contain_text("Active and unclaimed")
        await page.keyboard.press("3")
        await expect(page.locator(".bw-queue__none")).to_have_text("No alert is in this view.")
        await views.get_by_role("link", name="All open").click()
        await expect(rows(page)).to_have_count(8)


async def test_a_view_is_saved_shared_and_removed(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address, "?severity=critical&held=nobody&text=finch", who=SAM, lines=1) as page:
        await page.get_by_role("button", name="Save this view").click()
        await expect(page.get_by_role("dialog")).to_contain_text("What you typed into the text field is not kept")
        await page.keyboard.press("Enter")
        await expect(page.locator("#ask-wrong")).to_have_text("Give the view a name.")
        await page.keyboard.type("Bad and nobody's")
        await page.get_by_label("Share it with everybody").check()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("navigation", name="Views")).to_contain_text("Bad and nobody's 2")
    async with queue_at(chromium, address) as other:
        await other.get_by_role("link", name="Bad and nobody's (sam) 2").click()
        await expect(rows(other)).to_have_count(2)
        await expect(other).to_have_url(f"{address}/alerts?held=nobody&severity=critical")
        await expect(other.get_by_role("button", name="Remove")).to_have_count(0)
    async with queue_at(chromium, address, "?held=nobody&severity=critical", who=SAM, lines=2) as page:
        await page.get_by_role("button", name="Remove the view Bad and nobody's").click()
        await expect(page.get_by_role("link", name="Bad and nobody's")).to_have_count(0)
        assert (await page.evaluate("fetch('/api/v1/views').then(a => a.json())"))["items"] == []


async def test_claiming_takes_all_of_a_wearers_alerts_and_release_gives_them_back(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address) as page:
        line = await to_line(page, "W1002")
        await page.keyboard.press("c")
        await expect(line).to_contain_text("You until 22:45")
        await expect(page.locator("#bar")).to_contain_text("2 alerts claimed.")
        alerts = (await night.get("alerts?wearer=W1002"))["items"]
        assert [one["holder"] for one in alerts] == ["ola", "ola"]
        await page.keyboard.press("r")
        await expect(line).to_contain_text("Nobody")
        await line_of(page, "W1005").get_by_role("button", name="Claim").click()
        await expect(line_of(page, "W1005")).to_contain_text("You until 23:30")
        assert (await night.get("alerts?wearer=W1005"))["items"][0]["holder"] == "ola"


async def test_a_false_one_closes_in_five_key_presses_and_is_undone(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address, "?severity=information", lines=1) as page:
        for key in ("j", "f", "4", "Enter"):
            await page.keyboard.press(key)
        line = line_of(page, "W1007")
        await expect(line).to_contain_text("Closed: false")
        alert = await night.get(f"alerts/{await number_of(night, 'W1007')}")
        assert (alert["work"], alert["outcome"], alert["closed_by"]) == ("closed", "false", "ola")
        said = page.locator(".bw-said")
        await expect(said).to_contain_text("Closed as false: Perhaps passed through a zone, Greta Thorn (W1007).")
        await expect(line).to_be_focused()
        await page.keyboard.press("u")
        await expect(line).to_contain_text("Nobody")
        assert (await night.get(f"alerts/{alert['id']}"))["work"] == "raised"


async def test_a_critical_one_closes_only_from_its_page(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address) as page:
        await to_line(page, "W1001")
        await expect(page.locator(".bw-bar__deeds")).to_contain_text("Close on its page")
        await page.route("**/alerts/[0-9]*", lambda route: route.fulfill(body="its page", content_type="text/plain"))
        await page.keyboard.press("f")
        await expect(page).to_have_url(re.compile(r"/alerts/\d+#close$"))


async def test_the_same_by_mouse_alone(chromium: playwright.Browser, address: str, night: World) -> None:
    async with queue_at(chromium, address) as page:
        line = line_of(page, "W1006")
        await line.locator(".bw-line__raised").click()
        bar = page.locator(".bw-bar__deeds")
        await bar.get_by_role("button", name="Claim").click()
        await expect(line).to_contain_text("You until 23:30")
        await bar.get_by_role("button", name="Close").click()
        await page.get_by_role("dialog").get_by_label("Equipment").check()
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await expect(line).to_contain_text("Closed: equipment")
        await page.get_by_role("button", name="Undo").click()
        await expect(line).to_contain_text("Nobody")
        assert (await night.get(f"alerts/{await number_of(night, 'W1006')}"))["work"] == "raised"
        await line_of(page, "W1007").get_by_role("checkbox").check()
        await line_of(page, "W1005").get_by_role("checkbox").check()
        await expect(page.locator(".bw-bar__about")).to_have_text("2 lines selected, 2 alerts")
        await line_of(page, "W1005").get_by_role("link", name="Curfew not kept").click()
        await expect(page.locator("h1")).to_contain_text("Curfew not kept")


async def test_whoever_comes_back_from_an_alert_is_where_they_were(chromium: playwright.Browser, address: str) -> None:
    async with queue_at(chromium, address, "?sort=newest") as page:
        await to_line(page, "W1005")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/alerts/\d+$"))
        await page.get_by_role("link", name="Alerts", exact=True).first.click()
        await expect(line_of(page, "W1005")).to_be_focused()


async def test_many_at_once_with_one_note_and_what_is_critical_left_out(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address) as page:
        for wearer in ("W1001", "W1006", "W1007"):
            await to_line(page, wearer)
            await page.keyboard.press("x")
        await expect(page.locator(".bw-bar__about")).to_have_text("3 lines selected, 3 alerts")
        await page.keyboard.press("f")
        dialog = page.locator("dialog")
        await expect(dialog).to_contain_text("Close: 2 alerts")
        await expect(dialog).to_contain_text("1 critical alert left out: they close only from their own pages.")
        await page.keyboard.press("5")
        await page.get_by_label("Note").fill("The same test of the tags")
        await page.keyboard.press("Control+Enter")
        await expect(dialog).to_have_count(0)
        await expect(page.locator(".bw-said")).to_contain_text("Closed as duplicate: 2 alerts.")
        assert (
            night.ask("SELECT note, outcome FROM alert_events WHERE event = 'close'")
            == [("The same test of the tags", "duplicate")] * 2
        )
        assert (await night.get(f"alerts/{await number_of(night, 'W1001')}"))["work"] == "raised"
        await page.get_by_role("button", name="Undo").click()
        await expect(line_of(page, "W1006")).to_contain_text("Nobody")
        await expect(line_of(page, "W1007")).to_contain_text("Nobody")


async def test_a_contact_is_recorded_and_the_alert_claimed_with_it(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address) as page:
        line = await to_line(page, "W1005")
        await page.keyboard.press("a")
        await page.keyboard.press("1")
        await page.get_by_role("group", name="Did they answer?").get_by_label("Yes").check()
        await page.get_by_label("What was said").fill("On the way home, the bus was late")
        await page.get_by_role("button", name="Record", exact=True).click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(line).to_contain_text("You until")
        found = night.ask("SELECT party, channel, answered, said, by_name FROM contacts")
        assert found == [("wearer", "call", True, "On the way home, the bus was late", "ola")]
        assert (await night.get(f"alerts/{await number_of(night, 'W1005')}"))["work"] == "actioned"


async def test_escalating_tells_who_is_above_once(chromium: playwright.Browser, address: str, night: World) -> None:
    async with queue_at(chromium, address) as page:
        await to_line(page, "W1002")
        await page.keyboard.press("e")
        await page.get_by_label("Why").fill("Needs a second pair of eyes")
        await page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        found = night.ask("SELECT note, by_name FROM alert_events WHERE event = 'escalate'")
        assert found == [("Needs a second pair of eyes", "ola")]


async def test_while_somebody_reads_nothing_moves_and_what_is_new_waits(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address, "?severity=critical", lines=3) as page:
        line = await to_line(page, "W1008")
        await page.keyboard.press("x")
        before = await line.bounding_box()
        await night.raised("W1008", Kind.BATTERY_LOW, Severity.WARNING, condition=None, device="TW1008")
        for wearer in ("W1003", "W1004", "W1005"):
            await night.raised(wearer, Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device=f"T{wearer}")
        await night.post(f"alerts/{await number_of(night, 'W1001')}/close", {"outcome": "false", "note": "seen"}, PIA)
        waiting = page.locator(".bw-waiting__button")
        await expect(waiting).to_have_text("3 new, 3 critical, press n")
        await expect(line_of(page, "W1008")).to_contain_text("+1 more")
        await expect(line_of(page, "W1001")).to_contain_text("Closed: false")
        assert await line.bounding_box() == before
        await expect(line).to_be_focused()
        await expect(line).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("n")
        await expect(rows(page)).to_have_count(5)
        await expect(waiting).to_have_count(0)
        await expect(page.locator(".bw-line__new")).to_have_count(3)
        await expect(line).to_have_attribute("aria-selected", "true")


async def test_a_claim_that_somebody_else_made_first_is_said_in_words(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    number = await number_of(night, "W1001")

    async def faster(route: playwright.Route) -> None:
        await night.post(f"alerts/{number}/claim", who=PIA)
        await route.continue_()

    async with queue_at(chromium, address, expected=("status of 412",)) as page:
        await page.route(re.compile(f"/alerts/{number}/claim$"), faster, times=1)
        line = await to_line(page, "W1001")
        await page.keyboard.press("c")
        said = page.locator(".bw-said")
        await expect(said).to_contain_text(
            "Not claimed: In an exclusion zone, Alder Finch (W1001). pia claimed it at 22:30:00"
        )
        await expect(line).to_contain_text("pia until 22:45")
        await expect(line.get_by_role("button")).to_have_count(0)
    async with queue_at(chromium, address, who=SAM) as other:
        await line_of(other, "W1001").get_by_role("button", name="Take over").click()
        await expect(line_of(other, "W1001")).to_contain_text("You until")
        assert (await night.get(f"alerts/{number}"))["holder"] == "sam"


async def test_what_was_typed_is_not_lost_when_somebody_was_faster_nor_when_the_page_is_loaded_again(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    number = await number_of(night, "W1006")

    async def faster(route: playwright.Route) -> None:
        await night.post(f"alerts/{number}/claim", who=PIA)
        await route.continue_()

    async with queue_at(chromium, address, expected=("status of 412",)) as page:
        await page.route(re.compile(f"/alerts/{number}/close$"), faster, times=1)
        await to_line(page, "W1006")
        await page.keyboard.press("f")
        await page.keyboard.press("2")
        await page.get_by_label("What the wearer says").fill("Charging it now")
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await expect(page.locator("#ask-wrong")).to_contain_text("pia claimed it at")
        await expect(page.get_by_label("What the wearer says")).to_have_value("Charging it now")
        await night.post(f"alerts/{number}/release", who=PIA)
        await page.reload()
        await expect(page.get_by_label("What the wearer says")).to_have_value("Charging it now")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        alert = await night.get(f"alerts/{number}")
        assert (alert["outcome"], alert["closed_by"]) == ("explained", "ola")
        assert night.ask("SELECT explanation FROM alert_events WHERE event = 'close'") == [("Charging it now",)]


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async def lose(route: playwright.Route) -> None:
        await route.fetch()
        await route.abort()

    number = await number_of(night, "W1001")
    async with queue_at(chromium, address, expected=("ERR_FAILED",)) as page:
        await page.route(re.compile(f"/alerts/{number}/claim$"), lose, times=1)
        line = await to_line(page, "W1001")
        await page.keyboard.press("c")
        await expect(line).to_contain_text("You until")
        await expect(page.locator(".bw-said--bad")).to_have_count(0)
        found = night.ask(f"SELECT event, by_name FROM alert_events WHERE alert_no = {number}")
        assert found == [("claim", "ola")]


async def test_who_does_not_work_on_alerts_is_offered_nothing_to_press(
    chromium: playwright.Browser, address: str
) -> None:
    async with queue_at(chromium, address, who=DEE) as page:
        await page.keyboard.press("j")
        await expect(page.locator(".bw-line__button, .bw-bar__button")).to_have_count(0)
        await expect(page.locator(".bw-queue__lines input")).to_have_count(0)


async def test_a_new_alert_sounds_until_somebody_has_it_and_a_late_one_that_is_over_does_not(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address) as page:
        state = page.locator("#sound-state")
        await expect(state).to_have_text("Sound begins with your first key or click")
        await page.keyboard.press("j")
        await expect(state).to_have_text("Sound is on")
        over = night.clock() - HOUR_US
        await night.raised("W1007", Kind.ZONE_BUFFER, Severity.WARNING, late_us=2 * HOUR_US, to_us=over)
        await expect(line_of(page, "W1007")).to_contain_text("+1 more")
        await expect(state).to_have_attribute("data-played", "0")
        number = await night.raised("W1004", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1004")
        await expect(state).to_have_attribute("data-rings", "1")
        await night.post(f"alerts/{number}/claim", who=PIA)
        await expect(state).to_have_attribute("data-rings", "0")
        await page.get_by_role("button", name="Switch it off").click()
        played = await state.get_attribute("data-played")
        await night.raised("W1003", Kind.CASE_TAMPER, Severity.CRITICAL, condition=None, device="TW1003")
        await expect(line_of(page, "W1003")).to_contain_text("Case tamper")
        assert await state.get_attribute("data-played") == played
        await page.reload()
        await expect(state).to_have_text("Sound is off")


async def test_a_new_alert_outside_of_my_view_makes_no_sound(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address, "?severity=warning", lines=2) as page:
        await page.keyboard.press("j")
        await night.raised("W1004", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1004")
        await expect(page.locator("#queue-sum")).to_contain_text("of 10 open alerts")
        await expect(page.locator("#sound-state")).to_have_attribute("data-played", "0")
        await night.raised("W1005", Kind.BATTERY_LOW, Severity.WARNING, condition=None, device="TW1005")
        await expect(page.locator("#sound-state")).to_have_attribute("data-played", "1")
        await expect(page.locator("#sound-state")).to_have_attribute("data-rings", "0")


async def test_a_claim_and_what_the_protocol_does_next_count_down_by_the_clock_of_the_server(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address) as page:
        line = line_of(page, "W1007")
        await expect(line).to_contain_text(re.compile(r"Supervisor is told in (1:00|0:[45]\d)"), timeout=10_000)
        await (await to_line(page, "W1007")).press("c")
        await expect(line).to_contain_text("You until 23:30")
        await night.made.look(night.clock())
        await expect(line).not_to_contain_text("told in", timeout=15_000)
    night.clock.now_us += 14 * MINUTE_US + 20 * SECOND_US
    async with queue_at(chromium, address) as page:
        await expect(line_of(page, "W1008")).to_contain_text(re.compile(r"pia until 22:45\s*[234]\d s left"))


async def test_what_is_in_no_operators_view_sounds_for_the_supervisor(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    async with queue_at(chromium, address, "?severity=warning", SAM, lines=2) as page:
        unshown = page.locator("#banner-unshown")
        await expect(unshown).to_have_text("2 critical alerts in no operator's view: no operator has the queue open.")
        await expect(page.locator("#sound-state")).to_have_attribute("data-rings", "2")
        await night.get("views/in-use?shows=kind%3Dstrap_tamper")
        await page.get_by_label("State").select_option("active")
        await expect(unshown).to_have_text("1 critical alert in no operator's view.")
        await night.get("views/in-use?shows=held%3Dnobody")
        await page.get_by_label("State").select_option("")
        await expect(unshown).to_be_hidden()
    async with queue_at(chromium, address, "?severity=warning", lines=2) as page:
        await expect(page.locator("#banner-unshown")).to_have_count(0)


async def test_a_lost_stream_is_said_loudly_and_nothing_is_missed_when_it_is_back(
    chromium: playwright.Browser, address: str, night: World
) -> None:
    cut = re.compile("/api/v1/stream")
    context = await chromium.new_context(extra_http_headers=OLA)
    page = await context.new_page()
    await page.route(cut, lambda route: route.abort())
    await page.goto(f"{address}/alerts")
    await expect(rows(page)).to_have_count(8)
    await page.keyboard.press("j")
    banner = page.locator("#banner-stream")
    await expect(banner).to_contain_text("Not live since")
    await expect(banner).to_contain_text("New alerts may be missing from this page.")
    await expect(page.locator("#age")).not_to_have_attribute("data-live", "")
    night.clock.forward(300)
    await night.raised("W1007", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1007")
    await page.unroute(cut)
    await expect(banner).to_be_hidden(timeout=20_000)
    await expect(line_of(page, "W1007")).to_contain_text("Strap tamper")
    await expect(page.locator("#sound-state")).to_have_attribute("data-rings", "1")
    await context.close()


async def test_ten_thousand_alerts_stay_quick(chromium: playwright.Browser, address: str, night: World) -> None:
    async with queue_at(chromium, address) as page:
        items = (await night.get("alerts"))["items"]
        many = [
            items[0] | {"id": str(1_000_000 + n), "episode": f"many-{n}", "wearer": f"M{n}", "severity": "warning"}
            for n in range(10_000)
        ]

        async def lots(route: playwright.Route) -> None:
            start = int(re.search(r"from=(\d+)", route.request.url + "&from=0")[1])
            more = f"/api/v1/alerts?from={start + 1_000}" if start + 1_000 < len(many) else None
            await route.fulfill(json={"items": many[start : start + 1_000] + items, "next": more})

        await page.route(re.compile("/api/v1/alerts[?]"), lots)
        await page.reload()
        await expect(page.locator("#queue-sum")).to_have_text("10,008 lines shown of 10,009 open alerts")
        assert await rows(page).count() < 80
        took = await page.evaluate(
            """async () => {
                const began = performance.now();
                for (let n = 0; n < 20; n += 1) {
                    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
                    await new Promise(requestAnimationFrame);
                }
                return (performance.now() - began) / 20;
            }"""
        )
        assert took < 100, f"a step of the cursor took {took:.0f} ms"
        await page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
        await expect(rows(page).filter(has_text="M5").first).to_be_visible()
        await expect(page.locator(".bw-line--here")).to_have_count(1)
