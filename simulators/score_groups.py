"""Who is served worst: the same figures for groups of wearers, and how often each wearer was told of for nothing.

Groups come from the truth's lines of the kind `life`, from a file, or both. What is kept is a count a wearer and kind.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from domain.errors import BadInput, Fault
from domain.instants import DAY_US, FAR_US
from simulators.score_figures import KindScore, rate, summed
from simulators.score_lines import BadLine, Lines, TruthLine, located, span_of

Groups: TypeAlias = Mapping[str, Mapping[str, str]]
"""Wearer to group words: what is told apart, to what the wearer is."""

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
    run_days = None if run is None or run[1] == FAR_US else (run[1] - run[0]) / DAY_US
    for line in lives:
        person = people.setdefault(line.wearer or "", Person())
        from_us, to_us = span_of(line)
        lived = run_days if to_us == FAR_US else (to_us - from_us) / DAY_US
        person.days = lived if person.days is None or lived is None else person.days + lived
        person.groups.update(_words(line))
        person.orderly = line.orderly if person.orderly is None else person.orderly and line.orderly is not False
    for name, words in (groups or {}).items():
        person = people.setdefault(name, Person(days=run_days))
        person.groups.update(words)
    return people


def _words(line: TruthLine) -> dict[str, str]:
    words = {"order": line.order, "level": line.level, "home": line.home, "life": line.life}
    found = {name: word for name, word in words.items() if word is not None}
    for name, answer in (("under_18", line.under_18), ("orderly", line.orderly)):
        if answer is not None:
            found[name] = _word(answer)
    near = line.zone_m
    found["zone"] = ZONE_NONE if near is None else next((word for limit, word in ZONE_BANDS if near < limit), ZONE_FAR)
    return found


def read_groups(path: Path) -> dict[str, dict[str, str]]:
    """Wearer to words: CSV with a heading in which one column is `wearer`, or NDJSON. Raises `BadInput`."""
    with path.open("rb") as file:
        first = file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()
    return _of_ndjson(path) if first.startswith(b"{") else _of_csv(path)


def _of_ndjson(path: Path) -> dict[str, dict[str, str]]:
    lines, found = Lines(path), {}
    decode = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode
    for text in lines:
        try:
            line = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise located(lines, BadLine("line", f"not an object of words: {error}")) from None
        wearer = line.pop("wearer", None)
        if not isinstance(wearer, str):
            raise located(lines, BadLine("wearer", "missing, or not a name"))
        found[wearer] = {name: _word(value) for name, value in line.items() if value is not None}
    return found


def _word(value: str | float | bool) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _of_csv(path: Path) -> dict[str, dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([Fault(str(path), 1, "line", f"not UTF-8: {error.reason}")]) from None
    rows = csv.reader(io.StringIO(text, newline=""))
    heading = [name.strip() for name in next(rows, [])]
    if "wearer" not in heading:
        raise BadInput([Fault(str(path), 1, "wearer", "no column of this name in the heading")])
    at, found = heading.index("wearer"), {}
    for row in rows:
        if not row:
            continue
        if len(row) != len(heading):
            cause = f"{len(row)} values under {len(heading)} names"
            raise BadInput([Fault(str(path), rows.line_num, "line", cause)])
        words = {name: value.strip() for name, value in zip(heading, row, strict=True) if value.strip()}
        found[row[at].strip()] = {name: word for name, word in words.items() if name != "wearer"}
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
        wrong, explained = map(sum, zip(*(self.for_nothing(name) for name in names), strict=True))
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
