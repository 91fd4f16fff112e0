"""`api.service`: where it listens, what it refuses in one line, and that it ends when told, streams and all."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.app import wall_clock_us
from api.service import ApiConfig, serve
from domain.errors import BadSetting
from domain.instants import DAY_US
from store import Store
from store.readiness import why_away
from store.store import ConnectionLost
from tests.api.keyed import key_for
from tests.api.serving import Follower
from tests.store.made import ask

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "import sys; from api.service import *; run(ApiConfig(sys.argv[1], port=0), ready=lambda a: print(a, flush=True))"
)
SOON_S = 4.0
"""For an answer that is promised in two seconds."""
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


class Way:
    """A port of ours behind which the database is; it may be given up, or be there and say nothing."""

    def __init__(self, behind: str) -> None:
        self._behind = behind
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._mute = False

    async def begin(self, *, mute: bool = False) -> None:
        self._mute = mute
        self._server = await asyncio.start_server(self._took, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._open), return_exceptions=True)
        self._open.clear()

    async def _took(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if self._mute:
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._behind)
        self._open.add(far_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand_on(reader, far_writer))
            group.create_task(self._hand_on(far_reader, writer))

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while told := await reader.read(1 << 16):
                writer.write(told)
                await writer.drain()
        writer.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
@pytest.mark.parametrize("public_url", [None, "http://console.example"])
async def test_anything_but_loopback_is_refused_in_one_line_without_tls(host: str, public_url: str | None) -> None:
    with pytest.raises(BadSetting, match="only with a PUBLIC_URL that starts with https://") as caught:
        await serve(ApiConfig(NOWHERE, host, public_url=public_url))
    assert "\n" not in str(caught.value)


async def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"API_PORT {port} on 127.0.0.1 is taken by another program"):
            await serve(ApiConfig(NOWHERE, port=port))


async def test_a_database_that_cannot_be_reached_ends_the_start() -> None:
    with pytest.raises(ConnectionLost):
        await serve(ApiConfig(NOWHERE, port=0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_ends_cleanly_with_followers(number: signal.Signals, embedded_url: str) -> None:
    async with await Store.open(embedded_url) as store:
        await store.migrate()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, embedded_url), cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode().strip()
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"{line}/health/readiness")).status_code == 200
        key = await key_for(embedded_url, ends_us=wall_clock_us() + DAY_US)
        async with asyncio.timeout(10), Follower(line, headers=key).open() as events:
            assert (await anext(events))[0] == "hello"
            process.send_signal(number)
            assert [event async for event in events] == []
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The service as it is installed, asked at its address."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(ApiConfig(url, port=0), ready=ready.set_result))
    try:
        async with httpx2.AsyncClient(base_url=await asyncio.wait_for(ready, 20), timeout=SOON_S) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def not_ready(client: httpx2.AsyncClient, *says: str) -> None:
    """Readiness and the metrics say so in one line, and soon."""
    for path in ("/health/readiness", "/metrics"):
        answer = await client.get(path)
        told = answer.json()["detail"]
        assert (answer.status_code, "\n" in told) == (503, False), path
        assert all(one in told for one in says), told
    assert (await client.get("/health")).json()["status"] == "degraded"


@pytest.mark.slow
@pytest.mark.bare
async def test_a_database_without_our_schema_is_not_ready(embedded_url: str) -> None:
    async with serving(embedded_url) as client:
        await not_ready(client, "the schema is not current: 0001_", " more to be applied; run `bailiwick migrate`")


@pytest.mark.slow
async def test_a_database_of_a_newer_program_is_not_ready(embedded_url: str) -> None:
    async with await Store.open(embedded_url) as store:
        await store.migrate()
    ask(embedded_url, "INSERT INTO migrations (name, checksum) VALUES ('9999_later', '') RETURNING 1")
    async with serving(embedded_url) as client:
        await not_ready(client, "9999_later; run the newer program that applied them")


@pytest.mark.slow
async def test_a_database_that_went_away_is_told_soon_with_the_cause(embedded_url: str) -> None:
    """It goes away behind a way to it of our own: first nobody is there any more, then somebody is who never says a word."""
    async with await Store.open(embedded_url) as store:
        await store.migrate()
    known = conninfo_to_dict(embedded_url)
    way = Way(f"{known['host']}/.s.PGSQL.{known['port']}")
    await way.begin()
    there = f"postgresql://{known['user']}@127.0.0.1:{way.port}/{known['dbname']}?sslmode=disable"
    try:
        async with serving(there) as client:
            assert (await client.get("/health/readiness")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200
            await way.end()
            await not_ready(client, "the database does not answer: Connection refused; see that it runs and that ")
            await way.begin(mute=True)
            told = (await client.get("/health/readiness")).json()["detail"]
            assert told.startswith("the database does not answer within 2 s; see that it runs and that BAILIWICK_")
            await way.end()
    finally:
        await way.end()


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (
            'connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused\n\tIs the server running?',
            "Connection refused",
        ),
        (
            'connection failed: connection to server at "10.0.0.5", port 5432 failed: FATAL:  password authentication failed for user "ada"',
            "password authentication failed",
        ),
        (
            "Multiple connection attempts failed. All failures were:\n- host: 'localhost', port: '1', hostaddr: '::1': connection failed: "
            'connection to server at "::1", port 1 failed: Connection refused\n\tIs the server running?',
            "Connection refused",
        ),
        ("connection timeout expired", "connection timeout expired"),
        ("", "OperationalError"),
    ],
)
def test_who_has_not_signed_in_is_told_the_cause_and_no_address(told: str, cause: str) -> None:
    assert why_away(ConnectionLost(told)) == cause
