"""docs/pictures/fairness.svg: false violations by distance from an edge, the rule and the proposal, made by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "fairness.svg"
WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 520, 20, 340
LOW, HIGH = 0.1, 1000.0
"""Rates at the bottom and the top; what is under the lowest is drawn at the bottom."""
FAR_M = 50.0
COLOURS = ("#1b6ca8", "#2a9d8f", "#e09f3e", "#9e2a2b")
GOAL, GOAL_M = 5.0, 20.0
Row = dict[str, Any]


def across(metres: float) -> float:
    return round(LEFT + metres / FAR_M * (RIGHT - LEFT), 1)


def up(rate: float) -> float:
    part = math.log(max(rate, LOW) / LOW) / math.log(HIGH / LOW)
    return round(BOTTOM - part * (BOTTOM - TOP), 1)


def picture(result: Row) -> str:
    """The worst of the correlations for each median accuracy, errors honest, `threshold_points` 1."""
    honest = [row for row in result["zone"] if not row["reflected"]]
    parts = [*frame()]
    for number, acc in enumerate(sorted({row["acc_m"] for row in honest})):
        mine = [row["distances"] for row in honest if row["acc_m"] == acc]
        today = [(of[0]["metres"], max(one["thresholds"][1]["rate"] for one in of)) for of in zip(*mine, strict=True)]
        then = [(of[0]["metres"], max(one["proposed"]["rate"] for one in of)) for of in zip(*mine, strict=True)]
        colour = COLOURS[number % len(COLOURS)]
        parts += [line(today, colour, ""), line(then, colour, ' stroke-dasharray="5 4"')]
        parts.append(text(RIGHT + 12, 40 + 22 * number, f"acc {acc:g} m", colour))
    parts += [text(RIGHT + 12, 150, "line: the rule"), text(RIGHT + 12, 168, "dashes: proposed")]
    return "\n".join([*parts, "</svg>", ""])


def frame() -> list[str]:
    """Axes, and the field where the goal says nothing should be."""
    width, height = RIGHT - across(GOAL_M), up(GOAL) - TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        "<title>False violations in 1,000 wearer-days by distance from a zone's edge</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<rect x="{across(GOAL_M)}" y="{TOP}" width="{width:g}" height="{height:g}" fill="#f6dede"/>',
        text(across(GOAL_M) + 6, TOP + 16, "over the goal", "#9e2a2b"),
    ]
    for exponent in range(-1, 4):
        y = up(10.0**exponent)
        parts.append(f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, f"{10.0**exponent:g}", anchor="end"))
    for metres in (5, 10, 20, 30, 50):
        parts.append(f'<path d="M{across(metres)} {BOTTOM}v5" stroke="#444"/>')
        parts.append(text(across(metres), BOTTOM + 20, f"{metres}", anchor="middle"))
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, "metres outside the edge", anchor="middle"))
    parts.append(
        f'<text x="18" y="{(TOP + BOTTOM) / 2:g}" fill="#444" text-anchor="middle" '
        f'transform="rotate(-90 18 {(TOP + BOTTOM) / 2:g})">false violations in 1,000 wearer-days</text>'
    )
    return parts


def line(points: list[tuple[float, float]], colour: str, dashes: str) -> str:
    path = "L".join(f"{across(metres)} {up(rate)}" for metres, rate in points)
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'


def text(x: float, y: float, words: str, colour: str = "#444", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{words}</text>'
