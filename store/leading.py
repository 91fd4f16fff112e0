"""One at work, others standing by: an advisory lock on a connection of its own.

The lock is free the moment the leader's connection ends, whatever ended it. A leader that is frozen keeps its connection: so it
has a pulse beside it, a thread that asks the database something twice a second, however long the event loop is at work. Whoever
stands by sees the pulse stop, and ends the connection. The lock says who may work; what makes two workers harmless is the
commit number (`store.committing`).
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
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
PULSE_S = 0.5
"""How often the pulse of a leader asks."""
PULSE_RETRY_S = 0.1
FROZEN_LOOKS = 12
"""A leader whose pulse asked nothing between so many tries in a row of one who stands by (3 s) is frozen. Tries are counted, not
seconds: the time in which we were frozen ourselves, or the machine was, is none of theirs."""


async def nobody_leads(conn: Connection) -> bool:
    """Whether nobody leads; nobody begins to until the caller's transaction ends."""
    row = await (await conn.execute(statement("nobody_leads"))).fetchone()
    return bool(row and row[0])


class Pulse(threading.Thread):
    """Asks the database something twice a second, until it is told to stop; its session names the leader's."""

    def __init__(self, url: str, leader: int) -> None:
        super().__init__(name="pulse", daemon=True)
        self._url = url
        self._session = f"bailiwick pulse of {leader}"
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(PULSE_RETRY_S):
            with suppress(psycopg.OperationalError):
                self._beat()

    def stop(self) -> None:
        """Returns at once; the thread ends by itself."""
        self._stop_asked.set()

    def _beat(self) -> None:
        with psycopg.connect(self._url, autocommit=True, application_name=self._session) as conn:
            while not self._stop_asked.wait(PULSE_S):
                conn.execute(statement("still_there"))


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
        self.ended_frozen = False  # whether the last that led was frozen, and we ended its connection
        self._pulse: Pulse | None = None
        self._heard: tuple[int, object] | None = None
        self._looks = 0

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
        if self._held:
            self._pulse = Pulse(self._url, self._conn.info.backend_pid)
            self._pulse.start()
        else:
            await self._notice_frozen(self._conn)

    async def _notice_frozen(self, conn: Connection) -> None:
        """Ends the connection of a leader whose pulse has stopped."""
        heard: tuple[int, object] | None = await (await conn.execute(statement("pulse_of_leader"))).fetchone()
        if heard is None or heard != self._heard:
            self._heard, self._looks = heard, 0
            self.ended_frozen = self.ended_frozen and heard is None
            return
        self._looks += 1
        if self._looks % FROZEN_LOOKS == 0:
            await conn.execute(statement("end_leader"), {"pid": heard[0]})
            self.ended_frozen = True

    async def _end(self) -> None:
        self._held = False
        conn, self._conn = self._conn, None
        pulse, self._pulse = self._pulse, None
        if pulse is not None:
            pulse.stop()
        if conn is not None:
            await conn.close()
