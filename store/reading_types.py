"""What `Reading` is asked and what it returns. Instants are microseconds UTC; numbers of the database are 64-bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from domain.incidents import Release
from domain.instants import format_instant
from domain.networks import Network
from domain.vocabulary import AlertCondition, AlertWork, DeadLetterReason, Kind, OrderState, Outcome, Severity


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)


class Subject(StrEnum):
    """What may be asked about by its id, or by its number."""

    ALERT = "alert"
    CONTACT = "contact"
    DEVICE = "device"
    MUTE = "mute"
    TASK = "task"
    VICTIM = "victim"
    VIOLATION = "violation"
    WEARER = "wearer"


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One stored fix, and whose it is. ``quality`` is the newest judgement of it.

    A struct, since a map of everybody makes 18,000: a frozen dataclass takes twenty times as long.
    """

    wearer: str
    device: str
    t_us: int
    received_us: int
    lat: float
    lon: float
    acc: float
    src: str
    quality: str
    gen: int
    seq: int
    spd: float | None = None
    hdg: float | None = None


@dataclass(frozen=True, slots=True)
class WearerRow:
    """A wearer as known now: ``record`` in the shape of the caseload file, without its ``type``."""

    id: str
    record: dict[str, Any]
    orders: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


class NameRow(NamedTuple):
    """What a wearer is called, the response level, and the areas of their orders in force."""

    id: str
    name: str
    level: str
    areas: list[str]


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as known now, who has it, and when it was last heard."""

    id: str
    record: dict[str, Any]
    wearer: str | None = None
    victim: str | None = None
    heard_us: int | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it is now. ``no`` is its 64-bit id; ``violations`` are the ids of those it rests on.

    ``severity`` is what time and need have made of it. ``revision`` counts the events of its work (for `If-Match`); ``holder``
    claimed it, until ``claim_ends_us`` unless something is done; ``about`` is what an alert of the service's own says.
    ``happened_us`` is when the first of its violations began; ``late``: each of them was learnt of late.
    """

    no: int
    episode: str
    wearer: str | None
    victim: str | None
    device: str | None
    kind: str
    code: str | None
    condition: str | None
    severity: Severity
    state: AlertCondition
    work: AlertWork
    raised_us: int
    changed_us: int
    withdrawn: bool
    violations: tuple[str, ...] = ()
    grouped_under: str | None = None
    revision: int = 1
    holder: str | None = None
    claim_ends_us: int | None = None
    unclaimed_us: int | None = None
    outcome: Outcome | None = None
    closed_us: int | None = None
    closed_by: str | None = None
    about: dict[str, Any] | None = None
    happened_us: int | None = None
    late: bool = False

    def as_json(self) -> dict[str, Any]:
        """The object of the API and of the stream; the 64-bit number as a string (contract.md)."""
        return {
            "id": str(self.no),
            "episode": self.episode,
            "wearer": self.wearer,
            "victim": self.victim,
            "device": self.device,
            "kind": self.kind,
            "code": self.code,
            "condition": self.condition,
            "severity": self.severity.value,
            "state": self.state.value,
            "work": self.work.value,
            "raised": format_instant(self.raised_us),
            "changed": format_instant(self.changed_us),
            "withdrawn": self.withdrawn,
            "violations": list(self.violations),
            "grouped_under": self.grouped_under,
            "revision": str(self.revision),
            "holder": self.holder,
            "claim_ends": _instant(self.claim_ends_us),
            "unclaimed_since": _instant(self.unclaimed_us),
            "outcome": None if self.outcome is None else self.outcome.value,
            "closed": _instant(self.closed_us),
            "closed_by": self.closed_by,
            "about": self.about,
            "happened": _instant(self.happened_us),
            "late": self.late,
        }


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """A mass outage as it is now. ``no`` grows in the order in which they opened; ``silent`` as of ``decided_us``."""

    no: int
    id: str
    version: int
    opened_us: int
    closed_us: int | None
    decided_us: int
    devices: int
    silent: int


@dataclass(frozen=True, slots=True)
class IncidentDeviceRow:
    """A device that an incident took in, as it is now.

    ``released`` says why the incident holds it no more, where it was let go of; ``silent_since_us`` and ``violation`` are
    its loss's, while it has sent nothing since.
    """

    device: str
    wearer: str | None
    victim: str | None
    network: Network
    released: Release | None
    silent_since_us: int | None
    violation: str | None


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """What is given must hold. ``open`` asks for current violations that have no end."""

    wearer: str | None = None
    kinds: Sequence[Kind] = ()
    condition: str | None = None
    open: bool | None = None
    current: bool = True
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What is given must hold. Withdrawn alerts are left out unless asked for.

    ``grouped_under`` asks for those of one incident, ``grouped`` for those of any, or of none. ``severities`` are what they
    are now.
    """

    wearer: str | None = None
    severities: Sequence[Severity] = ()
    state: AlertCondition | None = None
    withdrawn: bool = False
    grouped_under: str | None = None
    grouped: bool | None = None
    works: Sequence[AlertWork] = ()
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """The live figures, all of one instant (one snapshot of the database).

    ``order_states`` add up to ``orders_active`` (failure 10). ``at_us`` is the newest instant that ingest decided.
    ``dead_letters`` is how many were ever parked, by reason; ``headroom`` the share of each sequence's numbers that is
    not yet given out.
    """

    at_us: int | None
    wearers: int
    devices: int
    orders_active: int
    order_states: dict[OrderState, int]
    facts: int
    facts_per_s: float
    violations_open: dict[Kind, int]
    alerts_active: dict[Severity, int]
    dead_letters: dict[str, int] = field(default_factory=dict)
    headroom: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened, to be streamed. ``no`` grows in the order of commits, without a late comer below.

    ``of_victim``: its device is a protected person's, which not everybody may know.
    """

    no: int
    topic: str
    body: dict[str, Any]
    of_victim: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """What is given must hold."""

    reason: DeadLetterReason | None = None
    device: str | None = None
    critical: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A parked message or item; ``replayed_by`` is the commit that took it again."""

    no: int
    received_us: int
    topic: str
    payload: bytes
    reason: DeadLetterReason
    field: str | None
    cause: str | None
    device: str | None
    critical: bool
    replayed_by: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The newest figures of one process, and the instant at which it gave them."""

    body: dict[str, Any]
    at_us: int
