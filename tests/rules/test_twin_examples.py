"""The slow twin gives the worked feeds' violations, line by line, in every field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.instants import parse_instant
from tests.twin.engine import run

EXAMPLES = Path(__file__).parents[1] / "examples"
SHARED = Path(__file__).parents[3] / "shared" / "examples"
"""The specification's own copy, where the repository stands beside it."""
P_INSIDE_TOLERANCE = 0.01
"""Distances may differ by 0.1 % or 0.05 m."""


def evaluated(folder: Path) -> list[dict[str, Any]]:
    caseload = (folder / "caseload.ndjson").read_text(encoding="utf-8").splitlines()
    feed = (folder / "feed.ndjson").read_text(encoding="utf-8").splitlines()
    until = parse_instant((folder / "until").read_text(encoding="utf-8").strip())
    return [json.loads(line) for line in run(caseload, feed, until)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["march", "april", "november"])
def test_twin_gives_the_worked_feed(name: str) -> None:
    text = (EXAMPLES / name / "expected.ndjson").read_text(encoding="utf-8")
    expected = [json.loads(line) for line in text.splitlines()]
    given = evaluated(EXAMPLES / name)
    for wanted, got in zip(expected, given, strict=True):
        p_wanted, p_got = wanted.pop("p_inside"), got.pop("p_inside")
        assert got == wanted
        assert p_got == (None if p_wanted is None else pytest.approx(p_wanted, abs=P_INSIDE_TOLERANCE))


@pytest.mark.parametrize("name", ["march", "april", "november"])
def test_copies_are_the_worked_feeds(name: str) -> None:
    for ours in (EXAMPLES / name).iterdir():
        theirs = SHARED / name / ours.name
        assert not theirs.exists() or theirs.read_bytes() == ours.read_bytes()
