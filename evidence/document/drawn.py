"""What is drawn and printed of a pack, numbered through it: maps, timelines, exhibits, and which points stand in print.

Every fact that opened or closed a violation is printed. Of what lies in between, as many as keep the whole readable: all of them in a
pack of few violations, every so-manieth in one of many, and each section says which. All of them are in the attached data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.violations import Violation
from evidence.content import ConditionVersion, Pack, Part, Point
from evidence.document.maps import Map, map_of, plan_of

POINTS_IN_PRINT: Final = 800
"""Of a whole pack: some forty pages. Each costs the typesetter 0.3 ms and 70 kB."""
LEAST_IN_BETWEEN: Final = 1
"""Points in between that a violation keeps however many violations there are."""


@dataclass(frozen=True, slots=True)
class Printed:
    """The points of a violation that stand in print, of how many; ``every`` in between is one in so many."""

    points: tuple[Point, ...]
    of: int
    every: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """A map and its number in the pack."""

    number: int
    map: Map


@dataclass(frozen=True, slots=True)
class Drawn:
    """By condition version (its place in the pack) and by violation relied on, in the pack's order."""

    plans: dict[int, Numbered]
    printed: tuple[Printed, ...]
    maps: tuple[Numbered | None, ...]


def drawn_of(pack: Pack) -> Drawn:
    """Every map of the pack, drawn once."""
    numbers = iter(range(1, 1_000_000))
    plans: dict[int, Numbered] = {}
    for i, version in enumerate(pack.conditions):
        plan = None if version.condition.place else plan_of(version.condition)
        if plan:
            plans[i] = Numbered(next(numbers), plan)
    printed = printed_of([relied.points for relied in pack.relied])
    maps: list[Numbered | None] = []
    for relied, points in zip(pack.relied, printed, strict=True):
        held = condition_of(pack, relied.current)
        made = None if relied.sealed else map_of(points.points, held.condition if held else None)
        maps.append(Numbered(next(numbers), made) if made else None)
    return Drawn(plans, printed, tuple(maps))


def printed_of(violations: Sequence[Sequence[Point]], most: int = POINTS_IN_PRINT) -> tuple[Printed, ...]:
    """Of each violation's points those to print, so that of all about ``most`` are: never fewer than open and close."""
    between = [sum(point.part is Part.DURING for point in points) for points in violations]
    total = sum(between)
    most -= sum(map(len, violations)) - total
    printed = []
    for points, count in zip(violations, between, strict=True):
        share = max(LEAST_IN_BETWEEN, most * count // total) if total > max(most, 0) else count
        every = -(-count // share) if count else 1
        printed.append(Printed(_thinned(points, every), len(points), every))
    return tuple(printed)


def _thinned(points: Sequence[Point], every: int) -> tuple[Point, ...]:
    """All that open or close, and one in ``every`` of the rest, from the middle of the first so many on."""
    if every == 1:
        return tuple(points)
    kept, seen = [], 0
    for point in points:
        if point.part is not Part.DURING:
            kept.append(point)
            continue
        if seen % every == every // 2:
            kept.append(point)
        seen += 1
    return tuple(kept)


def condition_of(pack: Pack, violation: Violation) -> ConditionVersion | None:
    """The version of the violation's condition that was in force: the last learnt by its decision that held when it began."""
    found = None
    for version in pack.conditions:
        if version.condition.id != violation.condition:
            continue
        known = version.learnt_us is None or version.learnt_us <= violation.decided_us
        held = version.holds_from_us is None or version.holds_from_us <= violation.from_us
        if found is None or (known and held):
            found = version
    return found
