"""docs/benchmarks.md and its pictures, made of the results that are kept: ``python -m bench.plots``.

Functions of bench/results alone, so that a test can hold the page to them. A benchmark that has no result yet has no section; a figure that a kept
result does not hold yet has no bar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.plots_svg import Bar, Line, bars, lines
from bench.results import RESULTS

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = DOCS / "benchmarks.md"
PICTURES: Final = DOCS / "pictures" / "benchmarks"
Row = dict[str, Any]
Made = tuple[str, dict[str, str]]
"""A section of the page, and its pictures by name."""

HEAD: Final = """# Benchmarks

What was measured against what, and how cost grows. Every figure is of a file in `bench/results/`, which the command beside it writes again
with machine and versions; `python -m bench.plots` makes this page and its pictures of those files, and a test holds the one to the other.
All programs of a run share the same {cores} cores ({processor}, {memory:g} GB). Axes are logarithmic.
"""


def zones(result: Row) -> Made:
    """Ours, PostGIS, geopandas, the loop."""
    others = (
        ("geopandas, whole columns", "geopandas_per_s"),
        ("PostGIS, one query", "postgis_per_s"),
        ("loop over shapely, prepared", "loop_per_s"),
    )
    drawn = [Bar("geofence", result["fixes_per_s"], f"{result['fixes_per_s']:,}", 0)]
    drawn += compared(result, others, result["fixes_per_s"])
    same = [
        f"{name} {result[key]:.6f}"
        for name, key in (
            ("PostGIS", "postgis_same_verdicts"),
            ("geopandas", "geopandas_same_verdicts"),
            ("the loop", "loop_same_verdicts"),
        )
        if result.get(key)
    ]
    covers = [
        (name, result.get(f"{key}_covers_alone_per_s"))
        for name, key in (("PostGIS", "postgis"), ("geopandas", "geopandas"))
    ]
    alone = (
        "Inside or not alone, which is no verdict: "
        + ", ".join(f"{name} {made:,}" for name, made in covers if made)
        + "."
    )
    words = f"""## Zones
`{result["command"]}`: {result["wearers"]:,} wearers with {result["zones_each"]} zones each, fixes to the verdict inside, outside or uncertain. CPU time of one
core; the others take fewer of the same fixes. Share of verdicts that are the same as ours: {", ".join(same)}.
{alone}

![Fixes a second of one core](pictures/benchmarks/zones.svg)
"""
    return words, {"zones": bars("Fixes a second to the verdict, one core", "fixes a second", [drawn])}


def ingest(result: Row) -> Made:
    """Ours, what the broker passes on, Node-RED, the loop."""
    ours = result["fixes_per_s"]
    broker = (
        ("broker to one that acknowledges", "relay_per_s"),
        ("broker to one that does nothing", "ceiling_per_s"),
    )
    others = (("Node-RED, a plain table", "node_red_per_s"), ("aiomqtt, shapely, INSERT", "naive_per_s"))
    drawn = [
        [Bar("ingest, every rule on", ours, f"{ours:,}", 0), *compared(result, broker, ours)],
        compared(result, others, ours),
    ]
    cores = result.get("broker_cores_at_ceiling")
    share = (
        f", and to one that does not even do that (the broker then took {cores:g} of a core; the sender has the rest)"
        if cores
        else ""
    )
    node_red = (
        "Node-RED (its own `mqtt in` node, a function, ten connections) puts them into a table and judges nothing;"
        if others[0][1] in result
        else ""
    )
    words = f"""## Ingest
`{result["command"]}`: Mosquitto to TimescaleDB, one fix a message, QoS 1, {result["messages"]:,} messages of {result["wearers"]:,} wearers; sender, broker, ingest and
database on the same cores. Ingest decodes, judges by every rule and acknowledges after the commit; lost {result["lost"]}. The upper bars are what the broker
passes on when nobody judges or stores: to a client that only acknowledges{share}. The lower ones get the same messages: {node_red}
the loop judges zones and puts in one by one. They acknowledge before they store.

