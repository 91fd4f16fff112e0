"""Windows against what is held of the wearer, one row a local day: a day of 23 or 25 hours is drawn as long as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.instants import FAR_US, HOUR_US
from evidence.content import Kept, Seen, Span
from evidence.document import svg
from evidence.document.times import length, local_day, midnight_us, next_midnight_us
from geofence.intervals import clipped, length_us
from geofence.wallclock import Zone

WIDTH_MM: Final = 174.0
LEFT_MM: Final = 27.0
HOUR_MM: Final = 5.5
ROW_MM: Final = 5.6
BAR_MM: Final = 2.5
HEAD_MM: Final = 5.0
KEY_MM: Final = 7.0
DAYS_A_FIGURE: Final = 35
NUMBER_MM: Final = 5.0
"""Room that the number of a violation needs beside the one before it."""
INKS: Final = {Seen.PRESENT: "#9fcfb3", Seen.ABSENT: "#942514", Seen.UNKNOWN: svg.PAPER}

Cut = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Marked:
    """A violation relied on, to be marked under its row: its section's number and when it was."""

    number: str
    span: Span


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a condition: its windows, and what is held of them."""

    from_us: int
    to_us: int
    name: str
    windows: tuple[Cut, ...]
    excused: tuple[Cut, ...]
    seen: tuple[tuple[Cut, Seen], ...]

    def lasted(self, seen: Seen) -> int:
        """Microseconds of that in the day's windows, less what was excused."""
        return sum(b - a - length_us(clipped(self.excused, a, b)) for (a, b), kind in self.seen if kind is seen)


def days_of(kept: Kept, covers: Span, zone: Zone) -> list[Day]:
    """The local days that have a window, in order, from the beginning of what the pack covers to its end."""
    end_us = covers.to_us if covers.to_us is not None else _last_us(kept)
    days = []
    at_us = midnight_us(covers.from_us, zone)
    while at_us < end_us:
        next_us = next_midnight_us(at_us, zone)
        windows = clipped(_cuts(kept.windows), max(at_us, covers.from_us), min(next_us, end_us))
        if windows:
            excused = tuple(clipped(_cuts(kept.excused), at_us, next_us))
            seen = tuple(
                ((max(s.from_us, at_us), min(s.to_us, next_us)), s.seen)
                for s in kept.seen
                if s.from_us < next_us and s.to_us > at_us
            )
            days.append(Day(at_us, next_us, local_day(at_us, zone), tuple(windows), excused, seen))
        at_us = next_us
    return days


def figure_of(days: Sequence[Day], marked: Sequence[Marked]) -> tuple[str, float]:
    """The drawing of some days, and its height in millimetres."""
    height = HEAD_MM + ROW_MM * len(days) + KEY_MM
    parts = [*_head(len(days), max(day.to_us - day.from_us for day in days))]
    for row, day in enumerate(days):
        parts += _row(day, HEAD_MM + ROW_MM * row, marked)
    parts += _key(HEAD_MM + ROW_MM * len(days) + 4.6)
    return svg.drawing(WIDTH_MM, height, parts), height


def words_of(day: Day) -> tuple[str, str, str, str, str]:
    """Hours of windows, at the place, away, not known, excused."""
    lasted = (
        length_us(day.windows),
        *(day.lasted(seen) for seen in (Seen.PRESENT, Seen.ABSENT, Seen.UNKNOWN)),
        length_us(day.excused),
    )
    window, present, absent, unknown, excused = (length(us) if us else "–" for us in lasted)
    return window, present, absent, unknown, excused


def _cuts(spans: Sequence[Span]) -> list[Cut]:
    return [(span.from_us, FAR_US if span.to_us is None else span.to_us) for span in spans]


def _last_us(kept: Kept) -> int:
    """Where the pack covers an open time: the end of what is held."""
    return max((span.to_us for span in kept.seen), default=0)


