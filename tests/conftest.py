"""Real parts for the tests: servers once a session, a fresh database and a fresh broker for each test.

``timescale_url``, ``embedded_url``, ``database_url`` (both); ``mosquitto``, ``iotcore_broker``, ``broker`` (both);
A client of Mosquitto must name itself.
``mosquitto_with(**options)`` for other settings; ``timescale_server`` and ``embedded_server`` to stop, kill and restart.
``chromium``: a headless browser. A test that takes one of them is marked ``real``.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import playwright.async_api as playwright
import psutil
import psycopg
import pytest
from psycopg import sql

from bailiwick.parts.browser import headless_browser
from bailiwick.parts.embedded_broker import IotcoreBroker
from bailiwick.parts.embedded_database import embedded_database
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.processes import PartFailed
from bailiwick.parts.real_parts import RealParts, real_parts
from store import Store

GIVEN_DATABASE = "BAILIWICK_TEST_DATABASE_URL"
GIVEN_BROKER = "BAILIWICK_TEST_MQTT_URL"
REAL = {
    "timescale_server",
    "timescale_url",
    "embedded_server",
    "embedded_url",
    "database_url",
    "mosquitto",
    "mosquitto_with",
    "iotcore_broker",
    "broker",
    "installed_parts",
    "chromium",
}

LITTLE = {"max_wal_size": "512MB", "min_wal_size": "80MB"}
"""What is kept of a log that nobody recovers much from."""
IN_MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 6 << 30

_numbers = itertools.count(1)


class GivenDatabase:
    """A TimescaleDB that somebody else runs: it gives databases, and is not ours to stop."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()

    def restart(self) -> None:
        raise PartFailed(f"this test stops the database, and that of {GIVEN_DATABASE} is not ours to stop")

    stop = start = kill = restart


class GivenBroker:
    """A Mosquitto that somebody else runs: it is not ours to stop, and keeps what other tests left."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.urls = [url]
        self.port = urlsplit(url).port or 1883

    def restart(self) -> None:
        raise PartFailed(f"this test stops the broker, and that of {GIVEN_BROKER} is not ours to stop")

    stop = start = kill = restart


Server: TypeAlias = PostgresServer | GivenDatabase
Templates: TypeAlias = Callable[[Server, pytest.FixtureRequest], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if REAL.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@contextmanager
def failing_in_one_line() -> Iterator[None]:
    try:
        yield
    except PartFailed as error:
        pytest.fail(str(error), pytrace=False)


def roomy_memory() -> Path | None:
    """Where files are no matter of a disk: a database is a thousand of them, and each test makes one and drops it."""
    if not os.access(IN_MEMORY, os.W_OK) or psutil.virtual_memory().available < ENOUGH_BYTES:
        return None
    found = os.statvfs(IN_MEMORY)
    roomy = found.f_bavail * found.f_frsize >= ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC
    return IN_MEMORY if roomy else None


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """A folder that the parts' account can reach, which pytest's own temporary folder is not when root runs it."""
    folder = Path(tempfile.mkdtemp(prefix="bailiwick-tests-", dir=roomy_memory()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def installed_parts() -> RealParts:
    with failing_in_one_line():
        return real_parts()


@pytest.fixture(scope="session")
def timescale_server(parts_folder: Path, request: pytest.FixtureRequest) -> Iterator[PostgresServer | GivenDatabase]:
    """A real TimescaleDB; every database made on it has the extension."""
    given = os.environ.get(GIVEN_DATABASE)
    if given:
        yield GivenDatabase(given)
        return
    parts: RealParts = request.getfixturevalue("installed_parts")
    folder = parts_folder / "timescale"
    server = PostgresServer(parts.timescale, folder / "data", folder.with_suffix(".log"), LITTLE)
    with failing_in_one_line():
        server.start()
    with psycopg.connect(server.url("template1"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def embedded_server(parts_folder: Path) -> Iterator[PostgresServer]:
    """The PostgreSQL of the demo."""
    with failing_in_one_line():
        server = embedded_database(parts_folder / "embedded", LITTLE)
        server.start()
    yield server
    server.stop()


@contextmanager
def fresh_database(server: Server, template: str = "template1") -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    create_database(server, name, template)
    yield server.url(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as c:
        c.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def create_database(server: Server, name: str, template: str) -> None:
    named = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template != "template1":
        named += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))  # nothing is kept: no WAL
    # From within template1 it may be copied: our own session is no hindrance, and TimescaleDB's workers leave it.
    within = "template1" if template == "template1" and isinstance(server, PostgresServer) else "postgres"
    with psycopg.connect(server.url(within), autocommit=True) as c:
        c.execute(named)


async def migrate(url: str) -> None:
    async with await Store.open(url) as store:
        await store.migrate()


def template_of(server: Server, *, migrated: bool) -> str:
    """A database to copy, empty or with the current schema: a copy takes a tenth of the time of migrating.

    Nobody may be in it while it is copied, so it takes no connections: those of TimescaleDB's workers neither.
    """
    name = f"template_{os.getpid()}_{next(_numbers)}"
    create_database(server, name, "template1")
    if migrated:
        with ThreadPoolExecutor(1) as beside:  # an async fixture may ask, whose loop runs here
            beside.submit(asyncio.run, migrate(server.url(name))).result()
    with psycopg.connect(server.url("postgres"), autocommit=True) as c:
        c.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        c.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    return name


@pytest.fixture(scope="session")
def templates() -> Templates:
    """The database to copy for a test: with the schema, but for tests that are marked ``bare``; made when first asked for."""
    made: dict[tuple[int, bool], str] = {}

    def template(server: Server, request: pytest.FixtureRequest) -> str:
        key = (id(server), request.node.get_closest_marker("bare") is None)
        if key not in made:
            made[key] = template_of(server, migrated=key[1])
        return made[key]

    return template


@pytest.fixture
def timescale_url(timescale_server: Server, templates: Templates, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with TimescaleDB and the current schema; without the schema in tests marked ``bare``."""
    with fresh_database(timescale_server, templates(timescale_server, request)) as url:
        yield url


