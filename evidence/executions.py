"""How long warrants are out: days to execution, and how many are out still, by area and kind (docs/warrants.md). Pure.

Whoever is few is not shown: a count of 1 to 4 is left out, and so is one more where it could be worked out from the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.instants import DAY_US
from domain.vocabulary import WarrantKind, WarrantOutcome

FEWEST: Final = 5
"""Fewer than this many are not shown."""
BANDS: Final[tuple[tuple[str, int | None], ...]] = (
    ("under_8_days", 8),
    ("8_to_28_days", 29),
    ("29_to_90_days", 91),
    ("over_90_days", None),
)
"""How old a warrant that is out is: the name, and the whole days that it is under."""


@dataclass(frozen=True, slots=True)
class Life:
    """A warrant from when it was issued to when it was executed, withdrawn or expired (None: it is out)."""

    kind: WarrantKind
    area: str | None
    issued_us: int
    ended_us: int | None = None
    outcome: WarrantOutcome | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the warrants of one kind (None: all) and area (None: without one; ``""``: all). None: too few to show.

    ``median_days`` and ``p90_days`` are over those executed; ``out`` counts those that are out by `BANDS`.
    """

    kind: WarrantKind | None
    area: str | None
    executed: int | None
    median_days: float | None
    p90_days: float | None
    ended_otherwise: int | None
    out: dict[str, int | None]
    out_in_all: int | None


ALL_AREAS: Final = ""


def figures(lives: Iterable[Life], now_us: int) -> list[Figures]:
    """Of everything first; then by area, each in all and by kind, in order of area and kind."""
    every = list(lives)
    found = [_figures(every, None, ALL_AREAS, now_us)]
    for area in sorted({one.area for one in every}, key=lambda name: (name is None, name or "")):
        here = [one for one in every if one.area == area]
        found.append(_figures(here, None, area, now_us))
        for kind in WarrantKind:
            same = [one for one in here if one.kind is kind]
            if same:
                found.append(_figures(same, kind, area, now_us))
    return found


def _figures(lives: Sequence[Life], kind: WarrantKind | None, area: str | None, now_us: int) -> Figures:
    days = sorted(
        (one.ended_us - one.issued_us) / DAY_US
        for one in lives
        if one.ended_us is not None and one.outcome is WarrantOutcome.EXECUTED
    )
    enough = len(days) >= FEWEST
    otherwise = sum(one.ended_us is not None and one.outcome is not WarrantOutcome.EXECUTED for one in lives)
    out = [(now_us - one.issued_us) // DAY_US for one in lives if one.ended_us is None]
    return Figures(
        kind,
        area,
        _shown(len(days)),
        quantile(days, 0.5) if enough else None,
        quantile(days, 0.9) if enough else None,
        _shown(otherwise),
        hidden_where_few(_banded(out)),
        _shown(len(out)),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of at least one value in order: the smallest that so large a share does not exceed (no value is made up between two)."""
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _banded(days: Iterable[int]) -> dict[str, int]:
    counts = {name: 0 for name, _ in BANDS}
    for day in days:
        counts[next(name for name, under in BANDS if under is None or day < under)] += 1
    return counts


def hidden_where_few(counts: dict[str, int]) -> dict[str, int | None]:
    """Counts of which the small ones are None; where one alone would be, the next smallest that counts anybody is too."""
    hidden = {name for name, number in counts.items() if 0 < number < FEWEST}
    if len(hidden) == 1:
        rest = sorted((number, name) for name, number in counts.items() if number and name not in hidden)
        hidden |= {name for _, name in rest[:1]}
    return {name: None if name in hidden else number for name, number in counts.items()}


def _shown(number: int) -> int | None:
    return None if 0 < number < FEWEST else number
