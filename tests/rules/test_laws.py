"""Laws of the rules: where batches are cut, when a process is restarted, what is forgotten and looked up again, and what
comes twice changes nothing, to the byte (rules.md 0 and 9, wire.md)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from domain.instants import parse_instant
from tests.rules.running import EVERYTHING, Running, batches_of, caseload_of, lines_of
from tests.twin.feeds import feed

EXAMPLES = Path(__file__).parents[1] / "examples"
WORKED = ("march", "april", "november")
SEEDS = (1, 5, 8)
FEEDS = [*WORKED, *(f"seed {seed}" for seed in SEEDS)]
WHOLE = 1 << 30
REPEATED_OF_TEN = 3
"""How many of ten messages come twice."""

pytestmark = pytest.mark.slow


@cache
def lines_and_end(name: str) -> tuple[list[str], list[str], int]:
    """Caseload, feed and last tick by the name of a worked feed or of a seed."""
    if name.startswith("seed "):
        caseload, lines, until = feed(int(name.removeprefix("seed ")))
        return caseload, lines, parse_instant(until)
    folder = EXAMPLES / name
    read = {
        f: (folder / f).read_text(encoding="utf-8").splitlines() for f in ("caseload.ndjson", "feed.ndjson", "until")
    }
    return read["caseload.ndjson"], read["feed.ndjson"], parse_instant(read["until"][0])


def said(
    name: str,
    cut: int,
    *,
    restart_every: int = 0,
    max_log: int = EVERYTHING,
    lines: list[str] | None = None,
) -> list[str]:
    """What the rules print when the feed comes in batches of ``cut`` lines."""
    caseload, given, until = lines_and_end(name)
    running = Running(caseload_of(caseload), max_log=max_log)
    batches = batches_of(running.versions, given if lines is None else lines, running.roster, cut, until)
    for number, batch in enumerate(batches, 1):
        running.take(batch)
        if restart_every and number % restart_every == 0:
            running.restart()
    return lines_of(running.said)


@cache
def in_one_batch(name: str) -> list[str]:
    return said(name, WHOLE)


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("cut", [1, 17])
def test_where_a_batch_is_cut_changes_nothing(name: str, cut: int) -> None:
    assert said(name, cut) == in_one_batch(name)


@pytest.mark.parametrize("name", FEEDS)
def test_a_restart_after_any_batch_changes_nothing(name: str) -> None:
    assert said(name, 13, restart_every=1) == in_one_batch(name)


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize(("cut", "max_log"), [(3, 40), (11, 25)])
def test_facts_that_are_forgotten_are_looked_up(name: str, cut: int, max_log: int) -> None:
    assert said(name, cut, restart_every=0, max_log=max_log) == in_one_batch(name)


@pytest.mark.parametrize("name", WORKED)
def test_what_comes_twice_changes_nothing(name: str) -> None:
    """Messages that come a second time, at once and in one line's time: their facts are taken once.

    The contact they are is real, so the copy follows its original at the same instant.
    """
    _, lines, _ = lines_and_end(name)
    doubled = list(twice(lines, random.Random(name)))
    assert len(doubled) > len(lines)
    assert said(name, 5, lines=doubled) == in_one_batch(name)
    assert said(name, 5, lines=doubled, max_log=40) == in_one_batch(name)


def twice(lines: list[str], rng: random.Random) -> Iterator[str]:
    for line in lines:
        yield line
        if "device" in json.loads(line) and rng.randrange(10) < REPEATED_OF_TEN:
            yield line
