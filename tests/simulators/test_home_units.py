"""A hostel's one home unit speaks for several tags, one beside a location tag for that; none hears a tag everywhere at home."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.vocabulary import DeviceKind
from simulators.caseload import Record
from simulators.feed import feed_lines
from simulators.scenario import CALM, Feed, People, Scenario, Shares
from simulators.service import Simulation
from tests.simulators.estates import compared, whole_days

pytestmark = pytest.mark.slow

HOSTELS = People(hostels=0.7)
SINNERS = Shares(late_home=0.3, left_home=0.3, out_at_end=0.2, strap_tamper=0.05, home_unit_moved=0.1, silent_off=0.1)
HOURS = 16.0


def _hostels(scenario: Scenario, wearers: int = 60, seed: int = 4) -> tuple[list[dict[str, Any]], Simulation]:
    """People with curfew tags, most of them at others' addresses."""
    return whole_days(wearers, HOURS, scenario, seed=seed, only=lambda record: record.get("kind") == "rf_tag")


def _told(simulation: Simulation) -> dict[str, list[dict[str, Any]]]:
    """What each device sent, in order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in feed_lines(simulation.devices, simulation.scenario, simulation.seed):
        message = json.loads(line)
        if "device" in message:
            found[message["device"]] += message["envelope"].get("events", [])
    return found


def test_one_home_unit_speaks_for_every_tag_of_its_address() -> None:
    plain = replace(CALM, people=HOSTELS, feed=Feed(600.0), wire=replace(CALM.wire, msgpack=0.0))
    records, simulation = _hostels(plain)
    tags: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record["type"] == "condition" and record["kind"] == "curfew":
            tags[record["place"]["home_unit"]].add(f"R{record['id'][1:7]}")
    assert max(map(len, tags.values())) >= 3
    told = _told(simulation)
    assert told.keys() == tags.keys()
    for unit, events in told.items():
        assert {event["data"]["tag"] for event in events if event["code"] == "in_range"} == tags[unit]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert sorted(event["t"] for event in events) == [event["t"] for event in events]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 5])
def test_whoever_is_heard_through_anothers_unit_is_judged_as_anybody(seed: int) -> None:
    scenario = Scenario(shares=SINNERS, people=HOSTELS, feed=Feed(10.0))
    records, simulation = _hostels(scenario, seed=seed)
    guests = {subject.id for subject in simulation.subjects if subject.host is not None}
    report, parked = compared(records, simulation)
    lines = Counter((each["kind"], each["what"]) for each in report.details if each["wearer"] in guests)
    assert not parked
    assert lines["curfew", "missed"] == lines["curfew", "false"] == 0, report.details
    assert [each for each in report.details if each["what"] in ("missed", "false")] == []
    figures = report.violations()
    assert figures["curfew"]["found"] >= 10
    assert len(guests) >= 10


def test_a_home_unit_does_not_hear_a_tag_in_its_shadow() -> None:
    plain = replace(CALM, people=People(hostels=0.0), feed=Feed(600.0), wire=replace(CALM.wire, msgpack=0.0))
    _, simulation = _hostels(plain, wearers=40)
    told = _told(simulation)
    assert sum(len(life.shadows) for life in simulation.lives) >= 5
    for subject, life in zip(simulation.subjects, simulation.lives, strict=True):
        unit = next(worn.device.id for worn in subject.worn if worn.device.kind is DeviceKind.HOME_UNIT)
        start_ms = simulation.run.start_us // 1000
        heard = [
            (event["t"] - start_ms) / 1000
            for event in told[unit]
            if event["code"] == "in_range" and event["state"] == "start"
        ]
        assert not [t for t in heard for begin, end in life.shadows if begin <= t < end]


@pytest.mark.slow
@pytest.mark.parametrize(("shadow_s", "false"), [(70.0, False), (600.0, True)])
def test_a_usual_shadow_makes_nobody_absent_and_a_long_one_does(shadow_s: float, false: bool) -> None:
    people = People(hostels=0.0, shadow_s=shadow_s)
    records, simulation = _hostels(replace(CALM, people=people, feed=Feed(10.0)))
    report, _ = compared(records, simulation)
    assert bool([d for d in report.details if d["what"] == "false" and d["kind"] == "curfew"]) == false


# ---- beside a location tag ----


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_location_tag_that_a_home_unit_hears_is_judged_by_both(seed: int) -> None:
    people = People(hostels=0.0, beacons=1.0)
    shares = replace(SINNERS, home_unit_moved=0.0, gnss_lost=0.1)
    scenario = Scenario(shares=shares, people=people, feed=Feed(10.0))
    records, simulation = whole_days(60, 20.0, scenario, seed=seed, only=_with_curfew_and_location_tag())
    beside = [speaker for speaker in simulation.speakers if speaker.beacon]
    assert len(beside) >= 8
    report, _ = compared(records, simulation)
    dishonest = {
        subject.id
        for subject, life in zip(simulation.subjects, simulation.lives, strict=True)
        if any(sky.error > 1 for sky in life.skies)
    }
    assert {kind: n["missed"] for kind, n in report.violations().items() if n["missed"]} == {}, report.details
    assert {d["wearer"] for d in report.details if d["what"] == "false"} <= dishonest, report.details
    curfews = report.violations()["curfew"]
    assert curfews["found"] > curfews["explained"] > -1


def _with_curfew_and_location_tag() -> Callable[[Record], bool]:
    return lambda record: record.get("kind") == "curfew" and record["place"]["home_unit"] is not None


def test_what_a_home_unit_says_of_a_location_tag_is_that_it_hears_it() -> None:
    plain = replace(CALM, people=People(hostels=0.0, beacons=1.0, shadow_s=0.0), feed=Feed(600.0))
    plain = replace(plain, wire=replace(CALM.wire, msgpack=0.0))
    _, simulation = whole_days(40, 6.0, plain, only=_with_curfew_and_location_tag())
    told = _told(simulation)
    for speaker in (speaker for speaker in simulation.speakers if speaker.beacon):
        events = [event for event in told[speaker.id] if event["code"] == "in_range"]
        assert events
        assert {event["data"]["tag"] for event in events} == {f"G{speaker.id[1:]}"}
