"""Each scenario of the library, small: the rules miss nothing, and find nothing false but where positions are dishonest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.instants import parse_instant
from simulators.scenario import Feed
from simulators.scenario_file import library
from simulators.service import Simulation
from tests.simulators.estates import START_US, compared, whole_days

NIGHT_H = 16.0
LONGER = {"two-days-dark": "two days", "visit-in-a-backlog": "an outage of ten hours"}
"""What these are about does not fit into some hours."""


def _dishonest(simulation: Simulation) -> set[str]:
    """Wearers whose positions now and then state less than their error."""
    people = zip(simulation.subjects, simulation.lives, strict=True)
    return {subject.id for subject, life in people if any(sky.error > 1 for sky in life.skies)}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*library()} - {*LONGER}))
def test_rules_and_truth_agree(name: str) -> None:
    scenario = replace(library()[name], feed=Feed(10.0))
    night = scenario.run.start
    start_us, hours = (parse_instant(night), NIGHT_H) if night else (START_US, 5.0)
    records, simulation = whole_days(24 if night else 32, hours, scenario, seed=7, start_us=start_us)
    report, parked = compared(records, simulation)
    figures = report.violations()
    assert {kind: n["missed"] for kind, n in figures.items() if n["missed"]} == {}, report.details
    assert {d["wearer"] for d in report.details if d["what"] == "false"} <= _dishonest(simulation), report.details
    assert sum(n["truth"] for n in figures.values()) > 0
    assert bool(parked) == (name in ("a-tenth-fails", "wrong-clocks"))
