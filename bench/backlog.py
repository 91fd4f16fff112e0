"""An hour in the dark of 18,000 wearers, drained while each of them sends live every 10 seconds.

``python -m bench.backlog [--wearers N] [--spread S] [--quick]``: a real Mosquitto and TimescaleDB and `bailiwick ingest` on the same cores.
Writes bench/results/backlog.json (`--quick` prints alone). Three runs, each on a fresh database: 500 fixes an envelope, all of them at the broker
within half a second, which is what stands at the top; each wearer's hour of 60 fixes in one envelope, as fast (`at_once`); and the
same of devices that come back over a minute less a quarter (`spread`).

A live fix's delay is from its own time, when it is sent, to the moment at which the transaction that holds it was committed, as the database
has it. Only fixes sent while the backlog drains count; those of before stand beside them. Lost are fixes that were sent and do not stand
in the database at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from bailiwick.parts.real_parts import RealParts, real_parts
from bench.api_fill import tracked
from bench.ingest import DEADLINE_S, Ingest, Parts, Process, prepare, started
from bench.results import write_result
from domain.instants import DAY_US
from simulators.caseload import as_lines, generate

WEARERS: Final = 18_000
EVERY_S: Final = 10.0
"""A live fix of each wearer."""
HOUR_FIXES: Final = 60
MOST_IN_ENVELOPE: Final = 500
SPREAD_S: Final = 45.0
BEFORE_S: Final = 60.0
"""Of live fixes alone, first to warm up and then to be measured, half each."""
AFTER_S: Final = 5.0
POLL_S: Final = 0.5
SETTINGS: Final = {"track_commit_timestamp": "on"}
LIVE: Final = """
    SELECT extract(epoch FROM f.fix_time)::float8, extract(epoch FROM pg_xact_commit_timestamp(c.xmin))::float8
    FROM fixes f JOIN commits c ON c.no = f.commit_no WHERE f.seq > %s
