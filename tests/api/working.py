"""An application with a desk over a real database: alerts to work on, a clock that the test moves, people who ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from alerts.desk import DeskGuide
from api.app import create_app
from api.desk import AtDesk
from domain.instants import SECOND_US
from domain.records import Version
from store import Reading
from store.audit_reading import AuditKept
from store.device_commands import DeviceCommands
from store.permissions import Permissions
from store.store import ConnectionLost
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import client_of, must_fit
from tests.store.alert_making import PROTOCOLS, ZONES, Made, alerts_at, resolve
from tests.store.made import NOON, ask

OLA = asks("ola")
PIA = asks("pia")
SAM = asks("sam", "supervisor")
CLOSING = {"outcome": "confirmed", "note": "seen on the map"}


class Clock:
    """Now, as the test has it."""

    def __init__(self) -> None:
        self.now_us = NOON + SECOND_US

    def __call__(self) -> int:
        return self.now_us

    def forward(self, seconds: float) -> None:
        self.now_us += round(seconds * SECOND_US)


@dataclass
class Working:
    """The application, who asks it, and the database behind it."""

    made: Made
    app: FastAPI
    client: httpx2.AsyncClient
    clock: Clock
    document: dict[str, Any]

    async def post(self, path: str, body: Any = None, who: dict[str, str] = OLA, **headers: str) -> httpx2.Response:
        """Asks; the answer is as OpenAPI says."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.post(f"/api/v1/{path}", json=body, headers=who | named)
        self._check("post", path, answer)
        return answer

    async def get(self, path: str, who: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
        """Reads; the answer is as OpenAPI says."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.get(f"/api/v1/{path}", headers=(who or {}) | named)
        self._check("get", path, answer)
        return answer

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.made.url, query)

    async def look(self) -> None:
        await self.made.look(self.clock())

    def _check(self, method: str, path: str, answer: httpx2.Response) -> None:
        operation = self.document["paths"][template_of(self.document, path, method)][method]
        told = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        schema = told["content"][answer.headers["content-type"].partition(";")[0]]["schema"]
        must_fit(answer.json(), schema, self.document)


def template_of(document: dict[str, Any], path: str, method: str) -> str:
    """The path of the document that a request meant; words go before parameters."""
    given = f"/api/v1/{path}".partition("?")[0].split("/")
    fitting = [
        template
        for template, operations in document["paths"].items()
        if method in operations
        and len(parts := template.split("/")) == len(given)
        and all(part == word or part.startswith("{") for part, word in zip(parts, given, strict=True))
    ]
    return min(fitting, key=lambda template: template.count("{"))


async def guide() -> DeskGuide:
    return DeskGuide(PROTOCOLS, resolve)


@asynccontextmanager
async def working(url: str, *versions: Version, alerts: int = 1) -> AsyncIterator[Working]:
    """``alerts`` critical ones, raised and looked at."""
    clock = Clock()
    async with (
        alerts_at(url, *versions) as made,
        await Reading.open(url, clock) as reading,
        await AuditKept.open(url) as audit,
        await Permissions.open(url) as permissions,
        await DeviceCommands.open(url) as commands,
    ):
        for number in range(1, alerts + 1):
            await made.raised(f"W1-{number}", condition=f"C{number}")
        await made.look(clock())
        desk = AtDesk(made.work, guide, clock, made.store.rota.shifts, commands=commands, holds=made.store.holds)
        app = create_app(
            reading, (ConnectionLost,), clock, ZONES, desk, door=HeaderDoor(), audit=audit, permissions=permissions
        )
        async with client_of(app) as client:
            yield Working(made, app, client, clock, app.openapi())