def _head(rows: int, longest_us: int) -> Iterator[str]:
    for hour in range(0, longest_us // HOUR_US + 1, 3):
        x = LEFT_MM + hour * HOUR_MM
        yield svg.line(x, HEAD_MM - 0.6, x, HEAD_MM + ROW_MM * rows, stroke=svg.PALE, pen=0.1)
        if hour % 6 == 0:
            yield svg.text(x, HEAD_MM - 1.5, f"{hour:02d}:00", size=2.4, anchor="middle", fill=svg.GREY)


def _row(day: Day, top: float, marked: Sequence[Marked]) -> Iterator[str]:
    def x(at_us: int) -> float:
        return LEFT_MM + (at_us - day.from_us) / HOUR_US * HOUR_MM

    bar = top + 0.5
    yield svg.text(0.5, bar + 2.2, day.name, size=2.5)
    hours = (day.to_us - day.from_us) // HOUR_US
    if hours != 24:
        yield svg.text(x(day.to_us) + 1.0, bar + 2.2, f"{hours} h", size=2.3, fill=svg.GREY)
    yield svg.line(LEFT_MM, bar + BAR_MM, x(day.to_us), bar + BAR_MM, stroke=svg.PALE, pen=0.1)
    for (start, end), seen in day.seen:
        yield from _stretch(x(start), x(end), bar, seen)
    for start, end in day.excused:
        yield svg.rect(x(start), bar, x(end) - x(start), BAR_MM, fill=svg.PAPER)
        yield svg.line(
            x(start), bar + BAR_MM / 2, x(end), bar + BAR_MM / 2, stroke=svg.GREY, pen=0.25, dashes="0.4 0.6"
        )
    for start, end in day.windows:
        yield svg.rect(x(start), bar, x(end) - x(start), BAR_MM, stroke=svg.INK, pen=0.18)
    yield from _marks(day, bar + BAR_MM, marked, x)


def _marks(day: Day, y: float, marked: Sequence[Marked], x: Callable[[int], float]) -> Iterator[str]:
    """A bar under each violation relied on, and its number where it does not run into the one before."""
    free = 0.0
    for mark in marked:
        start, end = mark.span.from_us, day.to_us if mark.span.to_us is None else mark.span.to_us
        if start < day.to_us and end > day.from_us:
            left, right = x(max(start, day.from_us)), x(min(end, day.to_us))
            yield svg.rect(left, y + 0.25, max(right - left, 0.4), 0.5, fill=svg.INK)
            if left >= free:
                yield svg.text(left, y + 2.35, mark.number, size=1.9)
                free = left + NUMBER_MM


def _stretch(left: float, right: float, top: float, seen: Seen) -> Iterator[str]:
    yield svg.rect(left, top, right - left, BAR_MM, fill=INKS[seen])
    if seen is Seen.UNKNOWN:
        x = left
        while x < right:
            run = min(BAR_MM, right - x)
            yield svg.line(x, top + BAR_MM, x + run, top + BAR_MM - run, stroke=svg.GREY, pen=0.12)
            x += 1.2


def _key(y: float) -> Iterator[str]:
    x = LEFT_MM
    for seen, words in ((Seen.PRESENT, "as required"), (Seen.ABSENT, "not as required"), (Seen.UNKNOWN, "not known")):
        yield from _stretch(x, x + 6, y - 2.0, seen)
        yield svg.rect(x, y - 2.0, 6, BAR_MM, stroke=svg.INK, pen=0.18)
        yield svg.text(x + 7.2, y, words, size=2.4)
        x += 12 + len(words) * 1.4
    yield svg.rect(x, y - 2.0, 6, BAR_MM, stroke=svg.INK, pen=0.18)
    yield svg.line(x, y - 0.75, x + 6, y - 0.75, stroke=svg.GREY, pen=0.25, dashes="0.4 0.6")
    yield svg.text(x + 7.2, y, "excused", size=2.4)
    x += 20.5
    yield svg.rect(x, y - 0.75, 6, 0.5, fill=svg.INK)
    yield svg.text(x + 7.2, y, "relied on, by section", size=2.4)
