"""Everything out of the database into a folder of files, so that it can be taken elsewhere whole (failure 03).

First the tables that change, in one transaction that sees one instant; then what commits hold, which never changes, in
stretches, up to the commit of that instant. What was finished is noted in the folder: an export that is killed goes on after
the last file of a stretch, or begins anew when it was still in its first transaction. A row at a time is in memory.

It runs on plain connections and in a thread or process of its own: COPY, compression and sums take turns, with nothing to wait for.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import psycopg
from psycopg import sql

from domain.exports import (
    EMPTY_SUM,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    PROTECTED_FOLDER,
    ExportedFile,
    Manifest,
    TableSum,
    Tally,
    sums_of,
)
from store.export_tables import BY_COMMIT, LEFT_OUT, SECRETS, Column, Table, in_commits, in_order
from store.statements import statement

FACTS_A_FILE: Final = 5_000_000
PROGRESS: Final = "progress.json"
LEVEL: Final = 4
"""Of compression: half again as fast as 6, and a tenth larger."""
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600

Connection = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[int], None]
"""Is told how many rows were written so far, often; what it raises ends the export, which can go on later."""

Sieve = Callable[[Sequence[bytes]], Sequence[bool]]
"""Of some lines, which may go out."""

_SETTINGS: Final = {
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "plan_cache_mode": "force_custom_plan",
}
"""What the text of a value depends on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export of everything. ``made`` is the instant, RFC 3339, and ``program`` our version, for the manifest."""

    folder: Path
    made: str
    program: str
    protected: bool = False
    facts_a_file: int = FACTS_A_FILE


class _Done(msgspec.Struct):
    """What is noted between files."""

    commit: int
    migrations: list[str]
    sequences: dict[str, str]
    columns: dict[str, list[str]]
    slices: list[int]
    first: str | None
    last: str | None
    protected: bool
    files: list[ExportedFile]
    gone_past: list[str]
    """``table:last commit`` of the stretches that are finished, those without a row too."""


_NOTES: Final = (
    "note_protected_devices",
    "note_protected_violations",
    "note_protected_records",
    "note_protected_alerts",
)
"""In this order: each asks those before it."""


@contextmanager
def connection(url: str) -> Iterator[Connection]:
    """A connection whose text of values is always the same. Raises ``psycopg.OperationalError``."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as conn:
        for name, value in _SETTINGS.items():
            conn.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield conn


def tables_of(conn: Connection) -> list[Table]:
    """The tables that are exported, what others name first."""
    keys: dict[str, list[str]] = dict(conn.execute(statement("primary_keys")).fetchall())
    columns: dict[str, list[Column]] = {}
    for table, column, kind in conn.execute(statement("exportable_columns")).fetchall():
        if table not in LEFT_OUT and table not in SECRETS:
            columns.setdefault(table, []).append(Column(column, kind))
    found = [Table(name, tuple(of), tuple(keys.get(name, ()))) for name, of in columns.items()]
    return in_order(found, conn.execute(statement("table_references")).fetchall())


def export_everything(url: str, wanted: Wanted, progress: Progress = lambda rows: None) -> Manifest:
    """Writes the folder, or goes on with it, and gives its manifest; see the module.

    Raises ``psycopg.OperationalError``, ``OSError`` (a full disk), and what ``progress`` raises.
    """
    with connection(url) as conn:
        tables = tables_of(conn)
        note_protected(conn)
        done = _go_on(wanted, tables)
        if done is None:
            done = _snapshot(conn, wanted, tables, progress)
        for table in tables:
            if table.name in BY_COMMIT:
                _stretches(conn, wanted, table, done, progress)
    return _finish(wanted, done)


def note_protected(conn: Connection) -> None:
    """Notes on a connection what is a protected person's, for `Table.protected`."""
    conn.execute(statement("forget_protected"))
    for name in _NOTES:
        conn.execute(statement(name))


