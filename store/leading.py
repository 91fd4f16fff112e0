"""One at work, others standing by: an advisory lock on a connection of its own.

The lock is free the moment the leader's connection ends, whatever ended it. It says who may work; what makes two
workers harmless is the commit number (`store.committing`).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import psycopg
from psycopg import AsyncConnection

from store.statements import statement
from store.times import Connection

STAND_BY_S = 0.25
"""How often one who stands by tries."""
HEARTBEAT_S = 1.0
ANSWER_TIMEOUT_S = 3.0
"""How often the leader asks whether its connection lives, and how long it waits for the answer."""


class Lead:
    """The lead, wanted or held. True while it is held, as far as we know.

    ::

        async with await store.lead() as lead:      # tries once, without waiting
            if not lead:
                await lead.wait()                   # stands by until it is ours
            ...
            await lead.lost()                       # returns when it no longer is
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn: Connection | None = None
        self._held = False

    def __bool__(self) -> bool:
        return self._held and self._conn is not None and not self._conn.closed

    async def __aenter__(self) -> Self:
        await self._try()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def wait(self) -> None:
        """Returns when the lead is ours. Stands by through losses of the database too."""
        while not self:
            try:
                await self._try()
            except psycopg.OperationalError:
                await self._end()
            if not self:
                await asyncio.sleep(STAND_BY_S)

    async def lost(self) -> None:
        """Returns when the lead is lost: the connection ended, or the server no longer answers on it."""
        conn = self._conn
        try:
            while self and conn is not None:
                # Waits on the socket, and so notices an end at once; a silent death shows at the heartbeat.
                async for _ in conn.notifies(timeout=HEARTBEAT_S):
                    pass
                await asyncio.wait_for(conn.execute(statement("still_there")), ANSWER_TIMEOUT_S)
        except (psycopg.OperationalError, TimeoutError):
            await self._end()

    async def _try(self) -> None:
        if self._conn is None or self._conn.closed:
            self._conn = await AsyncConnection.connect(self._url, autocommit=True)
            await self._conn.execute(statement("notice_lost_clients"))
        row = await (await self._conn.execute(statement("try_to_lead"))).fetchone()
        self._held = bool(row and row[0])

    async def _end(self) -> None:
        self._held = False
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()
