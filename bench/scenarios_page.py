"""docs/scenarios.md, made of bench/results/scenarios.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "scenarios.md"

HEAD: Final = """# Scenarios: what is missed, what is false, and for whom

Made by `python -m bench.scenarios` from bench/results/scenarios.json; do not edit it. Every scenario of the library
([simulators](simulators.md)) is lived by invented people, judged by the rules as `bailiwick evaluate` judges a file, and scored by
an auditor that shares no code with them. The people, their homes and their positions are made up: before anything here is relied on, real
devices are to be measured. Where positions state less error than they have (homes between high walls), the rules are fooled as they would be.
"""


def page(result: dict[str, Any]) -> str:
    """The page of a result."""
    by_life = ("life", "wearers", "false, in 1,000 days", "worst-served")
    parts = [
        [HEAD],
        _goals(result),
        [
            "",
            "The way through broker, database and alert is measured by `bench/fleet`.",
            "",
            "## By kind, all scenarios",
            "",
        ],
        _kinds(result["kinds"]),
        ["", "## By the distance from home to the nearest exclusion zone", ""],
        ["False violations of `serious` and above, in the ordinary week and where nobody does wrong.", ""],
        _distances(result["by_distance"]),
        ["", "## By life and home", ""],
        ["Nobody does wrong for thirty days; homes at least 50 m from every exclusion zone.", ""],
        _table(by_life, map(_group, result["by_life"])),
        [""],
        _table(("home", *by_life[1:]), map(_group, result["by_home"])),
        ["", "## By scenario", ""],
        _scenarios(result["scenarios"]),
        ["", "## What was missed, and what was false", ""],
        _told(result["scenarios"]) or ["Nothing."],
        [""],
    ]
    return "\n".join(line for part in parts for line in part)


def _goals(result: dict[str, Any]) -> list[str]:
    rows = (
        (
            "least recall of strap, zone, restriction, proximity and curfew, where the data could show it",
            "100 %",
            _percent(result["recall_min"]),
        ),
        (
            "false violations of `serious` and above in 1,000 wearer-days, homes at least 50 m from every exclusion zone",
            "under 5",
            _number(result["false_per_1000_wearer_days"]),
        ),
        (
            "false critical ones in 30 days of the worst-served: 99th percentile of those who keep to everything, same homes",
            "1",
            _number(result["worst_served_p99"]),
        ),
        (
            "from the newest message of the devices concerned to the decision, by the rules, 99th percentile",
            "1 s",
            f"{_number((result['delay_s'] or {}).get('p99'))} s",
        ),
    )
    return _table(("figure", "goal", "measured"), rows)


def _kinds(kinds: dict[str, Any]) -> list[str]:
    counts = ("truth", "found", "missed", "false", "explained")
    rows = ((f"`{kind}`", *(str(of[key]) for key in counts), _percent(of["recall"])) for kind, of in kinds.items())
    return _table(("kind", "happened", "found", "missed", "false", "explained", "recall"), rows)


def _distances(bands: Iterable[dict[str, Any]]) -> list[str]:
    rows = (
        (_band(one), str(one["wearers"]), str(one["days"]), str(one["false"]), _number(one["per_1000_days"]))
        for one in bands
    )
    return _table(("metres", "wearers", "wearer-days", "false", "in 1,000 days"), rows)


def _scenarios(scenarios: Iterable[dict[str, Any]]) -> list[str]:
    keys = ("wearers", "days", "truth", "missed", "false", "explained")
    rows = (
        (f"`{one['name']}`", *(f"{one[key]:g}" for key in keys), _number(one["times_real_speed"])) for one in scenarios
    )
    return _table(("scenario", "wearers", "days", "happened", "missed", "false", "explained", "times real speed"), rows)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    aligned = ["---", *("---:" for _ in heading[1:])]
    return ["| " + " | ".join(row) + " |" for row in (heading, aligned, *rows)]


def _group(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["name"].replace("_", " "),
        str(one["wearers"]),
        _number(one["per_1000_days"]),
        _number(one["worst_served_p99"]),
    )


def _band(one: dict[str, Any]) -> str:
    return f"{one['from_m']:g} and more, or none" if one["to_m"] is None else f"{one['from_m']:g} to {one['to_m']:g}"


def _told(scenarios: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"- `{one['name']}`: {each['what']}, {each['wearer']} `{each['kind']}`, {each['from']} to {each['to'] or 'the end'}: {each['why']}"
        for one in scenarios
        for each in one["details"]
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.4g} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"
