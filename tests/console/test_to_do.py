"""To do, on an alert's page: whom to ring on which number, not before when, and what is not needed any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import playwright.async_api as playwright
import pytest
from playwright.async_api import expect

from api.console.alert_found import Found
from api.console.alert_to_do import People, ToDo, to_do
from domain.instants import HOUR_US, format_instant
from tests.console.browsing import browsing
from tests.console.test_alert_page import done, number_of
from tests.console.world import World

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
MADE, LATER, MORNING = "2026-11-21T22:20:00.000000Z", "2026-11-21T22:35:00.000000Z", "2026-11-22T08:00:00.000000Z"
ALERT = {"id": "7", "severity": "critical", "kind": "exclusion_zone", "work": "raised"}
VICTIM = {
    "name": "Hidden Person",
    "contact": {
        "safe_channels": ["sms:+447000000001", "call:0700 900777"],
        "safe_hours": ["09:00-17:00"],
        "safe_words": "About the order",
    },
}


def task(target: str = "victim", recipient: str | None = "victim:V1", **more: Any) -> dict[str, Any]:
    same = {"id": "1", "target": target, "recipient": recipient, "text": "victim_sos", "made": MADE, "done": None}
    return same | {"not_before": None, "stands_down": False, "not_needed": [], "step": 0} | more


def of(*tasks: dict[str, Any], steps: tuple[dict[str, Any], ...] = (), **more: Any) -> list[ToDo]:
    history = {"tasks": list(tasks), "protocol": {"steps": list(steps)}}
    people = more.pop("people", People({"V1": VICTIM}, ()))
    return to_do(Found(dict(ALERT), None, history=history, **more), people, NOW)


def shift(
    person: str, role: str, phone: str | None, area: str = "north", priority: int = 1, **more: Any
) -> dict[str, Any]:
    span = {"from": "2026-11-21T20:00:00Z", "to": "2026-11-22T04:00:00Z"}
    return (
        {"person": person, "name": person.title(), "role": role, "phone": phone, "area": area, "priority": priority}
        | span
        | more
    )


def whom(one: dict[str, Any], **more: Any) -> tuple[str, str, str]:
    (found,) = of(one, **more)
    assert found.whom is not None
    return found.whom.words, found.whom.number, found.whom.lacking


def test_a_protected_person_is_rung_on_the_number_agreed_with_them_now() -> None:
    (one,) = of(task())
    assert one.whom is not None
    assert (one.title, one.whom.number) == ("Ring the protected person, Hidden Person", "0700 900777")
    assert (one.whom.hours, one.whom.safe_words) == ("09:00-17:00", "About the order")
    none = People({"V1": {"name": "Hidden Person", "contact": {"safe_channels": ["sms:+447000000001"]}}}, ())
    assert whom(task(), people=none)[1:] == ("", "no number that may be rung is in their record")


def test_who_may_not_read_protected_people_is_told_no_name_and_no_number() -> None:
    words, number, lacking = whom(task(), people=People({}, ()))
    assert (words, number) == ("a protected person", "")
    assert lacking


def test_of_one_under_18_the_adult_is_asked_for() -> None:
    assert "ask for their adult" in whom(task(), people=People({"V1": VICTIM | {"under_18": True}}, ()))[0]


def test_the_wearer_their_adult_and_the_officer_are_named_with_their_numbers() -> None:
    record = {
        "name": "Alder Finch",
        "phones": ["0700 900000", "0700 900009"],
        "responsible_adult": {"name": "Ash Finch", "phone": "0700 900001"},
    }
    about = {"wearer": {"record": record}, "order": {"officer": {"name": "Dee Farrow", "phone": "0700 900002"}}}
    assert whom(task("wearer", "wearer:W1"), **about) == ("the wearer, Alder Finch", "0700 900000", "")
    adult = task("responsible_adult", "adult:W1")
    assert whom(adult, **about) == ("the responsible adult, Ash Finch", "0700 900001", "")
    assert whom(task("officer", "officer:0a1b"), **about) == ("the responsible officer, Dee Farrow", "0700 900002", "")
    record["responsible_adult"] = "Ash Finch, 0700 900001"
    assert whom(adult, **about)[0] == "the responsible adult, Ash Finch, 0700 900001"


def test_who_is_on_the_rota_is_named_by_it_and_a_force_by_its_control_room() -> None:
    shifts = (
        shift("pia", "duty_manager", "0700 900003"),
        shift("room", "police", "0700 900004"),
        shift("gone", "police", "1", to=MADE),
    )
    people = People({}, shifts)
    assert whom(task("duty_manager", "pia"), people=people) == ("the duty manager, Pia", "0700 900003", "")
    assert whom(task("police", "force:north"), people=people) == ("the police of north", "0700 900004", "")
    assert "on the rota" in whom(task("police", "force:south"), people=people)[2]
    assert "999" in whom(task("police", "force:unknown"), people=people)[2]


def test_what_is_to_be_done_now_comes_first_then_what_waits_then_what_is_not_needed() -> None:
    gone = task(id="1", not_needed=["victim_answered"])
    found = of(gone, task(id="2", not_before=MORNING), task(id="3"), task(id="4", not_before=MADE))
    assert [(one.id, one.waits) for one in found] == [("3", False), ("4", False), ("2", True), ("1", False)]
    assert found[-1].why_not == "the protected person has answered"


def test_what_comes_unless_they_answer_is_told() -> None:
    police = {"to": "police", "by": ["call"], "stop": ["victim_answered"], "due": LATER}
    supervisor = {"to": "supervisor", "by": ["sms"], "stop": ["claimed"], "due": LATER}
    (one,) = of(task(), steps=(supervisor, police))
    assert one.otherwise == ("the police will be told by a call", LATER)
    assert of(task("police", "force:north"), steps=(police,))[0].otherwise is None
    assert of(task(), steps=({**police, "due": None},))[0].otherwise is None


def test_a_task_that_is_no_call_keeps_its_own_words() -> None:
    (one,) = of(task("officer", None, text="task_service"))
    assert one.whom is None
    assert one.title


def called(night: World, number: str, key: str, target: str, recipient: str, next_us: int | None = None) -> None:
    """A call that operators are asked to make, as dispatch writes it."""
    key = f"{number}:{key}:{recipient}:call"
    night.ask(
        "INSERT INTO notifications (id, alert_no, target, recipient, channel, address, text, language, urgency, reason, sends,"
        " rank, urgency_rank, trusted, made_at, state, next_at) SELECT %s, alert_no, %s, %s, 'call', '', text, language,"
        " 'serious', 'first', true, 0, 1, false, made_at, 'sent', COALESCE(%s, made_at) FROM notifications WHERE alert_no = %s"
        " ORDER BY notification_no LIMIT 1 RETURNING 1",
        *(key, target, recipient, None if next_us is None else format_instant(next_us), int(number)),
    )
    night.ask(
        "INSERT INTO tasks (alert_no, key, target, text, made_at) SELECT alert_no, id, target, 'victim_sos', made_at"
        " FROM notifications WHERE id = %s RETURNING 1",
        key,
    )


@pytest.mark.real
@pytest.mark.slow
async def test_a_call_that_waits_for_safe_hours_says_so_and_one_that_is_not_needed_too(
    chromium: playwright.Browser, night: World, address: str
) -> None:
    number = await number_of(night, "W1001")
    later_us = night.clock() + 9 * HOUR_US
    called(night, number, "1:2:0", "victim", "victim:V1", later_us)
    called(night, number, "1:3.1:0", "supervisor", "pia")
    *_, call, senior = [one for one in (await night.get(f"alerts/{number}/history"))["tasks"] if one["recipient"]]
    assert (call["not_before"], call["step"], call["not_needed"]) == (format_instant(later_us), 2, [])
    assert (senior["not_before"], senior["step"], senior["not_needed"]) == (None, 3, [])
    assert call in (await night.get("tasks"))["items"]
    async with browsing(chromium, address, f"/alerts/{number}") as page:
        waits = page.locator("#tasks .bw-tasks__waits")
        await expect(waits).to_contain_text("Not before 22 Nov 2026, 07:30:00")
        await expect(waits).to_contain_text("Ring the protected person, Hidden Person")
        await expect(waits).to_contain_text("no number that may be rung is in their record")
        await expect(page.locator("#tasks")).to_contain_text("Ring the supervisor, pia")
        await page.keyboard.press("c")
        await done(page, "You have it.")
        gone = page.locator("#tasks .bw-tasks__gone")
        await expect(gone).to_contain_text("Not needed any more: it was claimed. Ring the supervisor, pia")
        async with page.expect_response(lambda answer: answer.url.endswith("/history")):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        called(night, number, "1:1:0", "police", "force:unknown")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#changed")).to_contain_text("What is to be done about it has changed.")
        await page.keyboard.press("n")
        await expect(page.locator("#tasks")).to_contain_text("Ring the police: no force is known: ring 999")
