"""docs/burden.md, made of a result of `bench.burden`: a function of that result alone, so that a test can hold one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "burden.md"
BEARABLE = 10.0
"""Alerts for one operator in 10 minutes; more is a flood (alerts.md)."""
Row = dict[str, Any]

HEAD = """# What operators can bear

{wearers:,} wearers, {operators} operators, contact lost {losses:.2f} times a wearer and day: what was measured in Wisconsin in May 2017 (56,853 lost cell
connections of 895 people, Wisconsin Watch, "Losing track", 4 March 2018), and not one of these losses too short to notice. `python -m bench.burden` puts each
through episodes, need, rising and policy with the protocols that ship, in virtual time, and writes this page and `bench/results/burden.json`.

**Alerts of `warning` and above that an operator is shown in 10 minutes: {mean} on average, {hour} in the worst hour, {slot} in the worst 10
minutes** (losses of {name}). The mark is {bearable:g}: {verdict}.{floods}

"""

HOURS_HEAD = """## By the hour
Mean for one operator in 10 minutes, by the hour at which it begins and by how long losses go on (median, once noticed):

"""

MODEL = """
## What was taken for granted
- **How long losses last was not published**; nor at what hour they begin. A loss goes on for {noticed} s until it is noticed (`upload_s` 60), then lognormally
  (spread of the logarithm {spread}): of a median of 15 minutes one in ten lasts over 70, one in a hundred over 4 hours. They begin at any hour alike but in the last row of the table.
- The caseload is invented ([simulators](simulators.md)): {wearers:,} wearers, 37 % with a curfew tag, whose home monitoring unit loses contact; most others with an exclusion zone
  that is always in force about a kilometre from home, so that nearly every loss of theirs is needed at once. No victims, no home unit that still hears the tag.
- By night wearers are at home, by day within 5 km of it. No outage of many: those are one incident.
- All {operators} operators are there at every hour, each with an equal share. They claim 2 minutes after they are shown an alert, act on it in time, and close it a minute after it is over; what
  somebody has is not shown again when it rises. What is shown twice is counted twice.
- Alerts of other kinds come on top. Calls to wearers, which the protocol of a needed loss asks for, are work that lasts longer than a look: the second table.
"""


def page(result: Row) -> str:
    """The whole page."""
    first = result["scenarios"][0]
    load = first["per_operator_10_min"]
    verdict = "it holds at every hour" if load["worst_hour"] < BEARABLE else "it does not hold"
    head = HEAD.format(
        **{name: result[name] for name in ("wearers", "operators")},
        losses=result["model"]["losses_a_day"],
        mean=load["mean"],
        hour=load["worst_hour"],
        slot=load["worst_10_min"],
        name=f"a median of {first['name']}",
        bearable=BEARABLE,
        verdict=verdict,
        floods=_floods(result["scenarios"]),
    )
    return "".join(
        [
            head,
            scenarios(result["scenarios"]),
            HOURS_HEAD,
            hours(result["scenarios"], "hours"),
            "\nCalls to wearers and responsible adults, likewise:\n\n",
            hours(result["scenarios"], "calls_hours"),
            MODEL.format(
                noticed=result["model"]["noticed_s"],
                spread=result["model"]["spread"],
                wearers=result["wearers"],
                operators=result["operators"],
            ),
        ]
    )


def _floods(rows: list[Row]) -> str:
    """Which scenarios go over the mark in some hour, in a sentence; empty when none does."""
    over = [row for row in rows if row["per_operator_10_min"]["worst_hour"] >= BEARABLE]
    named = [f"{row['name']} ({row['per_operator_10_min']['worst_hour']:.1f})" for row in over]
    return f"\n**It does not hold in the worst hour where losses go on for** {'; '.join(named)}." if named else ""


def scenarios(rows: list[Row]) -> str:
    """One row a scenario."""
    lines = [
        "| losses go on for (median) | losses | alerts | shown to nobody | shown | mean | worst hour | worst 10 minutes |",
        "| --- " + "| ---: " * 7 + "|",
    ]
    for row in rows:
        load, nobody = row["per_operator_10_min"], row["worst_shown"].get("nobody", 0)
        share = f"{100 * nobody / max(1, row['alerts']):.0f} %"
        counts = f"{row['losses']:,} | {row['alerts']:,} | {share} | {row['shown']:,}"
        lines.append(
            f"| {row['name']} | {counts} | {load['mean']:.2f} | {load['worst_hour']:.2f} | {load['worst_10_min']:.2f} |"
        )
    return "\n".join(lines) + "\n\n"


def hours(rows: list[Row], key: str) -> str:
    """One row an hour of the day, one column a scenario."""
    lines = [
        "| hour | " + " | ".join(row["name"] for row in rows) + " |",
        "| --- " + "| ---: " * len(rows) + "|",
    ]
    lines += [f"| {hour:02d}:00 | " + " | ".join(f"{row[key][hour]:.2f}" for row in rows) + " |" for hour in range(24)]
    return "\n".join(lines) + "\n"
