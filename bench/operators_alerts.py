"""One alert of `bench.operators` as service has it: the machine, severity as of now, the policy with its protocols. No people in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerts.machine import Act, Actor, Job, step
from alerts.policy import look
from alerts.protocols import Protocols, Target
from alerts.rising import never, severity_now
from alerts.severity import INCIDENTS, RANK, Context, severity_of
from alerts.state import Alert, Answers, Around, Plan, Tell, Told
from bench.operators_day import Raised
from domain.incidents import MASS_OUTAGE
from domain.instants import SECOND_US
from domain.violations import Violation
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    AlertWork,
    Cause,
    Change,
    Channel,
    Outcome,
    Reason,
    Role,
    Severity,
)

INCIDENT: Final = "incident-1"
RUNG: Final = (Target.WEARER, Target.RESPONSIBLE_ADULT, Target.VICTIM, Target.POLICE)
"""Whom operators ring when the first channel of a step is a call. What goes by other channels needs nobody."""
HELD: Final = (AlertWork.CLAIMED, AlertWork.ACTIONED)
Key = tuple[int, bool, bool, int, int]
"""The console's order, the worse first: severity, what goes on, what nobody has, what waits longest, the number."""


@dataclass(slots=True)
class Case:
    """An alert, and what is known of it at the desk.

    Attributes
    ----------
    shown : operators were told of it, and it is not over. ``seen_by``: seniors who were told and have looked.
    calls : who is to be rung about it. ``downs``: how many calls stand somebody down after it was closed.
    picked : who is about to claim it. ``in_hand``: who works on it now. ``forgotten``: its holder does not think of it any more.
    worked : how often somebody was at it. ``outcome``: what it is in truth.
    since_us, since : since when it waits for somebody, at which severity; None: it does not. ``again``: not for the first time.
    """

    raised: Raised
    alert: Alert
    job: Job
    severity: Severity
    violation: Violation | None
    plan: Plan = field(default_factory=Plan)
    told: list[Told] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    due_us: int = 0
    answers: Answers = field(default_factory=Answers)
    shown: bool = False
    seen_by: set[Role] = field(default_factory=set)
    calls: set[Target] = field(default_factory=set)
    downs: int = 0
    picked: str | None = None
    in_hand: str | None = None
    forgotten: bool = False
    worked: int = 0
    claimed: bool = False
    outcome: Outcome | None = None
    since_us: int | None = None
    since: Severity = Severity.INFORMATION
    again: bool = False
    queued: dict[Role, Key] = field(default_factory=dict)
    escalated: set[tuple[Target, bool]] = field(default_factory=set)

    @property
    def held(self) -> bool:
        """Whether somebody has it."""
        return self.job.work in HELD

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody to claim it."""
        return self.shown and self.job.work is AlertWork.RAISED and self.alert.grouped_under is None

    @property
    def over(self) -> bool:
        return self.job.condition is AlertCondition.CLEARED

    def key(self) -> Key:
        """Its place in the console's queue."""
        return (-RANK[self.severity], self.over, self.held, self.alert.raised_us, self.alert.no)

    def look(self, protocols: Protocols, now_us: int) -> Sequence[Tell]:
        """As dispatch does: the severity of now, the policy, what is written of it. Gives who is told."""
        rising = again_us = None
        if self.violation is not None:
            needed = _always if self.raised.needed else never
            rising = severity_now(self.alert, [self.violation], self.raised.level, needed, now_us)
            again_us = rising.again_us
        severity = self.alert.severity if rising is None else rising.severity
        victims = ("V",) if self.raised.victim else ()
        around = Around(
            severity,
            self.raised.level,
            victims=victims,
            answers=self.answers,
            severity_again_us=again_us,
            prealerts_7d=1,
        )
        looked = look(self.alert, self.job, self.plan, around, self.told, protocols, now_us)
        self.job, self.plan, self.timers, self.severity = looked.job, looked.plan, dict(looked.timers), looked.severity
        for tell in looked.tells:
            self._told(tell)
        return [tell for tell in looked.tells if tell.sends]

    def _told(self, tell: Tell) -> None:
        if not tell.sends:
            return
        rings = tell.by[0] is Channel.CALL and tell.target in RUNG
        if tell.again is None:
            self.told.append(
                Told(len(self.told) + 1, tell.target, tell.target, tell.by[0], "", tell.urgency, tell.text)
            )
            self.shown = self.shown or tell.target is Target.OPERATOR
        if rings and self.job.work is AlertWork.CLOSED:
            self.downs += 1
        elif rings:
            self.calls.add(tell.target)

    def act(self, event: AlertEvent, now_us: int, actor: Actor, outcome: Outcome | None = None) -> None:
        """What somebody does; raises `alerts.machine.Illegal` for what the machine does not take."""
        note = "seen to" if event is AlertEvent.CLOSE else None
        self.job = step(self.job, Act(event, now_us, actor, outcome, note), self.severity)

    def end(self, now_us: int) -> None:
        """What it is about is over."""
        self.alert = replace(self.alert, active=False, changed_us=now_us)
        if self.violation is not None and self.violation.to_us is None:
            self.violation = replace(self.violation, version=2, change=Change.CLOSED, to_us=now_us, decided_us=now_us)

    def let_go(self, now_us: int) -> None:
        """The incident that explained it explains it no more."""
        self.alert = replace(self.alert, grouped_under=None, changed_us=now_us)


def _always(at_us: int) -> bool:
    return True


def case_of(no: int, raised: Raised) -> Case:
    """An alert as ingest writes it when it is raised."""
    at_us, wearer = raised.at_us, f"W{raised.wearer}"
    if raised.row is None:
        severity = INCIDENTS[MASS_OUTAGE]
        return Case(raised, Alert(no, INCIDENT, MASS_OUTAGE, severity, at_us, at_us), Job(at_us), severity, None)
    violation = _violation(no, wearer, raised)
    severity = severity_of(violation, raised.level, Context(has_victim=raised.victim))
    alert = Alert(
        no,
        violation.id,
        violation.kind.value,
        severity,
        at_us,
        at_us,
        violation.code,
        wearer,
        active=violation.to_us is None,
        grouped_under=INCIDENT if raised.free_us else None,
    )
    return Case(raised, alert, Job(at_us), severity, violation)


def _violation(no: int, wearer: str, raised: Raised) -> Violation:
    row = raised.row
    assert row is not None
    is_over = row.median_min == 0.0
    return Violation(
        id=f"{wearer}-{no}",
        version=1,
        change=Change.OPENED,
        reason=Reason.EVENT,
        wearer=wearer,
        victim=None,
        kind=row.kind,
        code=row.code,
        order=None,
        condition=None,
        device=None,
        from_us=raised.at_us - raised.late_us,
        to_us=raised.at_us if is_over else None,
        decided_us=raised.at_us,
        late=False,
        age_s=raised.late_us / SECOND_US,
        cause=Cause.UNKNOWN,
        minutes_certain=None,
        minutes_possible=None,
        p_inside=None,
        score=None,
        retrospective=False,
        untold=False,
        evidence=(),
    )
