"""The application: its parts put together, and nothing started. `api.service` runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api import problems
from api.audited import AuditGuard, AuditSide
from api.basemap import Basemap
from api.console import home
from api.console.frame import our_fault
from api.contingency import Rankings
from api.desk import AtDesk
from api.desk_problems import busy, cannot_be_kept
from api.doors import Door, GivenTo, require_deeds, tell_of_deeds
from api.figures import Figures
from api.guard import BodyLimit, HeadAsGet, KnownHosts, SecurityHeaders
from api.hub import Hub
from api.journal import Journal
from api.metrics import Metrics
from api.parts import API_ROOT, Parts
from api.permitting import Permitting
from api.policies import Policies
from api.ports import Reading
from api.problems import PROBLEM_SCHEMA, problem_response
from api.routes import (
    accounts,
    audits,
    breaches,
    caseload,
    commands,
    contact_duties,
    crimes,
    dead_letters,
    decisions,
    entry,
    exports,
    handovers,
    health,
    holds,
    incidents,
    live,
    lots,
    measures,
    packs,
    pages,
    patrol_links,
    people,
    positions,
    protected,
    protocols,
    records,
    requests,
    rota,
    service,
    session,
    sheets,
    views,
    warrants,
    warrants_ranked,
    work,
    zones,
)
from api.sign_in import SignIn
from evidence.routes import Routes, shipped_routes
from geofence.wallclock import TimeZones
from store.errors import Busy, Refused
from store.permissions import Permissions

RETRY_AFTER_S: Final = 2
RESOURCES: Final = (
    session,
    accounts,
    people,
    health,
    positions,
    protected,
    requests,
    warrants_ranked,
    warrants,
    crimes,
    contact_duties,
    entry,
    zones,
    caseload,
    decisions,
    sheets,
    measures,
    work,
    records,
    rota,
    protocols,
    incidents,
    commands,
    dead_letters,
    exports,
    audits,
    handovers,
    patrol_links,
    holds,
    views,
    breaches,
    packs,
    lots,
    live,
)
"""What of the API is behind the door, in the order of its documents."""

DESCRIPTION: Final = (
    "Read the caseload, positions, violations and alerts, follow alerts as they are committed, and work on them. Instants are "
    "RFC 3339 in UTC; ids of the database are strings, because they have 64 bits; lists come in pages with a `next` "
    "link; every error is a problem of RFC 9457. People sign in at `/session`; machines send a key."
)


def wall_clock_us() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1000


def create_app(
    reading: Reading,
    away: tuple[type[Exception], ...] = (),
    now: Callable[[], int] = wall_clock_us,
    zones: TimeZones | None = None,
    desk: AtDesk | None = None,
    *,
    door: Door,
    given: GivenTo | None = None,
    sign_in: SignIn | None = None,
    public_url: str | None = None,
    audit: AuditSide | None = None,
    permissions: Permissions | None = None,
    basemap: Basemap | None = None,
    centre_phone: str | None = None,
    routes: Routes | None = None,
    policies: Policies | None = None,
) -> FastAPI:
    """The application over a reading side; ``away`` are the errors that say that it cannot be reached.

    ``zones`` is the time-zone data, loaded at the edge: without it no list is ranked by timetables. Without a ``desk``
    nobody can work on alerts. ``door`` knows who asks, ``given`` whom they see for a reason of their own;
    ``sign_in`` is the way in, and ``public_url`` where people reach us when that is not this machine. Without an ``audit``
    nothing is shown that must be in it, without ``zones`` no position, and without ``permissions`` no request or warrant.
    ``basemap`` is what the map shows under its points besides our own outline. ``routes`` are those of breaches; those that ship
    where none are given, as ``policies`` are.
    """
    hub = Hub(reading, away)
    metrics = Metrics()
    app = _bare()
    rankings = Rankings(reading, zones) if zones is not None else None
    permitting = Permitting(reading, zones, permissions) if zones is not None else None
    if given is None and permitting is not None:
        given = permitting.given
    if routes is None and zones is not None:
        routes = shipped_routes(zones)
    figures = Figures(reading)
    about = (rankings, door, given, desk, sign_in, audit, permitting)
    found = Parts(reading, hub, figures, metrics, now, *about, basemap=basemap, routes=routes)
    app.state.parts = replace(found, centre_phone=centre_phone, policies=policies or Policies())
    problems.install(app)
    for error in away:
        app.add_exception_handler(error, _database_away)
    app.add_exception_handler(Busy, busy)
    app.add_exception_handler(Refused, cannot_be_kept)
    pages.install(app)
    # The last one added is the first that a request meets.
    app.add_middleware(AuditGuard)
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts, public_url=public_url)
    app.add_middleware(Journal, metrics=metrics, page=our_fault)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders, public_url=public_url)
    require_deeds(app)
    app.__dict__["openapi"] = _document
    return app


def _bare() -> FastAPI:
    """The routes, and no part behind them."""
    app = FastAPI(
        title="Bailiwick",
        version=_version(),
        description=DESCRIPTION,
        openapi_url=f"{API_ROOT}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_listening,
        redirect_slashes=False,
    )
    app.router.routes.extend(_routes())
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Of everything. What is worked out of their signatures takes a third of a second: once a process, not for every application."""
    whole = APIRouter()
    for resources in (*RESOURCES, service):
        whole.include_router(resources.router, dependencies=[Depends(problems.askable)])
    for shown in (pages, home, *home.SUBJECTS):
        whole.include_router(shown.router)
    return tuple(whole.routes)


@asynccontextmanager
async def _listening(app: FastAPI) -> AsyncIterator[None]:
    """The hub listens as long as the application runs; what positions need of the caseload is learnt at its start."""
    parts: Parts = app.state.parts
    tasks = [asyncio.create_task(parts.hub.run(), name="hub"), asyncio.create_task(_prepared(parts), name="prepare")]
    try:
        yield
    finally:
        parts.hub.close()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _prepared(parts: Parts) -> None:
    """A database that is away now is asked when somebody wants to see positions."""
    if parts.permitting is not None:
        with suppress(*parts.hub.away):
            await parts.permitting.prepare()


async def _database_away(request: Request, error: Exception) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "the database cannot be reached", headers=headers)


@cache
def _document() -> dict[str, Any]:
    """OpenAPI, with the shape of every error, and who may do what: of the routes alone, so the same for every application."""
    app = _bare()
    document: dict[str, Any] = app.openapi()
    document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    tell_of_deeds(app, document)
    return document


def _version() -> str:
    try:
        return version("bailiwick")
    except PackageNotFoundError:
        return "0.0.0"
