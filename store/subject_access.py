"""What is held of a wearer, for the wearer: a folder of JSON lines and CSV that people and programs read, and nothing of a protected person.

All of the wearer's own points are in it, those too that nobody else may see. Rows about a protected person are left out; of what
concerns both, when it was and how near is told, never where that person was. Any other line that holds what a protected person would be
known by is withheld and counted; the shapes of zones that an order names stay, without names.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from store.exporting import FILE_MODE, Connection, connection, make_folder, note_protected
from store.statements import statement
from store.wearer_export import WearerWanted, export_wearer

PARTS: Final = ".parts"
SHORTEST_NAME: Final = 3
"""Letters of a part of a name by which somebody would be known."""

STAFF: Final = re.compile(
    rb'("(?:by_name|holder|closed_by|done_by|kept_by|ended_by|entered_by|recipient|address)":)"(?:[^"\\]|\\.)*"'
)
"""Who of the staff did it, and how others were reached: that it was done, in which role, is told."""

LOOKS: Final = ("at", "role", "signed_in_by", "done", "more", "from", "to", "why")
CONDITIONS: Final = ("id", "order", "kind", "alert_m", "prealert_m", "from", "to")
NEAR: Final = ("id", "kind", "from", "to")


@dataclass(slots=True)
class SubjectAccess:
    """What was written: rows by file, and how many lines were withheld for a protected person's sake."""

    rows: dict[str, int] = field(default_factory=dict)
    withheld: int = 0


def write_subject_access(url: str, folder: Path, wearer: str, made: str, program: str) -> SubjectAccess:
    """Writes the folder anew. Raises ``psycopg.OperationalError`` and ``OSError``."""
    make_folder(folder)
    parts = folder / PARTS
    manifest = export_wearer(url, WearerWanted(parts, wearer, made, program, _all_of_them))
    done = SubjectAccess(withheld=sum(manifest.withheld.values()))
    with connection(url) as conn:
        known_by = _known_by(conn, wearer)
        for file in manifest.files:
            name = file.path.removesuffix(".gz").replace(".ndjson", ".jsonl")
            with gzip.open(parts / file.path, "rb") as lines:
                _write(folder / name, lines, known_by, done, heading=name.endswith(".csv"))
        for name, block, columns in (
            ("looks.csv", "looks_at_wearer", LOOKS),
            ("conditions_near.csv", "conditions_near_of", CONDITIONS),
            ("violations_near.csv", "violations_near_of", NEAR),
        ):
            rows = conn.execute(statement(block), {"wearer": wearer}).fetchall()
            _write(folder / name, _csv(columns, rows), known_by, done, heading=True)
        zones = [
            msgspec.json.encode(row[0]) + b"\n"
            for row in conn.execute(statement("zones_named_for"), {"wearer": wearer})
        ]
        _write(folder / "zones.jsonl", zones, None, done, heading=False)
    shutil.rmtree(parts)
    return done


def _all_of_them(
    t_us: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64], acc: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """A wearer's own points are the wearer's."""
    return np.ones(len(t_us), np.bool_)


def _known_by(conn: Connection, wearer: str) -> re.Pattern[bytes] | None:
    """By what a protected person of this wearer's orders would be known: ids, units, numbers, names and the parts of names."""
    span = {"wearer": wearer, "from_at": "-infinity", "to_at": "infinity"}
    conn.execute(statement("export_of_wearer"), span)
    note_protected(conn)
    words = {row[0] for row in conn.execute(statement("markers_of_victims")).fetchall() if row[0] and row[0].strip()}
    own = {
        part.lower()
        for (name,) in conn.execute(statement("name_of_wearer"), {"wearer": wearer})
        for part in _parts(name)
    }
    words |= {part for word in set(words) for part in _parts(word) if part.lower() not in own}
    digits = {found for word in words if len(found := re.sub(r"\D", "", word)) >= 7}
    either = [rb"(?<!\w)" + re.escape(word.encode()) + rb"(?!\w)" for word in sorted(words, key=len, reverse=True)]
    # However a number is written, its last digits are in it.
    either += [rb"[\s().-]*".join(bytes([one]) for one in number[-9:].encode()) for number in sorted(digits)]
    return re.compile(b"|".join(either), re.IGNORECASE) if either else None


def _parts(name: str | None) -> list[str]:
    """The words of a name; an id or a number is one word."""
    words = re.findall(r"[^\W\d_]+", name or "")
    return [word for word in words if len(word) >= SHORTEST_NAME] if " " in (name or "").strip() else []


def _write(
    path: Path, lines: Iterable[bytes], known_by: re.Pattern[bytes] | None, done: SubjectAccess, *, heading: bool
) -> None:
    rows = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as out:
        for number, line in enumerate(lines):
            if heading and number == 0:
                out.write(line)
            elif known_by is not None and known_by.search(line):
                done.withheld += 1
            else:
                out.write(STAFF.sub(rb'\1"withheld"', line))
                rows += 1
    done.rows[path.name] = rows


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    for row in (columns, *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(["" if one is None else one for one in row])
        yield line.getvalue().replace("\r", " ").encode()
