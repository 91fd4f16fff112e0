"""Rows of alert work, as `store.alert_work` reads and writes them. Instants are microseconds UTC, words plain text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.records import Version
from domain.violations import Violation


class WorkRow(NamedTuple):
    """An alert as the rules have it, and its work, which is locked. ``plan`` is JSON, None before the first look."""

    no: int
    episode: str
    kind: str
    rules_severity: str
    raised_us: int
    changed_us: int
    code: str | None
    wearer: str | None
    victim: str | None
    device: str | None
    condition: str | None
    state: str
    withdrawn: bool
    grouped_under: str | None
    revision: int
    work: str
    job_condition: str
    severity: str | None
    holder: str | None
    renewed_us: int | None
    unclaimed_us: int
    period: int
    outcome: str | None
    closed_us: int | None
    closed_by: str | None
    plan: Any
    looked_us: int | None


class HistoryRow(NamedTuple):
    """What became of an alert's violations."""

    shortened_us: int | None
    joined_us: int | None
    late: bool
    violations: tuple[str, ...]
    falls: tuple[tuple[str, int], ...] = ()


class ToldRow(NamedTuple):
    """A notification that a sender had at least once."""

    no: int
    target: str
    recipient: str
    channel: str
    address: str
    urgency: str
    text: str


class OrderRow(NamedTuple):
    """An order with one of its conditions (None: it has none). ``place``, ``officer`` as in the caseload file."""

    wearer: str
    order: str
    runs: bool
    from_us: int
    area: str | None
    organisation: str | None
    officer: Any
    condition: str | None
    kind: str | None
    victim: str | None
    timezone: str | None
    place: Any


class MuteRow(NamedTuple):
    """A mute of a wearer; ``to_us`` is when it ended where that was early."""

    no: int
    from_us: int
    to_us: int
    by: str
    reason: str


class FixRow(NamedTuple):
    """The newest used fix of a wearer: degrees, metres."""

    lon: float
    lat: float
    acc_m: float
    t_us: int


@dataclass(slots=True)
class Seen:
    """Everything that looks at some alerts need, in the order of ``works``; by alert number or by id of the person.

    ``rising`` are the current violations whose severity time may change. ``caseload`` and ``at_home`` are of the wearers with an
    open loss: what need is asked of. ``changes`` and ``timers`` are what a look marks as seen.
    """

    works: list[WorkRow]
    changes: dict[int, list[int]] = field(default_factory=dict)
    timers: dict[int, list[str]] = field(default_factory=dict)
    histories: dict[int, HistoryRow] = field(default_factory=dict)
    rising: dict[int, list[Violation]] = field(default_factory=dict)
    told: dict[int, list[ToldRow]] = field(default_factory=dict)
    wearers: dict[str, dict[str, Any]] = field(default_factory=dict)
    victims: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: list[OrderRow] = field(default_factory=list)
    mutes: dict[str, list[MuteRow]] = field(default_factory=dict)
    answers: dict[int, dict[str, bool]] = field(default_factory=dict)
    promises: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    prealerts: dict[int, int] = field(default_factory=dict)
    rests_on: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    fixes: dict[str, FixRow] = field(default_factory=dict)
    caseload: list[Version] = field(default_factory=list)
    at_home: frozenset[str] = frozenset()


class StateRow(NamedTuple):
    """What `write_work` writes of one alert."""

    alert_no: int
    revision: int
    work: str
    condition: str
    severity: str
    holder: str | None
    renewed_us: int | None
    claim_ends_us: int | None
    unclaimed_us: int
    period: int
    outcome: str | None
    closed_us: int | None
    closed_by: str | None
    plan: str


class EventRow(NamedTuple):
    """One event of an alert's machine; ``by_name`` and ``by_role`` None: the rules, a timer, a protocol."""

    alert_no: int
    revision: int
    event: str
    at_us: int
    by_name: str | None
    by_role: str | None
    from_work: str
    to_work: str
    to_condition: str
    severity: str
    outcome: str | None
    note: str | None
    explanation: str | None
    why: str | None


class NotificationRow(NamedTuple):
    """One notification to be written; as `alerts.ports.Notification`, in words."""

    id: str
    alert_no: int
    target: str
    recipient: str
    channel: str
    address: str
    text: str
    language: str
    urgency: str
    reason: str
    sends: bool
    detail: str | None
    stands_down: int | None
    rank: int
    not_before_us: int | None
    trusted: bool
    words: str | None


class TaskRow(NamedTuple):
    """Something that an operator is to do; ``text`` a key of the catalogues."""

    alert_no: int
    key: str
    target: str
    text: str


class OwnRow(NamedTuple):
    """An alert of the service's own; ``about`` is JSON, without personal data."""

    episode: str
    wearer: str | None
    victim: str | None
    device: str | None
    kind: str
    severity: str
    about: str


class TimerRow(NamedTuple):
    """When an alert must be looked at again; ``rank`` 0 is the most urgent."""

    alert_no: int
    name: str
    due_us: int
    rank: int


@dataclass(slots=True)
class Writing:
    """What some looks write, whole or not at all. ``told``: alerts whose change is to be streamed."""

    states: list[StateRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    take_back: list[int] = field(default_factory=list)
    notifications: list[NotificationRow] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)
    timers: list[TimerRow] = field(default_factory=list)
    raises: list[OwnRow] = field(default_factory=list)
    told: set[int] = field(default_factory=set)


class LeasedRow(NamedTuple):
    """A notification that a sender has now."""

    no: int
    id: str
    alert_no: int
    target: str
    recipient: str
    channel: str
    address: str
    text: str
    language: str
    urgency: str
    reason: str
    sends: bool
    detail: str | None
    stands_down: int | None
    rank: int
    trusted: bool
    words: str | None
    attempt: int
    made_us: int
    kind: str
    code: str | None
    raised_us: int
    wearer: str | None
    name: str | None


class GivenUp(NamedTuple):
    """A notification that cannot be delivered, and of which alert it is."""

    alert_no: int
    channel: str
    taken_back: bool
    kind: str
