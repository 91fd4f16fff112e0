"""The command `simulate`: what it refuses before anything is written, where its result goes, and what it says will never happen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from simulators.caseload import as_lines
from simulators.scenario import CALM, Network
from simulators.service import SimulateConfig, simulate
from simulators.truth import truth_lines
from tests.simulators.worlds import wearer, world

SHORT = SimulateConfig(wearers=2, duration_s=3)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _in(folder: Path, name: str) -> Path:
    """`-` is in no folder."""
    return Path(name) if name == "-" else folder / name


@pytest.fixture
def caseload(tmp_path: Path) -> Path:
    path = tmp_path / "c.ndjson"
    path.write_bytes(as_lines(wearer()))
    return path


def test_truth_of_devices_that_tell_no_position_is_told(tmp_path: Path) -> None:
    config = replace(SHORT, feed=tmp_path / "f.ndjson", truth=tmp_path / "f.truth")
    assert simulate(config) == 0
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "f.truth").read_text().splitlines()]
    assert kinds[0] == "run"
    assert "location_lost" not in kinds


@pytest.mark.slow
def test_who_is_never_heard_has_lost_contact_and_no_position() -> None:
    simulation = world(20, 900.0, 0.02, replace(CALM, network=Network(lost=1.0)))
    kinds = {line["kind"] for line in truth_lines(simulation)}
    assert "communication_lost" in kinds
    assert "location_lost" not in kinds


@pytest.mark.parametrize(
    ("feed", "truth", "lives", "said"),
    [
        ("c.ndjson", None, None, "--feed: {0}/c.ndjson: is the file of --caseload too"),
        ("../{1}/c.ndjson", None, None, "is the file of --caseload too"),
        ("f", "c.ndjson", None, "--truth: {0}/c.ndjson: is the file of --caseload too"),
        ("f", "soft", None, "--truth: {0}/soft: is the file of --caseload too"),
        ("f", "hard", None, "--truth: {0}/hard: is the file of --caseload too"),
        ("f", None, "c.ndjson", "--lives: {0}/c.ndjson: is the file of --caseload too"),
        ("f", "s.toml", None, "--truth: {0}/s.toml: is the file of --scenario too"),
        ("f", "f", None, "--truth: {0}/f: is the file of --feed too"),
        ("f", None, "f", "--lives: {0}/f: is the file of --feed too"),
        ("f", "t", "t", "--lives: {0}/t: is the file of --truth too"),
        ("f", "none/t", None, "--truth: {0}/none/t: there is no folder {0}/none"),
        ("f", None, "none/t", "--lives: {0}/none/t: there is no folder {0}/none"),
        ("none/f", None, None, "--feed: {0}/none/f: there is no folder {0}/none"),
        ("f", "c.ndjson/t", None, "--truth: {0}/c.ndjson/t: "),
        ("f", "-", None, "--truth: -: standard output is not taken here"),
        ("f", None, "-", "--lives: -: standard output is not taken here"),
        (".", None, None, "is a folder"),
        ("f", ".", None, "is a folder"),
        ("loop", None, None, "--feed: {0}/loop: "),
        ("x" * 400, None, None, "File name too long"),
    ],
)
def test_a_file_that_must_not_be_written_is_refused_before_anything_is(
    tmp_path: Path,
    caseload: Path,
    capsys: pytest.CaptureFixture[str],
    feed: str,
    truth: str | None,
    lives: str | None,
    said: str,
) -> None:
    folder = tmp_path
    (folder / "soft").symlink_to(caseload)
    (folder / "hard").hardlink_to(caseload)
    scenario = folder / "s.toml"
    scenario.write_text("")
    before = _files(folder)
    (folder / "loop").symlink_to("loop")
    config = SimulateConfig(
        caseload=caseload,
        scenario=scenario,
        feed=folder / feed.format(folder, folder.name),
        truth=None if truth is None else _in(folder, truth),
        lives=None if lives is None else _in(folder, lives),
        duration_s=3,
    )
    assert simulate(config) == 2
    told = capsys.readouterr().err
    assert said.format(folder) in told
    assert told.count("\n") == 1
    (folder / "loop").unlink()
    assert _files(folder) == before


def test_what_is_invented_has_a_file_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "f.caseload.ndjson"
    assert simulate(replace(SHORT, feed=tmp_path / "f.ndjson", truth=truth)) == 2
    assert f"the invented caseload: {truth}: is the file of --truth too" in capsys.readouterr().err
    assert not _files(tmp_path)


def test_a_feed_to_what_is_no_file_leaves_the_caseload_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nowhere = Path("/dev/null")
    assert simulate(replace(SHORT, feed=nowhere, truth=nowhere, lives=nowhere)) == 0
    assert set(_files(tmp_path)) == {"simulated-1.caseload.ndjson"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (replace(SHORT, seed=-1), "--seed: a whole number, 0 or more"),
        (replace(SHORT, duration_s=1e30), "--duration: "),
        (replace(SHORT, duration_s=float("nan")), "--duration: "),
        (replace(SHORT, rate_hz=1e-9), "--rate: at least one message a day (0.0000116 a second)"),
        (replace(SHORT, rate_hz=0.0), "--rate: at least one message a day"),
        (replace(SHORT, rate_hz=float("nan")), "--rate: at least one message a day"),
        (replace(SHORT, wearers=2_000_000), "--wearers: from 1 to 1000000"),
        (replace(SHORT, wearers=None, caseload=Path("nothere")), "--caseload: nothere: No such file"),
        (replace(SHORT, wearers=None, caseload=Path()), "--caseload: .: Is a directory"),
        (replace(SHORT, duration_s=1e-9), "nobody in the caseload wears a device that speaks"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: SimulateConfig, said: str
) -> None:
    assert simulate(replace(config, feed=tmp_path / "f.ndjson")) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not _files(tmp_path)


@pytest.mark.parametrize(
    ("feed", "truth", "lives", "said"),
    [
        ("/dev/full", None, None, "/dev/full: No space left on device\n"),
        ("/dev/null", "/dev/full", None, "/dev/full: No space left on device\n"),
        ("/dev/null", "/dev/null", "/dev/full", "/dev/null or /dev/full: No space left on device\n"),
    ],
)
def test_a_disk_that_is_full_is_told_with_the_file(
    caseload: Path, capsys: pytest.CaptureFixture[str], feed: str, truth: str | None, lives: str | None, said: str
) -> None:
    paths = {"truth": truth and Path(truth), "lives": lives and Path(lives)}
    assert simulate(SimulateConfig(caseload=caseload, feed=Path(feed), duration_s=3, **paths)) == 1
    assert capsys.readouterr().err == said


def test_the_slowest_rate_is_one_that_a_caseload_may_have(tmp_path: Path) -> None:
    assert simulate(replace(SHORT, rate_hz=0.0000116, feed=tmp_path / "f.ndjson")) == 0


def test_a_run_begins_when_devices_can_tell_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    caseload = tmp_path / "c.ndjson"
    caseload.write_bytes(as_lines(wearer()).replace(b"2026-11-21", b"1990-11-21"))
    config = SimulateConfig(caseload=caseload, feed=tmp_path / "f.ndjson", duration_s=3)
    assert simulate(config) == 2
    assert "fitted, at 1990-11-21T18:00:00Z, and must begin from 2020-01-02" in capsys.readouterr().err
    assert not (tmp_path / "f.ndjson").exists()


def test_a_feed_on_standard_output_is_nothing_but_the_feed(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], caseload: Path
) -> None:
    config = SimulateConfig(caseload=caseload, feed=Path("-"), duration_s=3, as_json=True)
    assert simulate(config) == 0
    told = capfdbinary.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert all("tick" in line or "received" in line for line in lines)
    assert json.loads(told.err)["lines"] == len(lines)
    config = replace(config, feed=tmp_path / "f.ndjson")
    assert simulate(config) == 0
    assert json.loads(capfdbinary.readouterr().out)["lines"] == len(lines)


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("two-days-dark", "outage 1, from 43200 s; the scenario suggests --duration 302400 --wearers 60"),
        ("[[power_cut]]\nfrom_s = 3\nto_s = 5\n", "power_cut 1, from 3 s"),
        ("[[outage]]\nfrom_s = 60\nto_s = 65\n" * 5, "outage 3, from 60 s and 2 more"),
        (
            '[run]\ndays = 1.5\n[[lot]]\nlot = "no-such"\n',
            "lot 1, of which nobody wears a device (no-such); the scenario",
        ),
        ("[counters]\nrestarted = 0.000000001\n", "counters.restarted, which falls on none of the devices"),
        ("[[outage]]\nfrom_s = 2\nto_s = 65\n", None),
        ("[counters]\nrestarted = 1\n", None),
    ],
)
def test_what_never_happens_in_the_run_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caseload: Path, scenario: str, said: str | None
) -> None:
    path = tmp_path / "s.toml" if "\n" in scenario else Path(scenario)
    if "\n" in scenario:
        path.write_text(scenario)
    config = SimulateConfig(caseload=caseload, feed=tmp_path / "f.ndjson", duration_s=3, scenario=path)
    assert simulate(config) == 0
    told = capsys.readouterr().err
    assert told.count("\n") == (said is not None)
    if said is not None:
        assert told.startswith(f"{path}: in this run of 3 s never happens: ")
        assert said in told
