"""Failure 03: after a change of contractor older positions were out of reach. Everything goes out, and comes back the same."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bailiwick.commands import main
from domain.exports import BadExport, Manifest, Tally, read_manifest
from store import Store
from store.export_tables import BY_COMMIT, LEFT_OUT, OPEN, PROTECTED, SEALED, SECRETS
from store.exporting import Wanted, connection, export_everything, tables_of
from store.importing import import_everything
from store.migrate import read_migrations
from tests.bailiwick.test_replay import Ingest, Run, bailiwick, ingest
from tests.rules.nights import Sender, at, each
from tests.store.made import ask
from tests.store.test_failure_01 import PAST_53, restart_every_sequence

pytestmark = [pytest.mark.real, pytest.mark.slow]
__all__ = ["bailiwick"]
MADE = "2026-11-22T00:00:00Z"


def wanted(folder: Path, **more: Any) -> Wanted:
    return Wanted(folder, MADE, "0.1.0", **({"protected": True} | more))


async def migrated(url: str) -> None:
    async with await Store.open(url) as store:
        await store.migrate()


async def protecting(url: str) -> None:
    """A victim with a unit, W1's condition about her, and where her unit was."""
    new: list[dict[str, Any]] = [
        {"type": "victim", "id": "V1", "name": "Vera Invented"},
        {"type": "device", "id": "U1", "kind": "victim_unit"},
        {"type": "fitting", "id": "FV1", "victim": "V1", "device": "U1", "from": at("Mon 00:00")},
        {"type": "condition", "id": "P1", "order": "O1", "kind": "proximity", "victim": "V1", "alert_m": 500},
    ]
    learnt = [{"learnt": at(f"21:31:0{n}"), "holds_from": None, "record": one} for n, one in enumerate(new)]
    async with await Store.open(url) as store:
        working = Ingest(store)
        await working.start()
        unit = Sender("U1")
        await working.take([*learnt, *(unit.fix(instant) for instant in each("21:32", "21:40"))])
        await working.stop()
    assert ask(url, "SELECT count(*) FROM fixes x JOIN devices d USING (device_no) WHERE d.id = 'U1'")[0][0] > 5


@pytest.fixture(params=["timescale to plain", "plain to timescale"])
def both(request: pytest.FixtureRequest, timescale_url: str, embedded_url: str) -> tuple[str, str]:
    """Two empty databases, one of each edition: from, to."""
    return (timescale_url, embedded_url) if request.param.startswith("timescale") else (embedded_url, timescale_url)


@pytest.fixture
def whole(embedded_url: str, tmp_path: Path) -> tuple[str, Path, Manifest]:
    """A database with something of everything, and its export."""
    asyncio.run(ingest(embedded_url))
    asyncio.run(protecting(embedded_url))
    folder = tmp_path / "out"
    return embedded_url, folder, export_everything(embedded_url, wanted(folder))


def lines_of(folder: Path, manifest: Manifest, table: str) -> list[str]:
    found: list[str] = []
    for file in manifest.files:
        if file.table == table:
            found += gzip.decompress((folder / file.path).read_bytes()).decode().splitlines()
    return found


def test_failure_03_everything_comes_back_with_the_same_counts_and_sums(
    both: tuple[str, str], bailiwick: Run, tmp_path: Path
) -> None:
    """And the rules decide the same of it again, numbers go on above the old ones, and ingest goes on."""
    old, new = both
    asyncio.run(ingest(old))
    asyncio.run(protecting(old))
    made = export_everything(old, wanted(tmp_path / "out", facts_a_file=40))
    assert sum(file.table == "fixes" for file in made.files) > 3
    asyncio.run(migrated(new))
    assert import_everything(new, tmp_path / "out").manifest == made
    again = export_everything(new, wanted(tmp_path / "again"))
    assert {name: (table.rows, table.sum) for name, table in again.tables.items()} == {
        name: (table.rows, table.sum) for name, table in made.tables.items()
    }
    assert made.tables["fixes"].rows == ask(old, "SELECT count(*) FROM fixes")[0][0] > 300
    versions = "SELECT id, version, from_at, to_at, decided_at, evidence FROM violations ORDER BY violation_no"
    assert ask(new, versions) == ask(old, versions) != []
    code, out, err = bailiwick(new, at("Sun 00:00"), at("Tue 00:00"), "--json")
    assert (code, json.loads(out)["differences"], err) == (0, [], "")
    highest = ask(old, "SELECT max(alert_no) FROM alerts")[0][0]
    asyncio.run(_next_night(new))
    assert ask(new, "SELECT max(alert_no) FROM alerts")[0][0] > highest
    assert ask(new, "SELECT count(*) FROM received_ranges r JOIN devices d USING (device_no) WHERE d.id = 'T1'")[0][0]


