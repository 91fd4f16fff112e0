"""``bailiwick export FOLDER``, and ``bailiwick import FOLDER`` of what it wrote (docs/exports.md)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import psycopg

from bailiwick.at_the_shell import entry_at_the_shell
from domain.errors import BailiwickError
from domain.exports import MANIFEST, BadExport, Manifest
from domain.instants import format_instant
from store.exporting import Wanted, export_everything
from store.exports import Exports
from store.importing import import_everything

BAD_INPUT: Final = 2
DEED_EXPORT: Final = "exports.write"
DEED_IMPORT: Final = "exports.import"


class CannotExport(BailiwickError):
    """The folder cannot be written."""


def program() -> str:
    """Our version."""
    try:
        return version("bailiwick")
    except PackageNotFoundError:
        return "0.0.0"


def export_command(folder: Path, database_url: str, *, protected: bool, as_json: bool = False) -> int:
    """Write everything into a folder; give the exit code. Goes on where one that was interrupted has stopped.

    With ``protected`` the folder holds what is known of protected people too, in a part of its own.
    """
    if (folder / MANIFEST).exists():
        raise CannotExport(f"{folder} holds an export already: name another folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "progress.json").exists():
        raise CannotExport(f"{folder} is not empty: name another folder")
    now_us = time.time_ns() // 1000
    asyncio.run(_audit(database_url, DEED_EXPORT, protected=protected))
    try:
        made = export_everything(
            database_url, Wanted(folder, format_instant(now_us), program(), protected), _say(as_json)
        )
    except OSError as error:
        raise CannotExport(f"{folder} cannot be written: {error.strerror}") from error
    sha256 = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if as_json:
        print(json.dumps(_told(made, sha256), separators=(",", ":")))
    else:
        print(f"{made.rows} rows of {len(made.tables)} tables in {len(made.files)} files, up to commit {made.commit}")
        print(f"protected people: {made.protected.replace('_', ' ')}")
        print(f"SHA-256 of {MANIFEST}: {sha256}")
    return 0


def import_export_command(folder: Path, database_url: str, *, as_json: bool = False) -> int:
    """Take an export into an empty system, all or nothing; give the exit code. Faults go to standard error."""
    try:
        done = import_everything(database_url, folder, _say(as_json))
    except BadExport as bad:
        for line in str(bad).splitlines():
            print(f"bailiwick: {line}", file=sys.stderr)
        return BAD_INPUT
    asyncio.run(_audit(database_url, DEED_IMPORT, manifest=done.sha256, commit=done.manifest.commit))
    if as_json:
        print(json.dumps(_told(done.manifest, done.sha256), separators=(",", ":")))
    else:
        print(f"{done.manifest.rows} rows of {len(done.rows)} tables; counts and sums are those of the manifest")
        if done.manifest.protected != "included":
            print("protected people are not in it: what rests on them cannot be judged again")
        print(f"SHA-256 of {MANIFEST}: {done.sha256}")
    return 0


def _told(manifest: Manifest, sha256: str) -> dict[str, object]:
    tables = {name: {"rows": table.rows, "sum": table.sum} for name, table in manifest.tables.items() if table.rows}
    head = {"commit": manifest.commit, "protected": manifest.protected, "files": len(manifest.files)}
    return head | {"rows": manifest.rows, "tables": tables, "manifest_sha256": sha256}


class _say:  # noqa: N801 - it is called as a function
    """Tells how far it is, on a terminal alone."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet or not sys.stderr.isatty()

    def __call__(self, rows: int) -> None:
        if not self._quiet:
            print(f"\r{rows} rows", end="", file=sys.stderr, flush=True)


async def _audit(url: str, deed: str, **details: Any) -> None:
    async with await Exports.open(url) as exports:
        try:
            await exports.look(entry_at_the_shell(deed, "export", **details))
        except psycopg.errors.UndefinedFunction:
            raise CannotExport("the database does not have the current schema: run `bailiwick migrate` first") from None
