"""Truth of contact and of whoever is heard by more than one device: late messages, counters, straps, losses without an order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bailiwick.evaluate_command import evaluate
from domain.vocabulary import EventCode, EventState
from simulators.caseload import generate
from simulators.feed import feed_lines
from simulators.scenario import Counters, Network, Scenario
from simulators.scenes import CONTACT_S, DeviceEvent, Life, Silence
from simulators.score import score
from simulators.testimony import Way, told_by
from simulators.truth import lines_of, truth_lines
from simulators.truth_lines import Line
from tests.simulators.worlds import START_US, curfew, life, one, versions_of, wearer, world

LATE = Way(delay_s=630.0, twice=True, seed=7, reordered=0.2, reorder_s=600.0)
"""Slower than the five minutes after which contact is lost."""


def _of(lines: list[Line], kind: str) -> list[Line]:
    return [line for line in lines if line.kind == kind]


# ---- what comes late ----


def test_contact_is_not_lost_between_two_messages_however_late_they_may_be() -> None:
    subject, speakers, run = one(wearer(), 20_000.0, 1 / 60)
    lost = _of(lines_of(subject, life((0, 0, 0), (20_000, 0, 0)), speakers, run, LATE), "communication_lost")
    assert len(lost) <= 3
    assert all(line.to_s - line.from_s >= CONTACT_S - 5.0 for line in lost)


def test_a_device_that_is_off_has_lost_contact_however_late_the_others_come() -> None:
    subject, speakers, run = one(wearer(), 20_000.0, 1 / 60)
    walk = life((0, 0, 0), (20_000, 0, 0), silences=[Silence((5000.0, 7000.0), keeps=False)])
    lost = _of(lines_of(subject, walk, speakers, run, LATE), "communication_lost")
    (longest,) = [line for line in lost if line.from_s >= 4900.0 and line.to_s <= 8000.0]
    assert longest.why_not is None
    assert longest.to_s - longest.from_s > 1000.0


def test_a_counter_that_begins_again_is_seen_when_the_later_of_two_facts_alike_comes() -> None:
    walk = life((0, 0, 0), (9000, 0, 0))
    walk.restarts = [400.0]
    subject, speakers, run = one(wearer(), 2000, 0.1)
    (told,) = told_by(walk, speakers, 2000.0, LATE, subject)
    again = told.t >= 400.0
    first = told.arrived[~again]
    pairs = np.maximum(first, told.arrived[again][: len(first)])
    (fault, *_) = _of(lines_of(subject, walk, speakers, run, LATE), "fault")
    assert fault.from_s == pytest.approx(float(pairs.min()))
    assert fault.why_not is None


@pytest.mark.slow
@pytest.mark.parametrize("reorder_s", [120.0, 600.0])
def test_rules_and_truth_agree_where_messages_are_late_by_more_than_contact_takes(reorder_s: float) -> None:
    network = Network(duplicates=0.3, reordered=0.2, reorder_s=reorder_s)
    scenario = Scenario(network=network, counters=Counters(0.6))
    simulation = world(60, 7200.0, 1 / 60, scenario, seed=9)
    versions = versions_of(generate(60, 9, START_US, 7200.0, 1 / 60))
    lines = feed_lines(simulation.devices, simulation.scenario, simulation.seed)
    violations = [each.as_json() for each in evaluate(versions, lines, "made", None, {})]
    truth = list(truth_lines(simulation))
    report = score(truth, violations)
    assert report.good, report.details
    assert report.violations()["fault"]["truth"] >= 20
    lost = [line for line in truth if line["kind"] == "communication_lost" and not line["shown"]]
    assert len(lost) < 60


# ---- several devices ----


def _with_home_unit(*, tags: bool) -> list[dict[str, Any]]:
    """A wearer of a location tag with a home unit; with ``tags`` of a curfew tag besides, which the unit hears then."""
    records = wearer(curfew("18:10", "19:00", unit="H1"), interval_s=60, upload_s=60)
    for name, kind in [("H1", "home_unit")] + [("R1", "rf_tag")] * tags:
        records.append({"type": "device", "id": name, "kind": kind, "interval_s": 60, "upload_s": 60})
        fitted = {"wearer": "W1", "device": name, "from": "2026-11-21T18:00:00Z"}
        records.append({"type": "fitting", "id": f"F{name}", **fitted})
    return records


def _lines(walk: Life, *, tags: bool) -> list[Line]:
    subject, speakers, run = one(_with_home_unit(tags=tags), 3000.0, 1 / 60)
    return lines_of(subject, walk, speakers, run)


@pytest.mark.parametrize(("tags", "unknown"), [(True, 0), (False, 1)])
def test_a_strap_that_is_cut_casts_doubt_on_its_own_tag_and_not_on_what_is_heard_of_another(
    tags: bool, unknown: int
) -> None:
    events = [DeviceEvent(100.0, EventCode.STRAP_TAMPER, EventState.START)]
    found = _lines(life((0, 0, 0), (3100, 0, 0), events=events), tags=tags)
    assert len(_of(found, "strap_tamper")) == 1
    assert len(_of(found, "whereabouts_unknown")) == unknown


@pytest.mark.parametrize(("tags", "lost"), [(True, 1), (False, 0)])
def test_only_a_location_tag_that_the_home_unit_hears_has_not_lost_its_location(tags: bool, lost: int) -> None:
    walk = life((0, 0, 0), (3100, 0, 0), blind=[(600.0, 1800.0)])
    assert len(_of(_lines(walk, tags=tags), "location_lost")) == lost


# ---- orders and zones ----


def test_location_is_lost_before_an_order_too_and_contact_is_not() -> None:
    records = wearer()
    records[1]["from"] = "2026-11-21T20:00:00Z"
    subject, speakers, run = one(records, 3000.0)
    silent = [Silence((2000.0, 2500.0), keeps=False)]
    walk = life((0, 0, 0), (3100, 0, 0), blind=[(600.0, 1200.0)], silences=silent)
    lines = lines_of(subject, walk, speakers, run)
    assert [line.why_not for line in _of(lines, "location_lost")] == [None]
    assert not _of(lines, "communication_lost")


@pytest.mark.parametrize("delay_s", [0.0, 60.0])
def test_whoever_was_lost_in_a_zone_is_found_at_the_time_of_the_position_and_not_when_it_came(delay_s: float) -> None:
    zone = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 300.0}
    subject, speakers, run = one(wearer({"kind": "exclusion_zone", "zone": zone}), 900.0)
    x, y = (float(each[0]) for each in subject.home.to_xy(np.array([0.5]), np.array([51.2])))
    walk = life((0, x, y), (1000, x, y), silences=[Silence((100.0, 500.0), keeps=False)])
    (lost,) = _of(lines_of(subject, walk, speakers, run, Way(delay_s)), "lost_in_zone")
    assert lost.to_s == pytest.approx(500.0, abs=1.0)
    assert math.isfinite(lost.to_s)
