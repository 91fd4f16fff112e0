"""What a commit costs: CPU of the client and of the server for each fact, and how ranges are kept (docs/decisions/0101).

``python -m bench.store [--facts 4000] [--commits 120] [--editions timescale,embedded]`` writes
bench/results/store.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bailiwick.parts.embedded_database import embedded_database
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.real_parts import real_parts
from bailiwick.parts.usage import cpu_s
from bench.results import write_result
from domain.commits import Work
from domain.facts import Batch, Facts, Roster, empty_facts
from domain.instants import SECOND_US
from domain.records import Device, Version
from domain.vocabulary import DeviceKind
from store import Store

FLEET = 18_000
EVERY_S = 30
"""A checkpoint each so many seconds of a fleet that sends once a second."""
START_US = 1_795_000_000 * SECOND_US
CHECKPOINT_BYTES = 20_000_000


def fleet_roster() -> Roster:
    roster = Roster()
    for number in range(FLEET):
        roster.add(f"T{number}")
    return roster


def work_of(no: int, roster: Roster, count: int, order: np.ndarray[Any, Any]) -> Work:
    """``count`` fixes in the order in which a fleet of `FLEET` devices sends them, one a message."""
    sent = (no - 1) * count + np.arange(count)
    facts: Facts = empty_facts(count)
    facts["line"] = np.arange(count)
    facts["device"] = order[sent % FLEET]
    facts["seq"] = sent // FLEET + 1
    facts["received_us"] = START_US + sent * (SECOND_US // FLEET)
    facts["t_us"] = facts["received_us"] // SECOND_US * SECOND_US
    rng = np.random.default_rng(no)
    for name in ("lat", "lon", "acc", "spd", "hdg", "bat"):
        facts[name] = rng.random(count) * 50
    facts["sats"] = 9
    batch = Batch(
        instants=facts["received_us"].copy(),
        kinds=np.zeros(count, np.int8),
        devices=facts["device"].copy(),
        sent_us=facts["t_us"].copy(),
        bad=np.zeros(count, np.bool_),
        facts=facts,
    )
    seqs = facts["seq"].tolist()
    ranges = list(zip(facts["device"].tolist(), [0] * count, seqs, seqs, strict=True))
    checkpoint = bytes(CHECKPOINT_BYTES) if no % (EVERY_S * FLEET // count) == 0 else None
    return Work(no, roster, batch, facts, ranges=ranges, checkpoint=checkpoint)


class Meter:
    """CPU of this process and of every backend of a database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def backends_s(self) -> float:
        with psycopg.connect(self._url) as conn:
            rows = conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        return sum(cpu_s(pid) for (pid,) in rows)

    def now(self) -> dict[str, float]:
        own = os.times()
        return {"client": own.user + own.system, "server": self.backends_s(), "wall": time.perf_counter()}


async def commits(url: str, count: int, number: int) -> dict[str, Any]:
    """CPU a fact of `Store.commit`, a checkpoint every `EVERY_S` seconds of traffic included."""
    async with await Store.open(url) as store:
        await store.migrate()
        roster = fleet_roster()
        await store.learn([Version(Device(device, DeviceKind.GPS_TAG)) for device in roster.ids])
        order = np.random.default_rng(1).permutation(FLEET)
        works = [work_of(no, roster, count, order) for no in range(1, number + 1)]
        await store.commit(works[0])
        meter = Meter(url)
        before, slowest = meter.now(), 0.0
        for work in works[1:]:
            began = time.perf_counter()
            await store.commit(work)
            slowest = max(slowest, time.perf_counter() - began)
        after = meter.now()
        facts = (number - 1) * count
        spent = {name: (after[name] - before[name]) / facts * 1e6 for name in before}
        again = await read_back(store, facts + count, meter)
        return {
            "client_cpu_us_per_fact": round(spent["client"], 2),
            "server_cpu_us_per_fact": round(spent["server"], 2),
            "facts_per_s": round(1e6 / spent["wall"]),
            "slowest_commit_ms": round(slowest * 1e3, 1),
            "checkpoints": sum(work.checkpoint is not None for work in works),
            **again,
        }


