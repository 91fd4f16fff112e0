"""The score on cases made by hand: missed, false, explained, late, another code; and the files it is read from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bailiwick.commands import main
from domain.errors import BadInput
from simulators.score import BadLine, Report, as_text, read_lines, score
from simulators.score_command import ScoreConfig, score_files
from simulators.score_page import as_page
from simulators.score_report import MOST_DETAILS, MOST_STRIPS
from tests.simulators.score_world import alert, found, life, minute, run, truth


def _figures(report: Report, kind: str) -> tuple[int, int, int, int, int]:
    figures = report.violations()[kind]
    return figures["truth"], figures["found"], figures["missed"], figures["false"], figures["explained"]


def test_found_and_there_is_neither_missed_nor_false() -> None:
    report = score([truth("exclusion_zone", 1, 5)], [found("exclusion_zone", 2, 5)])
    assert _figures(report, "exclusion_zone") == (1, 1, 0, 0, 0)
    assert report.good


def test_shown_and_not_found_is_missed() -> None:
    report = score([truth("exclusion_zone", 1, 5)], [found("exclusion_zone", 20, 25)])
    assert _figures(report, "exclusion_zone") == (1, 1, 1, 1, 0)
    assert [(d["what"], d["from"]) for d in report.details] == [
        ("missed", minute(1)),
        ("false", minute(20)),
    ]
    assert not report.good


@pytest.mark.parametrize("other", [{"condition": "C2"}, {"wearer": "W2"}])
def test_another_condition_or_wearer_does_not_count(other: dict[str, Any]) -> None:
    report = score([truth("exclusion_zone", 1, 5)], [found("exclusion_zone", 1, 5, **other)])
    assert _figures(report, "exclusion_zone") == (1, 1, 1, 1, 0)


def test_what_could_not_be_shown_is_not_missed_and_not_false_whenfound() -> None:
    hidden = truth("exclusion_zone", 1, 5, "too_short")
    assert score([hidden], []).good
    report = score([hidden], [found("exclusion_zone", 1, 5)])
    assert _figures(report, "exclusion_zone") == (0, 1, 0, 0, 0)
    assert report.not_shown == {"too_short": 1}


@pytest.mark.parametrize(("end", "false"), [(5, 0), (7, 0), (8, 1), (None, 1)])
def test_what_could_not_be_shown_is_right_as_long_as_it_lasted(end: float | None, false: int) -> None:
    hidden = truth("exclusion_zone", 1, 5, "silent")
    report = score([run(0, 60), hidden], [found("exclusion_zone", 1, end)])
    assert _figures(report, "exclusion_zone") == (0, 1, 0, false, 0)


def test_an_absence_that_could_not_be_shown_is_right_though_nobody_saw_its_end() -> None:
    report = score([run(0, 60), truth("curfew", 1, 5, "silent")], [found("curfew", 1, 50)])
    assert _figures(report, "curfew") == (0, 1, 0, 0, 0)


def test_what_happened_and_was_shown_is_found_however_long_the_violation_is() -> None:
    shown = truth("exclusion_zone", 1, 5)
    assert _figures(score([shown], [found("exclusion_zone", 1, 50)]), "exclusion_zone") == (1, 1, 0, 0, 0)


def test_what_the_position_error_may_make_is_explained() -> None:
    near = truth("exclusion_zone", 1, 5, "near_edge")
    for kind in ("exclusion_zone", "zone_edge", "zone_transit"):
        report = score([near], [found(kind, 2, 3)])
        assert _figures(report, kind) == (0, 1, 0, 0, 1)
        assert report.good
    assert not score([near], [found("strap_tamper", 2, 3)]).good


def test_what_is_late_is_told_with_its_interval_and_why() -> None:
    versions = [
        found("exclusion_zone", 10, None, decided=12),
        found("exclusion_zone", 10, 20, version=2, change="closed", decided=50, late=True),
        found("exclusion_zone", 9, 20, version=3, change="extended", decided=80, late=True),
        found("curfew", 30, None, name="W1-2", decided=60, late=True),
    ]
    happened = [truth("exclusion_zone", 10, 20), truth("curfew", 30, 90)]
    report = score([run(0, 300), *happened], versions)
    late = [d for d in report.details if d["what"] == "late"]
    assert report.total.late == len(late) == 2
    assert [(d["violation"], d["from"], d["to"], d["why"]) for d in late] == [
        ("W1-1", minute(9), minute(20), f"decided {minute(50)}, 1800 s after the end that it told of"),
        ("W1-2", minute(30), None, f"decided {minute(60)}, 1800 s after the beginning that it told of"),
    ]
    assert f"late: W1 curfew C1 from {minute(30)} to open: decided" in as_text(report)
    assert '<h3 id="list-late">Late: 2</h3>' in as_page(report)


EVENING = run(0, 300)


@pytest.mark.parametrize(
    ("line", "violation"),
    [
        (truth("zone_buffer", 60, 90), found("exclusion_zone", 65, 85)),
        (truth("zone_buffer", 60, 90, "near_edge"), found("exclusion_zone", 65, 85)),
        (truth("zone_transit", 60, 61), found("exclusion_zone", 61, 265)),
        (truth("zone_transit", 60, 61), found("exclusion_zone", 60, 61)),
        (truth("zone_transit", 60, 61, "near_edge"), found("exclusion_zone", 61, 265)),
        (truth("exclusion_zone", 60, 61, "near_edge"), found("exclusion_zone", 61, 265)),
        (truth("exclusion_zone", 60, 61, "near_edge"), found("exclusion_zone", 60, None)),
        (truth("exclusion_zone", 60, 61, "between_positions"), found("exclusion_zone", 60, 200)),
        (truth("exclusion_zone", 60, 61), found("zone_buffer", 60, 200)),
        (truth("zone_edge", 60, 90), found("exclusion_zone", 65, 85)),
        (truth("association", 60, 61, "near_edge"), found("association", 60, 200)),
    ],
)
def test_what_happened_nearby_does_not_explain_what_it_cannot(line: dict[str, Any], violation: dict[str, Any]) -> None:
    report = score([EVENING, line], [violation])
    assert _figures(report, violation["kind"])[3:] == (1, 0)


@pytest.mark.parametrize(
    ("line", "violation"),
    [
        (truth("exclusion_zone", 60, 90, "near_edge"), found("exclusion_zone", 62, 91.9)),
        (truth("exclusion_zone", 60, 90, "near_edge"), found("zone_buffer", 60, 90)),
        (truth("exclusion_zone", 60, 90, "position_error"), found("zone_transit", 60, 61)),
        (truth("exclusion_zone", 60, 90, "between_positions"), found("zone_edge", 60, 61)),
        (truth("exclusion_zone", 60, 90), found("zone_edge", 60, 61)),
        (truth("exclusion_zone", 60, 90), found("zone_buffer", 58.5, 91.5)),
        (truth("zone_buffer", 60, 90, "near_edge"), found("zone_buffer", 60, 90)),
        (truth("exclusion_zone", 60, None, "near_edge"), found("exclusion_zone", 61, None)),
    ],
)
def test_what_an_error_at_that_edge_makes_is_explained(line: dict[str, Any], violation: dict[str, Any]) -> None:
    report = score([EVENING, line], [violation])
    assert _figures(report, violation["kind"])[3:] == (0, 1)


def test_what_is_false_beside_something_else_says_what_that_was() -> None:
    report = score([EVENING, truth("zone_buffer", 60, 90)], [found("exclusion_zone", 65, 85)])
    assert report.details[-1]["why"] == "what happened there does not explain it: zone_buffer"


def test_near_lines_explain_together_and_what_they_leave_out_is_told() -> None:
    near = [truth("exclusion_zone", n, n + 9, "near_edge") for n in (60, 70, 80)]
    assert score([EVENING, *near], [found("exclusion_zone", 60, 89)]).good
    report = score([EVENING, near[0], near[2]], [found("exclusion_zone", 60, 89)])
    why = "it lasted for 660 s on end when nothing explains it: exclusion_zone near_edge did for some of it"
    assert [d["why"] for d in report.details] == [why]


def test_what_was_too_short_is_none_of_what_begins_right_after_it() -> None:
    lines = [EVENING, truth("curfew", 60, 64, "below_grace"), truth("curfew", 64.07, 70, "silent")]
    report = score(lines, [found("curfew", 60, 64)])
    assert _figures(report, "curfew") == (0, 1, 0, 1, 0)
    shown = [*lines[:2], truth("curfew", 64.07, 70)]
    assert _figures(score(shown, [found("curfew", 60, 64)]), "curfew") == (1, 1, 1, 1, 0)
    assert _figures(score(shown, [found("curfew", 60, 70)]), "curfew") == (1, 1, 0, 0, 0)


def test_a_curfew_found_within_its_grace_is_false() -> None:
    report = score([truth("curfew", 1, 2, "below_grace")], [found("curfew", 1, 2)])
    assert _figures(report, "curfew") == (0, 1, 0, 1, 0)
    assert report.details[0]["why"] == "it did not last long enough"


def test_why_something_is_missed_or_false_says_what_there_was_instead() -> None:
    happened = [truth("exclusion_zone", 1, 5), truth("curfew", 1, 5), truth("curfew", 20, 25), truth("sos", 40, 41)]
    violations = [
        found("zone_edge", 2, 3),
        found("curfew", 1, 5, name="W1-2", condition="C2"),
        found("curfew", 20, None, name="W1-3"),
        found("curfew", 20, None, name="W1-3", version=2, change="withdrawn"),
        found("curfew", 30, 31, name="W1-4"),
    ]
    report = score(happened, violations)
    assert [(d["what"], d["kind"], d["why"]) for d in report.details] == [
        ("missed", "exclusion_zone", "found only as zone_edge"),
        ("missed", "curfew", "found only of C2"),
        ("missed", "curfew", "it was found and withdrawn again"),
        ("missed", "sos", "nothing was found"),
        ("false", "curfew", "it happened only of C1"),
        ("false", "curfew", "nothing like it happened; the nearest of its kind was 300 s away"),
    ]


def test_details_are_bounded_and_the_rest_is_counted() -> None:
    many = [found("sos", n, n, name=f"W1-{n}", condition=None) for n in range(MOST_DETAILS + 7)]
    report = score([], many)
    told = report.as_json()
    assert (len(told["details"]), told["details_left_out"]) == (MOST_DETAILS, {"false": 7})
    assert "false: 7 more" in as_text(report)
    assert len(report.strips()) <= MOST_STRIPS


def test_two_violations_may_cover_one_line_and_one_may_cover_two() -> None:
    report = score(
        [truth("zone_buffer", 1, 9), truth("exclusion_zone", 1, 2), truth("exclusion_zone", 3, 4)],
        [
            found("zone_buffer", 1, 3),
            found("zone_buffer", 5, 9, name="W1-2"),
            found("exclusion_zone", 1, 4, name="W1-3"),
        ],
    )
    assert _figures(report, "zone_buffer") == (1, 2, 0, 0, 0)
    assert _figures(report, "exclusion_zone") == (2, 1, 0, 0, 0)


def test_only_the_current_version_counts_and_a_withdrawn_one_not_at_all() -> None:
    versions = [
        found("exclusion_zone", 1, None),
        found("exclusion_zone", 1, 5, version=2, change="closed"),
        found("curfew", 1, None, name="W1-2"),
        found("curfew", 1, None, name="W1-2", version=2, change="withdrawn"),
    ]
    report = score([truth("exclusion_zone", 1, 5)], versions)
    assert report.violations() == {"exclusion_zone": {"truth": 1, "found": 1, "missed": 0, "false": 0, "explained": 0}}


def test_what_silence_after_the_run_makes_and_other_kinds_are_left_out() -> None:
    report = score(
        [run(0, 10)],
        [
            found("communication_lost", 9, None, condition=None, decided=14),
            found("not_charged", 1, None, name="W1-2", condition=None),
        ],
    )
    assert report.good
    assert report.violations() == {}
    assert report.not_scored == {"not_charged": 1}


def test_what_silence_makes_in_the_run_counts_though_it_ends_after_it() -> None:
    lost = [
        found("communication_lost", 2, None, condition=None, decided=7),
        found("communication_lost", 2, 12, condition=None, version=2, change="closed", decided=14),
    ]
    report = score([run(0, 10), truth("communication_lost", 2, None, condition=None)], lost)
    assert _figures(report, "communication_lost") == (1, 1, 0, 0, 0)


def test_a_backlog_that_is_decided_on_after_the_run_counts() -> None:
    report = score([run(0, 10), truth("exclusion_zone", 1, 5)], [found("exclusion_zone", 1, 5, decided=14)])
    assert _figures(report, "exclusion_zone") == (1, 1, 0, 0, 0)


def test_codes_and_ends_that_differ_and_lateness_are_told() -> None:
    report = score([truth("curfew", 1, 5, code="AL09")], [found("curfew", 4, 20, code="AL12", late=True)])
    figures = report.as_json()["violations"]["curfew"]
    assert (figures["late"], figures["other_code"], figures["off_from"], figures["off_to"]) == (1, 1, 1, 1)
    assert [d["what"] for d in report.details] == ["other_code", "off_from", "off_to", "late"]
    assert "found as AL12" in as_text(report)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"kind": "curfew"}, "wearer"),
        (truth("curfew", 1, 5) | {"kind": 7}, "kind"),
        (truth("curfew", 1, 5) | {"from": "yesterday"}, "from"),
        (truth("curfew", 1, 5) | {"from": "2026-11-21T18:00:00"}, "from"),
        (truth("curfew", 5, 1), "to"),
        (truth("curfew", 1, 5) | {"shown": False}, "why_not"),
        (truth("curfew", 1, 5, "silent") | {"shown": True}, "why_not"),
        (truth("curfew", 1, 5, "sleepy"), "why_not"),
        (truth("curfew", 1, 5, code="AL99"), "code"),
        (truth("curfews", 1, 5), "kind"),
    ],
)
def test_a_line_that_is_no_truth_is_refused_with_its_key(line: dict[str, Any], field: str) -> None:
    with pytest.raises(BadLine) as bad:
        score([line], [])
    assert bad.value.field == field


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"kind": "curfew"}, "id"),
        (found("curfew", 1, 5) | {"version": "1"}, "version"),
        (found("curfew", 1, 5, version=0), "version"),
        (found("curfew", 1, 5, version=-1), "version"),
        (found("curfew", 1, 5, version=2**63), "version"),
        (found("curfew", 1, 5) | {"change": "gone"}, "change"),
        (found("curfew", 1, 5) | {"decided": None}, "decided"),
        (found("curfew", 5, 1), "to"),
    ],
)
def test_a_line_that_is_no_violation_is_refused_with_its_key(line: dict[str, Any], field: str) -> None:
    with pytest.raises(BadLine) as bad:
        score([], [line])
    assert bad.value.field == field


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (truth("curfews", 1, 5), ("curfews", "curfew,", "exclusion_zone", "life", "run")),
        (truth("curfew", 1, 5, code="AL99"), ("AL99", "AL04", "AL24")),
        (truth("curfew", 1, 5, "sleepy"), ("sleepy", "silent", "near_edge")),
    ],
)
def test_an_unknown_word_is_refused_with_those_that_may_stand_there(
    line: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(BadLine) as bad:
        score([line], [])
    assert [word for word in words if word not in bad.value.cause] == []


def test_a_version_that_is_told_twice_and_otherwise_is_refused(tmp_path: Path) -> None:
    first, second = found("curfew", 1, None), found("curfew", 1, 5, version=2, change="closed")
    assert score([truth("curfew", 1, 5)], [first, second, first, second]).good
    path = _write(tmp_path / "found", [first, second, found("sos", 1, 1, name="W1-2"), first | {"to": minute(9)}])
    with pytest.raises(BadInput) as bad:
        score([], read_lines(path))
    assert str(bad.value) == f"{path}:4: version: 1 of W1-1 was told before, and otherwise: a version is told once"


def _write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"not json\n", "line: not JSON"),
        (b"\xff\n", "line: not JSON"),
        (b"[]\n", "line: Expected `object`, got `array`"),
        (b'{"wearer":"W1"}\n', "kind: Object missing required field `kind`"),
        (json.dumps(truth("curfew", 5, 1)).encode(), "to: before `from`"),
        (b'{"more":' + b"[" * 200_000 + b"\n", "line: not JSON that can be read: too many brackets"),
    ],
)
def test_a_bad_line_of_a_file_is_told_with_its_number(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "truth"
    path.write_bytes(json.dumps(truth("curfew", 1, 5)).encode() + b"\n\n" + text)
    with pytest.raises(BadInput) as bad:
        score(read_lines(path), [])
    assert str(bad.value).startswith(f"{path}:3: {said}")


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    happened = _write(tmp_path / "truth", [truth("curfew", 1, 5)])
    violations = _write(tmp_path / "found", [found("curfew", 1, 5)])
    for path in (happened, violations):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert score(read_lines(happened), read_lines(violations)).total.right == 1
    happened.write_bytes(b"\xef\xbb\xbf")
    assert score(read_lines(happened), []).good


@pytest.mark.parametrize("name", ["truth", "violations", "alerts", "groups", "lives"])
def test_the_page_is_never_written_over_a_file_that_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    files = {"truth": [truth("curfew", 1, 5)], "violations": [found("curfew", 1, 5)], "alerts": [], "lives": []}
    paths = {one: _write(tmp_path / one, lines) for one, lines in files.items()}
    paths["groups"] = tmp_path / "groups"
    paths["groups"].write_text("wearer,home\nW1,flat\n")
    config = ScoreConfig(paths["truth"], paths["violations"], paths["alerts"], paths["groups"], lives=paths["lives"])
    before = paths[name].read_bytes()
    (tmp_path / "link").symlink_to(paths[name])
    for page in (paths[name], tmp_path / ".." / tmp_path.name / name, tmp_path / "link"):
        assert score_files(replace(config, page=page)) == 2
        assert f"is the file of --{name}" in capsys.readouterr().err
        assert paths[name].read_bytes() == before


def test_the_text_says_to_when_what_is_not_scored_and_for_whom() -> None:
    lines = [run(0, 24 * 60), truth("curfew", 1, 5), life("W1", 0, 24 * 60), life("W2", 0, 24 * 60, home="boat")]
    violations = [found("not_charged", 1, 5), found("sos", 9, 10, name="W2-1", wearer="W2", condition=None)]
    text = as_text(score(lines, violations, alert_lines=[alert(1, "W2-1", raised=9, wearer="W2")]))
    assert f"missed: W1 curfew C1 from {minute(1)} to {minute(5)}: nothing was found" in text
    assert f"false: W2 sos from {minute(9)} to {minute(10)}: " in text
    assert "not scored, as no truth is told of it: not_charged 1" in text
    assert ["critical", "1", "0", "0", "1", "0", "0.00%", "-"] in [row.split() for row in text.splitlines()]
    assert ["boat", "1", "1", "0", "0", "1", "0", "-", "1"] in [row.split() for row in text.splitlines()]
    assert "worst served: W2 (1 false, 0 explained)" in text
    bare = as_text(score([lines[0], lines[1]], violations))
    assert "severity" not in bare
    assert "worst served" not in bare


def test_files_are_compared_and_the_exit_code_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    happened = _write(tmp_path / "truth", [truth("curfew", 1, 5)])
    right = _write(tmp_path / "right", [found("curfew", 1, 5)])
    wrong = _write(tmp_path / "wrong", [])
    broken = tmp_path / "broken"
    broken.write_text(json.dumps(found("curfew", 1, 5)) + "\nnot json\n")
    assert score_files(ScoreConfig(happened, right, as_json=True)) == 0
    assert json.loads(capsys.readouterr().out)["violations"]["curfew"]["missed"] == 0
    page = tmp_path / "page.html"
    assert score_files(ScoreConfig(happened, wrong, page=page)) == 1
    assert "missed: W1 curfew C1" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")
    assert score_files(ScoreConfig(happened, broken)) == 2
    assert capsys.readouterr().err.startswith(f"{broken}:2: line: not JSON")
    assert score_files(ScoreConfig(tmp_path / "none", right)) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none'}: No such file or directory\n"
    assert score_files(ScoreConfig(happened, right, tolerance_s=-1.0)) == 2
    assert capsys.readouterr().err == "--tolerance: 0 seconds or more\n"


def test_the_command_takes_what_it_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    happened = _write(tmp_path / "truth", [truth("curfew", 1, 5)])
    violations = _write(tmp_path / "found", [found("curfew", 1, 5)])
    groups = tmp_path / "groups.csv"
    groups.write_text("wearer,home\nW1,flat\n")
    page = tmp_path / "page.html"
    arguments = ["score", "--truth", happened, "--violations", violations, "--alerts", _write(tmp_path / "alerts", [])]
    arguments += ["--groups", groups, "--html", page, "--tolerance", "60", "--json"]
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tolerance_s"], told["groups"]["home"]["flat"]["wearers"]) == (60.0, 1)
    assert told["alerts"]["alerts"] == 0
    assert page.stat().st_size > 1000
