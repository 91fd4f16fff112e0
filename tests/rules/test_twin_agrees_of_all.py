"""The fast rules and the slow twin say the same of random feeds with every kind of condition, victims and assessments."""

from __future__ import annotations

import json

import pytest

from domain.instants import parse_instant
from tests.rules.running import Running, batches_of, caseload_of, lines_of, of_kinds
from tests.twin.engine import EVERY_KIND, run
from tests.twin.feeds import feed_of_all

SEEDS = (2, 4, 6, 8, 11, 12, 13, 15, 16, 17, 19, 25, 29)
P_INSIDE_TOLERANCE = 0.01
LINES_PER_BATCH = 50

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_and_twin_say_the_same_of_every_kind(seed: int) -> None:
    caseload, lines, until = feed_of_all(seed)
    running = Running(caseload_of(caseload))
    for batch in batches_of(running.versions, lines, running.roster, LINES_PER_BATCH, parse_instant(until)):
        running.take(batch)
    ours = of_kinds(lines_of(running.said), EVERY_KIND)
    theirs = [json.loads(line) for line in run(caseload, lines, parse_instant(until), EVERY_KIND)]
    assert {v["kind"] for v in theirs} - {"communication_lost", "curfew"}, (
        "a feed in which nothing happens shows nothing"
    )
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        p_one, p_other = one.pop("p_inside"), other.pop("p_inside")
        assert one == other, f"seed {seed}, line {number}"
        close = None if p_other is None else pytest.approx(p_other, abs=P_INSIDE_TOLERANCE)
        assert p_one == close, f"seed {seed}, line {number}"
