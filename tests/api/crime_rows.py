"""A crime of a force with somebody near, as rows: for the tables of access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Rows = Callable[..., list[tuple[Any, ...]]]

CRIME: Final = """
    WITH crime AS (
        INSERT INTO crimes (force, reference, version, state, from_at, to_at, seen_commit)
        VALUES (%s, %s, 1, 'matched', '2026-11-21T11:00Z', '2026-11-21T11:40Z', 0) RETURNING crime_no
    ), version AS (
        INSERT INTO crime_versions SELECT crime_no, 1, 'theft', -3.1, 55.9, 0, 100, '2026-11-21T11:00Z', '2026-11-21T11:40Z', 'told',
            '2026-11-21T11:50Z', 'somebody' FROM crime RETURNING crime_no
    )
    INSERT INTO crime_matchings (crime_no, version, reason, matched_at, seen_commit, near, elsewhere, elsewhere_throughout, no_data, digest)
    SELECT crime_no, 1, 'entered', '2026-11-21T11:51Z', 0, 1, 0, 0, 0, '' FROM version RETURNING crime_no, matching_no"""
NEAR: Final = """
    INSERT INTO crime_matches (matching_no, wearer, score, near_home, positions, visits, fixes, qualified_at, qualified_by, plausible, note)
    VALUES (%s, %s, 50, false, 2, '[[0, 60000000, 2, 60.0, 5.0]]', jsonb_build_array(jsonb_build_array(0, 0.5, %s::float8, 5.0, 9.0)),
        '2026-11-21T11:52Z', 'somebody', true, 'seen') RETURNING 1"""


def crime_of(rows: Rows, force: str, reference: str, wearer: str, lat: float) -> int:
    """A fresh crime of a force with a wearer near at a latitude, qualified by somebody; its number."""
    ((number, matching),) = rows(CRIME, force, reference)
    rows(NEAR, matching, wearer, lat)
    return int(number)
