"""Who was near a crime: against a plain loop on geodesics, and by cases that people argue about."""

from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import CrimeMatch
from evidence.matching import (
    CODES,
    FIX,
    Matching,
    Outcome,
    Sought,
    Stretch,
    match_score,
    near_home,
    stretches,
)

PLACE = (1.08, 51.28)
GAP_US = 5 * MINUTE_US
START = 1_795_000_000 * SECOND_US


def sought(from_min: int = 0, to_min: int = 60, radius_m: float = 100.0, within_m: float = 0.0) -> Sought:
    return Sought(*PLACE, radius_m, within_m, START + from_min * MINUTE_US, START + to_min * MINUTE_US)


def fix(wearer: int, minute: float, metres: float, acc: float = 10.0, bearing: float = 40.0) -> tuple[float, ...]:
    at = Geodesic.WGS84.Direct(PLACE[1], PLACE[0], bearing, metres)
    return (wearer, START + round(minute * MINUTE_US), at["lon2"], at["lat2"], acc, GAP_US, wearer + 1, 0, minute * 60)


def matched(
    crimes: list[Sought], rows: list[tuple[float, ...]], wearers: int = 3, longest_us: int = HOUR_US
) -> list[Outcome]:
    matching = Matching(crimes, np.ones((len(crimes), wearers), np.bool_))
    fixes = np.array([tuple(row) for row in rows], FIX)
    for stretch in stretches(crimes, longest_us):
        held = (fixes["t_us"] >= stretch.from_us) & (fixes["t_us"] < stretch.to_us)
        matching.take(fixes[held])
    return matching.outcomes()


def said(outcome: Outcome) -> list[str]:
    return [CODES[code].value for code in outcome.match.tolist()]


def test_two_positions_within_the_radius_are_near_and_one_is_nothing_that_can_be_said() -> None:
    (outcome,) = matched([sought()], [fix(0, 1, 99), fix(0, 2, 50), fix(1, 1, 50), fix(1, 2, 900), fix(2, 1, 900)])
    assert said(outcome) == ["near", "no_data", "elsewhere"]
    (near,) = outcome.near
    assert near.visits[0].dwell_s == 60
    assert near.visits[0].nearest_m == 50.0
    assert near.score == match_score(np.array([10.0, 10.0]), 100.0, 60.0) == 15


@pytest.mark.parametrize(
    ("metres", "acc", "within_m", "said_of"),
    [
        (131, 30, 0, "elsewhere"),
        (129, 30, 0, "no_data"),
        (131, 30, 71, "no_data"),
        (101, 0, 0, "elsewhere"),
        (100.5, 1, 0, "no_data"),
    ],
)
def test_elsewhere_is_said_only_where_no_position_can_be_of_the_place(
    metres: float, acc: float, within_m: float, said_of: str
) -> None:
    rows = [fix(0, minute, metres, acc) for minute in range(5)]
    assert said(matched([sought(within_m=within_m)], rows, 1)[0]) == [said_of]


def test_the_window_is_half_open_and_nobody_without_an_order_is_considered() -> None:
    rows = [fix(0, 0, 10), fix(0, 59, 10), fix(1, -1, 10), fix(1, 60, 10), fix(2, 5, 10), fix(2, 6, 10)]
    crimes = [sought()]
    matching = Matching(crimes, np.array([[True, True, False]]))
    matching.take(np.array([tuple(row) for row in rows], FIX))
    (outcome,) = matching.outcomes()
    assert outcome.match.tolist() == [0, 2, -1]
    assert [outcome.count(one) for one in CrimeMatch] == [1, 0, 1]
    assert outcome.positions.tolist() == [2, 0, 0]


def test_a_gap_parts_visits_and_time_away_is_not_dwelt() -> None:
    rows = [fix(0, m, 20) for m in (0, 1, 2)] + [fix(0, 3, 400), fix(0, 4, 30), fix(0, 5, 30)]
    rows += [fix(0, m, 40) for m in (11, 12)]
    ((near,),) = (one.near for one in matched([sought()], rows))
    assert [(one.positions, one.dwell_s, one.nearest_m) for one in near.visits] == [(5, 180.0, 20.0), (2, 60.0, 40.0)]


