"""Whole days: who keeps to everything does, in every kind of order and every night; and people live, they are no statues."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from domain.instants import SECOND_US, parse_instant
from domain.vocabulary import ZONE_KINDS, ConditionKind
from simulators.calendars import HOME_ZONE, zone_named
from simulators.caseload import Record
from simulators.lives_walked import position_of
from simulators.scenario import CALM
from simulators.scenes import Life, spans_of
from simulators.service import Simulation
from simulators.subjects import Run, Subject
from simulators.truth import truth_lines
from simulators.truth_lives import DID_NOT, WRONG
from tests.simulators.estates import closely, seconds, whole_days

NIGHTS = ("2026-11-20T12:00:00Z", "2026-10-24T12:00:00Z", "2027-03-27T12:00:00Z")
"""A usual one, and both in which the clocks change."""

BY_CHANCE = "proximity_alert"
"""Whoever lives in the same town may be met in the street."""


def _broken(subject: Subject, life: Life, run: Run) -> list[str]:
    """Conditions that the walk itself does not keep, whatever the truth file says."""
    found = []
    for watched in subject.of_kind(ConditionKind.CURFEW, *ZONE_KINDS):
        spans = spans_of(watched.enforced, run)
        begins = np.array([max(0.0, begin) for begin, _ in spans])
        t = np.union1d(closely(life), begins)
        x, y = position_of(life, t)
        if watched.outline is None:
            wrong = np.hypot(x, y) > subject.radius_m
        else:
            depth = watched.outline.depth(*subject.home.to_lonlat(x, y))
            wrong = depth > 0 if watched.condition.kind is ConditionKind.EXCLUSION_ZONE else depth < 0
        held = np.zeros(len(t), bool)
        for begin, end in spans:
            held |= (t >= begin) & (t < min(end, run.duration_s))
        if (wrong & held).any():
            found.append(f"{subject.id} {watched.condition.id} at {t[wrong & held][0]:.0f} s")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "start"), list(enumerate(NIGHTS, start=1)))
def test_whoever_keeps_to_everything_is_never_where_they_must_not_be(seed: int, start: str) -> None:
    _, simulation = whole_days(160, 44, CALM, seed=seed, start_us=parse_instant(start))
    people = list(zip(simulation.subjects, simulation.lives, strict=True))
    assert [one for subject, life in people for one in _broken(subject, life, simulation.run)] == []
    lived: list[Record] = []
    told = list(truth_lines(simulation, lived))
    assert {line["kind"] for line in told if line["kind"] in WRONG and line["why_not"] not in DID_NOT} <= {BY_CHANCE}
    met = {line["wearer"] for line in told if line["kind"] == BY_CHANCE}
    assert {line["wearer"] for line in lived if not line["orderly"]} <= met
    assert len({kind for subject in simulation.subjects for kind in subject.order_kinds}) >= 8


@pytest.mark.slow
def test_people_leave_home_and_come_back() -> None:
    _, simulation = whole_days(160, 48, CALM)
    went = [np.hypot(life.x, life.y).max() > 150.0 for life in simulation.lives]
    assert np.mean(went) > 0.97
    back = [np.count_nonzero(np.diff((np.hypot(life.x, life.y) < 1.0).astype(int)) == 1) for life in simulation.lives]
    assert np.mean(back) > 2


@pytest.mark.slow
def test_nobody_is_faster_than_a_car_in_town_and_time_never_goes_back() -> None:
    _, simulation = whole_days(160, 48, CALM, seed=5)
    for life in simulation.lives:
        took, away = np.diff(life.t), np.hypot(np.diff(life.x), np.diff(life.y))
        assert (took >= 0).all()
        assert (away <= 14.0 * took + 1e-6).all()


def _away_m(simulation: Simulation, person: int, instant: str) -> float:
    x, y = position_of(simulation.lives[person], np.array([seconds(simulation, instant)]))
    return float(np.hypot(x, y)[0])


@pytest.mark.slow
def test_students_are_at_school_on_weekdays() -> None:
    _, simulation = whole_days(900, 56, CALM, only=lambda r: (r.get("born") or "")[:4] >= "2009")
    young = [n for n, subject in enumerate(simulation.subjects) if subject.young]
    assert len(young) > 30
    assert {simulation.lives[n].character[0] for n in young} == {"student"}
    for noon in ("2026-11-23T12:00:00Z", "2026-11-24T11:00:00Z", "2026-11-25T13:30:00Z"):
        there = [_away_m(simulation, n, noon) > 250.0 for n in young]
        assert np.mean(there) > 0.95, "all but who has no way to a school that keeps clear of their zones"


@pytest.mark.slow
def test_who_works_by_night_is_out_by_night() -> None:
    _, simulation = whole_days(300, 48, CALM, seed=2)
    workers = [n for n, life in enumerate(simulation.lives) if life.character[0] == "night_work"]
    assert len(workers) > 15
    out = [_away_m(simulation, n, f"2026-11-{day}T02:00:00Z") > 400.0 for n in workers for day in (24, 25)]
    assert np.mean(out) > 0.9


@pytest.mark.slow
def test_a_night_in_hospital_is_not_spent_at_home() -> None:
    records, simulation = whole_days(1500, 96, CALM, only=lambda r: r["type"] == "absence")
    nights = {r["condition"]: r["from"] for r in records if r["type"] == "absence"}
    assert len(nights) > 10
    for n, subject in enumerate(simulation.subjects):
        for watched in subject.of_kind(ConditionKind.CURFEW):
            begins = nights.get(watched.condition.id)
            if begins is not None:
                for hours in (8, 11, 14):
                    at_us = parse_instant(begins) + hours * 3600 * SECOND_US
                    when = datetime.fromtimestamp(at_us / SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                    if at_us < simulation.run.end_us:
                        assert _away_m(simulation, n, when) > 300.0, (subject.id, when)


def test_the_hours_of_a_day_are_local_ones_when_the_clocks_have_changed() -> None:
    """On the Monday after the clocks went back people leave for work an hour later by UTC than on the Friday before."""
    left = {}
    for day in ("2026-10-23", "2026-10-26"):
        _, simulation = whole_days(60, 12, CALM, start_us=parse_instant(f"{day}T03:00:00Z"))
        workers = [life for life in simulation.lives if life.character[0] in ("work", "underground")]
        first = [float(life.t[np.argmax(np.hypot(life.x, life.y) > 1.0) - 1]) for life in workers]
        left[day] = np.median(first) / 3600
        zone = zone_named(HOME_ZONE)
        local = datetime.fromtimestamp(simulation.run.start_us / SECOND_US + 3600 * left[day], zone)
        assert 7 <= local.hour + local.minute / 60 <= 8.3
    assert left["2026-10-26"] - left["2026-10-23"] == pytest.approx(1.0, abs=0.35)
