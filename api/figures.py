"""The live figures, asked of the database at most once a second however many look at them; what is dearer, now and then."""

from __future__ import annotations

import asyncio
from typing import Final

from api.ports import Reading
from store.reading_types import Counts
from store.reconciling import Reconciliation

FRESH_S: Final = 1.0
RECONCILED_EVERY_S: Final = 900.0


class Figures:
    """`Counts` that are at most `FRESH_S` old, and a `Reconciliation` of the last `RECONCILED_EVERY_S`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._lock = asyncio.Lock()
        self._counts: Counts | None = None
        self._until = 0.0
        self._reconciling = asyncio.Lock()
        self._reconciled: Reconciliation | None = None
        self._reconciled_until = 0.0

    async def now(self) -> Counts:
        """The figures; those who ask together share one query."""
        async with self._lock:
            time = asyncio.get_running_loop().time()
            if self._counts is None or time >= self._until:
                self._counts = await self._reading.counts()
                self._until = time + FRESH_S
            return self._counts

    async def reconciliation(self) -> Reconciliation:
        """What did not fit together when it was last asked."""
        async with self._reconciling:
            time = asyncio.get_running_loop().time()
            if self._reconciled is None or time >= self._reconciled_until:
                self._reconciled = await self._reading.reconciliation()
                self._reconciled_until = time + RECONCILED_EVERY_S
            return self._reconciled
