"""What operators can bear: alerts of `warning` and above for each of them, when contact is lost as often as it was measured.

``python -m bench.burden`` invents a caseload, loses contact with its wearers in virtual time, and puts each loss through the very
episodes, need, rising and policy that run in service, with the protocols that ship. It counts what operators are shown, writes
bench/results/burden.json and docs/burden.md (`bench.burden_page`). Some minutes, on two cores. ``--quick`` is 1,000 wearers and writes
nothing; ``--page`` makes the page of the result that is there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from alerts.contingency import LastFix, Requirements
from alerts.rising import Needed, needed_by
from alerts.severity import RANK
from alerts.shipped import shipped_protocols
from bailiwick.timezones import pinned_time_zones
from bench.burden_alerts import LOUD, Handled, handle
from bench.burden_page import PAGE, page
from bench.results import RESULTS, write_result
from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, parse_instant
from domain.records import Circle, Condition, Corridor, Polygons, Record, Version, Wearer
from domain.violations import Violation
from domain.vocabulary import Cause, Change, Kind, Level, Reason, Severity
from geofence.timetable import WindowCache
from simulators import outlines
from simulators.caseload import generate

WEARERS, OPERATORS = 18_000, 30
LOSSES_A_DAY = 56_853 / 895 / 31
"""Lost cell connections of a wearer and day, Wisconsin, May 2017: 56,853 with 895 wearers (Wisconsin Watch, "Losing track", March 2018)."""
NOTICED_US = 300 * SECOND_US
"""Silence from which contact is lost (rules.md 7, `upload_s` 60). Every loss is taken to have lasted that long."""
SPREAD = 1.2
"""Of the logarithm of how long a loss goes on after that: of a median of 15 minutes one in ten lasts over 70, one in a hundred over 4 hours."""
LONGEST_US = 3 * DAY_US
START = parse_instant("2026-11-16T00:00:00Z")
"""A Monday in winter: local time is UTC."""
BEFORE_US = DAY_US // 2
"""What is lost in the half day before is still open when counting begins."""
AWAY_M = 5_000.0
HOME_FROM_ZONE_M = 1_000.0
ACC_M = 10.0
SLOT_US = 10 * MINUTE_US
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """``median_min``: of how long a loss goes on once noticed. ``evening``: how many times as many from 17:00 to 23:00."""

    name: str
    median_min: float
    evening: float = 1.0


SCENARIOS = (
    Scenario("15 minutes", 15.0),
    Scenario("5 minutes", 5.0),
    Scenario("45 minutes", 45.0),
    Scenario("3 hours", 180.0),
    Scenario("15 minutes, twice as often in the evening", 15.0, 2.0),
)


@dataclass(slots=True)
class Person:
    """A wearer as far as losses and need ask."""

    id: str
    level: Level
    device: str
    located: bool
    """Whether their device has positions: a location tag, not a home monitoring unit."""
    requirements: Requirements
    home: tuple[float, float]
    under_18: bool = False


@dataclass(slots=True)
class Tally:
    """What was counted of a day."""

    losses: int = 0
    alerts: int = 0
    shown: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(slot of 10 minutes, severity) -> what operators were shown."""
    again: int = 0
    calls: Counter[int] = field(default_factory=Counter)
    """Slot -> calls that operators had to make."""
    worst: Counter[str] = field(default_factory=Counter)
    """The highest severity at which operators were shown an alert that was raised on the day; `nobody`: never."""

    def take(self, one: Handled) -> None:
        """Counts what of an alert falls on the day."""
        if START <= one.alert.raised_us < START + DAY_US:
            self.alerts += 1
            seen = [shown.severity for shown in one.shown]
            self.worst[max(seen, key=RANK.__getitem__).value if seen else "nobody"] += 1
        for shown in one.shown:
            if START <= shown.at_us < START + DAY_US and RANK[shown.severity] >= LOUD:
                self.shown[(shown.at_us - START) // SLOT_US, shown.severity.value] += 1
                self.again += shown.again
        self.calls.update((at_us - START) // SLOT_US for at_us in one.calls if START <= at_us < START + DAY_US)


def people(wearers: int, seed: int) -> Iterator[Person]:
    """The wearers of the invented caseload, one by one."""
    names, cache = pinned_time_zones().names, WindowCache(pinned_time_zones())
    shared: dict[str, Record] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    orders: dict[str, str] = {}
    for row in generate(wearers, seed, START - 2 * DAY_US):
        if row["type"] == "zone":
            shared[row["id"]] = parse_record(row, names)
        elif row["type"] == "wearer":
            rows[row["id"]] = [row]
        elif row["type"] == "condition":
            rows[orders[row["order"]]].append(row)
        elif "wearer" in row:
            rows[row["wearer"]].append(row)
            orders.update({row["id"]: row["wearer"]} if row["type"] == "order" else {})
    for name, own in rows.items():
        yield _person(name, own, shared, names, cache)


def _person(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    shared: Mapping[str, Record],
    names: frozenset[str],
    cache: WindowCache,
) -> Person:
    records = [parse_record(dict(row), names) for row in rows if row["type"] in ("wearer", "order", "condition")]
    conditions = [record for record in records if isinstance(record, Condition)]
    records += [shared[record.zone] for record in conditions if record.zone is not None]
    wearer = next(record for record in records if isinstance(record, Wearer))
    fitted = [row["device"] for row in rows if row["type"] == "fitting"]
    device = next((one for one in fitted if not one.startswith("R")), fitted[0])
    requirements = Requirements([Version(record) for record in records], cache)
    under_18 = wearer.born is not None and wearer.born > "2008-11-17"
    return Person(name, wearer.level, device, device.startswith("G"), requirements, _home(conditions), under_18)


def _home(conditions: Iterable[Condition]) -> tuple[float, float]:
    """The place of the curfew; else a street away from a zone, as the caseload has them; else anywhere."""
    for condition in conditions:
        if condition.place is not None:
            return condition.place.lon, condition.place.lat
    for condition in conditions:
        if isinstance(condition.shape, Circle):
            lon, lat = outlines.offset(condition.shape.lon, condition.shape.lat, HOME_FROM_ZONE_M, 0.0)
            return lon, lat
        if isinstance(condition.shape, Polygons | Corridor):
            line = condition.shape.line if isinstance(condition.shape, Corridor) else condition.shape.polygons[0][0]
            lon, lat = outlines.offset(*line[0], HOME_FROM_ZONE_M, 0.0)
            return lon, lat
    return 0.0, 51.5


def losses_of(person: Person, scenario: Scenario, seed: int) -> list[tuple[int, int]]:
    """(from, to) of a wearer's losses, apart from each other: as many a day as were measured, however long they go on."""
    rng = Random(f"{seed}:{scenario.name}:{person.id}")
    mean_us = NOTICED_US + scenario.median_min * MINUTE_US * math.exp(SPREAD**2 / 2)
    between_us = DAY_US / LOSSES_A_DAY - mean_us
    most = scenario.evening / (1 + (scenario.evening - 1) * 6 / 24)
    found: list[tuple[int, int]] = []
    at_us = START - BEFORE_US
    while True:
        at_us += round(rng.expovariate(1 / between_us) / most)
        if at_us >= START + DAY_US:
            return found
        evening = 17 <= at_us % DAY_US // HOUR_US < 23
        if rng.random() > (1.0 if evening else 1 / scenario.evening):
            continue
        lasts_us = round(rng.lognormvariate(math.log(scenario.median_min * MINUTE_US), SPREAD))
        to_us = at_us + NOTICED_US + min(max(lasts_us, SECOND_US), LONGEST_US)
        found.append((at_us, to_us))
        at_us = to_us


def versions_of(person: Person, losses: Iterable[tuple[int, int]]) -> list[Violation]:
    """Each loss as the rules write it: opened at the first tick that notices it, closed by the next message."""
    found = []
    for number, (from_us, to_us) in enumerate(losses, start=1):
        opened = _violation(person, f"{person.id}-{number}", from_us)
        found += [opened, _closed(opened, to_us)]
    return found


def _violation(person: Person, name: str, from_us: int) -> Violation:
    return Violation(
        id=name,
        version=1,
        change=Change.OPENED,
        reason=Reason.SILENCE,
        wearer=person.id,
        victim=None,
        kind=Kind.COMMUNICATION_LOST,
        code=None,
        order=None,
        condition=None,
        device=person.device,
        from_us=from_us,
        to_us=None,
        decided_us=from_us + NOTICED_US,
        late=False,
        age_s=NOTICED_US / SECOND_US,
        cause=Cause.UNKNOWN,
        minutes_certain=None,
        minutes_possible=None,
        p_inside=None,
        score=None,
        retrospective=False,
        untold=False,
        evidence=(),
    )


def _closed(opened: Violation, to_us: int) -> Violation:
    return replace(opened, version=2, change=Change.CLOSED, reason=Reason.CONTACT, to_us=to_us, decided_us=to_us)


def last_fix(person: Person, rng: Random, from_us: int) -> LastFix | None:
    """Where a wearer was when contact was lost: at home by night, else somewhere within 5 km of it; None without positions."""
    if not person.located:
        return None
    lon, lat = person.home
    if 7 <= from_us % DAY_US // HOUR_US < 19:
        heading, away = rng.uniform(0, 2 * math.pi), AWAY_M * math.sqrt(rng.random())
        lon, lat = outlines.offset(lon, lat, away * math.cos(heading), away * math.sin(heading))
    return LastFix(lon, lat, ACC_M, from_us)


def tally_of(persons: Iterable[Person], scenario: Scenario, seed: int) -> Tally:
    """A day of losses of everybody, through to what operators are shown."""
    tally, protocols = Tally(), shipped_protocols()
    for person in persons:
        losses = losses_of(person, scenario, seed)
        tally.losses += sum(START <= from_us < START + DAY_US for from_us, _ in losses)
        needed = _needs(person, losses, seed)
        versions = versions_of(person, losses)
        for one in handle(
            versions, person.level, needed.__getitem__, protocols, START + DAY_US, under_18=person.under_18
        ):
            tally.take(one)
    return tally


def _needs(person: Person, losses: Iterable[tuple[int, int]], seed: int) -> dict[str, Needed]:
    rng = Random(f"{seed}:{person.id}:places")
    return {
        f"{person.id}-{number}": needed_by(person.requirements, person.id, last_fix(person, rng, from_us))
        for number, (from_us, _) in enumerate(losses, start=1)
    }


def figures(scenario: Scenario, tally: Tally, operators: int) -> dict[str, Any]:
    """What is written down of a scenario."""
    slots = [sum(tally.shown[slot, severity.value] for severity in Severity) / operators for slot in range(144)]
    calls = [tally.calls[slot] / operators for slot in range(144)]
    return {
        "name": scenario.name,
        "median_min": scenario.median_min,
        "evening": scenario.evening,
        "losses": tally.losses,
        "alerts": tally.alerts,
        "worst_shown": dict(sorted(tally.worst.items())),
        "shown": sum(tally.shown.values()),
        "shown_again": tally.again,
        "per_operator_10_min": {
            "mean": round(sum(slots) / 144, 2),
            "worst_hour": max(_hourly(slots)),
            "worst_10_min": round(max(slots), 2),
        },
        "hours": _hourly(slots),
        "calls_hours": _hourly(calls),
    }


def _hourly(slots: list[float]) -> list[float]:
    """The mean of the six slots of each hour."""
    return [round(sum(slots[6 * hour : 6 * hour + 6]) / 6, 2) for hour in range(24)]


def _measured(wearers: int, operators: int, seed: int, scenario: Scenario) -> dict[str, Any]:
    """One scenario, in a process of its own."""
    return figures(scenario, tally_of(people(wearers, seed), scenario, seed), operators)


def measure(wearers: int, operators: int, seed: int, scenarios: Iterable[Scenario] = SCENARIOS) -> dict[str, Any]:
    """Every scenario."""
    began_s = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = list(pool.map(partial(_measured, wearers, operators, seed), scenarios))
    model = {"losses_a_day": round(LOSSES_A_DAY, 3), "noticed_s": NOTICED_US // SECOND_US, "spread": SPREAD}
    base = {"wearers": wearers, "operators": operators, "seed": seed, "model": model, "scenarios": found}
    return base | {"took_s": round(time.perf_counter() - began_s, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 wearers; writes nothing")
    parser.add_argument("--page", action="store_true", help="the page of the result that is there")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    if told.quick:
        print(json.dumps(measure(1_000, 2, told.seed), indent=2))
        return
    if not told.page:
        write_result("burden", measure(WEARERS, OPERATORS, told.seed), "python -m bench.burden")
    PAGE.write_text(page(json.loads((RESULTS / "burden.json").read_text())))


if __name__ == "__main__":
    main()
