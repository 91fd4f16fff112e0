"""Questions of `store.reading` about places beside the plain lists: open alerts' spans, a trail backwards, how complete it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from domain.adapted import is_adapted
from domain.records import Version
from store import caseload
from store.reading_types import PositionRow
from store.rows_read import position_row
from store.times import At, Connection


class OpenSpan(NamedTuple):
    """A violation of an alert that is not closed; ``to_us`` None while it is open."""

    wearer: str
    from_us: int
    to_us: int | None


class Counted(NamedTuple):
    """How many facts of a device and gen there are in a stretch, between which numbers (inclusive)."""

    device: str
    gen: int
    facts: int
    low: int
    high: int

    @property
    def missing(self) -> int:
        """How many between those numbers did not come; none of a device that numbers nothing (`domain.adapted`)."""
        return 0 if is_adapted(self.device) else self.high - self.low + 1 - self.facts


class PlaceQuestions(ABC):
    """What `Reading` answers of places; cut to its sight as all else."""

    async def open_spans(self, wearers: Sequence[str] | None = None) -> list[OpenSpan]:
        """The violations of alerts that are not closed, of all wearers or of some. In no order."""
        if wearers is None:
            return [OpenSpan(*row) for row in await self._rows("open_spans")]
        return [OpenSpan(*row) for row in await self._rows("open_spans_of", {"wearers": list(wearers)})]

    async def trail_backwards(self, wearer: str, from_us: int, to_us: int, limit: int) -> list[PositionRow]:
        """The newest used fixes of a wearer in ``[from_us, to_us)``, the newest first."""
        wanted = {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us), "limit": limit}
        return [position_row(row) for row in await self._rows("trail_backwards", wanted)]

    async def facts_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        """What came of a wearer's devices in ``[from_us, to_us)``, by device and gen."""
        wanted = {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us)}
        return [Counted(*row) for row in await self._rows("facts_between", wanted)]

    async def events_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        """The same of equipment events alone, for whoever has the fixes (`store.trails.counted`)."""
        wanted = {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us)}
        return [Counted(*row) for row in await self._rows("events_between", wanted)]

    async def permit_records(self, place: tuple[int, int, int]) -> tuple[list[Version], tuple[int, int, int]]:
        """Versions that permit positions, learnt after ``place`` (commit, line, record), and the place of the last of them.

        A page, in the order learnt; none says that there are no more. For a reader that sees everything.
        """
        async with self._asking() as conn:
            return await caseload.permitting(conn, place)

    @abstractmethod
    def _asking(self) -> AbstractAsyncContextManager[Connection]:
        """`store.reading.Reading` has it."""

    @abstractmethod
    async def _rows(self, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """`store.reading.Reading` has it."""
