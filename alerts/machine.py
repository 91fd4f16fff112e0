"""The alert's machine: one table, and nothing else decides what may happen to an alert (alerts.md).

An alert has two independent sides: its *condition* (`active` while a violation of it is open, then `cleared`) and its
*work* (`raised`, `claimed`, `actioned`, `closed`). `step` looks an event up in `TABLE`; one that is not there, or that
this actor may not cause, is refused with the reason, and changes nothing. docs/alerts.md draws its picture from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.errors import BailiwickError
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import AlertCondition, AlertEvent, AlertWork, Outcome, Role, Severity

CLAIM_US: Final = {Severity.CRITICAL: 15 * MINUTE_US}
CLAIM_OTHERWISE_US: Final = 60 * MINUTE_US
"""How long a claim holds without an action, by severity."""
UNDO_US: Final = 60 * SECOND_US
"""How long a person may undo a closing."""
LONGEST_TEXT: Final = 4_000
"""Characters of a note or an explanation."""
SENIOR: Final = frozenset({Role.SUPERVISOR, Role.DUTY_MANAGER})
"""Who may take an alert over from whoever holds it."""


class By(StrEnum):
    """Who may cause a transition."""

    STAFF = "staff"
    """Anyone of the monitoring centre."""
    STAFF_OR_PROTOCOL = "staff_or_protocol"
    HOLDER = "holder"
    """Who holds the claim, or a senior."""
    STAFF_IF_UNHELD = "staff_if_unheld"
    """Anyone of the centre while nobody holds it; else as `HOLDER`."""
    CLOSER = "closer"
    """Staff within `UNDO_US` of the closing, but of what was withdrawn; the rules whenever it has got worse, or happened again."""
    TIMER = "timer"
    RULES = "rules"


STAFF: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER})

ANY: Final = tuple(AlertWork)
R, C, A, X = AlertWork.RAISED, AlertWork.CLAIMED, AlertWork.ACTIONED, AlertWork.CLOSED
ACTIVE, CLEARED = AlertCondition.ACTIVE, AlertCondition.CLEARED


@dataclass(frozen=True, slots=True)
class Row:
    """From where an event leads to where, and who may cause it. ``to`` or ``to_condition`` None: it stays."""

    event: AlertEvent
    works: tuple[AlertWork, ...]
    to: AlertWork | None
    by: By
    conditions: tuple[AlertCondition, ...] = (ACTIVE, CLEARED)
    to_condition: AlertCondition | None = None


ROWS: Final = (
    Row(AlertEvent.CLAIM, (R,), C, By.STAFF),
    Row(AlertEvent.CLAIM, (C, A), None, By.HOLDER),
    Row(AlertEvent.RELEASE, (C, A), R, By.HOLDER),
    Row(AlertEvent.EXPIRE, (C, A), R, By.TIMER),
    Row(AlertEvent.ACTION, (C, A), A, By.HOLDER),
    Row(AlertEvent.ESCALATE, (R, C, A), None, By.STAFF_OR_PROTOCOL),
    Row(AlertEvent.CLOSE, (R, C, A), X, By.STAFF_IF_UNHELD),
    Row(AlertEvent.REOPEN, (X,), R, By.CLOSER),
    Row(AlertEvent.CLEAR, ANY, None, By.RULES, (ACTIVE,), CLEARED),
    Row(AlertEvent.REACTIVATE, (R, C, A), None, By.RULES, (CLEARED,), ACTIVE),
    Row(AlertEvent.REACTIVATE, (X,), R, By.RULES, (CLEARED,), ACTIVE),
    Row(AlertEvent.WITHDRAW, (R, C, A), X, By.RULES, (ACTIVE, CLEARED), CLEARED),
    Row(AlertEvent.WITHDRAW, (X,), None, By.RULES, (ACTIVE, CLEARED), CLEARED),
)


def _table(rows: Iterable[Row]) -> dict[tuple[AlertEvent, AlertWork, AlertCondition], Row]:
    table: dict[tuple[AlertEvent, AlertWork, AlertCondition], Row] = {}
    for row in rows:
        for work in row.works:
            for condition in row.conditions:
                key = (row.event, work, condition)
                assert key not in table, f"two rows for {key}"
                table[key] = row
    return table


TABLE: Final = _table(ROWS)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who does something to an alert: their id, and the role in which they do it."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Job:
    """The machine's state of one alert.

    Attributes
    ----------
    holder, renewed_us : who claimed it, and when they claimed, renewed or last acted.
    unclaimed_us, period : since when nobody holds it (or last did not), and how often that has begun, from 1.
    outcome, closed_us, closed_by : of the closing; ``closed_by`` None when the rules or the protocol closed it.
    """

    unclaimed_us: int
    work: AlertWork = AlertWork.RAISED
    condition: AlertCondition = AlertCondition.ACTIVE
    period: int = 1
    holder: str | None = None
    renewed_us: int | None = None
    outcome: Outcome | None = None
    closed_us: int | None = None
    closed_by: str | None = None

    def claim_ends_us(self, severity: Severity) -> int | None:
        """When the claim lapses unless something is done; None while nobody holds it."""
        if self.work not in (AlertWork.CLAIMED, AlertWork.ACTIONED) or self.renewed_us is None:
            return None
        return self.renewed_us + CLAIM_US.get(severity, CLAIM_OTHERWISE_US)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens to an alert. ``actor`` is None when the rules or a timer do it.

    ``note`` is the operator's own words; ``explanation`` what the wearer says, which excuses nothing; ``why`` is a
    reason in a word or a line, for the record.
    """

    event: AlertEvent
    at_us: int
    actor: Actor | None = None
    outcome: Outcome | None = None
    note: str | None = None
    explanation: str | None = None
    why: str | None = None


