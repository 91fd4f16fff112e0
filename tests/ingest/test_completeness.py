"""Holes in `seq`, counted."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.completeness import Completeness, measure


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], Completeness(0, 0, 0)),
        ([(0, 0, 1, 10)], Completeness(10, 10, 0)),
        ([(0, 0, 5, 5)], Completeness(1, 1, 0)),
        ([(0, 0, 1, 4), (0, 0, 7, 10)], Completeness(8, 10, 1)),
        ([(0, 0, 1, 4), (0, 1, 9, 10)], Completeness(6, 6, 0)),
        ([(1, 0, 7, 10), (0, 0, 1, 4), (1, 0, 1, 2), (0, 0, 6, 6)], Completeness(11, 16, 2)),
        ([(0, 0, 1, 1), (0, 0, 3, 3), (0, 1, 1, 1), (0, 1, 3, 3)], Completeness(4, 6, 1)),
    ],
)
def test_received_over_counted(ranges: list[tuple[int, int, int, int]], expected: Completeness) -> None:
    assert measure(np.array(ranges, np.int64).reshape(-1, 4)) == expected


def test_nothing_counted_is_complete() -> None:
    assert measure(np.zeros((0, 4), np.int64)).ratio == 1.0


def test_the_ratio_and_what_is_missing() -> None:
    holed = measure(np.array([(0, 0, 1, 4), (0, 0, 7, 10)]))
    assert (holed.missing, holed.ratio) == (2, 0.8)
