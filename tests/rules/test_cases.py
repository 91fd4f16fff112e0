"""Boundary cases, one folder each under `cases`: a caseload, a feed that ends with its last line, and what is expected.

`about.txt` says which sentence of the rules a case stands on. The expected lines were written by hand from the rules;
each names only the keys that the case is about. Every violation of a listed kind must be expected, in order.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rules.running import Running, batches_of, caseload_of, lines_of
from tests.twin.engine import run

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
LINES_PER_BATCH = 3


def read(name: str, file: str) -> list[str]:
    return (CASES / name / file).read_text(encoding="utf-8").splitlines()


def by_rules(name: str) -> list[str]:
    running = Running(caseload_of(read(name, "caseload.ndjson")))
    for batch in batches_of(running.versions, read(name, "feed.ndjson"), running.roster, LINES_PER_BATCH, None):
        running.take(batch)
    return lines_of(running.said)


def by_twin(name: str) -> list[str]:
    return list(run(read(name, "caseload.ndjson"), read(name, "feed.ndjson"), None))


def held_against(said: list[str], expected: list[str]) -> None:
    """Newest version of every violation of a kind that is not by silence, on the keys that the case names."""
    newest: dict[str, dict[str, Any]] = {}
    for line in said:
        version = json.loads(line)
        newest[version["id"]] = version
    unasked = {"communication_lost", "lost_in_zone", "whereabouts_unknown", "location_lost"}
    standing = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] not in unasked]
    wanted = [json.loads(line) for line in expected]
    keys = list(wanted[0]) if wanted else ["kind", "from", "to"]
    found = sorted(({k: v[k] for k in keys} for v in standing), key=lambda v: (v["from"], v["kind"]))
    assert found == wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_decide_the_case(name: str) -> None:
    held_against(by_rules(name), read(name, "expected.ndjson"))


@pytest.mark.parametrize("name", NAMES)
def test_the_twin_decides_the_case(name: str) -> None:
    held_against(by_twin(name), read(name, "expected.ndjson"))


@pytest.mark.parametrize("name", NAMES)
def test_rules_and_twin_print_the_same(name: str) -> None:
    assert by_rules(name) == by_twin(name)
