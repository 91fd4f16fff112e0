"""Statements that go to the server together are one transaction; a connection that the server ended is given to nobody; a pool
that nobody gets leaves nothing behind."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from store.connecting import at_once, open_pool
from store.times import Connection


async def told(conn: Connection, *words: str | None, then: Exception | None = None) -> None:
    async with at_once(conn):
        for word in words:
            await conn.execute("INSERT INTO told VALUES (%s)", (word,))
        if then is not None:
            raise then


async def test_all_of_it_is_done_or_nothing_and_the_connection_goes_on(embedded_url: str) -> None:
    async with await open_pool(embedded_url) as pool, pool.connection() as conn:
        await conn.execute("CREATE TABLE told (word text NOT NULL)")
        async with at_once(conn):
            await conn.execute("INSERT INTO told VALUES ('first')")
            cursor = await conn.execute("SELECT word FROM told")
        assert await cursor.fetchall() == [("first",)]
        with pytest.raises(psycopg.errors.NotNullViolation):
            await told(conn, "second", None, "third")
        with pytest.raises(RuntimeError):
            await told(conn, "fourth", then=RuntimeError())
        assert await (await conn.execute("SELECT word FROM told")).fetchall() == [("first",)]


async def test_what_only_the_commit_refuses_is_raised(embedded_url: str) -> None:
    async with await open_pool(embedded_url) as pool, pool.connection() as conn:
        await conn.execute("CREATE TABLE told (word text UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            await told(conn, "a", "a")
        assert await (await conn.execute("SELECT word FROM told")).fetchall() == []


async def test_a_connection_that_the_server_ended_meanwhile_is_another(database_url: str) -> None:
    async with await open_pool(database_url) as pool:
        async with pool.connection() as conn:
            first = conn.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
        async with pool.connection() as conn:
            assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
            assert conn.info.backend_pid != first


def workers() -> list[asyncio.Task[object]]:
    """The pools' own tasks that run."""
    return [task for task in asyncio.all_tasks() if "worker" in task.get_name()]


async def test_a_pool_whose_opening_is_cancelled_leaves_no_task_that_a_process_would_wait_for(
    embedded_url: str,
) -> None:
    """As when a process ends because another part of it failed; the pool's own tasks outlive being cancelled."""
    opening = asyncio.create_task(open_pool(embedded_url))
    while not workers():
        assert not opening.done()
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    assert opening.cancelled()
    assert workers() == []
