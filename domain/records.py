"""Caseload records as frozen types, one a record type of contract.md. Instants are microseconds UTC.

A record is what was written down; `Version` adds the two times of rules.md 10: from when it holds, and when we
learnt it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from domain.instants import EARLY_US
from domain.vocabulary import (
    AreaKind,
    AssessmentDecision,
    ConditionKind,
    DeviceKind,
    Level,
    OrderKind,
    Programme,
    VisitKind,
    VisitOutcome,
)

LonLat: TypeAlias = tuple[float, float]
Ring: TypeAlias = tuple[LonLat, ...]


@dataclass(frozen=True, slots=True)
class Polygons:
    """A GeoJSON Polygon or MultiPolygon: each polygon is its outer ring and then its holes."""

    polygons: tuple[tuple[Ring, ...], ...]


@dataclass(frozen=True, slots=True)
class Circle:
    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Corridor:
    """A line with round ends; ``width_m`` is the whole width."""

    line: Ring
    width_m: float


Shape: TypeAlias = Polygons | Circle | Corridor


@dataclass(frozen=True, slots=True)
class TimetableRow:
    """``day`` 0 is Monday (local date of the start); wall-clock seconds of the day, ``end_s`` may be 86400."""

    day: int
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Timetable:
    timezone: str
    rows: tuple[TimetableRow, ...]


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    lon: float
    lat: float
    radius_m: float = 50.0
    home_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Who let a timetable go over the limits of its order's kind, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Area:
    id: str
    kind: AreaKind
    name: str = ""
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Wearer:
    id: str
    name: str = ""
    level: Level = Level.STANDARD
    cohorts: tuple[str, ...] = ()
    mappa: int | None = None
    rosh: str | None = None
    born: str | None = None
    phones: tuple[str, ...] = ()
    language: str = "en"
    needs: tuple[str, ...] = ()
    responsible_adult: object = None
    staff_safety: tuple[str, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Victim:
    id: str
    name: str = ""
    contact: object = None
    vulnerable: bool = False
    marac: bool = False
    under_18: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    kind: DeviceKind
    interval_s: int = 60
    upload_s: int = 60
    model: str | None = None
    firmware: str | None = None
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    id: str
    device: str
    from_us: int
    to_us: int | None = None
    wearer: str | None = None
    victim: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    wearer: str
    kind: OrderKind
    from_us: int
    to_us: int | None = None
    review_us: int | None = None
    programme: Programme | None = None
    notifying_organisation: str | None = None
    organisation: str | None = None
    area: str | None = None
    officer: object = None
    told_at_us: int = EARLY_US
    fit_within_h: float = 72.0
    atv_allowance_min: float | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    id: str
    shape: Shape
    area: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One enforceable requirement. What a kind does not use keeps its default.

    ``shape`` is the zone's, already resolved when the zone is given in place; ``zone`` is the id of a shared one.
    ``timetable`` is the curfew's, the attendance's or a zone's ``schedule``; None is always.
    """

    id: str
    order: str
    kind: ConditionKind
    name: str = ""
    from_us: int | None = None
    to_us: int | None = None
    told_at_us: int | None = None
    timezone: str = "Europe/London"
    timetable: Timetable | None = None
    shape: Shape | None = None
    zone: str | None = None
    threshold_points: int = 1
    buffer_m: float = 0.0
    place: Place | None = None
    grace_s: float = 300.0
    victim: str | None = None
    alert_m: float | None = None
    prealert_m: float | None = None
    other_wearer: str | None = None
    tac_limit_permille: float | None = None
    hours_per_week: float | None = None
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    id: str
    condition: str
    from_us: int
    to_us: int | None = None
    timetable: Timetable | None = None
    reason: str = ""
    granted_by: str = ""


@dataclass(frozen=True, slots=True)
class Suspension:
    id: str
    order: str
    from_us: int
    to_us: int | None = None
    timetable: Timetable | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    id: str
    wearer: str
    kind: VisitKind
    at_us: int
    outcome: VisitOutcome


@dataclass(frozen=True, slots=True)
class EquipmentCheck:
    id: str
    device: str
    at_us: int
    by: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    id: str
    violation: str
    decision: AssessmentDecision
    by: str = ""
    at_us: int = 0
    reason: str = ""


Record: TypeAlias = (
    Area
    | Wearer
    | Victim
    | Device
    | Fitting
    | Order
    | Zone
    | Condition
    | Absence
    | Suspension
    | Visit
    | EquipmentCheck
    | Assessment
)

RECORD_TYPES: dict[str, type[Record]] = {
    "area": Area,
    "wearer": Wearer,
    "victim": Victim,
    "device": Device,
    "fitting": Fitting,
    "order": Order,
    "zone": Zone,
    "condition": Condition,
    "absence": Absence,
    "suspension": Suspension,
    "visit": Visit,
    "equipment_check": EquipmentCheck,
    "assessment": Assessment,
}
TYPE_NAMES: dict[type[Record], str] = {cls: name for name, cls in RECORD_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Version:
    """A record with its two times. ``holds_from_us`` is `EARLY_US` for the caseload file, learnt before everything."""

    record: Record
    holds_from_us: int = EARLY_US
    learnt_us: int = EARLY_US
    cancelled: bool = False


@dataclass(slots=True)
class Caseload:
    """Every version of every record, by type and id, in the order learnt."""

    versions: dict[tuple[str, str], list[Version]] = field(default_factory=dict)

    def learn(self, version: Version) -> None:
        key = (TYPE_NAMES[type(version.record)], version.record.id)
        self.versions.setdefault(key, []).append(version)
