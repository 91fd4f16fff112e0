"""News kept as bytes: a hundred bytes each instead of seven hundred, and nothing for the collector to walk.

At a fix a second somebody who stays on the wrong side of a zone makes a thousand of them before the oldest stand alone
(`geofence.streams.MAX_RUN`), and a fleet has hundreds of such people at any time. So all but the newest are packed: they
differ from each other by little, and are read only when their condition is judged.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import overload

from geofence.emissions import EMISSION, GOES_ON, News

_FORMAT = Struct(
    "<" + "".join({"i1": "b", "i4": "i", "i8": "q", "f8": "d"}[EMISSION[name].str[1:]] for name in EMISSION.names or ())
)
NEWS_BYTES = _FORMAT.size
assert EMISSION.itemsize == NEWS_BYTES
PACKED_ROWS = 32
"""So many are packed together, once as many newer ones stand behind them."""
_PACKED_BYTES = PACKED_ROWS * NEWS_BYTES
_FLAGS = int(sum(EMISSION[name].itemsize for name in ("row", "what")))
_FAST = 1
"""The level of zlib: a fifth of the size for a few microseconds a row."""


class Kept(Sequence[News]):
    """News in order, like a list of them.

    Attributes
    ----------
    packed : the oldest, `PACKED_ROWS` rows of `EMISSION` in each, compressed.
    body : the newest, rows one after another.
    steady : how many of the newest only went on with what was.
    """

    __slots__ = ("body", "packed", "steady")

    def __init__(self, body: bytes = b"", packed: Iterable[bytes] = ()) -> None:
        self.packed = list(packed)
        self.body = bytearray(body)
        self.steady = self._newest_steady()

    def __len__(self) -> int:
        return len(self.packed) * PACKED_ROWS + len(self.body) // NEWS_BYTES

    def __iter__(self) -> Iterator[News]:
        return map(News._make, _FORMAT.iter_unpack(self.rows()))

    @overload
    def __getitem__(self, index: int) -> News: ...
    @overload
    def __getitem__(self, index: slice) -> list[News]: ...
    def __getitem__(self, index: int | slice) -> News | list[News]:
        if isinstance(index, slice):
            return list(self)[index]
        at = index if index >= 0 else len(self) + index
        if not 0 <= at < len(self):
            raise IndexError("no such news")
        block, row = divmod(at, PACKED_ROWS)
        if block < len(self.packed):
            return News._make(_FORMAT.unpack_from(zlib.decompress(self.packed[block]), row * NEWS_BYTES))
        return News._make(_FORMAT.unpack_from(self.body, (at - len(self.packed) * PACKED_ROWS) * NEWS_BYTES))

    def rows(self) -> bytes:
        """All of them, as rows of `EMISSION`."""
        return b"".join([*map(zlib.decompress, self.packed), self.body])

    def keep(self, row: bytes, *, steady: bool, most: int) -> None:
        """Take one more, as a row of `EMISSION`; of those that only go on, the first ``most`` and the newest."""
        self.steady = self.steady + 1 if steady else 0
        if self.steady > most:
            self.body[-NEWS_BYTES:] = row
            return
        self.body += row
        if len(self.body) >= 2 * _PACKED_BYTES:
            self.packed.append(zlib.compress(self.body[:_PACKED_BYTES], _FAST))
            del self.body[:_PACKED_BYTES]

    def cut_back(self, length: int) -> None:
        """Keep the first ``length`` only."""
        if length < len(self.packed) * PACKED_ROWS:
            self._unpack()
        del self.body[max(0, length - len(self.packed) * PACKED_ROWS) * NEWS_BYTES :]
        self.steady = self._newest_steady()

    def only_goes_on_since(self, length: int) -> bool:
        """Whether all but the first ``length`` only went on with what was."""
        return self.steady >= len(self) - length

    def thin(self, length: int, needed: Iterable[int]) -> None:
        """Of the first ``length`` keep those at ``needed`` only."""
        self._unpack()
        rows = bytes(self.body)
        self.body[: length * NEWS_BYTES] = b"".join(rows[k * NEWS_BYTES : (k + 1) * NEWS_BYTES] for k in needed)

    def _newest_steady(self) -> int:
        """How many of the newest only went on, by their own flags."""
        flags = bytes(self.body[_FLAGS::NEWS_BYTES])
        if len(flags) == sum(flag & GOES_ON != 0 for flag in flags):
            flags = self.rows()[_FLAGS::NEWS_BYTES]
        return next((k for k, flag in enumerate(reversed(flags)) if not flag & GOES_ON), len(flags))

    def _unpack(self) -> None:
        self.body = bytearray(self.rows())
        self.packed.clear()