class Illegal(BailiwickError):
    """An event that the machine does not take now. Nothing was changed."""

    def __init__(self, act: Act, job: Job, cause: str) -> None:
        super().__init__(f"{act.event.value}: {cause}")
        self.act, self.job, self.cause = act, job, cause


def step(job: Job, act: Act, severity: Severity) -> Job:
    """The state after ``act``. Raises `Illegal`, with a cause in plain words; ``job`` is as it was."""
    row = TABLE.get((act.event, job.work, job.condition))
    if row is None:
        raise Illegal(act, job, f"an alert that is {job.work.value} and {job.condition.value} does not take it")
    _permit(row.by, job, act)
    if act.event is AlertEvent.CLOSE:
        _closable(job, act, severity)
    for text in (act.note, act.explanation):
        if text is not None and len(text) > LONGEST_TEXT:
            raise Illegal(act, job, f"a text has {len(text)} characters; at most {LONGEST_TEXT} are kept")
    return _moved(job, act, row)


def _permit(by: By, job: Job, act: Act) -> None:
    actor = act.actor
    if by in (By.TIMER, By.RULES):
        if actor is not None:
            raise Illegal(act, job, "it comes from the rules and the clock alone, not from a person")
        return
    if actor is None:
        # The rules reopen what got worse or happened again; a protocol escalates, and closes what is over.
        if by not in (By.CLOSER, By.STAFF_IF_UNHELD, By.STAFF_OR_PROTOCOL):
            raise Illegal(act, job, "needs a person")
        return
    if actor.role not in STAFF:
        raise Illegal(act, job, f"the role {actor.role.value} does not work on alerts")
    held = job.holder is not None and job.holder != actor.name and actor.role not in SENIOR
    if by in (By.HOLDER, By.STAFF_IF_UNHELD) and held:
        raise Illegal(act, job, f"{job.holder} has claimed it; they or a supervisor can do that")
    if by is By.CLOSER and job.outcome is Outcome.WITHDRAWN:
        raise Illegal(act, job, "the rules have withdrawn what it rested on: nothing of it is left")
    if by is By.CLOSER and act.at_us - (job.closed_us or 0) > UNDO_US:
        raise Illegal(act, job, f"a closing can be undone for {UNDO_US // SECOND_US} seconds; they are over")


def _closable(job: Job, act: Act, severity: Severity) -> None:
    if act.outcome is None:
        raise Illegal(act, job, "needs an outcome")
    if act.outcome is Outcome.WITHDRAWN:
        raise Illegal(act, job, "the outcome `withdrawn` is the rules' own; take false, equipment or duplicate")
    if severity is Severity.CRITICAL and act.actor is not None and not any(map(str.isalnum, act.note or "")):
        raise Illegal(act, job, "a critical alert closes with a note in your own words")


def _moved(job: Job, act: Act, row: Row) -> Job:
    moved = replace(job, work=row.to or job.work, condition=row.to_condition or job.condition)
    if act.event is AlertEvent.CLAIM and act.actor is not None:
        return replace(moved, holder=act.actor.name, renewed_us=act.at_us)
    if act.event is AlertEvent.ACTION:
        return replace(moved, holder=act.actor.name if act.actor else job.holder, renewed_us=act.at_us)
    if moved.work is AlertWork.RAISED and job.work is not AlertWork.RAISED:
        fresh = replace(moved, holder=None, renewed_us=None, outcome=None, closed_us=None, closed_by=None)
        return replace(fresh, unclaimed_us=act.at_us, period=job.period + 1)
    if moved.work is AlertWork.CLOSED and job.work is not AlertWork.CLOSED:
        outcome = Outcome.WITHDRAWN if act.event is AlertEvent.WITHDRAW else act.outcome
        closed_by = act.actor.name if act.actor else None
        return replace(moved, outcome=outcome, closed_us=act.at_us, closed_by=closed_by)
    return moved
