"""No small number is shown, and none follows from what is: tried against every table that shows the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
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


def completions(table: np.ndarray, hidden: np.ndarray) -> Iterator[np.ndarray]:
    """Every table of whole numbers, none below zero, with the same numbers where they are shown; hidden ones up to a bound."""
    rows, columns = table.shape[0] - 1, table.shape[1] - 1
    most = int(table.max()) + 2
    free = [(r, c) for r in range(rows) for c in range(columns) if hidden[r, c]]

    def fill(found: np.ndarray, left: list[tuple[int, int]]) -> Iterator[np.ndarray]:
        if left:
            for value in range(most):
                found[left[0]] = value
                yield from fill(found, left[1:])
            return
        sums = found.copy()
        sums[:-1, -1], sums[-1, :-1] = found[:-1, :-1].sum(axis=1), found[:-1, :-1].sum(axis=0)
        sums[-1, -1] = found[:-1, :-1].sum()
        if (sums[~hidden] == table[~hidden]).all():
            yield sums

    yield from fill(np.where(hidden, 0, table), free)


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
    seen: dict[tuple[int, int], set[int]] = {}
    for one in completions(table, hidden):
        for cell in map(tuple, np.argwhere(hidden)):
            seen.setdefault(cell, set()).add(int(one[cell]))
    for cell, values in seen.items():
        assert int(table[cell]) in values, "the true one is among them"
        assert len(values) > 1, (cell, values)


def test_a_larger_table_hides_few_cells_and_keeps_its_shape() -> None:
    counts = [[12, 3, 40], [25, 18, 31], [60, 7, 22], [9, 14, 55]]
    hidden = hidden_in(counts)
    assert hidden.shape == (5, 4)
    assert hidden[0, 1]
    assert 4 <= hidden.sum() <= 6, "a circle of four is enough"
    assert not hidden[-1, -1]
