"""Makes the map's outline of the coasts: ``python -m api.outline countries-10m.json > api/static/outline.json``.

Input is `countries-10m.json` of the npm package `world-atlas` 2 (TopoJSON made of Natural Earth 1:10m, which is in the
public domain; the package's own licence is ISC). Output is what the page draws: rings in thousandths of a degree.
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

HOME: Final = frozenset({"826"})
AROUND: Final = frozenset({"372", "250", "056", "528", "833", "832", "831"})
"""ISO 3166 numbers: the United Kingdom; Ireland, France, Belgium, the Netherlands, Man, Jersey, Guernsey."""
WEST, SOUTH, EAST, NORTH = -11.5, 48.6, 4.5, 61.2
STEPS_PER_DEGREE: Final = 1000
SMALLEST_POINTS: Final = 5
"""Rings of fewer points are rocks."""
NOTICE: Final = "Natural Earth 1:10m, public domain, by way of world-atlas 2.0.2 (ISC licence, Michael Bostock)"

Point = tuple[float, float]


def decoded_arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """The arcs in degrees: each is stored as differences of whole steps."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        xs, ys = (accumulate(differences) for differences in zip(*arc, strict=True))
        arcs.append([(x * scale_x + move_x, y * scale_y + move_y) for x, y in zip(xs, ys, strict=True)])
    return arcs


def ring_of(numbers: list[int], arcs: list[list[Point]]) -> list[Point]:
    """One ring from its arcs; a negative number is an arc walked backwards."""
    ring: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    return ring


def rings_of(topology: dict[str, Any], countries: frozenset[str]) -> list[list[int]]:
    """The outer rings of these countries that lie in view, as x, y, x, y ... in steps, largest first."""
    arcs = decoded_arcs(topology)
    found: list[list[int]] = []
    for country in topology["objects"]["countries"]["geometries"]:
        if country.get("id") not in countries:
            continue
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        for outer, *_ in polygons:
            ring = ring_of(outer, arcs)
            if len(ring) >= SMALLEST_POINTS and any(WEST < x < EAST and SOUTH < y < NORTH for x, y in ring):
                found.append(in_steps(ring))
    return sorted(found, key=len, reverse=True)


def in_steps(ring: list[Point]) -> list[int]:
    """Whole steps, held to the view with a margin so that far coasts cost nothing, repeats left out."""
    flat: list[int] = []
    for x, y in ring:
        held = (min(max(x, WEST - 3), EAST + 3), min(max(y, SOUTH - 3), NORTH + 3))
        step = [round(value * STEPS_PER_DEGREE) for value in held]
        if flat[-2:] != step:
            flat += step
    return flat


def main(source: str) -> None:
    """Prints the asset."""
    topology = json.loads(Path(source).read_text(encoding="utf-8"))
    asset = {
        "notice": NOTICE,
        "steps_per_degree": STEPS_PER_DEGREE,
        "home": rings_of(topology, HOME),
        "around": rings_of(topology, AROUND),
    }
    sys.stdout.write(json.dumps(asset, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
