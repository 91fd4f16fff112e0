"""Small numbers are not shown, and none can be worked out from what is: suppression of tables of counts with their totals.

A count of 1 to 4 is suppressed, and with it as many others as it takes that no suppressed one follows from the totals: in every line of the
table (a row or a column with its total) at least two cells are hidden that come to five or more, and for each hidden cell there is another
table of whole numbers, none below zero, that shows the same and has another number there. A hidden cell may be any number, zero included.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 5
"""The smallest count that is shown, but for 0."""

Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]


def hidden_of(counts: Sequence[int]) -> tuple[list[bool], bool]:
    """Of some counts and their total, which are hidden; the total is hidden where it is small itself."""
    table, total = np.array(counts, np.int64), sum(counts)
    if 0 < total < LEAST:
        return [True] * len(counts), True
    hidden = (table > 0) & (table < LEAST)
    while hidden.any() and (hidden.sum() < 2 or table[hidden].sum() < LEAST) and not hidden.all():
        hidden[_smallest(table, ~hidden)] = True
    alone = bool(hidden.any()) and (int(hidden.sum()) < 2 or int(table[hidden].sum()) < LEAST)
    return [bool(one) for one in hidden], alone


def hidden_in(counts: Sequence[Sequence[int]]) -> Mask:
    """Which cells are hidden of a table with its totals.

    ``counts`` is (rows, columns); the result is (rows + 1, columns + 1), with the totals last in both.
    """
    inner = np.array(counts, np.int64).reshape(len(counts), -1)
    table = np.zeros((inner.shape[0] + 1, inner.shape[1] + 1), np.int64)
    table[:-1, :-1] = inner
    table[:-1, -1], table[-1, :-1], table[-1, -1] = inner.sum(axis=1), inner.sum(axis=0), inner.sum()
    hidden = (table > 0) & (table < LEAST)
    while not hidden.all():
        found = _too_open(table, hidden)
        if found is None:
            break
        hidden[found] = True
    return hidden


def _too_open(table: Counts, hidden: Mask) -> tuple[int, int] | None:
    """A cell to hide besides, because something hidden could be worked out; None when nothing can."""
    for axis in (0, 1):
        for k in range(table.shape[axis]):
            line = (k, slice(None)) if axis == 0 else (slice(None), k)
            own = hidden[line]
            if own.any() and not own.all() and (own.sum() < 2 or table[line][own].sum() < LEAST):
                return _cell(axis, k, _smallest(table[line], ~own))
    for row, column in np.argwhere(hidden):
        if not _may_be_another(table, hidden, int(row), int(column)):
            for axis, k in ((0, int(row)), (1, int(column))):
                own = hidden[k] if axis == 0 else hidden[:, k]
                if not own.all():
                    return _cell(axis, k, _smallest(table[k] if axis == 0 else table[:, k], ~own))
            first = np.argwhere(~hidden)[0]
            return int(first[0]), int(first[1])
    return None


def _cell(axis: int, k: int, place: int) -> tuple[int, int]:
    return (k, place) if axis == 0 else (place, k)


def _smallest(line: Counts, among: Mask) -> int:
    """The place of the smallest count among some, those that are not zero before those that are."""
    places = np.flatnonzero(among)
    return int(min(places, key=lambda place: (line[place] == 0, line[place], place)))


def _may_be_another(table: Counts, hidden: Mask, row: int, column: int) -> bool:
    """Whether a hidden cell could be one more or one less, others making up for it in every line."""
    return _makes_up(table, hidden, (row, column), +1) or (
        table[row, column] > 0 and _makes_up(table, hidden, (row, column), -1)
    )


def _makes_up(table: Counts, hidden: Mask, cell: tuple[int, int], change: int) -> bool:
    """Whether a change of a cell by one can be undone along a circle of hidden cells, none of which falls below zero.

    Totals stand on the other side of their line's sum, so with them signs turn. A line is a knot, a hidden cell joins its row and its column.
    """
    last = (table.shape[0] - 1, table.shape[1] - 1)

    def sign(row: int, column: int) -> int:
        return 1 if (row == last[0]) == (column == last[1]) else -1

    start, goal = ("row", cell[0]), ("column", cell[1])
    wanted = -change * sign(*cell)  # what the next cell in the column's line must change by, times its sign
    seen, queue = {(goal, wanted)}, deque([(goal, wanted)])
    while queue:
        (kind, k), turn = queue.popleft()
        cells = [(int(r), k) for r in np.flatnonzero(hidden[:, k])] if kind == "column" else []
        cells += [(k, int(c)) for c in np.flatnonzero(hidden[k])] if kind == "row" else []
        for row, column in cells:
            if (row, column) == cell or (turn * sign(row, column) < 0 and table[row, column] < 1):
                continue
            knot = ("row", row) if kind == "column" else ("column", column)
            if knot == start:
                return True
            if (knot, -turn) not in seen:
                seen.add((knot, -turn))
                queue.append((knot, -turn))
    return False
