"""Named, described SQL blocks out of ``store/sql/*.sql``.

A block begins with ``-- name: some_name``, then comment lines that say what it does, then one statement. Parameters
are psycopg's ``%(name)s``; a literal per cent sign is written twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One statement, with the words that describe it."""

    name: str
    description: str
    text: str


def parse_blocks(text: str, file: str) -> list[Block]:
    """The blocks of one file. Raises ``ValueError`` for one without a description or a statement."""
    parts = _NAME.split(text)
    blocks = []
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = body.strip().splitlines()
        said = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
        statement = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";")
        if not said or not statement:
            raise ValueError(f"{file}: block {name} needs a description and a statement")
        blocks.append(Block(name, " ".join(said), statement))
    return blocks


@cache
def all_blocks() -> dict[str, Block]:
    """Every block by its name; names are unique over the files."""
    found: dict[str, Block] = {}
    for path in sorted(FOLDER.glob("*.sql")):
        for block in parse_blocks(path.read_text(encoding="utf-8"), path.name):
            if block.name in found:
                raise ValueError(f"{path.name}: a second block named {block.name}")
            found[block.name] = block
    return found


@cache
def statement(name: str) -> bytes:
    """The statement of that name, ready to be executed. ``KeyError`` when there is none."""
    # Bytes, since psycopg takes as text only what stands literally in Python.
    return all_blocks()[name].text.encode()
