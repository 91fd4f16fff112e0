"""Whether the database answers and has the schema that this program asks for, told soon: whoever asks waits for two seconds at most."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import psycopg
from psycopg import AsyncConnection

from store.connecting import Pool
from store.errors import CannotMigrate
from store.migrate import pending_in, read_migrations
from store.seeing import can_see
from store.times import Connection

WITHIN_S: Final = 2.0
"""In this time there is an answer, also of a server that takes connections and then says nothing."""
POOL_WAIT_S: Final = 0.8
"""For one of the pool's connections; after it one of our own is opened, which says at once why there is none."""
CONNECT_S: Final = 2
"""libpq takes no less."""
NAMED: Final = 3
"""Migrations that are waiting; more are counted."""
CLOSED_WITHIN_S: Final = 1.0
SEE: Final = "see that it runs and that BAILIWICK_DATABASE_URL is right"
SILENT: Final = f"the database does not answer within {WITHIN_S:g} s; {SEE}"
CANNOT_SEE: Final = (
    "this login may not act as the role bailiwick_seeing, so nobody would see anything; "
    "make the role, run `bailiwick migrate`, and grant it to the login of the API"
)
_CAUSE: Final = re.compile(r"failed: (?:FATAL: +)?(?!connection to server)(.+)")
_NAMES: Final = re.compile(r""" (?:for user|role|user) "[^"]*\"""")


class Readiness:
    """One question at a time; those who ask meanwhile wait for the same answer."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url, self._pool = url, pool
        self._asking: asyncio.Task[str | None] | None = None

    async def ask(self) -> str | None:
        """None when all is well; else what is wrong and, after a semicolon, what to do, in a line."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._asked(), name="readiness")
        # To cancel a question that hangs takes longer than to leave it to its end.
        done, _ = await asyncio.wait({self._asking}, timeout=WITHIN_S)
        return self._asking.result() if done else SILENT

    async def close(self) -> None:
        """Leaves a question that has no answer yet."""
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=CLOSED_WITHIN_S)

    async def _asked(self) -> str | None:
        try:
            try:
                async with self._pool.connection(timeout=POOL_WAIT_S) as conn:
                    return await _look(conn)
            except psycopg.OperationalError:  # away, or all of them at work
                async with await AsyncConnection.connect(self._url, autocommit=True, connect_timeout=CONNECT_S) as conn:
                    return await _look(conn)
        except psycopg.errors.ConnectionTimeout:
            return SILENT
        except psycopg.OperationalError as error:
            return f"the database does not answer: {why_away(error)}; {SEE}"
        except CannotMigrate as error:
            return str(error)
        except psycopg.Error as error:
            return f"the database lets this login not look: {str(error).splitlines()[0]}; grant it its role (docs/database.md)"


async def _look(conn: Connection) -> str | None:
    waiting = await pending_in(conn, read_migrations())
    if waiting:
        more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
        return f"the schema is not current: {', '.join(waiting[:NAMED])}{more} to be applied; run `bailiwick migrate`"
    return None if await can_see(conn) else CANNOT_SEE


def why_away(error: Exception) -> str:
    """The cause alone, without addresses and users: whoever asks has not said who they are."""
    causes = _CAUSE.findall(str(error))
    said = causes[-1] if causes else (str(error).splitlines() or [type(error).__name__])[0]
    return _NAMES.sub("", said).strip()
