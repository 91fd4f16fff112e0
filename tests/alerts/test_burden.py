"""The load table: its page is its result, and what it counts is what policy and rising do."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from alerts.rising import never
from alerts.shipped import shipped_protocols
from bench.burden import (
    LOSSES_A_DAY,
    SCENARIOS,
    START,
    Person,
    Scenario,
    last_fix,
    losses_of,
    people,
    tally_of,
    versions_of,
)
from bench.burden_alerts import Handled, handle
from bench.burden_page import BEARABLE, PAGE, page
from bench.results import RESULTS
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertWork, Level, Severity

RESULT = json.loads((RESULTS / "burden.json").read_text())
NOON = START + 12 * HOUR_US


@pytest.fixture(scope="module")
def person() -> Person:
    return next(one for one in people(40, 1) if one.located)


def handled(person: Person, minutes: float, *, needed: bool, level: Level = Level.STANDARD) -> Handled:
    """One loss at noon that lasts so long in all."""
    versions = versions_of(person, [(NOON, NOON + round(minutes * MINUTE_US))])

    def always(at_us: int) -> bool:
        return True

    asks = always if needed else never
    (found,) = handle(versions, level, lambda name: asks, shipped_protocols(), START + 2 * DAY_US, under_18=False)
    return found


@pytest.mark.parametrize(
    ("minutes", "needed", "shown"),
    [
        (6.9, True, []),  # over while it is held: 300 s until it is noticed, and 120 s
        (7.1, True, [(7, "serious")]),
        (59, False, []),
        (61, False, [(60, "warning")]),
        (241, False, [(60, "warning")]),  # it rises, but somebody has it
    ],
)
def test_what_operators_are_shown_of_one_loss(
    person: Person, minutes: float, needed: bool, shown: list[tuple[int, str]]
) -> None:
    found = handled(person, minutes, needed=needed)
    told = [
        (round((one.at_us - NOON) / MINUTE_US), one.severity.value)
        for one in found.shown
        if one.severity is not Severity.INFORMATION
    ]
    assert told == shown
    assert found.job.work is AlertWork.CLOSED


def test_what_somebody_has_is_not_shown_again_however_it_rises(person: Person) -> None:
    found = handled(person, 300, needed=True, level=Level.INTENSIVE)
    assert [((one.at_us - NOON) / MINUTE_US, one.severity, one.again) for one in found.shown] == [
        (7.0, Severity.SERIOUS, False)
    ]
    assert found.severity is Severity.CRITICAL


def test_losses_come_as_often_as_was_measured_and_lie_apart(person: Person) -> None:
    assert round(LOSSES_A_DAY, 2) == 2.05
    for scenario in SCENARIOS[::4]:
        days = [losses_of(person, scenario, seed) for seed in range(400)]
        counted = sum(START <= from_us < START + DAY_US for day in days for from_us, _ in day)
        assert 0.88 * LOSSES_A_DAY < counted / 400 < 1.12 * LOSSES_A_DAY
        assert all(day[k][1] <= day[k + 1][0] for day in days for k in range(len(day) - 1))
        assert all(to_us - from_us > 300 * SECOND_US for day in days for from_us, to_us in day)


def test_a_place_by_night_is_the_home_and_by_day_within_reach(person: Person) -> None:
    night = last_fix(person, Random(1), START + 23 * HOUR_US)
    assert night is not None
    assert (night.lon, night.lat) == person.home
    assert last_fix(person, Random(1), NOON) != night


@pytest.mark.slow
def test_the_tally_of_a_small_caseload_adds_up() -> None:
    tally = tally_of(people(60, 1), Scenario("15 minutes", 15.0), 1)
    assert tally.alerts == sum(tally.worst.values())
    assert 0.6 * tally.losses < tally.alerts <= tally.losses + 1
    assert sum(tally.shown.values()) >= tally.alerts - tally.worst["nobody"]


def test_the_page_is_the_result() -> None:
    assert PAGE.read_text() == page(RESULT)


def test_the_result_holds_the_mark_for_18000_wearers_and_30_operators() -> None:
    assert (RESULT["wearers"], RESULT["operators"]) == (18_000, 30)
    for row in RESULT["scenarios"]:
        load = row["per_operator_10_min"]
        assert max(row["hours"]) == load["worst_hour"]
        assert abs(sum(row["hours"]) / 24 - load["mean"]) < 0.02
        assert 0.97 < row["losses"] / (18_000 * LOSSES_A_DAY) < 1.1
    assert RESULT["scenarios"][0]["per_operator_10_min"]["worst_hour"] < BEARABLE
    assert re.search(r"it holds at every hour", PAGE.read_text())
