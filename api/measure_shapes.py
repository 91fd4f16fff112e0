"""The JSON of measures (docs/measures.md). Null where a figure is not shown, or where there is none; shares from 0 to 1."""

from __future__ import annotations

from pydantic import Field

from api.shapes import Shape
from evidence.measures import Unit


class MeasureFigures(Shape):
    """Of some cases. `number` null: fewer than five, or hidden so that those cannot be worked out."""

    number: int | None
    share: float | None
    mean: float | None
    median: float | None
    p90: float | None
    half: float | None


class MeasureRow(MeasureFigures):
    """The same, of one value."""

    value: str


class MeasureBy(Shape):
    """A measure by `area`, `organisation`, `order_kind`, `level` or `cohort`."""

    by: str
    rows: list[MeasureRow]


class OneMeasure(Shape):
    """A named measure over a year, with its clock and its targets. `met` null: no target, or nothing to hold against it."""

    id: str
    title: str
    unit: Unit
    starts: str
    ends: list[str]
    within: float | None
    half_within: float | None
    target_share: float | None
    target_mean: float | None
    published: str | None
    holds_from: str
    met: bool | None
    all: MeasureFigures
    by: list[MeasureBy]
    months: list[MeasureRow]


class OutcomeCount(Shape):
    """How many cases ended so; null: not shown."""

    result: str
    number: int | None


class KindPrecision(Shape):
    """Of alerts of a kind, closed in the year: how many held, of how many. Null: not shown."""

    kind: str
    number: int | None
    held: int | None
    precision: float | None


class StatisticsTable(Shape):
    """Results of breach cases by a characteristic: rows are `values`, columns `results`, the totals last in both. Null: not shown."""

    by: str
    values: list[str]
    results: list[str]
    counts: list[list[int | None]]
    least: int


class Statistics(Shape):
    """What the statistics job wrote last."""

    made: str
    tables: list[StatisticsTable]


class MeasuresOfYear(Shape):
    """Every measure of a year, in its whole months that are over. Fewer than `least` are not shown."""

    year: int
    through: str | None = Field(description="The last whole month, such as 2026-10; null before the first is over")
    at: str
    least: int
    measures: list[OneMeasure]
    outcomes: list[OutcomeCount]
    outcomes_all: int | None
    precision: list[KindPrecision]
    statistics: Statistics | None
