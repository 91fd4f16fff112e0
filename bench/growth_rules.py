"""What judging costs as wearers become more, each size in processes of its own so that memory is that size's alone.

``python -m bench.growth_rules make FOLDER WEARERS`` invents a caseload and what its devices are; ``... judge FOLDER`` reads it as ingest does,
judges live minutes, and prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from bailiwick.caseload_input import load_caseload
from bailiwick.timezones import pinned_time_zones
from bench.rules import Bench, Kept
from bench.rules_fleet import START_US, Fleet, caseload
from domain.facts import Facts, Roster
from domain.records import Device
from geofence.rules import Rules
from ingest.batches import BATCH_MESSAGES
from simulators.caseload import as_lines

CASELOAD: Final = "caseload.ndjson"
DEVICES: Final = "devices.npz"
WARM_MINUTES: Final = 3
MINUTES: Final = 2
REPEATS: Final = 3
COLUMNS: Final = ("lon", "lat", "reach_m", "period_us", "fixes", "sober")


class Nothing(Kept):
    """Live facts alone: the rules ask for none again, so that none need be kept here."""

    def keep(self, facts: Facts) -> None:
        """Not kept: the store's memory is not the rules'."""


class Grown(Bench):
    """The rules over a caseload that was written before."""

    def __init__(self, folder: Path) -> None:
        versions, _ = load_caseload(folder / CASELOAD)
        roster = Roster()
        for version in versions:
            if isinstance(version.record, Device):
                roster.add(version.record.id)
        started = time.process_time()
        self.rules = Rules(roster, versions, pinned_time_zones())
        self.learnt_s = time.process_time() - started
        with np.load(folder / DEVICES) as made:
            self.fleet = Fleet(roster.ids, *(made[name] for name in COLUMNS))
            self.speaking = made["speaking"]
        self.kept, self.now_us = Nothing(), START_US
        self.taken_s, self.asked, self.versions = 0.0, 0, 0


def make(folder: Path, wearers: int) -> None:
    """The caseload as a file, and its devices as columns in the file's order."""
    records = caseload(wearers)
    (folder / CASELOAD).write_bytes(as_lines(records))
    fleet = Fleet.of(records, [record["id"] for record in records if record["type"] == "device"])
    columns = {name: getattr(fleet, name) for name in COLUMNS}
    np.savez(folder / DEVICES, speaking=fleet.speaking(records), **columns)


def judged(folder: Path) -> dict[str, Any]:
    """CPU a fact, the clock's ticks with it, and memory."""
    bench = Grown(folder)
    gc.collect()
    gc.freeze()
    bench.live(bench.speaking, WARM_MINUTES, BATCH_MESSAGES)
    live_us = min(bench.live(bench.speaking, MINUTES, BATCH_MESSAGES) for _ in range(REPEATS))
    rss_mb = psutil.Process().memory_info().rss / 1e6
    return {
        "fact_us": round(live_us, 2),
        "rss_mb": round(rss_mb),
        "state_mb": round(len(bench.rules.snapshot()) / 1e6, 1),
        "learnt_s": round(bench.learnt_s, 1),
        "devices_speaking": len(bench.speaking),
    }


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(judged(Path(sys.argv[2]))), flush=True)
