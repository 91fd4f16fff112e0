"""The live figures, asked of the database at most once a second however many look at them."""

from __future__ import annotations

import asyncio
from typing import Final

from api.ports import Reading
from store.reading_types import Counts

FRESH_S: Final = 1.0


class Figures:
    """`Counts` that are at most `FRESH_S` old."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._lock = asyncio.Lock()
        self._counts: Counts | None = None
        self._until = 0.0

    async def now(self) -> Counts:
        """The figures; those who ask together share one query."""
        async with self._lock:
            time = asyncio.get_running_loop().time()
            if self._counts is None or time >= self._until:
                self._counts = await self._reading.counts()
                self._until = time + FRESH_S
            return self._counts
