"""The law of rules.md 9 on the twin itself: when facts arrive does not change what they come to."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from tests.twin.engine import BY_FACT, Twin, run
from tests.twin.feeds import feed

Current = dict[str, dict[str, Any]]
SHOWN = ("wearer", "victim", "kind", "code", "condition", "device", "from", "to", "minutes_certain", "minutes_possible")


def current_by_fact(caseload: list[str], lines: list[str], until: str) -> list[str]:
    """Current violations by fact after a last tick, as far as the law speaks of them."""
    newest: Current = {}
    for text in run(caseload, lines, parse_instant(until)):
        version = json.loads(text)
        newest[version["id"]] = version
    standing = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] in BY_FACT]
    return sorted(json.dumps([*(v[key] for key in SHOWN), v["evidence"], v["p_inside"]]) for v in standing)


def all_late(lines: list[str], until: str, seed: int) -> list[str]:
    """The same records at the same instants; no ticks; every message after all that, in any order."""
    rng = random.Random(seed)
    parsed = [json.loads(line) for line in lines]
    messages = [line for line in parsed if "device" in line]
    rng.shuffle(messages)
    at = parse_instant(until) - MINUTE_US
    late = [line for line in parsed if "learnt" in line and parse_instant(line["learnt"]) <= at]
    return [json.dumps(line) for line in [*late, *({**line, "received": format_instant(at)} for line in messages)]]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_arrival_changes_nothing(seed: int) -> None:
    caseload, lines, _ = feed(seed)
    last = json.loads(lines[-1])
    ends = parse_instant(str(last.get("tick") or last.get("learnt") or last.get("received")))
    until = format_instant(ends + 2 * MINUTE_US)
    assert current_by_fact(caseload, all_late(lines, until, seed), until) == current_by_fact(caseload, lines, until)


def test_a_seed_gives_the_same_feed() -> None:
    assert feed(7) == feed(7)
    assert feed(7) != feed(8)


@pytest.mark.slow
def test_what_is_kept_is_what_would_be_found_again() -> None:
    """The twin skips a wearer with nothing new and nothing due: never one that would have come out otherwise."""

    class Thorough(Twin):
        def _found(self, view: Any) -> Any:
            return self._by_fact(view)

    caseload, lines, _ = feed(2)
    twin, thorough = Twin(caseload), Thorough(caseload)
    for line in lines:
        assert twin.take(line) == thorough.take(line)
