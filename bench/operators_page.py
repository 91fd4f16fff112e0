"""docs/operators.md, made of a result of `bench.operators`: a function of that result alone, so that a test can hold one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "operators.md"
Row = dict[str, Any]

HEAD = """# How many people at the console

{wearers:,} wearers, and people who have shifts, breaks, telephones and bad moments. `python -m bench.operators` raises alerts by chance, puts
each through the machine, the policy and the protocols that ship, lets operators take them in the console's order, and writes this page, its
picture and `bench/results/operators.json`. All of it is virtual time, and the same seed gives the same figures.

**Operators on shift at every instant, those on a break among them, from 16:00 to midnight:**

"""

NAMES = {
    "few": "30, as in [burden](burden.md)",
    "critical": "enough for the critical",
    "all": "enough for the serious too",
    "outage": "and a carrier fails",
    "slower": "and all takes half as long again",
    "whole_day": "and from midnight to midnight",
}

GIVEN = """
## What was taken for granted
Published, and where:

- **The mix**: California's 743,544 alerts of 2011-12 (Associated Press from records of its Department of Corrections, 2013): inclusion zones 55.0 %, strap tampers 12.4 %,
  exclusion zones 7.6 %, low batteries 11.6 %, message gaps 13.3 %, device tampers 0.1 %. Its inclusion zones are taken as our curfew codes and
  inclusion zones. Nearly a quarter is critical by our table: far more than where straps report truly. No proximity, SOS, alcohol or home unit.
