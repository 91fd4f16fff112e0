"""While the centre is behind by minutes, and while it catches up, the fast rules and the slow twin say the same of random feeds."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from tests.rules.running import Running, batches_of, caseload_of, lines_of, of_kinds
from tests.twin.engine import BEFORE, EVERY_KIND, run
from tests.twin.feeds import feed, feed_of_all

SEEDS = range(24)
SEEDS_OF_ALL = range(12)
P_INSIDE_TOLERANCE = 0.01
LINES_PER_BATCH = 50
KINDS = BEFORE | {"not_charged", "not_fitted", "shielding_suspected", "seq_conflict", "clock_wrong", "unmonitored"}
LAGS_MIN = (6, 11, 30, 75)
PACES = (0.0, 0.5, 0.9, 1.0)
"""How fast it comes in then, as a share of how fast it was sent; with 1 it stays behind."""

pytestmark = pytest.mark.slow


def at_of(line: dict[str, Any]) -> int:
    return parse_instant(next(line[key] for key in ("received", "tick", "learnt") if key in line))


def behind(lines: list[str], seed: int) -> tuple[list[str], int]:
    """The feed with all messages from some instant on late by minutes, and no ticks while they are; and when its last line comes."""
    rng = random.Random(f"behind {seed}")
    read = [json.loads(line) for line in lines]
    first, last = at_of(read[0]), at_of(read[-1])
    from_us = first + rng.randrange(max(1, (last - first) // 2))
    lag_us, pace = rng.choice(LAGS_MIN) * MINUTE_US, rng.choice(PACES)
    caught_up_us = last if pace == 1.0 else from_us + round(lag_us / (1 - pace))
    found: list[tuple[int, dict[str, Any]]] = []
    for line in read:
        at_us = at_of(line)
        if "received" in line and at_us >= from_us:
            at_us = max(at_us, from_us + lag_us + round((at_us - from_us) * pace))
            line["received"] = format_instant(at_us)
        elif "tick" in line and from_us <= at_us < caught_up_us:
            continue
        found.append((at_us, line))
    found.sort(key=lambda one: one[0])
    return [json.dumps(line, separators=(",", ":")) for _, line in found], found[-1][0]


def agree(caseload: list[str], lines: list[str], until_us: int, kinds: frozenset[str], named: str) -> int:
    """Compares; returns how many versions there are."""
    expected = [json.loads(line) for line in run(caseload, lines, until_us, kinds)]
    running = Running(caseload_of(caseload))
    for batch in batches_of(running.versions, lines, running.roster, LINES_PER_BATCH, until_us):
        running.take(batch)
    found = of_kinds(lines_of(running.said), kinds)
    for number, (ours, theirs) in enumerate(zip(found, expected, strict=True), 1):
        p_ours, p_theirs = ours.pop("p_inside"), theirs.pop("p_inside")
        assert ours == theirs, f"{named}, line {number}"
        close = None if p_theirs is None else pytest.approx(p_theirs, abs=P_INSIDE_TOLERANCE)
        assert p_ours == close, f"{named}, line {number}"
    return len(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_and_twin_say_the_same_when_behind(seed: int) -> None:
    caseload, lines, until = feed(seed)
    late, last_us = behind(lines, seed)
    agree(caseload, late, max(parse_instant(until), last_us), frozenset(KINDS), f"seed {seed}")


@pytest.mark.parametrize("seed", SEEDS_OF_ALL)
def test_rules_and_twin_say_the_same_of_every_kind_when_behind(seed: int) -> None:
    caseload, lines, until = feed_of_all(seed)
    late, last_us = behind(lines, seed)
    agree(caseload, late, max(parse_instant(until), last_us), EVERY_KIND, f"seed {seed} of every kind")
