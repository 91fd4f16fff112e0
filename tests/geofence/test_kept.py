"""News kept as bytes reads like the list it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from geofence.emissions import EMISSION, Emissions, as_news
from geofence.kept import NEWS_BYTES, Kept


def some(count: int) -> Emissions:
    rows = np.zeros(count, EMISSION)
    rng = np.random.default_rng(3)
    for name in EMISSION.names or ():
        rows[name] = rng.integers(-100, 100, count) if EMISSION[name].kind == "i" else rng.normal(0, 90, count)
    return rows


def kept(rows: Emissions, most: int = 1_000, steady_from: int = 10_000) -> Kept:
    found = Kept()
    for k, row in enumerate(rows):
        found.keep(row.tobytes(), steady=k >= steady_from, most=most)
    return found


def test_it_reads_like_a_list() -> None:
    rows = some(7)
    found, plain = kept(rows), as_news(rows)
    assert list(found) == plain
    assert (len(found), found[0], found[-1], found[2:5]) == (7, plain[0], plain[-1], plain[2:5])
    assert len(found.body) == 7 * NEWS_BYTES
    assert list(Kept(bytes(found.body))) == plain
    assert not Kept()
    with pytest.raises(IndexError):
        found[7]


def test_of_a_long_run_the_first_ones_and_the_newest_are_kept() -> None:
    rows = some(20)
    plain = as_news(rows)
    assert list(kept(rows, most=5, steady_from=2)) == [*plain[:6], plain[-1]]


def test_it_is_cut_back_to_a_length() -> None:
    rows = some(5)
    found = kept(rows)
    found.cut_back(2)
    assert list(found) == as_news(rows)[:2]
    found.cut_back(4)
    assert len(found) == 2
