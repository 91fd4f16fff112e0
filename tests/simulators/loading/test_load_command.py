"""The command `load`: what it refuses before anything is written or played, and that its report is not lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulators.caseload import as_lines
from simulators.loading.asked import LoadConfig
from simulators.loading.limits import Bounds
from simulators.loading.plans import Profile, Wanted
from simulators.loading.service import load
from tests.simulators.worlds import wearer

NAN, INF = float("nan"), float("inf")
STEADY = Wanted(Profile.STEADY, 0, 5.0)
INVENTED = LoadConfig(STEADY, "mqtt://127.0.0.1:1", wearers=2)
GIVEN = LoadConfig(STEADY, "mqtt://127.0.0.1:1", Path("d.ndjson"))
NO_ONE = "http://127.0.0.1:9"


def wanted(**more: Any) -> LoadConfig:
    return replace(INVENTED, wanted=replace(STEADY, **more))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, bytes]]:
    """The working folder with what a run may read; gives what is in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.ndjson").write_bytes(as_lines(wearer()))
    (tmp_path / "key").write_text("abc\n")
    (tmp_path / "two").write_text("abc\ndef\n")
    (tmp_path / "image").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "s.toml").write_text("[no_such]\n")
    return lambda: {path.name: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (replace(GIVEN, report=Path("d.ndjson")), "--report: d.ndjson: is the file of --caseload too"),
        (replace(GIVEN, scenario=Path("s.toml"), report=Path("s.toml")), "--report: s.toml: is the file of --scenario"),
        (replace(GIVEN, key_file=Path("key"), report=Path("key")), "--report: key: is the file of --key-file too"),
        (replace(GIVEN, report=Path("none/x.json")), "--report: none/x.json: there is no folder"),
        (replace(GIVEN, report=Path()), "--report: .: is a folder"),
        (replace(GIVEN, report=Path("-")), "--report: -: standard output is not taken here"),
        (replace(INVENTED, report=Path("load-1.caseload.ndjson")), "is the file of --report too"),
        (replace(INVENTED, write_caseload=Path("-")), "--write-caseload: -: standard output is not taken here"),
        (replace(INVENTED, write_caseload=Path("none/c")), "--write-caseload: none/c: there is no folder"),
        (replace(GIVEN, caseload=Path("none")), "--broker: 127.0.0.1:1: Connection refused"),
        (replace(INVENTED, metrics="garbage"), "--metrics: garbage/metrics: Request URL is missing"),
        (replace(INVENTED, metrics="http://h:99999"), "--metrics: http://h:99999/metrics: "),
        (replace(INVENTED, metrics=NO_ONE), f"--metrics: {NO_ONE}/metrics: All connection attempts failed"),
        (replace(INVENTED, api=NO_ONE, key_file=Path("key")), f"--api: {NO_ONE}: All connection attempts failed"),
        (replace(INVENTED, key_file=Path("nokey")), "--key-file: nokey: No such file"),
        (replace(INVENTED, key_file=Path("two")), "--key-file: two: more than one key"),
        (replace(INVENTED, key_file=Path("image")), "--key-file: image: is no text"),
        (replace(INVENTED, seed=-1), "--seed: a whole number, 0 or more"),
        (replace(INVENTED, seed=-1, write_caseload=Path("x")), "--seed: a whole number, 0 or more"),
        (replace(INVENTED, wearers=2_000_000), "--wearers: from 1 to 1000000"),
        *(
            (replace(INVENTED, bounds=Bounds(delay_s=value)), f"--max-delay: {value:g}: more than 0 seconds")
            for value in (NAN, INF, 0.0, -1.0)
        ),
        *(
            (wanted(**{name: value}), f"{option}: {value:g}: ")
            for option, name in (
                ("--rate", "rate_hz"),
                ("--from-rate", "from_rate_hz"),
                ("--duration", "duration_s"),
                ("--warm-up", "warm_up_s"),
                ("--burst", "burst_s"),
                ("--factor", "factor"),
                ("--away", "away_s"),
                ("--tampers", "tampers_hz"),
            )
            for value in (NAN, INF, -1.0)
        ),
        (wanted(rate_hz=1e-300), "--rate: 1e-300: 0.001 or more messages a second"),
        (wanted(duration_s=1e300), "--duration: 1e+300: more than 0 seconds, at most 316224000"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_written(
    folder: Callable[[], dict[str, bytes]], capsys: pytest.CaptureFixture[str], config: LoadConfig, said: str
) -> None:
    before = folder()
    assert load(config) == (1 if said.startswith("--broker") else 2)
    told = capsys.readouterr()
    assert said in told.err
    assert (told.err.count("\n"), told.out) == (1, "")
    assert folder() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scenario": Path("s.toml")}, "s.toml:1: no_such"),
        ({"scenario": Path("none")}, "none: No such file"),
        ({"first_device": 1000}, "nobody in the caseload wears a device that speaks"),
        ({"wearers": None, "caseload": Path("none")}, "--caseload: none: No such file"),
    ],
)
def test_what_cannot_be_played_is_refused_before_a_caseload_is_invented(
    folder: Callable[[], dict[str, bytes]],
    capsys: pytest.CaptureFixture[str],
    iotcore_broker: Any,
    changed: dict[str, Any],
    said: str,
) -> None:
    before = folder()
    assert load(replace(INVENTED, broker=iotcore_broker.urls[0], **changed)) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert folder() == before


def test_a_broker_that_is_not_there_ends_it_at_once(
    folder: Callable[[], dict[str, bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = folder()
    assert load(INVENTED) == 1
    assert capsys.readouterr().err == "--broker: 127.0.0.1:1: Connection refused\n"
    assert folder() == before


@pytest.mark.slow
def test_a_report_that_cannot_be_written_is_printed_all_the_same(
    folder: Callable[[], dict[str, bytes]], capsys: pytest.CaptureFixture[str], iotcore_broker: Any
) -> None:
    short = replace(STEADY, duration_s=1.0, warm_up_s=0.0)
    config = LoadConfig(short, iotcore_broker.urls[0], wearers=2, report=Path("/dev/full"), as_json=True)
    assert load(config) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["profile"] == "steady"
    assert told.err.splitlines()[-1] == "/dev/full: No space left on device"
    assert "load-1.caseload.ndjson" in folder()
