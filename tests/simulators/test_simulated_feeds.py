"""A run as a feed file: the same bytes, read by the reader, faults as the scenario has them; what is refused, and how."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.feed_file import Received, Tick
from simulators.caseload import as_lines
from simulators.scenario import CALM, Feed, Network, Outage
from simulators.service import SimulateConfig, simulate
from tests.simulators.made_feeds import feed_of, identities
from tests.simulators.worlds import at, wearer


def test_a_feed_has_a_tick_a_second_from_start_to_end() -> None:
    ticks = [line.at_us for line in feed_of(CALM, wearers=3) if isinstance(line, Tick)]
    assert ticks == [at(n) for n in range(201)]


def test_a_feed_may_have_coarser_ticks_and_still_ends_with_one() -> None:
    ticks = [line.at_us for line in feed_of(replace(CALM, feed=Feed(60.0)), wearers=3) if isinstance(line, Tick)]
    assert ticks == [at(n) for n in (0, 60, 120, 180, 200)]


def test_messages_come_some_time_after_they_were_sent() -> None:
    for line in feed_of(CALM, wearers=10):
        if isinstance(line, Received):
            assert line.at_us > json.loads(line.envelope)["sent"] * 1000


@pytest.mark.slow
def test_duplicates_and_reordering_are_as_the_scenario_has_them() -> None:
    calm = identities(feed_of(CALM))
    assert set(calm.values()) == {1}
    doubled = identities(feed_of(replace(CALM, network=Network(duplicates=0.3))))
    twice = sum(n == 2 for n in doubled.values()) / len(doubled)
    assert twice == pytest.approx(0.3, abs=0.05)
    times = [
        json.loads(line.envelope)["sent"]
        for line in feed_of(replace(CALM, network=Network(reordered=0.3)))
        if isinstance(line, Received)
    ]
    assert sum(b < a - 2000 for a, b in itertools.pairwise(times)) > 100


@pytest.mark.slow
def test_an_outage_that_keeps_loses_nothing_and_one_that_does_not_does() -> None:
    outage = Outage(50.0, 150.0)
    kept = identities(feed_of(replace(CALM, outages=(outage,))))
    lost = identities(feed_of(replace(CALM, outages=(replace(outage, keeps=False),))))
    calm = identities(feed_of(CALM))
    assert len(lost) == pytest.approx(len(calm) / 2, rel=0.05)
    assert len(kept) == pytest.approx(len(calm), rel=0.02)


def test_the_command_writes_the_same_files_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = []
    for name in ("a", "b"):
        config = SimulateConfig(
            wearers=15,
            feed=tmp_path / f"{name}.ndjson",
            rate_hz=0.5,
            duration_s=120,
            truth=tmp_path / f"{name}.truth",
            as_json=True,
            seed=4,
        )
        assert simulate(config) == 0
        paths = (config.feed, tmp_path / f"{name}.caseload.ndjson", config.truth)
        written.append([path.read_bytes() for path in paths if path])
    assert written[0] == written[1]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["wearers"] == 15


def test_a_feed_of_a_given_caseload_begins_when_its_last_device_is_fitted(tmp_path: Path) -> None:
    caseload = tmp_path / "c.ndjson"
    caseload.write_bytes(as_lines(wearer()))
    config = SimulateConfig(caseload=caseload, feed=tmp_path / "f.ndjson", duration_s=60, rate_hz=1)
    assert simulate(config) == 0
    assert (tmp_path / "f.ndjson").read_text().splitlines()[0] == '{"tick":"2026-11-21T18:00:00Z"}'


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (SimulateConfig(feed=Path("f")), "one of --caseload and --wearers"),
        (SimulateConfig(wearers=1), "one of --broker and --feed"),
        (SimulateConfig(wearers=1, broker="mqtt://h", feed=Path("f")), "one of --broker and --feed"),
        (SimulateConfig(wearers=0, feed=Path("f")), "--wearers"),
        (SimulateConfig(wearers=1, feed=Path("f"), duration_s=0), "--duration"),
        (SimulateConfig(wearers=1, feed=Path("f"), rate_hz=-1), "--rate"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    config: SimulateConfig, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(config) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_bad_caseload_scenario_or_broker_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.ndjson", tmp_path / "bad.ndjson"
    good.write_bytes(as_lines(wearer()))
    bad.write_text('{"type":"wearer"}\n')
    scenario = tmp_path / "s.toml"
    scenario.write_text("[shares]\nnone = 1\n")
    feed = tmp_path / "f.ndjson"
    for config, said in (
        (SimulateConfig(caseload=bad, feed=feed), "bad.ndjson:1: id"),
        (SimulateConfig(caseload=good, feed=feed, scenario=scenario), "shares: none"),
        (SimulateConfig(caseload=good, broker="http://h", duration_s=1), "mqtt://host:port"),
        (SimulateConfig(caseload=good, broker="mqtt://h:99999", duration_s=1), "port"),
    ):
        assert simulate(config) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1
    assert not feed.exists()
