"""What is done at the shell is in the audit, with the system's user; a command that forgets to say so fails here."""

from __future__ import annotations

import ast
import asyncio
import getpass
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.shipped import shipped_text
from bailiwick import keeping
from bailiwick.commands import main
from bailiwick.settings import Settings
from domain.instants import DAY_US
from store import Store
from tests.store.made import NOON, ask, fixes_of, learn_everything, migrated, roster_of, wearer_records, work_of
from tests.store.test_roles import login_as

BAILIWICK = Path(__file__).resolve().parents[2] / "bailiwick"
CHANGES = {"learn": 2, "enter_boundaries": 3, "enter": 3}
"""What stores are told to keep by commands, and how many arguments there are when the last is the audit's entry."""
Run = Callable[..., int]


@pytest.fixture
def run(embedded_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit code."""
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BAILIWICK_DATABASE_URL", embedded_url)
    monkeypatch.chdir(tmp_path)

    def work(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return int(ended.value.code or 0)

    return work


def entries(url: str) -> list[tuple[Any, ...]]:
    asked = "SELECT body ->> 'deed', body ->> 'subject_type', body -> 'subjects', body -> 'details' FROM audit_bodies"
    return ask(url, f"{asked} ORDER BY body_no")


@pytest.mark.slow
def test_each_command_that_changes_something_is_in_the_audit_once(run: Run, embedded_url: str) -> None:
    assert run("migrate") == 0
    area = {"type": "area", "id": "kent", "kind": "police_force", "name": "Kent"}
    Path("caseload.ndjson").write_text("\n".join(map(json.dumps, [area, {"type": "wearer", "id": "W1"}])))
    shift = {"id": "s1", "role": "operator", "person": "p1", "name": "A"}
    span = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z", "phone": "+44 1632 960001"}
    Path("rota.ndjson").write_text(json.dumps(shift | span))
    ring = [[0.0, 51.0], [1.0, 51.0], [1.0, 52.0], [0.0, 51.0]]
    kent = {"type": "Feature", "properties": {"area": "kent"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    Path("forces.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [kent]}))
    for _ in range(2):  # the second time nothing changes, and nothing is said
        assert run("import", "caseload.ndjson") == 0
        assert run("rota", "import", "rota.ndjson") == 0
        assert run("forces", "import", "forces.geojson") == 0
    told = {(deed, kind): (subjects, details) for deed, kind, subjects, details in entries(embedded_url)}
    assert len(entries(embedded_url)) == 3
    assert told["caseload.write", "wearer"][0] == ["W1"]
    assert told["rota.write", "shift"] == (["s1"], {"file": "rota.ndjson"})
    assert told["forces.write", "area"] == (["kent"], {"file": "forces.geojson"})
    whose = ask(embedded_url, "SELECT DISTINCT body ->> 'who', body ->> 'by', body ->> 'role' FROM audit_bodies")
    assert whose == [(getpass.getuser(), "command", "administrator")]


def test_protocols_that_come_into_force_are_in_the_audit(run: Run, embedded_url: str) -> None:
    assert run("migrate") == 0
    Path("two.toml").write_text(shipped_text().replace("version = 1", "version = 2", 1))
    assert run("protocols", "import", "two.toml") == 0
    assert run("protocols", "import", "two.toml") == 2
    assert entries(embedded_url) == [("protocols.write", "protocols", ["2"], {"file": "two.toml"})]


def test_no_command_changes_something_without_saying_so() -> None:
    """By their text: who calls a store that keeps what people give it hands on an entry too."""
    silent = []
    for path in BAILIWICK.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            whose = ast.unparse(node.func.value)
            needed = CHANGES.get(node.func.attr)
            if needed is None or not whose.startswith("store"):
                continue
            if len(node.args) < needed and "entry" not in {keyword.arg for keyword in node.keywords}:
                silent.append(f"{path.name}:{node.lineno} {whose}.{node.func.attr}")
    assert silent == []


async def test_dispatch_lets_go_what_is_old_once_a_day_and_says_so(embedded_url: str) -> None:
    settings = Settings(database_url=embedded_url)
    async with migrated(embedded_url, ()) as store:
        await store.learn(wearer_records("W1", "T1", NOON - 900 * DAY_US))
        roster = roster_of()
        await learn_everything(store, 1, roster)
        old = fixes_of(0, [1, 2], NOON - 800 * DAY_US)
        await store.commit(work_of(2, roster, old, NOON - 800 * DAY_US))
        await store.commit(work_of(3, roster, fixes_of(0, [3]), checkpoint=b"state"))
        for _ in range(2):
            await keeping.look(settings, NOON)
        assert ask(embedded_url, "SELECT seq FROM fixes") == [(3,)]
        assert ask(embedded_url, "SELECT day::text FROM retention_runs") == [("2026-11-20",)]
        told = ask(embedded_url, "SELECT body ->> 'who', body ->> 'deed', body -> 'details' FROM audit_bodies")
        assert told == [("dispatch", "retention", {"facts": 2, "commits": 1})]


async def test_a_login_that_may_let_nothing_go_is_told_and_goes_on(embedded_url: str) -> None:
    async with migrated(embedded_url):
        with login_as(embedded_url, "bailiwick_dispatch") as url:
            settings = Settings(database_url=embedded_url).model_copy(update={"database_url": url})
            await keeping.look(settings, NOON)
            assert ask(embedded_url, "SELECT count(*) FROM retention_runs") == [(0,)]
            await keeping.look(settings.model_copy(update={"retention_database_url": embedded_url}), NOON)
            assert ask(embedded_url, "SELECT count(*) FROM retention_runs") == [(1,)]


def test_retention_by_hand_counts_first(run: Run, embedded_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def prepare() -> None:
        async with await Store.open(embedded_url) as store:
            await store.migrate()

    asyncio.run(prepare())
    assert run("retention", "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["dry_run"], told["more"], set(told["counts"].values())) == (True, False, {0})
    assert run("retention") == 0
    assert run("erase", "W1") == 1
    assert "there is no such wearer" in capsys.readouterr().out
    assert run("erase", "--due") == 0
    assert capsys.readouterr().out == "nobody is due\n"
    assert run("erase") == 2
    assert ask(embedded_url, "SELECT count(*) FROM audit_bodies") == [(0,)]


def test_the_audit_is_given_a_key_and_checked_at_the_shell(
    run: Run, embedded_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("migrate") == 0
    assert run("audit-key") == 2, "no file is named"
    monkeypatch.setenv("BAILIWICK_AUDIT_KEY", str(tmp_path / "audit.pem"))
    capsys.readouterr()
    assert run("audit-key") == 0
    made = capsys.readouterr().out
    assert made.startswith("made: ")
    assert "BEGIN PUBLIC KEY" in made
    assert "PRIVATE" not in made
    assert run("audit-key") == 0
    assert capsys.readouterr().out.startswith("there already: ")
    (tmp_path / "public.pem").write_text(made.partition("\n")[2])
    assert run("verify-audit", "--public-key", str(tmp_path / "public.pem")) == 0
    assert "no day was anchored" in capsys.readouterr().out
    assert run("verify-audit", "--public-key", str(tmp_path / "audit.pem")) == 2
    assert "holds no Ed25519 public key" in capsys.readouterr().err
    (tmp_path / "anchors.jsonl").write_text("x\n")
    assert run("verify-audit", "--anchors", str(tmp_path / "anchors.jsonl")) == 2
