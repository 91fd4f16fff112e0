"""docs/fairness.md, made of a result of `bench.fairness`: a function of that result alone, so that a test can hold one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "fairness.md"
GOAL = 5.0
"""False violations in 1,000 days: fewer, for everyone from `GOAL_M` outside an edge, and for sleepers up to `GOAL_ACC_M`."""
GOAL_M, GOAL_ACC_M = 20.0, 35.0
Row = dict[str, Any]

HEAD = """# Fairness in figures

How often the rules say that somebody broke a condition who keeps every one of them, and how many real visits they find. `python -m
bench.fairness` draws fixes by chance, puts them through the rules themselves, and writes this page and `bench/results/fairness.json`; a
test holds the one to the other. What a score of one fix is worth is in [score.md](score.md).

"""

VISITS_HEAD = """
## Real visits found
Share of visits that open a violation, at `threshold_points` 0 / **1** / 2, by how deep and how long. A visit of two minutes has two fixes, and is
never found at 2:

"""

MODEL = """## What was drawn
- A wearer stands all day outside a long straight edge (at a corner it would be fewer, in a notch of the zone more), one fix a minute. Each cell: days
  until {events} violations were seen, {days:,} at most, and at most {judged} of those that hold a surely wrong fix; no other day can hold one.
- `acc` is lognormal about its median (spread of the logarithm {acc_spread}, correlated over {acc_min:g} minutes), and **right**: errors are normal, 95 % within it,
  correlated in time as exp(-t / T); T is the column "correlation", 0 a fresh error each minute.
- Reflections: a share of the fixes, in spells of {spell:g} on average, is {factor:g} times as wrong as that, and does not say so.
- Sleepers are in the middle of the curfew's circle of {place:g} m, 19:00 to 07:00, without a home unit.
- Visitors come from 200 m away, stay at the depth, and go back; {visits} visits a cell (a share is good to 4 points either way).
- The day's fixes come as a backlog; violations by fact are the same live (rules.md 9). A violation counts once, however long.

## What this does not say
- **The score assumes that the device states its own error rightly.** Where one fix in a hundred lies ({factor:g} times its error), the tables show
  what becomes of everybody. Real devices are to be measured before any of this is relied on: `acc` is checked by nobody.
- **Near corners and in places smaller than the error it is an upper bound**: [score.md](score.md) has the figures.
- **Errors a minute apart share causes: a second fix is not a second witness.** {witness}
"""


def page(result: Row) -> str:
    """The whole page."""
    honest = [row for row in result["zone"] if not row["reflected"]]
    spoilt = [row for row in result["zone"] if row["reflected"]]
    parts = [
        HEAD,
        goals(result, honest),
        "## Wearers outside a zone\nFalse violations in 1,000 wearer-days at `threshold_points` 0 / **1** (the default) / 2, by the distance from the edge:\n\n",
        edges(honest),
        "\n`<` stands before the upper end of the interval where none was seen. Each figure's interval of 95 % (about 20 % either way where "
        "100 violations were seen) is in the JSON.\n\n",
        "## With reflections\nAs above; errors that the device knows nothing of:\n\n",
        edges(spoilt),
        "\n## Sleepers under a curfew\nFalse `curfew` violations in 1,000 nights:\n\n",
        sleepers(result["sleeper"]),
        SPREAD_HEAD.format(metres=result["model"]["spread_at_m"], minutes=result["model"]["spread_time_s"] / 60),
        steadiness(result["spreads"]),
        VISITS_HEAD,
        visits(result["visits"]),
        "\n",
        proposal(result, honest),
        model(result["model"], honest),
    ]
    return "".join(parts)


def rate(tally: Row) -> str:
    """A rate as people read it; of none seen, what it is under."""
    return short(tally["rate"]) if tally["events"] else f"<{short(tally['high'])}"


def spanned(tally: Row) -> str:
    """A rate with its interval."""
    return f"{rate(tally)} ({short(tally['low'])} to {short(tally['high'])})" if tally["events"] else rate(tally)


def short(value: float) -> str:
    if value >= 10.0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1.0 else f"{value:.2g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def sky(row: Row) -> list[str]:
    """The first columns."""
    return [f"{row['acc_m']:g} m", f"{row['time_s'] / 60:g} min"]


def edges(rows: Sequence[Row]) -> str:
    spoilt = bool(rows[0]["reflected"])
    metres = [f"{of['metres']:g} m" for of in rows[0]["distances"]]
    head = ["median acc", "correlation", *(["reflected"] if spoilt else []), *metres]
    return table(
        head,
        (
            [
                *sky(row),
                *([f"{row['reflected']:.0%}"] if spoilt else []),
                *(" / ".join(rate(tally) for tally in of["thresholds"]) for of in row["distances"]),
            ]
            for row in rows
        ),
    )


def sleepers(rows: Sequence[Row]) -> str:
    shares = sorted({row["reflected"] for row in rows})
    by = {(row["acc_m"], row["time_s"], row["reflected"]): row for row in rows}
    head = ["median acc", "correlation", *("honest" if not share else f"{share:.0%} reflected" for share in shares)]
    return table(
        head,
        (
            [
                *sky(row),
                *(spanned(by[key]) if (key := (row["acc_m"], row["time_s"], share)) in by else "" for share in shares),
            ]
            for row in rows
            if not row["reflected"]
        ),
    )


SPREAD_HEAD = """
## How much hangs on a changeable `acc`
False violations in 1,000 wearer-days {metres:g} m outside, errors that last {minutes:g} minutes, at the default threshold, by the spread of the logarithm of
`acc` about its median (0: always the same): today -> proposed.

