"""Bars and lines as SVG, made by hand: functions of numbers alone, so that the same results give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 680
COLOURS: Final = ("#1b6ca8", "#9e2a2b", "#2a9d8f", "#b5651d", "#6a4c93")
"""Of lines and of the bars of a group; each is told apart by its name beside it as well."""
GREY: Final = "#8a9399"
BAR, SPACE, GROUP_SPACE = 20, 6, 16
NAMES_END, BARS_END = 210, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 500, 46, 320
HEIGHT: Final = 370
NAME_HEIGHT: Final = 16.0
"""Names of lines beside each other are at least so far apart."""
HEAD_Y: Final = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is called, how long, what is written at its end, and which colour (None: grey)."""

    name: str
    value: float
    label: str
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right, all above 0."""

    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, unit: str, groups: Sequence[Sequence[Bar]]) -> str:
    """Bars from the top down on a logarithmic axis from the power of ten below the shortest; a space between groups."""
    values = [bar.value for group in groups for bar in group]
    low, high = decades(values)
    height = 66 + sum(len(group) * (BAR + SPACE) + GROUP_SPACE for group in groups)
    parts, y, bottom = [*head(title, height)], 40.0, height - 34.0
    for exponent in range(low, high + 1):
        x = placed(10.0**exponent, (low, high), NAMES_END, BARS_END)
        parts += [
            f'<path d="M{x:g} 34V{bottom:g}" stroke="#ddd"/>',
            text(x, bottom + 14, short(10.0**exponent), "middle"),
        ]
    for group in groups:
        for bar in group:
            end = placed(bar.value, (low, high), NAMES_END, BARS_END)
            colour = GREY if bar.colour is None else COLOURS[bar.colour]
            parts.append(text(NAMES_END - 8, y + 14, bar.name, "end"))
            parts.append(
                f'<rect x="{NAMES_END}" y="{y:g}" width="{end - NAMES_END:g}" height="{BAR}" fill="{colour}"/>'
            )
            parts.append(text(end + 6, y + 14, bar.label))
            y += BAR + SPACE
        y += GROUP_SPACE
    parts.append(text((NAMES_END + BARS_END) / 2, height - 4, unit, "middle"))
    return whole(parts)


def lines(title: str, across: str, up: str, drawn: Sequence[Line]) -> str:
    """Lines on two logarithmic axes, each named at its right end; every size that was measured is marked below."""
    sizes = sorted({x for line in drawn for x, _ in line.points})
    low_x, high_x = math.log10(sizes[0]), math.log10(sizes[-1])
    low, high = decades([y for line in drawn for _, y in line.points])
    parts = head(title, HEIGHT)
    for exponent in range(low, high + 1):
        y = placed(10.0**exponent, (low, high), BOTTOM, TOP)
        parts += [
            f'<path d="M{LEFT} {y:g}H{RIGHT}" stroke="#ddd"/>',
            text(LEFT - 8, y + 4, short(10.0**exponent), "end"),
        ]
    for size in sizes:
        x = placed(size, (low_x, high_x), LEFT, RIGHT)
        parts += [f'<path d="M{x:g} {BOTTOM}v5" stroke="#444"/>', text(x, BOTTOM + 20, f"{size:,g}", "middle")]
    ends = []
    for number, line in enumerate(drawn):
        at = [(placed(x, (low_x, high_x), LEFT, RIGHT), placed(y, (low, high), BOTTOM, TOP)) for x, y in line.points]
        colour = COLOURS[number % len(COLOURS)]
        path = "L".join(f"{x:g} {y:g}" for x, y in at)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{colour}"/>' for x, y in at]
        ends.append((at[-1][1], line.name, colour))
    parts += names(ends)
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, across, "middle"))
    middle = (TOP + BOTTOM) / 2
    parts.append(
        f'<text x="18" y="{middle:g}" fill="#444" text-anchor="middle" transform="rotate(-90 18 {middle:g})">{escape(up)}</text>'
    )
    return whole(parts)


def names(ends: Sequence[tuple[float, str, str]]) -> list[str]:
    """Each at the end of its line, lower where another is in the way."""
    parts, free = [], -math.inf
    for y, name, colour in sorted(ends):
        free = max(y, free + NAME_HEIGHT)
        parts.append(text(RIGHT + 12, free + 4, name, colour=colour))
    return parts


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that hold all of them; the shortest bar is to be seen."""
    low, high = math.log10(min(values)), math.log10(max(values))
    return math.floor(low - 0.05), math.ceil(high)


def placed(value: float, powers: tuple[float, float], first: float, last: float) -> float:
    """Where a value stands on a logarithmic axis."""
    return round(first + (math.log10(value) - powers[0]) / ((powers[1] - powers[0]) or 1.0) * (last - first), 1)


def short(value: float) -> str:
    """1,000,000 as 1 M."""
    for size, name in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def head(title: str, height: float) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height:g}" fill="#fff"/>',
        f'<text x="14" y="{HEAD_Y}" fill="#222" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#444") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def whole(parts: Sequence[str]) -> str:
    return "\n".join([*parts, "</svg>", ""])
