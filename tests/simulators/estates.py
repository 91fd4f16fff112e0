"""Worlds of the estate for tests: whole days of some of its people, and what the rules find in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from bailiwick.evaluate_command import evaluate
from domain.caseload_file import read_caseload
from domain.instants import SECOND_US, parse_instant
from simulators.caseload import Record, as_lines
from simulators.estate import estate
from simulators.feed import feed_lines
from simulators.ground import Floats
from simulators.scenario import Scenario
from simulators.scenes import Life
from simulators.score import Report, score
from simulators.service import Simulation, timezone_names
from simulators.subjects import Run
from simulators.truth import truth_lines

START_US = parse_instant("2026-11-23T06:00:00Z")
"""A Monday."""
NUMBER = re.compile(r"\d{6}")


def whole_days(
    wearers: int,
    hours: float,
    scenario: Scenario,
    *,
    seed: int = 1,
    start_us: int = START_US,
    only: Callable[[Record], bool] | None = None,
) -> tuple[list[Record], Simulation]:
    """The records and the run; ``only``: the people one of whose records is such, out of so many."""
    records = estate(wearers, seed, start_us, hours / 24, people=scenario.people)
    if only is not None:
        wanted = {number for record in records if only(record) for number in NUMBER.findall(record["id"])}
        with_unit = [r for r in records if (r.get("place") or {}).get("home_unit") and r["id"][1:7] in wanted]
        wanted |= {r["place"]["home_unit"][1:] for r in with_unit}  # whose home unit others share
        records = [r for r in records if not (has := NUMBER.findall(r["id"])) or has[0] in wanted]
        records = [r for r in records if r.get("other_wearer", "W")[1:] in {"", *wanted}]
    versions, _ = read_caseload(as_lines(records).splitlines(keepends=True), "made", timezone_names())
    return records, Simulation.prepare(versions, Run(start_us, hours * 3600), scenario, seed)


def judged(records: Iterable[Record], simulation: Simulation) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Every version of every violation, and what was parked, by its reason."""
    versions, _ = read_caseload(as_lines(records).splitlines(keepends=True), "made", timezone_names())
    parked: Counter[str] = Counter()
    lines = feed_lines(simulation.devices, simulation.scenario, simulation.seed)
    return [one.as_json() for one in evaluate(versions, lines, "made", None, parked)], parked


def compared(records: Iterable[Record], simulation: Simulation) -> tuple[Report, Counter[str]]:
    """What the rules found against what happened, and what was parked."""
    violations, parked = judged(records, simulation)
    return score(truth_lines(simulation), violations), parked


def closely(life: Life, step_m: float = 10.0) -> Floats:
    """(n,) instants of a walk, seconds, at most so many metres apart."""
    took, away = np.diff(life.t), np.hypot(np.diff(life.x), np.diff(life.y))
    parts = np.maximum(1, np.ceil(away / step_m)).astype(np.int64)
    piece = np.repeat(np.arange(len(parts)), parts)
    part = np.arange(len(piece)) - np.repeat(np.cumsum(parts) - parts, parts)
    return np.append(life.t[:-1][piece] + part / parts[piece] * took[piece], life.t[-1])


def seconds(simulation: Simulation, instant: str) -> float:
    """An instant of the run, seconds since it began."""
    return (parse_instant(instant) - simulation.run.start_us) / SECOND_US
