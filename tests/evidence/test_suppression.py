"""No small number is shown, and none follows from what is: tried against every table that shows the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.suppression import LEAST, hidden_in, hidden_of

COUNTS = st.one_of(st.integers(0, 6), st.integers(0, 40))


@given(st.lists(COUNTS, min_size=1, max_size=8))
@example([3, 20, 30])
@example([1, 1, 50])
@example([0, 0, 2])
@example([4])
def test_no_count_of_a_list_follows_from_its_total(counts: list[int]) -> None:
    hidden, total_hidden = hidden_of(counts)
    for count, gone in zip(counts, hidden, strict=True):
        assert gone or count == 0 or count >= LEAST, "no small number is shown"
    unknown = [count for count, gone in zip(counts, hidden, strict=True) if gone]
    if unknown and not total_hidden:
        assert len(unknown) >= 2
        assert sum(unknown) >= LEAST, "of what is known of them all together nobody is picked out"
    if total_hidden:
        assert all(hidden)


def test_what_need_not_be_hidden_is_shown() -> None:
    assert hidden_of([20, 30, 0]) == ([False, False, False], False)
    assert hidden_of([2, 20, 30, 0]) == ([True, True, False, False], False), "the next smallest goes with it"
    assert hidden_of([2, 4, 30]) == ([True, True, False], False), "two that come to six hide each other"
    assert not hidden_in([[20, 30], [40, 50]]).any()


def completions(table: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Every table (tables, rows, columns) of numbers up to a bound that has the same numbers where they are shown."""
    free = np.argwhere(hidden[:-1, :-1])
    bound = int(table[:-1, :-1].max()) + 3
    values = np.indices((bound,) * len(free), dtype=np.int16).reshape(len(free), bound ** len(free))
    found = np.repeat(table[np.newaxis].astype(np.int16), values.shape[1], axis=0)
    for (row, column), own in zip(free, values, strict=True):
        found[:, row, column] = own
    found[:, :-1, -1] = found[:, :-1, :-1].sum(axis=2)
    found[:, -1, :] = found[:, :-1, :].sum(axis=1)
    return found[(found[:, ~hidden] == table[~hidden]).all(axis=1)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=2, max_size=2))
@example([[1, 9], [9, 9]])
@example([[1, 0], [0, 9]])
@example([[2, 0], [0, 0]])
@example([[1, 1], [1, 1]])
def test_no_cell_of_a_table_follows_from_its_totals(counts: list[list[int]]) -> None:
    inner = np.array(counts)
    table = np.block([[inner, inner.sum(axis=1, keepdims=True)], [inner.sum(axis=0), inner.sum()]])
    hidden = hidden_in(counts)
    assert not ((table > 0) & (table < LEAST) & ~hidden).any(), "no small number is shown"
    found = completions(table, hidden)
    assert (found == table).all(axis=(1, 2)).any(), "the true one is among them"
    for row, column in np.argwhere(hidden):
        assert len(np.unique(found[:, row, column])) > 1, (row, column)


@pytest.mark.parametrize(
    "counts",
    [
        [[1, 12], [9, 9], [16, 8]],
        [[3, 12], [7, 11], [9, 6]],
        [[20, 4], [6, 8], [9, 9]],
        [[2, 6], [0, 9], [11, 7]],
    ],
)
def test_no_cell_of_three_rows_follows_from_its_totals(counts: list[list[int]]) -> None:
    inner = np.array(counts)
    table = np.block([[inner, inner.sum(axis=1, keepdims=True)], [inner.sum(axis=0), inner.sum()]])
    hidden = hidden_in(counts)
    same = {tuple(cell) for cell in np.argwhere(hidden)}
    assert 2 <= hidden[:-1, :-1].sum() <= 4
    for one in completions(table, hidden):
        same -= {cell for cell in same if one[cell] != table[cell]}
        if not same:
            break
    assert not same, "each could be another number"


def test_a_larger_table_hides_few_cells_and_keeps_its_shape() -> None:
    counts = [[12, 3, 40], [25, 18, 31], [60, 7, 22], [9, 14, 55]]
    hidden = hidden_in(counts)
    assert hidden.shape == (5, 4)
    assert hidden[0, 1]
    assert 4 <= hidden.sum() <= 6, "a circle of four is enough"
    assert not hidden[-1, -1]
