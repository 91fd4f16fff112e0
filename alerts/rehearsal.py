"""Alerts in virtual time: machine and policy driven from timer to timer, with what is said to happen. Pure.

What dispatch does with a database, `rehearse` does with a heap: it looks at an alert when it is raised, when something
happens to it and when a timer of it is due, and writes down what comes of it. `bailiwick protocols explain` shows one, the
validator of protocols judges many, and the tests let three days pass in seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from alerts.machine import Act, Illegal, Job, step
from alerts.policy import look
from alerts.protocols import Protocols
from alerts.severity import INCIDENTS
from alerts.state import Alert, Around, Looked, Plan, Raise, Task, Tell, Told
from domain.instants import DAY_US

LOOKS_MAX: Final = 1_000_000
"""A rehearsal that looks more often than that goes round in circles."""
AHEAD_MAX_US: Final = 366 * DAY_US


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that happens to an alert: a person acts, or what is known of it and around it is another from now on.

    ``alert`` and ``around`` are fields of `Alert` and `Around` with their new values. A turn with none of them is a look
    that nothing called for.
    """

    at_us: int
    act: Act | None = None
    alert: Mapping[str, Any] = field(default_factory=dict)
    around: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one look."""

    at_us: int
    alert_no: int
    tells: tuple[Tell, ...] = ()
    tasks: tuple[Task, ...] = ()
    acts: tuple[Act, ...] = ()
    raises: tuple[Raise, ...] = ()
    refused: Illegal | None = None
    """An act that the machine did not take."""


@dataclass(slots=True)
class Played:
    """One alert in a rehearsal, as it stands."""

    alert: Alert
    around: Around
    job: Job
    plan: Plan = field(default_factory=Plan)
    told: list[Told] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def next_us(self) -> int | None:
        """When something happens to it next, or a timer is due."""
        turn_us = [self.turns[-1].at_us] if self.turns else []
        return min([*self.timers.values(), *turn_us], default=None)


@dataclass(slots=True)
class Rehearsal:
    """Some alerts, and what came of them so far."""

    protocols: Protocols
    alerts: dict[int, Played] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    looks: int = 0
    _due: list[tuple[int, int]] = field(default_factory=list)
    _episodes: set[str] = field(default_factory=set)
    _tells: int = 0

    def add(self, alert: Alert, around: Around, turns: Iterable[Turn] = ()) -> None:
        """An alert that is raised at its ``raised_us``, and what will happen to it."""
        assert alert.no not in self.alerts
        ahead = sorted(turns, key=lambda turn: turn.at_us)[::-1]  # the next stands last
        played = Played(alert, around, Job(alert.raised_us), turns=ahead, timers={"raised": alert.raised_us})
        self.alerts[alert.no] = played
        self._episodes.add(alert.episode)
        self._wait(played)

    def happen(self, no: int, turn: Turn) -> None:
        """Something more will happen to an alert, after what is already to happen at that instant."""
        played = self.alerts[no]
        played.turns = sorted([*played.turns[::-1], turn], key=lambda one: one.at_us)[::-1]
        self._wait(played)

    def run(self, until_us: int) -> None:
        """Everything that is due up to and with ``until_us``."""
        while self._due and self._due[0][0] <= until_us:
            at_us, no = heapq.heappop(self._due)
            if self.alerts[no].next_us() == at_us:
                self._look(self.alerts[no], at_us)

    def _look(self, played: Played, at_us: int) -> None:
        refused = acted = None
        while played.turns and played.turns[-1].at_us <= at_us:
            turn = played.turns.pop()
            played.alert = replace(played.alert, **turn.alert)
            played.around = replace(played.around, **turn.around)
            if turn.act is None:
                continue
            try:
                played.job = step(played.job, turn.act, played.around.severity)
                acted = turn.act
            except Illegal as illegal:
                refused = illegal
        looked = look(
            played.alert, played.job, played.plan, played.around, played.told, self.protocols, at_us
        )  # fmt: skip
        self.looks += 1
        assert self.looks < LOOKS_MAX, f"{LOOKS_MAX} looks, and no end"
        self._write(played, looked, at_us)
        acts = (*([acted] if acted else []), *(act for act, _ in looked.acts))
        line = Line(at_us, played.alert.no, looked.tells, looked.tasks, acts, looked.raises, refused)
        if looked.tells or looked.tasks or acts or looked.raises or refused:
            self.lines.append(line)
        self._wait(played)

    def _write(self, played: Played, looked: Looked, at_us: int) -> None:
        """What dispatch would write down: state, timers, who is being told, alerts of the service's own."""
        played.job, played.plan, played.timers = looked.job, looked.plan, dict(looked.timers)
        for tell in looked.tells:
            self._tells += 1
            if tell.sends and tell.again is None:
                channel, who = tell.by[0], tell.target.value
                played.told.append(Told(self._tells, tell.target, who, channel, who, tell.urgency, tell.text))
        for raised in looked.raises:
            if raised.episode not in self._episodes:
                self._raise(played, raised, at_us)

    def _raise(self, by: Played, raised: Raise, at_us: int) -> None:
        severity = INCIDENTS[raised.kind]
        new = Alert(max(self.alerts) + 1, raised.episode, raised.kind, severity, at_us, at_us, wearer=raised.wearer)
        self.add(new, Around(severity, level=by.around.level, under_18=by.around.under_18, victims=by.around.victims))

    def _wait(self, played: Played) -> None:
        next_us = played.next_us()
        if next_us is not None:
            heapq.heappush(self._due, (next_us, played.alert.no))


def rehearse(
    alert: Alert, around: Around, protocols: Protocols, until_us: int, turns: Sequence[Turn] = ()
) -> Rehearsal:
    """One alert from its raising up to and with ``until_us``."""
    assert until_us - alert.raised_us <= AHEAD_MAX_US
    rehearsal = Rehearsal(protocols)
    rehearsal.add(alert, around, turns)
    rehearsal.run(until_us)
    return rehearsal
