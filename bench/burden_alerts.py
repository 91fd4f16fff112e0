"""What operators see of one wearer's losses, in virtual time: episodes, need, rising and policy as in service.

Operators are taken to claim an alert two minutes after they were shown it, to act on it as long as it lasts, and to close it a
minute after it is over: what they do not do in time would be shown to a supervisor, not to more operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from alerts.episodes import Episodes
from alerts.hours import quiet_until_us
from alerts.machine import Act, Actor, Job, step
from alerts.policy import look
from alerts.protocols import Protocols, Target
from alerts.rising import Needed, severity_now
from alerts.severity import RANK
from alerts.state import Alert, Around, Plan, Tell, Told
from bailiwick.timezones import pinned_time_zones
from domain.commits import AlertChange
from domain.instants import FAR_US, MINUTE_US, SECOND_US
from domain.violations import Violation
from domain.vocabulary import AlertCondition, AlertEvent, AlertWork, Channel, Level, Outcome, Role, Severity

CLAIM_US: Final = 2 * MINUTE_US
CLOSE_US: Final = MINUTE_US
OPERATOR: Final = Actor("operator", Role.OPERATOR)
LOUD: Final = RANK[Severity.WARNING]
SENT: Final = (Target.WEARER, Target.RESPONSIBLE_ADULT)
LOOKS_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that operators were shown on their console. ``again``: an alert that they had been shown before."""

    at_us: int
    severity: Severity
    again: bool


@dataclass(slots=True)
class Handled:
    """One alert. ``calls`` are when somebody had to be rung."""

    alert: Alert
    job: Job
    severity: Severity
    """What it is now; the alert's own is what ingest wrote."""
    violations: dict[str, Violation] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    told: list[Told] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    claim_us: int = FAR_US
    close_us: int = FAR_US

    def next_us(self) -> int:
        """When a timer is due or the operator does something next."""
        ends_us = self.job.claim_ends_us(self.severity)
        renew_us = FAR_US if ends_us is None else ends_us - SECOND_US
        return min([*self.timers.values(), self.claim_us, self.close_us, renew_us])


def handle(
    versions: Iterable[Violation],
    level: Level,
    needed_of: Callable[[str], Needed],
    protocols: Protocols,
    until_us: int,
    *,
    under_18: bool,
) -> list[Handled]:
    """Every alert of one wearer's losses, as far as ``until_us``. ``needed_of``: what a violation's loss asks, by its id."""
    world = _World(level, needed_of, protocols, under_18)
    for version in sorted(versions, key=lambda one: one.decided_us):
        if version.decided_us >= until_us:
            break
        world.run(version.decided_us)
        world.take(version)
    world.run(until_us)
    return list(world.alerts.values())


@dataclass(slots=True)
class _World:
    level: Level
    needed_of: Callable[[str], Needed]
    protocols: Protocols
    under_18: bool
    alerts: dict[str, Handled] = field(default_factory=dict)
    episodes: Episodes = field(init=False)

    def __post_init__(self) -> None:
        self.episodes = Episodes(lambda wearer: self.level)

    def take(self, version: Violation) -> None:
        """What a version does to its alert."""
        for change in self.episodes.apply([version]):
            one = self.alerts.get(change.episode)
            if one is None:
                one = self.alerts[change.episode] = Handled(
                    _alert(len(self.alerts) + 1, change), Job(change.raised_us), change.severity
                )
            active = change.state is AlertCondition.ACTIVE
            one.alert = replace(one.alert, severity=change.severity, changed_us=change.changed_us, active=active)
            one.violations[version.id] = version
            self.look(one, version.decided_us)

    def run(self, until_us: int) -> None:
        """Everything that is due before an instant."""
        for one in self.alerts.values():
            for _ in range(LOOKS_MOST):
                due_us = one.next_us()
                if due_us >= until_us:
                    break
                self.act(one, due_us)
                self.look(one, due_us)
            else:
                raise AssertionError(f"alert {one.alert.no} is looked at without an end")

    def act(self, one: Handled, now_us: int) -> None:
        """What the operator does now."""
        events: tuple[AlertEvent, ...] = ()
        if one.close_us <= now_us:
            one.close_us = FAR_US
            events = (AlertEvent.CLOSE,) if one.job.work is not AlertWork.CLOSED else ()
        elif one.claim_us <= now_us:
            one.claim_us = FAR_US
            events = (AlertEvent.CLAIM, AlertEvent.ACTION) if one.job.work is AlertWork.RAISED else ()
        elif (ends_us := one.job.claim_ends_us(one.severity)) is not None and now_us >= ends_us - SECOND_US:
            events = (AlertEvent.ACTION,)
        for event in events:
            done = Act(event, now_us, OPERATOR, Outcome.EXPLAINED, "reception is poor there")
            one.job = step(one.job, done, one.severity)

    def look(self, one: Handled, now_us: int) -> None:
        """As dispatch does: the severity of now, the policy, and what is written of it."""
        newest = list(one.violations)[-1]
        rising = severity_now(one.alert, list(one.violations.values()), self.level, self.needed_of(newest), now_us)
        quiet_us = quiet_until_us(now_us, "Europe/London", pinned_time_zones()) if self.under_18 else None
        around = Around(
            rising.severity, self.level, self.under_18, severity_again_us=rising.again_us, quiet_until_us=quiet_us
        )
        looked = look(one.alert, one.job, one.plan, around, one.told, self.protocols, now_us)
        one.job, one.plan, one.timers = looked.job, looked.plan, dict(looked.timers)
        one.severity = looked.severity
        for tell in looked.tells:
            self.tell(one, tell, now_us)
        over = one.job.condition is AlertCondition.CLEARED
        held = one.job.work in (AlertWork.CLAIMED, AlertWork.ACTIONED)
        one.close_us = min(one.close_us, now_us + CLOSE_US) if over and held else FAR_US

    def tell(self, one: Handled, tell: Tell, now_us: int) -> None:
        if not tell.sends:
            return
        one.told.append(Told(len(one.told) + 1, tell.target, tell.target, tell.by[0], "", tell.urgency, tell.text))
        if tell.target is Target.OPERATOR:
            one.shown.append(Shown(now_us, tell.urgency, bool(one.shown)))
            if one.job.work is AlertWork.RAISED:
                one.claim_us = now_us + CLAIM_US
        elif tell.target in SENT and tell.by[0] is Channel.CALL:
            one.calls.append(now_us)


def _alert(no: int, change: AlertChange) -> Alert:
    names = (change.wearer, change.victim, change.device, change.condition)
    raised = (change.raised_us, change.changed_us)
    return Alert(no, change.episode, change.kind, change.severity, *raised, change.code, *names)
