"""The score on cases made by hand: missed, false, explained, late, another code; and the files it is read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulators.score import BadLine, Report, as_text, score
from simulators.service import score_files

MINUTE = "2026-11-21T18:{:02d}:00Z"


def _truth(
    kind: str,
    begin: int,
    end: int | None,
    why_not: str | None = None,
    *,
    condition: str | None = "C1",
    code: str | None = None,
) -> dict[str, Any]:
    return {
        "wearer": "W1",
        "kind": kind,
        "code": code,
        "condition": condition,
        "from": MINUTE.format(begin),
        "to": None if end is None else MINUTE.format(end),
        "shown": why_not is None,
        "why_not": why_not,
    }


def _found(
    kind: str,
    begin: int,
    end: int | None,
    *,
    name: str = "W1-1",
    version: int = 1,
    change: str = "opened",
    condition: str | None = "C1",
    code: str | None = None,
    decided: int | None = None,
    late: bool = False,
    wearer: str | None = "W1",
) -> dict[str, Any]:
    return {
        "id": name,
        "version": version,
        "change": change,
        "reason": "fixes",
        "wearer": wearer,
        "kind": kind,
        "code": code,
        "condition": condition,
        "from": MINUTE.format(begin),
        "to": None if end is None else MINUTE.format(end),
        "decided": MINUTE.format(begin if decided is None else decided),
        "late": late,
    }


def _figures(report: Report, kind: str) -> tuple[int, int, int, int, int]:
    figures = report.violations()[kind]
    return figures["truth"], figures["found"], figures["missed"], figures["false"], figures["explained"]


def test_found_and_there_is_neither_missed_nor_false() -> None:
    report = score([_truth("exclusion_zone", 1, 5)], [_found("exclusion_zone", 2, 5)])
    assert _figures(report, "exclusion_zone") == (1, 1, 0, 0, 0)
    assert report.good


def test_shown_and_not_found_is_missed() -> None:
    report = score([_truth("exclusion_zone", 1, 5)], [_found("exclusion_zone", 20, 25)])
    assert _figures(report, "exclusion_zone") == (1, 1, 1, 1, 0)
    assert [(d["what"], d["from"]) for d in report.details] == [
        ("missed", MINUTE.format(1)),
        ("false", MINUTE.format(20)),
    ]
    assert not report.good


@pytest.mark.parametrize("other", [{"condition": "C2"}, {"wearer": "W2"}])
def test_another_condition_or_wearer_does_not_count(other: dict[str, Any]) -> None:
    report = score([_truth("exclusion_zone", 1, 5)], [_found("exclusion_zone", 1, 5, **other)])
    assert _figures(report, "exclusion_zone") == (1, 1, 1, 1, 0)


def test_what_could_not_be_shown_is_not_missed_and_not_false_when_found() -> None:
    hidden = _truth("exclusion_zone", 1, 5, "too_short")
    assert score([hidden], []).good
    report = score([hidden], [_found("exclusion_zone", 1, 5)])
    assert _figures(report, "exclusion_zone") == (0, 1, 0, 0, 0)
    assert report.not_shown == {"too_short": 1}


def test_what_the_position_error_may_make_is_explained() -> None:
    near = _truth("exclusion_zone", 1, 5, "near_edge")
    for kind in ("exclusion_zone", "zone_edge", "zone_transit"):
        report = score([near], [_found(kind, 2, 3)])
        assert _figures(report, kind) == (0, 1, 0, 0, 1)
        assert report.good
    assert not score([near], [_found("strap_tamper", 2, 3)]).good


def test_a_curfew_found_within_its_grace_is_false() -> None:
    report = score([_truth("curfew", 1, 2, "below_grace")], [_found("curfew", 1, 2)])
    assert _figures(report, "curfew") == (0, 1, 0, 1, 0)
    assert report.details[0]["why"] == "it did not last long enough"


def test_two_violations_may_cover_one_line_and_one_may_cover_two() -> None:
    report = score(
        [_truth("zone_buffer", 1, 9), _truth("exclusion_zone", 1, 2), _truth("exclusion_zone", 3, 4)],
        [
            _found("zone_buffer", 1, 3),
            _found("zone_buffer", 5, 9, name="W1-2"),
            _found("exclusion_zone", 1, 4, name="W1-3"),
        ],
    )
    assert _figures(report, "zone_buffer") == (1, 2, 0, 0, 0)
    assert _figures(report, "exclusion_zone") == (2, 1, 0, 0, 0)


def test_only_the_current_version_counts_and_a_withdrawn_one_not_at_all() -> None:
    versions = [
        _found("exclusion_zone", 1, None),
        _found("exclusion_zone", 1, 5, version=2, change="closed"),
        _found("curfew", 1, None, name="W1-2"),
        _found("curfew", 1, None, name="W1-2", version=2, change="withdrawn"),
    ]
    report = score([_truth("exclusion_zone", 1, 5)], versions)
    assert report.violations() == {"exclusion_zone": {"truth": 1, "found": 1, "missed": 0, "false": 0, "explained": 0}}


def test_what_silence_after_the_run_makes_and_other_kinds_are_left_out() -> None:
    run = _truth("run", 0, 10, "run_ended", condition=None)
    run["wearer"] = None
    report = score(
        [run],
        [
            _found("communication_lost", 9, None, condition=None, decided=14),
            _found("not_charged", 1, None, name="W1-2", condition=None),
        ],
    )
    assert report.good
    assert report.violations() == {}
    assert report.not_scored == {"not_charged": 1}


def test_a_backlog_that_is_decided_on_after_the_run_counts() -> None:
    run = _truth("run", 0, 10, "run_ended", condition=None)
    report = score([run, _truth("exclusion_zone", 1, 5)], [_found("exclusion_zone", 1, 5, decided=14)])
    assert _figures(report, "exclusion_zone") == (1, 1, 0, 0, 0)


def test_codes_and_ends_that_differ_and_lateness_are_told() -> None:
    report = score([_truth("curfew", 1, 5, code="AL09")], [_found("curfew", 4, 20, code="AL12", late=True)])
    figures = report.as_json()["violations"]["curfew"]
    assert (figures["late"], figures["other_code"], figures["off_from"], figures["off_to"]) == (1, 1, 1, 1)
    assert [d["what"] for d in report.details] == ["other_code", "off_from", "off_to"]
    assert "found as AL12" in as_text(report)


def test_a_line_that_is_no_violation_is_refused() -> None:
    with pytest.raises(BadLine):
        score([], [{"kind": "curfew"}])
    with pytest.raises(BadLine):
        score([{"kind": "curfew"}], [])


def _write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_files_are_compared_and_the_exit_code_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = _write(tmp_path / "truth", [_truth("curfew", 1, 5)])
    right = _write(tmp_path / "right", [_found("curfew", 1, 5)])
    wrong = _write(tmp_path / "wrong", [])
    broken = tmp_path / "broken"
    broken.write_text('{"id":1}\nnot json\n')
    assert score_files(truth, right, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["violations"]["curfew"]["missed"] == 0
    assert score_files(truth, wrong, as_json=False) == 1
    assert "missed: W1 curfew C1" in capsys.readouterr().out
    assert score_files(truth, broken, as_json=False) == 2
    assert capsys.readouterr().err.startswith(f"{broken}:2: line: not JSON")
    assert score_files(tmp_path / "none", right, as_json=False) == 2
