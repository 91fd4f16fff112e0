"""Fixes committed and judged per second, against the broker's own rates, Node-RED, and the loop most people would write.

``python -m bench.ingest [--wearers N] [--messages N]``: a real Mosquitto and TimescaleDB, ingest with the real rules, a
caseload of 18,000 wearers, one fix a message, QoS 1, everything on the same cores. Writes bench/results/ingest.json.
`relay` is what the broker passes on to a client that only acknowledges; `ceiling`, to one that does not even do that (QoS 0). Node-RED and
the loop take the first messages only, as many as some seconds allow: Node-RED into a plain table, judging nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiomqtt
import psutil
import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bailiwick.caseload_input import load_caseload
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.real_parts import RealParts, real_parts
from bench.load import packets, walkers, write_caseload
from bench.node_red import NodeRedMissing, installed, node_red
from bench.results import write_result
from ingest.service import CLIENT_ID
from store import Store

WEARERS = 18_000
MESSAGES = 400_000
NAIVE_MESSAGES = 4_000
NODE_RED_MESSAGES = 40_000
NODE_RED_WARM = 4_000
"""Sent first, and again until some of it is stored, so that its machine code is ready."""
WARM_MESSAGES = 20_000
DEADLINE_S = 300.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Parts:
    """The two servers and a folder."""

    database: PostgresServer
    broker: MosquittoBroker
    folder: Path

    @property
    def url(self) -> str:
        return self.database.url("postgres")


@contextmanager
def started(parts: RealParts, settings: Mapping[str, str] | None = None) -> Iterator[Parts]:
    """A fresh TimescaleDB and Mosquitto, gone afterwards; ``settings`` are the database's."""
    folder = Path(tempfile.mkdtemp(prefix="bailiwick-bench-"))
    folder.chmod(0o711)
    database = PostgresServer(parts.timescale, folder / "timescale" / "data", folder / "timescale.log", settings or {})
    broker = MosquittoBroker(parts.mosquitto, folder / "mosquitto", folder / "mosquitto.log")
    try:
        database.start()
        with psycopg.connect(database.url("template1"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        broker.start()
        yield Parts(database, broker, folder)
    finally:
        for process in Process.running:
            process.end()
        broker.stop()
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Process:
    """A Python process of ours that says ``ready`` and later one JSON object."""

    running: ClassVar[list[Process]] = []

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None, quiet: bool = False) -> None:
        self.child = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            text=True,
            env=os.environ | (environment or {}),
        )
        self.running.append(self)

    def ready(self) -> None:
        line = self._line()
        assert line == "ready", line

    def go(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write("\n")
        self.child.stdin.flush()

    def told(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self._line())
        self.child.wait(DEADLINE_S)
        return result

    def end(self) -> None:
        self.child.terminate()
        self.child.wait(DEADLINE_S)

    def _line(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline().strip()


def publish(parts: Parts, file: Path) -> Process:
    publisher = Process("-m", "bench.publisher", parts.broker.url, str(file))
    publisher.ready()
    return publisher


def relay_rate(parts: Parts, file: Path, messages: int) -> tuple[float, float]:
    """Messages a second into a client that only acknowledges, and its CPU in microseconds a message."""
    client = Process("-m", "bench.relay", parts.broker.url, str(messages))
    client.ready()
    publisher = publish(parts, file)
    publisher.go()
    sent, taken = publisher.told(), client.told()
    return float(messages / (taken["ended_us"] - sent["begun_us"]) * 1e6), taken["cpu_s"] / messages * 1e6


def ceiling_rate(parts: Parts, file: Path, messages: int) -> tuple[float, float]:
    """Messages a second to a subscriber that does nothing, and the share of one core that the broker took meanwhile."""
    broker = psutil.Process(parts.broker.child.pid)
    client = Process("-m", "bench.ceiling", parts.broker.url, str(messages))
    client.ready()
    publisher = publish(parts, file)
    cpu_s = sum(broker.cpu_times()[:2])
    publisher.go()
    sent, taken = publisher.told(), client.told()
    took_s = (taken["ended_us"] - sent["begun_us"]) / 1e6
    return messages / took_s, (sum(broker.cpu_times()[:2]) - cpu_s) / took_s


def node_red_rate(parts: Parts, warm: Path, file: Path) -> tuple[float | None, dict[str, Any]]:
    """Fixes a second through Node-RED into a plain table, or none and why; and the versions."""
    try:
        node, versions = installed()
    except NodeRedMissing as error:
        return None, {"node_red_missing": str(error)}
    with node_red(node, parts.broker.url, parts.url, parts.folder) as table:
        deadline = time.monotonic() + DEADLINE_S
        while not table.settled():
            assert time.monotonic() < deadline, "Node-RED stores nothing"
            publisher = publish(parts, warm)
            publisher.go()
            publisher.told()
        table.clear()
        publisher = publish(parts, file)
        publisher.go()
        begun_us = publisher.told()["begun_us"]
        ended_s = table.wait_for(NODE_RED_MESSAGES, DEADLINE_S)
    return NODE_RED_MESSAGES / (ended_s - begun_us / 1e6), versions


def naive_rate(parts: Parts, file: Path, caseload: Path, messages: int) -> float:
    """Fixes a second of the naive loop."""
    client = Process("-m", "bench.naive", parts.broker.url, parts.url, str(caseload), str(messages))
    client.ready()
    publisher = publish(parts, file)
    publisher.go()
    sent, taken = publisher.told(), client.told()
    return float(messages / (taken["ended_us"] - sent["begun_us"]) * 1e6)


async def forget_session(url: str, client_id: str) -> None:
    """Else the broker would queue for it what it is given to relay to others."""
    address = urlsplit(url)
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 0
    async with aiomqtt.Client(
        address.hostname or "127.0.0.1",
        address.port or 1883,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        properties=properties,
    ):
        pass


async def prepare(url: str, caseload: Path) -> None:
    """The schema, and the caseload entered."""
    async with await Store.open(url) as store:
        await store.migrate()
        versions, _ = load_caseload(caseload)
        await store.learn(versions)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run through ingest gave."""

    fixes_per_s: float
    cpu_us_per_fix: float
    lost: int
    batches: int
    rss_mb: float


class Ingest:
    """The `bailiwick ingest` process, watched from outside."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        environment = {"BAILIWICK_DATABASE_URL": parts.url, "BAILIWICK_MQTT_URL": parts.broker.url}
        self.process = Process("-m", "bailiwick", "ingest", environment=environment, quiet=True)
        self.watched = psutil.Process(self.process.child.pid)
        self.connection = psycopg.connect(parts.url, autocommit=True)
        self._wait_for("SELECT count(*) FROM commits WHERE lines > 0", 1)

    def run(self, file: Path, messages: int) -> Ingested:
        """Publish a file and see all of it committed."""
        before = self._number("SELECT count(*) FROM fixes")
        first = self._number("SELECT max(no) FROM commits")
        publisher = publish(self.parts, file)
        cpu_s = self.cpu_s()
        publisher.go()
        sent = publisher.told()
        self._wait_for("SELECT COALESCE(sum(fixes), 0) FROM commits WHERE no > %s", messages, first)
        cpu_s = self.cpu_s() - cpu_s
        where = "FROM commits WHERE no > %s AND fixes > 0"
        ended_us = self._number(f"SELECT extract(epoch FROM max(committed_at)) * 1000000 {where}", first)
        return Ingested(
            messages / (ended_us - sent["begun_us"]) * 1e6,
            cpu_s / messages * 1e6,
            messages - (self._number("SELECT count(*) FROM fixes") - before),
            self._number(f"SELECT count(*) {where}", first),
            self.watched.memory_info().rss / 1e6,
        )

    def end(self) -> None:
        self.connection.close()
        self.process.end()

    def cpu_s(self) -> float:
        times = self.watched.cpu_times()
        return float(times.user + times.system)

    def _number(self, query: str, *parameters: Any) -> int:
        row = self.connection.execute(query.encode(), parameters or None).fetchone()
        assert row is not None
        return int(row[0] or 0)

    def _wait_for(self, query: str, number: int, *parameters: Any) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while self._number(query, *parameters) < number:
            assert time.monotonic() < deadline, f"not {number} within {DEADLINE_S:g} s: {query}"
            time.sleep(POLL_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    arguments = parser.parse_args()
    real = real_parts()
    with started(real) as parts:
        now_us = time.time_ns() // 1000
        caseload = parts.folder / "caseload.ndjson"
        records = write_caseload(caseload, arguments.wearers, now_us - 86_400_000_000)
        devices = walkers(records)
        warm, load, little, middle, first = (
            parts.folder / name for name in ("warm", "load", "little", "middle", "first")
        )
        made = list(packets(devices, WARM_MESSAGES + arguments.messages, now_us // 1000))
        warm.write_bytes(b"".join(made[:WARM_MESSAGES]))
        load.write_bytes(b"".join(made[WARM_MESSAGES:]))
        little.write_bytes(b"".join(made[:NAIVE_MESSAGES]))
        middle.write_bytes(b"".join(made[:NODE_RED_MESSAGES]))
        first.write_bytes(b"".join(made[:NODE_RED_WARM]))
        asyncio.run(prepare(parts.url, caseload))
        # The relay before and after: other work on the machine weighs on all three alike.
        relays = [relay_rate(parts, load, arguments.messages)]
        ingest = Ingest(parts)
        ingest.run(warm, WARM_MESSAGES)
        done = ingest.run(load, arguments.messages)
        ingest.end()
        asyncio.run(forget_session(parts.broker.url, CLIENT_ID))
        relays.append(relay_rate(parts, load, arguments.messages))
        ceiling, broker_share = ceiling_rate(parts, load, arguments.messages)
        naive = naive_rate(parts, little, caseload, NAIVE_MESSAGES)
        by_node_red, theirs = node_red_rate(parts, first, middle)
    relay, relay_cpu_us = (sum(column) / len(relays) for column in zip(*relays, strict=True))
    result = {
        "fixes_per_s": round(done.fixes_per_s),
        "relay_per_s": round(relay),
        "naive_per_s": round(naive),
        "ratio_to_relay": round(done.fixes_per_s / relay, 3),
        "ratio_to_naive": round(done.fixes_per_s / naive, 1),
        "node_red_per_s": by_node_red and round(by_node_red),
        "ratio_to_node_red": by_node_red and round(done.fixes_per_s / by_node_red, 1),
        "ceiling_per_s": round(ceiling),
        "ratio_to_ceiling": round(done.fixes_per_s / ceiling, 3),
        "broker_cores_at_ceiling": round(broker_share, 2),
        **{name: why for name, why in theirs.items() if name.endswith("_missing")},
        "cpu_us_per_fix": round(done.cpu_us_per_fix, 2),
        "relay_cpu_us_per_message": round(relay_cpu_us, 2),
        "lost": done.lost,
        "fixes_per_commit": round(arguments.messages / done.batches),
        "rss_mb": round(done.rss_mb),
        "wearers": arguments.wearers,
        "messages": arguments.messages,
    }
    command = f"python -m bench.ingest --wearers {arguments.wearers} --messages {arguments.messages}"
    write_result("ingest", result, command, {**real.versions, **theirs})


if __name__ == "__main__":
    main()
