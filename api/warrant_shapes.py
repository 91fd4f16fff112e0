"""The JSON of warrants in order of risk, and of how long they are out."""

from __future__ import annotations

from typing import Any

from api.permission_shapes import WarrantNow, warrant_body
from api.shapes import Shape
from domain.instants import DAY_US
from domain.vocabulary import WarrantKind
from evidence.executions import ALL_AREAS, Figures
from evidence.ranking import Ground, Ranked, Requires
from store.warrants import WarrantRow


class Why(Shape):
    """What a warrant's place rests on; of whom the caller may not see, null."""

    victim: bool
    rosh: str | None
    mappa: int | None
    requires: Requires


class RankedWarrant(Shape):
    """A warrant and its place in the order, from 1. `after_by`: the ground that puts it after the one before it."""

    place: int
    after_by: Ground | None
    why: Why | None
    age_days: int
    warrant: WarrantNow


class WarrantFigures(Shape):
    """Of the warrants of one kind (null: all) and area (null: without one; `all` true: of all). Null numbers: too few to show."""

    all: bool
    area: str | None
    kind: WarrantKind | None
    executed: int | None
    median_days: float | None
    p90_days: float | None
    ended_otherwise: int | None
    out: dict[str, int | None]
    out_in_all: int | None


class WarrantFiguresNow(Shape):
    """How long warrants are out, as of an instant. A number of 1 to 4 is never shown."""

    at: str
    items: list[WarrantFigures]


def ranked_body(one: Ranked, row: WarrantRow, now_us: int, *, in_sight: bool) -> dict[str, Any]:
    """`RankedWarrant`."""
    known = one.standing
    why = {"victim": known.protects, "rosh": known.rosh, "mappa": known.mappa, "requires": known.requires.value}
    return {
        "place": one.place,
        "after_by": None if one.after_by is None else one.after_by.value,
        "why": why if in_sight else None,
        "age_days": max(0, now_us - row.issued_us) // DAY_US,
        "warrant": warrant_body(row),
    }


def figures_body(one: Figures) -> dict[str, Any]:
    """`WarrantFigures`."""
    every = one.area == ALL_AREAS
    return {
        "all": every,
        "area": None if every else one.area,
        "kind": None if one.kind is None else one.kind.value,
        "executed": one.executed,
        "median_days": _tenth(one.median_days),
        "p90_days": _tenth(one.p90_days),
        "ended_otherwise": one.ended_otherwise,
        "out": one.out,
        "out_in_all": one.out_in_all,
    }


def _tenth(days: float | None) -> float | None:
    return None if days is None else round(days, 1)