def test_elsewhere_throughout_needs_the_whole_window() -> None:
    whole = [fix(0, m, 900) for m in range(0, 60, 5)]
    holed = [fix(1, m, 900) for m in range(0, 60, 5) if m != 30]
    late = [fix(2, m, 900) for m in range(6, 60, 5)]
    for longest_us in (HOUR_US, 7 * MINUTE_US):
        (outcome,) = matched([sought()], whole + holed + late, longest_us=longest_us)
        assert said(outcome) == ["elsewhere"] * 3
        assert outcome.throughout.tolist() == [True, False, False]
        assert outcome.elsewhere_throughout == 1


def test_what_is_read_is_every_instant_of_a_window_once() -> None:
    crimes = [sought(0, 60), sought(30, 90), sought(200, 210), sought(90, 100)]
    read = list(stretches(crimes, 45 * MINUTE_US))
    assert read == [
        Stretch(START, START + 45 * MINUTE_US),
        Stretch(START + 45 * MINUTE_US, START + 90 * MINUTE_US),
        Stretch(START + 90 * MINUTE_US, START + 100 * MINUTE_US),
        Stretch(START + 200 * MINUTE_US, START + 210 * MINUTE_US),
    ]
    assert list(stretches([], MINUTE_US)) == []


def test_near_home_is_the_circle_of_the_curfew_place_and_a_little_more() -> None:
    east = Geodesic.WGS84.Direct(PLACE[1], PLACE[0], 90, 199)
    assert near_home(sought(), [(east["lon2"], east["lat2"], 50.0)])
    assert not near_home(sought(), [(east["lon2"], east["lat2"], 48.0)])
    assert not near_home(sought(), [])


def test_the_score_grows_with_dwell_and_with_accuracy_and_stays_under_100() -> None:
    sharp, blunt = np.array([5.0, 5.0]), np.array([150.0, 150.0])
    scores = [match_score(sharp, 100, dwell_s) for dwell_s in (0, 60, 600, 36_000)]
    assert scores == [0, 16, 63, 94]
    assert match_score(blunt, 100, 600) < match_score(sharp, 100, 600)


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-10, 130), st.floats(0, 700), st.floats(1, 200), st.floats(0, 360)),
    unique_by=lambda row: (row[0], row[1]),
    max_size=60,
)
CRIMES = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30), st.floats(25, 500)), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(ROWS, CRIMES, st.integers(1, 60))
def test_it_agrees_with_a_loop_however_it_is_cut(
    rows: list[tuple[int, int, float, float, float]], crimes: list[tuple[int, int, float]], minutes: int
) -> None:
    wanted = [sought(start, start + length, radius_m) for start, length, radius_m in crimes]
    found = matched(wanted, [fix(*row) for row in rows], longest_us=minutes * MINUTE_US)
    for crime, outcome in zip(wanted, found, strict=True):
        for wearer in range(3):
            own = [
                row for row in rows if row[0] == wearer and crime.from_us <= START + row[1] * MINUTE_US < crime.to_us
            ]
            # The loop knows how far each fix was put; a millimetre at an edge is nobody's.
            if any(abs(row[2] - edge) < 0.2 for row in own for edge in (crime.radius_m, crime.radius_m + row[3])):
                continue
            near = [row for row in own if row[2] <= crime.radius_m]
            far = [row for row in own if row[2] > crime.radius_m + row[3]]
            says = "near" if len(near) >= 2 else "elsewhere" if own and len(far) == len(own) else "no_data"
            assert CODES[outcome.match[wearer]] == says
            counts = [sum(visit.positions for visit in one.visits) for one in outcome.near if one.wearer == wearer]
            assert counts == ([len(near)] if says == "near" else [])
