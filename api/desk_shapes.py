"""The JSON of work on alerts, as OpenAPI tells it: what is asked and what is answered. `api.desk_bodies` writes the answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from alerts.desk import MOST_AT_ONCE
from alerts.desk_records import LONGEST_NAME, Party
from alerts.machine import LONGEST_TEXT
from alerts.protocols import Action, Flag, Target
from api.instants import Instant
from api.shapes import Shape
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    AlertWork,
    Channel,
    Kind,
    Outcome,
    Role,
    Severity,
    ToldReason,
)

Id = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
"""A 64-bit number, as a string."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Short = Annotated[str, Field(max_length=LONGEST_NAME)]
KindName = Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]


# ---- what is asked ----


class Words(Shape):
    """What goes with an event: a note in one's own words, and what the wearer says, which excuses nothing."""

    note: Text | None = None
    explanation: Text | None = None


class Closing(Words):
    """How an alert is closed. A critical one needs a note."""

    outcome: Outcome


class BulkItem(Shape):
    """An alert, and the revision that was seen; without it, whatever it is now."""

    id: Id
    revision: Id | None = None


class BulkFilter(Shape):
    """Open alerts that fit; what is given must hold. At least one must be."""

    kinds: Annotated[tuple[KindName, ...], Field(max_length=len(Kind) + 20)] = ()
    severities: tuple[Severity, ...] = ()
    works: tuple[AlertWork, ...] = ()
    wearer: Name | None = None
    state: AlertCondition | None = None
    grouped_under: Name | None = None
    holder: Annotated[str, Field(max_length=64)] | None = None
    raised_before: Instant | None = None


class Bulk(Words):
    """One thing done to many alerts with one note: those of ``items``, or those that fit ``filter`` now."""

    event: AlertEvent
    outcome: Outcome | None = None
    items: Annotated[list[BulkItem], Field(max_length=MOST_AT_ONCE)] | None = None
    filter: BulkFilter | None = None


class NewContact(Shape):
    """A call or a message, out or in. ``answered`` null where nobody could answer. ``promised`` needs ``promised_at``."""

    party: Party
    channel: Channel = Channel.CALL
    inbound: bool = False
    number: Short | None = None
    answered: bool | None = None
    answered_by: Short | None = None
    said: Text | None = None
    promised: Text | None = None
    promised_at: Instant | None = None
    police_log: Short | None = None
    wearer: Name | None = None
    victim: Name | None = None


class MuteSpan(Shape):
    """For how long a wearer's alerts are not to be sent: a day at most. Without ``from``, from now on. A preview needs no reason."""

    wearer: Name
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant
    reason: Annotated[str | None, Field(max_length=LONGEST_TEXT)] = None


class NewMute(MuteSpan):
    """A mute, and why."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


# ---- what is answered ----


class Made(Shape):
    """The number of what was made, or of what was done."""

    id: str


class BulkResult(Shape):
    """What became of one alert: 200 with its new revision, or 404, 409, 412 with the cause; then it was not changed."""

    id: str
    status: int
    revision: str | None
    cause: str | None


class BulkResults(Shape):
    """One result an item, in their order. ``more``: a filter found as many as are done at once; there may be others."""

    items: list[BulkResult]
    more: bool


class EventOfAlert(Shape):
    """An event of an alert's machine; `by` null: the rules, a timer or a protocol caused it."""

    id: str
    revision: str
    event: AlertEvent
    at: str
    by: str | None
    role: Role | None
    from_work: AlertWork
    to_work: AlertWork
    to_condition: AlertCondition
    severity: Severity
    outcome: Outcome | None
    note: str | None
    explanation: str | None
    why: str | None


class NotificationOfAlert(Shape):
    """Something that was told, or on purpose not told (`sends` false), and why. `stands_down`: the one that it takes back.

    `step` is the place in `protocol.steps` of the step that asked for it, from 0; null: none of this run. `time` names the time that
    a step was taken: a step that repeats has another each time, the same for all whom it told then. `not_before`: of a call alone.
    """

    id: str
    step: int | None
    time: str | None
    target: Target
    recipient: str
    channel: Channel
    text: str
    urgency: Severity
    reason: ToldReason
    sends: bool
    detail: str | None
    stands_down: str | None
    state: str
    attempts: int
    made: str
    sent: str | None
    not_before: str | None
    why: str | None


