"""The centre itself away, as a feed tells it: nothing is lost, the clock stands, and nobody is said to be silent for it (failure 25)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.feed_file import Received, Tick
from simulators.scenario import BROKER, CALM, CentreOutage, Outage, Scenario
from simulators.scenario_file import BadScenario, read_scenario_over_mqtt
from simulators.service import SimulateConfig, simulate
from tests.simulators.made_feeds import feed_of, identities
from tests.simulators.worlds import at

DURATION_S = 400.0
SERVER = replace(CALM, centre_outages=(CentreOutage(100.0, 160.0),))
NO_BROKER = replace(CALM, centre_outages=(CentreOutage(100.0, 160.0, BROKER),))


def _feed(scenario: Scenario) -> list[Received | Tick]:
    return feed_of(scenario, wearers=20, duration_s=DURATION_S)


@pytest.mark.parametrize("scenario", [SERVER, NO_BROKER])
def test_the_clock_stands_while_the_centre_is_away_and_as_long_again(scenario: Scenario) -> None:
    ticks = {line.at_us for line in _feed(scenario) if isinstance(line, Tick)}
    assert ticks == {at(n) for n in range(401)} - {at(n) for n in range(100, 220)}


def test_the_clock_waits_five_minutes_at_most() -> None:
    long = replace(CALM, centre_outages=(CentreOutage(100.0, 2000.0), CentreOutage(2100.0, 2200.0)))
    assert long.without_clock() == [(100.0, 2300.0)]
    assert long.server_away() == [(100.0, 2000.0), (2100.0, 2200.0)]


def test_what_the_broker_keeps_comes_at_once_and_in_its_order() -> None:
    lines = [line for line in _feed(SERVER) if isinstance(line, Received)]
    assert not [line for line in lines if at(100) <= line.at_us < at(160)]
    kept = [line for line in lines if line.at_us == at(160)]
    assert len(kept) > 20 * 60 * 0.5 * 0.9
    sent = [json.loads(line.envelope)["sent"] for line in kept]
    assert max(b - a for a, b in zip(sent[1:], sent[:-1], strict=True)) < 2000, "as they came to the broker"
    assert identities(lines) == identities(_feed(CALM))


def test_what_devices_keep_comes_after_the_broker_is_back() -> None:
    lines = [line for line in _feed(NO_BROKER) if isinstance(line, Received)]
    sent = [json.loads(line.envelope)["sent"] * 1000 for line in lines]
    assert not [one for one in sent if at(101) < one < at(160)]
    late = [line for line, one in zip(lines, sent, strict=True) if at(160) <= one < at(163)]
    of_then = [f for line in late for f in json.loads(line.envelope).get("fixes", []) if f["t"] * 1000 < at(158)]
    assert len(of_then) > 100
    assert len(identities(lines)) == pytest.approx(len(identities(_feed(CALM))), rel=0.02)


def test_over_mqtt_no_broker_is_everybody_out_of_touch_and_no_server_is_refused(tmp_path: Path) -> None:
    assert NO_BROKER.over_mqtt().outages == (Outage(100.0, 160.0),)
    assert NO_BROKER.over_mqtt().without_clock() == []
    file = tmp_path / "away.toml"
    file.write_text("[[centre_outage]]\nfrom_s = 10\nto_s = 20\n")
    with pytest.raises(BadScenario, match=r"away\.toml: centre_outage: .*in a feed only"):
        read_scenario_over_mqtt(file)


def test_the_command_refuses_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "away.toml"
    file.write_text("[[centre_outage]]\nfrom_s = 10\nto_s = 20\n")
    assert simulate(SimulateConfig(wearers=1, broker="mqtt://127.0.0.1:9", scenario=file)) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_part_that_is_none_is_refused_with_what_may_stand_there(tmp_path: Path) -> None:
    file = tmp_path / "away.toml"
    file.write_text('[[centre_outage]]\nfrom_s = 10\nto_s = 20\npart = "disk"\n')
    with pytest.raises(BadScenario, match=r":4: centre_outage 1: part: must be one of broker, server"):
        read_scenario_over_mqtt(file)
