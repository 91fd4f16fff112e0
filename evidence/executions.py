"""How long warrants are out: days to execution, and how many are out still, by area and kind (docs/warrants.md). Pure.

Whoever is few is not shown: a count of 1 to 4 is left out, and so are others where it could be worked out from the total, or
the total from what is below it (`evidence.suppression`).
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from domain.instants import DAY_US
from domain.vocabulary import WarrantKind, WarrantOutcome
from evidence.suppression import LEAST, hidden_of

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
EXECUTED, OTHERWISE, OUT = "executed", "ended_otherwise", "out_in_all"
K = TypeVar("K", bound=Hashable)


def figures(lives: Iterable[Life], now_us: int) -> list[Figures]:
    """Of everything first; then by area, each in all and by kind, in order of area and kind.

    Among the areas, and among the kinds of each, what is hidden cannot be worked out from the sum above it either.
    """
    every = list(lives)
    areas = sorted({one.area for one in every}, key=lambda name: (name is None, name or ""))
    of_areas = [_Counts.of([one for one in every if one.area == area], None, area, now_us) for area in areas]
    hidden = _hidden(of_areas)
    found = [_Counts.of(every, None, ALL_AREAS, now_us).shown({})]
    for counts in of_areas:
        found.append(counts.shown(hidden))
        here = [one for one in every if one.area == counts.area]
        kinds = [kind for kind in WarrantKind if any(one.kind is kind for one in here)]
        of_kinds = [_Counts.of([one for one in here if one.kind is kind], kind, counts.area, now_us) for kind in kinds]
        hidden_kinds = _hidden(of_kinds)
        for name, keys in hidden_kinds.items():
            if counts.hides(name, hidden):  # the kinds would come to what is not shown
                keys |= {(each.kind, each.area) for each in of_kinds}
        found += [each.shown(hidden_kinds) for each in of_kinds]
    return found


@dataclass(frozen=True, slots=True)
class _Counts:
    kind: WarrantKind | None
    area: str | None
    days: list[float]
    counts: dict[str, int]
    """By column: `executed`, `ended_otherwise`, `out_in_all`, and the bands."""

    @classmethod
    def of(cls, lives: Sequence[Life], kind: WarrantKind | None, area: str | None, now_us: int) -> _Counts:
        days = sorted(
            (one.ended_us - one.issued_us) / DAY_US
            for one in lives
            if one.ended_us is not None and one.outcome is WarrantOutcome.EXECUTED
        )
        out = [(now_us - one.issued_us) // DAY_US for one in lives if one.ended_us is None]
        otherwise = len(lives) - len(days) - len(out)
        counts = {EXECUTED: len(days), OTHERWISE: otherwise, OUT: len(out)} | _banded(out)
        return cls(kind, area, days, counts)

    def shown(self, hidden: Mapping[str, Container[tuple[object, object]]]) -> Figures:
        """``hidden`` by column: whose count would tell another's."""

        def shown(name: str) -> int | None:
            return None if self.hides(name, hidden) else self.counts[name]

        enough = len(self.days) >= LEAST and shown(EXECUTED) is not None
        median, p90 = (quantile(self.days, 0.5), quantile(self.days, 0.9)) if enough else (None, None)
        out = {name: shown(name) for name, _ in BANDS}
        return Figures(self.kind, self.area, shown(EXECUTED), median, p90, shown(OTHERWISE), out, shown(OUT))

    def hides(self, name: str, hidden: Mapping[str, Container[tuple[object, object]]]) -> bool:
        """Whether a count is not shown: it is small, or would tell another's of its row or column."""
        bands = hidden_where_few({band: self.counts[band] for band, _ in BANDS})
        few = 0 < self.counts[name] < LEAST or (self.kind, self.area) in hidden.get(name, ())
        return few or (name in bands and bands[name] is None)


def _hidden(rows: Sequence[_Counts]) -> dict[str, set[tuple[object, object]]]:
    """By column, the rows that are not shown, so that none can be worked out from the sum of all."""
    names = [EXECUTED, OTHERWISE, OUT, *(name for name, _ in BANDS)]
    found: dict[str, set[tuple[object, object]]] = {}
    for name in names:
        shown = hidden_where_few({(one.kind, one.area): one.counts[name] for one in rows})
        found[name] = {key for key, number in shown.items() if number is None}
    return found


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of at least one value in order: the smallest that so large a share does not exceed (no value is made up between two)."""
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _banded(days: Iterable[int]) -> dict[str, int]:
    counts = {name: 0 for name, _ in BANDS}
    for day in days:
        counts[next(name for name, under in BANDS if under is None or day < under)] += 1
    return counts


def hidden_where_few(counts: Mapping[K, int]) -> dict[K, int | None]:
    """Counts that have a total, of which those are None that are small, or by which a small one could be worked out."""
    hidden, _ = hidden_of(list(counts.values()))
    return {name: None if gone else number for (name, number), gone in zip(counts.items(), hidden, strict=True)}
