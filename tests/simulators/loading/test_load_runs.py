"""Load runs against real brokers, and what the command refuses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from domain.instants import SECOND_US
from simulators.caseload import as_lines, generate
from simulators.loading.plans import Profile, Wanted
from simulators.loading.report import Ran, as_json, as_text
from simulators.loading.service import LoadConfig, load, play, prepare
from tests.simulators.worlds import versions_of

LEAD_S = 1.0


async def run(urls: list[str], wanted: Wanted, wearers: int = 50) -> Ran:
    now_us = time.time_ns() // 1000 // SECOND_US * SECOND_US
    config = LoadConfig(wanted, ",".join(urls), wearers=wearers)
    start_us = now_us + round((1 + LEAD_S) * SECOND_US)
    prepared = prepare(versions_of(generate(wearers, 1, now_us)), config, start_us)
    return await play(prepared, config, lambda line: None)


@pytest.mark.slow
async def test_a_steady_load_is_sent_taken_and_told(broker: Any) -> None:
    ran = await run(broker.urls, Wanted(Profile.STEADY, 50, 4.0, 500.0, warm_up_s=1.0))
    told = as_json(ran)
    assert ran.good
    assert told["scenario"] == "fanin-50-1-500-500"
    assert [step["name"] for step in told["steps"]] == ["warm-up", "steady"]
    # Each device speaks ten times a second and says who it is once: to the message.
    assert told["tally"]["sent"] == told["tally"]["acknowledged"] == 2500
    assert told["tally"]["at_once"] == 50
    counted = told["steps"][1]["stages_s"]["due_to_published"]["count"]
    # What is sent in the run's last slice comes after its last step, and counts for the run.
    assert 1980 <= counted <= told["stages_s"]["due_to_published"]["count"] <= 2020
    assert set(told["not_measured"]) == {"fix_to_map", "violation_to_alert", "centre"}
    assert "limits found: none" in as_text(ran)


@pytest.mark.slow
async def test_a_ramp_calls_more_devices_in(iotcore_broker: Any) -> None:
    wanted = Wanted(Profile.RAMP, 40, 3.0, 400.0, 100.0, 10, steps=3, warm_up_s=0.0)
    ran = await run(iotcore_broker.urls, wanted, 40)
    assert [done.step.devices for done in ran.done] == [10, 25, 40][: len(ran.done)]
    assert ran.tally.connections == ran.done[-1].step.devices
    assert ran.tally.held == 0
    sent = [done.sent for done in ran.done]
    assert sent == sorted(sent)


@pytest.mark.slow
async def test_in_a_storm_everybody_goes_and_comes_back_with_what_they_kept(iotcore_broker: Any) -> None:
    wanted = Wanted(Profile.STORM, 30, 5.0, 300.0, away_s=1.0, warm_up_s=0.0)
    ran = await run(iotcore_broker.urls, wanted, 30)
    steps = {done.step.name: done for done in ran.done}
    assert steps["away"].sent < 30
    # What was recorded in the second away comes with what is recorded afterwards; each strap is one item more.
    assert ran.tally.sent == ran.tally.acknowledged == pytest.approx(5 * 300 + 30, abs=60)
    assert steps["back"].recovered_s is not None


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (LoadConfig(Wanted(Profile.STEADY, 0, 5.0), "mqtt://h"), "one of --caseload and --wearers"),
        (LoadConfig(Wanted(Profile.STEADY, 0, 5.0), wearers=5), "--broker is needed"),
        (LoadConfig(Wanted(Profile.STEADY, 0, 5.0), "tcp://h", wearers=5), "mqtt://host:port"),
        (LoadConfig(Wanted(Profile.STEADY, 0, 0.0), "mqtt://h", wearers=5), "duration"),
        (LoadConfig(Wanted(Profile.STEADY, 0, 5.0), write_caseload=Path("x")), "needs --wearers"),
    ],
)
def test_what_cannot_be_played_is_refused(config: LoadConfig, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(config) == 2
    assert why in capsys.readouterr().err


def test_a_caseload_to_import_is_written(tmp_path: Path) -> None:
    path = tmp_path / "load.ndjson"
    assert load(LoadConfig(Wanted(Profile.STEADY, 0, 5.0), wearers=3, write_caseload=path)) == 0
    assert sum(json.loads(line)["type"] == "wearer" for line in path.read_bytes().splitlines()) == 3
    assert as_lines([json.loads(path.read_bytes().splitlines()[0])])
