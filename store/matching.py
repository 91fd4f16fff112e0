"""How crimes are matched, over the database: claimed by one process at a time, fixes read a stretch at a time, results entered.

Facts are found by time alone: days outside a window are not looked at (chunks are excluded, and a block-range index passes over the
rest), so that what a crime costs does not grow with what is stored (docs/decisions/0054-crime-matching.md). Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from domain.instants import DAY_US
from domain.vocabulary import MatchReason
from store.connecting import Pool, open_pool
from store.listening import CRIMES_CHANNEL, listening
from store.statements import statement
from store.times import EPOCH_2000_US, At, Connection

CLAIMED_AT_ONCE: Final = 100
"""Crimes of one batch: their tallies are some 60 MB for 18,000 wearers."""
LATE_US: Final = 31 * DAY_US
"""For so long after a crime it is matched again when data come late."""
READ: Final = np.dtype(
    [
        *((name, np.int64) for name in ("device_no", "gen", "seq", "t_us")),
        *((name, np.float64) for name in ("lat", "lon", "acc")),
        ("quality", np.int8),
    ]
)
"""One fix as it was first judged: its identity, instant, degrees, metres, quality."""


_COLUMNS: Final = ("device_no", "gen", "seq", "t_us", "lat", "lon", "acc", "quality")
_FLOATS: Final = frozenset({"lat", "lon", "acc"})
_HEADER_BYTES: Final = 20
"""Of an array of one dimension in PostgreSQL's binary form: dimensions, whether it holds NULLs, type, length, first index."""


class Claimed(NamedTuple):
    """A crime in hand, as it was told last: degrees, metres, half open."""

    no: int
    version: int
    reason: MatchReason
    lon: float
    lat: float
    within_m: float
    radius_m: float
    from_us: int
    to_us: int


class Worn(NamedTuple):
    """A device that says where it is, on a wearer in ``[from_us, to_us)``; a longer gap than ``gap_s`` parts its fixes."""

    device_no: int
    wearer: str
    from_us: int
    to_us: int
    gap_s: int


class FoundNear(NamedTuple):
    """A wearer who was near, as it is kept (`store.crimes.Match`)."""

    wearer: str
    score: int
    near_home: bool
    positions: int
    visits: list[list[Any]]
    fixes: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a crime came to; ``digest`` is the same for the same result."""

    near: Sequence[FoundNear]
    elsewhere: int
    elsewhere_throughout: int
    no_data: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Crimes in hand until the block is left, what is known up to ``commit_no``, and `enter` for each."""

    conn: Connection
    crimes: list[Claimed]
    commit_no: int

    async def enter(self, crime: Claimed, found: Found, at_us: int) -> bool:
        """Enters what it came to; False where that is what stands already: what became known since changed nothing."""
        row = await (await self.conn.execute(statement("crime_matching_newest"), {"no": crime.no})).fetchone()
        if row is not None and (row[0], bytes(row[1])) == (crime.version, found.digest):
            return False
        counts = {
            "elsewhere": found.elsewhere,
            "elsewhere_throughout": found.elsewhere_throughout,
            "no_data": found.no_data,
        }
        told = {
            "no": crime.no,
            "version": crime.version,
            "reason": crime.reason,
            "at": At(at_us),
            "digest": found.digest,
        }
        result = told | counts | {"near": len(found.near), "commit_no": self.commit_no}
        row = await (await self.conn.execute(statement("crime_matching_enter"), result)).fetchone()
        assert row is not None
        near = [one._asdict() | {"visits": Jsonb(one.visits), "fixes": Jsonb(one.fixes)} for one in found.near]
        if near:
            async with self.conn.cursor() as cursor:
                await cursor.executemany(
                    statement("crime_match_enter"), [{"matching_no": row[0]} | one for one in near]
                )
        return True


