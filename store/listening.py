"""LISTEN on a connection of its own: one task hears, others wait; a wait may be cancelled and begun again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection

CASELOAD_CHANNEL = "bailiwick_caseload"
EVENTS_CHANNEL = "bailiwick_events"
FIGURES_CHANNEL = "bailiwick_figures"
ALERTS_CHANNEL = "bailiwick_alerts"
EXPORTS_CHANNEL = "bailiwick_exports"
COMMANDS_CHANNEL = "bailiwick_commands"
CRIMES_CHANNEL = "bailiwick_crimes"


class Wakes:
    """Wakes whoever waits, at least once after each notification; several may make one.

    `wait` and iteration raise ``psycopg.OperationalError`` once the connection is lost.
    """

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._lost: psycopg.OperationalError | None = None

    async def hear(self, conn: AsyncConnection[Any]) -> None:
        """Hears until cancelled or the connection ends."""
        try:
            async for _ in conn.notifies():
                self._told.set()
        except psycopg.OperationalError as error:
            self._lost = error
            self._told.set()

    async def wait(self) -> None:
        """Returns when something was told since this last returned."""
        await self._told.wait()
        if self._lost is not None:
            raise self._lost
        self._told.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        await self.wait()


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncIterator[Wakes]:
    """Listens to one channel; listening has begun when the block is entered."""
    conn = await AsyncConnection.connect(url, autocommit=True)
    try:
        await conn.execute(f"LISTEN {channel}".encode())
        wakes = Wakes()
        hearing = asyncio.create_task(wakes.hear(conn), name=f"listening to {channel}")
        try:
            yield wakes
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
    finally:
        await conn.close()