- **The rates**: 1.25 alerts an offender and day in the United States (a witness before a committee of Canada's House of Commons, 2012); 260,000
  in a month in Wisconsin, of which 81,000 were sorted by hand (failures.md 05). 0.3, 2 and 6 lie around these.
- **One strap tamper in 19 is real** (Canada, failures.md 08). The losses that are needed at once are as many as [burden](burden.md) shows as serious.

Assumed, because nobody has published it:

- **Times.** Medians of lognormal times: 8 s from free hands to a claim; 20, 30, 60, 90 s to read what is information, a warning, serious, critical (half as long again for
  an exclusion zone, ten times for an outage); 150 s for a call that is answered, as 6 of 10 are, 40 s for one that is not; 10 to 60 s to write it down; 30 s to come back to it.
- **Calls out** are those that the protocols ask for, to each person once a visit to the alert; police and victims are told by webhook and SMS, where that is the step's
  first channel. **Calls in**: 0.1 a wearer and day, 180 s; whoever waits hangs up after 240 s in the mean. They go before all that is not critical.
- **Shifts** of 8 hours, whose seats change over two hours; breaks of 15, 30 and 15 minutes, begun with empty hands and kept whatever waits. Nobody gives back an alert before a break: a critical claim
  lapses in it. Whoever goes home gives back what they have. Nobody is ill, late or new.
- **Errors**: 2 of 100 alerts that are done are forgotten and lapse; 3 of 100 closings have a wrong outcome, half of these are undone within a minute.
- **Seniors**: a supervisor for 12 operators, one duty manager, always there; they look 45 s after a message and take what they were told of alone.
- From 17:00 to 23:00 comes twice as much as at other hours. How long things go on is lognormal (spread of the logarithm 1.2; medians of 5 to 90 minutes by kind). 1 in 10 wearers has a victim,
  none is under 18. People see one alert at a time, not a wearer's line, close nothing in bulk, and see only what they were told of.
- **The outage**: 3,600 devices for an hour from 19:30; 10 minutes on those with a victim and half of the intensive are let go; 5 % stay silent after it. Three times as many people ring.
"""


def page(result: Row) -> str:
    """The whole page."""
    rows = result["rows"]
    parts = [
        HEAD.format(wearers=result["wearers"]),
        needed(result),
        "\n![Claimed in time, by the number of operators](pictures/operators.svg)\n",
        "\n## Critical\n",
        "Seconds from when operators are shown it, or nobody has it any more, to the claim; how often nobody had one for longer than 2, 5 and 15 minutes; alerts that a\n"
        "supervisor and the duty manager were told of as unclaimed; the most that waited at once, of every severity.\n\n",
        claims(rows, "critical"),
        "\n## Serious\n",
        "The same. What closes itself before anybody has it is in no quantile of the seconds, but among those that waited longer.\n\n",
        claims(rows, "serious"),
        "\n## People\n",
        "Busy: the share of their time at the desk with something in hand, in the mean and in the worst hour. Lapsed: claims that nobody came back to.\n\n",
        people(rows),
        "\n## By the hour\n",
        "With enough for the critical: busy, and the seconds (p99) in which a critical alert is claimed.\n\n",
        by_hour([row for row in rows if row["name"] == "critical"]),
        GIVEN,
    ]
    return "".join(parts)


def needed(result: Row) -> str:
    """How many it takes, one row a rate."""
    share = f"{100 * result['enough']:g} %"
    lines = [
        f"| alerts a wearer and day | so that {share} of the critical are claimed within 2 minutes | and {share} of the serious within 15 |",
        "| ---: | ---: | ---: |",
    ]
    critical, both = result["needed"]["critical"], result["needed"]["all"]
    lines += [f"| {rate} | **{critical[rate]}** | **{both[rate]}** |" for rate in critical]
    note = (
        "\nThe search ends within 3.5 % of the fewest. The two marks are those at which the protocols tell a supervisor.\n"
        "Whoever is free takes the worst that waits, so what is critical is claimed in time long before there are enough for the rest.\n"
    )
    return "\n".join(lines) + "\n" + note


def label(row: Row) -> str:
    """Rate, what is otherwise, and how many operators: the first cells of a row."""
    return f"| {row['rate']:g} | {NAMES[row['name']]} | {row['operators']} |"


def claims(rows: list[Row], severity: str) -> str:
    """One row a day: how fast, how many not, who was told."""
    lines = [
        "| a wearer-day | | operators | shown | p50 | p95 | p99 | max | over 2 min | 5 | 15 | supervisor | duty manager | longest queue |",
        "| ---: | --- " + "| ---: " * 12 + "|",
    ]
    for row in rows:
        of, longest = row["severities"][severity], row["longest_queue"]
        times = [f"{of['claim_s'][name]:,.0f}" if of["claimed"] else "nobody" for name in ("p50", "p95", "p99", "max")]
        over = [f"{of['unclaimed_after_min'][mark]:,}" for mark in ("2", "5", "15")]
        told = [f"{of['told'][role]:,}" for role in ("supervisor", "duty_manager")]
        cells = [f"{of['shown']:,}", *times, *over, *told, f"{longest:,}"]
        lines.append(f"{label(row)} {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def people(rows: list[Row]) -> str:
    """One row a day: what people did, and did wrong."""
    lines = [
        "| a wearer-day | | operators | busy | worst hour | calls out | to stand down | calls in | hung up | forgotten | wrong | undone | lapsed | handed over |",
        "| ---: | --- " + "| ---: " * 12 + "|",
    ]
    for row in rows:
        errors = [
            f"{row['errors'].get(name, 0):,}" for name in ("forgotten", "wrong", "undone", "lapsed", "handed_over")
        ]
        busy = [f"{100 * share:.0f} %" for share in (row["busy"]["mean"], max(row["busy"]["hours"]))]
        rung = [row["calls_out"], row["stand_down_calls"], row["calls_in"]["answered"], row["calls_in"]["hung_up"]]
        lines.append(f"{label(row)} {' | '.join([*busy, *(f'{count:,}' for count in rung), *errors])} |")
    return "\n".join(lines) + "\n"


def by_hour(rows: list[Row]) -> str:
    """One row an hour, two columns a rate."""
    heads = [f"{row['rate']:g}: busy | {row['rate']:g}: p99" for row in rows]
    lines = ["| hour | " + " | ".join(heads) + " |", "| --- " + "| ---: | ---: " * len(rows) + "|"]
    first, last = rows[0]["hours"]
    for place in range(last - first):
        cells = [
            f"{100 * row['busy']['hours'][place]:.0f} % | {row['critical_p99_hours'][place] or 0:.0f}" for row in rows
        ]
        lines.append(f"| {first + place:02d}:00 | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
