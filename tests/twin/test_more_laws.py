"""The law of rules.md 9, and what the twin keeps between lines, on feeds of the second family."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from tests.twin.engine import BY_FACT, EVERY_KIND, MORE_BY_FACT, Twin, run
from tests.twin.feeds import feed_of_all

SHOWN = ("wearer", "victim", "kind", "code", "order", "condition", "device", "from", "to", "cause", "minutes_certain",
         "minutes_possible", "evidence", "p_inside")  # fmt: skip
BY_MESSAGES = {"clock_wrong", "seq_conflict", "alcohol_tamper"}
"""They go by when messages came (the last of them in part)."""

pytestmark = pytest.mark.slow


def current_by_fact(caseload: list[str], lines: list[str], until: str) -> list[str]:
    newest: dict[str, dict[str, Any]] = {}
    for text in run(caseload, lines, parse_instant(until), EVERY_KIND):
        version = json.loads(text)
        newest[version["id"]] = version
    kinds = {*BY_FACT, *MORE_BY_FACT} - BY_MESSAGES
    standing = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] in kinds]
    return sorted(json.dumps([v[key] for key in SHOWN]) for v in standing)


@pytest.mark.parametrize("seed", [3, 4, 6, 10])
def test_arrival_changes_nothing(seed: int) -> None:
    caseload, lines, _ = feed_of_all(seed, conflicts=False)
    last = json.loads(lines[-1])
    ends = parse_instant(str(last.get("tick") or last.get("learnt") or last.get("received")))
    until, at = format_instant(ends + 2 * MINUTE_US), format_instant(ends + MINUTE_US)
    parsed = [json.loads(line) for line in lines]
    messages = [{**line, "received": at} for line in parsed if "device" in line]
    random.Random(seed).shuffle(messages)
    late = [json.dumps(line) for line in [*(line for line in parsed if "learnt" in line), *messages]]
    assert current_by_fact(caseload, late, until) == current_by_fact(caseload, lines, until)


def test_what_is_kept_is_what_would_be_found_again() -> None:
    class Thorough(Twin):
        def _found(self, view: Any) -> Any:
            return self._by_fact(view)

    caseload, lines, _ = feed_of_all(4)
    twin, thorough = Twin(caseload, EVERY_KIND), Thorough(caseload, EVERY_KIND)
    for line in lines:
        assert twin.take(line) == thorough.take(line)
