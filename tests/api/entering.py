"""An application over a real database into which records are entered by API: people who ask, a clock, every answer as documented."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from alerts.work_store import AlertWork
from api.app import create_app
from api.caseload_desk import AtCaseload
from api.desk import AtDesk
from domain.facts import Roster
from store import Reading, Store
from store.store import ConnectionLost
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import client_of, must_fit
from tests.api.working import Clock, guide, template_of
from tests.caseload.lines import records
from tests.store.alert_making import ZONES
from tests.store.made import ask, learn_everything, migrated

OLA = asks("ola")
KIT = asks("kit", "operator", "kent-pdu")
ESSEX = asks("edda", "operator", "essex-pdu")
ORLA = asks("orla", "officer", "kent-pdu")
FAY = asks("fay", "field", "")
DEV = asks("dev", "device_manager")
ADA = asks("ada", "administrator", "")
VERA = asks("vera", "victim_liaison", "kent-pdu")
ENTRY_ORDER = (
    "area",
    "wearer",
    "victim",
    "device",
    "fitting",
    "order",
    "zone",
    "condition",
    "absence",
    "suspension",
    "visit",
)
BY = {"area": ADA, "device": DEV}
PATHS = {
    "area": "areas",
    "wearer": "wearers",
    "victim": "victims",
    "device": "devices",
    "fitting": "fittings",
    "order": "orders",
    "zone": "zones",
    "condition": "conditions",
    "absence": "absences",
    "suspension": "suspensions",
    "visit": "visits",
    "equipment_check": "equipment_checks",
    "assessment": "assessments",
}


@dataclass
class Entry:
    """The application, and the database behind it."""

    url: str
    store: Store
    client: httpx2.AsyncClient
    clock: Clock
    document: dict[str, Any]
    roster: Roster
    commits: int = 0

    async def call(
        self, method: str, path: str, body: Any = None, who: dict[str, str] = OLA, **headers: str
    ) -> httpx2.Response:
        """Asks; the answer is as OpenAPI says. ``content=`` in place of ``body`` is sent as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | who
        raw = {"content": body} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            named.setdefault("Content-Type", "application/json")
        answer = await self.client.request(method, f"/api/v1/{path}", headers=named, **({} if body is None else raw))
        operation = self.document["paths"][template_of(self.document, path, method.lower())][method.lower()]
        told = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        (schema,) = [content["schema"] for content in told["content"].values()]
        must_fit(answer.json(), schema, self.document)
        return answer

    async def get(self, path: str, who: dict[str, str] = OLA) -> httpx2.Response:
        return await self.call("GET", path, who=who)

    async def enter(self, record: dict[str, Any], who: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
        """One record by its resource, by somebody who may."""
        kind, body = record["type"], {key: value for key, value in record.items() if key != "type"}
        return await self.call("POST", PATHS[kind], body, who or BY.get(kind, OLA), **headers)

    async def everything(self) -> None:
        """The good caseload of the file's tests, record by record."""
        for kind in ENTRY_ORDER:
            for record in records():
                if record["type"] == kind:
                    answer = await self.enter(record)
                    assert answer.status_code == 201, (record["id"], answer.text)

    async def learn(self) -> None:
        """As ingest takes what was entered."""
        self.commits += 1
        await learn_everything(self.store, self.commits, self.roster)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.url, query)

    def entered(self) -> list[tuple[Any, ...]]:
        """(type, id, cancelled) of every version, in the order entered."""
        return self.rows("SELECT type, id, cancelled FROM caseload_records ORDER BY record_no")


@asynccontextmanager
async def entry(url: str) -> AsyncIterator[Entry]:
    """Over a database that need not have a schema yet."""
    async with migrated(url, ()), entry_as(url) as at:
        yield at


@asynccontextmanager
async def entry_as(url: str) -> AsyncIterator[Entry]:
    """Over a database as it is, with the rights that the login of ``url`` has."""
    clock = Clock()
    async with (
        await Store.open(url) as store,
        await Reading.open(url, clock) as reading,
        await AlertWork.open(url, ZONES) as work,
    ):
        caseload = AtCaseload(store.entry.entering, store.entry.looking, store.entry.seen, ZONES)
        desk = AtDesk(work, guide, clock, store.rota.shifts, caseload)
        app = create_app(reading, (ConnectionLost,), clock, ZONES, desk, door=HeaderDoor())
        async with client_of(app) as client:
            yield Entry(url, store, client, clock, app.openapi(), Roster())


def problem(answer: httpx2.Response) -> dict[str, str]:
    """Field and cause of each fault of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return {one["field"]: one["cause"] for one in answer.json().get("errors", [])}
