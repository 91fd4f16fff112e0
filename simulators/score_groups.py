"""Who is served worst: the same figures for groups of wearers, and how often each wearer was told of for nothing.

Groups come from the truth's lines of the kind `life`, from a file, or both. What is kept is a count a wearer and kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from domain.instants import DAY_US, FAR_US
from simulators.score_figures import KindScore, rate, summed
from simulators.score_groups_file import Groups, read_groups, word_of
from simulators.score_lines import TruthLine, span_of

__all__ = ["Groups", "Person", "Wearers", "people_of", "read_groups"]

MONTH_DAYS: Final = 30
NOT_TOLD: Final = "not told"
MOST_WORST: Final = 20
"""So many wearers are named."""
ZONE_BANDS: Final = ((100.0, "under 100 m"), (300.0, "100 to 300 m"), (1000.0, "300 m to 1 km"))
ZONE_FAR: Final = "1 km or more"
ZONE_NONE: Final = "no zone"
SHARES: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


@dataclass(slots=True)
class Person:
    """A wearer of the run. ``days``: for how long; None: not known. ``orderly``: keeps every condition; None: not said."""

    groups: dict[str, str] = field(default_factory=dict)
    days: float | None = None
    orderly: bool | None = None


def people_of(lives: Iterable[TruthLine], groups: Groups | None, run: tuple[int, int] | None) -> dict[str, Person]:
    """Every wearer that truth or groups tell of. The file's words count over the truth's."""
    people: dict[str, Person] = {}
    run_end_us = FAR_US if run is None else run[1]
    spans: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for line in lives:
        person = people.setdefault(line.wearer or "", Person())
        from_us, to_us = span_of(line)
        spans[line.wearer or ""].add((from_us, max(from_us, run_end_us) if to_us == FAR_US else to_us))
        person.groups.update(_words(line))
        person.orderly = line.orderly if person.orderly is None else person.orderly and line.orderly is not False
    for name, lived in spans.items():
        people[name].days = _days_of(lived)
    run_days = None if run is None or run_end_us == FAR_US else (run_end_us - run[0]) / DAY_US
    for name, words in (groups or {}).items():
        person = people.setdefault(name, Person(days=run_days))
        person.groups.update(words)
    return people


def _days_of(spans: Iterable[tuple[int, int]]) -> float | None:
    """Days in at least one of some spans, microseconds; None where one has no end that is known."""
    length_us, reached_us = 0, -FAR_US
    for from_us, to_us in sorted(spans):
        length_us += max(0, to_us - max(from_us, reached_us))
        reached_us = max(reached_us, to_us)
    return None if reached_us == FAR_US else length_us / DAY_US


def _words(line: TruthLine) -> dict[str, str]:
    words = {"order": line.order, "level": line.level, "home": line.home, "life": line.life}
    found = {name: word for name, word in words.items() if word is not None}
    for name, answer in (("under_18", line.under_18), ("orderly", line.orderly)):
        if answer is not None:
            found[name] = word_of(answer)
    near = line.zone_m
    found["zone"] = ZONE_NONE if near is None else next((word for limit, word in ZONE_BANDS if near < limit), ZONE_FAR)
    return found


@dataclass(slots=True)
class Wearers:
    """What was counted of each wearer: (kind, what) to how many.

    ``critical``: false and explained critical alerts of each; None without alerts.
    """

    people: dict[str, Person] = field(default_factory=dict)
    counts: dict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    critical: dict[str, tuple[int, int]] | None = None

    def days(self, names: Iterable[str]) -> float | None:
        """Wearer-days of those whose days are known; None when nobody's are."""
        known = [d for name in names if (d := self.people[name].days) is not None]
        return sum(known) if known else None

    def known(self) -> list[str]:
        """Those whose days are known: rates by wearer-day are of them alone."""
        return [name for name, person in self.people.items() if person.days is not None]

    def kinds_of(self, names: Iterable[str]) -> dict[str, KindScore]:
        found: dict[str, KindScore] = defaultdict(KindScore)
        for name in names:
            for (kind, what), count in self.counts.get(name, {}).items():
                score = found[kind]
                setattr(score, what, getattr(score, what) + count)
        return found

    def for_nothing(self, name: str) -> tuple[int, int]:
        """False and explained of one wearer: critical alerts where alerts are known, else violations."""
        if self.critical is not None:
            return self.critical.get(name, (0, 0))
        told = Counter[str]()
        for (_, what), count in self.counts.get(name, {}).items():
            told[what] += count
        return told["false"], told["explained"]

    def monthly(self, names: Iterable[str]) -> dict[str, Any]:
        """Quantiles over wearers of what they were told of for nothing in 30 days; each a wearer's own figure."""
        false, both = [], []
        for name in names:
            days = self.people[name].days
            if days:
                wrong, explained = self.for_nothing(name)
                false.append(wrong * MONTH_DAYS / days)
                both.append((wrong + explained) * MONTH_DAYS / days)
        return {"wearers": len(both), "false": _of_wearers(false), "did_not_happen": _of_wearers(both)}

    def groups(self) -> dict[str, dict[str, Any]]:
        """For each thing that is told apart, its groups' figures."""
        apart = sorted({what for person in self.people.values() for what in person.groups})
        return {what: self._split(what) for what in apart}

    def _split(self, what: str) -> dict[str, Any]:
        members: dict[str, list[str]] = defaultdict(list)
        for name, person in self.people.items():
            members[person.groups.get(what, NOT_TOLD)].append(name)
        return {word: self.figures(members[word]) for word in sorted(members)}

    def figures(self, names: list[str]) -> dict[str, Any]:
        """The figures of some wearers, in all and by kind."""
        kinds, days = self.kinds_of(names), self.days(names)
        total = summed(kinds.values())
        known = [self.for_nothing(name) for name in names if self.people[name].days is not None]
        wrong, explained = sum(one[0] for one in known), sum(one[1] for one in known)
        orderly = [name for name in names if self.people[name].orderly]
        return {
            "wearers": len(names),
            "wearer_days": None if days is None else round(days, 3),
            **total.in_short(),
            **total.shares(),
            "false_per_wearer_day": _per(wrong, days),
            "did_not_happen_per_wearer_day": _per(wrong + explained, days),
            "per_30_days": self.monthly(names),
            "orderly_per_30_days": self.monthly(orderly) if orderly else None,
            "kinds": {kind: {**kinds[kind].in_short(), **_two(kinds[kind])} for kind in sorted(kinds)},
        }

    def worst(self) -> dict[str, Any]:
        """Who is served worst: over all wearers, those who keep every condition, and the worst by name."""
        names = sorted(self.people)
        orderly = [name for name in names if self.people[name].orderly]
        ranked = sorted(names, key=lambda name: (-sum(self.for_nothing(name)), name))[:MOST_WORST]
        return {
            "of": "violations" if self.critical is None else "critical alerts",
            "per_30_days": self.monthly(names),
            "orderly_per_30_days": self.monthly(orderly) if orderly else None,
            "wearers": [self._told(name) for name in ranked if sum(self.for_nothing(name))],
        }

    def _told(self, name: str) -> dict[str, Any]:
        wrong, explained = self.for_nothing(name)
        person = self.people[name]
        days = None if person.days is None else round(person.days, 3)
        return {"wearer": name, "false": wrong, "explained": explained, "days": days, "groups": person.groups}


def _two(kind: KindScore) -> dict[str, Any]:
    return {"recall": rate(kind.hit, kind.truth), "precision": rate(kind.right, kind.right + kind.false)}


def _per(count: int, days: float | None) -> float | None:
    return None if not days else round(count / days, 6)


def _of_wearers(values: list[float]) -> dict[str, float | None]:
    """A wearer's own figure at each share, none made up between two of them."""
    if not values:
        return dict.fromkeys(SHARES)
    found = np.percentile(np.array(values), list(SHARES.values()), method="inverted_cdf")
    return dict(zip(SHARES, (round(float(value), 3) for value in found), strict=True))
