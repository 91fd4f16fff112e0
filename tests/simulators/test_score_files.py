"""Files that cannot be right are refused by the score with line and key; standard input is read; and what is not scored is said of whom."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadInput
from simulators.score import BadLine, as_text, read_lines, score
from simulators.score_command import ScoreConfig, score_files
from simulators.score_page import as_page
from tests.simulators.score_world import found, life, run, truth

PROJECT = Path(__file__).parents[2]
DAY = 24 * 60
HAPPENED = [run(0, DAY), life("W1", 0, DAY), truth("curfew", 1, 5), truth("sos", 9, 9, condition=None)]
FOUND = [found("curfew", 1, 5), found("sos", 9, 9, name="W1-2", condition=None)]


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (truth("curfew", 1, 5), "line: says the same as line 3: what happened once is told once"),
        (run(0, DAY), "kind: a second `run`"),
        (truth("curfew", -2 * DAY, -DAY - 1), "to: over a day before the run, which is from 2026-11-21T18:00:00Z to "),
        (truth("curfew", 2 * DAY + 1, None), "from: over a day after the run, which is from 2026-11-21T18:00:00Z to "),
        (truth("curfew", 1, 5, wearer=None), "wearer: missing: what a line of the kind `curfew` tells"),
        (truth("curfew", 1, 5, wearer=""), "wearer: missing: what a line of the kind `curfew` tells"),
    ],
)
def test_a_truth_that_cannot_be_is_refused_with_its_line(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "truth", [*HAPPENED, line, truth("curfew", 60, 65)])
    with pytest.raises(BadInput) as bad:
        score(read_lines(path), [])
    assert str(bad.value).startswith(f"{path}:5: {said}")


@pytest.mark.parametrize(
    "line",
    [
        truth("curfew", 1, 5, "silent"),
        truth("curfew", 1, 5, condition="C2"),
        truth("curfew", 1, 5, wearer="W2"),
        truth("curfew", 1, None),
        truth("curfew", -5 * DAY, 5),
        truth("curfew", -2 * DAY, -DAY),
        truth("curfew", 2 * DAY, None),
    ],
)
def test_a_truth_that_only_looks_like_another_or_reaches_beyond_the_run_is_taken(line: dict[str, Any]) -> None:
    score([*HAPPENED, line], [])
    score([line, *HAPPENED], [])


def test_what_repeats_another_line_is_found_among_many() -> None:
    many = [truth("curfew", n, n + 5, wearer=f"W{n % 97}") for n in range(5_000)]
    score(many, [])
    with pytest.raises(BadLine, match="says the same as line 4001"):
        score([*many, many[4_000]], [])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (found("curfews", 1, 5), "kind: unknown `curfews`; one of alcohol, "),
        (found("curfew", 1, 5, wearer=None), "wearer: missing, and `victim` is too"),
        (found("curfew", 1, 5, wearer="") | {"victim": ""}, "wearer: missing, and `victim` is too"),
    ],
)
def test_a_violation_that_cannot_be_is_refused_with_its_line(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "found", [*FOUND, line | {"id": "X-1"}])
    with pytest.raises(BadInput) as bad:
        score([], read_lines(path))
    assert str(bad.value).startswith(f"{path}:3: {said}")


@pytest.mark.parametrize("spaces", [(",", ":"), (", ", ": "), (" , ", " : ")])
@pytest.mark.parametrize("more", ['"kind"', '"k\\u0069nd"'])
def test_a_key_that_stands_twice_in_a_line_is_refused(tmp_path: Path, more: str, spaces: tuple[str, str]) -> None:
    for name, lines in (("truth", HAPPENED), ("found", FOUND)):
        texts = [json.dumps(line, separators=spaces) for line in lines]
        twice = texts[-1].replace("{", "{" + more + spaces[1] + '"curfew"' + spaces[0], 1)
        path = tmp_path / name
        path.write_text("\n".join([*texts, twice]))
        files = {name: read_lines(path)}
        with pytest.raises(BadInput) as bad:
            score(files.get("truth", []), files.get("found", []))
        assert str(bad.value) == f"{path}:{len(lines) + 1}: kind: stands twice in one line: which is it?"


def test_files_that_have_nobody_in_common_are_doubted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    happened, right = write(tmp_path / "truth", HAPPENED), write(tmp_path / "right", FOUND)
    others = write(tmp_path / "others", [found("curfew", 1, 5, name="W2-1", wearer="W2")])
    victims = write(tmp_path / "victims", [found("communication_lost", 1, 5, wearer=None) | {"victim": "V1"}])
    none, lived = write(tmp_path / "none", []), write(tmp_path / "lived", [life("W2", 0, DAY), *HAPPENED])
    told = []
    for one, other in ((happened, others), (happened, right), (happened, victims), (happened, none), (lived, others)):
        score_files(ScoreConfig(one, other))
        told.append(capsys.readouterr().err)
    doubt = "warning: --truth and --violations have no wearer in common: are they of one run?\n"
    assert told == [doubt, "", "", "", ""]


def test_what_is_not_scored_is_said_of_whom() -> None:
    violations = [
        *FOUND,
        found("communication_lost", 1, 5, name="V1-1", wearer=None) | {"victim": "V1"},
        found("communication_lost", 1, 5, name="W1-3", condition=None),
        found("not_charged", 1, 5, name="W1-4", condition=None),
    ]
    report = score([*HAPPENED, truth("communication_lost", 1, 5, condition=None)], violations)
    told = report.as_json()
    assert (told["not_scored"], told["not_scored_protected"]) == ({"not_charged": 1}, {"communication_lost": 1})
    assert told["violations"]["communication_lost"]["found"] == 1
    whose = "it is of protected people's own units, of which no truth is told"
    assert f"not scored, as {whose}: communication_lost 1" in as_text(report).splitlines()
    assert "not scored, as no truth is told of it: not_charged 1" in as_text(report).splitlines()
    assert f"Not scored, because {whose}: 1 communication lost." in as_page(report).replace("&#39;", "'")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ScoreConfig(Path("-"), Path("-")), "--violations: standard input is --truth already: name a file"),
        (ScoreConfig(Path("t"), Path("-"), groups=Path("-")), "--groups: standard input is --violations already"),
        (ScoreConfig(Path("t"), Path("v"), page=Path("-")), "--html: -: standard output is not taken here"),
        (ScoreConfig(Path("t"), Path("v"), page=Path("none/x")), "--html: none/x: there is no folder"),
        (ScoreConfig(Path("t"), Path("v"), page=Path()), "--html: .: is a folder"),
        (ScoreConfig(Path("t"), Path("v"), page=Path("/dev/full")), "/dev/full: No space left on device"),
    ],
)
def test_what_cannot_be_read_or_written_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    config: ScoreConfig,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("t"), HAPPENED)
    write(Path("v"), FOUND)
    assert score_files(config) == 2
    told = capsys.readouterr()
    assert told.err.startswith(said)
    assert (told.err.count("\n"), told.out) == (1, "")
    assert {path.name for path in tmp_path.iterdir()} == {"t", "v"}


@pytest.mark.slow  # each starts the program
@pytest.mark.parametrize("name", ["truth", "violations", "groups", "lives", "alerts"])
def test_one_file_may_be_standard_input(tmp_path: Path, name: str) -> None:
    lines = {"truth": HAPPENED, "violations": FOUND, "alerts": [], "lives": [life("W2", 0, DAY)]}
    paths = {one: write(tmp_path / one, its) for one, its in lines.items()}
    paths["groups"] = tmp_path / "groups"
    paths["groups"].write_text("wearer,side\nW1,left\n")

    def done(**files: Path | str) -> str:
        words = [word for one, path in files.items() for word in (f"--{one}", str(path))]
        command = [sys.executable, "-m", "bailiwick", "score", "--json", *words]
        return subprocess.run(
            command, cwd=PROJECT, input=paths[name].read_text(), capture_output=True, text=True, check=True
        ).stdout

    assert done(**paths) == done(**{**paths, name: "-"})
