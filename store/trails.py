"""A wearer's fixes between two instants as columns, with the newest judgement of each, and how many there are of each device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from psycopg.types.numeric import Int8BinaryLoader

from domain.instants import EARLY_US
from store.position_columns import FIX, NO_POSITIONS, PositionColumns, names_of
from store.reading_places import Counted
from store.statements import statement
from store.times import EPOCH_2000_US, At, Connection

BEGINNING: Final = (EARLY_US, "", 0, 0)


async def trail(
    conn: Connection, wearer: str, span: tuple[int, int], after: tuple[int, str, int, int] | None, limit: int
) -> PositionColumns:
    """The fixes in ``span``, by (fix time, device, gen, seq), those after ``after``."""
    after_us, device, gen, seq = after or BEGINNING
    wanted = {"wearer": wearer, "from_at": At(span[0]), "to_at": At(span[1]), "limit": limit}
    place = {"after_time": At(after_us), "after_device": device, "after_gen": gen, "after_seq": seq}
    cursor = conn.cursor()
    # The instants as they come: made one by one into those of 1970 they would take as long as all the rest.
    cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
    rows = await (await cursor.execute(statement("trail"), wanted | place)).fetchall()
    if not rows:
        return NO_POSITIONS
    devices, *columns = zip(*rows, strict=True)
    fixes = np.empty(len(rows), FIX)
    for name, column in zip(FIX.names or (), columns, strict=True):
        fixes[name] = column
    for name in ("t_us", "received_us"):
        fixes[name] += EPOCH_2000_US
    await _judge_anew(conn, fixes)
    return PositionColumns(np.full(len(rows), wearer, object), names_of(devices), fixes)


async def _judge_anew(conn: Connection, fixes: NDArray[np.void]) -> None:
    """Puts in the newest quality of those that a later fact made another."""
    parts = [(no, gen, part["seq"]) for no, gen, part in _by_gen(fixes["device_no"], fixes)]
    wanted: dict[str, Any] = {
        "nos": [no for no, _, _ in parts],
        "gens": [gen for _, gen, _ in parts],
        "lows": [int(seqs.min()) for _, _, seqs in parts],
        "highs": [int(seqs.max()) for _, _, seqs in parts],
    }
    rows = await (await conn.execute(statement("judged_anew"), wanted)).fetchall()
    if rows:
        newest = {(no, gen, seq): quality for no, gen, seq, quality in rows}
        identity = zip(*(fixes[name].tolist() for name in ("device_no", "gen", "seq")), strict=True)
        stored = fixes["quality"].tolist()
        fixes["quality"] = [newest.get(one, quality) for one, quality in zip(identity, stored, strict=True)]


def _by_gen(device: NDArray[Any], fixes: NDArray[np.void]) -> Iterable[tuple[Any, int, NDArray[np.void]]]:
    """(device, gen, its fixes), by device and gen."""
    for one in np.unique(device).tolist():
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
