"""The laws of test_laws.py, and that of rules.md 9, on random feeds with every kind of condition, victims and assessments."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from domain.vocabulary import Kind
from tests.rules.running import EVERYTHING, WHOLE, Running, batches_of, caseload_of, lines_of
from tests.rules.test_laws import twice
from tests.twin.feeds import feed_of_all

SEEDS = (1, 2, 3, 4, 7, 9, 12)
P_INSIDE_TOLERANCE = 0.01
BY_SILENCE = {
    Kind.COMMUNICATION_LOST, Kind.LOST_IN_ZONE, Kind.UNMONITORED, Kind.SHIELDING_SUSPECTED, Kind.WHEREABOUTS_UNKNOWN,
    Kind.PROXIMITY_UNKNOWN, Kind.VICTIM_UNIT_SILENT,
}  # fmt: skip
BY_MESSAGES = {Kind.CLOCK_WRONG, Kind.SEQ_CONFLICT, Kind.ALCOHOL_TAMPER}
"""What goes by when messages came (the last of them in part), and not by what is in them."""
SHOWN = ("wearer", "victim", "kind", "code", "condition", "device", "from", "to", "minutes_certain", "minutes_possible")

pytestmark = pytest.mark.slow


def said(
    feed: tuple[list[str], list[str], str], cut: int, *, restarts: bool = False, max_log: int = EVERYTHING
) -> list[str]:
    caseload, lines, until = feed
    running = Running(caseload_of(caseload), max_log=max_log)
    for batch in batches_of(running.versions, lines, running.roster, cut, parse_instant(until)):
        running.take(batch)
        if restarts:
            running.restart()
    return lines_of(running.said)


@cache
def in_one_batch(seed: int) -> list[str]:
    return said(feed_of_all(seed), WHOLE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("cut", "restarts", "max_log"),
    [(1, False, EVERYTHING), (17, False, EVERYTHING), (13, True, EVERYTHING), (3, False, 40)],
    ids=["a line a batch", "17 lines a batch", "a restart every 13 lines", "facts forgotten and looked up"],
)
def test_how_lines_come_into_the_rules_changes_nothing(seed: int, cut: int, restarts: bool, max_log: int) -> None:
    assert said(feed_of_all(seed), cut, restarts=restarts, max_log=max_log) == in_one_batch(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_comes_twice_changes_nothing(seed: int) -> None:
    """No clock is wrong here, and nothing comes under a name that was taken: a message more or less counts there."""
    caseload, lines, until = feed_of_all(seed, conflicts=False)
    doubled = list(twice(lines, random.Random(seed)))
    assert len(doubled) > len(lines)
    assert said((caseload, doubled, until), 5) == said((caseload, lines, until), WHOLE)


def standing_by_fact(feed: tuple[list[str], list[str], str], cut: int) -> tuple[list[tuple[str, float | None]], bool]:
    """Current violations by fact as far as the law speaks of them, and `p_inside`; whether a curfew's is retrospective."""
    newest: dict[str, dict[str, Any]] = {}
    for text in said(feed, cut):
        version = json.loads(text)
        newest[version["id"]] = version
    kinds = set(Kind) - BY_SILENCE - BY_MESSAGES
    current = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] in kinds]
    told = [(json.dumps([*(v[key] for key in SHOWN), v["evidence"]]), v["p_inside"]) for v in current]
    behind = any(v["retrospective"] for v in current if v["kind"] == Kind.CURFEW)
    return sorted(told, key=lambda v: v[0]), behind


@pytest.mark.parametrize("cut", [7, WHOLE])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_changes_nothing_that_stands_by_fact(seed: int, cut: int) -> None:
    """The same records at the same instants; no ticks; every message after all that, in any order; a last tick.

    Without assessments: they name violations by numbers, which go by when each was first written. What a variation opens
    behind itself is retrospective, and has no ATV, only where it was known by then: sums may differ with it.
    """
    caseload, lines, _ = feed_of_all(seed, conflicts=False)
    lines = [line for line in lines if json.loads(line).get("record", {}).get("type") != "assessment"]
    last = json.loads(lines[-1])
    ends = parse_instant(str(last.get("tick") or last.get("learnt") or last.get("received")))
    until, at = format_instant(ends + 2 * MINUTE_US), format_instant(ends + MINUTE_US)
    parsed = [json.loads(line) for line in lines]
    messages = [line | {"received": at} for line in parsed if "device" in line]
    random.Random(seed).shuffle(messages)
    late = [json.dumps(line) for line in [*(line for line in parsed if "learnt" in line), *messages]]
    ours, _ = standing_by_fact((caseload, late, until), cut)
    theirs, behind = standing_by_fact((caseload, lines, until), WHOLE)
    if behind:
        ours, theirs = ([v for v in found if '"atv_' not in v[0]] for found in (ours, theirs))
    assert [told for told, _ in ours] == [told for told, _ in theirs]
    for (_, one), (_, other) in zip(ours, theirs, strict=True):
        assert one == (None if other is None else pytest.approx(other, abs=P_INSIDE_TOLERANCE))
