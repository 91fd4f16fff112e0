"""An application to ask: in this process without a socket, or served on a free port of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import jsonschema
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from bailiwick.timezones import pinned_time_zones
from tests.api.auditing import KeptAudit
from tests.api.doors import HeaderDoor
from tests.api.sides import Side
from tests.store.made import NOON

HOST = "http://127.0.0.1"
PATIENCE_S = 20.0


def app_over(side: Side) -> FastAPI:
    """The application at `NOON`."""
    return create_app(side.reading, side.away, lambda: NOON, pinned_time_zones(), door=HeaderDoor(), audit=KeptAudit())


def client_of(app: FastAPI, base_url: str = HOST) -> httpx2.AsyncClient:
    """Asks without a socket; what goes wrong inside is an answer, as it is for a browser."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=base_url)


def must_fit(body: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    """Raises ``jsonschema.ValidationError`` unless a body is as the document says; that the document is one is `test_frozen`'s to say."""
    whole = schema | {"components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(body)


@asynccontextmanager
async def served(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """The application on a real socket; its address."""
    # No `Date`: a page that takes the server's clock would take that of the machine for the application's.
    config = uvicorn.Config(
        app, "127.0.0.1", port, log_config=None, access_log=False, timeout_graceful_shutdown=1, date_header=False
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await server.up.wait()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.parts.hub.close()
        server.should_exit = True
        async with asyncio.timeout(PATIENCE_S):
            await task


class _Quiet(uvicorn.Server):
    """Leaves the signals of the test process alone and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def install_signal_handlers(self) -> None:
        """None."""


class Follower:
    """Follows the stream as a browser does: remembers the last id and comes back with it."""

    def __init__(self, address: str, query: str = "", headers: dict[str, str] | None = None) -> None:
        self.url = f"{address}/api/v1/stream{query}"
        self.own = headers or {}
        self.last_id: str | None = None

    async def take(self, number: int) -> list[tuple[str, str, Any]]:
        """The next ``number`` events as (event, id, data); then the connection is cut."""
        taken: list[tuple[str, str, Any]] = []
        with suppress(StopAsyncIteration):
            async with asyncio.timeout(PATIENCE_S), self.open() as events:
                while len(taken) < number:
                    taken.append(await anext(events))
        return taken

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[tuple[str, str, Any]]]:
        """The events of one connection."""
        headers = self.own | ({} if self.last_id is None else {"Last-Event-ID": self.last_id})
        async with (
            httpx2.AsyncClient(timeout=PATIENCE_S) as client,
            client.stream("GET", self.url, headers=headers) as response,
        ):
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield self._events(response)

    async def _events(self, response: httpx2.Response) -> AsyncIterator[tuple[str, str, Any]]:
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "event" in fields:
                self.last_id = fields["id"]
                yield fields["event"], fields["id"], json.loads(fields["data"])
                fields = {}
