"""Measures of a year: rows of the database made into suppressed figures, and written as JSON and CSV. No row leaves here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from api.csv_lines import csv_text
from domain.instants import format_instant
from evidence.characteristics import NO_RESULT
from evidence.measures import (
    Case,
    Figures,
    Measure,
    Measured,
    MeasuresFile,
    Period,
    Row,
    counted,
    measured,
    measures_on,
    period_of,
)
from evidence.routes import Routes
from evidence.suppression import LEAST, hidden_of
from evidence.working_days import WorkingDays
from store.measures import CaseRow, HeldRow, Measures, Published

Json = dict[str, Any]

FIGURES: Final = ("number", "share", "mean", "median", "p90", "half")
CSV_COLUMNS: Final = ("year", "measure", "by", "value", *FIGURES, "unit")
DEFAULT_FIT_H: Final = 72.0
"""Of an order that names no limit for its fitting (rules.md 7)."""


async def gathered(tables: Measures, routes: Routes, file: MeasuresFile, year: int, now_us: int) -> Json:
    """`measure_shapes.MeasuresOfYear`."""
    default = routes.calendar()
    period = period_of(default, year, now_us)
    # A case is made after the failure that it begins with: those of this year may be made in the next.
    breaches = await tables.breaches(period.from_us, max(period.to_us, now_us), now_us)
    orders = await tables.orders(period.from_us, period.to_us, now_us, DEFAULT_FIT_H)
    held = await tables.held(period.from_us, period.to_us)
    published = await tables.published(year)
    calendar = _calendars(routes, await tables.areas())
    rows = {"breach": breaches, "order": orders}
    found = [
        measured(one, map(_case, rows[one.of]), year, now_us, calendar)
        for one in measures_on(file, default.day_of(max(period.from_us, period.to_us - 1)))
    ]
    made = [row for row in breaches if period.from_us <= _made(row) < period.to_us]
    return _body(period, now_us, found, made, held, published)


def _made(row: CaseRow) -> int:
    return row.steps.get("identified", row.steps.get("failure", 0))


def _calendars(routes: Routes, parents: dict[str, str | None]) -> Callable[[str], WorkingDays]:
    def of(area: str) -> WorkingDays:
        chain: list[str] = []
        above: str | None = area
        while above and above not in chain:
            chain.append(above)
            above = parents.get(above)
        return routes.calendar(chain)

    return of


def _case(row: CaseRow) -> Case:
    single = {"area": row.area, "organisation": row.organisation, "order_kind": row.order_kind, "level": row.level}
    of = {name: (value,) for name, value in single.items() if value} | {"cohort": row.cohorts}
    return Case(row.steps, of, row.limit_h)


def _body(
    period: Period,
    now_us: int,
    found: Sequence[Measured],
    made: Sequence[CaseRow],
    held: Sequence[HeldRow],
    published: Published | None,
) -> Json:
    outcomes, in_all = counted(Counter(row.result or NO_RESULT for row in made))
    told = None
    if published is not None:
        told = {"made": format_instant(published.made_us), "tables": published.told["tables"]}
    return {
        "year": period.year,
        "through": period.through,
        "at": format_instant(now_us),
        "least": LEAST,
        "measures": [_measure(one) for one in found],
        "outcomes": [{"result": one.value, "number": one.number} for one in outcomes],
        "outcomes_all": in_all,
        "precision": _precision(held),
        "statistics": told,
    }


def _measure(one: Measured) -> Json:
    measure: Measure = one.measure
    told = {name: getattr(measure, name) for name in ("id", "title", "starts", "within", "half_within")}
    told |= {name: getattr(measure, name) for name in ("target_share", "target_mean", "published")}
    return told | {
        "unit": measure.unit.value,
        "ends": list(measure.ends),
        "holds_from": measure.from_.isoformat(),
        "met": one.met,
        "all": _figures(one.all),
        "by": [{"by": name, "rows": _rows(rows)} for name, rows in one.by.items() if rows],
        "months": _rows(one.months),
    }


def _rows(rows: Iterable[Row]) -> list[Json]:
    return [{"value": row.value} | _figures(row.figures) for row in rows]


def _figures(figures: Figures) -> Json:
    told: Json = {"number": figures.number}
    for name in FIGURES[1:]:
        value = getattr(figures, name)
        told[name] = None if value is None else round(value, 3)
    return told


def _precision(held: Sequence[HeldRow]) -> list[Json]:
    hidden, _ = hidden_of([row.number for row in held])
    told = []
    for row, gone in zip(held, hidden, strict=True):
        few = gone or 0 < row.held < LEAST or 0 < row.number - row.held < LEAST
        told.append(
            {
                "kind": row.kind,
                "number": None if gone else row.number,
                "held": None if few else row.held,
                "precision": None if few else round(row.held / row.number, 3),
            }
        )
    return told


def csv_of(told: Json) -> bytes:
    """A line a figure: of all, by dimension, by month; then outcomes and the precision of each kind of alert."""
    return csv_text(CSV_COLUMNS, _lines(told))


def _lines(told: Json) -> Iterable[list[object]]:
    year = told["year"]
    for one in told["measures"]:
        rows = [("all", "", one["all"])]
        rows += [(by["by"], row["value"], row) for by in one["by"] for row in by["rows"]]
        rows += [("month", row["value"], row) for row in one["months"]]
        for by, value, row in rows:
            yield [year, one["id"], by, value, *(row[name] for name in FIGURES), one["unit"]]
    blank = [None] * (len(FIGURES) - 1)
    for row in told["outcomes"]:
        yield [year, "outcomes", "result", row["result"], row["number"], *blank, "cases"]
    for row in told["precision"]:
        yield [year, "precision", "kind", row["kind"], row["number"], row["precision"], *blank[1:], "alerts"]
    for table in (told["statistics"] or {"tables": []})["tables"]:
        for value, counts in zip([*table["values"], "all"], table["counts"], strict=True):
            for result, number in zip([*table["results"], "all"], counts, strict=True):
                yield [year, f"outcomes_by_{table['by']}", value, result, number, *blank, "cases"]
