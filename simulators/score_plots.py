"""Where the score's pictures have their lines: numbers in, places in the picture out; the page writes them as SVG. Pure.

Lengths are units of a picture as wide as `WIDTH`; the page scales it. A table beside each picture says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US, format_instant
from simulators.score_report import Interval, Strip

WIDTH: Final = 960
LABEL: Final = 224
"""Room for words at the left of a strip."""
PANEL_WIDTH: Final = 300
PANEL_HEIGHT: Final = 120
PANEL_LEFT: Final = 40
PANEL_TOP: Final = 8
PANEL_BOTTOM: Final = 22
MOST_POINTS: Final = 160
"""Of one curve."""
TIMES: Final = (
    (0.01, "10 ms"),
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (21600.0, "6 h"),
    (86400.0, "1 d"),
    (604800.0, "1 w"),
    (2592000.0, "30 d"),
)
OFF_EDGES_S: Final = (-3600.0, -600.0, -300.0, -120.0, -60.0, -30.0, -10.0, -2.0)
"""Bins of a wrong interval, mirrored; the tolerance is an edge as well."""
NEVER: Final = "never ended"
STEPS_S: Final = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000)
MOST_TICKS: Final = 8
MOST_ROWS: Final = 6
"""Of one strip: its own condition first."""
BAND: Final = 14
BETWEEN: Final = 10
LEAST_BAR: Final = 2.5
"""A pulse is seen too."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share and its interval of 95 %, as places between 0 and 1; None: nothing to divide by."""

    value: float | None
    low: float
    high: float
    said: str


def share(value: float | None, interval: Sequence[float] | None) -> Share:
    if value is None or interval is None:
        return Share(None, 0.0, 0.0, "nothing to count")
    return Share(
        value, interval[0], interval[1], f"{percent(value)} ({percent(interval[0])} to {percent(interval[1])})"
    )


def percent(value: float) -> str:
    """``99.4 %``; whole only where it is exact, so that 100 % means all."""
    if value in (0.0, 1.0):
        return f"{value:.0%}".replace("%", " %")
    return f"{min(max(100 * value, 0.01), 99.99):.4g} %"


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds on a logarithmic scale."""

    least: float
    most: float
    ticks: tuple[Tick, ...]

    def place(self, seconds: float) -> float:
        """Between 0 and 1."""
        part = math.log(max(seconds, self.least) / self.least) / math.log(self.most / self.least)
        return min(1.0, part)


def axis(series: Sequence[Sequence[float]]) -> Axis:
    """An axis on which all of them have room, with marks that people use."""
    every = [v for one in series for v in (min(one), max(one)) if v > 0] or [1.0]
    marks = [seconds for seconds, _ in TIMES]
    low = max((n for n, mark in enumerate(marks) if mark <= min(every)), default=0)
    high = min((n for n, mark in enumerate(marks) if mark >= max(every)), default=len(marks) - 1)
    high = max(high, low + 1)
    least, most = marks[low], max(marks[min(high, len(marks) - 1)], *every)
    bare = Axis(least, most, ())
    said = [Tick(bare.place(seconds), word) for seconds, word in TIMES[low : high + 1]]
    apart = [tick for n, tick in enumerate(said) if n % (1 if len(said) <= 5 else 2) == 0]
    return Axis(least, most, tuple(apart))


def curve(values: Sequence[float], on: Axis) -> str:
    """The share of values that are no larger, as the path of a staircase in a panel."""
    wide, high = PANEL_WIDTH - PANEL_LEFT - 8, PANEL_HEIGHT - PANEL_TOP - PANEL_BOTTOM
    inner: NDArray[np.float64] = np.sort(np.asarray(values, np.float64))
    if len(inner) > MOST_POINTS:
        shares = np.linspace(1 / MOST_POINTS, 1.0, MOST_POINTS)
        inner = np.quantile(inner, shares, method="inverted_cdf")
    parts = [f"M{PANEL_LEFT:.1f} {PANEL_TOP + high:.1f}"]
    for n, value in enumerate(inner.tolist(), start=1):
        x, y = PANEL_LEFT + wide * on.place(value), PANEL_TOP + high * (1 - n / len(inner))
        parts.append(f"H{x:.1f}V{y:.1f}")
    parts.append(f"H{PANEL_LEFT + wide:.1f}")
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Bin:
    """``x``, ``width``, ``height`` between 0 and 1; ``wrong``: beyond the tolerance."""

    x: float
    width: float
    height: float
    count: int
    said: str
    wrong: bool


def bins(values: Sequence[float], tolerance_s: float, never: int = 0) -> tuple[Bin, ...]:
    """How many were off by how much, too early at the left; bins of equal width, narrower in seconds near nothing.

    ``never``: how many have no end at all; where there are such they have a bin of their own, the last.
    """
    edges = sorted({*OFF_EDGES_S, *(-e for e in OFF_EDGES_S), -tolerance_s, tolerance_s})
    counts = np.histogram(np.asarray(values, np.float64), [-np.inf, *edges, np.inf])[0].tolist()
    most, width = max(1, never, *counts), 1 / (len(counts) + bool(never))
    ends = [-math.inf, *edges, math.inf]
    drawn = [
        Bin(n * width, width, count / most, count, _between(low, high), high <= -tolerance_s or low >= tolerance_s)
        for n, (count, low, high) in enumerate(zip(counts, ends, ends[1:], strict=False))
    ]
    if never:
        drawn.append(Bin(len(counts) * width, width, never / most, never, NEVER, wrong=True))
    return tuple(drawn)


def _between(low: float, high: float) -> str:
    if low < 0 < high:
        return f"within {duration(high)}"
    near, far = sorted((abs(low), abs(high)))
    side = "early" if high <= 0 else "late"
    return f"over {duration(near)} {side}" if math.isinf(far) else f"{duration(near)} to {duration(far)} {side}"


def duration(seconds: float) -> str:
    """In the unit that people would say."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit * 1.5 or seconds == unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"


