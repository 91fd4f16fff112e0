"""Short lists of many owners in one array, for the compiled fold; each can be written anew without the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FIRST_ROOM = 64
_SPARE = 4_096
"""So many rows that are nobody's any more are borne, and as many as are somebody's."""


class Grown:
    """An array that grows at its end. What was handed out stays as it was."""

    def __init__(self, dtype: DTypeLike, width: int | None = None) -> None:
        self._room = np.zeros((_FIRST_ROOM,) if width is None else (_FIRST_ROOM, width), dtype)
        self._size = 0

    @property
    def rows(self) -> NDArray[Any]:
        """What there is."""
        return self._room[: self._size]

    def append(self, rows: NDArray[Any] | list[Any]) -> None:
        """More of it."""
        need = self._size + len(rows)
        if need > len(self._room):
            room = np.zeros((max(need, 2 * len(self._room)), *self._room.shape[1:]), self._room.dtype)
            room[: self._size] = self.rows
            self._room = room
        if len(rows):
            self._room[self._size : need] = rows
        self._size = need


class Flat:
    """Owner ``k`` has the rows ``[first[k], last[k])`` of `rows`; what was written before stands elsewhere, unused.

    Arrays that were handed out stay as they were when something is written; they are the old ones then.

    Parameters
    ----------
    dtype : of a row. ``width``: columns of a row, where it has several.
    """

    def __init__(self, dtype: DTypeLike, width: int | None = None) -> None:
        self._grown = Grown(dtype, width)
        self._live = 0
        self.first = np.zeros(0, np.int64)
        self.last = np.zeros(0, np.int64)

    @property
    def rows(self) -> NDArray[Any]:
        """All rows, those of nobody too."""
        return self._grown.rows

    def put(self, owners: Sequence[int], lists: Sequence[Sequence[Any]], owners_in_all: int) -> None:
        """These owners have these rows from now on; there are ``owners_in_all``, new ones have none."""
        first, last = (np.zeros(owners_in_all, np.int64) for _ in range(2))
        first[: len(self.first)], last[: len(self.last)] = self.first, self.last
        self.first, self.last = first, last
        which = np.array(owners, np.int64)
        lengths = np.array([len(one) for one in lists], np.int64)
        self._live += int(lengths.sum() - (last[which] - first[which]).sum())
        begin = len(self.rows) + np.cumsum(lengths) - lengths
        self._grown.append([row for one in lists for row in one])
        first[which], last[which] = begin, begin + lengths
        if len(self.rows) > 2 * self._live + _SPARE:
            self._close_up()

    def _close_up(self) -> None:
        live = self.rows[self.places()[1]]
        self._grown = Grown(live.dtype, live.shape[1] if live.ndim > 1 else None)
        self._grown.append(live)
        lengths = self.last - self.first
        self.last = np.cumsum(lengths)
        self.first = self.last - lengths

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows,) int64 each: the owner of each row that is somebody's, and where it stands; owner by owner."""
        lengths = self.last - self.first
        owner = np.repeat(np.arange(len(lengths)), lengths)
        before = np.cumsum(lengths) - lengths
        return owner, np.arange(len(owner)) + np.repeat(self.first - before, lengths)
