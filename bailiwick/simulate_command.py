"""The commands `simulate` and `score`: simulated devices, and what was found of them against what happened (docs/simulators.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def simulate(
    caseload: Annotated[Path | None, typer.Option(help="Caseload file whose wearers are simulated.")] = None,
    wearers: Annotated[int | None, typer.Option(help="Or: invent a caseload of so many wearers.")] = None,
    broker: Annotated[str | None, typer.Option(help="MQTT broker to play to; several with commas between.")] = None,
    feed: Annotated[Path | None, typer.Option(help="Or: feed file to write; `-` is standard output.")] = None,
    rate: Annotated[float | None, typer.Option(help="Messages a second of every device.")] = None,
    scenario: Annotated[Path | None, typer.Option(help="Scenario file (TOML), or the name of one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 1,
    duration: Annotated[float, typer.Option(help="Seconds to simulate.")] = 600.0,
    truth: Annotated[Path | None, typer.Option(help="File for what really happened.")] = None,
    lives: Annotated[Path | None, typer.Option(help="File for who lived how, for `score --lives`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulated devices: over MQTT, one connection each, or as a feed file."""
    from simulators import service

    config = service.SimulateConfig(
        caseload, wearers, broker, feed, rate, scenario, seed, duration, truth, lives, as_json=as_json
    )
    raise typer.Exit(service.simulate(config))


def score(
    truth: Annotated[Path, typer.Option(help="What really happened, as `simulate --truth` writes it.")],
    violations: Annotated[Path, typer.Option(help="What was found (NDJSON), as `evaluate` prints it.")],
    alerts: Annotated[
        Path | None, typer.Option(help="Alerts and their histories (NDJSON), as the API gives them: delays to people.")
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Wearers and their groups (CSV or NDJSON): figures for each group.")
    ] = None,
    lives: Annotated[
        Path | None, typer.Option(help="Who lived how, as `simulate --lives` writes it: figures for each sort of life.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Page with pictures to write.")] = None,
    tolerance: Annotated[float, typer.Option(help="Seconds by which an end may be off.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Compare what was found with what happened: missed, false, late, how soon, for whom."""
    from simulators.score_command import ScoreConfig, score_files

    config = ScoreConfig(truth, violations, alerts, groups, html, lives, tolerance, as_json=as_json)
    raise typer.Exit(score_files(config))
