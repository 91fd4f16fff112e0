"""What each profile does when."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.loading.plans import Profile, Tampers, Unplannable, Wanted, plan_of


def rows(wanted: Wanted) -> list[tuple[str, float, float, float, int]]:
    return [(s.name, s.begin_s, s.end_s, s.rate_hz, s.devices) for s in plan_of(wanted).steps]


def test_a_ramp_goes_up_in_equal_steps_and_stops_at_a_limit() -> None:
    wanted = Wanted(Profile.RAMP, 100, 30.0, 90.0, 10.0, 20, steps=3, warm_up_s=0.0)
    assert rows(wanted) == [
        ("ramp 1", 0.0, 10.0, 10.0, 20),
        ("ramp 2", 10.0, 20.0, 50.0, 60),
        ("ramp 3", 20.0, 30.0, 90.0, 100),
    ]
    assert plan_of(wanted).stops


def test_bursts_have_time_between_them_and_must_be_recovered_from() -> None:
    wanted = Wanted(Profile.BURST, 10, 50.0, 10.0, steps=2, burst_s=10.0, factor=4.0, warm_up_s=5.0)
    assert rows(wanted) == [
        ("warm-up", 0.0, 5.0, 10.0, 10),
        ("before", 5.0, 15.0, 10.0, 10),
        ("burst 1", 15.0, 25.0, 40.0, 10),
        ("after 1", 25.0, 35.0, 10.0, 10),
        ("burst 2", 35.0, 45.0, 40.0, 10),
        ("after 2", 45.0, 55.0, 10.0, 10),
    ]
    plan = plan_of(wanted)
    assert [s.recovers for s in plan.steps] == [False, False, False, True, False, True]
    assert (plan.rate_hz, plan.steps[0].measured) == (40.0, False)


def test_a_storm_cuts_every_strap_takes_everybody_away_and_lets_them_back() -> None:
    plan = plan_of(Wanted(Profile.STORM, 10, 100.0, away_s=20.0, warm_up_s=10.0))
    assert [(s.name, s.begin_s, s.end_s) for s in plan.steps] == [
        ("warm-up", 0.0, 10.0),
        ("calm", 10.0, 30.0),
        ("straps cut", 30.0, 50.0),
        ("away", 50.0, 70.0),
        ("back", 70.0, 110.0),
    ]
    assert plan.away == (50.0, 70.0)
    assert plan.tampers is not None
    assert plan.tampers.times_s(3) == [30.0, 30.0, 30.0]
    staying = plan_of(Wanted(Profile.STORM, 10, 100.0, away_s=0.0, warm_up_s=0.0))
    assert (staying.away, [s.name for s in staying.steps]) == (None, ["calm", "straps cut", "back"])


@pytest.mark.parametrize(("hours", "number"), [(0.1, 10), (8.0, 48), (100.0, 60)])
def test_a_soak_has_steps_of_ten_minutes_but_neither_few_nor_many(hours: float, number: int) -> None:
    steps = plan_of(Wanted(Profile.SOAK, 10, hours * 3600)).steps[1:]
    assert len(steps) == number
    assert {s.rate_hz for s in steps} == {10.0}


def test_straps_are_cut_one_after_another_while_it_is_asked_for() -> None:
    plan = plan_of(
        Wanted(Profile.STEADY, 10, 60.0, tampers_hz=0.5, tampers_from_s=10.0, tampers_to_s=18.0, warm_up_s=2.0)
    )
    assert plan.tampers == Tampers(12.0, 20.0, 0.5)
    assert plan.tampers.times_s(9) == [12.0, 14.0, 16.0, 18.0]
    assert plan.tampers.times_s(2) == [12.0, 14.0]
    beyond = Wanted(Profile.STEADY, 10, 5.0, tampers_hz=1.0, tampers_from_s=10.0, tampers_to_s=math.inf)
    late = plan_of(beyond).tampers
    assert late is not None
    assert late.times_s(9) == []


@given(
    st.sampled_from(Profile),
    st.integers(1, 500),
    st.floats(100.0, 50_000.0),
    st.floats(0.0, 60.0),
    st.integers(1, 9),
)
def test_steps_follow_each_other_from_nothing_to_the_end(
    profile: Profile, devices: int, duration_s: float, warm_up_s: float, steps: int
) -> None:
    plan = plan_of(Wanted(profile, devices, duration_s, steps=steps, warm_up_s=warm_up_s))
    assert plan.steps[0].begin_s == 0.0
    assert plan.duration_s == pytest.approx(warm_up_s + duration_s)
    for one, following in zip(plan.steps, plan.steps[1:], strict=False):
        assert one.begin_s < one.end_s
        assert one.end_s == pytest.approx(following.begin_s)
        assert one.devices <= following.devices


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted(Profile.STEADY, 0, 10.0), "nobody"),
        (Wanted(Profile.STEADY, 1, 0.0), "duration"),
        (Wanted(Profile.STEADY, 1, math.inf), "duration"),
        (Wanted(Profile.STEADY, 2, 10.0, 201.0), "at most 100 of one"),
        (Wanted(Profile.STEADY, 2, 10.0, -1.0), "rate"),
        (Wanted(Profile.RAMP, 2, 10.0, from_devices=3), "1 to 2 devices"),
        (Wanted(Profile.RAMP, 2, 10.0, from_rate_hz=3.0), "at most 2 messages"),
        (Wanted(Profile.BURST, 2, 50.0, steps=5, burst_s=10.0), "time between"),
        (Wanted(Profile.STORM, 2, 60.0, away_s=60.0), "lasts longer"),
        (Wanted(Profile.STEADY, 2, 60.0, warm_up_s=-1.0), "not under 0"),
    ],
)
def test_what_makes_no_run_is_said_in_one_line(wanted: Wanted, why: str) -> None:
    with pytest.raises(Unplannable, match=why):
        plan_of(wanted)
