"""News kept as bytes reads like the list it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from geofence.emissions import EMISSION, STEADY, Emissions, as_news
from geofence.kept import NEWS_BYTES, PACKED_ROWS, Kept


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


@pytest.mark.parametrize("count", [5, 63, 64, 65, 200])
def test_it_is_cut_back_to_any_length(count: int) -> None:
    rows = some(count)
    for length in range(0, count + 1, 1 + count // 20):
        found = kept(rows)
        found.cut_back(length)
        assert list(found) == as_news(rows)[:length]
        found.cut_back(count)
        assert len(found) == length
        for row in rows[length:]:
            found.keep(row.tobytes(), steady=False, most=1_000)
        assert list(found) == as_news(rows)


def test_what_is_packed_reads_the_same_and_is_smaller() -> None:
    rows = some(300)
    rows[["lat", "lon", "lat2", "lon2", "a", "b"]] = np.zeros(1, EMISSION)[["lat", "lon", "lat2", "lon2", "a", "b"]]
    found, plain = kept(rows), as_news(rows)
    assert found.packed
    assert len(found) == 300
    assert [found[k] for k in range(300)] == plain == list(found)
    assert found.rows() == rows.tobytes()
    assert sum(map(len, found.packed)) < len(found.packed) * PACKED_ROWS * NEWS_BYTES / 2
    assert list(Kept(bytes(found.body), found.packed)) == plain


def test_thinning_keeps_what_is_needed() -> None:
    rows = some(150)
    found, plain = kept(rows), as_news(rows)
    found.thin(100, range(0, 100, 10))
    assert list(found) == plain[:100:10] + plain[100:]


@pytest.mark.parametrize("cut", [None, 3, 40, 70])
def test_a_long_run_goes_on_as_it_was_after_a_restart_or_a_cut(cut: int | None) -> None:
    rows = some(300)
    rows["flags"] = np.where(np.arange(300) < 2, 0, STEADY)
    whole = Kept()
    for k, row in enumerate(rows):
        whole.keep(row.tobytes(), steady=k >= 2, most=80)
    found = Kept()
    for k, row in enumerate(rows[:150]):
        found.keep(row.tobytes(), steady=k >= 2, most=80)
    found = Kept(bytes(found.body), found.packed)
    start = 150
    if cut is not None:
        found.cut_back(cut)
        start = cut
    for k, row in enumerate(rows[start:], start):
        found.keep(row.tobytes(), steady=k >= 2, most=80)
    assert list(found) == list(whole)
