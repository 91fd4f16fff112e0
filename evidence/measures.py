"""Named measures of enforcement: how long it took, how often within the limit, against targets; by area, organisation, order and wearer.

Clocks, limits and targets are configuration with dates (`shipped/measures.toml`). What leaves here is suppressed (`evidence.suppression`): a row
of fewer than five cases has no figures, and its number cannot be worked out from the others. docs/measures.md says what each figure is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal

import msgspec
import numpy as np

from domain.instants import DAY_US, HOUR_US
from evidence.policy_files import in_force, read_policy
from evidence.suppression import LEAST, hidden_of
from evidence.working_days import WorkingDays

FILE: Final = "measures.toml"
DIMENSIONS: Final = ("area", "organisation", "order_kind", "level", "cohort")
"""By what a measure is told apart; a case has one of each, and any number of cohorts."""
NOT_SAID: Final = "not said"
FAILURE: Final = "failure"
MONTHS: Final = 12


class Unit(StrEnum):
    """In what a measure is told."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    HOURS = "hours"


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A measure from a day on; the file says what each key is. ``within`` None: each case has its own limit, or there is none."""

    id: str
    from_: date
    title: str
    of: Literal["breach", "order"]
    starts: str
    ends: tuple[str, ...]
    unit: Unit
    within: float | None = None
    half_within: float | None = None
    target_share: float | None = None
    target_mean: float | None = None
    published: str | None = None

    def __post_init__(self) -> None:
        if not self.ends:
            raise ValueError("ends must name a step at least")
        if self.target_share is not None and not 0 < self.target_share <= 1:
            raise ValueError("target_share must be over 0 and at most 1, such as 0.9")
        if any(one is not None and one < 0 for one in (self.within, self.half_within, self.target_mean)):
            raise ValueError("within, half_within and target_mean must not be negative")


class MeasuresFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: versions of measures."""

    measure: tuple[Measure, ...]


@lru_cache(maxsize=1)
def shipped_measures() -> MeasuresFile:
    """Those that ship."""
    text = files("evidence").joinpath("shipped", FILE).read_text(encoding="utf-8")
    return read_policy(text, MeasuresFile, f"evidence/shipped/{FILE}")


def measures_on(file: MeasuresFile, day: date) -> list[Measure]:
    """The measures in force on a day, in the order of the file."""
    names = dict.fromkeys(one.id for one in file.measure)
    found = [in_force([one for one in file.measure if one.id == name], day) for name in names]
    return [one for one in found if one is not None]


@dataclass(frozen=True, slots=True)
class Period:
    """A year in its whole months that are over: ``[from_us, to_us)``; ``through`` is the last of them, ``None`` before there is one."""

    year: int
    from_us: int
    to_us: int
    through: str | None


def period_of(days: WorkingDays, year: int, now_us: int) -> Period:
    """The period of a year as of now, by the clock on the wall."""
    today = days.day_of(now_us)
    months = 12 if year < today.year else today.month - 1 if year == today.year else 0
    end = date(year + 1, 1, 1) if months == 12 else date(year, months + 1, 1)
    through = f"{year}-{months:02d}" if months else None
    return Period(year, days.start_us(date(year, 1, 1)), days.start_us(end), through)


def last_year(days: WorkingDays, now_us: int) -> int:
    """The year of the last month that is over."""
    today = days.day_of(now_us)
    return today.year if today.month > 1 else today.year - 1


@dataclass(frozen=True, slots=True)
class Case:
    """A breach, or an order to be fitted: when what happened (``steps``, the first of each), and whose it is by dimension.

    ``limit_h``: its own limit in hours, where the measure has none.
    """

    steps: Mapping[str, int]
    of: Mapping[str, tuple[str, ...]]
    limit_h: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some cases; None where it is not shown, or where there is nothing to tell.

    Attributes
    ----------
    number : cases that began.
    share : of those that are over or overdue, how many ended within the limit, 0 to 1.
    mean, median, p90 : of those that ended, in the measure's unit.
    half : the share that ended within the measure's `half_within`.
    """

    number: int | None
    share: float | None = None
    mean: float | None = None
    median: float | None = None
    p90: float | None = None
    half: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension, or one month (``2026-11``)."""

    value: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure over a year: of all cases, by dimension, and by month."""

    measure: Measure
    all: Figures
    by: dict[str, list[Row]] = field(default_factory=dict)
    months: list[Row] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether every target is met; None where there is none, or no figure to hold against it."""
        wanted = (
            (self.all.share, self.measure.target_share, True),
            (self.all.mean, self.measure.target_mean, False),
            (self.all.half, 0.5 if self.measure.half_within is not None else None, True),
        )
        held = [
            (figure >= target) if least else (figure <= target)
            for figure, target, least in wanted
            if figure is not None and target is not None
        ]
        return all(held) if held else None


