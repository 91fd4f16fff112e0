"""The command line: help, exit codes, one clear line for what is expected to go wrong, and its documentation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import structlog

from bailiwick.commands import app, main
from bailiwick.parts.processes import free_port

PROJECT = Path(__file__).parents[2]
COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
DOCS = (PROJECT / "docs" / "commands.md").read_text()
CASELOAD = """{"type":"wearer","id":"W1","name":"Ada Holm"}
{"type":"order","id":"O1","wearer":"W1","kind":"community","from":"2026-11-01T09:00:00Z","to":"2027-02-01T00:00:00Z"}
"""


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def bailiwick(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Runs a command line in this process, in an empty folder, with these settings alone."""
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, **settings: str) -> Done:
        for name, value in settings.items():
            monkeypatch.setenv(f"BAILIWICK_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        return Done(int(ended.value.code or 0), told.out, told.err)

    yield run
    # A service sets the log for its own process; the file that it wrote to is the test's, and is closed by now.
    structlog.reset_defaults()


def test_the_commands_of_this_part_are_there() -> None:
    expected = {
        "demo",
        "migrate",
        "ingest",
        "api",
        "dispatch",
        "import",
        "evaluate",
        "windows",
        "simulate",
        "score",
        "doctor",
    }
    assert expected | {"replay", "timeline", "verify-audit"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_documented(command: str) -> None:
    assert re.search(rf"^\| `{command}[` ]", DOCS, re.MULTILINE)


def test_each_option_of_the_demo_is_documented(bailiwick: Run) -> None:
    said = bailiwick("demo", "--help").stdout
    options = set(re.findall(r"--[a-z][a-z-]+", said)) - {"--help", "--browser"}
    assert options
    assert [option for option in sorted(options) if f"| `{option}` |" not in DOCS] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(bailiwick: Run, command: str) -> None:
    done = bailiwick(command, "--help")
    assert done.returncode == 0
    assert f"Usage: bailiwick {command}" in done.stdout


@pytest.mark.slow  # the first of each command imports what it runs
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "No such command"),
        (["windows"], "Missing option"),
        (["demo", "--wearers", "0"], "--wearers"),
        (["demo", "--rate", "7"], "--rate: over 0, at most 1"),
        (["demo", "--duration", "-1"], "--duration: more than 0"),
        (["demo", "--duration", "nan"], "--duration: more than 0"),
        (["demo", "--duration", "inf"], "--duration: more than 0 seconds, and an end"),
        (["demo", "--seed", "-1"], "--seed: a whole number, 0 or more"),
        (["demo", "--duration", "1", "--report", "."], "--report: .: is a folder"),
        (["demo", "--report", "x.json"], "--report needs --duration"),
        (["demo", "--duration", "1", "--report", "/no/such/folder/x.json"], "there is no folder /no/such/folder"),
        (["demo", "--scenario", "no-such"], "no-such: No such file or directory; the library has a-tenth-fails"),
        (["demo", "--scenario", "centre-away"], "centre-away: centre_outage: the server is away in a feed only"),
        (["migrate"], "BAILIWICK_DATABASE_URL is not set"),
        (["ingest"], "BAILIWICK_DATABASE_URL is not set"),
        (["dispatch"], "BAILIWICK_DATABASE_URL is not set"),
        (["api"], "BAILIWICK_DATABASE_URL is not set"),
        (["import", "x.ndjson"], "BAILIWICK_DATABASE_URL is not set"),
        (["simulate", "--wearers", "1"], "--broker and --feed"),
        (["conform", "--broker", "mqtt://h", "--device", "T1", "--report", "-"], "--report: -: standard output is not"),
        (["conform", "--broker", "mqtt://h", "--device", "T1", "--report", "."], "--report: .: is a folder"),
        (["load", "--broker", "mqtt://h", "--wearers", "1", "--report", "-"], "--report: -: standard output is not"),
        (["evaluate", "--caseload", "/no/such/file", "--feed", "-"], "/no/such/file"),
        (["score", "--truth", "/no/such/file", "--violations", "/no/such/file"], "/no/such/file"),
    ],
)
def test_bad_usage_ends_with_2_and_says_why(bailiwick: Run, words: list[str], says: str) -> None:
    done = bailiwick(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["migrate", "api", "import"])
def test_a_database_out_of_reach_is_one_line(bailiwick: Run, command: str, tmp_path: Path) -> None:
    (tmp_path / "caseload.ndjson").touch()
    words = [str(tmp_path / "caseload.ndjson")] if command == "import" else []
    url = "postgresql://nobody:geheim@127.0.0.1:9/none"
    done = bailiwick(command, *words, DATABASE_URL=url, API_PORT=str(free_port()))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the database cannot be used" in done.stderr
    assert "geheim" not in done.stderr