![Fixes a second from broker to database](pictures/benchmarks/ingest.svg)
"""
    return words, {"ingest": bars("Fixes a second, broker to committed", "fixes or messages a second", drawn)}


def backlog(result: Row) -> Made:
    """Live delays before and while backlogs drain."""
    spread = result["spread"]
    runs = [
        (f"{run['devices']:,} devices, {run['items']} fixes an envelope, {when}", run)
        for run, when in (
            (result, "all at once"),
            (result["at_once"], "all at once"),
            (spread, f"over {spread['spread_s']:g} s"),
        )
    ]
    short = (f"{result['items']} at once", f"{result['at_once']['items']} at once", f"over {spread['spread_s']:g} s")
    groups = [delay_bars("no backlog", result["live_delay_before_s"])]
    groups += [delay_bars(name, run["live_delay_s"]) for name, (_, run) in zip(short, runs, strict=True)]
    rows = "".join(
        f"| {name} | {run['fixes']:,} | {run['drain_s']:g} | {marks(run['live_delay_s'])} "
        f"| {run['lost']} | {run['twice']} |\n"
        for name, run in runs
    )
    words = f"""## A backlog beside live wearers
`{result["command"]}`: an hour in the dark comes while {result["wearers"]:,} wearers send every {result["live_every_s"]:g} s. A live fix's delay is from its own time to its commit. What
comes all at once stands before what is live in the broker's queue; ingest reads on, and judges what is live first ([decision 0204](decisions/0204-live-ahead-of-a-backlog.md)).

| who comes back | fixes | drained in s | live delay p50 / p95 / p99 s | lost | twice |
| --- | --- | --- | --- | --- | --- |
{rows}
![Live delay while a backlog drains](pictures/benchmarks/backlog.svg)
"""
    return words, {"backlog": bars("Delay of a live fix while a backlog drains", "seconds", groups)}


def disturbed(result: Row) -> Made:
    """The score of a disturbed run beside the undisturbed."""
    keys = ("truth", "found", "missed", "false", "explained")
    rows = "".join(
        f"| {name} | {' | '.join(f'{of[key]:,}' for key in keys)} | {of['recall']:.4f} |\n"
        for name, of in result["score"].items()
    )
    outages = ", ".join(
        f"{of['devices_share']:.0%} of the devices for {(of['to_share'] - of['from_share']) * result['duration_s']:.0f} s"
        + ("" if of["keeps"] else " (keeping nothing)")
        for of in result["outages"]
    )
    missed = ", ".join(f"`{kind}` {of['missed']:,}" for kind, of in result["violations"].items() if of["missed"])
    beside = ", beside the same lives undisturbed" if "undisturbed" in result["score"] else ""
    words = f"""## A disturbed run
`{result["command"]}`: {result["connections"]:,} connections at {result["rate_hz"]:g} Hz for {result["duration_s"] / 60:g} minutes; messages twice and out of order; out of touch were {outages}.
{result["sent"]:,} sent, **lost {result["lost"]}, twice {result["duplicates"]}**. What was found against what really happened{beside} (while ingest catches up it has no ticks, and what only silence shows is missed):

| run | really happened | found | missed | false | explained | recall |
| --- | --- | --- | --- | --- | --- | --- |
{rows}
Missed: {missed or "nothing"}.
"""
    return words, {}


def growth(result: Row) -> Made:
    """Costs by wearers and by days."""
    wearers, days, law = result["wearers"], result["days"], result["law"]
    sizes, depths = [row["wearers"] for row in wearers], [row["days"] for row in days]
    words = f"""## How cost grows
`{result["command"]}`. The **law** of each is the power p in cost ~ size^p over all sizes measured: 0 is flat, 1 is in proportion.

From {sizes[0]:,} to {sizes[-1]:,} wearers, the rules alone, one fact a minute of each device: CPU a fact with the clock's ticks (law {law["wearers"]["fact_us"]:g}), memory
of a process with caseload and state (law {law["wearers"]["rss_mb"]:g}). Under a few thousand wearers a fact bears more of what each batch costs.

