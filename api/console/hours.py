"""Hours of a sheet in hours and minutes that add up: across a row, and down its columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PARTS: Final = ("open", "present", "absent")
"""Of what is required; of equal remainders the first has the minute, so that none is counted against anybody by rounding."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Whole minutes of windows; ``required`` is the sum of the others."""

    required: int
    present: int
    absent: int
    open: int


def minutes_of(hours: Mapping[str, float]) -> Minutes:
    """``hours`` as the API tells them, each to a whole minute beside its own and together the required ones (largest remainder)."""
    exact = {name: 60.0 * hours[name] for name in PARTS}
    required = round(60.0 * hours["required"])
    whole = {name: int(value + 1e-6) for name, value in exact.items()}
    by_rest = sorted(PARTS, key=lambda name: whole[name] - exact[name])
    for name in by_rest[: max(0, required - sum(whole.values()))]:
        whole[name] += 1
    return Minutes(sum(whole.values()), **whole)


def in_all(rows: Sequence[Minutes]) -> Minutes:
    """The sum of rows as they are printed: who adds them up finds the same."""
    return Minutes(*(sum(getattr(one, name) for one in rows) for name in ("required", "present", "absent", "open")))


def minutes_words(minutes: int) -> str:
    """``22 h 43 min``, ``24 h``, ``45 min``, ``0 h``."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{rest} min" if rest else f"{hours} h"


def hours_words(hours: float) -> str:
    """The same, of hours."""
    return minutes_words(round(60.0 * hours))
