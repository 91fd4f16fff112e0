"""Alerts beside the score: how soon an alert was there and a protected person told, and how many told of nothing.

Read are objects as the API gives them, in any order, one a line: an alert of ``GET /alerts``, a whole page of them, or
what ``GET /alerts/{alert}/history`` answers, which says who was told.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import Severity
from simulators.score_figures import quantiles, rate, wilson
from simulators.score_lines import NONE, BadLine, Found, Instant, Names, RawLine, Words, located, microseconds, typed

UNSEEN_US: Final = -(1 << 62)
"""In columns of instants: not known, or it did not happen."""
VICTIM: Final = "victim"
BY_CALL: Final = "call"


class Verdict(IntEnum):
    """What became of a violation; an alert has the best of its violations'."""

    NOT_JUDGED = 0
    FALSE = 1
    EXPLAINED = 2
    RIGHT = 3


class _Notification(msgspec.Struct):
    target: str
    channel: str
    sends: bool
    sent: Instant | None
    stands_down: str | None


class _Contact(msgspec.Struct):
    party: str
    answered: bool | None
    at: Instant


class _Alert(msgspec.Struct):
    id: str
    kind: str
    severity: Severity
    wearer: str | None
    raised: Instant
    violations: list[str]


class _AlertLine(msgspec.Struct):
    """An alert, a page of them (``items``), or a history (``alert``)."""

    items: list[_Alert] | None = None
    alert: str | None = None
    notifications: list[_Notification] = []
    contacts: list[_Contact] = []
    id: str | None = None
    kind: str | None = None
    severity: Severity | None = None
    wearer: str | None = None
    raised: Instant | None = None
    violations: list[str] = []


class Alerts:
    """Alerts as columns.

    Attributes
    ----------
    raised_us, told_us : when it was raised, and when a protected person was first told; `UNSEEN_US`: not.
    violation, alert : (links,) rows of a violation and of an alert that has it; a violation may be in several alerts.
    """

    def __init__(self, lines: Iterable[RawLine], found: Found, words: Words) -> None:
        self.row_of: dict[str, int] = {}
        self.raised_us, self.told_us = array("q"), array("q")
        self.kind, self.severity, self.wearer = array("h"), array("h"), array("i")
        self.severities, self.kinds = Names(), Names()
        self.violation, self.alert = array("q"), array("q")
        for line in typed(lines, _AlertLine):
            try:
                self._take(line, found, words)
            except BadLine as bad:
                raise located(lines, bad) from None
        self._raised = self._first(self.raised_us, len(found))
        self._told = self._first(self.told_us, len(found))

    def _first(self, instants: array[int], violations: int) -> NDArray[np.int64]:
        """(violations,) the first of some instants over the alerts of each violation; `UNSEEN_US`: there is none."""
        never = np.iinfo(np.int64).max
        violation, at = np.asarray(self.violation), np.asarray(instants)[np.asarray(self.alert)]
        first = np.full(violations, never, np.int64)
        seen = at != UNSEEN_US
        np.minimum.at(first, violation[seen], at[seen])
        return np.where(first == never, UNSEEN_US, first)

    def __len__(self) -> int:
        return len(self.raised_us)

    def raised_of(self, violation: int) -> int:
        """When the first alert of a violation was raised, microseconds; `UNSEEN_US` where there is none."""
        return int(self._raised[violation])

    def told_of(self, violation: int) -> int:
        """When a protected person was first told of a violation, microseconds; `UNSEEN_US`: never."""
        return int(self._told[violation])

    def _take(self, line: _AlertLine, found: Found, words: Words) -> None:
        if line.items is not None:
            for alert in line.items:
                self._alert(alert, found, words)
        elif line.alert is not None:
            self._history(line)
        else:
            try:
                alert = msgspec.convert(msgspec.structs.asdict(line), _Alert)
            except msgspec.ValidationError:
                raise BadLine("line", "neither an alert, nor a page of alerts, nor the history of one") from None
            self._alert(alert, found, words)

    def _row(self, name: str) -> int:
        row = self.row_of.setdefault(name, len(self.raised_us))
        if row == len(self.raised_us):
            for instants in (self.raised_us, self.told_us):
                instants.append(UNSEEN_US)
            for column in (self.kind, self.severity, self.wearer):
                column.append(NONE)
        return row

    def _alert(self, alert: _Alert, found: Found, words: Words) -> None:
        row = self._row(alert.id)
        self.raised_us[row] = _earlier(self.raised_us[row], microseconds(alert.raised))
        self.kind[row] = self.kinds.number(alert.kind)
        self.severity[row] = self.severities.number(alert.severity.value)
        self.wearer[row] = words.wearers.number(alert.wearer)
        for name in alert.violations:
            violation = found.row_of.get(name)
            if violation is not None:
                self.violation.append(violation)
                self.alert.append(row)

    def _history(self, line: _AlertLine) -> None:
        """The first thing sent to a victim that takes nothing back, or call to one that was answered."""
        assert line.alert is not None
        told = [
            microseconds(n.sent)
            for n in line.notifications
            if n.target == VICTIM and n.channel != BY_CALL and n.sends and n.sent is not None and n.stands_down is None
        ]
        told += [microseconds(c.at) for c in line.contacts if c.party == VICTIM and c.answered]
        if told:
            row = self._row(line.alert)
            self.told_us[row] = _earlier(self.told_us[row], min(told))


