"""How cost grows: with wearers, from 1,000 to 288,000, and with days stored, from 1 to 90.

``python -m bench.growth [--wearers N ...] [--days N ...] [--stored-wearers N] [--quick]``. Writes bench/results/growth.json (`--quick`
prints alone).

Wearers: the usual caseload with every kind of condition, one fact a minute of each speaking device, the rules alone: CPU a fact with the
clock's ticks, and the memory of a process that holds caseload and state. Days: a fix a minute of each of fewer wearers (90 days of
18,000 would be 2.3 thousand million fixes), on a real TimescaleDB with `bailiwick ingest` and `bailiwick api` at work: CPU a fix in
ingest and in the database, and what an operator waits for. The law of each is the power p in cost ~ size^p, fitted over all sizes: 0 is flat.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bailiwick.parts.real_parts import real_parts
from bailiwick.parts.usage import cpu_s
from bench.api import Asked, key_for, load, number, quantiles, serving
from bench.api_fill import fill, tracked
from bench.ingest import Ingest, Parts, prepare, started
from bench.load import walkers
from bench.results import write_result
from domain.instants import DAY_US
from simulators.caseload import as_lines, generate

WEARERS: Final = (1_000, 18_000, 72_000, 288_000)
DAYS: Final = (1, 10, 30, 90)
STORED_WEARERS: Final = 300
FIXES_A_DAY: Final = 1_440
RATE_HZ: Final = 5.0
"""Of each tag that speaks: every second one. Trails are asked of the others, so that they are as long at every depth."""
SECONDS: Final = 20.0
ORDERS_BEGUN_DAYS: Final = 4
"""Ago, at every depth: so that they are in force while it is asked."""
QUICK_WEARERS: Final = (200, 1_000)
QUICK_DAYS: Final = (1, 3)
QUICK_STORED: Final = 50
Row = dict[str, Any]


def by_wearers(sizes: Sequence[int]) -> list[Row]:
    """One row a size."""
    rows = []
    for wearers in sizes:
        with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as folder:
            command = [sys.executable, "-m", "bench.growth_rules"]
            subprocess.run([*command, "make", folder, str(wearers)], check=True)
            said = subprocess.run([*command, "judge", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        rows.append({"wearers": wearers, **json.loads(said)})
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return rows


def by_days(days: Sequence[int], wearers: int) -> list[Row]:
    """One row a depth of days; the same database grows backwards in time."""
    with ExitStack() as stack:
        parts = stack.enter_context(started(real_parts()))
        now_us = time.time_ns() // 1000
        records = tracked(generate(wearers, 1, now_us - ORDERS_BEGUN_DAYS * DAY_US))
        caseload = parts.folder / "caseload.ndjson"
        caseload.write_bytes(as_lines(records))
        asyncio.run(prepare(parts.url, caseload))
        ingest = Ingest(parts)
        stack.callback(ingest.connection.close)
        address, _ = stack.enter_context(serving(parts))
        asked = Asked(address, asyncio.run(key_for(parts.url)))
        fittings = [one for one in records if one["type"] == "fitting" and one.get("wearer")]
        silent = [one["id"] for one in fittings[1::2]]
        live = Live(parts, ingest, parts.folder / "speaking.ndjson", RATE_HZ * len(fittings[::2]))
        live.caseload.write_bytes(as_lines([one for one in records if one["id"] not in silent]))
        names = [one["wearer"] for one in fittings[1::2]]
        rows, stored, tags = [], 0, walkers(records)
        for depth in days:
            more = (depth - stored) * FIXES_A_DAY * len(tags)
            fill(parts.url, tags, more, now_us - stored * DAY_US)
            stored = depth
            rows.append({"days": depth, **stored_cost(live, asked, names)})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        return rows


@dataclass(frozen=True, slots=True)
class Live:
    """Devices that speak while something is measured."""

    parts: Parts
    ingest: Ingest
    caseload: Path
    rate_hz: float

    def speaking(self) -> AbstractContextManager[dict[str, Any]]:
        return load(self.parts, self.caseload, self.rate_hz, 0.0)

    def cpu_s(self) -> tuple[float, float]:
        """Of ingest and of the database with all that it serves."""
        return self.ingest.cpu_s(), cpu_s(self.parts.database.child.pid)


def stored_cost(live: Live, asked: Asked, wearers: Sequence[str]) -> Row:
    """Ingest alone, then an operator beside it."""
    fixes = number(live.parts.url, "SELECT count(*) FROM fixes")
    with live.speaking():
        asked.times(SECONDS / 4, wearers)  # so that everybody has been at work
    before = live.cpu_s()
    with live.speaking() as spoken:
        time.sleep(SECONDS)
    ingest_us, database_us = (
        (now - then) / spoken["messages"] * 1e6 for now, then in zip(live.cpu_s(), before, strict=True)
    )
    with live.speaking():
        took = asked.times(SECONDS, wearers)
    return {
        "fixes": fixes,
        "ingest_us": round(ingest_us, 2),
        "database_us": round(database_us, 2),
        **{name.replace("_18000", ""): quantiles(values) for name, values in took.items()},
    }


def law(rows: Sequence[Row], size: str, cost: str) -> float:
    """The power p in cost ~ size^p."""
    values = [row[cost]["p50"] if isinstance(row[cost], dict) else row[cost] for row in rows]
    return round(float(np.polyfit(np.log([row[size] for row in rows]), np.log(values), 1)[0]), 3)


def measured(wearers: Sequence[int], days: Sequence[int], stored_wearers: int) -> Row:
    """Both tables and their laws."""
    of_wearers, of_days = by_wearers(wearers), by_days(days, stored_wearers)
    asked = ("ingest_us", "database_us", "alerts_page_ms", "positions_ms", "trail_24h_ms")
    return {
        "wearers": of_wearers,
        "days": of_days,
        "law": {
            "wearers": {name: law(of_wearers, "wearers", name) for name in ("fact_us", "rss_mb", "state_mb")},
            "days": {name: law(of_days, "days", name) for name in asked},
        },
        "stored_wearers": stored_wearers,
        "live_hz_a_wearer": RATE_HZ / 2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, nargs="+", default=WEARERS)
    parser.add_argument("--days", type=int, nargs="+", default=DAYS)
    parser.add_argument("--stored-wearers", type=int, default=STORED_WEARERS)
    parser.add_argument("--quick", action="store_true", help="small sizes; printed, not kept")
    told = parser.parse_args()
    if told.quick:
        print(json.dumps(measured(QUICK_WEARERS, QUICK_DAYS, QUICK_STORED), indent=2))
        return
    result = measured(told.wearers, told.days, told.stored_wearers)
    write_result("growth", result, " ".join(["python -m bench.growth", *sys.argv[1:]]), real_parts().versions)


if __name__ == "__main__":
    main()
