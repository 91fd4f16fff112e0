"""Everything that a breach pack says, already resolved: whoever fills this looks up, whoever renders it looks nothing up.

Instants are microseconds UTC; degrees are WGS 84; metres, minutes and seconds stand in the names. Two rules hold by construction:
what points at a protected person is `sealed` and then has no shape, place or other party here, and the order of every tuple is the
order in which it is printed, so that the same content gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from domain.records import Absence, Assessment, Condition, EquipmentCheck, Fitting, Order, Suspension, Visit
from domain.violations import FactId, Violation
from domain.vocabulary import Cause, DeviceKind, Kind, Quality, Source
from geofence.wallclock import Zone

MARKING = "Restricted: personal data"
"""What stands at the head of every page unless a pack says otherwise."""
MEASURED_FROM = 20
"""Alerts with an outcome below which the reliability of a kind is said to be not yet measured."""


class Seen(StrEnum):
    """What is held about a wearer and a condition's place at an instant. Of zones: `present` is where the wearer had to be."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """What a point does in a violation."""

    OPENED = "opened"
    DURING = "during"
    CLOSED = "closed"


class Embedded(StrEnum):
    """How an attached file stands to the document (PDF/A-3's associated files)."""

    SOURCE = "source"
    DATA = "data"
    SUPPLEMENT = "supplement"


@dataclass(frozen=True, slots=True)
class Span:
    """``[from_us, to_us)``; None is open."""

    from_us: int
    to_us: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts in the order: ``role`` in words ("Responsible officer"), ``contact`` an address or number for the court."""

    role: str
    name: str
    organisation: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """The device wearer. ``identifiers`` as (what it is, what it says)."""

    id: str
    name: str
    born: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    language: str = "en"
    needs: tuple[str, ...] = ()
    responsible_adult: str | None = None


@dataclass(frozen=True, slots=True)
class OrderVersion:
    """One version of the order. The instants are None where the caseload file held it from the start."""

    order: Order
    holds_from_us: int | None = None
    learnt_us: int | None = None
    told_at_us: int | None = None
    told_how: str = ""
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class ConditionVersion:
    """One version of a condition. ``zone_name`` is the shared zone's; the record's own ``shape`` is resolved.

    ``sealed``: it points at a protected person. The record then has no shape, place, zone or other party: they are in the annex.
    """

    condition: Condition
    holds_from_us: int | None = None
    learnt_us: int | None = None
    told_at_us: int | None = None
    told_how: str = ""
    cancelled: bool = False
    zone_name: str = ""
    sealed: bool = False

    def __post_init__(self) -> None:
        c = self.condition
        says = (c.shape, c.zone, c.place, c.victim, c.other_wearer, self.zone_name or None)
        if self.sealed and any(one is not None for one in says):
            raise ValueError(f"condition {c.id} is sealed and still says where or who")


@dataclass(frozen=True, slots=True)
class Point:
    """One fix relied on. ``number`` runs through the whole pack from 1; where it is sealed, the place is None and in the annex.

    ``distance_m``: to the edge of the condition's zone or place, positive inside; None where there is none to measure to.
    ``p_inside``: the position score. ``seq`` as the device counts.
    """

    number: int
    id: FactId
    fix_us: int
    received_us: int
    lon: float | None
    lat: float | None
    acc_m: float
    distance_m: float | None
    p_inside: float | None
    source: Source
    speed_ms: float | None
    heading_deg: float | None
    quality: Quality
    part: Part = Part.DURING


@dataclass(frozen=True, slots=True)
class Event:
    """One equipment event relied on, in words: ``what`` ("In range of the home monitoring unit, end")."""

    id: FactId
    at_us: int
    received_us: int
    what: str
    part: Part = Part.DURING


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment, and when the system learnt it."""

    assessment: Assessment
    learnt_us: int | None = None


@dataclass(frozen=True, slots=True)
class Relied:
    """A violation relied on: all its versions in order, of which the last is in force.

    ``points``: the facts that opened and closed it, and every used fix in between, in order of fix time.
    ``told``: where it is retrospective, what the officer recorded of the wearer having been told before; else empty.
    ``sealed``: its condition points at a protected person; no point then says where it is, nor how surely, and none is of a device
    of theirs.
    """

    versions: tuple[Violation, ...]
    assessments: tuple[Assessed, ...] = ()
    points: tuple[Point, ...] = ()
    events: tuple[Event, ...] = ()
    told: str = ""
    sealed: bool = False

    def __post_init__(self) -> None:
        if not self.versions:
            raise ValueError("a violation relied on has no version")
        if self.sealed and any(_says_where(p) for p in self.points):
            raise ValueError(f"violation {self.current.id} is sealed and still says where a point is")

    @property
    def current(self) -> Violation:
        """The version in force."""
        return self.versions[-1]


