"""Numbers beside points, none over another: each takes the first free place around its point, near ones first, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEIGHT_MM: Final = 2.3
DIGIT_MM: Final = 1.3
"""Width of a digit of that height, with what keeps it from its neighbour."""
AIR_MM: Final = 0.25
REACHES_MM: Final = (1.1, 2.6, 4.6, 7.2)
"""How far from its point a number may stand; from the second on a line leads to it."""
_ANGLES: Final = np.radians(np.array([30.0, -30.0, 150.0, 210.0, 90.0, 270.0, 0.0, 180.0, 60.0, 120.0, 240.0, 300.0]))


@dataclass(frozen=True, slots=True)
class Label:
    """A number's box by its upper left corner, the point it belongs to, and whether a line must lead there."""

    index: int
    x: float
    y: float
    width: float
    leader: bool


def placed(
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    names: Sequence[str],
    order: Sequence[int],
    taken: Sequence[tuple[float, ...]],
    frame: tuple[float, ...],
) -> list[Label]:
    """Where each number stands, in millimetres, y downwards; a number without a free place has none.

    Parameters
    ----------
    xs, ys : (n,) the points. names : what to write beside each.
    order : indices of those to be named, the most important first.
    taken : (left, top, right, bottom) of what may not be written over. frame : the same, of what may be written in.
    """
    dots = np.column_stack((xs - 0.6, ys - 0.6, xs + 0.6, ys + 0.6))
    boxes = np.vstack((dots, np.array(taken, np.float64).reshape(-1, 4), np.empty((len(order), 4))))
    filled = len(boxes) - len(order)
    labels: list[Label] = []
    for index in order:
        width = len(names[index]) * DIGIT_MM
        choices = _choices(float(xs[index]), float(ys[index]), width)
        free = _within(choices, frame) & ~_any_over(choices, boxes[:filled])
        found = np.flatnonzero(free)
        if not len(found):
            continue
        left, top, right, bottom = choices[found[0]]
        boxes[filled] = left - AIR_MM, top - AIR_MM, right + AIR_MM, bottom + AIR_MM
        filled += 1
        labels.append(Label(index, float(left), float(top), width, leader=bool(found[0] >= len(_ANGLES))))
    return labels


def _choices(x: float, y: float, width: float) -> NDArray[np.float64]:
    """Boxes around a point, near ones first: (left, top, right, bottom)."""
    reach = np.repeat(np.array(REACHES_MM), len(_ANGLES))
    angle = np.tile(_ANGLES, len(REACHES_MM))
    # The middle of a box stands so far out that the box just keeps the reach from the point.
    middle_x = x + np.cos(angle) * (reach + width / 2)
    middle_y = y - np.sin(angle) * (reach + HEIGHT_MM / 2)
    return np.column_stack(
        (middle_x - width / 2, middle_y - HEIGHT_MM / 2, middle_x + width / 2, middle_y + HEIGHT_MM / 2)
    )


def _within(boxes: NDArray[np.float64], frame: tuple[float, ...]) -> NDArray[np.bool_]:
    left, top, right, bottom = frame
    kept = (boxes[:, :2] >= (left, top)).all(axis=1) & (boxes[:, 2:] <= (right, bottom)).all(axis=1)
    return np.asarray(kept, np.bool_)


def _any_over(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each box lies over any of the others."""
    one = boxes[:, None, :]
    apart = (
        (one[..., 0] >= others[:, 2])
        | (one[..., 2] <= others[:, 0])
        | (one[..., 1] >= others[:, 3])
        | (one[..., 3] <= others[:, 1])
    )
    return np.asarray(~apart.all(axis=1), np.bool_)
