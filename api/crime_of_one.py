"""What the positions of one wearer say about a crime, for whoever may see them: asked about one, for the defence as for the police."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from access.permits import Permits
from api.crime_shapes import fixes_body, visits_body
from domain.vocabulary import CrimeMatch
from evidence.matching import CODES, Matching, Outcome, Sought, near_home, stretch_us, stretches
from evidence.matching_fixes import Wearing
from store.crimes import CrimeRow, Told
from store.matching import CrimeFacts

FIXES_SHOWN = 200


def sought_of(told: Told) -> Sought:
    """A crime as `evidence.matching` takes it."""
    return Sought(told.lon, told.lat, told.radius_m, told.within_m, told.from_us, told.to_us)


async def of_one(facts: CrimeFacts, permits: Permits, wearer: str, sought: Sought) -> Outcome:
    """What one wearer's used fixes that are permitted come to; read anew, as they are judged now."""
    worn = await facts.worn(sought.from_us, sought.to_us, wearer)
    matching = Matching([sought], np.ones((1, 1), np.bool_))
    wearing, devices = Wearing(worn, {wearer: 0}), sorted({one.device_no for one in worn})
    for stretch in stretches([sought], stretch_us(len(devices))):
        fixes, quality = wearing.fixes(await facts.fixes(*stretch, devices))
        newest = await facts.newest_qualities(fixes)
        fixes = fixes[np.where(newest >= 0, newest, quality) == 0]
        columns = (np.ascontiguousarray(fixes[name]) for name in ("t_us", "lon", "lat", "acc"))
        matching.take(fixes[permits.grounds(*columns) != 0])
    (outcome,) = matching.outcomes()
    return outcome


def of_one_body(
    row: CrimeRow, wearer: str, outcome: Outcome, homes: Sequence[tuple[float, float, float]]
) -> dict[str, Any]:
    """`api.crime_shapes.OfOne`. What can not be said is told without how many positions there are: why is nobody's to know."""
    match = CODES[int(outcome.match[0])]
    near = outcome.near[0] if outcome.near else None
    rows = [] if near is None else zip(near.fixes[:FIXES_SHOWN].tolist(), near.metres.tolist(), strict=False)
    unsaid = match is CrimeMatch.NO_DATA
    return {
        "crime": str(row.no),
        "version": row.version.no,
        "wearer": wearer,
        "match": match.value,
        "positions": 0 if unsaid else int(outcome.positions[0]),
        "throughout": not unsaid and bool(outcome.throughout[0]),
        "score": None if near is None else near.score,
        "near_home": None if near is None else near_home(sought_of(row.version.told), homes),
        "visits": visits_body([] if near is None else [list(visit) for visit in near.visits]),
        "fixes": fixes_body([[fix[1], fix[2], fix[3], fix[4], round(metres, 1)] for fix, metres in rows]),
    }
