"""`api.service`: where it listens, what it refuses in one line, and that it ends when told, streams and all."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest

from api.app import wall_clock_us
from api.service import ApiConfig, serve
from domain.errors import BadSetting
from domain.instants import DAY_US
from store import Store
from store.store import ConnectionLost
from tests.api.keyed import key_for
from tests.api.serving import Follower

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "import sys; from api.service import *; run(ApiConfig(sys.argv[1], port=0), ready=lambda a: print(a, flush=True))"
)
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


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


@pytest.mark.bare
async def test_a_database_without_our_schema_is_not_ready(embedded_url: str) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(ApiConfig(embedded_url, port=0), ready=ready.set_result))
    address = await asyncio.wait_for(ready, 20)
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{address}/health/readiness")
        assert answer.status_code == 503
        assert "bailiwick migrate" in answer.json()["detail"]
        assert (await client.get(f"{address}/health")).json()["status"] == "degraded"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