@pytest.fixture
def embedded_url(
    embedded_server: PostgresServer, templates: Templates, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A fresh database of plain PostgreSQL with the current schema; without the schema in tests marked ``bare``."""
    with fresh_database(embedded_server, templates(embedded_server, request)) as url:
        yield url


@pytest.fixture(params=["timescale", "embedded"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each edition."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def mosquitto_with(parts_folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., MosquittoBroker]]:
    """``mosquitto_with(max_queued_messages="10")``: one more Mosquitto, started, with other settings."""
    started: list[MosquittoBroker] = []
    parts: RealParts = request.getfixturevalue("installed_parts")

    def start(**options: str) -> MosquittoBroker:
        folder = parts_folder / f"mosquitto-{next(_numbers)}"
        broker = MosquittoBroker(parts.mosquitto, folder, folder.with_suffix(".log"), options)
        started.append(broker)
        with failing_in_one_line():
            broker.start()
        return broker

    yield start
    for broker in started:
        broker.stop()


@pytest.fixture
def mosquitto(request: pytest.FixtureRequest) -> MosquittoBroker | GivenBroker:
    """A fresh Mosquitto with the production settings: ``url``, ``stop()``, ``start()``, ``restart()``, ``kill()``."""
    given = os.environ.get(GIVEN_BROKER)
    if given:
        return GivenBroker(given)
    start: Callable[..., MosquittoBroker] = request.getfixturevalue("mosquitto_with")
    return start()


@pytest.fixture
def iotcore_broker(parts_folder: Path) -> Iterator[IotcoreBroker]:
    """A fresh broker of the demo: ``urls`` has one a listener."""
    folder = parts_folder / f"iotcore-{next(_numbers)}"
    broker = IotcoreBroker(folder, folder.with_suffix(".log"), listeners=2)
    with failing_in_one_line():
        broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["mosquitto", "iotcore_broker"])
def broker(request: pytest.FixtureRequest) -> MosquittoBroker | GivenBroker | IotcoreBroker:
    """A fresh broker of each kind."""
    found: MosquittoBroker | GivenBroker | IotcoreBroker = request.getfixturevalue(request.param)
    return found


@asynccontextmanager
async def launched() -> AsyncIterator[playwright.Browser]:
    """A headless browser."""
    with failing_in_one_line():
        found = headless_browser()
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=found.program, args=list(found.arguments), env={**found.environment}
        )
        yield browser
        await browser.close()


@pytest.fixture
async def chromium() -> AsyncIterator[playwright.Browser]:
    """A fresh headless browser: ``page = await chromium.new_page()``."""
    async with launched() as browser:
        yield browser
