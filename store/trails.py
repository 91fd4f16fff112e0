"""A wearer's fixes between two instants as columns, with the newest judgement of each, and how many there are of each device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor, postgres
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from domain.instants import EARLY_US
from store.position_columns import FIX, NO_POSITIONS, PositionColumns, names_of
from store.reading_places import Counted
from store.statements import statement
from store.times import EPOCH_2000_US, At, Connection

BEGINNING: Final = (EARLY_US, "", 0, 0)
_ARRAY_HEAD: Final = 20
"""Bytes before the first element of an array of one dimension: dimensions, flags, type, length, lower bound."""


class _ColumnLoader(Loader):
    """A binary array of one dimension without nulls, as the column that it is: (rows,) of ``kind``, big-endian."""

    format = Format.BINARY
    kind: ClassVar[str]

    def load(self, data: Buffer) -> NDArray[Any]:
        element = np.dtype([("bytes", ">i4"), ("value", self.kind)])
        column: NDArray[Any] = np.frombuffer(data, element, offset=_ARRAY_HEAD)["value"]
        return column


class _Int2Column(_ColumnLoader):
    kind = ">i2"


class _Int8Column(_ColumnLoader):
    kind = ">i8"


class _Float8Column(_ColumnLoader):
    kind = ">f8"


_COLUMNS: Final[dict[str, type[Loader]]] = {
    "int2": _Int2Column,
    "int8": _Int8Column,
    "float8": _Float8Column,
    # The instants as they come: made one by one into those of 1970 they would take as long as all the rest.
    "timestamptz": _Int8Column,
}


async def ask_trail(
    conn: Connection, wearer: str, span: tuple[int, int], after: tuple[int, str, int, int] | None, limit: int
) -> AsyncCursor[Any]:
    """Puts the question for the fixes in ``span``, by (fix time, device, gen, seq), those after ``after``; `read_trail` has the answer."""
    after_us, device, gen, seq = after or BEGINNING
    wanted = {"wearer": wearer, "from_at": At(span[0]), "to_at": At(span[1]), "limit": limit}
    place = {"after_time": At(after_us), "after_device": device, "after_gen": gen, "after_seq": seq}
    cursor = conn.cursor()
    for name, loader in _COLUMNS.items():
        cursor.adapters.register_loader(postgres.types[name].array_oid, loader)
    return await cursor.execute(statement("trail"), wanted | place)


async def read_trail(cursor: AsyncCursor[Any], wearer: str) -> PositionColumns:
    """What `ask_trail` asked for."""
    row = await cursor.fetchone()
    assert row is not None, "an aggregate gives a row"
    *columns, worn, anew = row
    if columns[0] is None:
        return NO_POSITIONS
    fixes = np.empty(len(columns[0]), FIX)
    for name, column in zip(FIX.names or (), columns, strict=True):
        fixes[name] = column
    for name in ("t_us", "received_us"):
        fixes[name] += EPOCH_2000_US
    if anew:
        _judge_anew(fixes, {(no, gen, seq): quality for no, gen, seq, quality in anew})
    return PositionColumns(np.full(len(fixes), wearer, object), _names(fixes["device_no"], dict(worn)), fixes)


def _judge_anew(fixes: NDArray[np.void], newest: Mapping[tuple[int, int, int], int]) -> None:
    """Puts in the newest quality of those that a later fact made another."""
    identity = zip(*(fixes[name].tolist() for name in ("device_no", "gen", "seq")), strict=True)
    stored = fixes["quality"].tolist()
    fixes["quality"] = [newest.get(one, quality) for one, quality in zip(identity, stored, strict=True)]


def _names(device_no: NDArray[np.int64], worn: Mapping[int, str]) -> NDArray[np.object_]:
    """The id of each fix's device."""
    nos, place = np.unique(device_no, return_inverse=True)
    return names_of(worn[no] for no in nos.tolist())[place]


def _by_gen(device: NDArray[Any], fixes: NDArray[np.void]) -> Iterable[tuple[Any, int, NDArray[np.void]]]:
    """(device, gen, its fixes), by device and gen."""
    for one in sorted(set(device.tolist())):
        of_device = fixes[device == one]
        for gen in np.unique(of_device["gen"]).tolist():
            yield one, gen, of_device[of_device["gen"] == gen]


def counted(some: PositionColumns) -> list[Counted]:
    """How many fixes there are of each device and gen."""
    return [
        Counted(device, gen, len(part), int(part["seq"].min()), int(part["seq"].max()))
        for device, gen, part in _by_gen(some.devices, some.fixes)
    ]


def together(counts: Sequence[Counted]) -> list[Counted]:
    """Counts of different facts in one, by device and gen."""
    found: dict[tuple[str, int], Counted] = {}
    for one in counts:
        key = (one.device, one.gen)
        before = found.get(key, Counted(*key, 0, one.low, one.high))
        low, high = min(before.low, one.low), max(before.high, one.high)
        found[key] = Counted(*key, before.facts + one.facts, low, high)
    return [found[key] for key in sorted(found)]
