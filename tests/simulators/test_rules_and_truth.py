"""Rules and auditor, who share no code, agree on a simulated run: none missed, none false but what errors explain."""

from __future__ import annotations

from collections import Counter

import pytest

from bailiwick.evaluate_command import evaluate
from simulators.caseload import generate
from simulators.feed import feed_lines
from simulators.scenario import Accuracy, Network, Outage, Scenario
from simulators.score import score
from simulators.truth import truth_lines
from tests.simulators.worlds import START_US, versions_of, world

BAD_NETWORK = Scenario(
    network=Network(duplicates=0.05, reordered=0.05, reorder_s=60.0),
    outages=(Outage(200.0, 560.0, share=0.4),),
    accuracy=Accuracy(typical_m=12.0, worst_m=40.0),
)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "scenario"), [(1, Scenario()), (2, Scenario()), (3, BAD_NETWORK)])
def test_a_run_of_fifteen_minutes_is_judged_as_it_was_lived(seed: int, scenario: Scenario) -> None:
    wearers, duration_s, rate_hz = 500, 900.0, 0.1
    simulation = world(wearers, duration_s, rate_hz, scenario, seed=seed)
    versions = versions_of(generate(wearers, seed, START_US, duration_s, rate_hz))
    parked: Counter[str] = Counter()
    lines = feed_lines(simulation.devices, simulation.scenario, seed)
    violations = [v.as_json() for v in evaluate(versions, lines, "made", None, parked)]
    report = score(truth_lines(simulation), violations)
    assert report.good, report.details
    assert not parked
    figures = report.violations()
    assert figures["curfew"]["truth"] > 20
    assert figures["exclusion_zone"]["truth"] > 5
    assert figures["communication_lost"]["truth"] > 2
