"""The figures of docs/fairness.md: what was drawn is what it says, what was left out could not matter, the page is the result's."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.drawn_fixes import Sky, axis, draw
from bench.fairness import DAY_FIXES, SLACK, another
from bench.fairness_judged import counted
from bench.fairness_page import PAGE, page
from bench.fairness_picture import PICTURE, picture
from bench.opening_rules import PROPOSED, RULE, opened
from bench.results import RESULTS
from bench.tallies import Tally, poisson_interval, wilson_interval
from geofence.verdicts import INSIDE_SIGMAS, SIGMA_PER_ACC, SURE_SIGMAS

SEED = 11
DAYS = 60
HARD = [(Sky(50.0, 300.0, 0.0), 5.0), (Sky(50.0, 0.0, 0.0), 5.0), (Sky(20.0, 60.0, 0.05), 20.0)]
"""Where most happens: poor fixes at the edge, errors that last and errors that do not, reflections."""


def test_the_page_and_its_picture_are_of_the_result() -> None:
    result = json.loads((RESULTS / "fairness.json").read_text())
    assert PAGE.read_text(encoding="utf-8") == page(result)
    assert PICTURE.read_text(encoding="utf-8") == picture(result)
    assert result["model"]["proposed"] == PROPOSED._asdict()


@pytest.mark.slow
@pytest.mark.parametrize("time_s", [0.0, 300.0])
def test_errors_are_as_stated(time_s: float) -> None:
    sky = Sky(20.0, time_s, 0.0)
    rng = np.random.default_rng(SEED)
    drawn = draw(rng, 200, 3_000, sky)
    east = axis(rng, drawn, slice(None), sky)
    assert float(np.median(drawn.acc)) == pytest.approx(20.0, rel=0.02)
    assert float((np.hypot(east, drawn.error_m) <= drawn.acc).mean()) == pytest.approx(0.95, abs=0.003)
    normal = drawn.error_m / drawn.acc * SIGMA_PER_ACC
    again = float((normal[1:] * normal[:-1]).mean())
    assert again == pytest.approx(np.exp(-60.0 / time_s) if time_s else 0.0, abs=0.01)


def test_reflections_are_as_many_as_stated() -> None:
    drawn = draw(np.random.default_rng(SEED), 300, 2_000, Sky(20.0, 0.0, 0.05))
    assert float((np.asarray(drawn.stretch) > 1.0).mean()) == pytest.approx(0.05, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize(("sky", "metres"), HARD)
def test_the_walk_is_the_rules_and_days_left_out_hold_nothing(sky: Sky, metres: float) -> None:
    rng = np.random.default_rng(SEED)
    drawn = draw(rng, DAY_FIXES, DAYS, sky)
    depth, sigma = drawn.error_m - metres, drawn.sigma
    said = counted((0, 1, 2), axis(rng, drawn, slice(None), sky), depth, drawn.acc)
    assert said[:, 1].sum() > 5
    for points in (0, 1, 2):
        assert said[:, points].tolist() == opened(RULE, depth, sigma, points).tolist()
    sure = depth >= SLACK * SURE_SIGMAS * sigma
    assert said[~sure.any(axis=0), 0].sum() == 0
    assert said[~(sure & another(depth >= SLACK * INSIDE_SIGMAS * sigma)).any(axis=0), 1:].sum() == 0


def test_intervals() -> None:
    assert poisson_interval(0) == pytest.approx((0.0, 3.69), abs=0.03)
    assert poisson_interval(10) == pytest.approx((4.80, 18.39), abs=0.03)
    assert wilson_interval(50, 100) == pytest.approx((0.404, 0.596), abs=0.001)
    alone, heaps = Tally(), Tally()
    alone.add(1_000, np.ones(40, np.int64))
    heaps.add(1_000, np.full(4, 10))
    assert alone.as_json()["rate"] == heaps.as_json()["rate"] == 40.0
    assert heaps.as_json()["high"] > 1.5 * alone.as_json()["high"], "what comes in heaps is less sure"
