"""People who must keep away from somebody: whoever follows them is told of, by the truth and by the rules."""

from __future__ import annotations

import pytest

from simulators.caseload import Record
from simulators.scenario import CALM, Feed, People, Scenario, Shares
from simulators.truth import truth_lines
from tests.simulators.estates import compared, whole_days

FOLLOWING = Scenario(
    shares=Shares(**{**dict.fromkeys(Shares.__dataclass_fields__, 0.0), "near_victim": 1.0}),
    people=People("no"),
    feed=Feed(5.0),
)
"""Nobody lives in a home that makes positions dishonest."""


def _pairs(record: Record) -> bool:
    return record.get("kind") == "proximity"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_all_who_follow_somebody_protected_are_found_and_nobody_else(seed: int) -> None:
    records, simulation = whole_days(250, 2.5, FOLLOWING, seed=seed, only=_pairs)
    assert not any(sky.error > 1 for life in simulation.lives for sky in life.skies)
    followers = {s.id for s, life in zip(simulation.subjects, simulation.lives, strict=True) if life.plots}
    told = list(truth_lines(simulation))
    near = {line["wearer"] for line in told if line["kind"] == "proximity_alert" and line["shown"]}
    assert len(followers) > 5
    assert followers <= near
    report, parked = compared(records, simulation)
    assert report.good, report.details
    assert not parked
    figures = report.violations()
    assert figures["proximity_alert"]["truth"] >= len(followers)
    assert figures["proximity_prealert"]["truth"] >= len(followers)


@pytest.mark.slow
def test_who_follows_nobody_is_not_said_to_be_near() -> None:
    _, simulation = whole_days(250, 2.5, CALM, only=_pairs)
    assert len(simulation.lives) > 20
    assert [line for line in truth_lines(simulation) if line["kind"] == "proximity_alert" and line["shown"]] == []
