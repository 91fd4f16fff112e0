"""Migrations: once, in order, by one at a time, and never edited."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from store import CannotMigrate, EditedMigration, NewerSchema, Store
from store.migrate import FOLDER, Migration, migrate, pending, read_migrations
from tests.store.made import ask

KNOWN = read_migrations()

pytestmark = pytest.mark.bare


async def run(url: str, known: list[Migration]) -> list[str]:
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        return await migrate(conn, known)


def changed(migration: Migration) -> Migration:
    return Migration(migration.name, migration.text, "0" * 64)


def test_the_files_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name.partition("_")[0]) for path in sorted(FOLDER.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_two_files_of_one_number_are_refused(tmp_path: Path) -> None:
    for name in ("0001_one.sql", "0001_other.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(CannotMigrate, match="0001_one and 0001_other"):
        read_migrations(tmp_path)


def test_an_edited_file_is_refused_with_a_clear_message() -> None:
    applied = {KNOWN[0].name: "an older checksum"}
    with pytest.raises(EditedMigration, match=r"0001_words_and_devices .* file was changed afterwards"):
        pending(KNOWN, applied)


def test_a_newer_schema_is_refused() -> None:
    with pytest.raises(NewerSchema, match="9999_later"):
        pending(KNOWN, {"9999_later": "x"})


async def test_twice_does_nothing_the_second_time(database_url: str) -> None:
    done = await run(database_url, KNOWN)
    assert [line for line in done if line.startswith("applied")] == [f"applied {m.name}" for m in KNOWN]
    assert await run(database_url, KNOWN) == []
    applied = ask(database_url, "SELECT name, checksum FROM migrations ORDER BY name")
    assert applied == [(m.name, m.checksum) for m in KNOWN]


async def test_edited_after_it_was_applied(database_url: str) -> None:
    await run(database_url, KNOWN[:2])
    with pytest.raises(EditedMigration):
        await run(database_url, [KNOWN[0], changed(KNOWN[1]), *KNOWN[2:]])
    assert ask(database_url, "SELECT count(*) FROM migrations") == [(2,)]
    assert len(await run(database_url, KNOWN)) >= len(KNOWN) - 2


async def test_four_at_once_apply_each_once(database_url: str) -> None:
    done = await asyncio.gather(*(run(database_url, KNOWN) for _ in range(4)))
    applied = [line for lines in done for line in lines if line.startswith("applied")]
    assert sorted(applied) == [f"applied {m.name}" for m in KNOWN]


async def test_one_that_fails_is_undone(database_url: str) -> None:
    broken = Migration("0002_broken", "CREATE TABLE half (a int); SELECT nothing_of_that_name();", "x")
    with pytest.raises(CannotMigrate, match="0002_broken failed and was undone"):
        await run(database_url, [KNOWN[0], broken])
    assert ask(database_url, "SELECT to_regclass('half'), (SELECT count(*) FROM migrations)") == [(None, 1)]


async def test_ready_says_what_is_missing(database_url: str) -> None:
    async with await Store.open(database_url) as store:
        before = await store.reading.ready()
        assert before is not None
        assert "bailiwick migrate" in before
        await store.migrate()
        assert await store.reading.ready() is None


async def test_ready_says_what_to_do_with_a_schema_that_is_newer_or_was_edited(database_url: str) -> None:
    async with await Store.open(database_url) as store:
        await store.migrate()
        ask(database_url, "INSERT INTO migrations (name, checksum) VALUES ('9999_later', '') RETURNING 1")
        newer = str(await store.reading.ready())
        assert "9999_later; run the newer program" in newer
        ask(database_url, "DELETE FROM migrations WHERE name = '9999_later' RETURNING 1")
        ask(database_url, f"UPDATE migrations SET checksum = '' WHERE name = '{KNOWN[0].name}' RETURNING 1")
        assert "restore the file" in str(await store.reading.ready())


async def test_facts_stand_in_hypertables_of_a_day(timescale_url: str) -> None:
    await run(timescale_url, KNOWN)
    rows = ask(
        timescale_url,
        "SELECT hypertable_name::text, column_name::text, time_interval::text FROM timescaledb_information.dimensions "
        "ORDER BY 1",
    )
    assert rows == [("equipment_events", "fix_time", "1 day"), ("fixes", "fix_time", "1 day")]


@pytest.mark.slow
async def test_violations_that_were_there_keep_their_first_number(embedded_url: str) -> None:
    number = next(n for n, one in enumerate(KNOWN) if one.name == "0039_violations_in_a_list")
    await run(embedded_url, KNOWN[:number])
    versions = [("W1-1", 1, "opened"), ("W1-2", 1, "opened"), ("W1-1", 2, "closed")]
    for name, version, change in versions:
        ask(
            embedded_url,
            "INSERT INTO violations (id, version, change, reason, kind, from_at, decided_at, late, age_s, cause, retrospective,"
            f" untold, evidence, commit_no, line) VALUES ('{name}', {version}, '{change}', 'fixes', 'curfew', now(), now(), false,"
            " 0, 'wearer', false, false, '[]', 1, 1) RETURNING 1",
        )
    for name, newest in (("W1-1", 3), ("W1-2", 2)):
        ask(
            embedded_url,
            "INSERT INTO violations_newest (id, violation_no, kind, open, withdrawn)"
            f" VALUES ('{name}', {newest}, 'curfew', false, false) RETURNING 1",
        )
    await run(embedded_url, KNOWN)
    assert ask(embedded_url, "SELECT id, violation_no, first_no FROM violations_newest ORDER BY id") == [
        ("W1-1", 3, 1),
        ("W1-2", 2, 2),
    ]