async def _next_night(url: str) -> None:
    """The new system's ingest: a repeat of what the old one had, which is known, and W1 away again."""
    async with await Store.open(url) as store:
        working = Ingest(store)
        await working.start()
        before = ask(url, "SELECT count(*) FROM all_fixes")[0][0]
        sender = Sender("T1")
        await working.take([sender.fix(instant) | {"received": at("Tue 19:00")} for instant in each("18:30", "18:40")])
        assert ask(url, "SELECT count(*) FROM all_fixes")[0][0] == before
        sender.seq = 2_000
        await working.take([sender.fix(instant, 51.4) for instant in each("Tue 20:00", "Tue 20:30")])


def test_failure_03_ids_past_53_bits_survive(both: tuple[str, str], tmp_path: Path) -> None:
    """Failure 01, in what is exported: as text in JSON, so that no reader makes a float of it."""
    old, new = both
    asyncio.run(migrated(old))
    restart_every_sequence(old, PAST_53)
    asyncio.run(ingest(old))
    made = export_everything(old, wanted(tmp_path / "out"))
    numbers = [json.loads(line)["alert_no"] for line in lines_of(tmp_path / "out", made, "alerts")]
    assert numbers[0] == str(PAST_53)
    asyncio.run(migrated(new))
    import_everything(new, tmp_path / "out")
    assert ask(new, "SELECT alert_no FROM alerts ORDER BY alert_no") == ask(
        old, "SELECT alert_no FROM alerts ORDER BY 1"
    )
    assert ask(new, "SELECT min(device_no) FROM fixes")[0][0] >= PAST_53


def test_anybody_can_work_the_sums_out(whole: tuple[str, Path, Manifest]) -> None:
    _, folder, made = whole
    for file in made.files:
        body = (folder / file.path).read_bytes()
        lines = gzip.decompress(body).removesuffix(b"\n").split(b"\n")
        tally = Tally()
        for line in lines[1:] if file.path.endswith(".csv.gz") else lines:
            tally.add(line)
        assert (tally.rows, tally.sum) == (file.rows, file.sum), file.path
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file.bytes, file.sha256)
    assert read_manifest((folder / "manifest.json").read_bytes()) == made
    assert (folder.stat().st_mode & 0o777, (folder / "manifest.json").stat().st_mode & 0o777) == (0o700, 0o600)


def test_the_open_part_holds_nothing_of_a_protected_person(whole: tuple[str, Path, Manifest], tmp_path: Path) -> None:
    url, folder, made = whole
    markers = ("V1", "U1", "Vera Invented")
    sealed = {file.table for file in made.files if file.path.startswith("protected/")}
    assert {"caseload_records", "devices", "fixes", "checkpoints"} <= sealed
    out = tmp_path / "open"
    without = export_everything(url, wanted(out, protected=False))
    assert (without.protected, made.protected) == ("left_out", "included")
    assert not (out / "protected").exists()
    assert {file.path for file in without.files} == {file.path for file in made.files if "/" not in file.path}
    text = "\n".join(line for name in without.tables for line in lines_of(out, without, name))
    assert "W1" in text
    for marker in markers:
        assert f'"{marker}"' not in text
    number = ask(url, "SELECT device_no FROM devices WHERE id = 'U1'")[0][0]
    assert not [line for line in lines_of(out, without, "fixes") if line.startswith(f"{number},")]
    assert [line for line in lines_of(folder, made, "fixes") if line.startswith(f"{number},")]


def test_without_the_protected_part_the_rest_can_be_imported(
    whole: tuple[str, Path, Manifest], timescale_url: str, tmp_path: Path
) -> None:
    url, _, _ = whole
    without = export_everything(url, wanted(tmp_path / "open", protected=False))
    asyncio.run(migrated(timescale_url))
    assert import_everything(timescale_url, tmp_path / "open").manifest == without
    assert ask(timescale_url, "SELECT count(*) FROM victims") == [(0,)]
    assert ask(timescale_url, "SELECT count(*) FROM wearers") == [(2,)]


