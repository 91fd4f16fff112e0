"""What a protocol would do, minute by minute, if nobody acted; and what a claim or a clearing would change. Pure.

`explain` lets one invented alert run through `alerts.rehearsal`, which is what dispatch would do with it. The names of those on
duty are put in by whoever asks (`bailiwick protocols explain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from alerts.machine import Act, Actor
from alerts.protocols import Action, Case, Flag, Protocol, Protocols, Step, Target
from alerts.rehearsal import Line, Rehearsal, Turn, rehearse
from alerts.severity import CURFEW_RISE_MIN, FIXED, INCIDENTS, LOSS_SERIOUS_MIN, LOSS_WARNING_MIN, LOSSES
from alerts.state import Alert, Around, Tell
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Channel, Kind, Level, Outcome, Role, Severity, ToldReason

CLAIMED_US: Final = MINUTE_US
"""When somebody claims it, in what is told of claims."""
ALL_US: Final = HOUR_US
"""Up to here everything is told; later what has been told before is not."""
LAST_US: Final = DAY_US
WORKED_US: Final = 10 * MINUTE_US
OPERATOR: Final = Actor("an operator", Role.OPERATOR)
QuietUntil = Callable[[int], int | None]
"""The end of the hours in which somebody under 18 is not called, at an instant; None outside of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody told, or something to be done: when, whom, how, what.

    ``of`` is the step of the protocol that it comes from, None for what the policy says by itself.
    """

    at_us: int
    action: Action
    to: Target
    by: tuple[Channel, ...]
    text: str
    of: Step | None = None
    reason: ToldReason | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen.

    Attributes
    ----------
    rows : if nobody acted: the first hour whole, then what is told for the first time, up to a day.
    rises : when it would become more urgent by time alone, and the protocol that runs then.
    conditional : steps that wait for something that a person finds out.
    left, worked : seniors told when somebody claims it after `CLAIMED_US` and does nothing more; and when they go on with it.
    uncleared : rows that are told no more when it is over after `CLAIMED_US`; ``closes`` how it then closes itself.
    """

    case: Case
    at_us: int
    protocol: Protocol
    rows: tuple[Row, ...]
    rises: tuple[tuple[int, Severity, str], ...]
    conditional: tuple[Step, ...]
    left: tuple[Row, ...]
    worked: tuple[Row, ...]
    uncleared: tuple[Row, ...]
    closes: Outcome | None


def usual_severity(kind: str, level: Level, victim: bool) -> Severity:
    """What an alert of a kind begins as when nothing else is said: a curfew's is of `AL10`, a loss is without need."""
    if kind == Kind.CURFEW:
        return Severity.CRITICAL if victim or level is Level.INTENSIVE else Severity.SERIOUS
    if kind == Kind.ZONE_EDGE:
        return Severity.SERIOUS if victim else Severity.WARNING
    if kind in LOSSES:
        return Severity.INFORMATION
    return INCIDENTS.get(kind) or FIXED[Kind(kind)]


def rises_of(kind: str, severity: Severity) -> list[tuple[int, Severity]]:
    """When time alone makes it more urgent: (microseconds after it was raised, what it is then)."""
    if kind == Kind.CURFEW and severity is Severity.SERIOUS:
        return [(round(CURFEW_RISE_MIN * MINUTE_US), Severity.CRITICAL)]
    if kind in LOSSES and severity in (Severity.INFORMATION, Severity.WARNING):
        warning = [(round(LOSS_WARNING_MIN * MINUTE_US), Severity.WARNING)] if severity is Severity.INFORMATION else []
        return [*warning, (round(LOSS_SERIOUS_MIN * MINUTE_US), Severity.SERIOUS)]
    return []


