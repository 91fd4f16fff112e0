"""The model of people at the console: no alert is lost, the console's order is kept, chance is the seed's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from alerts.protocols import Target
from bench.operators import least, run, slower
from bench.operators_alerts import Case, case_of
from bench.operators_day import ROWS, START, Given, Habits, Outage, Raised, alerts, calls_in
from bench.operators_desk import AlertDesk
from bench.operators_tally import Tally
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertWork, Kind, Level, Role, Severity

SMALL = Given(2.0, 400, hours=(18, 20))
OUTCOMES = ("claimed", "unclaimed", "held", "open")


@pytest.fixture(scope="module")
def evening() -> Tally:
    """Two hours of 400 wearers and five operators."""
    return run(SMALL, 5)[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("outage", [None, Outage(at_us=START + 18 * HOUR_US, lasts_us=HOUR_US, devices=120)])
def test_every_alert_that_is_raised_was_claimed_or_closed_itself_or_is_there(seed: int, outage: Outage | None) -> None:
    given = replace(SMALL, seed=seed, outage=outage)
    tally = run(given, 4)[1]
    assert tally.raised == len(alerts(given)) > 70
    assert sum(tally.ends.values()) == tally.raised
    assert set(tally.ends) <= set(OUTCOMES)
    assert (tally.ends["held"] > 0) == (outage is not None)
    waits = sum(tally.ended.values())
    assert waits == sum(tally.shown.values()) + sum(tally.again.values())
    assert sum(tally.now_waiting.values()) == 0


@pytest.mark.slow
def test_every_call_that_comes_in_is_answered_or_hangs_up() -> None:
    given = replace(SMALL, habits=replace(Habits(), calls_in=3.0))
    tally = run(given, 5)[1]
    rang = [one for one in calls_in(given) if given.from_us <= one[0] < given.to_us]
    assert len(tally.calls_in) + tally.hung_up == len(rang) > 80
    assert tally.hung_up > 0


@pytest.mark.slow
def test_the_same_seed_is_the_same_evening_and_another_is_another(evening: Tally) -> None:
    assert run(SMALL, 5)[1] == evening
    assert run(replace(SMALL, seed=2), 5)[1] != evening


@pytest.mark.slow
def test_more_operators_never_make_the_slowest_claims_of_what_is_critical_much_slower() -> None:
    found = [run(SMALL, operators)[1].of(Severity.CRITICAL)["claim_s"]["p99"] for operators in (3, 6, 9, 14)]
    print("seed", SMALL.seed, "p99", found)
    assert all(more <= 1.1 * fewer + 5 for fewer, more in pairwise(found))
    assert found[-1] < found[0]


@pytest.mark.slow
def test_what_is_critical_is_claimed_before_what_is_not(evening: Tally) -> None:
    critical, serious = (evening.of(one)["claim_s"] for one in (Severity.CRITICAL, Severity.SERIOUS))
    assert critical["p95"] < serious["p95"]


@pytest.mark.slow
def test_nobody_senior_is_told_while_operators_are_quick_and_they_are_when_there_are_none() -> None:
    quick = run(replace(SMALL, habits=replace(Habits(), forgets=0.0)), 25)[1]
    assert quick.told[Severity.CRITICAL, Target.SUPERVISOR] == 0
    none = run(SMALL, 0)[1]
    critical = none.shown[Severity.CRITICAL]
    assert none.told[Severity.CRITICAL, Target.SUPERVISOR] >= 0.9 * critical > 5
    assert none.taken[Role.OPERATOR] == 0
    assert none.taken[Role.DUTY_MANAGER] > 0


def raised(kind: Kind, at_min: float, **given: object) -> Raised:
    row = next(one for one in ROWS if one.kind is kind)
    plain = Raised(START + round(at_min * MINUTE_US), row, 1, HOUR_US, Level.STANDARD, False, True)
    return replace(plain, **given)


class Lone(AlertDesk):
    """A desk with the alerts that a test names, and nobody who rings."""

    def __init__(self, *coming: Raised) -> None:
        super().__init__(Given(0.0, 1, hours=(0, 4), habits=replace(Habits(), calls_in=0.0, forgets=0.0, errs=0.0)))
        self._raised.extend(coming)

    def until(self, minutes: float) -> None:
        """Everything that happens by itself until then."""
        while self.next_us() <= START + minutes * MINUTE_US:
            self.happen(self.next_us())

    def case(self, no: int) -> Case:
        return self._cases[no]


def test_people_take_in_the_order_of_the_console() -> None:
    """The worse first, then what goes on, then what waits longest (web/queue/alert.ts)."""
    kinds = (Kind.BATTERY_LOW, Kind.INCLUSION_ZONE, Kind.STRAP_TAMPER, Kind.EXCLUSION_ZONE, Kind.STRAP_TAMPER)
    coming = [raised(kind, k, wearer=k) for k, kind in enumerate(kinds)]
    coming[2] = replace(coming[2], lasts_us=MINUTE_US)  # critical, and over by then
    desk = Lone(*coming)
    desk.until(10)
    now_us = START + 10 * MINUTE_US
    taken = []
    for name in ("a", "b", "c", "d", "e"):
        assert desk.take(name, Role.OPERATOR, now_us) is not None
        desk.done(name, now_us)
        taken.append(next(no for no in range(1, 6) if desk.case(no).job.holder == name))
    assert taken == [4, 5, 3, 2, 1]
    assert desk.take("f", Role.OPERATOR, now_us) is None


def test_whoever_goes_home_hands_over_what_they_have() -> None:
    desk = Lone(raised(Kind.EXCLUSION_ZONE, 0))
    desk.until(1)
    now_us = START + MINUTE_US
    assert desk.take("a", Role.OPERATOR, now_us) is not None
    lasts_us = desk.done("a", now_us)
    while lasts_us is not None:
        now_us += lasts_us
        desk.until((now_us - START) / MINUTE_US)
        lasts_us = desk.done("a", now_us)
    assert desk.case(1).job.holder == "a"
    desk.leave("a", now_us)
    assert desk.case(1).job.work is AlertWork.RAISED
    assert desk.waits(Role.OPERATOR)


def test_a_claim_that_nobody_comes_back_to_lapses_and_the_alert_waits_again() -> None:
    desk = Lone(raised(Kind.EXCLUSION_ZONE, 0))
    desk.until(1)
    now_us = START + MINUTE_US
    assert desk.take("a", Role.OPERATOR, now_us) is not None
    desk.done("a", now_us)
    assert not desk.case(1).waits
    desk.until(16.5)
    assert desk.case(1).waits
    assert desk.tally.errors["lapsed"] == 1


def test_seniors_take_only_what_they_were_told_of() -> None:
    desk = Lone(raised(Kind.STRAP_TAMPER, 0))
    desk.until(1.9)
    assert not desk.waits(Role.SUPERVISOR)
    desk.until(4.9)
    assert desk.waits(Role.SUPERVISOR)
    assert not desk.waits(Role.DUTY_MANAGER)
    desk.until(9)
    assert desk.waits(Role.DUTY_MANAGER)


def test_what_an_incident_explains_waits_for_nobody_until_it_lets_go() -> None:
    free_us = START + 10 * MINUTE_US
    case = case_of(1, raised(Kind.COMMUNICATION_LOST, 0, free_us=free_us))
    assert case.alert.grouped_under is not None
    desk = Lone(raised(Kind.COMMUNICATION_LOST, 0, free_us=free_us))
    desk.until(9.9)
    assert not desk.waits(Role.OPERATOR)
    desk.until(12.1)
    assert desk.waits(Role.OPERATOR)


def test_twice_as_much_comes_in_the_evening_and_the_mix_is_what_was_published() -> None:
    assert sum(row.share for row in ROWS) == pytest.approx(100.0)
    found = alerts(Given(0.3, hours=(14, 20)))
    before = sum(15 <= (one.at_us - START) / HOUR_US < 17 for one in found)
    after = sum(17 <= (one.at_us - START) / HOUR_US < 19 for one in found)
    assert after / before == pytest.approx(2.0, rel=0.15)
    tampers = sum(one.row is not None and one.row.kind is Kind.STRAP_TAMPER for one in found)
    assert tampers / len(found) == pytest.approx(0.124, abs=0.02)


@pytest.mark.parametrize("fewest", [1, 2, 23, 611])
@pytest.mark.parametrize("guess", [1, 20, 700])
def test_the_search_ends_near_the_fewest_wherever_it_begins(fewest: int, guess: int) -> None:
    found = least(lambda count: count >= fewest, guess)
    assert fewest <= found <= fewest + max(1, 0.035 * found)


def test_slower_habits_take_longer_and_err_as_often() -> None:
    habits = Habits()
    long = slower(habits, 1.5)
    assert long.talks.median_s == 1.5 * habits.talks.median_s
    assert long.reads[3].median_s == 1.5 * habits.reads[3].median_s
    assert (long.errs, long.patience_s) == (habits.errs, habits.patience_s)


def test_an_incident_is_claimed_and_worked_on_for_long() -> None:
    desk = Lone(replace(raised(Kind.STRAP_TAMPER, 0), row=None, wearer=-1))
    desk.until(0.1)
    now_us = START + 10 * SECOND_US
    assert desk.take("a", Role.OPERATOR, now_us) is not None
    lasts_us = desk.done("a", now_us)
    assert lasts_us is not None
    assert lasts_us > 4 * MINUTE_US
