"""What a load run is asked for, and what of it is refused before anything is written or played."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from domain.errors import BadSetting
from simulators.files_asked import check_written
from simulators.link import Address
from simulators.loading.limits import Bounds
from simulators.loading.plans import Wanted, plan_of
from simulators.service import LONGEST_S, MOST_WEARERS

LEAST_HZ: Final = 0.001
"""Of all devices together."""
MOST_DELAY_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """What the command line asks for. One of ``caseload`` and ``wearers``.

    Attributes
    ----------
    wanted : the plan; its ``devices`` are the most that are used, 0: all.
    broker : URLs with commas between; devices are shared out over them.
    first_device : of the caseload's, from 0; so several of these share one caseload out.
    write_caseload : a file for the invented caseload, and nothing else is done.
    api, key_file : where the API is and a file with a key for it; metrics: where ingest serves its own.
    knobs : what was taken from the environment, for the report.
    """

    wanted: Wanted
    broker: str | None = None
    caseload: Path | None = None
    wearers: int | None = None
    first_device: int = 0
    seed: int = 1
    scenario: Path | None = None
    write_caseload: Path | None = None
    api: str | None = None
    key_file: Path | None = None
    metrics: str | None = None
    bounds: Bounds = field(default_factory=Bounds)
    report: Path | None = None
    as_json: bool = False
    knobs: dict[str, str] = field(default_factory=dict)


def check(config: LoadConfig) -> None:
    """Raises `BadSetting` (or `Unplannable`) in one line that names the option."""
    if config.write_caseload is not None and config.wearers is None:
        raise BadSetting("--write-caseload needs --wearers: how many are invented")
    if config.seed < 0:
        raise BadSetting("--seed: a whole number, 0 or more")
    if config.wearers is not None and not 1 <= config.wearers <= MOST_WEARERS:
        raise BadSetting(f"--wearers: from 1 to {MOST_WEARERS}")
    if config.write_caseload is None:
        _check_run(config)
    _check_files(config)


def addresses_of(config: LoadConfig) -> list[Address]:
    """Of the brokers. Raises `BadSetting`."""
    if config.broker is None:
        raise BadSetting("--broker is needed: mqtt://host:port, several with commas between")
    return [Address.parse(url) for url in config.broker.split(",")]


def invented_path(config: LoadConfig) -> Path:
    """Where an invented caseload is written that is played at once."""
    return Path(f"load-{config.seed}.caseload.ndjson")


def _check_run(config: LoadConfig) -> None:
    if (config.caseload is None) == (config.wearers is None):
        raise BadSetting("one of --caseload and --wearers is needed, and only one")
    addresses_of(config)
    wanted = config.wanted
    _check_number("--max-delay", config.bounds.delay_s, 0.0, MOST_DELAY_S, "seconds", above=True)
    for option, hertz in (("--rate", wanted.rate_hz), ("--from-rate", wanted.from_rate_hz)):
        if hertz is not None:
            _check_number(option, hertz, LEAST_HZ, math.inf, "messages a second")
    for option, seconds, above in (
        ("--duration", wanted.duration_s, True),
        ("--warm-up", wanted.warm_up_s, False),
        ("--burst", wanted.burst_s, True),
        ("--away", wanted.away_s, False),
    ):
        _check_number(option, seconds, 0.0, LONGEST_S, "seconds", above=above)
    _check_number("--factor", wanted.factor, 0.0, math.inf, "times the rate", above=True)
    _check_number("--tampers", wanted.tampers_hz, 0.0, math.inf, "straps a second")
    plan_of(replace(wanted, devices=wanted.devices or MOST_WEARERS))


def _check_number(option: str, value: float, low: float, high: float, of: str, *, above: bool = False) -> None:
    """Between both, ``above`` the lower; no number (`nan`) and no end (`inf`) are refused."""
    if math.isfinite(value) and (low < value if above else low <= value) and value <= high:
        return
    least = f"more than {low:g}" if above else f"{low:g} or more"
    most = f", at most {high:.0f}" if math.isfinite(high) else ""
    raise BadSetting(f"{option}: {value:g}: {least} {of}{most}")


def _check_files(config: LoadConfig) -> None:
    """What is written must be a file of its own; what is only read is looked at when it is read."""
    invents = config.wearers is not None and config.write_caseload is None
    reads = {"--caseload": config.caseload, "--scenario": config.scenario, "--key-file": config.key_file}
    writes = {
        "--write-caseload": config.write_caseload,
        "--report": config.report if config.write_caseload is None else None,
        "the invented caseload": invented_path(config) if invents else None,
    }
    check_written(
        {option: path for option, path in writes.items() if path is not None},
        {option: path for option, path in reads.items() if path is not None},
    )