def test_what_is_changed_missing_or_newer_is_named_and_nothing_is_taken(
    whole: tuple[str, Path, Manifest], timescale_url: str, tmp_path: Path
) -> None:
    _, folder, made = whole
    asyncio.run(migrated(timescale_url))

    def refused(change: Any, *words: str) -> None:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        change(copy)
        with pytest.raises(BadExport) as bad:
            import_everything(timescale_url, copy)
        assert all(word in str(bad.value) for word in words), str(bad.value)
        assert ask(timescale_url, "SELECT count(*) FROM devices, commits") == [(0,)]

    def flipped(copy: Path) -> None:
        body = bytearray((copy / "alerts.ndjson.gz").read_bytes())
        body[-9] ^= 1
        (copy / "alerts.ndjson.gz").write_bytes(body)

    def rewritten(copy: Path, **changed: Any) -> None:
        told = json.loads((copy / "manifest.json").read_bytes())
        (copy / "manifest.json").write_text(json.dumps(told | changed))

    def other_row(copy: Path) -> None:
        """A row was changed, and the manifest's file with it; but not the table's own sum."""
        path = copy / "alerts.ndjson.gz"
        body = gzip.compress(gzip.decompress(path.read_bytes()).replace(b"critical", b"serious", 1))
        path.write_bytes(body)
        told = json.loads((copy / "manifest.json").read_bytes())
        file = next(one for one in told["files"] if one["path"] == path.name)
        file |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        (copy / "manifest.json").write_text(json.dumps(told))

    def without(copy: Path, table: str) -> None:
        """The manifest says nothing of a table, and of its files, any more."""
        told = json.loads((copy / "manifest.json").read_bytes())
        del told["tables"][table]
        rewritten(copy, tables=told["tables"], files=[file for file in told["files"] if file["table"] != table])

    fixes = next(file.path for file in made.files if file.table == "fixes")
    refused(lambda copy: without(copy, "violations"), "the table violations", "changed")
    refused(flipped, "alerts.ndjson.gz", "changed")
    refused(lambda copy: (copy / fixes).unlink(), fixes, "missing")
    refused(lambda copy: (copy / fixes).write_bytes(b""), fixes, "changed")
    refused(lambda copy: (copy / "manifest.json").unlink(), "manifest.json")
    refused(lambda copy: rewritten(copy, version=2), "newer")
    refused(lambda copy: rewritten(copy, migrations=[*made.migrations, "9999_later"]), "newer", "9999_later")
    refused(lambda copy: rewritten(copy, format="other"), "format")
    refused(lambda copy: rewritten(copy, files=[]), "changed")
    refused(lambda copy: rewritten(copy, kind="wearer"), "wearer")
    refused(lambda copy: (copy / "manifest.json").write_bytes(b'{"format": 1}'), "manifest.json")
    refused(other_row, "alerts", "nothing was imported")
    import_everything(timescale_url, folder)


def test_an_export_of_an_older_schema_lacks_what_came_later_and_is_taken(
    whole: tuple[str, Path, Manifest], timescale_url: str
) -> None:
    _, folder, made = whole
    told = json.loads((folder / "manifest.json").read_bytes())
    before = next(k for k, name in enumerate(told["migrations"]) if "CREATE TABLE mutes" in migration_text(name))
    assert made.tables["mutes"].rows == 0
    del told["tables"]["mutes"]
    assert not [file for file in told["files"] if file["table"] == "mutes"]
    (folder / "manifest.json").write_text(json.dumps(told))
    asyncio.run(migrated(timescale_url))
    with pytest.raises(BadExport, match="the table mutes"):
        import_everything(timescale_url, folder)
    (folder / "manifest.json").write_text(json.dumps(told | {"migrations": told["migrations"][:before]}))
    import_everything(timescale_url, folder)


def migration_text(name: str) -> str:
    return next(one.text for one in read_migrations() if one.name == name)


@pytest.mark.bare
def test_a_system_that_is_not_empty_takes_nothing(whole: tuple[str, Path, Manifest], timescale_url: str) -> None:
    url, folder, _ = whole
    before = ask(url, "SELECT count(*) FROM caseload_records")
    with pytest.raises(BadExport, match="not empty"):
        import_everything(url, folder)
    assert ask(url, "SELECT count(*) FROM caseload_records") == before
    with pytest.raises(BadExport, match="bailiwick migrate"):
        import_everything(timescale_url, folder)


