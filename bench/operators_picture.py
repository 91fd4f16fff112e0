"""docs/pictures/operators.svg: what is claimed in time by how many operators there are, at each rate, made by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "operators.svg"
WIDTH, HEIGHT = 680, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 520, 20, 340
FEWEST, MOST = 10.0, 1000.0
COLOURS = ("#1b6ca8", "#2a9d8f", "#9e2a2b")
MARKS = (10, 20, 50, 100, 200, 500, 1000)
Row = dict[str, Any]


def across(operators: float) -> float:
    part = math.log(min(max(operators, FEWEST), MOST) / FEWEST) / math.log(MOST / FEWEST)
    return round(LEFT + part * (RIGHT - LEFT), 1)


def up(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def picture(result: Row) -> str:
    """Every number of operators that was tried; what is critical as a line, what is serious in dashes."""
    parts = [*frame(result["enough"])]
    for number, (rate, points) in enumerate(result["tried"].items()):
        colour = COLOURS[number % len(COLOURS)]
        parts += drawn(points, "critical_within_2_min", colour, "")
        parts += drawn(points, "serious_within_15_min", colour, ' stroke-dasharray="5 4"')
        parts.append(text(RIGHT + 12, 40 + 22 * number, f"{rate} a wearer-day", colour))
    parts += [
        text(RIGHT + 12, 130, "line: critical,"),
        text(RIGHT + 12, 147, "claimed within 2 min"),
        text(RIGHT + 12, 172, "dashes: serious,"),
        text(RIGHT + 12, 189, "within 15 min"),
    ]
    return "\n".join([*parts, "</svg>", ""])


def frame(enough: float) -> list[str]:
    """Axes, and the line of the goal."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        "<title>Alerts claimed in time, by the number of operators</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for percent in range(0, 101, 20):
        y = up(percent / 100)
        parts.append(f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, f"{percent} %", anchor="end"))
    for operators in MARKS:
        parts.append(f'<path d="M{across(operators)} {BOTTOM}v5" stroke="#444"/>')
        parts.append(text(across(operators), BOTTOM + 20, f"{operators}", anchor="middle"))
    parts.append(f'<path d="M{LEFT} {up(enough)}H{RIGHT}" stroke="#e09f3e"/>')
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, "operators on shift at every instant", anchor="middle"))
    parts.append(
        f'<text x="18" y="{(TOP + BOTTOM) / 2:g}" fill="#444" text-anchor="middle" '
        f'transform="rotate(-90 18 {(TOP + BOTTOM) / 2:g})">claimed in time</text>'
    )
    return parts


def drawn(points: list[Row], key: str, colour: str, dashes: str) -> list[str]:
    """A line through what was tried, and a dot at each."""
    places = [(across(point["operators"]), up(point[key])) for point in points]
    path = "L".join(f"{x} {y}" for x, y in places)
    dots = [f'<circle cx="{x}" cy="{y}" r="2.2" fill="{colour}"/>' for x, y in places]
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>', *dots]


def text(x: float, y: float, words: str, colour: str = "#444", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{words}</text>'
