"""On real parts: the caseload changes, the lock is lost, the broker forgets us, figures are served."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bailiwick.parts.processes import free_port
from domain.instants import EARLY_US
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from store import Store
from tests.ingest.made import message, worn
from tests.ingest.processes import Questions, ingesting, prepare, processes
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

REACHES_WITHIN_S = 2.0


def now_us() -> int:
    return time.time_ns() // 1000


async def test_a_change_of_the_caseload_reaches_ingest_within_two_seconds(database_url: str, mosquitto: Any) -> None:
    await prepare(database_url, worn(1))
    with Questions(database_url) as database:
        async with ingesting(database_url, mosquitto.url), Publisher(mosquitto.url) as devices:
            await devices.publish([message("T2", seq, now_us()) for seq in (1, 2)])
            await eventually(lambda: database.parked() == {"unknown_device": 2}, "parked")
            async with await Store.open(database_url) as store:

                async def learnt() -> bool:
                    return await store.unlearnt() == []

                entered_s = time.monotonic()
                await store.learn(worn(2))
                await eventually(learnt, "learnt")
                assert time.monotonic() - entered_s < REACHES_WITHIN_S
                versions = await store.caseload()
            assert [version.learnt_us > EARLY_US for version in versions] == [False] * 4 + [True] * 4
            await eventually(lambda: database.fact_count() == 2, "what was parked is taken again")
            await devices.publish([message("T2", 3, now_us())])
            await eventually(lambda: database.fact_count() == 3, "what follows is stored")
        assert database.facts() == [("T2", 0, 1), ("T2", 0, 2), ("T2", 0, 3)]
        assert database.number("SELECT count(*) FROM dead_letters WHERE replayed_by IS NULL") == 0


async def test_ingest_that_loses_its_lock_stops_at_once_and_begins_again(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    await prepare(timescale_url, worn(1))
    lock = """SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = 7120 AND objid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest = start()
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish([message("T1", seq, now_us() + seq) for seq in range(1, 101)])
            assert len(database.rows(lock)) == 1
            await devices.publish([message("T1", seq, now_us() + seq) for seq in range(101, 201)])
        await eventually(lambda: ingest.says("LeadLost"), "it stopped")
        await eventually(lambda: database.fact_count() == 200, "all is stored")
        assert len(set(database.facts())) == 200
        assert ingest.stop() == 0


async def test_a_session_that_the_broker_forgot_is_counted(mosquitto_with: Callable[..., Any]) -> None:
    server = mosquitto_with(persistence="false")
    broker = MqttBroker(BrokerAddress.parse(server.url), "tests-ingest", LineClock())
    running = asyncio.create_task(broker.run(lambda delivery: None))
    await eventually(lambda: broker.connection == 1, "connected")
    server.restart()
    await eventually(lambda: broker.sessions_lost == 1, "counted")
    assert broker.connection == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_figures_are_served_and_the_states_add_up(timescale_url: str, mosquitto: Any, tmp_path: Path) -> None:
    await prepare(timescale_url, [*worn(1), *worn(2)])
    port = free_port()
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest = start("--metrics-port", str(port))
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish([message("T1", seq, now_us()) for seq in (1, 2, 3)])
        await eventually(lambda: database.fact_count() == 3, "stored")

        def served() -> dict[str, float]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
            return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

        def settled() -> bool:
            return served().get("bailiwick_ingest_connected") == 1.0

        await eventually(settled, "it says that it is connected")
        figures = served()
        assert figures["bailiwick_committed_facts_total"] == 3
        assert figures["bailiwick_ingest_leading"] == 1
        assert sum(value for name, value in figures.items() if name.startswith("bailiwick_orders{")) == 2

        def kept() -> bool:
            (body,) = database.rows("SELECT body FROM figures WHERE name = 'ingest'")[0]
            return bool(sum(body["order_states"].values()) == body["orders_active"] == 2)

        await eventually(kept, "both orders have a state in what is kept")
        assert ingest.stop() == 0
        assert "Traceback" not in ingest.log.read_text()
