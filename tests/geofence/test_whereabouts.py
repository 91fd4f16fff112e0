"""The cheap look at a curfew: what it says of presence is so, and what it knows ahead is what would be found anew."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.instants import MINUTE_US, parse_instant
from geofence.cases import seen_of
from geofence.layout import Case
from geofence.presence import UNKNOWN
from geofence.whereabouts import NO_UNIT, Plan, plan_of, surely_known, turns_of
from geofence.world import World
from tests.rules.running import Running, batches_of, caseload_of
from tests.twin.feeds import feed

SEEDS = range(3)
BEFORE_US = (0, 1, 4 * MINUTE_US, 20 * MINUTE_US)


def curfews(world: World) -> list[tuple[int, Case, Plan]]:
    found = []
    for index, case in enumerate(world.layout.cases):
        if case is not None and case.kind == "curfew":
            plan = plan_of(world, case, 0, 0)
            if plan is not None:
                found.append((index, case, plan))
    return found


@pytest.mark.slow
def test_what_is_surely_known_is_known_by_the_evidence() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for seed in SEEDS:
        caseload, lines, until = feed(seed)
        running = Running(caseload_of(caseload))
        for batch in batches_of(running.versions, lines, running.roster, 60, parse_instant(until)):
            running.take(batch)
            world = running.rules.world
            for _, case, plan in curfews(world):
                for before_us in BEFORE_US:
                    at_us = running.rules.now_us - before_us
                    sure = surely_known(world, case, plan, at_us)
                    known = seen_of(world, case).state_at(at_us) != UNKNOWN
                    assert known or not sure, (seed, case.id, at_us)
                    counts[plan.unit != NO_UNIT, sure] += known
    assert counts[False, True] > counts[False, False]
    assert counts[True, True] > 0


@pytest.mark.slow
def test_a_plan_holds_what_is_found_later() -> None:
    turns = 0
    for seed in SEEDS:
        caseload, lines, until = feed(seed)
        running = Running(caseload_of(caseload))
        plans: dict[int, Plan] = {}
        for batch in batches_of(running.versions, lines, running.roster, 60, parse_instant(until)):
            running.take(batch)
            world, now_us = running.rules.world, running.rules.now_us
            if len(batch.learnt):
                plans = {}
            for index, case, _ in curfews(world):
                plan = plans.setdefault(index, plan_of(world, case, now_us, now_us))
                if plan is None or plan.until_us < now_us:
                    continue
                ahead = [turn for turn in plan.turns if turn.until_us > now_us]
                again = turns_of(world, case, now_us, now_us)
                assert list(again[: len(ahead)]) == ahead
                assert all(turn.due_us > plan.until_us for turn in again[len(ahead) :])
                turns += len(ahead)
    assert turns