"""


def steadiness(rows: Sequence[Row]) -> str:
    spread = list(dict.fromkeys(row["spread"] for row in rows))
    of: dict[float, list[str]] = {}
    for row in rows:
        of.setdefault(row["acc_m"], []).append(f"{rate(row['rule'])} -> {rate(row['proposed'])}")
    return table(
        ["median acc", *(f"{value:g}" for value in spread)], ([f"{acc:g} m", *cells] for acc, cells in of.items())
    )


def visits(rows: Sequence[Row]) -> str:
    kinds = list(dict.fromkeys((row["depth_m"], row["minutes"]) for row in rows))
    of: dict[tuple[float, float], list[Row]] = {}
    for row in rows:
        of.setdefault((row["acc_m"], row["time_s"]), []).append(row)
    head = ["median acc", "correlation", *(f"{depth:g} m, {minutes} min" for depth, minutes in kinds)]
    return table(
        head,
        (
            [*sky(group[0]), *("/".join(f"{t['share']:.0%}"[:-1] for t in row["thresholds"]) + " %" for row in group)]
            for group in of.values()
        ),
    )


def goals(result: Row, honest: Sequence[Row]) -> str:
    """Whether what the project asks for holds, and for whom not."""
    over = [
        (row, of)
        for row in honest
        for of in row["distances"]
        if of["metres"] >= GOAL_M and of["thresholds"][1]["rate"] >= GOAL
    ]
    lines = [
        "## Are the goals met?\n",
        f"Asked: with honest accuracy, at the default threshold, under {GOAL:g} false violations in 1,000 wearer-days for everyone at least {GOAL_M:g} m "
        f"outside an edge, and for sleepers at a median `acc` up to {GOAL_ACC_M:g} m.\n\n",
    ]
    accs = sorted({row["acc_m"] for row in honest})
    for acc in accs:
        worst = worst_of(honest, acc, lambda of: of["thresholds"][1])
        said = (
            "met"
            if worst["high"] < GOAL
            else ("met, but the interval reaches over it" if worst["rate"] < GOAL else "**not met**")
        )
        lines.append(f"- Outside an edge, median `acc` {acc:g} m: {said}; the worst cell has {spanned(worst)}.\n")
    asleep = [row for row in result["sleeper"] if not row["reflected"] and row["acc_m"] <= GOAL_ACC_M]
    most = max(asleep, key=lambda row: row["high"])
    lines.append(
        f"- Sleepers: {'met' if most['high'] < GOAL else '**not met**'}; the worst cell has {spanned(most)}.\n"
    )
    if over:
        lines.append(f"\nThe cells over {GOAL:g}, with their intervals of 95 %:\n\n")
        cells = [
            [*sky(row), f"{of['metres']:g} m", *(spanned(tally) for tally in of["thresholds"])] for row, of in over
        ]
        lines.append(table(["median acc", "correlation", "outside", *(f"threshold {k}" for k in range(3))], cells))
        lines.append(WHY)
    lines.append("\n![False violations by distance](pictures/fairness.svg)\n\n")
    return "".join(lines)


WHY = """
They are the minutes in which `acc` is poor: from 20 m outside, a fix of `acc` 100 m looks surely inside by an error of 3.6 sigma, one of 20 m only
by 5.5. Where errors last, the fix after it agrees, and `threshold_points` helps nobody.
"""


def worst_of(honest: Sequence[Row], acc: float, tally: Callable[[Row], Row]) -> Row:
    """The worst cell of a median accuracy, among those that the goal is for."""
    cells = [tally(of) for row in honest if row["acc_m"] == acc for of in row["distances"] if of["metres"] >= GOAL_M]
    return max(cells, key=lambda cell: (cell["rate"], cell["high"]))


def proposal(result: Row, honest: Sequence[Row]) -> str:
    """Another opening rule, beside the one that is."""
    of = result["model"]["proposed"]
    accs = sorted({row["acc_m"] for row in honest})
    worst = max((worst_of(honest, acc, lambda cell: cell["proposed"]) for acc in accs), key=lambda cell: cell["high"])
    said = PROPOSAL.format(
        least=of["least"], most=of["most"], margin=of["margin_m"], worst=spanned(worst), goal_m=GOAL_M
    )
    head = ["median acc", *(f"{cell['metres']:g} m" for cell in honest[0]["distances"]), "visits found"]
    lines = [[f"{acc:g} m", *compared(result, honest, {acc})] for acc in accs]
    lines.append(["all", *compared(result, honest, set(accs))])
    return said + table(head, lines) + "\n" + found_by_kind(result["visits"]) + PRICE


def compared(result: Row, honest: Sequence[Row], accs: set[float]) -> list[str]:
    """False violations by distance, and visits found, today and as proposed: means over the rows of some accuracies."""
    cells = zip(*(row["distances"] for row in honest if row["acc_m"] in accs), strict=True)
    seen = [row for row in result["visits"] if row["acc_m"] in accs]
    was, would = mean(v["thresholds"][1]["share"] for v in seen), mean(v["proposed"]["share"] for v in seen)
    return [
        *(versus([c["thresholds"][1]["rate"] for c in of], [c["proposed"]["rate"] for c in of]) for of in cells),
        f"{was:.1%} -> {would:.1%}",
    ]


def versus(was: Sequence[float], would: Sequence[float]) -> str:
    """Two means."""
    return " -> ".join(f"{mean(of):.0f}" if mean(of) >= 10.0 else f"{mean(of):.1f}" for of in (was, would))


def found_by_kind(rows: Sequence[Row]) -> str:
    """Visits found by depth and length, over all accuracies and correlations."""
    kinds = list(dict.fromkeys((row["depth_m"], row["minutes"]) for row in rows))
    cells = []
    for kind in kinds:
        mine = [row for row in rows if (row["depth_m"], row["minutes"]) == kind]
        was, would = mean(row["thresholds"][1]["share"] for row in mine), mean(row["proposed"]["share"] for row in mine)
        cells.append(f"{was:.0%} -> {would:.0%}")
    return (
        "Visits found, by depth and length, over all rows:\n\n"
        + table([f"{d:g} m, {m} min" for d, m in kinds], [cells])
        + "\n"
    )


PROPOSAL = """## Proposed: another word for "surely"
Only what "surely inside" means would change: in place of `d >= 3.090232 sigma`, **`d >= {least:g} sigma` and `d + {margin:g} m >= {most:g} sigma`**; all else
(a run, `threshold_points`, the gap) stays. The second part means: from {margin:g} m outside it takes an error of {most:g} sigma to look surely inside, whatever
the accuracy; the rule as it is asks for less the poorer the fix is (from 20 m outside, with `acc` 50 m, 4.07 sigma; with 100 m, 3.58). What is
won there is spent where fixes are good: the first part asks for less than today.
The worst of the cells from {goal_m:g} m outside has {worst} then. Default threshold, today -> proposed; false violations in 1,000
wearer-days (means over the correlations), and the mean share of visits found:

