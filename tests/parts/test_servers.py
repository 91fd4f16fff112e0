"""The database and the broker: started, stopped, killed, started again."""

from __future__ import annotations

import aiomqtt
import psycopg
import pytest

from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.postgres_server import PostgresServer

pytestmark = pytest.mark.slow

TOPIC = "em/v1/00/T1/up"


def test_timescale_database_has_the_extension(timescale_url: str) -> None:
    with psycopg.connect(timescale_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    assert found == (1,)


def test_embedded_database_has_not(embedded_url: str) -> None:
    with psycopg.connect(embedded_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    assert found == (0,)


def test_committed_rows_survive_a_kill(timescale_server: PostgresServer, timescale_url: str) -> None:
    with psycopg.connect(timescale_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    timescale_server.kill()
    timescale_server.start()
    with psycopg.connect(timescale_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_database_listens_on_no_port(embedded_url: str) -> None:
    with psycopg.connect(embedded_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


async def test_a_message_goes_through_each_broker(broker: MosquittoBroker) -> None:
    version = aiomqtt.ProtocolVersion.V5
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier="T1", protocol=version) as client:
        await client.subscribe("em/v1/+/+/up", qos=1)
        await client.publish(TOPIC, b"x" * 300_000, qos=1)
        message = await anext(aiter(client.messages))
    assert (str(message.topic), len(message.payload)) == (TOPIC, 300_000)


async def test_mosquitto_keeps_what_waits_over_a_restart(mosquitto: MosquittoBroker) -> None:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port, identifier="ingest", clean_session=False) as client:
        await client.subscribe("em/v1/+/+/up", qos=1)
    async with aiomqtt.Client("127.0.0.1", mosquitto.port, identifier="T1") as device:
        for number in range(2000):
            await device.publish(TOPIC, str(number), qos=1)
    mosquitto.restart()
    async with aiomqtt.Client("127.0.0.1", mosquitto.port, identifier="ingest", clean_session=False) as client:
        messages = aiter(client.messages)
        got = [int((await anext(messages)).payload) for _ in range(2000)]
    assert got == list(range(2000))
