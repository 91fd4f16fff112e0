"""The score against a slow twin that compares every line with every violation, and in whatever order lines come."""

from __future__ import annotations

import random
from typing import Any

import pytest

from domain.instants import SECOND_US, parse_instant
from simulators.score import score
from tests.simulators.score_world import found, run, truth

KINDS = ("exclusion_zone", "zone_edge", "curfew", "communication_lost")
EDGES = ("exclusion_zone", "zone_edge")
WHYS = (None, None, "too_short", "near_edge", "below_grace")
SLACK_S = 5


def _span(line: dict[str, Any]) -> tuple[float, float]:
    begin = parse_instant(line["from"]) / SECOND_US
    return begin, float("inf") if line["to"] is None else parse_instant(line["to"]) / SECOND_US


def _touch(one: dict[str, Any], other: dict[str, Any]) -> bool:
    (a, b), (c, d) = _span(one), _span(other)
    return a - SLACK_S < d and c - SLACK_S < b and one["wearer"] == other["wearer"]


def _related(one: dict[str, Any], other: dict[str, Any]) -> bool:
    alike = one["kind"] == other["kind"] or (one["kind"] in EDGES and other["kind"] in EDGES)
    return alike and one["condition"] == other["condition"] and _touch(one, other)


def _twin(lines: list[dict[str, Any]], violations: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """What docs/simulators.md says, word by word."""
    newest: dict[str, dict[str, Any]] = {}
    for version in violations:
        if version["id"] not in newest or version["version"] > newest[version["id"]]["version"]:
            newest[version["id"]] = version
    current = [v for v in newest.values() if v["change"] != "withdrawn"]
    figures: dict[str, dict[str, int]] = {}

    def add(kind: str, what: str) -> None:
        figures.setdefault(kind, dict.fromkeys(("truth", "found", "missed", "false", "explained"), 0))[what] += 1

    for line in lines:
        if line["shown"]:
            add(line["kind"], "truth")
            if not any(v["kind"] == line["kind"] and _related(v, line) for v in current):
                add(line["kind"], "missed")
    for violation in current:
        add(violation["kind"], "found")
        near = [line for line in lines if _related(violation, line)]
        same = {line["why_not"] for line in near if line["kind"] == violation["kind"]}
        if same - {"near_edge", "below_grace"}:
            continue
        add(violation["kind"], "explained" if any(line["why_not"] != "below_grace" for line in near) else "false")
    return dict(sorted(figures.items()))


def _drawn(rng: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def somewhere() -> dict[str, Any]:
        begin = rng.randrange(0, 120) / 4
        end = None if rng.random() < 0.1 else begin + rng.randrange(0, 40) / 4
        where = {"wearer": rng.choice(("W1", "W2")), "condition": rng.choice((None, "C1", "C2"))}
        return {"kind": rng.choice(KINDS), "begin": begin, "end": end, **where}

    lines = [truth(**somewhere(), why_not=rng.choice(WHYS)) for _ in range(rng.randrange(0, 30))]
    violations = []
    for n in range(rng.randrange(0, 30)):
        one = somewhere() | {"name": f"V-{n}", "decided": rng.randrange(0, 60)}
        violations.append(found(**one))
        if rng.random() < 0.5:
            again = one | {"end": one["begin"] + 3, "version": 2}
            violations.append(found(**again, change=rng.choice(("closed", "withdrawn"))))
    return lines, violations


@pytest.mark.parametrize("seed", range(60))
def test_figures_are_those_of_the_twin_in_any_order_of_lines(seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    lines, violations = _drawn(rng)
    expected = _twin(lines, violations)
    report = score([run(0, 600), *lines], violations)
    assert report.violations() == expected
    figures = {kind: one.in_full() for kind, one in report.kinds.items()}
    rng.shuffle(lines)
    rng.shuffle(violations)
    again = score([*lines, run(0, 600)], violations)
    assert {kind: one.in_full() for kind, one in again.kinds.items()} == figures
