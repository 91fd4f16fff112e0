"""News kept as bytes: a hundred bytes each instead of seven hundred, and nothing for the collector to walk.

At a fix a second somebody who stays on the wrong side of a zone makes a thousand of them before the oldest stand alone
(`geofence.streams.MAX_RUN`), and a fleet has hundreds of such people at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import overload

from geofence.emissions import EMISSION, News

_FORMAT = Struct(
    "<" + "".join({"i1": "b", "i4": "i", "i8": "q", "f8": "d"}[EMISSION[name].str[1:]] for name in EMISSION.names or ())
)
NEWS_BYTES = _FORMAT.size
assert EMISSION.itemsize == NEWS_BYTES


class Kept(Sequence[News]):
    """News in order, like a list of them.

    Attributes
    ----------
    body : rows of `EMISSION` one after another.
    steady : how many of the newest only went on with what was.
    """

    __slots__ = ("body", "steady")

    def __init__(self, body: bytes = b"") -> None:
        self.body = bytearray(body)
        self.steady = 0

    def __len__(self) -> int:
        return len(self.body) // NEWS_BYTES

    def __iter__(self) -> Iterator[News]:
        return map(News._make, _FORMAT.iter_unpack(bytes(self.body)))

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
        return News._make(_FORMAT.unpack_from(self.body, at * NEWS_BYTES))

    def keep(self, row: bytes, *, steady: bool, most: int) -> None:
        """Take one more, as a row of `EMISSION`; of those that only go on, the first ``most`` and the newest."""
        self.steady = self.steady + 1 if steady else 0
        if self.steady > most:
            self.body[-NEWS_BYTES:] = row
        else:
            self.body += row

    def cut_back(self, length: int) -> None:
        """Keep the first ``length`` only."""
        del self.body[length * NEWS_BYTES :]
        self.steady = 0
