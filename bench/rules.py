"""What judging costs: live, late, with many zones, and beside a device that sends old and new facts by turns.

``python -m bench.rules [--wearers N]``. Writes bench/results/rules.json. The engine alone, on columns made here: nothing
is decoded or stored; what the rules ask for is answered from the facts kept so far, and finding those is not counted.
CPU time, and every ratio is of one run.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bailiwick.timezones import pinned_time_zones
from bench.results import write_result
from bench.rules_fleet import (
    EVERY_US,
    START_US,
    Fleet,
    Record,
    alone,
    caseload,
    home_of,
    messages,
    plain,
    versions_of,
    zone_condition,
)
from domain.facts import Batch, Facts, Roster, empty_facts
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Device
from geofence.decisions import Answer
from geofence.rules import Rules
from simulators.outlines import offset, ring

WEARERS = 18_000
LIVE_MINUTES = 10
LIVE_BATCH = 1_800
"""Messages a batch: what ingest commits at once when it is busy."""
ENVELOPE = 500
ENVELOPES_A_BATCH = 20
RETURNING = 200
"""Devices that come back at once in the smaller backlogs."""
DARK = {"10_minutes": 10 * MINUTE_US, "12_hours": 12 * HOUR_US, "2_days": 2 * DAY_US}
OUTAGE_US = HOUR_US
"""Of all of them."""
REPEATS = 3


class Kept:
    """The facts stored so far, by device: what a store would answer from."""

    def __init__(self) -> None:
        self.parts: dict[int, list[Facts]] = {}

    def keep(self, facts: Facts) -> None:
        """Take what was decided to be stored."""
        order = np.argsort(facts["device"], kind="stable")
        some, first = np.unique(facts["device"][order], return_index=True)
        for device, part in zip(some.tolist(), np.split(facts[order], first[1:]), strict=True):
            self.parts.setdefault(device, []).append(part)

    def answer(self, ask: Any) -> Answer:
        """What the rules ask for; no fact here comes twice."""
        parts = []
        for device, since_us in zip(ask.history, ask.since_us, strict=True):
            for part in self.parts.get(device, []):
                wanted = part["t_us"] > since_us
                if wanted.any():
                    parts.append(part[wanted])
        return Answer(history=np.concatenate(parts) if parts else empty_facts())


class Bench:
    """A fleet and its rules, and the CPU time that judging has taken."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        versions = versions_of(records)
        roster = Roster()
        for version in versions:
            if isinstance(version.record, Device):
                roster.add(version.record.id)
        started = time.process_time()
        self.rules = Rules(roster, versions, pinned_time_zones())
        self.learnt_s = time.process_time() - started
        self.fleet = Fleet.of(records, roster.ids)
        self.speaking = self.fleet.speaking(records)
        self.kept = Kept()
        self.now_us = START_US
        self.taken_s = 0.0
        self.asked = 0
        self.versions = 0

    def judge(self, batch: Batch) -> float:
        """CPU seconds of one batch."""
        started = time.process_time()
        ask = self.rules.ask(batch)
        taken_s = time.process_time() - started
        assert not ask.identities
        answer = self.kept.answer(ask) if ask.history else Answer()
        self.asked += len(answer.history)
        started = time.process_time()
        decisions = self.rules.judge(batch, answer)
        taken_s += time.process_time() - started
        self.kept.keep(decisions.keep)
        self.versions += len(decisions.versions)
        self.taken_s += taken_s
        return taken_s

    def live_batches(self, devices: NDArray[np.int64], minutes: int, batch: int) -> Iterator[Batch]:
        """One fact a minute of each device, each in its own message, spread over the minute; a tick a second."""
        for _ in range(minutes):
            at = self.now_us + EVERY_US * np.arange(len(devices)) // len(devices)
            for first in range(0, len(devices), batch):
                some, t = devices[first : first + batch], at[first : first + batch]
                ticks = range(int(t[0]) // SECOND_US * SECOND_US, int(t[-1]), SECOND_US)
                late = [int(t[-1])] if ticks else []
                yield messages(self.fleet.facts(some, t, t, np.arange(len(some))), some, t, late)
            self.now_us += EVERY_US

    def live(self, devices: NDArray[np.int64], minutes: int, batch: int = LIVE_BATCH) -> float:
        """Microseconds a fact."""
        taken_s = [self.judge(one) for one in self.live_batches(devices, minutes, batch)]
        return sum(taken_s) / (minutes * len(devices)) * 1e6

    def envelope(self, devices: NDArray[np.int64], first_us: NDArray[np.int64], items: int) -> Batch:
        """Old facts, ``items`` of each device a minute apart, in one message each."""
        at = np.full(len(devices), self.now_us, np.int64)
        lines = np.repeat(np.arange(len(devices)), items)
        t_us = np.repeat(first_us, items) + np.tile(np.arange(items), len(devices)) * EVERY_US
        return messages(self.fleet.facts(np.repeat(devices, items), t_us, self.now_us, lines), devices, at)


def backlog(bench: Bench, devices: NDArray[np.int64], dark_us: int, others: NDArray[np.int64]) -> dict[str, float]:
    """Some devices come back after a time in the dark while all send live: microseconds a late fact.

    Each sends a live fact first, so that all of its backlog is late, and another each minute while it lasts; an envelope
    of each a minute. ``asked`` are stored facts that the rules asked for.
    """
    first_us, items = bench.now_us, int(dark_us // EVERY_US)
    bench.now_us += dark_us
    live_us = bench.live(others, 1)
    asked, taken_s, late = bench.asked, 0.0, 0
    for done in range(0, items, ENVELOPE):
        size = min(ENVELOPE, items - done)
        for k in range(0, len(devices), max(1, ENVELOPES_A_BATCH * ENVELOPE // size)):
            some = devices[k : k + max(1, ENVELOPES_A_BATCH * ENVELOPE // size)]
            start_us = np.full(len(some), first_us + done * EVERY_US + EVERY_US // 2)
            taken_s += bench.judge(bench.envelope(some, start_us, size))
            late += size * len(some)
        live_us = bench.live(others, 1)
    return {
        "late_us": round(taken_s / late * 1e6, 2),
        "live_us_meanwhile": round(live_us, 2),
        "facts": late,
        "asked": bench.asked - asked,
    }


def alternating(bench: Bench, minutes: int) -> dict[str, float]:
    """One device has an old and a new fact in every message, a message a second, among the others' live ones.

    The old ones go on from two days ago a second at a time: each is older than all that came before it but the old ones.
    """
    one = bench.speaking[bench.fleet.fixes[bench.speaking]][:1]
    others = bench.speaking[bench.speaking != one[0]]
    small = max(1, len(others) // 60)
    old_us, sent = bench.now_us, 0
    bench.now_us += 2 * DAY_US
    bench.live(bench.speaking, 3)
    own_us: list[list[float]] = []
    others_us = {True: [0.0], False: [0.0]}
    for minute in range(2 * minutes):
        beside = minute % 2 == 0  # minutes with and without it by turns, so that both see the same machine
        taken_s = 0.0
        own_us += [[]] if beside else []
        for batch in bench.live_batches(others, 1, small):
            taken_s += bench.judge(batch)
            if beside:
                at_us = int(batch.instants[-1])
                t_us = np.array([old_us + sent * SECOND_US, at_us])
                facts = bench.fleet.facts(np.repeat(one, 2), t_us, at_us, np.zeros(2, np.int32))
                own_us[-1].append(bench.judge(messages(facts, one, np.array([at_us]))) * 1e6)
                sent += 1
        others_us[beside].append(taken_s / len(others) * 1e6)
    with_us, without_us = (statistics.median(others_us[beside][1:]) for beside in (True, False))
    first_us, last_us = statistics.median(own_us[0]), statistics.median(own_us[-1])
    return {
        "alternating_messages": sent,
        "alternating_message_us_first": round(first_us),
        "alternating_message_us_last": round(last_us),
        "alternating_growth": round(last_us / first_us, 2),
        "others_us_with": round(with_us, 2),
        "others_us_without": round(without_us, 2),
        "others_ratio": round(with_us / without_us, 2),
    }


def many_zones(zones: int, corners: int) -> dict[str, float]:
    """A wearer amid many zones of many corners against one with one zone of ten: microseconds a fix, one fix a message.

    And the same in an envelope of many, where the message costs next to nothing.
    """
    lon, lat = home_of(1)
    rng, records = Random("many"), plain(100) + alone(101)
    for no in range(zones):
        middle = offset(lon, lat, rng.uniform(-4000, 4000), rng.uniform(-4000, 4000))
        records.append(zone_condition(101, no, ring(rng, middle[0], middle[1], 400.0, corners)))
    bench = Bench(records)
    bench.fleet.lon[:], bench.fleet.lat[:], bench.fleet.reach_m[:] = lon, lat, 2000.0
    bench.live(bench.speaking, 3)
    found: dict[str, float] = {}
    for name, items in (("fix", 1), ("fix_of_envelope", ENVELOPE)):
        taken: dict[int, list[float]] = {0: [], -1: []}
        for _ in range(5 * REPEATS):
            bench.now_us += ENVELOPE * EVERY_US
            for which, of in taken.items():
                device = bench.speaking[[which]]
                first_us = np.array([bench.now_us - (items - 1) * EVERY_US])
                of.append(bench.judge(bench.envelope(device, first_us, items)) / items * 1e6)
        usual_us, many_us = (statistics.median(of) for of in taken.values())
        found |= {f"{name}_us": round(usual_us, 2), f"{name}_many_zones_us": round(many_us, 2)}
        found[f"{name}_many_zones_ratio"] = round(many_us / usual_us, 2)
    return {"zones": zones, "corners": corners} | found


def shared_zones(wearers: int, zones: int) -> dict[str, float]:
    """Wearers who must all keep out of the same zones against as many with one zone each: microseconds a live fix."""
    usual = Bench(plain(wearers))
    rng = Random("shared")
    records: list[Record] = [{"type": "area", "id": "A1", "kind": "pdu", "name": "A", "parent": None}]
    for no in range(zones):
        shape = {"type": "Polygon", "coordinates": [ring(rng, *_somewhere(rng, wearers), 150.0, 30)]}
        records.append({"type": "zone", "id": f"Z{no}", "area": "A1", "name": "school", "shape": shape})
    for number in range(1, wearers + 1):
        records += alone(number)
        records += [zone_condition(number, no, f"Z{no}") for no in range(zones)]
    many = Bench(records)
    del records
    usual.live(usual.speaking, 3)
    many.live(many.speaking, 3)
    usual_us, many_us = [], []
    for _ in range(REPEATS):
        usual_us.append(usual.live(usual.speaking, 2))
        many_us.append(many.live(many.speaking, 2))
    return {
        "wearers": wearers,
        "zones": zones,
        "fix_us": round(min(usual_us), 2),
        "fix_shared_zones_us": round(min(many_us), 2),
        "ratio": round(min(many_us) / min(usual_us), 2),
        "learnt_s": round(many.learnt_s, 1),
    }


def _somewhere(rng: Random, wearers: int) -> tuple[float, float]:
    """Near somebody's home, where people walk."""
    lon, lat = offset(*home_of(rng.randint(1, wearers)), rng.uniform(-1500, 1500), rng.uniform(-1500, 1500))
    return lon, lat


def live_and_late(wearers: int) -> dict[str, Any]:
    """The usual caseload live, and the same people's backlogs: of location tags against their live fixes, and of all."""
    bench = Bench(caseload(wearers))
    bench.live(bench.speaking, LIVE_MINUTES)
    gc.collect()
    gc.freeze()
    tags = bench.speaking[bench.fleet.fixes[bench.speaking]]
    live_us = min(bench.live(bench.speaking, 2) for _ in range(REPEATS))
    fixes_us = min(bench.live(tags, 2) for _ in range(REPEATS))
    some = tags[:: max(1, len(tags) // RETURNING)]
    late = {}
    for name, dark_us in DARK.items():
        often = REPEATS + 1 if dark_us < HOUR_US else 1  # few facts: the first time warms up
        found = [backlog(bench, some, dark_us, bench.speaking) for _ in range(often)]
        late[name] = min(found, key=lambda of: of["late_us"])
    late["outage"] = backlog(bench, bench.speaking, OUTAGE_US, bench.speaking)
    for name, of in late.items():
        of["ratio_to_live"] = round(of["late_us"] / (live_us if name == "outage" else fixes_us), 2)
    gc.unfreeze()
    return {
        "live_us": round(live_us, 2),
        "live_fixes_us": round(fixes_us, 2),
        "late": late,
        "late_ratio_max": max(of["ratio_to_live"] for of in late.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    wearers = parser.parse_args().wearers
    result = {
        "wearers": wearers,
        **live_and_late(wearers),
        "many_zones": many_zones(50, 500),
        "shared_zones": shared_zones(min(wearers, 2_000), 200),
        "alternating": alternating(Bench(caseload(min(wearers, 2_000))), 6),
        "messages_a_batch": LIVE_BATCH,
        "unit": "microseconds of CPU a fact, without decoding and storing",
    }
    write_result("rules", result, f"python -m bench.rules --wearers {wearers}")


if __name__ == "__main__":
    main()