def explain(
    protocols: Protocols, case: Case, at_us: int, quiet_until: QuietUntil, *, rises: bool = True
) -> Explanation | None:
    """What would happen to an alert like ``case`` that is raised at ``at_us``; None when no protocol fits it.

    ``rises`` False: it stays as urgent as it is.
    """
    protocol = protocols.choose(case)
    if protocol is None:
        return None
    asked = _Asked(protocols, case, at_us, quiet_until, rises)
    alone = asked.play()
    rows = _first_hour(asked.rows(alone), at_us)
    left = asked.play(Turn(at_us + CLAIMED_US, Act(AlertEvent.CLAIM, at_us + CLAIMED_US, OPERATOR)))
    over = replace(asked, rises=False).play(Turn(at_us + CLAIMED_US, alert={"active": False}))
    still = {(row.to, row.text) for row in asked.rows(over)}
    [ended] = over.alerts.values()
    return Explanation(
        case,
        at_us,
        protocol,
        tuple(rows),
        tuple(asked.risen(alone)),
        tuple(one for one in protocol.steps if set(one.only) - {Flag.UNDER_18, Flag.OFTEN}),
        tuple(_seniors(asked.rows(left), at_us)),
        tuple(_seniors(asked.rows(asked.play(*_working(at_us))), at_us)),
        tuple(row for row in rows if (row.to, row.text) not in still),
        ended.job.outcome if ended.job.work is AlertWork.CLOSED else None,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be explained."""

    protocols: Protocols
    case: Case
    at_us: int
    quiet_until: QuietUntil
    rises: bool

    def play(self, *turns: Turn) -> Rehearsal:
        """A day of it, in which ``turns`` happen."""
        case, at_us = self.case, self.at_us
        wearer, victim = (None, "the victim") if case.own_unit else ("the wearer", None)
        alert = Alert(1, "explained", case.kind, case.severity, at_us, at_us, wearer=wearer, victim=victim)
        victims = ("the victim",) if case.victim else ()
        quiet = self.quiet_until(at_us) if case.under_18 else None
        around = Around(case.severity, case.level, case.under_18, victims, quiet_until_us=quiet, prealerts_7d=1)
        return rehearse(alert, around, self.protocols, at_us + LAST_US, [*turns, *self._passing()])

    def _passing(self) -> list[Turn]:
        """What time alone changes: its severity, and the night of those under 18."""
        found = []
        if self.rises:
            for after_us, severity in rises_of(self.case.kind, self.case.severity):
                found.append(Turn(self.at_us + after_us, around={"severity": severity}))
        if self.case.under_18:
            hours = range(self.at_us - self.at_us % HOUR_US + HOUR_US, self.at_us + LAST_US, HOUR_US // 2)
            found += [Turn(us, around={"quiet_until_us": self.quiet_until(us)}) for us in hours]
        return found

    def rows(self, played: Rehearsal) -> list[Row]:
        """Who is told what, in order."""
        return [row for line in played.lines for row in self._of(line)]

    def _of(self, line: Line) -> Iterable[Row]:
        for tell in line.tells:
            if tell.sends:
                step = self._step(tell)
                action = Action.NOTIFY if step is None else step.action
                yield Row(line.at_us, action, tell.target, tell.by, tell.text, step, tell.reason, tell.urgency)
        for task in line.tasks:
            found = (
                one for one in self._steps() if (one.action, one.to, one.text) == (Action.TASK, task.target, task.text)
            )
            yield Row(line.at_us, Action.TASK, task.target, (), task.text, next(found, None))

    def _step(self, tell: Tell) -> Step | None:
        """The step that said it; where several say the same, the one that goes on."""
        now = self.protocols.choose(self._as(tell.urgency))
        steps = [*(now.steps if now is not None else ()), *self._steps()]
        alike = [one for one in steps if (one.to, one.by, one.text) == (tell.target, tell.by, tell.text)]
        again = [one for one in alike if one.repeat_s is not None] if tell.reason is ToldReason.REPEAT else []
        return next(iter(again or alike), None)

    def _steps(self) -> list[Step]:
        cases = [self.case, *(self._as(severity) for _, severity in rises_of(self.case.kind, self.case.severity))]
        chosen = [self.protocols.choose(case) for case in cases]
        return [step for one in chosen if one is not None for step in one.steps]

    def _as(self, severity: Severity) -> Case:
        case = self.case
        return Case(case.kind, severity, case.level, case.victim, case.under_18, case.own_unit)

    def risen(self, played: Rehearsal) -> Iterable[tuple[int, Severity, str]]:
        """When it would rise, to what, and the protocol that runs then."""
        [only] = played.alerts.values()
        if not self.rises or only.job.work is AlertWork.CLOSED:
            return
        for after_us, severity in rises_of(self.case.kind, self.case.severity):
            chosen = self.protocols.choose(self._as(severity))
            yield self.at_us + after_us, severity, "" if chosen is None else chosen.id


def _working(at_us: int) -> list[Turn]:
    """Somebody claims it, and does something about it every `WORKED_US`."""
    first_us = at_us + CLAIMED_US
    later = range(first_us + WORKED_US, at_us + LAST_US, WORKED_US)
    found = [Turn(first_us, Act(AlertEvent.CLAIM, first_us, OPERATOR))]
    return found + [Turn(us, Act(AlertEvent.ACTION, us, OPERATOR)) for us in later]


def _first_hour(rows: list[Row], at_us: int) -> list[Row]:
    """The first hour whole; later only what was not told before."""
    found: list[Row] = []
    said: set[tuple[Target, tuple[Channel, ...], str, Severity | None]] = set()
    for row in rows:
        key = (row.to, row.by, row.text, row.severity)
        if row.at_us <= at_us + ALL_US or key not in said:
            found.append(row)
        said.add(key)
    return found


def _seniors(rows: list[Row], at_us: int) -> list[Row]:
    """The supervisor and the duty manager, once each and text; nothing that comes after two hours."""
    found: dict[tuple[Target, str], Row] = {}
    for row in rows:
        if row.to in (Target.SUPERVISOR, Target.DUTY_MANAGER) and row.at_us <= at_us + 2 * HOUR_US:
            found.setdefault((row.to, row.text), row)
    return list(found.values())


def after(us: int) -> str:
    """``+mm:ss``, or ``+h:mm:ss`` from an hour on."""
    hours, rest = divmod(us // SECOND_US, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"+{hours}:{minutes:02d}:{seconds:02d}" if hours else f"+{minutes:02d}:{seconds:02d}"


def every(seconds: int) -> str:
    """``10 min``, ``4 h``, ``90 s``."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if seconds % unit_s == 0:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"


def words_of(text: str, to: Target) -> str:
    """The key of a text as words, without whom it is for."""
    for prefix in (f"{to.value}_", "task_", "adult_", "liaison_"):
        text = text.removeprefix(prefix)
    return text.replace("_", " ")
