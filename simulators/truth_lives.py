"""Who lived how: one line for each wearer, by which a score is told apart (docs/simulators.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from domain.vocabulary import ConditionKind, Kind
from simulators.scenes import Life
from simulators.subjects import Subject
from simulators.truth_lines import LIFE_KIND, Line, WhyNot

WRONG: Final = frozenset(
    {
        Kind.EXCLUSION_ZONE.value,
        Kind.INCLUSION_ZONE.value,
        Kind.RESTRICTION_ZONE.value,
        Kind.CURFEW.value,
        Kind.PROXIMITY_ALERT.value,
        Kind.STRAP_TAMPER.value,
        Kind.CASE_TAMPER.value,
        Kind.SHIELDING.value,
        Kind.JAMMING.value,
        Kind.HOME_UNIT_MOVED.value,
    }
)
"""Whoever did one of these did not keep to everything, whether or not anything could show it."""
DID_NOT: Final = frozenset({WhyNot.NEAR_EDGE, WhyNot.BETWEEN_POSITIONS, WhyNot.BELOW_GRACE})


def life_line(subject: Subject) -> Line:
    """The line of one wearer: from the run's beginning to its end, nothing that had to be found."""
    return Line(subject.id, LIFE_KIND, 0.0, why_not=WhyNot.RUN_ENDED)


def life_keys(subject: Subject, life: Life, lines: Iterable[Line]) -> dict[str, Any]:
    """What the line says besides: ``shown`` false and no why; orders, level, daily life, dwelling, whether they kept to everything,
    and the metres from home to the nearest exclusion zone (null: they have none).
    """
    daily, dwelling = life.character or (None, None)
    orderly = not any(line.kind in WRONG and line.why_not not in DID_NOT for line in lines)
    return {
        "shown": False,
        "why_not": None,
        "order": "+".join(subject.order_kinds) or None,
        "level": subject.level or None,
        "under_18": subject.young,
        "life": daily,
        "home": dwelling,
        "orderly": orderly,
        "zone_m": _nearest_zone_m(subject),
    }


def _nearest_zone_m(subject: Subject) -> float | None:
    lon, lat = np.array([subject.home.lon]), np.array([subject.home.lat])
    depths = [
        -float(watched.outline.depth(lon, lat)[0])
        for watched in subject.of_kind(ConditionKind.EXCLUSION_ZONE)
        if watched.outline is not None
    ]
    return round(min(depths), 1) if depths else None
