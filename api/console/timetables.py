"""The rows of a timetable as they stand in a form: added, copied and taken out by its buttons, and read as the API takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.console.typed import Form

DAYS: Final = (
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
)
MOST_ROWS: Final = 100
"""In a form; the API takes more."""
ROW: Final = "row"
ROWS: Final = "rows"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as typed."""

    day: str = ""
    start: str = ""
    end: str = ""

    @property
    def empty(self) -> bool:
        return not (self.start or self.end)


def rows_of(form: Form) -> list[Row]:
    """The rows of a form, in its order."""
    numbers = sorted(int(name.split("-")[1]) for name in form.values if _is_row(name))
    return [Row(*(form[f"{ROW}-{n}-{part}"].strip() for part in ("day", "start", "end"))) for n in numbers[:MOST_ROWS]]


def rows_of_record(timetable: Sequence[Mapping[str, str]] | None) -> list[Row]:
    """The rows of a record, by day and start; one empty row of none."""
    order = [day for day, _ in DAYS]
    found = [Row(row["day"], row["start"], row["end"]) for row in timetable or ()]
    return sorted(found, key=lambda row: (order.index(row.day), row.start)) or [Row()]


def changed(rows: list[Row], do: str) -> list[Row] | None:
    """The rows after a button of theirs (`more`, `copy-N`, `drop-N`); None for another button."""
    what, _, number = do.partition("-")
    at = int(number) if number.isdigit() and int(number) < len(rows) else None
    if what == "more":
        return [*rows, Row()][:MOST_ROWS]
    if what == "drop" and at is not None:
        return [row for n, row in enumerate(rows) if n != at] or [Row()]
    if what == "copy" and at is not None:
        one = rows[at]
        kept = [row for row in rows if not row.empty]
        more = [Row(day, one.start, one.end) for day, _ in DAYS]
        return sorted({*kept, *more} - {Row()}, key=_by_day)
    return None


def timetable_of(form: Form, rows: Sequence[Row], *, needed: bool) -> list[dict[str, str]] | None:
    """The rows as the API takes them, empty ones left out; what is half typed is told at its row."""
    found = []
    for n, row in enumerate(rows):
        if row.empty:
            continue
        missing = [
            words for words, text in (("a day", row.day), ("a start", row.start), ("an end", row.end)) if not text
        ]
        if missing:
            form.fault(f"{ROW}-{n}", f"Row {n + 1} needs {' and '.join(missing)}")
        found.append({"day": row.day, "start": _time(row.start), "end": _time(row.end)})
    if needed and not found:
        form.fault(ROWS, "Enter at least one row")
    return found or None


def fields(rows: Sequence[Row], key: str) -> dict[str, str]:
    """The API's fields of the rows that are not empty, as those of the form."""
    numbers = [n for n, row in enumerate(rows) if not row.empty]
    return {f"{key}[{k}]": f"{ROW}-{n}" for k, n in enumerate(numbers)} | {key: ROWS}


def anchors(rows: Sequence[Row]) -> dict[str, str]:
    """The inputs that the error summary leads to."""
    return {f"{ROW}-{n}": f"{ROW}-{n}-start" for n in range(len(rows))} | {ROWS: f"{ROW}-0-start"}


def _is_row(name: str) -> bool:
    parts = name.split("-")
    return len(parts) == 3 and parts[0] == ROW and parts[1].isdigit() and parts[2] == "start"


def _time(text: str) -> str:
    """``7:30`` and ``0730`` as ``07:30``, ``17`` as ``17:00``; what is no time is left for the API to refuse."""
    plain = text.replace(".", ":")
    if plain.isdigit() and len(plain) < 3:
        plain = f"{plain}:00"
    if plain.isdigit() and len(plain) in (3, 4):
        plain = f"{plain[:-2]}:{plain[-2:]}"
    hours, colon, rest = plain.partition(":")
    return f"{hours.zfill(2)}:{rest}" if colon and hours.isdigit() else plain


def _by_day(row: Row) -> tuple[int, str, str]:
    order: dict[str, int] = {day: n for n, (day, _) in enumerate(DAYS)}
    return order.get(row.day, len(order)), row.start, row.end