def _go_on(wanted: Wanted, tables: list[Table]) -> _Done | None:
    """What an export before this one has left; None, and an empty folder, when it must begin anew."""
    note = wanted.folder / PROGRESS
    if note.is_file():
        done = msgspec.json.decode(note.read_bytes(), type=_Done)
        there = all(_size(wanted.folder / file.path) == file.bytes for file in done.files)
        same = done.columns == {table.name: [column.name for column in table.columns] for table in tables}
        if there and same and done.protected == wanted.protected:
            return done
    if wanted.folder.exists():
        shutil.rmtree(wanted.folder)
    make_folder(wanted.folder)
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def make_folder(folder: Path) -> None:
    """Makes a folder that nobody else may look into."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)


def _snapshot(conn: Connection, wanted: Wanted, tables: list[Table], progress: Progress) -> _Done:
    """The tables that change, of one instant, and what is to be known of the rest."""
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with conn.transaction():
        ((commit, before),) = conn.execute(statement("export_newest_commit")).fetchall()
        counted = {"last": commit, "before": before, "facts": wanted.facts_a_file}
        ((first, last),) = conn.execute(statement("export_time_span"), {"last": commit}).fetchall()
        done = _Done(
            commit=commit,
            migrations=[row[0] for row in conn.execute(statement("applied_migrations")).fetchall()],
            sequences=_sequences(conn, {table.name for table in tables}),
            columns={table.name: [column.name for column in table.columns] for table in tables},
            slices=[row[0] for row in conn.execute(statement("export_slices"), counted).fetchall()] or [commit],
            first=first.isoformat().replace("+00:00", "Z") if first else None,
            last=last.isoformat().replace("+00:00", "Z") if last else None,
            protected=wanted.protected,
            files=[],
            gone_past=[],
        )
        for table in tables:
            if table.name not in BY_COMMIT:
                _both_parts(conn, wanted, table, table.name, sql.SQL("true"), done, progress)
    conn.isolation_level = None
    _note(wanted, done)
    return done


def _sequences(conn: Connection, tables: set[str]) -> dict[str, str]:
    found = {}
    for table, column, sequence in conn.execute(statement("own_sequences")).fetchall():
        ((given,),) = conn.execute(statement("sequence_given"), {"sequence": sequence}).fetchall()
        if given is not None and (table in tables or table in LEFT_OUT):
            found[f"{table}.{column}"] = str(given)
    return found


def _stretches(conn: Connection, wanted: Wanted, table: Table, done: _Done, progress: Progress) -> None:
    """What commits hold, a stretch after the other; those that are finished are passed over."""
    after = -1
    for number, last in enumerate(done.slices, 1):
        name = f"{table.name}:{last}"
        if name not in done.gone_past:
            where = in_commits(table, after, last)
            _both_parts(conn, wanted, table, f"{table.name}-{number:06d}", where, done, progress)
            done.gone_past.append(name)
            _note(wanted, done)
        after = last


def _both_parts(
    conn: Connection, wanted: Wanted, table: Table, stem: str, where: sql.Composable, done: _Done, progress: Progress
) -> None:
    """The open rows, and the protected ones where they are asked for; a file without a row is not kept."""
    before = sum(file.rows for file in done.files)
    parts: list[tuple[str, sql.Composable]] = [("", sql.SQL("({}) IS NOT TRUE").format(table.protected()))]
    if wanted.protected:
        parts.append((f"{PROTECTED_FOLDER}/", sql.SQL("({}) IS TRUE").format(table.protected())))
    for folder, part in parts:
        path = f"{folder}{stem}{table.suffix}"
        copy_out = table.lines(sql.SQL("({}) AND ({})").format(where, part))
        file, _ = write_lines(conn, copy_out, wanted.folder, path, table, partial(add_rows, progress, before))
        if file is not None:
            done.files.append(file)
            before += file.rows


def add_rows(progress: Progress, before: int, rows: int) -> None:
    """Tells of rows, with those of files before."""
    progress(before + rows)


def write_lines(
    conn: Connection,
    copy_out: sql.Composed,
    folder: Path,
    path: str,
    table: Table,
    progress: Progress,
    sieve: Sieve | None = None,
) -> tuple[ExportedFile | None, int]:
    """One file of the lines of a statement, and how many the sieve kept back; None, and no file, where no line is left."""
    target = folder / path
    make_folder(target.parent)
    tally, withheld, waiting = Tally(), 0, list[bytes]()
    with (
        HashedFile(target) as out,
        gzip.GzipFile("", "wb", LEVEL, out, 0) as packed,
        conn.cursor().copy(copy_out) as lines,
    ):
        rows = map(bytes, lines)
        if table.is_csv:
            packed.write(next(rows))
        for line in rows:
            waiting.append(line.rstrip(b"\n"))
            if len(waiting) == LINES_AT_ONCE:
                withheld += _pass_on(waiting, packed, tally, sieve)
                progress(tally.rows)
                waiting = []
        withheld += _pass_on(waiting, packed, tally, sieve)
    if not tally.rows:
        target.unlink()
        return None, withheld
    progress(tally.rows)
    file = ExportedFile(
        path=path, table=table.name, rows=tally.rows, sum=tally.sum, bytes=out.written, sha256=out.digest
    )
    return file, withheld


def _pass_on(lines: list[bytes], packed: gzip.GzipFile, tally: Tally, sieve: Sieve | None) -> int:
    kept = lines if sieve is None or not lines else [line for line, one in zip(lines, sieve(lines), strict=True) if one]
    if kept:
        tally.add_all(kept)
        packed.write(b"\n".join(kept) + b"\n")
    return len(lines) - len(kept)


LINES_AT_ONCE: Final = 10_000
"""In memory, between two tellings of how far it is."""


class HashedFile:
    """A file that is written once, by us alone, and its SHA-256 meanwhile; on the disk when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self.written = 0
        """Bytes so far."""
        self._file: BinaryIO

    @property
    def digest(self) -> str:
        """Of what was written, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, body: bytes) -> int:
        """As a file does."""
        self._hash.update(body)
        self.written += len(body)
        return self._file.write(body)

    def flush(self) -> None:
        """As a file does."""
        self._file.flush()

    def __enter__(self) -> HashedFile:
        number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        self._file = os.fdopen(number, "wb")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _note(wanted: Wanted, done: _Done) -> None:
    write_whole(wanted.folder / PROGRESS, msgspec.json.encode(done))


def write_whole(path: Path, body: bytes) -> None:
    """A small file that is there whole or not at all."""
    half = path.with_name(path.name + ".part")
    with HashedFile(half) as file:
        file.write(body)
    half.replace(path)


def _finish(wanted: Wanted, done: _Done) -> Manifest:
    sums = sums_of(done.files)
    manifest = Manifest(
        format=FORMAT,
        version=FORMAT_VERSION,
        kind="everything",
        made=wanted.made,
        program=wanted.program,
        commit=str(done.commit),
        first=done.first,
        last=done.last,
        protected="included" if wanted.protected else "left_out",
        migrations=done.migrations,
        tables={
            name: TableSum(*sums.get(name, (0, EMPTY_SUM)), columns=columns)
            for name, columns in sorted(done.columns.items())
        },
        files=done.files,
        sequences=done.sequences,
        left_out=LEFT_OUT | SECRETS,
    )
    write_whole(wanted.folder / MANIFEST, manifest.as_bytes())
    (wanted.folder / PROGRESS).unlink()
    return manifest
