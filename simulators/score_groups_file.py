"""The file of `score --groups`: wearers and what they are, as CSV with a heading or as NDJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from domain.errors import BadInput, Fault
from simulators.score_lines import BOM, BadLine, Lines, located, opened

Groups: TypeAlias = Mapping[str, Mapping[str, str]]
"""Wearer to group words: what is told apart, to what the wearer is."""
WEARER: Final = "wearer"


def read_groups(path: Path) -> dict[str, dict[str, str]]:
    """Wearer to words: CSV with a heading in which one column is `wearer`, or NDJSON.

    Raises `BadInput` with line and cause, also of a wearer who stands there twice.
    """
    with opened(path) as file:
        held = file.read()
    first = held[:256].removeprefix(BOM).lstrip()
    return _of_ndjson(path, held) if first.startswith(b"{") else _of_csv(path, held)


def word_of(value: str | float | bool) -> str:
    """A value as a group's word."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _of_ndjson(path: Path, held: bytes) -> dict[str, dict[str, str]]:
    lines, found = Lines(path, held=held), {}
    decode = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode
    for text in lines:
        try:
            line = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise located(lines, BadLine("line", f"not an object of words: {error}")) from None
        except RecursionError:
            raise located(lines, BadLine("line", "not an object of words: too many brackets in each other")) from None
        wearer = line.pop(WEARER, None)
        if not isinstance(wearer, str) or not wearer:
            raise located(lines, BadLine(WEARER, "missing, or not a name"))
        if wearer in found:
            raise located(lines, BadLine(WEARER, f"{wearer} stands on a line before this one"))
        if not all(name.strip() for name in line):
            raise located(lines, BadLine("line", "a key without a name"))
        found[wearer] = {name: word_of(value) for name, value in line.items() if value is not None}
    return found


def _of_csv(path: Path, held: bytes) -> dict[str, dict[str, str]]:
    def bad(number: int, field: str, cause: str) -> BadInput:
        return BadInput([Fault(str(path), max(1, number), field, cause)])

    rows = csv.reader(io.StringIO(_text_of(path, held), newline=""))
    found: dict[str, dict[str, str]] = {}
    try:
        heading = [name.strip() for name in next(rows, [])]
        _check_heading(path, heading)
        at = heading.index(WEARER)
        for row in rows:
            if not row:
                continue
            if len(row) != len(heading):
                raise bad(rows.line_num, "line", f"{len(row)} values under {len(heading)} names")
            values = [value.strip() for value in row]
            wearer = values[at]
            if not wearer:
                raise bad(rows.line_num, WEARER, "missing: each line is of a wearer")
            if wearer in found:
                raise bad(rows.line_num, WEARER, f"{wearer} stands on a line before this one")
            found[wearer] = {n: word for n, word in zip(heading, values, strict=True) if word and n != WEARER}
    except csv.Error as error:
        raise bad(rows.line_num, "line", f"not CSV: {error}") from None
    return found


def _check_heading(path: Path, heading: list[str]) -> None:
    cause = None
    if WEARER not in heading:
        cause = (WEARER, "no column of this name in the heading")
    elif not all(heading):
        cause = ("line", f"column {heading.index('') + 1} of the heading has no name")
    elif len(set(heading)) < len(heading):
        twice = next(name for n, name in enumerate(heading) if name in heading[:n])
        cause = (twice, "two columns of this name in the heading")
    if cause is not None:
        raise BadInput([Fault(str(path), 1, *cause)])


def _text_of(path: Path, held: bytes) -> str:
    """The file as text, with the ends of its lines. Raises `BadInput` for the first line that is not UTF-8."""
    found = held.removeprefix(BOM)
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        number = found.count(b"\n", 0, error.start) + 1
        raise BadInput([Fault(str(path), number, "line", f"not UTF-8: {error.reason}")]) from None
