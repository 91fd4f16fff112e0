"""Violations made by hand: what a test does not say takes a plain value."""

from __future__ import annotations

from typing import Any

from domain.instants import parse_instant
from domain.violations import Violation
from domain.vocabulary import Cause, Change, Kind, Reason


def at(clock: str) -> int:
    """Microseconds of a time on 21 November 2026, or of a whole instant."""
    return parse_instant(clock if "T" in clock else f"2026-11-21T{clock}Z")


def make_violation(
    kind: Kind, from_: str, to: str | None = None, decided: str | None = None, **given: Any
) -> Violation:
    """A version of a violation of W1; ``decided`` is its end, or its beginning, unless it is said."""
    made: dict[str, Any] = {
        "id": "W1-1",
        "version": 1,
        "change": Change.OPENED,
        "reason": Reason.FIXES,
        "wearer": "W1",
        "victim": None,
        "kind": kind,
        "code": None,
        "order": "O1",
        "condition": "C1",
        "device": None,
        "from_us": at(from_),
        "to_us": None if to is None else at(to),
        "decided_us": at(decided or to or from_),
        "late": False,
        "age_s": 0.0,
        "cause": Cause.WEARER,
        "minutes_certain": None,
        "minutes_possible": None,
        "p_inside": None,
        "score": None,
        "retrospective": False,
        "untold": False,
        "evidence": (),
    }
    return Violation(**(made | given))