def test_an_unknown_setting_stops_every_start(bailiwick: Run) -> None:
    done = bailiwick("doctor", DATABSE_URL="x")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "did you mean BAILIWICK_DATABASE_URL" in done.stderr


@pytest.mark.slow
def test_a_bad_scenario_is_told_the_same_by_all_who_take_one(bailiwick: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("[shares]\nsos = 2\nsos = 1\n[netwrok]\nlost = 1\n[wire]\nmsgpack = 3\n")
    told = set()
    for words in (
        ["simulate", "--wearers", "2", "--feed", "f.ndjson"],
        ["simulate", "--wearers", "2", "--broker", "mqtt://127.0.0.1:1"],
        ["load", "--wearers", "2", "--broker", "mqtt://127.0.0.1:1"],
        ["demo", "--no-browser"],
    ):
        done = bailiwick(*words, "--scenario", "s.toml")
        assert (done.returncode, done.stdout) == (2, "")
        told.add(done.stderr)
    lines = told.pop().splitlines()
    assert not told
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4", "7"]
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


@pytest.mark.slow
def test_help_starts_at_once_and_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bailiwick", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage: bailiwick" in done.stdout
    imported = set(re.findall(r"\| +(\w+)$", done.stderr, re.MULTILINE))
    assert imported & {"numpy", "numba", "psycopg", "fastapi", "shapely", "mqtt5", "pydantic"} == set()


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    caseload = tmp_path / "caseload.ndjson"
    row = '{"day":"mon","start":"19:00","end":"07:00"}'
    zone = '{"type":"Circle","center":[0.5,51.2],"radius_m":100}'
    condition = f'"type":"condition","id":"C1","order":"O1","kind":"exclusion_zone","zone":{zone},"schedule":[{row}]'
    caseload.write_text(f"{CASELOAD}{{{condition}}}\n".replace("2027-02-01", "2926-02-01"))
    words = ["--condition", "C1", "--from", "2026-11-01T09:00:00Z", "--to", "2926-01-01T00:00:00Z"]
    command = [sys.executable, "-m", "bailiwick", "windows", "--caseload", str(caseload), *words]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["condition"] == "C1"
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
@pytest.mark.bare
def test_migrate_and_import_from_nothing(bailiwick: Run, database_url: str, tmp_path: Path) -> None:
    caseload = tmp_path / "caseload.ndjson"
    caseload.write_text(CASELOAD)
    first = bailiwick("migrate", "--json", DATABASE_URL=database_url)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["done"]
    again = bailiwick("migrate", "--json", DATABASE_URL=database_url)
    assert json.loads(again.stdout) == {"done": []}
    done = bailiwick("import", str(caseload), "--json", DATABASE_URL=database_url)
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 2), done.stderr


SPAN = ("--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T00:00:00Z")
ASK = ("--kind", "strap_tamper", "--level", "standard")


@pytest.mark.slow
@pytest.mark.bare
def test_a_database_that_was_not_migrated_is_one_line_whatever_is_asked(
    bailiwick: Run, database_url: str, tmp_path: Path
) -> None:
    caseload = tmp_path / "caseload.ndjson"
    caseload.write_text(CASELOAD)
    for words in (
        ["import", str(caseload)],
        ["replay", *SPAN],
        ["verify-audit"],
        ["contingency", "--now"],
        ["rota", "gaps"],
        ["accounts", "list"],
        ["retention", "--dry-run"],
        ["protocols", "show"],
        ["protocols", "explain", *ASK],
        ["erase", "--due"],
        ["export", str(tmp_path / "export")],
    ):
        done = bailiwick(*words, DATABASE_URL=database_url)
        said = "bailiwick: the database does not have the current schema: run `bailiwick migrate` first"
        assert (done.returncode, done.stderr.splitlines()[-1:]) == (1, [said]), words
        assert "Traceback" not in done.stderr, words


@pytest.mark.slow
@pytest.mark.bare
def test_a_database_of_a_newer_program_is_one_line_in_a_service_too(
    bailiwick: Run, timescale_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(timescale_url) as conn:
        conn.execute("CREATE TABLE migrations (name text, checksum text, applied_at timestamptz)")
        conn.execute("INSERT INTO migrations VALUES ('9999_later', '', now())")
    mask = os.umask(0o022)
    for words in (["contingency", "--now"], ["exporter"]):
        done = bailiwick(*words, DATABASE_URL=timescale_url, EXPORTS_FOLDER=str(tmp_path))
        assert done.returncode == 1, words
        assert "9999_later" in done.stderr.splitlines()[-1], (words, done.stderr)
        assert "Traceback" not in done.stderr, words
    assert os.umask(mask) == 0o022, "what a command did to the mask of this process outlives it"
