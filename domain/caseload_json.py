"""Records as the JSON objects of a caseload file: `parse_record` of what comes out gives the record back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.caseload_values import DAYS
from domain.instants import EARLY_US, FAR_US, format_instant
from domain.records import (
    TYPE_NAMES,
    Absence,
    Area,
    Assessment,
    Circle,
    Condition,
    Corridor,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Place,
    Record,
    Ring,
    Shape,
    Suspension,
    Timetable,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import ZONE_KINDS, ConditionKind


def record_as_json(record: Record) -> dict[str, Any]:
    """The object of one line, every key of contract.md in its order; instants as text, whole numbers as such."""
    return {"type": TYPE_NAMES[type(record)], "id": record.id, **_WRITERS[type(record)](record)}


def shape_as_json(shape: Shape) -> dict[str, Any]:
    """A zone's shape, as a caseload file has it. One polygon comes out as a Polygon, however it was written."""
    if isinstance(shape, Circle):
        return {"type": "Circle", "center": [shape.lon, shape.lat], "radius_m": _number(shape.radius_m)}
    if isinstance(shape, Corridor):
        return {"type": "Corridor", "coordinates": _line(shape.line), "width_m": _number(shape.width_m)}
    polygons = [[_line(ring) for ring in polygon] for polygon in shape.polygons]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _line(line: Ring) -> list[list[float]]:
    return [[lon, lat] for lon, lat in line]


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _maybe_number(value: float | None) -> float | int | None:
    return None if value is None else _number(value)


def _instant(us: int | None) -> str | None:
    return None if us is None or us == FAR_US else format_instant(us)


def _rows(timetable: Timetable | None) -> list[dict[str, str]] | None:
    if timetable is None:
        return None
    return [{"day": DAYS[row.day], "start": _clock(row.start_s), "end": _clock(row.end_s)} for row in timetable.rows]


def _clock(second_of_day: int) -> str:
    minutes, seconds = divmod(second_of_day, 60)
    told = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{told}:{seconds:02d}" if seconds else told


def _area(r: Area) -> dict[str, Any]:
    return {"kind": r.kind.value, "name": r.name, "parent": r.parent}


def _wearer(r: Wearer) -> dict[str, Any]:
    return {
        "name": r.name,
        "level": r.level.value,
        "cohorts": list(r.cohorts),
        "mappa": r.mappa,
        "rosh": r.rosh,
        "born": r.born,
        "phones": list(r.phones),
        "language": r.language,
        "needs": list(r.needs),
        "responsible_adult": r.responsible_adult,
        "staff_safety": list(r.staff_safety),
        "ids": dict(r.ids),
    }


def _victim(r: Victim) -> dict[str, Any]:
    return {
        "name": r.name,
        "contact": r.contact,
        "vulnerable": r.vulnerable,
        "marac": r.marac,
        "under_18": r.under_18,
    }


def _device(r: Device) -> dict[str, Any]:
    return {
        "kind": r.kind.value,
        "interval_s": r.interval_s,
        "upload_s": r.upload_s,
        "model": r.model,
        "firmware": r.firmware,
        "lot": r.lot,
    }


def _fitting(r: Fitting) -> dict[str, Any]:
    worn = {"wearer": r.wearer} if r.victim is None else {"victim": r.victim}
    return {**worn, "device": r.device, **_between(r.from_us, r.to_us)}


def _between(from_us: int, to_us: int | None) -> dict[str, Any]:
    return {"from": format_instant(from_us), "to": _instant(to_us)}


def _order(r: Order) -> dict[str, Any]:
    return {
        "wearer": r.wearer,
        "kind": r.kind.value,
        "programme": None if r.programme is None else r.programme.value,
        **_between(r.from_us, r.to_us),
        "review": _instant(r.review_us),
        "notifying_organisation": r.notifying_organisation,
        "organisation": r.organisation,
        "area": r.area,
        "officer": r.officer,
        **({} if r.told_at_us == EARLY_US else {"told_at": _instant(r.told_at_us)}),
        "fit_within_h": _number(r.fit_within_h),
        "atv_allowance_min": _maybe_number(r.atv_allowance_min),
    }


