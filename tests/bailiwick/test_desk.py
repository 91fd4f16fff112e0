"""The desk as `bailiwick api` has it: over the database of the settings, with that process's rights, by the protocols that ship."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlencode

import httpx2
import psycopg
import pytest

from api.app import wall_clock_us
from api.service import ApiConfig, serve
from bailiwick.desk import open_desk
from bailiwick.settings import Settings
from domain.instants import DAY_US
from domain.vocabulary import Kind
from tests.api.keyed import key_for
from tests.api.working import CLOSING
from tests.store.alert_making import ZONES, alerts_at
from tests.store.test_roles import login_as

PATIENCE_S = 20.0


@asynccontextmanager
async def as_the_api(url: str) -> AsyncIterator[str]:
    """The database as the API logs in to it, until nobody does any more."""
    with login_as(url, "bailiwick_api") as own:
        parts = psycopg.conninfo.conninfo_to_dict(own)
        query = urlencode({"host": parts["host"], "port": parts["port"], "user": parts["user"]})
        yield f"postgresql:///{parts['dbname']}?{query}"


@pytest.mark.slow
async def test_work_over_http_by_the_protocols_that_ship(embedded_url: str) -> None:
    async with alerts_at(embedded_url) as made, as_the_api(embedded_url) as url:
        settings = Settings(_env_file=None, database_url=url)
        await made.raised("W1-1", kind=Kind.STRAP_TAMPER, device="T1", condition=None)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        config = ApiConfig(url, port=0, zones=ZONES, desk=partial(open_desk, settings, ZONES))
        task = asyncio.create_task(serve(config, ready=ready.set_result))
        try:
            async with asyncio.timeout(PATIENCE_S):
                address = await ready
            key = await key_for(embedded_url, ends_us=wall_clock_us() + DAY_US)
            async with httpx2.AsyncClient(base_url=f"{address}/api/v1", headers=key) as client:
                who = (await client.get("/session")).json()["name"]
                claimed = await client.post("/alerts/1/claim", headers={"Idempotency-Key": "k"})
                assert (await client.post("/alerts/1/claim", headers={"Idempotency-Key": "k"})).json() == claimed.json()
                assert (claimed.status_code, claimed.json()["holder"]) == (200, who)
                history = (await client.get("/alerts/1/history")).json()
                assert [one["event"] for one in history["events"]] == ["claim", "escalate"], "it was raised long ago"
                assert history["timers"], "what the protocol does next"
                assert (await client.get("/protocols")).json()["protocol"]
                assert (await client.get("/rota")).json()["items"] == []
                assert (await client.post("/alerts/1/close", json=CLOSING)).json()["work"] == "closed"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