"""
PRICE = """The proposal is walked as arrays over the same days (`bench/opening_rules.py`); a test holds the same walk of today's rule against the rules
themselves, violation by violation.

**Its price**: a wearer 5 or 10 m outside an edge with good fixes (`acc` 10 to 20 m) is accused more often than today, and with poor ones (35 m and
more) less often; and of visits with poor fixes (50 m) fewer are found, which is why of those 30 m deep slightly fewer are found in all. At one stated accuracy nothing that looks at single fixes can
be better on both, and with errors that last a run says hardly more than its best fix; what can be chosen is at which accuracy to be strict. Who draws zones
can keep everybody 20 m away from an edge; nobody can choose the sky. Against reflections neither rule helps. The engine is unchanged:
rules.md 4 binds until it is changed there.

"""


def model(of: Row, honest: Sequence[Row]) -> str:
    """What was drawn, and what the figures do not say."""
    return MODEL.format(
        events=of["events_enough"],
        days=of["days_a_cell_at_most"],
        judged=of["days_judged_at_most"],
        acc_spread=of["acc_spread"],
        acc_min=of["acc_time_s"] / 60,
        spell=of["reflection_spell_fixes"],
        factor=of["reflection_factor"],
        place=of["place_m"],
        visits=of["visits_a_cell"],
        witness=witness(honest),
    )


def witness(honest: Sequence[Row]) -> str:
    """What asking for a second fix is worth, with and without correlation."""
    acc, metres = 50.0, 5.0
    said = []
    for row in honest:
        if row["acc_m"] == acc:
            none, one = next(of["thresholds"][:2] for of in row["distances"] if of["metres"] == metres)
            said.append(f"{row['time_s'] / 60:g} min by {none['rate'] / max(one['rate'], 1e-9):.1f}")
    return f"Asking for a second fix divides the false violations {metres:g} m from an edge at `acc` {acc:g} m, by correlation, {'; '.join(said)}."
