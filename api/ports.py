"""What `api` asks of the database: a port owned here, kept by `store.reading` and by the fake of the tests.

Every list is in a stated order and is read on by the key of its last row, never by an offset: rows that come in
meanwhile shift nothing. Instants are microseconds UTC, ids are Python integers (64 bits in the database).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.violations import Violation
from store.reading_types import (
    AlertFilter,
    AlertRow,
    Counts,
    DeviceRow,
    EventRow,
    PositionRow,
    ViolationFilter,
    WearerRow,
)
from store.reconciling import Reconciliation


class Reading(Protocol):
    """The reading side of the store."""

    async def ready(self) -> str | None:
        """None when the database answers and has the current schema; else what is wrong, in a line."""

    async def counts(self) -> Counts:
        """The live figures."""

    async def reconciliation(self) -> Reconciliation:
        """Orders, fittings and data held against each other."""

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        """Wearers by id, those after ``after``."""

    async def wearer(self, wearer: str) -> WearerRow | None:
        """One wearer."""

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        """Devices by id, those after ``after``."""

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        """The newest fix that may be drawn of every wearer, by wearer id, those after ``after``."""

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> list[PositionRow]:
        """All fixes of a wearer in ``[from_us, to_us)`` by (fix time, device, gen, seq), those after ``after``."""

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        """Newest version of each violation with its row number, newest first, those before ``before``."""

    async def versions_of(self, violation_id: str) -> list[Violation]:
        """Every version of one violation, oldest first; empty when there is none of that id."""

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        """Alerts by (raised, no), newest first, those before ``before``."""

    async def alert(self, no: int) -> AlertRow | None:
        """One alert."""

    async def events(self, after: int, limit: int) -> list[EventRow]:
        """Events after a number, in order."""

    async def newest_event(self) -> int:
        """The number of the newest event; 0 when there is none."""

    async def oldest_event(self) -> int:
        """The number of the oldest event that is still kept; 0 when there is none."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields whenever events were committed, at least once after each; several commits may make one."""
