"""18,000 connections at 1 Hz for ten minutes, over a real Mosquitto and TimescaleDB, with the whole system at work.

``python -m bench.fleet [--wearers N] [--duration S] [--rate HZ]``: the demo's own run, on real parts instead of embedded
ones. Writes bench/results/fleet.json: every item counted, from sending to alert, and whether the memory of ingest is flat
after the first minute.

``--disturbed`` (30 minutes): messages twice and out of order, three outages of a share of the devices, of which one keeps nothing, and one
of all of them in the middle for two minutes; then the same lives undisturbed, unless ``--alone``. Writes bench/results/fleet_disturbed.json, both scores
beside each other. Lost is what the broker took and the database has not. A delay there is also what a device waited for its network.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bailiwick.demo.config import DemoConfig, check_port, data_folder
from bailiwick.demo.run import Demo
from bailiwick.demo.system import DATABASE_SETTINGS, System
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.processes import PartFailed
from bailiwick.parts.real_parts import RealParts, real_parts
from bailiwick.settings import load_settings
from bench.results import write_result

WEARERS = 18_000
DURATION_S = 600.0
RATE_HZ = 1.0
DISTURBED_S = 1800.0
SCENARIO = """
[network]
duplicates = 0.02
reordered = 0.05
reorder_s = 20
"""
OUTAGES = ((0.15, 0.25, 0.1, True), (0.30, 0.35, 0.03, False), (0.75, 0.80, 0.2, True))
"""From and to, as shares of the run; of how many of the devices; whether they keep what they record."""
DARK_FROM, DARK_S = 0.45, 120.0
"""All of them: from when, as a share of the run, and how long. 2.2 million facts at a fix a second, what the fleet records in two hours at
its usual fix a minute."""
MOST_TOLD = 60
"""Of what was missed or false, each kept with the result."""
SETTLED_S = 60.0
"""From then on the memory of ingest is to be flat."""
FLAT_MB_A_MINUTE = 2.0
"""A straight line through its memory that rises by more is not flat."""


@dataclass(slots=True)
class RealSystem(System):
    """The demo's processes over a real TimescaleDB and Mosquitto; the memory of ingest is written down."""

    parts: RealParts = field(kw_only=True)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the epoch, megabytes."""

    def start_parts(self) -> None:
        folder = self.folder / "timescale"
        self.database = PostgresServer(
            self.parts.timescale, folder / "data", self.folder / "timescale.log", DATABASE_SETTINGS
        )
        self.database.start()
        with psycopg.connect(self.database.url("template1"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        with psycopg.connect(self.database.url(), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        self.broker = MosquittoBroker(self.parts.mosquitto, self.folder / "broker", self.folder / "broker.log")
        self.broker.start()
        self.children |= {"database": self.database.child, "broker": self.broker.child}

    def memory_mb(self) -> dict[str, float]:
        used = System.memory_mb(self)
        if "ingest" in used:
            self.memory.append((time.time(), used["ingest"]))
        return used


def steadiness(memory: list[tuple[float, float]], begun_s: float, ended_s: float) -> dict[str, Any]:
    """How the memory of ingest went from the end of the first minute of the run to its end."""
    settled = np.array([m for m in memory if begun_s + SETTLED_S <= m[0] <= ended_s])
    if len(settled) < 3:
        return {"flat": None, "samples": len(settled)}
    minutes, used_mb = (settled[:, 0] - begun_s) / 60, settled[:, 1]
    rise = float(np.polyfit(minutes, used_mb, 1)[0])
    return {
        "after_first_minute_mb": round(float(used_mb[0]), 1),
        "at_end_mb": round(float(used_mb[-1]), 1),
        "most_mb": round(float(used_mb.max()), 1),
        "rise_mb_a_minute": round(rise, 2),
        "samples": len(settled),
        "flat": rise <= FLAT_MB_A_MINUTE,
    }


def run(wearers: int, duration_s: float, rate_hz: float, scenario: Path | None = None) -> dict[str, Any]:
    """One run. Raises `PartFailed` when a part cannot be had or ends."""
    settings, parts = load_settings(), real_parts()
    check_port(settings.api_host, settings.api_port)
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as name:
        Path(name).chmod(0o711)
        report = Path(name) / "report.json"
        config = DemoConfig(wearers, duration_s, rate_hz, scenario, report, 1, open_browser=False)
        with data_folder(Path(name) / "demo", config.disk_mb()) as folder:
            system = RealSystem(folder, settings, parts=parts)
            try:
                asyncio.run(Demo(config, system).run())
                go = json.loads((folder / "fleet-go.json").read_text())
                account = json.loads((folder / "fleet-account.json").read_text())
                told = json.loads((folder / "score.json").read_text())
            finally:
                system.stop()
        body = json.loads(report.read_text())
    begun_s, held = go["start_us"] / 1e6, account["tally"]["held"]
    return {
        "connections": body["connections"],
        # What a device still held that went away for good is nobody's loss; of some of it only the acknowledgement was missing.
        "lost": max(0, body["lost"] - held),
        "held_and_stored": max(0, held - body["lost"]),
        **{key: body[key] for key in ("duplicates", "alert_delay_s")},
        "held_by_devices": held,
        **{key: body[key] for key in ("wearers", "duration_s", "rate_hz", "sent", "committed", "dead_letters")},
        "ingest_memory": steadiness(system.memory, begun_s, begun_s + duration_s),
        **{key: body[key] for key in ("cpu_s", "rss_mb", "violations")},
        "missed_and_false": [one for one in told["details"] if one["what"] in ("missed", "false")][:MOST_TOLD],
        "fleet": {key: account["tally"][key] for key in ("at_once", "messages", "reconnections", "lag_s", "cpu_s")},
    }


def outages(duration_s: float) -> list[tuple[float, float, float, bool]]:
    """`OUTAGES` and the dark, in their order."""
    return sorted([*OUTAGES, (DARK_FROM, round(DARK_FROM + DARK_S / duration_s, 4), 1.0, True)])


def scenario_of(duration_s: float) -> str:
    """The disturbances as a scenario file (docs/simulators.md)."""
    parts = [SCENARIO]
    for begins, ends, share, keeps in outages(duration_s):
        span = f"from_s = {begins * duration_s:.0f}\nto_s = {ends * duration_s:.0f}"
        parts.append(f"[[outage]]\n{span}\nshare = {share}\nkeeps = {json.dumps(keeps)}\n")
    return "\n".join(parts)


def score(result: dict[str, Any]) -> dict[str, Any]:
    """Over all kinds of which truth is told."""
    keys = ("truth", "found", "missed", "false", "explained")
    total = {key: sum(of[key] for of in result["violations"].values()) for key in keys}
    return {**total, "recall": round(1 - total["missed"] / max(1, total["truth"]), 5)}


def disturbed(wearers: int, duration_s: float, rate_hz: float, alone: bool) -> dict[str, Any]:
    """The disturbed run, and beside it what the same lives score undisturbed."""
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as folder:
        file = Path(folder) / "disturbed.toml"
        file.write_text(scenario_of(duration_s))
        result = run(wearers, duration_s, rate_hz, file)
    scores = {"disturbed": score(result)}
    if not alone:
        calm = run(wearers, duration_s, rate_hz)
        scores["undisturbed"] = score(calm)
        result["undisturbed"] = {
            key: calm[key] for key in ("lost", "duplicates", "alert_delay_s", "sent", "violations")
        }
    names = ("from_share", "to_share", "devices_share", "keeps")
    return {**result, "score": scores, "outages": [dict(zip(names, of, strict=True)) for of in outages(duration_s)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--duration", type=float, help=f"{DURATION_S:g} s, disturbed {DISTURBED_S:g} s")
    parser.add_argument("--rate", type=float, default=RATE_HZ)
    parser.add_argument(
        "--disturbed", action="store_true", help="outages, reordering, messages twice; fleet_disturbed.json"
    )
    parser.add_argument("--alone", action="store_true", help="with --disturbed: not the undisturbed run as well")
    given = parser.parse_args()
    command = " ".join(["python -m bench.fleet", *sys.argv[1:]])
    try:
        if given.disturbed:
            name, result = (
                "fleet_disturbed",
                disturbed(given.wearers, given.duration or DISTURBED_S, given.rate, given.alone),
            )
        else:
            name, result = "fleet", run(given.wearers, given.duration or DURATION_S, given.rate)
    except PartFailed as error:
        sys.exit(str(error))
    write_result(name, result, command, real_parts().versions)
    # A backlog that waits is memory: how flat it is, is asked of the undisturbed run alone.
    flat = given.disturbed or result["ingest_memory"]["flat"] is not False
    sys.exit(0 if result["lost"] == result["duplicates"] == 0 and flat else 1)


if __name__ == "__main__":
    main()