class ContactOfAlert(Shape):
    """An entry of the contact log."""

    id: str
    party: Party
    wearer: str | None
    victim: str | None
    inbound: bool
    channel: Channel
    number: str | None
    answered: bool | None
    answered_by: str | None
    said: str | None
    promised: str | None
    promised_at: str | None
    kept: str | None
    kept_by: str | None
    police_log: str | None
    at: str
    by: str
    role: Role


class ContactInLog(ContactOfAlert):
    """An entry of the contact log, and the alert that it is about; null: about none."""

    alert: str | None


class Task(Shape):
    """Something for an operator to do, for the sake of `target`; `text` is a key of the catalogues.

    Of a call: `recipient` is whom to ring, `not_before` when their safe hours begin (null: at once), `stands_down` whether it takes
    back what they were told. `not_needed`: the stops of its step that hold by now, as `victim_answered`; any: it need not be done.
    `step` is the place in the protocol's steps, from 0; null: of no step of this run.
    """

    id: str
    alert: str
    key: str
    target: Target
    text: str
    made: str
    done: str | None
    done_by: str | None
    step: int | None
    recipient: str | None
    not_before: str | None
    stands_down: bool
    not_needed: list[Flag]


class NextStep(Shape):
    """What an alert's protocol does next, unless something stops it first: `text` is a key of the catalogues."""

    alert: str
    due: str
    action: Action
    to: Target
    by: list[Channel]
    text: str


class Timer(Shape):
    """When an alert is looked at again, and what for."""

    name: str
    due: str


class StepOfAlert(Shape):
    """A step of the protocol that runs: how often it was done, and when it is due (again), null: at nothing that time alone brings."""

    action: Action
    to: Target
    by: list[Channel]
    text: str
    after_s: int
    stop: list[Flag]
    only: list[Flag]
    repeat_s: int | None
    done: int
    due: str | None


class ProtocolOfAlert(Shape):
    """The protocol that an alert's people are told by, and since when; its steps in their order."""

    id: str
    version: int
    title: str
    begun: str
    steps: list[StepOfAlert]


class AlertHistory(Shape):
    """All that is recorded of an alert, each in order, the newest 1,000 of each sort. `protocol` null: nobody is told yet, or for now."""

    alert: str
    events: list[EventOfAlert]
    notifications: list[NotificationOfAlert]
    contacts: list[ContactOfAlert]
    tasks: list[Task]
    timers: list[Timer]
    protocol: ProtocolOfAlert | None


class Mute(Shape):
    """A mute that is not over."""

    id: str
    wearer: str
    from_: str = Field(alias="from")
    to: str
    reason: str
    made: str
    by: str
    role: Role


class Stretch(Shape):
    """Of a preview: whether alerts would be quiet in it, and by which mutes (`mute:0` is the one that is not saved yet)."""

    from_: str = Field(alias="from")
    to: str
    quiet: bool
    by: list[str]


class MutePreview(Shape):
    """What would be quiet, without a hole or an overlap, with the mutes that it joins; `still_told`: kinds that no mute covers.

    `senior`: a supervisor or duty manager must make it. `too_long`: with those that it joins it lasts more than a day.
    """

    stretches: list[Stretch]
    still_told: list[KindName]
    senior: bool
    too_long: bool


class ShiftOnDuty(Shape):
    """Somebody on duty; `area` and `organisation` null: for all. Of one area and role priority 1 is told first."""

    id: str
    role: Role
    person: str
    name: str
    area: str | None
    organisation: str | None
    phone: str | None
    email: str | None
    priority: int
    from_: str = Field(alias="from")
    to: str


class Duty(Shape):
    """Who is on duty at an instant."""

    at: str
    items: list[ShiftOnDuty]


class ProtocolsInForce(Shape):
    """The file of protocols that is in force (docs/protocols.md); the first protocol that fits an alert is its own."""

    version: int
    protocol: list[dict[str, Any]]
    retired: list[dict[str, Any]]
