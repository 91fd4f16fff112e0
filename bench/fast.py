"""Fast time: the same lives through the rules by a pipe, faster than they are lived.

``python -m bench.fast`` makes a caseload of the estate, runs ``bailiwick simulate --feed - | bailiwick evaluate --feed -`` on two cores, and
writes bench/results/fast.json: how many times real speed, and how long a year of 1,000 wearers and a day of 100,000 would take at
that. Ticks come every ten seconds of simulated time: more often they cost more and say nothing else. ``--quick`` is a tenth of the time and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.results import write_result
from domain.instants import parse_instant
from simulators.caseload import as_lines
from simulators.estate import estate

START_US: Final = parse_instant("2026-11-21T15:00:00Z")
SEED: Final = 1
TICK_S: Final = 10
YEAR_DAYS, DAY_DAYS = 365.0, 1.0
LARGE, SMALL = 100_000, 1_000
SMALL_S, LARGE_S = 86_400.0, 1_200.0
"""So much of the time of each is run; the rest is reckoned from two runs of different length, which tell the start from the rate."""


def piped(folder: Path, wearers: int, duration_s: float) -> dict[str, float]:
    """One pipe from its start to its end: seconds on the wall, lines of the feed, violations' versions."""
    caseload, scenario = folder / f"{wearers}.caseload.ndjson", folder / "fast.toml"
    if not caseload.exists():
        caseload.write_bytes(as_lines(estate(wearers, SEED, START_US, YEAR_DAYS)))
    scenario.write_text(f'[feed]\ntick_s = {TICK_S}\n[people]\ndays = "yes"\n')
    program = [sys.executable, "-m", "bailiwick"]
    lived = [*program, "simulate", "--caseload", str(caseload), "--feed", "-", "--scenario", str(scenario)]
    judged = [*program, "evaluate", "--caseload", str(caseload), "--feed", "-"]
    began = time.perf_counter()
    with (folder / "told.txt").open("wb") as told, (folder / "found.ndjson").open("wb") as found:
        simulate = subprocess.Popen([*lived, "--duration", str(duration_s)], stdout=subprocess.PIPE, stderr=told)
        assert simulate.stdout is not None
        evaluate = subprocess.Popen(judged, stdin=simulate.stdout, stdout=found, stderr=told)
        simulate.stdout.close()
        codes = simulate.wait(), evaluate.wait()
    took = time.perf_counter() - began
    if any(codes):
        raise SystemExit((folder / "told.txt").read_text())
    with (folder / "found.ndjson").open("rb") as found:
        return {
            "wearers": wearers,
            "simulated_s": duration_s,
            "took_s": round(took, 1),
            "versions": sum(1 for _ in found),
        }


def reckoned(folder: Path, wearers: int, duration_s: float, whole_days: float) -> dict[str, Any]:
    """A short run and a long one, and by their difference what the whole would take."""
    short, long = piped(folder, wearers, duration_s / 4), piped(folder, wearers, duration_s)
    rate = (long["simulated_s"] - short["simulated_s"]) / (long["took_s"] - short["took_s"])
    start_s = max(0.0, short["took_s"] - short["simulated_s"] / rate)
    return {
        "runs": [short, long],
        "times_real_speed": round(rate, 1),
        "start_s": round(start_s, 1),
        "whole_days": whole_days,
        "whole_takes_h": round((start_s + whole_days * 86_400 / rate) / 3600, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time; writes nothing")
    told = parser.parse_args()
    part = 0.1 if told.quick else 1.0
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as name:
        folder = Path(name)
        result = {
            "year_of_1000": reckoned(folder, SMALL, SMALL_S * part, YEAR_DAYS),
            "day_of_100000": reckoned(folder, LARGE, LARGE_S * part, DAY_DAYS),
            "tick_s": TICK_S,
        }
    if told.quick:
        print(json.dumps(result, indent=2))
    else:
        write_result("fast", result, "python -m bench.fast")


if __name__ == "__main__":
    main()