def _says_where(point: Point) -> bool:
    """Whether a point gives away where the edge of its zone lies."""
    return not point.lon is point.lat is point.distance_m is point.p_inside is None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A violation of the order that is not relied on, and why, in words."""

    violation: Violation
    why: str
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class SeenSpan:
    from_us: int
    to_us: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class Kept:
    """A condition's windows against what is held of the wearer, over the time the pack covers, for the timeline.

    ``windows`` are those of the timetable as they were in force; ``excused`` authorised absences and suspensions within them.
    ``seen`` lies within the windows and leaves nothing of them out.
    """

    condition: str
    windows: tuple[Span, ...] = ()
    excused: tuple[Span, ...] = ()
    seen: tuple[SeenSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A device on the wearer. What was not recorded is empty, and is printed as not recorded."""

    fitting: Fitting
    kind: DeviceKind
    model: str = ""
    firmware: str = ""
    lot: str = ""
    interval_s: int | None = None
    fitted_by: str = ""
    identity_check: str = ""
    strap_check: str = ""
    range_test: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact with the wearer: ``what`` was said or done, as it was written down."""

    at_us: int
    by: str
    how: str
    what: str


@dataclass(frozen=True, slots=True)
class Gap:
    """When the wearer was not monitored, or not fully. It counts against nobody."""

    from_us: int
    to_us: int | None
    kind: Kind
    cause: Cause
    device: str | None = None
    violation: str | None = None


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often alerts of this kind, from devices of this model, were confirmed, over ``[from_us, to_us)``."""

    kind: Kind
    model: str
    confirmed: int
    decided: int
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """A device's smallest receive time minus sending time over its last ``messages`` live messages."""

    device: str
    offset_s: float
    messages: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Versions:
    """What decided and what made the pack. ``libraries`` as (name, version)."""

    software: str
    rules: str
    tzdata: str
    libraries: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Unused:
    """An item of the schedule of unused material: what there is, how many, why not relied on, and in which attachment."""

    what: str
    count: int
    why: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the pack. ``sha256`` in hexadecimal; ``rows`` where it has rows."""

    name: str
    what: str
    media_type: str
    sha256: str
    content: bytes = field(repr=False)
    rows: int | None = None
    relationship: Embedded = Embedded.DATA


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs the statement; ``post`` is their post. ``at_us`` is when they said that they sign."""

    name: str
    post: str
    organisation: str = ""
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that differs from the version before, in words; ``where`` names the violation or section."""

    what: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """Whether the decisions can be made again from the pack alone, and if not, why, in words."""

    possible: bool
    why_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A breach pack, or (``annex``) its sealed annex, which says of the sealed conditions what the pack leaves out.

    ``case`` is the case's id: the reference is `reference`. ``covers`` is the time that the facts are of. ``made_us`` and the digests
    are all that tells two packs with the same words apart. ``signing`` says how the file is signed, in words, or that it is not.
    ``replaces`` is the signed version whose place this one takes, None: there was none; ``changed`` is what differs from it.
    """

    case: str
    version: int
    made_us: int
    covers: Span
    zone: Zone
    to_whom: str
    about: About
    orders: tuple[OrderVersion, ...]
    people: tuple[Person, ...] = ()
    narrative: tuple[str, ...] = ()
    narrative_by: str = ""
    changed: tuple[Changed, ...] = ()
    replaces: int | None = None
    signatory: Signatory | None = None
    statement: tuple[str, ...] = ()
    signing: str = ""
    conditions: tuple[ConditionVersion, ...] = ()
    relied: tuple[Relied, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    kept: tuple[Kept, ...] = ()
    fittings: tuple[Fitted, ...] = ()
    visits: tuple[Visit, ...] = ()
    checks: tuple[EquipmentCheck, ...] = ()
    contacts: tuple[Contact, ...] = ()
    absences: tuple[Absence, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    clocks: tuple[ClockOffset, ...] = ()
    versions: Versions = Versions("", "", "")
    unused: tuple[Unused, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    replay: Replay = Replay(possible=True)
    fixes_in_all: int = 0
    annex: bool = False
    marking: str = MARKING

    @property
    def reference(self) -> str:
        """What is quoted: ``BW-17``, and of the annex ``BW-17-A``."""
        return f"BW-{self.case}{'-A' if self.annex else ''}"
