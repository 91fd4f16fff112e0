"""A small pool of connections that speak of instants as integers and plan for the values at hand."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import set_json_dumps
from psycopg_pool import AsyncConnectionPool

from store.statements import statement
from store.times import Connection, register_times

POOL_CONNECTIONS = 4
CONNECT_TIMEOUT_S = 10

Pool = AsyncConnectionPool[Connection]


class BinaryCursor(psycopg.AsyncCursor[Any]):
    """A cursor that asks for binary results: instants arrive as integers, and floats exactly."""

    def __init__(self, connection: AsyncConnection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = psycopg.pq.Format.BINARY


def require_database_url(url: str) -> str:
    """The URL; raises ``ValueError`` for one that no database is found by."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ValueError(_without_secrets(str(error))) from None
    return url


def _without_secrets(why: str) -> str:
    """What libpq says of a URL; it may repeat the password, so only what names a parameter is told as it is."""
    if why.startswith("invalid URI query parameter"):
        return why.strip()
    return "is no PostgreSQL URL; in a password, `%`, `/` and `@` are written `%25`, `%2F` and `%40`"


async def open_pool(url: str, *, keeps_plans: bool = False) -> Pool:
    """A pool to that database. Raises ``psycopg.OperationalError`` when it cannot be reached.

    ``keeps_plans`` is for those who put the same few questions many times a second, none with a filter that may be left out:
    planning them each time costs more than answering them.
    """
    # A pool tries for long and says little; one plain connection says at once what is wrong.
    async with await AsyncConnection.connect(url, connect_timeout=CONNECT_TIMEOUT_S):
        pass
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=POOL_CONNECTIONS,
        timeout=CONNECT_TIMEOUT_S,
        configure=configure_to_keep_plans if keeps_plans else configure,
        check=still_there,
        kwargs={"autocommit": True},
        open=False,
    )
    try:
        await pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
    except BaseException:
        # The pool's own tasks outlive being cancelled: nothing but closing it ends them.
        await pool.close()
        raise
    return pool


async def still_there(conn: Connection) -> None:
    """Raises ``psycopg.OperationalError`` for a connection that the server has ended.

    It says so, or hangs up: then there is something to read where nobody asked. To ask each time would be a round trip more for
    every question.
    """
    if _has_word(conn):
        await AsyncConnectionPool.check_connection(conn)


def _has_word(conn: Connection) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return True
    poll = select.poll()
    poll.register(conn.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


@asynccontextmanager
async def at_once(conn: Connection) -> AsyncIterator[None]:
    """A transaction whose statements go to the server together with its BEGIN and COMMIT, in one round trip.

    What a statement gives may be fetched inside, which costs one more, or afterwards. What goes wrong is raised here, or where it is
    fetched, and nothing was done.
    """
    try:
        async with conn.pipeline():
            await conn.execute(b"BEGIN")
            yield
            await conn.execute(b"COMMIT")
    except Exception:
        if not conn.closed:
            await conn.rollback()
        raise


async def configure(conn: Connection) -> None:
    """Readies one connection."""
    await configure_to_keep_plans(conn)
    # Filters that are left out, and days that need not be looked at, show only when the plan knows the values.
    await conn.execute(statement("plan_for_each_value"))


async def configure_to_keep_plans(conn: Connection) -> None:
    """Readies one connection; the server keeps a plan where that is no dearer than planning for the values."""
    register_times(conn)
    set_json_dumps(msgspec.json.encode, conn)
    conn.cursor_factory = BinaryCursor
