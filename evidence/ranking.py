"""In which order warrants are to be seen to (docs/warrants.md). Pure.

The order is by one ground after another, each a fact that its holder can look up and explain; no ground is weighed against
another, nothing is added up, and nobody gets a score. It orders warrants of one list; it says nothing of a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.vocabulary import WarrantKind


class Requires(StrEnum):
    """What the conditions of the wearer's orders require at an instant; the first that holds."""

    KEEP_AWAY = "keep_away"
    """An exclusion zone or a distance to a protected person is enforced."""
    BE_THERE = "be_there"
    """A curfew, an attendance or a zone to stay in is enforced."""
    NOTHING = "nothing"


class Ground(StrEnum):
    """What a warrant's place in the order rests on, in the order in which grounds count."""

    VICTIM = "victim"
    ROSH = "rosh"
    MAPPA = "mappa"
    REQUIRES = "requires"
    KIND = "kind"
    AGE = "age"


NOT_ASSESSED: Final = 2
"""Risk of serious harm that nobody assessed stands with medium: not known is not low."""
ROSH: Final = {"very_high": 0, "high": 1, "medium": NOT_ASSESSED, "low": 3}
KINDS: Final = {WarrantKind.RECALL: 0, WarrantKind.BAIL: 1, WarrantKind.BREACH: 2, WarrantKind.FAIL_TO_ATTEND: 3}
"""Recalls first: the person should be in prison now. Then those who await trial, breach, and failure to attend."""
REQUIRES: Final = {Requires.KEEP_AWAY: 0, Requires.BE_THERE: 1, Requires.NOTHING: 2}
MAPPA_LEVELS: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a warrant that is out. ``protects``: an order of the wearer's that runs protects somebody."""

    no: int
    kind: WarrantKind
    issued_us: int
    protects: bool = False
    rosh: str | None = None
    mappa: int | None = None
    requires: Requires = Requires.NOTHING


@dataclass(frozen=True, slots=True)
class Ranked:
    """A warrant's place in the list, from 1, and the ground that puts it after the one before it (None for the first)."""

    place: int
    standing: Standing
    after_by: Ground | None


def ranked(standings: Iterable[Standing]) -> list[Ranked]:
    """The list, the most urgent first: by each ground of `Ground` in turn; equals by age, the oldest first, then by number."""
    ordered = sorted(standings, key=lambda one: (*_key(one), one.no))
    found: list[Ranked] = []
    for place, standing in enumerate(ordered, 1):
        before = found[-1].standing if found else None
        found.append(Ranked(place, standing, None if before is None else _parts(before, standing)))
    return found


def _key(one: Standing) -> tuple[int, ...]:
    mappa = MAPPA_LEVELS - (one.mappa or 0)
    rosh = ROSH.get(one.rosh or "", NOT_ASSESSED)
    return (int(not one.protects), rosh, mappa, REQUIRES[one.requires], KINDS[one.kind], one.issued_us)


def _parts(before: Standing, after: Standing) -> Ground:
    """The first ground in which two differ; those that differ in none were issued together."""
    pairs = zip(Ground, _key(before), _key(after), strict=True)
    return next((ground for ground, first, second in pairs if first != second), Ground.AGE)
