"""Drawings as SVG in millimetres, from numbers and words of ours: what is put in is escaped, and no style is needed to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from numpy.typing import NDArray

FONTS: Final = "Source Sans Pro, Arial, sans-serif"
"""On paper the first; on a screen whatever it has of them, so that room is left for wider letters."""
INK: Final = "#0b0c0c"
GREY: Final = "#505a5f"
PALE: Final = "#b1b4b6"
PAPER: Final = "#ffffff"
TEXT_MM: Final = 2.6
"""Height of letters, about 7.5 points."""


def drawing(width_mm: float, height_mm: float, parts: Iterable[str]) -> str:
    """A whole drawing of that size."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(width_mm)}mm" height="{number(height_mm)}mm" '
        f'viewBox="0 0 {number(width_mm)} {number(height_mm)}" font-family="{FONTS}" font-size="{TEXT_MM}">{"".join(parts)}</svg>'
    )


def number(value: float) -> str:
    """To a thousandth of a millimetre, without what says nothing."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rect(
    x: float, y: float, width: float, height: float, *, fill: str = "none", stroke: str = "none", pen: float = 0.2
) -> str:
    """A rectangle by its upper left corner."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="{pen}"/>'
    )


def circle(
    x: float,
    y: float,
    radius: float,
    *,
    fill: str = "none",
    opacity: float = 1.0,
    stroke: str = "none",
    pen: float = 0.2,
) -> str:
    """A circle by its middle."""
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}" fill-opacity="{opacity}" '
        f'stroke="{stroke}" stroke-width="{pen}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = INK, pen: float = 0.2, dashes: str = "") -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" stroke="{stroke}" stroke-width="{pen}"{dashed}/>'


def path(
    d: str, *, fill: str = "none", opacity: float = 1.0, stroke: str = "none", pen: float = 0.2, dashes: str = ""
) -> str:
    """A path; rings within rings are holes."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="{d}" fill="{fill}" fill-opacity="{opacity}" fill-rule="evenodd" stroke="{stroke}" stroke-width="{pen}" '
        f'stroke-linejoin="round"{dashed}/>'
    )


def steps(rings: Sequence[NDArray[Any]], *, closed: bool = True) -> str:
    """The ``d`` of a path through each ring's (x, y) rows."""
    return "".join(
        "M" + "L".join(f"{number(x)} {number(y)}" for x, y in ring.tolist()) + ("Z" if closed else "") for ring in rings
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = TEXT_MM,
    anchor: str = "start",
    fill: str = INK,
    bold: bool = False,
    halo: bool = False,
) -> str:
    """Words on a base line; ``anchor`` is `start`, `middle` or `end`; ``halo`` keeps them readable over lines."""
    weight = ' font-weight="600"' if bold else ""
    around = f' stroke="{PAPER}" stroke-width="0.5" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" text-anchor="{anchor}" fill="{fill}"{weight}{around}>'
        f"{escape(words)}</text>"
    )


def clipped(width: float, height: float, parts: Iterable[str]) -> str:
    """What of the parts lies in a rectangle at the upper left; a drawing in a drawing shows nothing beyond itself."""
    return (
        f'<svg x="0" y="0" width="{number(width)}" height="{number(height)}" overflow="hidden">{"".join(parts)}</svg>'
    )


def joined(drawings: Sequence[str]) -> str:
    """Drawings of one size over each other as one drawing."""
    first, *others = drawings
    return first.removesuffix(_END) + "".join(one[one.index(">") + 1 : -len(_END)] for one in others) + _END


_END: Final = "</svg>"