async def read_back(store: Store, facts: int, meter: Meter) -> dict[str, Any]:
    """How fast commits are read back to be folded again, and how fast a redelivered batch is looked up."""
    began = time.perf_counter()
    read = 0
    roster = Roster()
    async for commit in store.commits_after(0, roster):
        read += len(commit.batch.facts)
    took = time.perf_counter() - began
    assert read == facts
    newest = commit.batch.facts
    ids = list(zip(newest["device"].tolist(), newest["gen"].tolist(), newest["seq"].tolist(), strict=True))
    began = time.perf_counter()
    assert len(await store.facts_by_identity(ids, roster)) == len(ids)
    looked_up = time.perf_counter() - began
    began = time.perf_counter()
    ranges = await store.received_ranges(roster)
    return {
        "read_back_facts_per_s": round(read / took),
        "look_up_us_per_identity": round(looked_up / len(ids) * 1e6, 1),
        "received_ranges_ms": round((time.perf_counter() - began) * 1e3, 1),
        "received_ranges": len(ranges),
    }


async def ways_of_ranges(url: str, count: int, number: int) -> dict[str, float]:
    """CPU a range of each way to keep what was received: packed and folded as chosen, and the one rejected."""
    rejected = ranges_by_update(url, count, number)
    async with await Store.open(url) as store:
        await store.migrate()
        roster = fleet_roster()
        await store.learn([Version(Device(device, DeviceKind.GPS_TAG)) for device in roster.ids])
        order = np.random.default_rng(1).permutation(FLEET)
        meter, spent = Meter(url), []
        for first, keeps in ((1, False), (number + 1, True)):
            works = [work_of(no, roster, count, order) for no in range(first, first + number)]
            for work in works:
                work.keep, work.batch, work.checkpoint = empty_facts(), empty_batch(), None
                if not keeps:
                    work.ranges = []
            works[-1].checkpoint = b""
            before = meter.now()
            for work in works:
                await store.commit(work)
            after = meter.now()
            spent.append({name: (after[name] - before[name]) * 1e6 / (count * number) for name in before})
    chosen = {f"packed_{side}_us_per_range": round(spent[1][side] - spent[0][side], 2) for side in ("server", "client")}
    return chosen | rejected


def empty_batch() -> Batch:
    none = np.zeros(0, np.int64)
    return Batch(none, none.astype(np.int8), none.astype(np.int32), none, none.astype(np.bool_), empty_facts())


def ranges_by_update(url: str, count: int, number: int) -> dict[str, float]:
    """The way that was rejected: one UPDATE a commit raises the end of each device's range."""
    with psycopg.connect(url) as conn:
        conn.execute(
            "CREATE TABLE way (device_no bigint, gen bigint, low bigint, high bigint, "
            "PRIMARY KEY (device_no, gen, low)) WITH (fillfactor = 50)"
        )
        conn.execute("INSERT INTO way SELECT n, 0, 1, 1 FROM generate_series(0, %s) AS n", (FLEET - 1,))
        conn.commit()
        before, client = cpu_s(conn.info.backend_pid), time.process_time()
        for no in range(number):
            sent = np.arange(count) + no * count
            devices, seqs = (sent % FLEET).tolist(), (sent // FLEET + 2).tolist()
            conn.execute(
                "UPDATE way r SET high = n.seq FROM unnest(%s::bigint[], %s::bigint[]) AS n(device_no, seq) "
                "WHERE r.device_no = n.device_no AND r.gen = 0 AND r.high = n.seq - 1",
                (devices, seqs),
            )
            conn.commit()
        each = 1e6 / (count * number)
        return {
            "update_server_us_per_range": round((cpu_s(conn.info.backend_pid) - before) * each, 2),
            "update_client_us_per_range": round((time.process_time() - client) * each, 2),
        }


def on_a_fresh_database(server: PostgresServer, name: str, measure: Callable[[str], Any]) -> Any:
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}".encode())
    return asyncio.run(measure(server.url(name)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=4000)
    parser.add_argument("--commits", type=int, default=280)
    parser.add_argument("--editions", default="timescale,embedded")
    options = parser.parse_args()
    result: dict[str, Any] = {"facts_a_commit": options.facts, "commits": options.commits}
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        for edition in options.editions.split(","):
            if edition == "timescale":
                server = PostgresServer(real_parts().timescale, folder / "timescale", folder / "timescale.log")
            else:
                server = embedded_database(folder / "embedded")
            server.start()
            try:
                measured = on_a_fresh_database(
                    server, "commits", lambda url: commits(url, options.facts, options.commits)
                )
                measured |= on_a_fresh_database(server, "ways", lambda url: ways_of_ranges(url, options.facts, 135))
            finally:
                server.stop()
            result[edition] = measured
    command = f"python -m bench.store --facts {options.facts} --commits {options.commits}"
    write_result("store", result, command, real_parts().versions)


if __name__ == "__main__":
    main()
