"""Every scenario of the library, lived, judged by the rules and scored: what is missed, what is false and for whom, how soon it is decided.

``python -m bench.scenarios`` writes bench/results/scenarios.json and docs/scenarios.md (`bench.scenarios_page`). Some minutes, on two
cores. ``--quick`` is a tenth of the wearers and writes nothing; ``--only NAME`` runs one and prints what was missed and false; ``--page`` makes the page of the
result that is there.
"""

from __future__ import annotations

import argparse
import json
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np

from alerts.severity import RANK, severity_of
from bailiwick.evaluate_command import evaluate
from bailiwick.timezones import pinned_time_zones
from bench.results import RESULTS, write_result
from bench.scenarios_page import PAGE, page
from domain.caseload_records import parse_record
from domain.instants import SECOND_US, parse_instant
from domain.records import Version, Wearer
from domain.violations import Violation
from domain.vocabulary import Change, Kind, Level, Reason, Severity
from simulators.estate import estate
from simulators.feed import feed_lines
from simulators.scenario import Feed, Scenario, Suggested
from simulators.scenario_file import library
from simulators.score import score
from simulators.score_report import Report
from simulators.service import Simulation
from simulators.subjects import Run
from simulators.truth import truth_lines

START_US: Final = parse_instant("2026-11-21T15:00:00Z")
SEED: Final = 20_261_123
RECALLED: Final = ("strap_tamper", "exclusion_zone", "restriction_zone", "proximity_alert", "curfew")
"""The kinds of which nothing may be missed."""
MONTH: Final = "a-month-of-keeping-to-everything"
"""Nobody does anything wrong for thirty days: whom the service serves worst."""
OF_EVERYDAY: Final = ("next-door", "nobody-does-wrong", "usual")
"""The other runs by which false violations are counted: nothing fails in them but what fails every day."""
MONTH_DAYS: Final = 30.0
MONTH_WEARERS: Final = 100
MONTH_PARTS: Final = 4
MONTH_TICK_S: Final = 15.0
"""Its ticks come as seldom, which delays what silence and the clock decide by as much and nothing else."""
CLEAR_M: Final = 50.0
"""Homes at least so far from every exclusion zone are counted as such."""
BANDS: Final = ((0.0, 25.0), (25.0, 50.0), (50.0, 100.0), (100.0, 300.0), (300.0, float("inf")))
NOTED_DAYS: Final = 4.0
"""In runs of up to so many days it is noted when each item arrived."""
BY_FACT: Final = frozenset({Reason.FIXES, Reason.EVENT, Reason.DISTANCE, Reason.LATE_DATA})
PROCESSES: Final = 2


@dataclass(frozen=True, slots=True)
class Lived:
    """One run to be made: ``part`` tells the runs of one scenario apart."""

    name: str
    scenario: Scenario
    wearers: int
    part: int = 0