"""
DRAINED: Final = """
    SELECT extract(epoch FROM max(pg_xact_commit_timestamp(c.xmin)))::float8
    FROM commits c WHERE c.no IN (SELECT DISTINCT commit_no FROM fixes WHERE seq <= %s)
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Who comes back with how much, over how long."""

    devices: int
    items: int
    spread_s: float

    @property
    def fixes(self) -> int:
        return self.devices * self.items


class Watched:
    """The database, asked from outside."""

    def __init__(self, parts: Parts) -> None:
        self._connection = psycopg.connect(parts.url, autocommit=True)

    def number(self, query: str, *parameters: Any) -> float:
        row = self._connection.execute(query.encode(), parameters or None).fetchone()
        assert row is not None
        return float(row[0] or 0)

    def live(self, above: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Seconds since the epoch: when each live fix was sent, and committed."""
        return np.array(self._connection.execute(LIVE.encode(), (above,)).fetchall(), np.float64).reshape(-1, 2)

    def wait_until_drained(self, shape: Shape, live_hz: float, began_s: float) -> None:
        """The cheap question until it may be so, then the exact one."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            due = shape.fixes + live_hz * max(0.0, time.time() - began_s - BEFORE_S)
            if self.number("SELECT sum(fixes) FROM commits") >= due and self._whole(shape):
                return
            assert time.monotonic() < deadline, f"not drained within {DEADLINE_S:g} s"
            time.sleep(POLL_S)

    def _whole(self, shape: Shape) -> bool:
        return self.number("SELECT count(*) FROM fixes WHERE seq <= %s", shape.items) == shape.fixes

    def wait_for(self, fixes: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while self.number("SELECT sum(fixes) FROM commits") < fixes and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def close(self) -> None:
        self._connection.close()


def quantiles(delays_s: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """p50, p95, p99, and the longest, seconds."""
    marks = [*np.quantile(delays_s, (0.5, 0.95, 0.99)).tolist(), float(delays_s.max())]
    return {name: round(mark, 3) for name, mark in zip(("p50", "p95", "p99", "max"), marks, strict=True)}


def drained(real: RealParts, wearers: int, shape: Shape) -> dict[str, Any]:
    """One run on a fresh database."""
    with started(real, SETTINGS) as parts:
        now_us = time.time_ns() // 1000
        caseload = parts.folder / "caseload.ndjson"
        caseload.write_bytes(as_lines(tracked(generate(wearers, 1, now_us - 4 * DAY_US))))
        asyncio.run(prepare(parts.url, caseload))
        ingest = Ingest(parts)
        try:
            return watched(parts, ingest, caseload, wearers / EVERY_S, shape)
        finally:
            ingest.end()


def watched(parts: Parts, ingest: Ingest, caseload: Path, live_hz: float, shape: Shape) -> dict[str, Any]:
    """Live alone, then the backlog beside it, then live alone again."""
    before_ms = time.time_ns() // 1_000_000
    sizes = [str(shape.devices), str(shape.items), str(before_ms), str(shape.spread_s)]
    backlog = Process("-m", "bench.backlog_load", parts.broker.url, str(caseload), *sizes)
    first = str(shape.items + 1)
    live = Process("-m", "bench.api_load", parts.broker.url, str(caseload), str(live_hz), "0", first)
    backlog.ready()
    live.ready()
    asked, began_s = Watched(parts), time.time()
    live.go()
    time.sleep(BEFORE_S)
    cpu_s, rss_mb = ingest.cpu_s(), ingest.watched.memory_info().rss / 1e6
    backlog.go()
    asked.wait_until_drained(shape, live_hz, began_s)
    cpu_s, after_mb = ingest.cpu_s() - cpu_s, ingest.watched.memory_info().rss / 1e6
    time.sleep(AFTER_S)
    live.go()
    spoken, sent = live.told(), backlog.told()
    asked.wait_for(shape.fixes + spoken["messages"])
    ended_s = asked.number(DRAINED, shape.items)
    times = asked.live(shape.items)
    stored = asked.number("SELECT count(*) FROM fixes")
    twice = stored - asked.number("SELECT count(*) FROM (SELECT DISTINCT device_no, gen, seq FROM fixes) AS f")
    asked.close()
    begun_s, delay_s = sent["begun_us"] / 1e6, times[:, 1] - times[:, 0]
    meanwhile = (times[:, 0] >= begun_s) & (times[:, 0] <= ended_s)
    settled = (times[:, 0] >= began_s + BEFORE_S / 2) & (times[:, 0] < begun_s)
    return {
        "fixes": shape.fixes,
        "drain_s": round(ended_s - begun_s, 2),
        "live_delay_s": quantiles(delay_s[meanwhile]),
        "lost": int(shape.fixes + spoken["messages"] - stored),
        "twice": int(twice),
        "live_fixes": int(meanwhile.sum()),
        "live_delay_before_s": quantiles(delay_s[settled]),
        "sent_s": round((sent["ended_us"] - sent["begun_us"]) / 1e6, 2),
        "live_behind_s": spoken["behind_s"],
        "ingest_cpu_s": round(cpu_s, 1),
        "ingest_rss_mb": {"before": round(rss_mb), "after": round(after_mb)},
        "megabytes": round(sent["bytes"] / 1e6, 1),
        **asdict(shape),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument(
        "--spread", type=float, default=SPREAD_S, help="seconds over which devices come back in the last run"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the wearers, all at once; printed, not kept")
    told = parser.parse_args()
    real, wearers = real_parts(), told.wearers // 10 if told.quick else told.wearers
    at_once = drained(real, wearers, Shape(wearers, HOUR_FIXES, 0.0))
    if told.quick:
        print(at_once)
        sys.exit(0 if at_once["lost"] == 0 else 1)
    deep = drained(real, wearers, Shape(wearers * HOUR_FIXES // MOST_IN_ENVELOPE, MOST_IN_ENVELOPE, 0.0))
    over = drained(real, wearers, Shape(wearers, HOUR_FIXES, told.spread))
    result = {**deep, "wearers": wearers, "live_every_s": EVERY_S, "spread": over, "at_once": at_once}
    write_result("backlog", result, " ".join(["python -m bench.backlog", *sys.argv[1:]]), real.versions)
    sys.exit(0 if at_once["lost"] == over["lost"] == deep["lost"] == 0 else 1)


if __name__ == "__main__":
    main()