# --- strips --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval. ``style``: shown, hidden, found, missed or false; ``about``: it is what the strip is of."""

    x: float
    width: float
    style: str
    about: bool
    said: str


@dataclass(frozen=True, slots=True)
class Row:
    """A kind and condition: the truth above, what was found below."""

    y: float
    kind: str
    condition: str
    truth: tuple[Bar, ...]
    found: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A strip, laid out."""

    strip: Strip
    title: str
    height: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    left_out: int


def drawing(strip: Strip) -> Drawing:
    """A strip as rows of bars over an axis of time."""
    about = strip.about
    keys = list(dict.fromkeys((one.kind, one.condition) for one in (*strip.truth, *strip.found)))
    own = (about.kind, about.condition)
    keys.sort(key=lambda key: (key != own, key[1] != about.condition, key))
    rows = tuple(
        Row(
            y=n * (2 * BAND + BETWEEN),
            kind=kind.replace("_", " "),
            condition=condition or "",
            truth=_bars(strip, strip.truth, (kind, condition)),
            found=_bars(strip, strip.found, (kind, condition)),
        )
        for n, (kind, condition) in enumerate(keys[:MOST_ROWS])
    )
    title = (
        f"{strip.what.capitalize()}: {about.wearer}, {about.kind.replace('_', ' ')} {about.condition or ''}".rstrip()
    )
    height = len(rows) * (2 * BAND + BETWEEN) + 24
    return Drawing(strip, title, height, rows, _ticks(strip), max(0, len(keys) - MOST_ROWS))


def _bars(strip: Strip, intervals: Sequence[Interval], key: tuple[str, str | None]) -> tuple[Bar, ...]:
    bars = [_bar(strip, one) for one in intervals if (one.kind, one.condition) == key]
    return tuple(sorted(bars, key=lambda bar: (bar.about, bar.style != "hidden")))


def _bar(strip: Strip, one: Interval) -> Bar:
    begin, end = _place(strip, one.from_s), _place(strip, one.to_s)
    about = one is strip.about
    style = strip.what if about else ("found" if one.violation else ("hidden" if one.why_not else "shown"))
    name = one.violation or (f"truth, not shown: {one.why_not}" if one.why_not else "truth")
    to = instant(one.to_s) if math.isfinite(one.to_s) else "open"
    return Bar(begin, max(LEAST_BAR, end - begin), style, about, f"{name}, {instant(one.from_s)} to {to}")


def _place(strip: Strip, at_s: float) -> float:
    part = (min(max(at_s, strip.from_s), strip.to_s) - strip.from_s) / (strip.to_s - strip.from_s)
    return round(LABEL + (WIDTH - LABEL - 10) * part, 2)


def _ticks(strip: Strip) -> tuple[Tick, ...]:
    long_s = strip.to_s - strip.from_s
    step = next((s for s in STEPS_S if long_s / s <= MOST_TICKS), STEPS_S[-1])
    first = math.ceil(strip.from_s / step)
    last = min(math.floor(strip.to_s / step), first + 4 * MOST_TICKS)
    return tuple(Tick(_place(strip, n * step), _clock(n * step, step)) for n in range(first, last + 1))


def _clock(at_s: float, step: int) -> str:
    text = format_instant(round(at_s) * SECOND_US)
    day, clock = text[:10], text[11:19]
    if step >= 86400:
        return day
    if clock == "00:00:00":
        return day[5:]
    return clock if step < 60 else clock[:5]


def instant(at_s: float) -> str:
    """To the second, for people: ``2026-11-21 18:00:03``."""
    return format_instant(round(at_s) * SECOND_US)[:19].replace("T", " ")
