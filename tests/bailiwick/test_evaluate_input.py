"""``bailiwick evaluate`` on bad input: one line with file, line, field and cause, exit 2, and nothing printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bailiwick.caseload_input import tell
from bailiwick.evaluate_command import LINES_PER_BATCH, evaluate_command
from bailiwick.windows_command import windows_command
from domain.errors import Fault
from domain.instants import SECOND_US, format_instant, parse_instant
from tests.caseload.lines import SINCE, as_lines, changed, records

PROJECT = Path(__file__).parents[2]
START_US = parse_instant(SINCE) + 86_400 * SECOND_US
INSIDE = {"lat": 51.21, "lon": 0.51, "acc": 5}
"""Within the zone of the caseload."""


def at(second: int) -> str:
    return format_instant(START_US + second * SECOND_US)


def fix(second: int) -> dict[str, Any]:
    item = {"seq": second, "t": START_US // 1000 + second * 1000, **INSIDE}
    return {"received": at(second), "device": "T1", "envelope": {"v": 1, "sent": item["t"], "fixes": [item]}}


def ticks(count: int) -> list[dict[str, Any]]:
    return [{"tick": at(100 + second)} for second in range(count)]


def learnt(second: int, **record: Any) -> dict[str, Any]:
    return {"learnt": at(second), "record": record}


GOOD = [fix(1), fix(61), fix(91)]
"""A violation."""
MEET = {"type": "condition", "id": "C9", "order": "O1", "kind": "association"}
NEW_DEVICE = learnt(100, type="device", id="T9", kind="gps_tag")
"""What comes before it is judged by itself."""
# what is bad of a feed: its lines, the number of the bad one, the field, a part of the cause
BAD: dict[str, tuple[list[dict[str, Any]], int, str, str]] = {
    "going back": ([*GOOD, {"tick": at(90)}], 4, "tick", "goes back: 2026-11-02T09:01:30Z after 2026-11-02T09:01:31Z"),
    "centuries on": ([*GOOD, {"tick": "9999-01-01T00:00:00Z"}], 4, "tick", "9999-01-01T00:00:00Z is not between 1970"),
    "centuries ago": ([*GOOD, {"tick": "1200-01-01T00:00:00Z"}], 4, "tick", "1200-01-01T00:00:00Z is not between 1970"),
    "a message going back": ([*GOOD, fix(90)], 4, "received", "goes back"),
    "going back after many lines": (
        [*GOOD, *ticks(LINES_PER_BATCH), {"tick": at(99)}],
        LINES_PER_BATCH + 4,
        "tick",
        "goes back",
    ),
    "a record that refers to nothing, after a device": (
        [*GOOD, NEW_DEVICE, learnt(101, type="visit", id="X9", wearer="W9", kind="fit", at=SINCE, outcome="done")],
        5,
        "record.wearer",
        "there is no wearer",
    ),
    "a pair that is one": (
        [*GOOD, NEW_DEVICE, learnt(101, **MEET, other_wearer="W1")],
        5,
        "record.other_wearer",
        "own",
    ),
    "a line of no kind": ([*GOOD, NEW_DEVICE, {"tock": at(101)}], 5, "tock", ""),
}


def run(
    folder: Path, caseload: list[bytes], feed: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    (folder / "caseload.ndjson").write_bytes(b"".join(caseload))
    (folder / "feed.ndjson").write_text("".join(json.dumps(line) + "\n" for line in feed))
    code = evaluate_command(str(folder / "caseload.ndjson"), str(folder / "feed.ndjson"), None)
    return code, *capsys.readouterr()


@pytest.mark.parametrize("why", BAD)
def test_a_bad_feed_gives_one_line_and_nothing_else(
    why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed, number, field, cause = BAD[why]
    assert run(tmp_path, as_lines(records()), feed[: number - 1], capsys)[1], "the lines before it give violations"
    code, out, err = run(tmp_path, as_lines(records()), feed, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'feed.ndjson'}:{number}: {field}: ")
    assert cause in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("until", ["2500-01-01T00:00:00Z", "1815-06-18T00:00:00Z", "tomorrow"])
def test_an_end_that_cannot_be_is_one_line(until: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    caseload = tmp_path / "caseload.ndjson"
    caseload.write_bytes(b"".join(as_lines(records())))
    assert evaluate_command(str(caseload), str(tmp_path / "not there"), until) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("--until")


def test_a_bad_caseload_is_told_whole_and_the_feed_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(tmp_path, changed("C3", alert_m=500, prealert_m=400, victim="V9"), GOOD, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'caseload.ndjson'}:")
    assert "prealert_m" in err


def test_of_many_faults_and_warnings_the_first_are_told_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [{"type": "wearer", "id": f"X{n}", "name": 5} for n in range(1_030)]
    code, out, err = run(tmp_path, [json.dumps(line).encode() + b"\n" for line in many], [], capsys)
    assert (code, out) == (2, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        *(f"{tmp_path / 'caseload.ndjson'}:{n + 1}" for n in range(20)),
        "... and 1,010 more",
    ]
    assert windows_command(tmp_path / "caseload.ndjson", "C1", SINCE, at(0)) == 2
    assert capsys.readouterr().err == err
    fault = Fault("c.ndjson", 1, "x", "odd")
    tell([fault] * 23, as_warnings=True, all_of_them=False)
    assert capsys.readouterr().err.splitlines()[-2:] == ["warning: c.ndjson:1: x: odd", "warning: ... and 3 more"]
    tell([fault] * 23)
    assert capsys.readouterr().err.count("c.ndjson:1: x: odd") == 23


@pytest.mark.slow  # it starts the program
@pytest.mark.parametrize("times", [1, 100])
def test_a_standard_output_that_takes_no_more_is_one_line(tmp_path: Path, times: int) -> None:
    """Whether what is printed goes into one buffer or not."""
    caseload, feed = tmp_path / "caseload.ndjson", tmp_path / "feed.ndjson"
    caseload.write_bytes(b"".join(as_lines(records())))
    out = {"lat": 51.9, "lon": 0.9, "acc": 5}
    fixes = [fix(60 * n) for n in range(1, 6 * times)]
    for n, line in enumerate(fixes):
        if n % 6 > 2:
            line["envelope"]["fixes"][0] |= out
    feed.write_text("".join(json.dumps(line) + "\n" for line in fixes))
    words = ["evaluate", "--caseload", str(caseload), "--feed", str(feed)]
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "bailiwick", *words]
        done = subprocess.run(command, cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "bailiwick: standard output: No space left on device\n")


def test_a_bad_envelope_is_a_dead_letter_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {"received": at(92), "device": "T1", "envelope": {"v": 2}}
    code, out, err = run(tmp_path, as_lines(records()), [*GOOD, bad], capsys)
    assert code == 0
    assert out
    assert err == 'dead letters: {"unknown_version": 1}\n'


@pytest.mark.parametrize("text", ["", "\n  \n\n"])
def test_a_caseload_that_holds_no_record_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    caseload, feed = tmp_path / "c.ndjson", tmp_path / "f.ndjson"
    caseload.write_text(text)
    feed.write_text(json.dumps({"tick": at(1)}) + "\n")
    assert evaluate_command(str(caseload), str(feed), None) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"warning: {caseload}: file: holds no record; is it the file that you mean?\n")