def _earlier(known_us: int, us: int) -> int:
    return us if known_us == UNSEEN_US else min(known_us, us)


@dataclass(slots=True)
class AlertScore:
    """How many alerts of a kind or severity told of what happened."""

    alerts: int = 0
    right: int = 0
    explained: int = 0
    false: int = 0
    not_judged: int = 0
    to_victim_told: array[float] = field(default_factory=lambda: array("d"))

    def as_json(self) -> dict[str, Any]:
        judged = self.right + self.false
        return {
            "alerts": self.alerts,
            "right": self.right,
            "explained": self.explained,
            "false": self.false,
            "not_judged": self.not_judged,
            "precision": rate(self.right, judged),
            "precision_95": wilson(self.right, judged),
            "precision_strict": rate(self.right, judged + self.explained),
            "alert_to_victim_told_s": quantiles(self.to_victim_told),
        }


@dataclass(slots=True)
class AlertReport:
    """Alerts by kind and by severity, and of each wearer (by number) those of nothing that happened.

    ``false`` and ``explained`` count critical ones alone: those are what sends the police.
    """

    total: AlertScore = field(default_factory=AlertScore)
    kinds: dict[str, AlertScore] = field(default_factory=lambda: defaultdict(AlertScore))
    severities: dict[str, AlertScore] = field(default_factory=lambda: defaultdict(AlertScore))
    false: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    explained: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def as_json(self) -> dict[str, Any]:
        return {
            **self.total.as_json(),
            "kinds": {name: self.kinds[name].as_json() for name in sorted(self.kinds)},
            "severities": {name: self.severities[name].as_json() for name in sorted(self.severities)},
        }


def judged(alerts: Alerts, verdicts: array[int]) -> AlertReport:
    """Alerts by what their violations were; ``verdicts``: of each violation, also of those that were withdrawn.

    An alert of which every violation was withdrawn told somebody all the same: it is right when what it told happened.
    """
    best = np.zeros(len(alerts), np.int8)
    np.maximum.at(best, np.asarray(alerts.alert), np.asarray(verdicts, np.int8)[np.asarray(alerts.violation)])
    report = AlertReport()
    for row, verdict in enumerate(best.tolist()):
        if alerts.raised_us[row] == UNSEEN_US:
            continue  # a history without its alert
        kind, severity = alerts.kinds.of[alerts.kind[row]], alerts.severities.of[alerts.severity[row]]
        for one in (report.total, report.kinds[kind], report.severities[severity]):
            _count(one, alerts, row, Verdict(verdict))
        if severity == Severity.CRITICAL.value and verdict in (Verdict.FALSE, Verdict.EXPLAINED):
            (report.false if verdict == Verdict.FALSE else report.explained)[alerts.wearer[row]] += 1
    return report


def _count(score: AlertScore, alerts: Alerts, row: int, verdict: Verdict) -> None:
    score.alerts += 1
    score.right += verdict is Verdict.RIGHT
    score.explained += verdict is Verdict.EXPLAINED
    score.false += verdict is Verdict.FALSE
    score.not_judged += verdict is Verdict.NOT_JUDGED
    if alerts.told_us[row] != UNSEEN_US:
        score.to_victim_told.append((alerts.told_us[row] - alerts.raised_us[row]) / 1e6)
