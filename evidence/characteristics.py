"""Outcomes by sex, age band and ethnic group: a file read line by line, and tables of counts suppressed before anybody sees them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from domain.errors import BadInput, Fault
from evidence.suppression import LEAST, hidden_in

COLUMNS: Final = ("wearer", "sex", "age_band", "ethnic_group")
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MARKS: Final = "_ / , + & ( ) : -"
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _/,+&():-]{0,39}")
NO_RESULT: Final = "no_result_yet"


class Said(NamedTuple):
    """What a line says of one wearer; None where it is empty."""

    wearer: str
    sex: str | None
    age_band: str | None
    ethnic_group: str | None


def read_characteristics(text: str, file: str) -> list[Said]:
    """The lines of a CSV file with the heading `COLUMNS`: all or nothing. Raises `BadInput` with every fault."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = list(reader)
    except csv.Error as error:
        cause = f"is not CSV ({error}): is a quotation mark not closed?"
        raise BadInput([Fault(file, reader.line_num, "line", cause)]) from None
    if not lines or tuple(lines[0]) != COLUMNS:
        raise BadInput([Fault(file, 1, "heading", f"must be {','.join(COLUMNS)}, with commas between")])
    faults: list[Fault] = []
    found: list[Said] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        told = _faults(cells, seen)
        faults += [Fault(file, number, field, cause) for field, cause in told]
        if not told:
            seen[cells[0]] = number
            found.append(Said(cells[0], *(cell.strip() or None for cell in cells[1:])))
    if faults:
        raise BadInput(faults)
    return found


def _faults(cells: Sequence[str], seen: dict[str, int]) -> list[tuple[str, str]]:
    if len(cells) != len(COLUMNS):
        return [("line", f"has {len(cells)} values; it must have {len(COLUMNS)}")]
    told = [] if _ID.fullmatch(cells[0]) else [("wearer", "is no id: 1 to 64 of A-Z a-z 0-9 _ . : -")]
    if cells[0] in seen:
        told.append(("wearer", f"is on line {seen[cells[0]]} too"))
    for name, cell in zip(COLUMNS[1:], cells[1:], strict=True):
        if cell.strip() and not _WORD.fullmatch(cell.strip()):
            told.append(
                (name, f"is no word of 40 letters, figures, blanks and {_MARKS}; leave it empty if it is not said")
            )
    return told


def tables_of(rows: Iterable[tuple[str, str, str, int]]) -> list[dict[str, Any]]:
    """Tables of (characteristic, value, result, number): values by results with totals; a hidden count is None."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for what, value, result, number in rows:
        found.setdefault(what, {}).setdefault(value, {})[result] = number
    return [_table(what, values) for what, values in sorted(found.items())]


def _table(what: str, values: dict[str, dict[str, int]]) -> dict[str, Any]:
    names = sorted(values)
    results = sorted({result for told in values.values() for result in told}, key=lambda one: (one == NO_RESULT, one))
    counts = [[values[name].get(result, 0) for result in results] for name in names]
    whole = [[*row, sum(row)] for row in counts]
    whole.append([sum(column) for column in zip(*whole, strict=True)])
    hidden = hidden_in(counts)
    shown = [[None if hidden[i, j] else count for j, count in enumerate(row)] for i, row in enumerate(whole)]
    return {"by": what, "values": names, "results": results, "counts": shown, "least": LEAST}
