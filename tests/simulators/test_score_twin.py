"""The score against a slow twin that compares every line with every violation, and in whatever order lines come."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from domain.instants import SECOND_US, parse_instant
from simulators.score import score
from tests.simulators.score_world import found, minute, run, truth

KINDS = ("exclusion_zone", "zone_edge", "zone_buffer", "curfew", "communication_lost")
EDGES = ("exclusion_zone", "zone_edge", "zone_buffer")
WHYS = (None, None, "too_short", "near_edge", "near_edge", "position_error", "below_grace")
ERRORS = ("near_edge", "between_positions", "position_error")
SLACK_S = 5
TOLERANCE_S = 120
RUN_MIN = 600


def _span(line: dict[str, Any]) -> tuple[float, float]:
    begin = parse_instant(line["from"]) / SECOND_US
    return begin, float("inf") if line["to"] is None else parse_instant(line["to"]) / SECOND_US


def _touch(one: dict[str, Any], other: dict[str, Any]) -> bool:
    (a, b), (c, d) = _span(one), _span(other)
    return a - SLACK_S < d and c - SLACK_S < b and one["wearer"] == other["wearer"]


def _related(one: dict[str, Any], other: dict[str, Any]) -> bool:
    alike = one["kind"] == other["kind"] or (one["kind"] in EDGES and other["kind"] in EDGES)
    return alike and one["condition"] == other["condition"] and _touch(one, other)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    (a, b), (c, d) = _span(one), _span(other)
    return max(a, c) < min(b, d) or (max(a, c) == min(b, d) and (a == b or c == d))


def _strayed(line: dict[str, Any], violation: dict[str, Any], lines: list[dict[str, Any]]) -> bool:
    """The violation is of something that was too short, and the line only next to it."""
    like = [one for one in lines if one["kind"] == violation["kind"] and _related(one, violation)]
    brief = any(one["why_not"] == "below_grace" and _overlap(one, violation) for one in like)
    return brief and not _overlap(line, violation)


def _may_explain(line: dict[str, Any], violation: dict[str, Any]) -> bool:
    by_error = line["why_not"] in ERRORS
    if line["kind"] == violation["kind"]:
        return by_error
    if line["kind"] == "zone_buffer":
        return False
    return by_error or (line["kind"] == "exclusion_zone" and line["why_not"] != "below_grace")


def _alone_s(violation: dict[str, Any], reasons: list[dict[str, Any]]) -> float:
    """The longest stretch of a violation without any of the lines, piece by piece."""
    begin, end = _span(violation)
    if end == float("inf"):
        end = max(begin, parse_instant(minute(RUN_MIN)) / SECOND_US)
    spans = [_span(line) for line in reasons]
    cuts = sorted({begin, end, *(at for span in spans for at in span if begin < at < end)})
    longest = alone = 0.0
    for a, b in pairwise(cuts):
        covered = any(c <= (a + b) / 2 < d for c, d in spans)
        seen = any(c == d == a for c, d in spans)  # for an instant, between two pieces
        alone = 0.0 if covered else b - a + (0.0 if seen else alone)
        longest = max(longest, alone)
    return longest


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
            near = [v for v in current if v["kind"] == line["kind"] and _related(v, line)]
            if all(_strayed(line, v, lines) for v in near):
                add(line["kind"], "missed")
    for violation in current:
        add(violation["kind"], "found")
        near = [line for line in lines if _related(violation, line)]
        like = [line for line in near if line["kind"] == violation["kind"] and not _strayed(line, violation, lines)]
        happened = [line for line in like if line["why_not"] not in ("near_edge", "below_grace")]
        reasons = [line for line in near if _may_explain(line, violation)]
        if any(line["shown"] for line in happened) or (happened and violation["kind"] == "curfew"):
            continue
        if happened and _alone_s(violation, [*reasons, *happened]) <= TOLERANCE_S:
            continue
        explained = bool(reasons) and _alone_s(violation, [*reasons, *happened]) <= TOLERANCE_S
        add(violation["kind"], "explained" if explained else "false")
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
    report = score([run(0, RUN_MIN), *lines], violations)
    assert report.violations() == expected
    figures = {kind: one.in_full() for kind, one in report.kinds.items()}
    rng.shuffle(lines)
    rng.shuffle(violations)
    again = score([*lines, run(0, RUN_MIN)], violations)
    assert {kind: one.in_full() for kind, one in again.kinds.items()} == figures
