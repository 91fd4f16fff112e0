"""What befalls devices befalls those that it is said to, and the rest goes on: carriers, lots, clocks, counters, broken messages, strangers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import pytest

from domain.feed_file import Received, read_feed
from domain.instants import SECOND_US, parse_instant
from simulators.feed import feed_lines
from simulators.hostile import JUNK
from simulators.misfortunes import SINCE_1970_S, WEEKS_S
from simulators.networks import CARRIERS, carrier_of
from simulators.scenario import (
    CALM,
    CentreOutage,
    Clocks,
    Counters,
    Feed,
    Hostile,
    Lot,
    Network,
    Outage,
    People,
    Scenario,
    Shares,
)
from simulators.service import Simulation
from tests.simulators.estates import compared, judged, whole_days

QUIET = replace(CALM, people=People("no"), feed=Feed(30.0))
"""Nobody lives in a valley or forgets to charge."""
BUSY = Scenario(shares=Shares(zone_visit=0.5, late_home=0.3, left_home=0.3), people=People("no"), feed=Feed(10.0))

TAMPERS = Shares(
    **{
        **dict.fromkeys(Shares.__dataclass_fields__, 0.0),
        **dict.fromkeys(("strap_tamper", "case_tamper"), 0.2),
        **dict.fromkeys(("home_unit_moved", "shielding", "fault", "sos", "battery_low", "late_home", "left_home"), 0.1),
    }
)
TAMPERED = replace(QUIET, shares=TAMPERS, people=People("no", hostels=0.4, beacons=0.4), feed=Feed(10.0))
EVENING_US = parse_instant("2026-11-23T17:00:00Z")


def _received(simulation: Simulation) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    """Messages by device: (seconds since the run began, envelope)."""
    found: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
    for line in read_feed(feed_lines(simulation.devices, simulation.scenario, simulation.seed), "made", lambda r: r):
        if isinstance(line, Received):
            at_s = (line.at_us - simulation.run.start_us) / SECOND_US
            found[line.device].append((at_s, json.loads(line.envelope)))
    return found


@pytest.mark.slow
def test_an_outage_of_a_carrier_takes_its_devices_and_no_others() -> None:
    outage = Outage(1800.0, 3000.0, carrier="south")
    _, simulation = whole_days(60, 1.5, replace(QUIET, outages=(outage,)))
    firsts = {subject.speaking[0].device.id for subject in simulation.subjects}
    silent = set()
    for device, messages in _received(simulation).items():
        net = next(envelope["net"] for _, envelope in messages if "net" in envelope)
        assert net["mnc"] == CARRIERS[carrier_of(device)]
        if device in firsts and not any(1803.0 < at_s < 3000.0 for at_s, _ in messages):
            silent.add(device)
            sent = sum(len(envelope.get("fixes", [])) + len(envelope.get("events", [])) for _, envelope in messages)
            assert sent == simulation.last_seqs()[device]
    assert silent == {device for device in firsts if carrier_of(device) == "south"}
    assert 5 < len(silent) < len(firsts) / 2


@pytest.mark.slow
def test_an_outage_of_a_cell_takes_the_homes_of_that_cell() -> None:
    _, calm = whole_days(60, 0.1, QUIET)
    cells = Counter(
        int(envelope["net"]["cell"]) for m in _received(calm).values() for _, envelope in m if "net" in envelope
    )
    ((cell, _),) = cells.most_common(1)
    _, simulation = whole_days(60, 1.0, replace(QUIET, outages=(Outage(1200.0, 2400.0, cell=float(cell)),)))
    for messages in _received(simulation).values():
        net = next(envelope["net"] for _, envelope in messages if "net" in envelope)
        assert any(1203.0 < at_s < 2400.0 for at_s, _ in messages) == (int(net["cell"]) != cell)


@pytest.mark.slow
def test_only_tags_of_the_lot_say_that_their_straps_are_cut() -> None:
    lot = Lot("2026-03", share=1.0, every_days=0.05)
    records, simulation = whole_days(250, 6.0, replace(QUIET, lots=(lot,)))
    lots = {record["id"]: record["lot"] for record in records if record["type"] == "device"}
    said = {
        event.get("data", {}).get("tag", device)
        for device, messages in _received(simulation).items()
        for _, envelope in messages
        for event in envelope.get("events", [])
        if event["code"] == "strap_tamper"
    }
    assert {lots[device] for device in said} == {lot.lot}
    straps = {d for d, of in lots.items() if of == lot.lot and d[0] in "GR"}
    assert len(said & straps) > 0.8 * len(straps)


@pytest.mark.slow
def test_clocks_are_as_wrong_as_the_scenario_has_them() -> None:
    skewed = replace(QUIET, clocks=Clocks(skew_s=3.0))
    _, simulation = whole_days(60, 0.5, skewed)
    offs = []
    for messages in _received(simulation).values():
        own = [at_s - (envelope["sent"] - simulation.run.start_us / 1000) / 1000 for at_s, envelope in messages]
        offs.append(min(own))
        assert max(own) - min(own) < 3.0
    assert max(offs) == pytest.approx(3.1, abs=0.4)
    assert min(offs) == pytest.approx(-2.9, abs=0.4)


@pytest.mark.slow
def test_a_clock_that_jumps_is_weeks_or_decades_off_for_a_while() -> None:
    scenario = replace(QUIET, clocks=Clocks(jumped=1.0, jump_s=400.0))
    _, simulation = whole_days(40, 2.0, scenario)
    assert all(len(life.jumps) == 1 for life in simulation.lives)
    for device, messages in _received(simulation).items():
        speaker = next(s for s in simulation.speakers if s.id == device)
        if speaker.beacon:
            continue
        person = speaker.person
        ((begin, end), off_s), *_ = simulation.lives[person].jumps
        assert off_s in (-WEEKS_S, -SINCE_1970_S)
        for at_s, envelope in messages:
            wrong = (envelope["sent"] - simulation.run.start_us / 1000) / 1000 - at_s < -1000
            assert wrong == (begin <= at_s < end) or min(abs(at_s - begin), abs(at_s - end)) < 3.0
    _, parked = judged(*whole_days(40, 2.0, scenario))
    assert set(parked) == {"schema"}


@pytest.mark.slow
def test_counters_that_begin_again_are_told_of_and_lose_nothing() -> None:
    scenario = replace(BUSY, counters=Counters(restarted=1.0))
    records, simulation = whole_days(60, 2.5, scenario)
    report, parked = compared(records, simulation)
    assert not parked
    assert report.good, report.details
    violations, _ = judged(*whole_days(60, 2.5, scenario))
    conflicts = {v["device"] for v in violations if v["kind"] == "seq_conflict"}
    everybody = {speaker.id for speaker in simulation.speakers if not speaker.beacon}
    assert conflicts <= everybody
    assert len(conflicts) > 0.95 * len(everybody), "all but those that had fallen silent"
    assert report.violations()["exclusion_zone"]["truth"] > 2
    _, calm = whole_days(60, 2.5, BUSY)
    same = [one for one, other in zip(simulation.lives, calm.lives, strict=True) if one.plots == other.plots]
    assert len(same) == len(calm.lives), "what happened is the same with and without"


def test_nothing_of_what_nobody_can_read_can_be_read() -> None:
    for payload in JUNK:
        try:
            body = json.loads(payload)
        except (ValueError, RecursionError):
            continue
        items = [*body.get("fixes", []), *body.get("events", [])] if isinstance(body, dict) else []
        assert all(item["seq"] < 1 for item in items)


@pytest.mark.slow
def test_broken_messages_and_strangers_are_parked_and_counted_and_nothing_is_missed() -> None:
    scenario = replace(BUSY, network=Network(broken=0.15), hostile=Hostile(clients=5, per_min=4))
    records, simulation = whole_days(60, 2.5, scenario)
    report, parked = compared(records, simulation)
    assert parked["unknown_device"] == pytest.approx(5 * 4 * 150, rel=0.1)
    sent = sum(len(messages) for device, messages in _received(whole_days(60, 2.5, BUSY)[1]).items())
    broken = sum(parked.values()) - parked["unknown_device"]
    assert broken == pytest.approx(0.15 * sent, rel=0.1)
    assert report.good, report.details
    assert report.violations()["exclusion_zone"]["truth"] > 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_clocks_that_jump_in_and_out_of_outages_leave_rules_and_truth_of_one_mind(seed: int) -> None:
    """What a device says meanwhile is parked, be it a tamper or a counter that begins again; what comes in one batch is counted one by one."""
    scenario = replace(
        TAMPERED,
        clocks=Clocks(skew_s=5.0, jumped=1.0, jump_s=1500.0),
        counters=Counters(0.4),
        outages=(Outage(3000.0, 6500.0, share=0.5), Outage(9000.0, 13_500.0, share=0.5, keeps=False)),
        centre_outages=(CentreOutage(7000.0, 8000.0),),
    )
    report, parked = compared(*whole_days(90, 5.0, scenario, seed=seed, start_us=EVENING_US))
    assert report.good, report.details
    assert parked
    assert report.violations()["fault"]["truth"] > 50
    assert report.not_shown["silent"] > 5


@pytest.mark.slow
def test_tampers_that_are_lost_on_their_way_leave_rules_and_truth_of_one_mind() -> None:
    """They cast no doubt; and a home unit that said in vain that it lost its tag is held to hear it still."""
    scenario = replace(TAMPERED, network=Network(lost=0.3), outages=(Outage(3000.0, 6500.0, share=0.5),))
    report, _ = compared(*whole_days(90, 5.0, scenario, seed=2, start_us=EVENING_US))
    assert report.good, report.details
    assert report.violations()["whereabouts_unknown"]["truth"] > 5
