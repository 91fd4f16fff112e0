"""The week of a person as one line of seven days: what is enforced when, drawn to its true length, and the same as a table.

A day on which clocks change is 23 or 25 hours wide, so a night of 13 hours looks like one. Pure: instants in, figures out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api.console.rendering import LONDON, clock, day, instant
from api.console.timelines import midnight, next_midnight

DAYS: Final = 7
WIDTH: Final = 1000.0
"""Of the whole line, in the drawing's units."""
LABEL_WIDTH: Final = 56.0
"""A bar that is narrower has no room for its times."""
QUARTERS: Final = (6, 12, 18)
WHY_NOT: Final = {"absence": "authorised absence", "suspension": "order suspended"}
FORWARD, BACK = "clocks go forward, 23 hours", "clocks go back, 25 hours"


@dataclass(frozen=True, slots=True)
class Column:
    """A local day: where it lies, what it is called, and what its clocks do. ``ticks`` are at 6, 12 and 18 o'clock."""

    x: float
    width: float
    at: datetime
    hours: int
    ticks: tuple[tuple[float, str], ...]

    @property
    def change(self) -> str | None:
        """What the clocks do in it; None on most days."""
        return {23: FORWARD, 25: BACK}.get(self.hours)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a condition, as told by ``times``. ``why_not`` says why it is not enforced; None when it is. ``whole``: all of the week."""

    x: float
    width: float
    start: datetime
    end: datetime
    times: str
    why_not: str | None
    whole: bool

    @property
    def enforced(self) -> bool:
        return self.why_not is None

    @property
    def has_room(self) -> bool:
        """Whether its times can be written in it."""
        return self.width >= LABEL_WIDTH

    @property
    def length(self) -> str:
        """How long it really is."""
        return length(self.start, self.end)

    @property
    def words(self) -> str:
        """The same as a sentence, for who does not see the drawing."""
        said = "enforced" if self.why_not is None else f"not enforced: {self.why_not}"
        if self.whole:
            return f"All week, {said}"
        return f"{day(self.start)} {clock(self.start)} to {day(self.end)} {clock(self.end)}, {length(self.start, self.end)}, {said}"


@dataclass(frozen=True, slots=True)
class Row:
    """A condition, by its name, and its bars."""

    condition: str
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, the rows, and where now is."""

    start: datetime
    end: datetime
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    now_x: float | None

    @property
    def changes(self) -> list[Column]:
        """The days whose clocks change."""
        return [column for column in self.columns if column.change]


def week_of(now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of today to that of the day seven days on, by the centre's clock."""
    start = end = midnight(now)
    for _ in range(DAYS):
        end = next_midnight(end)
    return start, end


def day_starts(start: datetime, end: datetime) -> list[datetime]:
    """The local midnights in ``[start, end)``; ``start`` is one."""
    found = []
    while start < end:
        found.append(start)
        start = next_midnight(start)
    return found


def week(now: datetime, names: Mapping[str, str], windows: Iterable[Mapping[str, Any]]) -> Week:
    """The week from today on. ``windows`` are answers of `GET /conditions/{id}/windows`, ``names`` what their conditions are called."""
    start, end = week_of(now)
    rows = tuple(_row(names, one, start, end) for one in windows)
    return Week(start, end, _columns(start, end), rows, _x(now, start, end) if start <= now < end else None)


def length(start: datetime, end: datetime) -> str:
    """``12 h``, ``13 h``, ``7 h 30 min``: how long it really is."""
    hours, minutes = divmod(round((end - start) / timedelta(minutes=1)), 60)
    if not minutes:
        return f"{hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _times(begins: datetime, ends: datetime, start: datetime, end: datetime) -> str:
    """``19–07``, ``19:30–07``: whole hours without their zeros, as room is little; with its days what is longer than one."""
    if begins <= start and ends >= end:
        return "always"
    if ends - begins <= timedelta(days=1):
        return f"{_short(begins)}–{_short(ends)}"
    if begins <= start:
        return f"until {_on(ends)}"
    return f"from {_on(begins)}" if ends >= end else f"{_on(begins)}–{_on(ends)}"


def _short(at: datetime) -> str:
    return clock(at).removesuffix(":00")


def _on(at: datetime) -> str:
    return f"{day(at).partition(' ')[0]} {clock(at)}"


def _x(at: datetime, start: datetime, end: datetime) -> float:
    return round(WIDTH * ((at - start) / (end - start)), 2)


def _columns(start: datetime, end: datetime) -> tuple[Column, ...]:
    return tuple(_column(one, next_midnight(one), start, end) for one in day_starts(start, end))


def _column(start: datetime, after: datetime, first: datetime, end: datetime) -> Column:
    local = start.astimezone(LONDON)
    ticks = []
    for hour in QUARTERS:
        at = local.replace(hour=hour)
        ticks.append((_x(at, first, end), f"{hour:02d}"))
    x = _x(start, first, end)
    return Column(
        x, round(_x(after, first, end) - x, 2), start, round((after - start) / timedelta(hours=1)), tuple(ticks)
    )


def _row(names: Mapping[str, str], told: Mapping[str, Any], start: datetime, end: datetime) -> Row:
    bars = [_bar(one, start, end) for one in told["timeline"]]
    return Row(told["condition"], names[told["condition"]], tuple(bars))


def _bar(one: Mapping[str, Any], start: datetime, end: datetime) -> Bar:
    begins, ends = instant(one["from"]), instant(one["to"])
    low, high = max(begins, start), min(ends, end)
    x = _x(low, start, end)
    why_not = None if one["enforced"] else why(one["by"])
    times = _times(begins, ends, start, end)
    width = round(_x(high, start, end) - x, 2)
    return Bar(x, width, begins, ends, times, why_not, begins <= start and ends >= end)


def why(by: Sequence[str]) -> str:
    """What keeps a stretch from being enforced, in words."""
    words = dict.fromkeys(WHY_NOT.get(name.partition(":")[0], name) for name in by)
    return " and ".join(words) or "not in force"
