"""The simulated devices, in a process of their own: ``python -m bailiwick.demo.fleet_process ORDERS``.

ORDERS is a JSON file (`Orders`). It reads the caseload, says so, waits until it is told when the run begins, plays the
run, and leaves the truth and an account of what was sent. What it says goes through small files in its folder, each
written whole: the other side never reads half of one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bailiwick.caseload_input import load_caseload
from domain.errors import BailiwickError
from domain.instants import SECOND_US
from simulators.fleet import Tally
from simulators.scenario import Scenario
from simulators.scenario_file import read_scenario_over_mqtt
from simulators.service import Simulation, connect_s
from simulators.subjects import Run
from simulators.telling import alone
from simulators.truth import write_truth

READY = "fleet-ready.json"
GO = "fleet-go.json"
PROGRESS = "fleet-progress.json"
ACCOUNT = "fleet-account.json"
TRUTH = "truth.ndjson"
GEN = 0
GO_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Orders:
    """What the fleet is to do. Paths and files are in ``folder``."""

    folder: str
    caseload: str
    scenario: str | None
    brokers: list[str]
    seed: int
    rate_hz: float
    duration_s: float
    truth: bool


def write_whole(path: Path, body: dict[str, Any]) -> None:
    """So that a reader sees all of it or what was there before."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(body))
    unfinished.replace(path)


def read_when_there(path: Path) -> dict[str, Any] | None:
    """The body, or None when it has not been written yet."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return found


def main() -> None:
    """The process; what is expected to go wrong is one line on standard error."""
    try:
        _play(Orders(**json.loads(Path(sys.argv[1]).read_text())))
    except (BailiwickError, OSError) as error:
        sys.exit(str(error))
    except BaseExceptionGroup as several:  # so that the last line of the log says what it was
        raise alone(several) from None


def _play(orders: Orders) -> None:
    folder = Path(orders.folder)
    scenario = read_scenario_over_mqtt(Path(orders.scenario)) if orders.scenario else Scenario()
    versions, _ = load_caseload(Path(orders.caseload))
    write_whole(folder / READY, {"pid": os.getpid()})
    run = Run(_wait_for_go(folder / GO), orders.duration_s)
    simulation = Simulation.prepare(versions, run, scenario, orders.seed, orders.rate_hz, GEN)
    del versions
    if orders.truth:
        write_truth(simulation, folder / TRUTH)
    connecting_s = max(connect_s(len(simulation.speakers)), run.start_us / SECOND_US - time.time())
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        tally = runner.run(simulation.play(orders.brokers, connecting_s, _shown_in(folder / PROGRESS)))
    account = {"devices": len(simulation.speakers), "sent": simulation.last_seqs(), "tally": tally.as_json()}
    write_whole(folder / ACCOUNT, account)


def _wait_for_go(path: Path) -> int:
    """When the run begins, microseconds UTC."""
    while (told := read_when_there(path)) is None:
        time.sleep(GO_POLL_S)
    return int(told["start_us"])


def _shown_in(path: Path) -> Callable[[str, Tally], None]:
    def progress(doing: str, tally: Tally) -> None:
        write_whole(path, {"doing": doing, "connections": tally.connections, "sent": tally.sent})

    return progress


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  not to be had on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


def orders_file(orders: Orders) -> Path:
    """Writes the orders; gives the file to start the process with."""
    path = Path(orders.folder) / "fleet-orders.json"
    write_whole(path, asdict(orders))
    return path


if __name__ == "__main__":
    main()
