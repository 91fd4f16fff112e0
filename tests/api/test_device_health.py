"""How complete a device's fixes are: what could be expected is what is not at rest, not before the fitting, and not on its way."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.device_health import Day, days_before, expected_fixes, health_body, spans_at_rest
from domain.instants import DAY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US, parse_instant
from store.reading_health import FittedRow, RestRow, StretchRow
from tests.api.doors import asks
from tests.api.working import working
from tests.store.made import NOON, fixes_of


def at(text: str) -> int:
    return parse_instant(text)


def test_a_day_is_as_long_as_the_clock_makes_it() -> None:
    autumn = days_before(at("2026-10-26T09:00:00Z"), 3)
    assert [(one.to_us - one.from_us) // HOUR_US for one in autumn] == [24, 25, 9]
    assert autumn[1] == Day(autumn[1].day, at("2026-10-24T23:00:00Z"), at("2026-10-26T00:00:00Z"))
    spring = days_before(at("2026-03-30T12:00:00Z"), 2)
    assert (spring[0].to_us - spring[0].from_us) // HOUR_US == 23
    assert [one.to_us for one in spring] == [spring[1].from_us, at("2026-03-30T12:00:00Z")]


def test_a_rest_goes_from_its_first_start_to_the_next_end() -> None:
    rests = [
        RestRow("F1", 10, True),
        RestRow("F2", 15, True),
        RestRow("F1", 20, True),
        RestRow("F1", 30, False),
        RestRow("F1", 40, False),
        RestRow("F1", 50, True),
    ]
    assert spans_at_rest(rests, "F1", 60) == [(10, 30), (50, 60)]
    assert spans_at_rest(rests, "F2", 60) == [(15, 60)]


def test_what_is_expected_leaves_out_rests_and_is_never_less_than_none() -> None:
    hour = (0, HOUR_US)
    assert expected_fixes(*hour, [], 60) == 60
    assert expected_fixes(*hour, [(10 * MINUTE_US, 40 * MINUTE_US), (50 * MINUTE_US, 2 * HOUR_US)], 60) == 20
    assert expected_fixes(*hour, [hour], 60) == 0
    assert expected_fixes(HOUR_US, 0, [], 60) == 0
    assert expected_fixes(*hour, [], 3600) == 1


def test_what_may_still_be_on_its_way_is_not_missed() -> None:
    now_us = at("2026-11-21T12:00:00Z")
    (today,) = days_before(now_us, 1)
    record = {"kind": "gps_tag", "interval_s": 60, "upload_s": 600}
    fitted = FittedRow("F1", "T1", record, now_us - HOUR_US, FAR_US, None, None, None)
    (shown,) = health_body("W1", now_us, [today], [fitted], [StretchRow("F1", 0, 49)], [])["devices"]
    assert [(day["expected"], day["received"]) for day in shown["days"]] == [(49, 49)], (
        "11 of 60 minutes are on their way"
    )


def test_a_device_that_sends_no_fixes_has_no_days() -> None:
    (today,) = days_before(NOON, 1)
    fitted = FittedRow("F1", "H1", {"kind": "home_unit"}, NOON - DAY_US, FAR_US, NOON, None, None)
    (shown,) = health_body("W1", NOON, [today], [fitted], [], [])["devices"]
    assert (shown["days"], shown["to"], shown["battery"]) == ([], None, None)


async def test_the_centre_and_the_officer_read_it_and_nobody_a_place_by_it(embedded_url: str) -> None:
    async with working(embedded_url, alerts=0) as world:
        device = world.made.roster.index["T1"]
        facts = fixes_of(device, range(1, 61), NOON - HOUR_US)
        facts["t_us"] = NOON - HOUR_US + np.arange(60) * 30 * SECOND_US
        facts["received_us"] = facts["t_us"] + SECOND_US
        await world.made.commit(facts=facts)
        answer = await world.get("wearers/W1/health?days=1")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        (shown,) = body["devices"]
        assert (shown["device"], shown["days"][-1]["received"]) == ("T1", 60)
        assert shown["battery"] is not None
        assert not {"lat", "lon", "51.25"} & set(answer.text.replace('"', " ").split())
        assert (await world.get("wearers/W9/health")).status_code == 404
        assert (await world.get("wearers/W1/health?days=32")).status_code == 422
        for role in ("police", "field", "device_manager", "auditor"):
            assert (await world.get("wearers/W1/health", asks("x", role))).status_code == 403
