"""Figures of a score: counts with their uncertainty, and distributions as quantiles."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

Z_95: Final = 1.959964
"""Standard normal: 95 % lie within so many deviations."""
SHARES: Final = (0.5, 0.95, 0.99, 1.0)


def rate(part: int, whole: int) -> float | None:
    """A share; None of nothing."""
    return None if not whole else round(part / whole, 6)


def wilson(part: int, whole: int) -> list[float] | None:
    """The share's interval of 95 % (Wilson 1927): [low, high], both in 0 to 1; None of nothing."""
    if not whole:
        return None
    share, z2 = part / whole, Z_95 * Z_95
    middle = share + z2 / (2 * whole)
    half = Z_95 * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole))
    low, high = ((middle + sign * half) / (1 + z2 / whole) for sign in (-1, 1))
    return [round(max(0.0, low), 6), round(min(1.0, high), 6)]


def quantiles(values: Sequence[float]) -> dict[str, float | int | None]:
    """How many, p50, p95, p99 and the largest, to the millisecond; None where there is none."""
    names = ("p50", "p95", "p99", "max")
    if not len(values):
        return {"n": 0, **dict.fromkeys(names)}
    found = np.quantile(np.asarray(values, np.float64), SHARES)
    return {"n": len(values), **dict(zip(names, (round(float(v), 3) for v in found), strict=True))}


def _seconds() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Distributions:
    """Seconds, one a truth line that was found (docs/simulators.md says from when to when).

    Attributes
    ----------
    to_decided, in_time : from its beginning to the first decision; the second without what was found late.
    age : from the found beginning to the first decision.
    to_alert, to_victim_told, alert_to_victim_told : from its beginning, and from the alert.
    off_from, off_to : what was found less the truth, so that positive is too late.
    """

    to_decided: array[float] = field(default_factory=_seconds)
    in_time: array[float] = field(default_factory=_seconds)
    age: array[float] = field(default_factory=_seconds)
    to_alert: array[float] = field(default_factory=_seconds)
    to_victim_told: array[float] = field(default_factory=_seconds)
    alert_to_victim_told: array[float] = field(default_factory=_seconds)
    off_from: array[float] = field(default_factory=_seconds)
    off_to: array[float] = field(default_factory=_seconds)

    def add(self, other: Distributions) -> None:
        for one in fields(self):
            getattr(self, one.name).extend(getattr(other, one.name))

    def delays(self) -> dict[str, Any]:
        names = ("to_decided", "in_time", "age", "to_alert", "to_victim_told", "alert_to_victim_told")
        return {name: quantiles(getattr(self, name)) for name in names}


@dataclass(slots=True)
class KindScore:
    """Figures of one kind. ``truth``: lines that had to be found; ``found``: current violations."""

    truth: int = 0
    found: int = 0
    missed: int = 0
    false: int = 0
    explained: int = 0
    late: int = 0
    other_code: int = 0
    off_from: int = 0
    off_to: int = 0
    gaps: int = 0
    wrong_interval: int = 0
    not_ended: int = 0
    seconds: Distributions = field(default_factory=Distributions)

    @property
    def right(self) -> int:
        """Violations of what happened."""
        return self.found - self.false - self.explained

    @property
    def hit(self) -> int:
        """Truth lines that were found."""
        return self.truth - self.missed

    def in_short(self) -> dict[str, int]:
        """The keys of the demo's report."""
        return {
            "truth": self.truth,
            "found": self.found,
            "missed": self.missed,
            "false": self.false,
            "explained": self.explained,
        }

    def counts(self) -> dict[str, int]:
        return {
            **self.in_short(),
            "late": self.late,
            "other_code": self.other_code,
            "off_from": self.off_from,
            "off_to": self.off_to,
            "gaps": self.gaps,
            "wrong_interval": self.wrong_interval,
            "not_ended": self.not_ended,
            "right": self.right,
        }

    def shares(self) -> dict[str, Any]:
        """Recall of what had to be found; precision without what is explained, and with it counted as wrong."""
        return {
            "recall": rate(self.hit, self.truth),
            "recall_95": wilson(self.hit, self.truth),
            "precision": rate(self.right, self.right + self.false),
            "precision_95": wilson(self.right, self.right + self.false),
            "precision_strict": rate(self.right, self.found),
            "precision_strict_95": wilson(self.right, self.found),
        }

    def in_full(self) -> dict[str, Any]:
        off = {name: quantiles([abs(v) for v in getattr(self.seconds, name)]) for name in ("off_from", "off_to")}
        return {
            **self.counts(),
            **self.shares(),
            "delay_s": self.seconds.delays(),
            "off_from_s": off["off_from"],
            "off_to_s": off["off_to"],
        }

    def add(self, other: KindScore) -> None:
        for one in fields(self):
            if one.name != "seconds":
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        self.seconds.add(other.seconds)


def summed(kinds: Iterable[KindScore]) -> KindScore:
    """All kinds as one."""
    total = KindScore()
    for kind in kinds:
        total.add(kind)
    return total
