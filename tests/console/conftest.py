"""`night`: the centre of `tests.console.world` over the embedded database; `address`: where it is served.

All tests here run in one event loop, with one browser: starting one for each would take longer than most of them. What a test
opened in it is closed when it ends.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import playwright.async_api as playwright
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from bailiwick.parts.postgres_server import PostgresServer
from tests.api.serving import served
from tests.conftest import launched
from tests.console.world import Begun, World, fill
from tests.console.world import night as night_over

_numbers: Final = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_browser() -> AsyncIterator[playwright.Browser]:
    """For all tests of this folder that one process runs."""
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(one_browser: playwright.Browser) -> AsyncIterator[playwright.Browser]:
    """The browser, with nothing open in it."""
    yield one_browser
    for context in one_browser.contexts:
        await context.close()


@pytest.fixture(scope="session")
def filled(embedded_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Begun]:
    """A database with the centre in it, to be copied for each test: filling one takes ten times as long. Nobody may be in it."""
    name = f"night_{os.getpid()}"
    with psycopg.connect(embedded_server.url("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with ThreadPoolExecutor(1) as beside:
            filling = fill(embedded_server.url(name), tmp_path_factory.mktemp("night"))
            begun = beside.submit(asyncio.run, filling).result()
        conn.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    return name, begun


@pytest.fixture
def night_url(embedded_server: PostgresServer, filled: tuple[str, Begun]) -> Iterator[str]:
    """A fresh copy."""
    name, template = f"{filled[0]}_{next(_numbers)}", filled[0]
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(embedded_server.url("postgres"), autocommit=True) as conn:
        conn.execute(copied)
    yield embedded_server.url(name)
    # Another connection: the test may have stopped the server meanwhile.
    with psycopg.connect(embedded_server.url("postgres"), autocommit=True) as conn:
        conn.execute(dropped)


@pytest_asyncio.fixture(loop_scope="session")
async def night(night_url: str, filled: tuple[str, Begun], tmp_path: Path) -> AsyncIterator[World]:
    """Eight wearers and nine alerts, at `NIGHT`."""
    async with night_over(night_url, tmp_path, begun=filled[1]) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="session")
async def address(night: World) -> AsyncIterator[str]:
    """Of the console over it, on a socket of this machine."""
    async with served(night.app) as where:
        yield where