def _zone(r: Zone) -> dict[str, Any]:
    return {"area": r.area, "name": r.name, "shape": shape_as_json(r.shape)}


def _condition(r: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {"order": r.order, "kind": r.kind.value, "name": r.name}
    if r.from_us is not None:
        found["from"] = format_instant(r.from_us)
    if r.to_us is not None:
        found["to"] = format_instant(r.to_us)
    if r.told_at_us is not None:
        found["told_at"] = _instant(r.told_at_us)
    found["timezone"] = r.timezone
    return found | _own(r)


def _own(r: Condition) -> dict[str, Any]:
    """The keys of the condition's kind."""
    if r.kind in ZONE_KINDS:
        shape = {"id": r.zone} if r.shape is None else shape_as_json(r.shape)
        rest = {"threshold_points": r.threshold_points, "buffer_m": _number(r.buffer_m)}
        return {"zone": shape, **rest, "schedule": _rows(r.timetable)}
    if r.kind is ConditionKind.PROXIMITY:
        distances = {"alert_m": _maybe_number(r.alert_m), "prealert_m": _maybe_number(r.prealert_m)}
        return {"victim": r.victim, **distances, "threshold_points": r.threshold_points}
    if r.kind is ConditionKind.ASSOCIATION:
        return {"other_wearer": r.other_wearer}
    if r.kind is ConditionKind.ALCOHOL:
        return {"tac_limit_permille": _maybe_number(r.tac_limit_permille)}
    return {} if r.kind is ConditionKind.TRAIL else _at_a_place(r)


def _at_a_place(r: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {"place": None if r.place is None else _place(r.place), "timetable": _rows(r.timetable)}
    if r.kind is ConditionKind.ATTENDANCE:
        found["hours_per_week"] = _maybe_number(r.hours_per_week)
    if r.kind is ConditionKind.CURFEW:
        found["grace_s"] = _number(r.grace_s)
        if r.override is not None:
            found["override"] = {"by": r.override.by, "reason": r.override.reason}
    return found


def _place(r: Place) -> dict[str, Any]:
    return {
        "name": r.name,
        "lon": r.lon,
        "lat": r.lat,
        "radius_m": _number(r.radius_m),
        "home_unit": r.home_unit,
    }


def _absence(r: Absence) -> dict[str, Any]:
    rest = {"reason": r.reason, "granted_by": r.granted_by}
    return {"condition": r.condition, **_between(r.from_us, r.to_us), **_hours(r.timetable), **rest}


def _suspension(r: Suspension) -> dict[str, Any]:
    return {
        "order": r.order,
        **_between(r.from_us, r.to_us),
        **_hours(r.timetable),
        "reason": r.reason,
        "by": r.by,
    }


def _hours(timetable: Timetable | None) -> dict[str, Any]:
    if timetable is None:
        return {"timetable": None}
    return {"timezone": timetable.timezone, "timetable": _rows(timetable)}


def _visit(r: Visit) -> dict[str, Any]:
    return {"wearer": r.wearer, "kind": r.kind.value, "at": format_instant(r.at_us), "outcome": r.outcome.value}


def _equipment_check(r: EquipmentCheck) -> dict[str, Any]:
    return {"device": r.device, "at": format_instant(r.at_us), "by": r.by, "result": r.result}


def _assessment(r: Assessment) -> dict[str, Any]:
    return {
        "violation": r.violation,
        "decision": r.decision.value,
        "by": r.by,
        "at": format_instant(r.at_us),
        "reason": r.reason,
    }


_WRITERS: dict[type[Record], Callable[[Any], dict[str, Any]]] = {
    Area: _area,
    Wearer: _wearer,
    Victim: _victim,
    Device: _device,
    Fitting: _fitting,
    Order: _order,
    Zone: _zone,
    Condition: _condition,
    Absence: _absence,
    Suspension: _suspension,
    Visit: _visit,
    EquipmentCheck: _equipment_check,
    Assessment: _assessment,
}
