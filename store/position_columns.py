"""Fixes and whose they are, as columns: a map of everybody has 18,000 of them, a trail of a day 1,440, and no loop goes over either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import Quality, Source
from store.reading_types import PositionRow

FIX: Final = np.dtype(
    [
        ("device_no", np.int64),
        ("gen", np.int64),
        ("seq", np.int64),
        ("t_us", np.int64),
        ("received_us", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("acc", np.float64),
        ("spd", np.float64),
        ("hdg", np.float64),
        ("src", np.int8),
        ("quality", np.int8),
    ]
)
"""One stored fix; ``spd`` and ``hdg`` NaN where the device said none."""

_SOURCES: Final = {source.value: source.name.lower() for source in Source}
_QUALITIES: Final = {quality.value: quality.name.lower() for quality in Quality}
_SOURCE_NOS: Final = {name: number for number, name in _SOURCES.items()}
_QUALITY_NOS: Final = {name: number for number, name in _QUALITIES.items()}
_NUMBERS: Final = ("t_us", "received_us", "lat", "lon", "acc")


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """Some fixes in order, one row each.

    Attributes
    ----------
    wearers, devices : (rows,) object, ids.
    fixes : (rows,) `FIX`.
    """

    wearers: NDArray[np.object_]
    devices: NDArray[np.object_]
    fixes: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.fixes)

    def at(self, some: NDArray[Any] | slice) -> PositionColumns:
        """Those rows, by place, by mask or as a slice."""
        return PositionColumns(self.wearers[some], self.devices[some], self.fixes[some])

    def sources(self) -> list[str]:
        """The word of each row's source."""
        return _words(_SOURCES, self.fixes["src"])

    def qualities(self) -> list[str]:
        """The word of each row's quality."""
        return _words(_QUALITIES, self.fixes["quality"])

    def said(self, name: str) -> list[float | None]:
        """``spd`` or ``hdg`` of each row, None where the device said none."""
        column = self.fixes[name]
        values: list[float | None] = column.tolist()
        for place in np.flatnonzero(np.isnan(column)).tolist():
            values[place] = None
        return values

    def key(self, row: int) -> tuple[int, str, int, int]:
        """What a trail is in the order of: fix time, device, gen, seq."""
        fix = self.fixes[row]
        return int(fix["t_us"]), str(self.devices[row]), int(fix["gen"]), int(fix["seq"])

    def rows(self) -> list[PositionRow]:
        """The same, row by row."""
        fixes = self.fixes
        numbers = (fixes[name].tolist() for name in _NUMBERS)
        identity = (fixes[name].tolist() for name in ("gen", "seq"))
        words = (self.sources(), self.qualities())
        columns = (self.wearers, self.devices, *numbers, *words, *identity, self.said("spd"), self.said("hdg"))
        return [PositionRow(*row) for row in zip(*columns, strict=True)]


def _words(of: dict[int, str], numbers: NDArray[np.int8]) -> list[str]:
    return list(map(of.__getitem__, numbers.tolist()))


def names_of(names: Iterable[str]) -> NDArray[np.object_]:
    """Ids as a column."""
    listed = list(names)
    column = np.empty(len(listed), object)
    column[:] = listed
    return column


def columns_of(rows: Sequence[PositionRow]) -> PositionColumns:
    """Rows as columns; the numbers of devices, which rows do not have, are 0."""
    fixes = np.zeros(len(rows), FIX)
    for name in (*_NUMBERS, "gen", "seq"):
        fixes[name] = [getattr(row, name) for row in rows]
    for name in ("spd", "hdg"):
        fixes[name] = [np.nan if (said := getattr(row, name)) is None else said for row in rows]
    fixes["src"] = [_SOURCE_NOS[row.src] for row in rows]
    fixes["quality"] = [_QUALITY_NOS[row.quality] for row in rows]
    return PositionColumns(names_of(row.wearer for row in rows), names_of(row.device for row in rows), fixes)


NO_POSITIONS: Final = columns_of(())
