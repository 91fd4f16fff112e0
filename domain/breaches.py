"""What a breach case is made of, as its officer recorded it: dated steps, and what of the order's violations it relies on.

Nothing of it is edited: a step is corrected by another, a choice is followed by a newer one. Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class BreachStep(StrEnum):
    """What services date in a breach case; which of them a case has is its route's to say."""

    IDENTIFIED = "identified"
    AUTHORITY_NOTIFIED = "authority_notified"
    PACK_REQUESTED = "pack_requested"
    PACK_SENT = "pack_sent"
    WARNING_LETTER = "warning_letter"
    INFORMATION = "information"
    SUMMONS = "summons"
    RECALL = "recall"
    HEARING = "hearing"
    RESULT = "result"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DatedStep:
    """One entry of a case's dates.

    Attributes
    ----------
    no : its number in the database; 0 before it has one.
    at_us : when it happened (a hearing: when it is listed); None: what it corrects did not happen.
    result : one of the route's results, for `BreachStep.RESULT` alone.
    corrects : the number of the entry that this one replaces; ``why`` says why.
    made_us, made_by : when it was recorded, and by whom.
    """

    no: int
    step: BreachStep
    at_us: int | None
    result: str | None
    note: str
    corrects: int | None
    why: str
    made_us: int
    made_by: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A violation of the order as it was when the officer chose: relied on in that ``version``, or left out.

    ``why``: why it is left out; empty where it is relied on. ``told_us`` and ``told_how``: the officer's record that the wearer
    had been told before, without which nothing retrospective is relied on (rules.md 10).
    """

    violation: str
    version: int
    relied: bool
    why: str = ""
    told_us: int | None = None
    told_how: str = ""


def standing(steps: Iterable[DatedStep]) -> tuple[DatedStep, ...]:
    """The entries that nobody has corrected and that happened, by when they happened."""
    entries = list(steps)
    corrected = {one.corrects for one in entries}
    left = [one for one in entries if one.no not in corrected and one.at_us is not None]
    return tuple(sorted(left, key=lambda one: (one.at_us or 0, one.no)))
