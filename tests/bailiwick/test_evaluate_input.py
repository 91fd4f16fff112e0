"""``bailiwick evaluate`` on bad input: one line with file, line, field and cause, exit 2, and nothing printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bailiwick.evaluate_command import LINES_PER_BATCH, evaluate_command
from domain.instants import SECOND_US, format_instant, parse_instant
from tests.caseload.lines import SINCE, as_lines, changed, records

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


def test_a_bad_caseload_is_told_whole_and_the_feed_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(tmp_path, changed("C3", alert_m=500, prealert_m=400, victim="V9"), GOOD, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'caseload.ndjson'}:")
    assert "prealert_m" in err


def test_a_bad_envelope_is_a_dead_letter_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {"received": at(92), "device": "T1", "envelope": {"v": 2}}
    code, out, err = run(tmp_path, as_lines(records()), [*GOOD, bad], capsys)
    assert code == 0
    assert out
    assert err == 'dead letters: {"unknown_version": 1}\n'