@dataclass(frozen=True, slots=True)
class _Timed:
    """A case as a measure sees it: how long it took, or has taken so far."""

    month: str
    took: float | None
    so_far: float
    limit: float | None
    of: Mapping[str, tuple[str, ...]]

    @property
    def decided(self) -> bool:
        return self.took is not None or (self.limit is not None and self.so_far > self.limit)

    @property
    def within(self) -> bool:
        return self.took is not None and self.limit is not None and self.took <= self.limit


def measured(
    measure: Measure, cases: Iterable[Case], year: int, now_us: int, calendar: Callable[[str], WorkingDays]
) -> Measured:
    """A measure of the cases that began in a year, in whole months that are over at ``now_us``.

    ``calendar`` gives the working days of an area.
    """
    timed = [one for case in cases if (one := _timed(measure, case, year, now_us, calendar)) is not None]
    by = {name: _rows(measure, timed, name) for name in DIMENSIONS}
    return Measured(measure, _figures(measure, timed), by, _months(measure, timed, year))


def _timed(
    measure: Measure, case: Case, year: int, now_us: int, calendar: Callable[[str], WorkingDays]
) -> _Timed | None:
    start_us = case.steps.get(measure.starts)
    if start_us is None:
        return None
    days = calendar(next(iter(case.of.get("area", ())), ""))
    day, today = days.day_of(start_us), days.day_of(now_us)
    if day.year != year or (day.year, day.month) >= (today.year, today.month):
        return None
    ends = [case.steps[name] for name in measure.ends if name in case.steps and case.steps[name] >= start_us]
    end_us = min((us for us in ends if us <= now_us), default=None)

    def length(us: int) -> float:
        if measure.unit is Unit.HOURS:
            return (us - start_us) / HOUR_US
        if measure.unit is Unit.WORKING_DAYS:
            return float(days.left(day, days.day_of(us)))
        return (us - start_us) / DAY_US

    limit = measure.within if measure.within is not None else case.limit_h
    took = None if end_us is None else length(end_us)
    so_far = length(now_us) if took is None else took
    return _Timed(f"{day:%Y-%m}", took, so_far, limit, case.of)


def _figures(measure: Measure, timed: Sequence[_Timed], *, hidden: bool = False) -> Figures:
    if hidden or 0 < len(timed) < LEAST:
        return Figures(None)
    decided = [one for one in timed if one.decided and one.limit is not None]
    took = np.array([one.took for one in timed if one.took is not None], np.float64)
    share = sum(one.within for one in decided) / len(decided) if len(decided) >= LEAST else None
    if len(took) < LEAST:
        return Figures(len(timed), share)
    half = None if measure.half_within is None else float((took <= measure.half_within).mean())
    median, p90 = np.percentile(took, [50, 90]).tolist()
    return Figures(len(timed), share, float(took.mean()), median, p90, half)


def _rows(measure: Measure, timed: Sequence[_Timed], dimension: str) -> list[Row]:
    found: dict[str, list[_Timed]] = {}
    for one in timed:
        for value in one.of.get(dimension) or ((NOT_SAID,) if dimension != "cohort" else ()):
            found.setdefault(value, []).append(one)
    return _suppressed(measure, found, sorted(found, key=lambda value: (value == NOT_SAID, value)))


def _months(measure: Measure, timed: Sequence[_Timed], year: int) -> list[Row]:
    found: dict[str, list[_Timed]] = {f"{year}-{month:02d}": [] for month in range(1, MONTHS + 1)}
    for one in timed:
        found[one.month].append(one)
    last = max((one.month for one in timed), default="")
    return _suppressed(measure, found, [month for month in found if month <= last])


def _suppressed(measure: Measure, found: Mapping[str, Sequence[_Timed]], values: Sequence[str]) -> list[Row]:
    hidden, _ = hidden_of([len(found[value]) for value in values])
    return [
        Row(value, _figures(measure, found[value], hidden=gone)) for value, gone in zip(values, hidden, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Count:
    """How often something came out so; None: not shown."""

    value: str
    number: int | None


def counted(values: Mapping[str, int]) -> tuple[list[Count], int | None]:
    """Counts by value and in all, the most first, suppressed."""
    ordered = sorted(values, key=lambda value: (-values[value], value))
    hidden, total = hidden_of([values[value] for value in ordered])
    rows = [Count(value, None if gone else values[value]) for value, gone in zip(ordered, hidden, strict=True)]
    return rows, None if total else sum(values.values())
