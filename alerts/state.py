"""What the policy is given of an alert, and what it gives back. Plain values; instants are microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from alerts.machine import Act, Job
from alerts.protocols import Target
from domain.vocabulary import Channel, Level, Severity, ToldReason


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as the rules made it.

    Attributes
    ----------
    severity : of the violations as they were written; time may have raised it since (`Around.severity`).
    active : one of its violations is open. ``withdrawn``: none is left.
    grouped_under : the episode of the incident that explains it.
    shortened_us : when a violation of it was last shortened, or one of several withdrawn; None when none was.
    falls : which violations of it were shortened or withdrawn, and when.
    joined_us : when the newest of its violations was opened; None: with the alert.
    late : it was raised by data that came late.
    """

    no: int
    episode: str
    kind: str
    severity: Severity
    raised_us: int
    changed_us: int
    code: str | None = None
    wearer: str | None = None
    victim: str | None = None
    device: str | None = None
    condition: str | None = None
    active: bool = True
    withdrawn: bool = False
    grouped_under: str | None = None
    shortened_us: int | None = None
    falls: tuple[tuple[str, int], ...] = ()
    joined_us: int | None = None
    violations: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Mute:
    """Alerts of a wearer are not sent in ``[from_us, to_us)``."""

    no: int
    wearer: str
    from_us: int
    to_us: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What somebody said that they would do by an instant, and have not done yet."""

    no: int
    due_us: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What the contact log says of the last call to each party on this alert: answered, not answered, or None."""

    wearer: bool | None = None
    victim: bool | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known at the instant of looking.

    Attributes
    ----------
    severity : what it is now, with need and the time that has passed (`alerts.rising`).
    severity_again_us : when that may be another.
    victims : those paired with the wearer by an order that runs.
    prealerts_7d : pre-alerts of this pair in the last 7 days, this one counted.
    quiet_until_us : the end of the hours in which an under-18 wearer is not called; None outside of them.
    rests_on : references of breaches, warrants, recalls and arrests, and the violation of it on which each rests.
    """

    severity: Severity
    level: Level = Level.STANDARD
    under_18: bool = False
    victims: tuple[str, ...] = ()
    mutes: tuple[Mute, ...] = ()
    promises: tuple[Promise, ...] = ()
    answers: Answers = Answers()
    prealerts_7d: int = 0
    severity_again_us: int | None = None
    quiet_until_us: int | None = None
    rests_on: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told of an alert, or is being told: a notification that was sent, or may have been."""

    no: int
    target: Target
    recipient: str
    channel: Channel
    address: str
    urgency: Severity
    text: str


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an alert's protocol has come; kept with the alert.

    Attributes
    ----------
    run : how often a protocol was begun, from 1; 0 before the first.
    done : step key -> how many of its times are over.
    quiet : why nobody is told now, and by what (a mute's number, an incident's name); None while people are.
    fell_us, down_us : up to which shortening, and to which closing or withdrawal, everybody was stood down.
    reminded : promises of which somebody was reminded.
    joined : how many violations it rested on at the last look; 0 where no look has counted them.
    """

    protocol: str | None = None
    version: int = 0
    run: int = 0
    severity: Severity | None = None
    started_us: int = 0
    done: dict[str, int] = {}
    told: tuple[Target, ...] = ()
    quiet: tuple[ToldReason, str] | None = None
    fell_us: int | None = None
    down_us: int | None = None
    reminded: tuple[int, ...] = ()
    joined: int = 0


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody is to be told, or is on purpose not told (``sends`` False, with the reason).

    ``key`` is unique in the alert: with the recipient and the channel it is the idempotency id. ``again`` is whom it stands
    down, or tells that it is over: the same recipient by the same channel. ``rank`` orders what is written at once.
    """

    key: str
    target: Target
    by: tuple[Channel, ...]
    text: str
    urgency: Severity
    reason: ToldReason
    sends: bool = True
    detail: str | None = None
    again: Told | None = None
    rank: int = 5


@dataclass(frozen=True, slots=True)
class Task:
    """Something that an operator is to do, with the key of its instructions in the catalogues."""

    key: str
    target: Target
    text: str


@dataclass(frozen=True, slots=True)
class Raise:
    """An alert of the service's own. ``body`` is what it is about, without personal data."""

    kind: str
    episode: str
    wearer: str | None = None
    victim: str | None = None
    device: str | None = None
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """What follows from looking at an alert at an instant: its new state, and what is to be written with it.

    ``acts`` are the machine's events by rules, timers and protocol, each with the state after it; ``timers`` is when it must
    be looked at again, by name, all of them; ``unsend`` takes back what waits to be sent.
    """

    job: Job
    plan: Plan
    severity: Severity
    acts: tuple[tuple[Act, Job], ...] = ()
    tells: tuple[Tell, ...] = ()
    tasks: tuple[Task, ...] = ()
    timers: dict[str, int] = field(default_factory=dict)
    raises: tuple[Raise, ...] = ()
    unsend: bool = False
