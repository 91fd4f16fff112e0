"""The command `load`: how much an installed system bears (docs/load.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulators.loading.knobs import Knobs, knobs_of
from simulators.loading.plans import Profile, Wanted

USUAL_DURATION_S: Final = 300.0
RAMP_STEPS: Final = 10
BURSTS: Final = 5


def load(
    profile: Annotated[Profile, typer.Argument(help="How the load goes over time.")] = Profile.STEADY,
    broker: Annotated[str | None, typer.Option(help="MQTT broker; several with commas between.")] = None,
    caseload: Annotated[Path | None, typer.Option(help="Caseload file whose devices send; import it first.")] = None,
    wearers: Annotated[int | None, typer.Option(help="Or: invent a caseload of so many wearers.", min=1)] = None,
    write_caseload: Annotated[
        Path | None, typer.Option(help="Only write the invented caseload there, for the centre to import.")
    ] = None,
    devices: Annotated[int | None, typer.Option(help="Use at most so many devices.", min=1)] = None,
    first_device: Annotated[int | None, typer.Option(help="The first of them, from 0.", min=0)] = None,
    rate: Annotated[float | None, typer.Option(help="Messages a second of all devices; by itself one of each.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds, without the warm-up; 300 by itself.")] = None,
    warm_up: Annotated[float | None, typer.Option(help="Seconds before, not counted; 10 by itself.")] = None,
    from_rate: Annotated[float | None, typer.Option(help="Where a ramp begins; by itself a tenth of the rate.")] = None,
    from_devices: Annotated[int | None, typer.Option(help="Devices with which a ramp begins; by itself all.")] = None,
    steps: Annotated[int | None, typer.Option(help="Of a ramp (10), or how many bursts (5).", min=1)] = None,
    burst: Annotated[float, typer.Option(help="Seconds that a burst lasts.")] = 10.0,
    factor: Annotated[float, typer.Option(help="How many times the rate comes in a burst.")] = 5.0,
    away: Annotated[float, typer.Option(help="Seconds for which a storm takes everybody away.")] = 60.0,
    tampers: Annotated[float | None, typer.Option(help="Straps cut a second, each another wearer's.")] = None,
    api: Annotated[str | None, typer.Option(help="Address of the API: times to the map and to alerts.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="File with a key for the API.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Address of ingest's /metrics: what was stored.")] = None,
    max_delay: Annotated[float, typer.Option(help="Seconds to the acknowledgement (p99) that are still borne.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the invented caseload and of the devices.")] = 1,
    scenario: Annotated[Path | None, typer.Option(help="Scenario file (TOML); by itself nothing goes wrong.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the report as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, and no progress.")] = False,
) -> None:
    """The simulated fleet as a load on an installed system: throughput, delays by stage, and what gave out."""
    from simulators.loading import service
    from simulators.loading.asked import LoadConfig
    from simulators.loading.limits import Bounds

    knobs = knobs_of(os.environ)
    shape = {
        "from_rate_hz": from_rate,
        "from_devices": from_devices,
        "burst_s": burst,
        "factor": factor,
        "away_s": away,
    }
    asked = {"rate_hz": rate, "duration_s": duration, "warm_up_s": warm_up, "tampers_hz": tampers, "steps": steps}
    wanted = wanted_of(profile, knobs, {**shape, **asked, "devices": devices})
    first = knobs.first_device or 0 if first_device is None else first_device
    url, bounds = broker or knobs.broker, Bounds(delay_s=max_delay)
    played = LoadConfig(wanted, url, caseload, wearers, first, seed, scenario, write_caseload)
    asking: dict[str, Any] = {"api": api or knobs.api, "key_file": key_file, "metrics": metrics}
    told: dict[str, Any] = {"report": report, "as_json": as_json, "knobs": knobs.used}
    config = replace(played, **asking, **told, bounds=bounds)
    raise typer.Exit(service.load(config))


def wanted_of(profile: Profile, knobs: Knobs, options: Mapping[str, Any]) -> Wanted:
    """What was asked for: an option, else what the environment says, else what it is by itself."""
    usual = {"devices": 0, "duration_s": USUAL_DURATION_S, "steps": BURSTS if profile is Profile.BURST else RAMP_STEPS}
    names = {each.name for each in fields(Wanted)}
    known = {name: value for name, value in asdict(knobs).items() if name in names and value is not None}
    given = {name: value for name, value in options.items() if value is not None}
    return Wanted(profile, **{**usual, **known, **given})
