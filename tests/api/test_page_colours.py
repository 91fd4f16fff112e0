"""Every text of the page stands out from its ground by 4.5 to 1, in the light scheme and in the dark one (WCAG 2.2 AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "api" / "static" / "page.css").read_text(encoding="utf-8")
LEAST_TEXT, LEAST_SHAPE = 4.5, 3.0
TEXTS = [
    *((text, ground) for text in ("text", "soft", "accent") for ground in ("card", "ground")),
    *(("text", ground) for ground in ("critical-ground",)),
    *(("soft", ground) for ground in ("critical-ground",)),
    *((text, "card") for text in ("critical", "good")),
    *((text, "top") for text in ("top-text", "top-soft")),
    ("card", "accent"),
]
SHAPES = [(shape, "card") for shape in ("critical", "serious", "warning", "information")] + [
    (f"map-{shape}", "map-home-land") for shape in ("point", "critical", "serious", "picked", "town")
]


def tokens() -> dict[str, dict[str, str]]:
    """The colours of both schemes; the dark one has what it does not change from the light one."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, LEAST_TEXT), (SHAPES, LEAST_SHAPE)], ids=["texts", "shapes"])
def test_contrast(scheme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = tokens()[scheme]
    ratios = {}
    for front, ground in pairs:
        bright, dark = sorted((luminance(colours[front]), luminance(colours[ground])), reverse=True)
        ratios[front, ground] = (bright + 0.05) / (dark + 0.05)
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < least} == {}