| wearers | CPU a fact, us | memory, MB | state as kept in a checkpoint, MB | rules made of the caseload in s |
| --- | --- | --- | --- | --- |
{"".join(f"| {row['wearers']:,} | {row['fact_us']:g} | {row['rss_mb']:,} | {row['state_mb']:g} | {row['learnt_s']:g} |{chr(10)}" for row in wearers)}
![CPU a fact by wearers](pictures/benchmarks/growth_wearers.svg)
![Memory by wearers](pictures/benchmarks/growth_memory.svg)

From {depths[0]} to {depths[-1]} days stored, a fix a minute of {result["stored_wearers"]:,} wearers ({days[-1]["fixes"]:,} fixes at the end), ingest and API at work:
laws {", ".join(f"{NAMES[name]} {power:g}" for name, power in law["days"].items())}.

| days | fixes | CPU a fix in ingest, us | in the database, us | page of alerts p50 / p99 ms | newest places | trail of 24 hours |
| --- | --- | --- | --- | --- | --- | --- |
{"".join(day_row(row) for row in days)}
![What an operator waits for by days stored](pictures/benchmarks/growth_days.svg)
"""
    cpu = [Line("CPU a fact", [(row["wearers"], row["fact_us"]) for row in wearers])]
    memory = [
        Line(name, [(row["wearers"], row[key]) for row in wearers])
        for name, key in (("the whole process", "rss_mb"), ("state in a checkpoint", "state_mb"))
    ]
    waits = [
        Line(f"{NAMES[key]}, {mark}", [(row["days"], row[key][mark]) for row in days])
        for key in ("trail_24h_ms", "positions_ms", "alerts_page_ms")
        for mark in ("p50",)
    ]
    return words, {
        "growth_wearers": lines("CPU a fact as wearers become more", "wearers", "microseconds", cpu),
        "growth_memory": lines("Memory as wearers become more", "wearers", "megabytes", memory),
        "growth_days": lines("What an operator waits for as days are stored", "days stored", "milliseconds", waits),
    }


NAMES: Final = {
    "ingest_us": "CPU in ingest",
    "database_us": "CPU in the database",
    "alerts_page_ms": "page of alerts",
    "positions_ms": "newest places",
    "trail_24h_ms": "trail of 24 hours",
}
SECTIONS: Final[Mapping[str, Callable[[Row], Made]]] = {
    "geofence": zones,
    "ingest": ingest,
    "backlog": backlog,
    "fleet_disturbed": disturbed,
    "growth": growth,
}


def day_row(row: Row) -> str:
    waits = " | ".join(
        f"{row[key]['p50']:g} / {row[key]['p99']:g}" for key in ("alerts_page_ms", "positions_ms", "trail_24h_ms")
    )
    return f"| {row['days']} | {row['fixes']:,} | {row['ingest_us']:g} | {row['database_us']:g} | {waits} |\n"


def marks(delays: Row) -> str:
    return " / ".join(f"{delays[mark]:g}" for mark in ("p50", "p95", "p99"))


def compared(result: Row, others: Sequence[tuple[str, str]], ours: float) -> list[Bar]:
    """What others make, and how many times that ours is."""
    return [
        Bar(name, result[key], f"{result[key]:,}: ours is {ours / result[key]:.3g} times that")
        for name, key in others
        if result.get(key)
    ]


def delay_bars(name: str, delays: Row) -> list[Bar]:
    return [
        Bar(f"{name}, {mark}", delays[mark], f"{delays[mark]:g} s", number)
        for number, mark in enumerate(("p50", "p95", "p99"))
    ]


def kept() -> dict[str, Row]:
    """The results that are there, by name, in the page's order."""
    files = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def made(results: Mapping[str, Row]) -> tuple[str, dict[str, str]]:
    """The page, and the pictures by name."""
    machine = next(iter(results.values()))["machine"]
    words = [HEAD.format(cores=machine["cores"], processor=machine["processor"], memory=machine["memory_gb"])]
    pictures: dict[str, str] = {}
    for name, result in results.items():
        section, drawn = SECTIONS[name](result)
        words.append(section)
        pictures |= drawn
    return "\n".join(words), pictures


def main() -> None:
    page, pictures = made(kept())
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    for name, picture in pictures.items():
        (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