def runs(only: str | None, quick: bool) -> list[Lived]:
    """What is to be run, the longest first."""
    shipped = library()
    found = [Lived(name, one, max(8, int(one.run.wearers))) for name, one in shipped.items()]
    calm = replace(
        shipped["nobody-does-wrong"],
        run=Suggested(MONTH_WEARERS, MONTH_DAYS),
        feed=Feed(MONTH_TICK_S),
    )
    found += [Lived(MONTH, calm, MONTH_WEARERS // MONTH_PARTS, part) for part in range(MONTH_PARTS)]
    if quick:
        found = [replace(one, wearers=max(8, one.wearers // 10)) for one in found]
    found = [one for one in found if only is None or one.name == only]
    return sorted(found, key=lambda one: -one.wearers * one.scenario.run.days)


def lived(one: Lived) -> dict[str, Any]:
    """One run from its seed to its figures, in this process."""
    began = time.process_time()
    start_us = parse_instant(one.scenario.run.start) if one.scenario.run.start else START_US
    days, names = one.scenario.run.days, pinned_time_zones().names
    records = estate(one.wearers, SEED + one.part, start_us, days, people=one.scenario.people)
    versions = [Version(parse_record(record, names)) for record in records]
    run = Run(start_us, days * 86_400)
    simulation = Simulation.prepare(versions, run, one.scenario, SEED + one.part)
    parked: Counter[str] = Counter()
    arrived: dict[str, list[int]] = defaultdict(list)
    lines = feed_lines(simulation.devices, one.scenario, SEED + one.part)
    if days <= NOTED_DAYS:
        lines = _noted(lines, arrived)
    found = list(evaluate(versions, lines, one.name, None, parked))
    people: list[dict[str, Any]] = []
    truth = [*truth_lines(simulation, people)]
    report = score([*truth, *people], [each.as_json() for each in found])
    return {
        "name": one.name,
        "part": one.part,
        "wearers": len(people),
        "days": days,
        "items": int(simulation.devices.sent_seq().sum()),
        "parked": dict(parked),
        "cpu_s": round(time.process_time() - began, 1),
        "people": people,
        "delays": list(_delays(found, arrived)),
        **_figures(report, _severities(found, versions)),
    }


class _Line(msgspec.Struct):
    received: str
    device: str


def _noted(lines: Iterable[bytes], arrived: dict[str, list[int]]) -> Iterator[bytes]:
    """The lines, once it is noted when the messages of each device arrived, in order."""
    decode = msgspec.json.Decoder(_Line).decode
    for line in lines:
        if not line.startswith(b'{"tick"'):
            message = decode(line)
            arrived[message.device].append(parse_instant(message.received))
        yield line


def _delays(found: Iterable[Violation], arrived: Mapping[str, list[int]]) -> Iterator[float]:
    """Seconds from the newest message of the devices that a violation rests on to its decision: first versions that facts have opened.

    Not of a curfew, which waits for its grace.
    """
    for each in found:
        if each.version != 1 or each.reason not in BY_FACT or each.kind is Kind.CURFEW:
            continue
        times = [arrived.get(fact.device, []) for fact in each.evidence]
        newest = [of[n - 1] for of in times if (n := bisect_right(of, each.decided_us))]
        if newest:
            yield (each.decided_us - max(newest)) / SECOND_US


def _severities(found: Iterable[Violation], versions: Iterable[Version]) -> dict[str, Severity]:
    """Of each violation that stands, by its id: as an alert of its newest version would have it."""
    levels = {each.record.id: each.record.level for each in versions if isinstance(each.record, Wearer)}
    newest: dict[str, Violation] = {}
    for each in found:
        newest[each.id] = each
    return {
        name: severity_of(each, levels.get(each.wearer or "", Level.STANDARD))
        for name, each in newest.items()
        if each.change is not Change.WITHDRAWN
    }


def _figures(report: Report, severities: dict[str, Severity]) -> dict[str, Any]:
    """What one run says."""
    false: dict[str, Counter[str]] = defaultdict(Counter)
    for detail in report.details:
        if detail["what"] == "false":
            false[detail["wearer"]][severities.get(detail["violation"], Severity.INFORMATION).value] += 1
    return {
        "kinds": report.violations(),
        "false": {wearer: dict(counts) for wearer, counts in false.items()},
        "details": [each for each in report.details if each["what"] in ("missed", "false")],
    }


# ---- all of them ----


def figures(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The keys of the contract, a row a scenario, and who is served worst."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        for kind, counts in one["kinds"].items():
            kinds[kind].update(counts)
    delays = np.array([each for one in found for each in one["delays"]])
    month = [one for one in found if one["name"] == MONTH]
    clear = [one for one in found if one["name"] in (MONTH, *OF_EVERYDAY)]
    recalls = [share for kind in RECALLED if (share := _recall(kinds[kind])) is not None]
    return {
        "recall_min": min(recalls, default=None),
        "false_per_1000_wearer_days": _rate(clear, CLEAR_M, float("inf")),
        "worst_served_p99": _worst(month or clear),
        "delay_s": {
            name: round(float(np.quantile(delays, q)), 3) for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        }
        if len(delays)
        else None,
        "kinds": {
            kind: {
                **{key: counts[key] for key in ("truth", "found", "missed", "false", "explained")},
                "recall": _recall(counts),
            }
            for kind, counts in sorted(kinds.items())
        },
        "by_distance": [
            {"from_m": low, "to_m": None if high == float("inf") else high, **_counted(clear, low, high)}
            for low, high in BANDS
        ],
        "by_life": _by(month or clear, "life"),
        "by_home": _by(month or clear, "home"),
        "scenarios": [_row(one) for one in sorted(found, key=lambda one: (one["name"], one["part"]))],
        "seed": SEED,
    }


def _recall(counts: Counter[str]) -> float | None:
    return round(1 - counts["missed"] / counts["truth"], 6) if counts["truth"] else None


def _row(one: dict[str, Any]) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for counts in one["kinds"].values():
        sums.update(counts)
    told = ("name", "part", "wearers", "days", "items", "parked", "cpu_s")
    days = one["wearers"] * one["days"]
    speed = None if not one["cpu_s"] else round(one["days"] * 86_400 / one["cpu_s"])
    return {
        **{key: one[key] for key in told},
        **{key: sums[key] for key in ("truth", "found", "missed", "false", "explained")},
        "times_real_speed": speed,
        "wearer_days_per_cpu_s": round(days / one["cpu_s"], 2) if one["cpu_s"] else None,
        "details": one["details"][:20],
    }


def _served(
    found: list[dict[str, Any]], least: Severity, low: float, high: float
) -> Iterator[tuple[dict[str, Any], float, int]]:
    """(who, days, false ones of at least a severity) of everybody whose home lies so far from the nearest zone; none: far."""
    for one in found:
        for person in one["people"]:
            away = float("inf") if person["zone_m"] is None else person["zone_m"]
            if low <= away < high or (high == float("inf") and away == high):
                counts = one["false"].get(person["wearer"], {})
                yield person, one["days"], sum(n for word, n in counts.items() if RANK[Severity(word)] >= RANK[least])


def _counted(found: list[dict[str, Any]], low: float, high: float) -> dict[str, Any]:
    served = list(_served(found, Severity.SERIOUS, low, high))
    days = sum(each for _, each, _ in served)
    events = sum(each for _, _, each in served)
    return {
        "wearers": len(served),
        "days": round(days),
        "false": events,
        "per_1000_days": round(1000 * events / days, 3) if days else None,
    }


def _rate(found: list[dict[str, Any]], low: float, high: float) -> float | None:
    rate: float | None = _counted(found, low, high)["per_1000_days"]
    return rate


def _worst(found: list[dict[str, Any]]) -> float | None:
    """The 99th percentile over wearers who kept to everything of their false critical alerts in 30 days."""
    counts = [
        each * MONTH_DAYS / days
        for person, days, each in _served(found, Severity.CRITICAL, CLEAR_M, float("inf"))
        if person["orderly"]
    ]
    return round(float(np.quantile(counts, 0.99)), 3) if counts else None


def _by(found: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """For each sort of life or home: how many, false serious ones in 1,000 days, and the worst-served."""
    groups: dict[str, list[tuple[float, int, int, bool]]] = defaultdict(list)
    critical = {
        (number, person["wearer"]): each
        for number, one in enumerate(found)
        for person, _, each in _served([one], Severity.CRITICAL, CLEAR_M, float("inf"))
    }
    for number, one in enumerate(found):
        for person, days, each in _served([one], Severity.SERIOUS, CLEAR_M, float("inf")):
            groups[str(person[key])].append((days, each, critical[number, person["wearer"]], person["orderly"]))
    rows = []
    for name, served in sorted(groups.items()):
        days = sum(one[0] for one in served)
        kept = [one[2] * MONTH_DAYS / one[0] for one in served if one[3]]
        rows.append(
            {
                "name": name,
                "wearers": len(served),
                "per_1000_days": round(1000 * sum(one[1] for one in served) / days, 3),
                "worst_served_p99": round(float(np.quantile(kept, 0.99)), 3) if kept else None,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the wearers; writes nothing")
    parser.add_argument("--only", help="one scenario; writes nothing")
    parser.add_argument("--page", action="store_true", help="the page of the result that is there")
    told = parser.parse_args()
    if not told.page:
        began = time.perf_counter()
        with ProcessPoolExecutor(PROCESSES) as pool:
            found = list(pool.map(lived, runs(told.only, told.quick)))
        result = figures(found) | {"took_s": round(time.perf_counter() - began)}
        if told.quick or told.only:
            print(json.dumps(result, indent=2))
            return
        write_result("scenarios", result, "python -m bench.scenarios")
    PAGE.write_text(page(json.loads((RESULTS / "scenarios.json").read_text())), encoding="utf-8")


if __name__ == "__main__":
    main()
