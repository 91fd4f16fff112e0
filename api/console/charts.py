"""Pictures of figures: columns over months, laid out here and written as SVG by the page; the table beside it says the same. Pure.

Lengths are units of the picture, `WIDTH` by `HEIGHT`; the page scales it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 480
HEIGHT: Final = 150
LEFT: Final = 44
BOTTOM: Final = 22
TOP: Final = 16
FILLED: Final = 0.62
"""How much of its share of the width a column takes."""


@dataclass(frozen=True, slots=True)
class Column:
    """One month; ``height`` None: not shown, or nothing to show."""

    x: float
    width: float
    y: float
    height: float | None
    label: str
    said: str
    met: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns, the line of the target, and the marks at the side."""

    columns: tuple[Column, ...]
    target_y: float | None
    marks: tuple[tuple[float, str], ...]
    floor_y: float = HEIGHT - BOTTOM


def chart(
    values: Sequence[tuple[str, float | None]], *, top: float, target: float | None, unit: str, least: bool
) -> Chart | None:
    """Columns of (label, value) up to ``top``; ``least``: the target is met from it upwards. None when no value is shown."""
    if not values or all(value is None for _, value in values) or top <= 0:
        return None
    high = HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT) / len(values)

    def y_of(value: float) -> float:
        return round(HEIGHT - BOTTOM - high * min(value, top) / top, 1)

    columns = [
        Column(
            x=round(LEFT + k * step + step * (1 - FILLED) / 2, 1),
            width=round(step * FILLED, 1),
            y=HEIGHT - BOTTOM if value is None else y_of(value),
            height=None if value is None else round(HEIGHT - BOTTOM - y_of(value), 1),
            label=label,
            said="–" if value is None else said(value, unit),
            met=value is None or target is None or (value >= target if least else value <= target),
        )
        for k, (label, value) in enumerate(values)
    ]
    marks = ((y_of(0), said(0, unit)), (y_of(top / 2), said(top / 2, unit)), (y_of(top), said(top, unit)))
    return Chart(tuple(columns), None if target is None else y_of(target), marks)


def said(value: float, unit: str) -> str:
    """``84 %`` of a share, ``12.5`` or ``12`` of anything else."""
    if unit == "share":
        return f"{round(100 * value)} %"
    return f"{value:.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"
