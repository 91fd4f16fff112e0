"""The alert page says that somebody was told only where a message went; and lists say that there is more only where there is."""

from __future__ import annotations

from typing import Any

import pytest

from api.console.alert_told import named, outcome_of, step_of, why_not
from domain.vocabulary import Kind, Severity
from tests.api.access_world import versions_of
from tests.api.doors import asks
from tests.console.world import OLA, World

HTML = {"Accept": "text/html"}
OFFICER = {"action": "notify", "to": "officer", "by": ["email"], "text": "alert"}
WEARER = {"action": "notify", "to": "wearer", "by": ["call"], "text": "wearer_leave"}
SUPERVISOR = {"action": "escalate", "to": "supervisor", "by": ["sms", "call"], "text": "unclaimed"}
LATER = {**SUPERVISOR, "after_s": 600}
TASK = {"action": "task", "to": "officer", "by": [], "text": "ring_officer"}
STEPS = (OFFICER, WEARER, SUPERVISOR, LATER, TASK)


def told(step: dict[str, Any], channel: str, state: str = "sent", **more: Any) -> dict[str, Any]:
    place = STEPS.index(step)
    same = {"target": step["to"], "text": step["text"], "channel": channel, "state": state, "recipient": "somebody"}
    same |= {"step": place, "time": f"1:{place}:0"}
    return same | {"sends": True, "reason": "first", "detail": None, "stands_down": None} | more


def gone(step: dict[str, Any], channel: str, detail: str = "no_address", **more: Any) -> dict[str, Any]:
    return told(step, channel, "suppressed", sends=False, reason="recipient_gone", detail=detail, **more)


def came_to(step: dict[str, Any], *notifications: dict[str, Any]) -> tuple[str, str]:
    return outcome_of(STEPS.index(step), {"protocol": {"steps": STEPS}, "notifications": notifications, "tasks": []})


def test_whoever_could_not_be_told_is_not_told() -> None:
    assert came_to(OFFICER, gone(OFFICER, "console")) == ("failed", "no mail server is set")
    assert came_to(OFFICER, gone(OFFICER, "email")) == ("failed", "no number or address that can be used is entered")
    assert came_to(OFFICER, gone(OFFICER, "console", "nobody_on_duty"))[0] == "failed"
    assert came_to(OFFICER, told(OFFICER, "email", "failed")) == ("failed", "the message could not be sent")
    assert came_to(OFFICER) == ("failed", "no message to them is recorded")


def test_a_message_that_went_is_one_that_told() -> None:
    assert came_to(OFFICER, told(OFFICER, "email"), gone(OFFICER, "email")) == ("done", "")
    assert came_to(OFFICER, told(OFFICER, "email", "waiting")) == ("asked", "the message is not sent yet")


def test_a_call_is_what_operators_were_asked_to_make() -> None:
    assert came_to(WEARER, told(WEARER, "call")) == ("asked", "operators were asked to ring")
    shown, rung = told(SUPERVISOR, "console"), told(SUPERVISOR, "call")
    assert came_to(SUPERVISOR, shown, rung) == ("asked", "operators were asked to ring")
    assert came_to(SUPERVISOR, shown)[0] == "failed"


def test_a_step_that_repeats_tells_of_its_last_time() -> None:
    first = told(SUPERVISOR, "sms")
    second = told(SUPERVISOR, "sms", "failed", time="1:2:1")
    assert came_to(SUPERVISOR, first, second) == ("failed", "the message could not be sent")
    assert came_to(SUPERVISOR, second | {"time": "1:2:0"}, first | {"time": "1:2:1"}) == ("done", "")


def test_two_steps_that_tell_the_same_have_each_their_own_outcome() -> None:
    first, second = told(SUPERVISOR, "sms"), told(LATER, "sms", "failed")
    assert came_to(SUPERVISOR, first, second) == ("done", "")
    assert came_to(LATER, first, second)[0] == "failed"
    # Both due while nobody looked: one message, for both.
    assert came_to(LATER, first) == ("done", "")


def test_what_an_earlier_run_told_is_no_outcome_of_this_one() -> None:
    assert came_to(OFFICER, told(OFFICER, "email") | {"step": None}) == ("failed", "no message to them is recorded")


def test_a_task_is_done_when_somebody_has_done_it() -> None:
    def of(*done: str | None) -> tuple[str, str]:
        tasks = [{"step": STEPS.index(TASK), "recipient": None, "done": one} for one in done]
        return outcome_of(STEPS.index(TASK), {"protocol": {"steps": STEPS}, "notifications": [], "tasks": tasks})

    assert of("2026-11-22T02:00:00Z") == ("done", "")
    assert of(None)[0] == "asked"
    assert of("2026-11-22T02:00:00Z", None)[0] == "asked"


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        *(("pia", " (pia)"), ("force:north", " (north)"), ("system:0a1b", " (another system)"), ("officer", "")),
        *(("officer:0a1b", ""), ("wearer:W1", ""), ("adult:W1", ""), ("victim:V1", ""), ("nobody:officer", "")),
    ],
)
def test_a_recipient_is_named_where_the_words_do_not_say_it_all(recipient: str, shown: str) -> None:
    assert named(told(OFFICER, "email", recipient=recipient)) == shown


def test_a_mute_is_on_purpose_and_a_missing_mail_server_is_not() -> None:
    muted = told(OFFICER, "email", "suppressed", sends=False, reason="muted_by", detail="7")
    assert why_not(muted, step_of(muted, STEPS)) == (True, "a mute stands")
    unset = gone(OFFICER, "console")
    assert why_not(unset, step_of(unset, STEPS)) == (False, "no mail server is set")


@pytest.mark.real
@pytest.mark.slow
async def test_the_page_tells_nobody_as_told_by_a_call_that_nobody_made(night: World) -> None:
    number = await night.raised("W1004", Kind.EXCLUSION_ZONE, Severity.CRITICAL)
    page = (await night.client.get(f"/alerts/{number}", headers=OLA | HTML)).text
    assert "operators were asked to ring" in page
    assert "bw-steps__step--asked" in page
    assert "There is nobody to tell" not in page


@pytest.mark.real
@pytest.mark.slow
async def test_a_device_beside_its_fixes_was_heard(night: World) -> None:
    page = (await night.client.get("/alerts/1", headers=OLA | HTML)).text
    assert "never heard" not in page
    assert "last heard" in page


@pytest.mark.real
@pytest.mark.slow
async def test_lists_say_that_there_is_more_only_where_there_is(night: World) -> None:
    assert "there are more" not in (await night.client.get("/find?q=Alder", headers=OLA | HTML)).text
    for path in ("/wearers/W1001/chronology", "/map/table", "/zones"):
        page = (await night.client.get(path, headers=OLA | HTML)).text
        for words in ("More happened than fits", "more than are", "There are more"):
            assert words not in page, path


@pytest.mark.real
@pytest.mark.slow
async def test_who_has_few_places_is_led_to_the_next_devices(night: World) -> None:
    tags = [{"type": "device", "id": f"X{number:03}", "kind": "gps_tag"} for number in range(201)]
    await night.made.learn(*versions_of(*tags))
    page = (await night.client.get("/devices", headers=asks("dan", "device_manager") | HTML)).text
    assert "The next ones" in page
