"""Quantiles of the histogram of fixed size against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.loading.histogram import CELLS, HELD, PRECISION, Histogram

SECONDS = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=200)


def histogram_of(values: list[float]) -> Histogram:
    found = Histogram()
    for value in values:
        found.add(value)
    return found


@given(SECONDS, st.floats(0.0, 1.0))
def test_a_quantile_is_numpys_to_one_per_cent(values: list[float], q: float) -> None:
    exact = float(np.quantile(values, q, method="inverted_cdf"))
    assert histogram_of(values).quantile(q) == pytest.approx(exact, rel=PRECISION)


@given(SECONDS, SECONDS, st.floats(0.0, 1.0))
def test_two_together_are_one_of_all(some: list[float], others: list[float], q: float) -> None:
    both = histogram_of(some)
    both.take(histogram_of(others))
    whole = histogram_of([*some, *others])
    assert (len(both), both.quantile(q)) == (len(whole), whole.quantile(q))


def test_many_values_take_no_more_room_and_none_is_forgotten() -> None:
    found = Histogram()
    rng = np.random.default_rng(1)
    values = rng.lognormal(-5, 1.5, 3 * HELD + 7)
    for value in values:
        found.add(float(value))
    assert len(found._cells) == CELLS
    assert len(found._held) < HELD
    told = found.as_json()
    assert told is not None
    assert told["count"] == len(values)
    assert told["mean"] == pytest.approx(values.mean(), rel=1e-3)
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        exact = np.quantile(values, q, method="inverted_cdf")
        assert told[name] == pytest.approx(exact, rel=PRECISION, abs=1e-6)
    assert told["max"] == pytest.approx(values.max(), abs=1e-6)


def test_what_is_beyond_counts_as_the_least_or_the_most() -> None:
    found = histogram_of([-1.0, 0.0, 1e12])
    assert found.quantile(0.5) == pytest.approx(1e-6, rel=PRECISION)
    assert found.quantile(1.0) == 100_000.0


def test_nothing_has_no_quantile() -> None:
    assert Histogram().as_json() is None
    with pytest.raises(ValueError, match="nothing"):
        Histogram().quantile(0.5)
