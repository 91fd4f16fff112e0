"""The rules give the worked feeds' violations, line by line, in every field; the command prints them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bailiwick.evaluate_command import evaluate_command
from domain.instants import parse_instant
from tests.rules.running import Running, batches_of, caseload_of, lines_of

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
P_INSIDE_TOLERANCE = 0.01
"""Distances may differ by 0.1 % or 0.05 m."""
LINES_PER_BATCH = 4_000


def agree(printed: list[str], expected: list[str]) -> None:
    """Every field to the byte, in the order of the keys, but `p_inside`."""
    for ours, theirs in zip(printed, expected, strict=True):
        p_ours, ours_without = without_score(ours)
        p_theirs, theirs_without = without_score(theirs)
        assert ours_without == theirs_without
        assert p_ours == (None if p_theirs is None else pytest.approx(p_theirs, abs=P_INSIDE_TOLERANCE))


def without_score(line: str) -> tuple[float | None, str]:
    violation: dict[str, Any] = json.loads(line)
    score = violation["p_inside"]
    assert json.dumps(violation, separators=(",", ":"), ensure_ascii=False) == line
    return score, json.dumps(violation | {"p_inside": None}, separators=(",", ":"))


def test_there_are_worked_feeds() -> None:
    assert {"march", "april", "november"} <= set(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_rules_give_the_worked_feed(name: str) -> None:
    folder = EXAMPLES / name
    running = Running(caseload_of((folder / "caseload.ndjson").read_text(encoding="utf-8").splitlines()))
    feed = (folder / "feed.ndjson").read_text(encoding="utf-8").splitlines()
    until = parse_instant((folder / "until").read_text(encoding="utf-8").strip())
    for batch in batches_of(running.versions, feed, running.roster, LINES_PER_BATCH, until):
        running.take(batch)
    agree(lines_of(running.said), (folder / "expected.ndjson").read_text(encoding="utf-8").splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_evaluate_prints_the_worked_feed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = EXAMPLES / name
    until = (folder / "until").read_text(encoding="utf-8").strip()
    assert evaluate_command(str(folder / "caseload.ndjson"), str(folder / "feed.ndjson"), until) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\n")
    agree(printed.splitlines(), (folder / "expected.ndjson").read_text(encoding="utf-8").splitlines())
