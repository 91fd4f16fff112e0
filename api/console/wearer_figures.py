"""Figures of the wearer's page, worked out of what the API told: violations apart from monitoring gaps, and the ATV. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evidence.breaches import NOTICES

Json = dict[str, Any]

NOT_COUNTED: Final = frozenset({"reasonable_excuse", "equipment", "disputed"})
"""Decisions that take a curfew violation out of the ATV."""
CAUSES: Final = {
    "wearer": "the wearer",
    "equipment": "the equipment",
    "network": "the network",
    "service": "the service",
    "unknown": "not known yet",
}


@dataclass(frozen=True, slots=True)
class Apart:
    """The same list in three, each the newest first."""

    violations: list[Json]
    gaps: list[Json]
    notices: list[Json]


def apart(violations: Iterable[Json]) -> Apart:
    """What the wearer did, what is not their doing, and what is neither."""
    ordered = sorted(violations, key=lambda one: str(one["from"]), reverse=True)
    notices = [one for one in ordered if one["kind"] in NOTICES]
    rest = [one for one in ordered if one["kind"] not in NOTICES]
    return Apart(
        [one for one in rest if one["cause"] == "wearer"], [one for one in rest if one["cause"] != "wearer"], notices
    )


def decided(assessments: Iterable[Json]) -> dict[str, Json]:
    """The newest assessment of each violation."""
    found: dict[str, Json] = {}
    for one in sorted(assessments, key=lambda one: str(one["at"])):
        found[one["violation"]] = one
    return found


@dataclass(frozen=True, slots=True)
class Allowance:
    """The ATV of an order as far as it is certain: ``minutes`` of ``allowance``; ``running`` curfew violations are not in it yet."""

    minutes: float
    allowance: float
    running: int

    @property
    def percent(self) -> int:
        return round(100 * self.minutes / self.allowance) if self.allowance else 0


def allowance_of(order: Json, violations: Sequence[Json], decisions: Mapping[str, Json]) -> Allowance | None:
    """The accumulated time violation of an order (rules.md 5), of what is over; None for an order without an allowance."""
    if order.get("atv_allowance_min") is None:
        return None
    own = [
        one
        for one in violations
        if one["kind"] == "curfew"
        and one["order"] == order["id"]
        and not (one["retrospective"] or one["untold"])
        and decisions.get(one["id"], {}).get("decision") not in NOT_COUNTED
    ]
    minutes = sum(one["minutes_certain"] or 0.0 for one in own)
    return Allowance(minutes, float(order["atv_allowance_min"]), sum(one["to"] is None for one in own))


def share(day: Json) -> float | None:
    """How much of a day's expected fixes came, at most 1; None where none was expected."""
    return min(1.0, day["received"] / day["expected"]) if day["expected"] else None


def completeness(device: Json) -> float | None:
    """The same over all days that are told."""
    expected = sum(day["expected"] for day in device["days"])
    came = sum(min(day["received"], day["expected"]) for day in device["days"])
    return came / expected if expected else None
