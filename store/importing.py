"""An export back into an empty system: everything or nothing, and the same sums (failure 03).

Files are held against the manifest before anything is written. All rows go in in one transaction, with the numbers that they
had; then every table is read again as an export would write it, and must come to what the manifest says. Only then it counts.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from domain.exports import LARGEST_MANIFEST, MANIFEST, BadExport, ExportedFile, Manifest, Tally, read_manifest
from store.export_tables import SEEDED, Column, Table
from store.exporting import Connection, Progress, connection, tables_of
from store.migrate import read_migrations
from store.statements import statement

CHUNK_BYTES: Final = 1 << 20
_MAKES_TABLE: Final = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in: rows by table, and the SHA-256 of the manifest."""

    manifest: Manifest
    sha256: str

    @property
    def rows(self) -> dict[str, int]:
        """Tables that hold something."""
        return {name: table.rows for name, table in self.manifest.tables.items() if table.rows}


def read_folder(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a folder, and its SHA-256. Raises `BadExport`."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadExport(f"{folder} holds no {MANIFEST}: it is no export, or one that was not finished")
    if path.stat().st_size > LARGEST_MANIFEST:
        raise BadExport(f"{MANIFEST}: it has over {LARGEST_MANIFEST} bytes")
    body = path.read_bytes()
    return read_manifest(body), hashlib.sha256(body).hexdigest()


def check_files(folder: Path, manifest: Manifest) -> None:
    """Holds every file against the manifest. Raises `BadExport` with each that is missing or was changed."""
    wrong = []
    for file in manifest.files:
        path = folder / file.path
        if not path.is_file():
            wrong.append(f"{file.path}: it is missing")
        elif path.stat().st_size != file.bytes:
            wrong.append(f"{file.path}: it has {path.stat().st_size} bytes, not {file.bytes}: it was changed")
        elif _digest(path) != file.sha256:
            wrong.append(f"{file.path}: its SHA-256 is not that of the manifest: it was changed")
    if wrong:
        raise BadExport("\n".join(wrong))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def import_everything(url: str, folder: Path, progress: Progress = lambda rows: None) -> Imported:
    """Takes an export into the empty system at ``url``.

    Raises `BadExport` with what is wrong, and then nothing was changed; ``psycopg.OperationalError``.
    """
    manifest, sha256 = read_folder(folder)
    if manifest.kind != "everything":
        raise BadExport(f"{MANIFEST}: it is an export of one {manifest.kind}; only one of everything can be imported")
    with connection(url) as conn:
        tables = _as_exported(_current(conn, manifest), manifest)
        check_files(folder, manifest)
        try:
            with conn.transaction():
                _take(conn, folder, manifest, tables, progress)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise BadExport(f"a row cannot be taken, so nothing was: {error.diag.message_primary}") from error
    return Imported(manifest, sha256)


def _current(conn: Connection, manifest: Manifest) -> list[Table]:
    """The tables of the current schema. Raises `BadExport` unless it is there, and knows all that the export was made of."""
    known = [migration.name for migration in read_migrations()]
    if unknown := sorted(set(manifest.migrations) - set(known)):
        raise BadExport(
            f"{MANIFEST}: made by a newer program, with {', '.join(unknown)}; import it with that one or a newer"
        )
    ((made,),) = conn.execute(statement("has_migrations")).fetchall()
    there = {row[0] for row in conn.execute(statement("applied_migrations")).fetchall()} if made else set()
    if there != set(known):
        raise BadExport("the database does not have the current schema: run `bailiwick migrate` first")
    return tables_of(conn)


def _as_exported(tables: list[Table], manifest: Manifest) -> list[Table]:
    """The tables of the manifest, in order, with the columns that were exported. Raises `BadExport`."""
    by_name = {table.name: table for table in tables}
    if unknown := sorted(manifest.tables.keys() - by_name.keys()):
        raise BadExport(f"{MANIFEST}: there is no table {unknown[0]} to import")
    if missing := sorted(
        _made_by(manifest.migrations) & by_name.keys() - manifest.tables.keys() - manifest.left_out.keys()
    ):
        raise BadExport(f"{MANIFEST}: it says nothing of the table {missing[0]}, which an export has: it was changed")
    found = []
    for table in tables:
        if table.name not in manifest.tables:
            continue
        columns = {column.name: column for column in table.columns}
        names = manifest.tables[table.name].columns
        if strange := [name for name in names if name not in columns]:
            raise BadExport(f"{MANIFEST}: the table {table.name} has no column {strange[0]}")
        chosen: tuple[Column, ...] = tuple(columns[name] for name in names)
        found.append(Table(table.name, chosen, table.key))
    return found


def _made_by(names: list[str]) -> set[str]:
    """The tables that some migrations make: an export of an older schema lacks those that came later, and no others."""
    texts = [migration.text for migration in read_migrations() if migration.name in names]
    return {table for text in texts for table in _MAKES_TABLE.findall(text)}


def _take(conn: Connection, folder: Path, manifest: Manifest, tables: list[Table], progress: Progress) -> None:
    _hold_empty(conn, tables)
    triggered = {row[0] for row in conn.execute(statement("tables_with_triggers")).fetchall()}
    for table in tables:
        own = sql.SQL("TRIGGER USER")
        if table.name in triggered:
            conn.execute(sql.SQL("ALTER TABLE {} DISABLE {}").format(table.identifier, own))
        if table.name in SEEDED:
            conn.execute(sql.SQL("DELETE FROM {}").format(table.identifier))
    done = 0
    for table in tables:
        for file in manifest.files:
            if file.table == table.name:
                _take_file(conn, folder, table, file)
                done += file.rows
                progress(done)
    for table in tables:
        if table.name in triggered:
            conn.execute(sql.SQL("ALTER TABLE {} ENABLE {}").format(table.identifier, sql.SQL("TRIGGER USER")))
    _go_on_above(conn, manifest)
    for table in tables:
        conn.execute(sql.SQL("ANALYZE {}").format(table.identifier))
        _compare(conn, table, manifest)


def _hold_empty(conn: Connection, tables: list[Table]) -> None:
    """Nobody else writes from here on; raises `BadExport` when somebody has."""
    names = sql.SQL(", ").join(table.identifier for table in tables_of(conn))
    conn.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(names))
    for table in tables_of(conn):
        rows = conn.execute(sql.SQL("SELECT FROM {} LIMIT 2").format(table.identifier)).fetchall()
        if len(rows) > (table.name in SEEDED):
            raise BadExport(f"the system is not empty (there is something in {table.name}); import into a new one")
    ((commits,),) = conn.execute(sql.SQL("SELECT count(*) FROM commits")).fetchall()
    assert not commits