class CrimeFacts:
    """Fixes of a time, and on whom devices were; over a pool that somebody else closes.

    It sees everything: what comes of it is cut before it is shown.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fixes(self, from_us: int, to_us: int, devices: Sequence[int] | None = None) -> NDArray[np.void]:
        """Fixes of ``[from_us, to_us)`` that may be used (quality ok or implausible, not lbs), of all or of some devices: `READ`.

        In no order; which of them are used, `newest_qualities` says.
        """
        span: dict[str, Any] = {"from_at": At(from_us), "to_at": At(to_us)}
        name = "fixes_between" if devices is None else "fixes_of_devices_between"
        async with self._pool.connection() as conn:
            cursor = await conn.execute(statement(name), span if devices is None else span | {"nos": list(devices)})
            assert cursor.pgresult is not None
            columns = [cursor.pgresult.get_value(0, place) for place in range(len(_COLUMNS))]
        arrays = [_elements(body, is_float=name in _FLOATS) for name, body in zip(_COLUMNS, columns, strict=True)]
        found = np.empty(len(arrays[0]), READ)
        for name, array in zip(_COLUMNS, arrays, strict=True):
            found[name] = array
        found["t_us"] += EPOCH_2000_US
        return found

    async def newest_qualities(self, fixes: NDArray[np.void]) -> NDArray[np.int8]:
        """The newest judgement of each of some fixes with `device_no`, `gen`, `seq`; -1 where the first one stands: (fixes,)."""
        found = np.full(len(fixes), -1, np.int8)
        if len(fixes):
            columns = {"nos": "device_no", "gens": "gen", "seqs": "seq"}
            wanted = {name: fixes[column].tolist() for name, column in columns.items()}
            for place, quality in await self._rows("newest_qualities", wanted):
                found[place - 1] = quality
        return found

    async def worn(self, from_us: int, to_us: int, wearer: str | None = None) -> list[Worn]:
        """What was on whom in ``[from_us, to_us)``, by device and time; of one wearer or of all."""
        span = {"from_at": At(from_us), "to_at": At(to_us), "wearer": wearer}
        return [Worn(*row) for row in await self._rows("worn_between", span)]

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


class CrimeMatching:
    """Opened with `open`, closed with ``async with``."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool
        self.facts = CrimeFacts(pool)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``ConnectionLost`` when the database cannot be reached."""
        return cls(url, await open_pool(url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Gives what returns when crimes were entered; on a connection of its own."""
        async with listening(self._url, CRIMES_CHANNEL) as wakes:
            yield wakes.wait

    @asynccontextmanager
    async def claimed(self, limit: int = CLAIMED_AT_ONCE) -> AsyncIterator[Batch]:
        """Crimes that are to be matched, in one transaction; none says that there are none, or that another has them in hand.

        Those of the batch are matched when the block is left, and again to be matched when it fails.
        """
        async with self._pool.connection() as conn, conn.transaction():
            rows = await (await conn.execute(statement("crimes_claim"), {"limit": limit})).fetchall()
            crimes = [Claimed(no, version, MatchReason(reason), *rest) for no, version, reason, *rest in rows]
            batch = Batch(conn, crimes, await _newest_commit(conn))
            yield batch
            numbers = {"numbers": [one.no for one in crimes], "commit_no": batch.commit_no}
            await conn.execute(statement("crimes_matched"), numbers)
            if batch.crimes:
                await conn.execute(statement("crimes_look_again"), {"commit_no": batch.commit_no})

    async def look_for_late(self, now_us: int) -> int:
        """Has crimes matched again of whose windows facts, or another caseload, became known since they were; how many."""
        async with self._pool.connection() as conn, conn.transaction():
            ((after,),) = await (await conn.execute(statement("crimes_look_lock"))).fetchall()
            upto = await _newest_commit(conn)
            span = {"after": after, "upto": upto, "since": At(now_us - LATE_US)}
            late = await conn.execute(statement("crimes_look_on"), span)
            varied = await conn.execute(statement("crimes_look_on_records"), span)
            await conn.execute(statement("crimes_looked_upto"), {"upto": upto})
            return late.rowcount + varied.rowcount


def _elements(body: bytes | None, *, is_float: bool) -> NDArray[Any]:
    """The elements of an array of 64-bit values as PostgreSQL sends it, each after its length; none of what is NULL."""
    dtype = np.dtype([("#", ">i4"), ("value", ">f8" if is_float else ">i8")])
    return np.frombuffer(body or bytes(_HEADER_BYTES), dtype, offset=_HEADER_BYTES)["value"]


async def _newest_commit(conn: Connection) -> int:
    row = await (await conn.execute(statement("newest_commit"))).fetchone()
    return int(row[0]) if row else 0