class Killed(Exception):
    """The process is gone."""


def test_an_export_that_was_killed_goes_on_where_it_was(whole: tuple[str, Path, Manifest], tmp_path: Path) -> None:
    """At every telling of its progress once: it comes to the same, and what was finished is not written again."""
    url, _, made = whole
    told: list[int] = []
    export_everything(url, wanted(tmp_path / "counted", facts_a_file=60), told.append)
    resumed = 0
    for stop_at in range(1, len(told), 4):
        out, heard = tmp_path / f"out-{stop_at}", [0]

        def killing(rows: int, stop_at: int = stop_at, heard: list[int] = heard) -> None:
            heard[0] += 1
            if heard[0] == stop_at:
                raise Killed

        with pytest.raises(Killed):
            export_everything(url, wanted(out, facts_a_file=60), killing)
        assert not (out / "manifest.json").exists()
        written = {path: path.stat().st_mtime_ns for path in out.rglob("*.gz")}
        noted = (out / "progress.json").exists()
        again = export_everything(url, wanted(out, facts_a_file=60))
        assert {name: (t.rows, t.sum) for name, t in again.tables.items()} == {
            name: (t.rows, t.sum) for name, t in made.tables.items()
        }
        kept = sum(path.stat().st_mtime_ns == when for path, when in written.items())
        assert kept >= len(written) - 1 if noted else kept == 0
        resumed += noted
    assert resumed > 2


def test_what_comes_after_the_instant_of_an_export_is_not_in_it(
    whole: tuple[str, Path, Manifest], tmp_path: Path
) -> None:
    url, _, made = whole
    later: list[int] = []

    def meanwhile(rows: int) -> None:
        if not later and (tmp_path / "out2" / "progress.json").exists():
            asyncio.run(_next_night(url))
            later.append(rows)

    again = export_everything(url, wanted(tmp_path / "out2"), meanwhile)
    assert later
    for name in (*BY_COMMIT, "alerts", "violations"):
        assert again.tables[name].sum == made.tables[name].sum, name


def test_every_table_is_exported_or_said_why_not(whole: tuple[str, Path, Manifest]) -> None:
    """One that nobody wrote down goes into the sealed part, whole; what lets people in never leaves."""
    url, folder, made = whole
    there = {name for (name,) in ask(url, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                     "'public'::regnamespace")}  # fmt: skip
    assert there - set(LEFT_OUT) - set(SECRETS) == set(made.tables)
    assert set(LEFT_OUT) <= there
    assert set(made.left_out) == set(LEFT_OUT) | set(SECRETS)
    assert sorted([*PROTECTED, *OPEN, *SEALED]) == sorted(made.tables), "each once, on purpose"
    with connection(url) as conn:
        conn.execute("CREATE TABLE unforeseen (id bigint PRIMARY KEY, said text)")
        conn.execute("INSERT INTO unforeseen VALUES (1, 'x')")
        table = next(one for one in tables_of(conn) if one.name == "unforeseen")
        assert table.protected().as_string(conn) == "true"
    sealed = export_everything(url, wanted(folder.parent / "more", protected=False))
    assert sealed.tables["unforeseen"].rows == 0


def test_the_commands(
    whole: tuple[str, Path, Manifest],
    timescale_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    bailiwick: Iterable[Any],
) -> None:
    """`export FOLDER`, `import FOLDER`: what they say, their exit codes, and that both are audited."""
    url, _, made = whole
    asyncio.run(migrated(timescale_url))

    def run(at_url: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("BAILIWICK_DATABASE_URL", at_url)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    out = str(tmp_path / "by-command")
    code, text, _ = run(url, "export", out, "--with-protected", "--json")
    told = json.loads(text)
    assert (code, told["protected"], told["tables"]["fixes"]["sum"]) == (0, "included", made.tables["fixes"].sum)
    assert run(url, "export", out)[0] == 1
    code, _, err = run(url, "import", out)
    assert (code, "not empty" in err) == (2, True)
    code, text, _ = run(timescale_url, "import", out)
    assert code == 0
    assert told["manifest_sha256"] in text
    ((deed, by),) = ask(
        timescale_url, "SELECT body ->> 'deed', body ->> 'by' FROM audit_bodies ORDER BY body_no DESC LIMIT 1"
    )
    assert (deed, by) == ("exports.import", "command")
