"""Stretches of instants as days of the centre's wall calendar, each drawn to its own length: 23 or 25 hours when clocks change.

A row of `Day` is a picture and the same in words, so nobody must read one to know the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.console.rendering import LONDON, clock, instant

DAY_MINUTES: Final = 24 * 60
LONGEST_MINUTES: Final = 25 * 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one instant to another: ``sort`` is how it is drawn (`on`, `off`, `new`), ``words`` what it means."""

    start: datetime
    end: datetime
    sort: str
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """What of a stretch lies in one day: minutes since its beginning, and the times that the clocks then show."""

    at: int
    minutes: int
    sort: str
    words: str
    times: str
    length: str


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of ``minutes``; ``change`` says what the clocks do in it."""

    start: datetime
    minutes: int
    parts: tuple[Part, ...]
    change: str | None

    @property
    def ticks(self) -> range:
        """Every sixth hour of it, in minutes."""
        return range(360, self.minutes, 360)


def midnight(at: str | datetime) -> datetime:
    """The beginning of the local day."""
    here = instant(at).astimezone(LONDON)
    return datetime(here.year, here.month, here.day, tzinfo=LONDON).astimezone(UTC)


def next_midnight(at: datetime) -> datetime:
    """The beginning of the local day after."""
    return midnight(midnight(at) + timedelta(hours=36))


def stretch(item: dict[str, str], sort: str, words: str) -> Stretch:
    """A stretch of what the API tells as `from` and `to`."""
    return Stretch(instant(item["from"]), instant(item["to"]), sort, words)


def days_of(stretches: Iterable[Stretch], first: datetime, last: datetime) -> list[Day]:
    """The days that touch ``[first, last)``, each with its parts."""
    found, start = list(stretches), midnight(first)
    days = []
    while start < last:
        end = next_midnight(start)
        days.append(_day(start, end, [one for one in found if one.start < end and one.end > start]))
        start = end
    return days


def widest(days: Sequence[Day]) -> int:
    """The minutes of the longest day, which all are drawn to the scale of."""
    return max((day.minutes for day in days), default=DAY_MINUTES)


def clock_changes(first: datetime, last: datetime) -> list[datetime]:
    """The beginnings of local days in ``[first, last)`` that have not 24 hours."""
    found, start = [], midnight(first)
    while start < last:
        end = next_midnight(start)
        if end - start != timedelta(days=1):
            found.append(start)
        start = end
    return found


def _day(start: datetime, end: datetime, stretches: list[Stretch]) -> Day:
    minutes = _minutes(end - start)
    change = None
    if minutes > DAY_MINUTES:
        change = "25 hours: clocks go back"
    elif minutes < DAY_MINUTES:
        change = "23 hours: clocks go forward"
    return Day(
        start, minutes, tuple(_part(one, start, end) for one in sorted(stretches, key=lambda one: one.start)), change
    )


def _part(one: Stretch, start: datetime, end: datetime) -> Part:
    low, high = max(one.start, start), min(one.end, end)
    to = "24:00" if high == end else clock(high)
    minutes = _minutes(high - low)
    whole = one.start <= start and one.end >= end
    times = "all day" if whole else f"{clock(low)} to {to}"
    return Part(_minutes(low - start), minutes, one.sort, one.words, times, _length(high - low))


def _length(span: timedelta) -> str:
    hours, minutes = divmod(_minutes(span), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
