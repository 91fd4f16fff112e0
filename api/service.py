"""Runs the application on a socket of this machine: ``await serve(config)``, or ``run(config)`` with a loop of its own."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from access.shipped import common_words
from api.addresses import OidcConfig, origin_of, require_guarded
from api.app import create_app, wall_clock_us
from api.basemap import basemap_of
from api.desk import OpenDesk
from api.hashing import Hashing
from api.hub import Hub
from api.oidc import Oidc
from api.permitting import Permitting
from api.policies import Policies
from api.sign_in import SignIn
from domain.errors import BadSetting
from evidence.routes import Routes
from geofence.wallclock import TimeZones
from store import Reading, Store
from store.audit_reading import AuditKept
from store.permissions import Permissions
from store.store import ConnectionLost

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8080
STOP_WITHIN_S: Final = 3
WAITING_CONNECTIONS: Final = 256
REQUESTS_AT_ONCE: Final = 512
"""Beyond this many open requests, streams among them, a new one gets 503."""

_log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Where the database is, and where to listen. Port 0 takes a free one. ``zones`` is the time-zone data.

    ``desk`` opens what work on alerts is done with; without it nobody can work on them by this process. ``public_url`` is where
    people reach us when that is not here, ``proxies`` are the addresses or networks of those whose word we take for where somebody asks
    from, ``oidc`` is the provider at which people sign in, ``basemap`` what lies under the map (`api.basemap`).
    """

    database_url: str
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    zones: TimeZones | None = None
    desk: OpenDesk | None = None
    public_url: str | None = None
    proxies: tuple[str, ...] = ()
    oidc: OidcConfig | None = None
    basemap: str | None = None
    routes: Routes | None = None
    centre_phone: str | None = None
    policies: Policies | None = None


COLLECT_AFTER: Final = (50_000, 20, 100)
"""Allocations before the youngest are collected, and how often the older ones are: a map of everybody makes a hundred thousand objects
that are gone when it is answered."""


async def _settle(permitting: Permitting | None) -> None:
    """What was learnt at the start stays: the collector, which stops every answer meanwhile, need not walk it."""
    if permitting is not None:
        await permitting.prepared.wait()
        gc.freeze()


async def serve(config: ApiConfig, *, ready: Callable[[str], None] | None = None, own_process: bool = False) -> None:
    """Serves until the process is told to stop (SIGINT, SIGTERM) or the task is cancelled.

    In a process of its own the collector of that process is set too. ``ready`` is called with the address, ``http://127.0.0.1:8080``, once requests are taken. Raises `BadSetting`, in
    one line, for a host that is not guarded and for a port that is taken, and `ConnectionLost` when the database
    cannot be reached at the start; later losses are waited for.
    """
    require_guarded(config.host, config.public_url)
    listening = _listen(config.host, config.port)
    try:
        async with AsyncExitStack() as stack:
            reading = await stack.enter_async_context(await Reading.open(config.database_url))
            desk = None if config.desk is None else await stack.enter_async_context(config.desk())
            sign_in = await stack.enter_async_context(open_sign_in(config))
            audit = await stack.enter_async_context(await AuditKept.open(config.database_url))
            permissions = await stack.enter_async_context(await Permissions.open(config.database_url))
            basemap = basemap_of(config.basemap, wall_clock_us)
            stack.push_async_callback(basemap.aclose)
            app = create_app(
                reading,
                (ConnectionLost,),
                zones=config.zones,
                desk=desk,
                door=sign_in,
                sign_in=sign_in,
                public_url=config.public_url,
                audit=audit,
                permissions=permissions,
                basemap=basemap,
                routes=config.routes,
                centre_phone=config.centre_phone,
                policies=config.policies,
            )
            hub: Hub = app.state.parts.hub
            if own_process:
                gc.set_threshold(*COLLECT_AFTER)
                settling = asyncio.create_task(_settle(app.state.parts.permitting), name="settle")
                stack.callback(settling.cancel)
            await _Server(_settings(app, config.proxies), hub, lambda: _announce(listening, ready)).serve([listening])
    finally:
        listening.close()


@asynccontextmanager
async def open_sign_in(config: ApiConfig) -> AsyncIterator[SignIn]:
    """The way in, over the database's accounts, as long as the block runs."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await Store.open(config.database_url))
        oidc = None
        if config.oidc is not None:
            oidc = Oidc(config.oidc, wall_clock_us)
            stack.push_async_callback(oidc.aclose)
        hashing = Hashing()
        stack.callback(hashing.close)
        origin = None if config.public_url is None else origin_of(config.public_url)
        tables = (store.accounts, store.sessions, store.keys)
        yield SignIn(*tables, hashing, common_words(), wall_clock_us, origin, oidc)


def run(config: ApiConfig, *, ready: Callable[[str], None] | None = None) -> None:
    """`serve` on the fastest loop that there is, with the log as JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if sys.platform == "win32":
        asyncio.run(serve(config, ready=ready, own_process=True))
    else:
        import uvloop  # noqa: PLC0415  not to be had on Windows

        uvloop.run(serve(config, ready=ready, own_process=True))


class _Server(uvicorn.Server):
    """A server that says when it is ready, and lets the followers of the stream go before it stops."""

    def __init__(self, config: uvicorn.Config, hub: Hub, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._hub = hub
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stops at SIGINT and SIGTERM, and that is that: the library would raise them once more at the end."""
        loop = asyncio.get_running_loop()
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except (NotImplementedError, RuntimeError, ValueError):
            # Windows, or not the main thread: whoever runs us stops us by cancelling.
            yield
            return
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _settings(app: FastAPI, proxies: tuple[str, ...] = ()) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        lifespan="on",
        limit_concurrency=REQUESTS_AT_ONCE,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; `BadSetting` when the port is taken or may not be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":  # where it would let two programs share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
        listening.listen(WAITING_CONNECTIONS)
    except OSError as error:
        listening.close()
        why = {errno.EADDRINUSE: "is taken by another program", errno.EACCES: "may not be opened by this user"}
        raise BadSetting(f"API_PORT {port} on {host} {why.get(error.errno or 0, error.strerror)}") from None
    return listening


def _announce(listening: socket.socket, ready: Callable[[str], None] | None) -> None:
    host, port = listening.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    _log.info("api serves", address=address)
    if ready:
        ready(address)
