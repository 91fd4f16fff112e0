"""A batch of crimes as a CSV file: one row a crime, a result for each, and what makes the whole file unreadable. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.errors import BailiwickError
from evidence.crimes import COLUMNS, MUST, Crime, Wrong, read_crime

MOST_BYTES: Final = 1 << 20
MOST_ROWS: Final = 5_000
LONGEST_FIELD: Final = 1_000
SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "upright strokes"}
ROW: Final = "row"
"""The field of what is wrong with a row as a whole."""


class UnreadableBatch(BailiwickError):
    """Nothing of a file can be taken; its words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file, by its line; ``crime`` None: ``wrong`` says why."""

    line: int
    force: str
    reference: str
    crime: Crime | None
    wrong: tuple[Wrong, ...] = ()


class _Read(NamedTuple):
    line: int
    fields: list[str]


def read_batch(body: bytes, forces: Collection[str], now_us: int) -> list[Row]:
    """Every row, right or wrong. Raises `UnreadableBatch` for a file of which no row can be told."""
    lines = _lines(_text(body))
    header = next(lines, None)
    if header is None:
        raise UnreadableBatch(f"the file is empty: its first line must name the columns: {', '.join(COLUMNS)}")
    columns = _header(header.fields)
    rows: list[Row] = []
    seen: dict[tuple[str, str], Row] = {}
    for read in lines:
        if not any(field.strip() for field in read.fields):
            continue
        if len(rows) == MOST_ROWS:
            raise UnreadableBatch(f"the file has more than {MOST_ROWS} rows: send it in parts")
        rows.append(_once(_row(read, columns, forces, now_us), seen))
    if not rows:
        raise UnreadableBatch("the file has no row under its header")
    return rows


def _text(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        raise UnreadableBatch(f"the file has more than {MOST_BYTES} bytes: send it in parts")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise UnreadableBatch(f"line {line} is not UTF-8: save the file as CSV UTF-8") from None
    if "\0" in text:
        raise UnreadableBatch(
            f"line {text[: text.index(chr(0))].count(chr(10)) + 1} holds a NUL: save the file as CSV UTF-8"
        )
    return text


def _lines(text: str) -> Iterator[_Read]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableBatch(f"line {begins} is not CSV ({error}): is a quotation mark not closed?") from None
        yield _Read(begins, fields)
        begins = reader.line_num + 1


def _header(fields: list[str]) -> list[str]:
    names = [field.strip().lower() for field in fields]
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in MUST if name not in names]
    if len(missing) == len(MUST):
        _parted_otherwise(fields)
        raise UnreadableBatch(f"the first line does not name the columns: put {', '.join(COLUMNS)} above the rows")
    if unknown:
        raise UnreadableBatch(
            f"column {_shown(unknown[0])} is not known: rename it or take it out; known are {', '.join(COLUMNS)}"
        )
    if missing:
        raise UnreadableBatch(f"column `{missing[0]}` is missing; there must be {', '.join(MUST)} and a place")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnreadableBatch(f"column `{twice}` is there twice")
    if not {"grid"} <= set(names) and not {"easting", "northing"} <= set(names) and not {"lat", "lon"} <= set(names):
        raise UnreadableBatch("no column gives the place: have `grid`, or `easting` and `northing`, or `lat` and `lon`")
    return names


def _parted_otherwise(fields: list[str]) -> None:
    """What a spreadsheet makes of a CSV file by its own settings."""
    line = fields[0] if fields else ""
    if line.lower().startswith("sep="):
        raise UnreadableBatch("the first line is `sep=`, which spreadsheets alone read: take it out")
    for mark, word in SEPARATORS.items():
        if set(MUST) & {name.strip().lower() for name in line.split(mark)}:
            raise UnreadableBatch(f"the columns are parted by {word}: save the file with commas between them")


def _shown(name: str) -> str:
    return f"`{name[:40]}`" if name.isprintable() and name else "without a name"


def _row(read: _Read, columns: list[str], forces: Collection[str], now_us: int) -> Row:
    texts = dict(zip(columns, read.fields, strict=False))
    named = texts.get("force", "").strip()[:64], texts.get("reference", "").strip()[:64]
    if len(read.fields) != len(columns):
        cause = f"has {len(read.fields)} fields under {len(columns)} columns: is a comma missing, or one too many?"
        return Row(read.line, *named, None, (Wrong(ROW, cause),))
    long = [name for name, text in texts.items() if len(text) > LONGEST_FIELD]
    if long:
        return Row(read.line, *named, None, (Wrong(long[0], f"is longer than {LONGEST_FIELD} characters"),))
    found = read_crime(texts, forces, now_us)
    if isinstance(found, Crime):
        return Row(read.line, *named, found)
    return Row(read.line, *named, None, tuple(found))


def _once(row: Row, seen: dict[tuple[str, str], Row]) -> Row:
    """A second row about the same crime that says another thing: which is right is not ours to say."""
    if row.crime is None:
        return row
    before = seen.setdefault((row.force, row.reference), row)
    if before is row or before.crime == row.crime:
        return row
    cause = f"is in line {before.line} already, with other words: which is right? Send the right one by itself"
    return Row(row.line, row.force, row.reference, None, (Wrong("reference", cause),))
