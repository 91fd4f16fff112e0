"""``bailiwick crimes FILE``: takes a file of recorded crimes, row by row, as `POST /crimes/batches` does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from api.crime_shapes import named_of, row_body
from bailiwick.at_the_shell import entry_at_the_shell, shell_caller
from domain.errors import BadInput, Fault
from evidence.crime_rows import Row, UnreadableBatch, read_batch
from store.connecting import open_pool
from store.crimes import Crimes
from store.times import Connection

REFUSED: Final = 1
"""Exit code when some rows were not taken."""


def crimes_command(file: Path, url: str, *, as_json: bool) -> int:
    """Takes what is right of a file; 1 when some rows were refused. Raises `BadInput` for a file that cannot be read at all."""
    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInput([Fault(str(file), 0, "file", f"cannot be read: {error.strerror or error}")]) from None
    rows = asyncio.run(_entered(url, file, body))
    counts = {
        word: sum(row["outcome"] == word for row in rows) for word in ("created", "corrected", "duplicate", "refused")
    }
    if as_json:
        print(json.dumps(counts | {"rows": rows}))
    else:
        print("\n".join([*_lines(file, rows), ", ".join(f"{number} {word}" for word, number in counts.items())]))
    return REFUSED if counts["refused"] else 0


async def _entered(url: str, file: Path, body: bytes) -> list[dict[str, Any]]:
    now_us = time.time_ns() // 1000
    pool = await open_pool(url)
    try:
        crimes = Crimes(pool)
        rows = _read(file, body, await crimes.forces(None), now_us)
        right = [row for row in rows if row.crime is not None]
        entry = entry_at_the_shell("crimes.write", "crime", at_us=now_us, file=file.name)
        named = [named_of(row.crime) for row in right if row.crime is not None]
        entered = await crimes.enter(named, shell_caller().name, now_us, entry, _nothing)
    finally:
        await pool.close()
    done = dict(zip((row.line for row in right), entered, strict=True))
    return [row_body(row, done.get(row.line)) for row in rows]


def _read(file: Path, body: bytes, forces: dict[str, str], now_us: int) -> list[Row]:
    try:
        return read_batch(body, forces, now_us)
    except UnreadableBatch as error:
        raise BadInput([Fault(str(file), 0, "file", str(error))]) from None


def _lines(file: Path, rows: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong, a line each: whoever reads it mends the file."""
    return [
        str(Fault(str(file), row["line"], wrong["field"], wrong["cause"])) for row in rows for wrong in row["errors"]
    ]


async def _nothing(conn: Connection) -> None:
    """No key is noted."""
