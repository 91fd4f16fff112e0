"""The JSON of caseload records, as OpenAPI tells it: the same as a line of a caseload file without its `type` (docs/caseload.md).

They describe; what is taken is decided by `domain.caseload_file`, as for a file. A test holds the keys of both together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.desk_shapes import Name
from api.shapes import Shape
from domain.caseload_conditions import MAX_ALERT_M, MAX_BUFFER_M
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

DeviceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Text = Annotated[str, Field(max_length=4_000)]
Stamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Coordinates = list[Any]


class Row(Shape):
    """A row of a timetable: wall-clock times of a local day; an end that is not after its start is the next day's."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    start: str
    end: str


Timetable = Annotated[list[Row], Field(min_length=1, max_length=1_000)]


class PlaceRecord(Shape):
    """Where somebody is to be, in degrees; `home_unit` is the id of a device."""

    name: Text = ""
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    radius_m: Annotated[float, Field(ge=10, le=5_000)] = 50
    home_unit: DeviceName | None = None


class PolygonShape(Shape):
    """GeoJSON; rings closed, at most 10,000 vertices."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: Coordinates


class CircleShape(Shape):
    """A geodesic circle."""

    type: Literal["Circle"]
    center: Annotated[list[float], Field(min_length=2, max_length=2)]
    radius_m: Annotated[float, Field(ge=10, le=5_000)]


class CorridorShape(Shape):
    """A line with its whole width."""

    type: Literal["Corridor"]
    coordinates: Coordinates
    width_m: Annotated[float, Field(gt=0, le=10_000)]


class SharedZone(Shape):
    """A zone record, by its id."""

    id: Name


ZoneShape = PolygonShape | CircleShape | CorridorShape


class OverrideRecord(Shape):
    """Who let a timetable go over the limits of its order's kind, and why."""

    by: Text
    reason: Text


class AreaRecord(Shape):
    """`area`."""

    id: Name
    kind: AreaKind
    name: Text = ""
    parent: Name | None = None


class WearerRecord(Shape):
    """`wearer`."""

    id: Name
    name: Text = ""
    level: Level = Level.STANDARD
    cohorts: list[Text] = Field(default_factory=list)
    mappa: Annotated[int, Field(ge=1, le=3)] | None = None
    rosh: Literal["low", "medium", "high", "very_high"] | None = None
    born: Annotated[str, Field(json_schema_extra={"format": "date"})] | None = None
    phones: list[Text] = Field(default_factory=list)
    language: Annotated[str, Field(min_length=1, max_length=35)] = "en"
    needs: list[Text] = Field(default_factory=list)
    responsible_adult: Text | dict[str, Any] | None = None
    staff_safety: list[Text] = Field(default_factory=list)
    ids: dict[str, Text] = Field(default_factory=dict)


class ContactOfVictim(Shape):
    """How a protected person may be reached; what is left out was not agreed with them."""

    safe_channels: list[Text] = Field(default_factory=list)
    safe_hours: Text | list[Text] | None = None
    safe_words: Text | list[Text] | None = None


class VictimRecord(Shape):
    """`victim`."""

    id: Name
    name: Text = ""
    contact: ContactOfVictim | None = None
    vulnerable: bool = False
    marac: bool = False
    under_18: bool = False


class DeviceRecord(Shape):
    """`device`."""

    id: DeviceName
    kind: DeviceKind
    interval_s: Seconds = 60
    upload_s: Seconds = 60
    model: Text | None = None
    firmware: Text | None = None
    lot: Text | None = None


class FittingRecord(Shape):
    """`fitting`: on a wearer or with a protected person, one of them."""

    id: Name
    device: DeviceName
    wearer: Name | None = None
    victim: Name | None = None
    from_: Stamp = Field(alias="from")
    to: Stamp | None = None


class OrderRecord(Shape):
    """`order`. One without an end needs `review`."""

    id: Name
    wearer: Name
    kind: OrderKind
    programme: Programme | None = None
    from_: Stamp = Field(alias="from")
    to: Stamp | None = None
    review: Stamp | None = None
    notifying_organisation: Text | None = None
    organisation: Text | None = None
    area: Name | None = None
    officer: Text | dict[str, Any] | None = None
    told_at: Stamp | None = None
    fit_within_h: Annotated[float, Field(ge=0, le=8_760)] = 72
    atv_allowance_min: Annotated[float, Field(ge=0, le=1_000_000)] | None = None


class ZoneRecord(Shape):
    """`zone`: shared by conditions."""

    id: Name
    area: Name | None = None
    name: Text = ""
    shape: ZoneShape


class ConditionRecord(Shape):
    """`condition`. Which keys go with which kind is in docs/caseload.md; the others are refused."""

    id: Name
    order: Name
    kind: ConditionKind
    name: Text = ""
    from_: Stamp | None = Field(None, alias="from")
    to: Stamp | None = None
    told_at: Stamp | None = None
    timezone: str = "Europe/London"
    place: PlaceRecord | None = None
    timetable: Timetable | None = None
    grace_s: Annotated[float, Field(ge=0, le=7_200)] = 300
    override: OverrideRecord | None = None
    zone: ZoneShape | SharedZone | None = None
    schedule: Timetable | None = None
    threshold_points: Annotated[int, Field(ge=0, le=4)] = 1
    buffer_m: Annotated[float, Field(ge=0, le=MAX_BUFFER_M)] = 0
    victim: Name | None = None
    alert_m: Annotated[float, Field(gt=0, le=MAX_ALERT_M)] = 500
    prealert_m: Annotated[float, Field(gt=0, le=2 * MAX_ALERT_M)] | None = None
    other_wearer: Name | None = None
    tac_limit_permille: Annotated[float, Field(gt=0, le=10)] | None = None
    hours_per_week: Annotated[float, Field(ge=0, le=168)] | None = None


class AbsenceRecord(Shape):
    """`absence`."""

    id: Name
    condition: Name
    from_: Stamp = Field(alias="from")
    to: Stamp | None = None
    timezone: str = "Europe/London"
    timetable: Timetable | None = None
    reason: Text = ""
    granted_by: Text = ""


class SuspensionRecord(Shape):
    """`suspension`."""

    id: Name
    order: Name
    from_: Stamp = Field(alias="from")
    to: Stamp | None = None
    timezone: str = "Europe/London"
    timetable: Timetable | None = None
    reason: Text = ""
    by: Text = ""


class VisitRecord(Shape):
    """`visit`."""

    id: Name
    wearer: Name
    kind: VisitKind
    at: Stamp
    outcome: VisitOutcome


class EquipmentCheckRecord(Shape):
    """`equipment_check`: from it on, a device that was tampered with is believed again."""

    id: Name
    device: DeviceName
    at: Stamp
    by: Text = ""
    result: Text = ""


class AssessmentRecord(Shape):
    """`assessment`. `by` and `at` are written by the service: whoever asks, and now."""

    id: Name
    violation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}-[1-9][0-9]{0,17}$")]
    decision: AssessmentDecision
    by: Text = ""
    at: Stamp | None = None
    reason: Text = ""
