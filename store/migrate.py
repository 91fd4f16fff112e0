"""Numbered plain-SQL migrations with checksums, one transaction each, under an advisory lock.

A migration that was applied may never change: its file is compared with what was applied, and a difference stops
everything with a clear message. Several processes may call `migrate` at once; one works, the others wait and find
nothing left to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from store.errors import CannotMigrate, EditedMigration, NewerSchema
from store.statements import statement
from store.times import Connection

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name without ``.sql``, its text, and the SHA-256 of its bytes."""

    name: str
    text: str
    checksum: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files of a folder in order. Raises `CannotMigrate` when two share a number."""
    found: dict[str, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        body = path.read_bytes()
        number = path.name.partition("_")[0]
        if number in found:
            raise CannotMigrate(f"migrations {found[number].name} and {path.stem} have the same number")
        found[number] = Migration(path.stem, body.decode(), hashlib.sha256(body).hexdigest())
    return list(found.values())


def pending(known: Sequence[Migration], applied: dict[str, str]) -> list[Migration]:
    """What is still to be applied.

    Raises `EditedMigration` for a changed file and `NewerSchema` when the database knows more than we do.
    """
    by_name = {m.name: m for m in known}
    if unknown := sorted(set(applied) - set(by_name)):
        raise NewerSchema(unknown)
    for name, checksum in applied.items():
        if by_name[name].checksum != checksum:
            raise EditedMigration(name)
    return [m for m in known if m.name not in applied]


async def pending_in(conn: Connection, known: Sequence[Migration]) -> list[str]:
    """Names of what is still to be applied to the database of ``conn``; raises as `pending` does."""
    return [migration.name for migration in pending(known, await _applied(conn))]


async def _applied(conn: Connection) -> dict[str, str]:
    row = await (await conn.execute(statement("has_migrations"))).fetchone()
    if row is None or not row[0]:
        return {}
    rows = await (await conn.execute(statement("applied_migrations"))).fetchall()
    return {str(name): str(checksum) for name, checksum in rows}


async def migrate(conn: Connection, known: Sequence[Migration]) -> list[str]:
    """Brings the database of ``conn`` (in autocommit) to ``known``; returns what was done, in words."""
    done: list[str] = []
    conn.add_notice_handler(lambda notice: done.append(notice.message_primary or ""))
    await conn.execute("SET client_min_messages = notice")
    await conn.execute(statement("lock_migrations"))
    try:
        await _install_timescaledb(conn, done)
        await conn.execute("SET client_min_messages = warning")
        await conn.execute(statement("create_migrations"))
        await conn.execute("SET client_min_messages = notice")
        for migration in pending(known, await _applied(conn)):
            await _apply(conn, migration)
            done.append(f"applied {migration.name}")
    finally:
        if not conn.closed:
            await conn.execute(statement("unlock_migrations"))
    return done


async def _apply(conn: Connection, migration: Migration) -> None:
    try:
        async with conn.transaction():
            # The text is a file of our own; it has no parameters, so it may hold several statements.
            await conn.execute(migration.text.encode())
            await conn.execute(statement("record_migration"), {"name": migration.name, "checksum": migration.checksum})
    except psycopg.Error as error:
        raise CannotMigrate(f"migration {migration.name} failed and was undone: {error}") from error


async def _install_timescaledb(conn: Connection, done: list[str]) -> None:
    row = await (await conn.execute(statement("can_install_timescaledb"))).fetchone()
    if row and row[0]:
        await conn.execute(statement("install_timescaledb"))
        done.append("installed TimescaleDB")