def _take_file(conn: Connection, folder: Path, table: Table, file: ExportedFile) -> None:
    if not table.is_csv:
        conn.execute(sql.SQL("CREATE TEMPORARY TABLE imported_lines (line json) ON COMMIT DROP"))
    try:
        with conn.cursor().copy(table.takes()) as lines:
            for chunk in _chunks(folder / file.path, file.path):
                lines.write(chunk)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BadExport(
            f"{file.path}: {error.diag.message_primary} ({error.diag.context or 'no line told'})"
        ) from error
    if not table.is_csv:
        conn.execute(table.from_lines())
        conn.execute(sql.SQL("DROP TABLE imported_lines"))


def _chunks(path: Path, name: str) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise BadExport(f"{name}: it cannot be unpacked: {error}") from error


def _go_on_above(conn: Connection, manifest: Manifest) -> None:
    """What numbers itself goes on above all that was given out before, also where rows are gone by now."""
    for table, column, sequence in conn.execute(statement("own_sequences")).fetchall():
        given = int(manifest.sequences.get(f"{table}.{column}", "0"))
        highest = sql.SQL("SELECT COALESCE(max({}), 0) FROM {}").format(
            sql.Identifier(column), sql.Identifier("public", table)
        )
        ((there,),) = conn.execute(highest).fetchall()
        if max(given, there):
            conn.execute(statement("sequence_goes_on"), {"sequence": sequence, "given": max(given, there)})


def _compare(conn: Connection, table: Table, manifest: Manifest) -> None:
    """Reads a table as an export would; raises `BadExport` when it does not come to what the manifest says."""
    told = manifest.tables[table.name]
    tally = tally_of(conn, table)
    if (tally.rows, tally.sum) != (told.rows, told.sum):
        raise BadExport(
            f"{table.name} came to {tally.rows} rows of sum {tally.sum}, and the manifest says {told.rows} of {told.sum}: "
            "nothing was imported"
        )


def tally_of(conn: Connection, table: Table) -> Tally:
    """Rows and sum of a table as it stands."""
    tally, heading = Tally(), table.is_csv
    with conn.cursor().copy(table.lines(sql.SQL("true"))) as lines:
        for line in lines:
            if heading:
                heading = False
                continue
            tally.add(bytes(line).rstrip(b"\n"))
    return tally
