"""Each type of caseload record from its JSON object: its keys, which of them must be there, and their ranges."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, TypeVar

from domain.caseload_conditions import condition
from domain.caseload_fields import DEFAULT_TIMEZONE, Fields
from domain.caseload_shapes import read_shape
from domain.caseload_values import (
    Wrong,
    a_device_id,
    a_violation_id,
    an_id,
    day,
    details,
    flag,
    instant,
    list_of,
    names_of,
    nearest,
    nullable,
    number,
    one_of,
    said,
    shown,
    text,
    told,
    whole,
    word_of,
)
from domain.errors import RecordFault
from domain.records import (
    Absence,
    Area,
    Assessment,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Record,
    Suspension,
    Timetable,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import (
    AreaKind,
    AssessmentDecision,
    DeviceKind,
    Level,
    OrderKind,
    Programme,
    VisitKind,
    VisitOutcome,
)

INTERVAL_S = (1, 86_400)
"""Position and upload intervals of a device."""
MAX_FIT_WITHIN_H = 8_760.0
MAX_ATV_ALLOWANCE_MIN = 1_000_000.0
MAX_LANGUAGE = 35
"""Characters of a language tag (RFC 5646 asks readers for as many)."""
ROSH = ("low", "medium", "high", "very_high")

R = TypeVar("R")


def parse_record(record: dict[str, Any], timezones: Container[str]) -> Record:
    """One record of a caseload file or of a ``learnt`` line.

    ``timezones`` holds every name that the pinned ``tzdata`` package has. Whether what it refers to is there is
    another question (`domain.caseload_checks`).

    Raises `RecordFault` with every fault of the record.
    """
    kind = record.get("type")
    build = BUILDERS.get(kind) if isinstance(kind, str) else None
    if build is None:
        raise RecordFault([("type", _unknown_type(record))])
    fields = Fields(record, timezones)
    fields.take("type", text, "")
    built = build(fields)
    if fields.faults:
        raise RecordFault(fields.faults)
    return built


def _unknown_type(record: dict[str, Any]) -> str:
    if "type" not in record:
        return f"is missing; must be one of {', '.join(BUILDERS)}"
    hint = nearest(str(record["type"]), BUILDERS) if isinstance(record["type"], str) else ""
    return f"is {shown(record['type'])}; must be one of {', '.join(BUILDERS)}{hint}"


def _area(f: Fields) -> Area:
    return _whole_record(
        f,
        Area(
            id=f.need("id", an_id),
            kind=f.need("kind", word_of(AreaKind)),
            name=f.take("name", text, ""),
            parent=f.take("parent", nullable(an_id), None),
        ),
    )


def _wearer(f: Fields) -> Wearer:
    return _whole_record(
        f,
        Wearer(
            id=f.need("id", an_id),
            name=f.take("name", text, ""),
            level=f.take("level", word_of(Level), Level.STANDARD),
            cohorts=f.take("cohorts", list_of(said), ()),
            mappa=f.take("mappa", nullable(whole(1, 3)), None),
            rosh=f.take("rosh", nullable(one_of(ROSH)), None),
            born=f.take("born", nullable(day), None),
            phones=f.take("phones", list_of(said), ()),
            language=f.take("language", _language, "en"),
            needs=f.take("needs", list_of(said), ()),
            responsible_adult=f.take("responsible_adult", nullable(_person), None),
            staff_safety=f.take("staff_safety", list_of(said), ()),
            ids=f.take("ids", names_of, ()),
        ),
    )


def _language(value: Any) -> str:
    if len(said(value)) > MAX_LANGUAGE:
        raise Wrong(f"is {shown(value)}; must be a language tag, such as en or cy")
    return str(value)


def _person(value: Any) -> object:
    return text(value) if isinstance(value, str) else details(value)


def _victim(f: Fields) -> Victim:
    return _whole_record(
        f,
        Victim(
            id=f.need("id", an_id),
            name=f.take("name", text, ""),
            contact=f.take("contact", nullable(_contact), None),
            vulnerable=f.take("vulnerable", flag, default=False),
            marac=f.take("marac", flag, default=False),
            under_18=f.take("under_18", flag, default=False),
        ),
    )


def _contact(value: Any) -> dict[str, Any]:
    """How a protected person may be reached; what is left out was not agreed with them."""
    found = details(value)
    for key in found:
        if key not in ("safe_channels", "safe_hours", "safe_words"):
            hint = nearest(key, ("safe_channels", "safe_hours", "safe_words"))
            raise Wrong(f"has the key {shown(key)}; a contact has safe_channels, safe_hours and safe_words{hint}")
    if not isinstance(found.get("safe_channels", []), list):
        raise Wrong(f'is {shown(found["safe_channels"])}; must be a list, such as ["sms"]', ".safe_channels")
    return found


def _device(f: Fields) -> Device:
    return _whole_record(
        f,
        Device(
            id=f.need("id", a_device_id),
            kind=f.need("kind", word_of(DeviceKind)),
            interval_s=f.take("interval_s", whole(*INTERVAL_S), 60),
            upload_s=f.take("upload_s", whole(*INTERVAL_S), 60),
            model=f.take("model", nullable(text), None),
            firmware=f.take("firmware", nullable(text), None),
            lot=f.take("lot", nullable(text), None),
        ),
    )


def _fitting(f: Fields) -> Fitting:
    built = Fitting(
        id=f.need("id", an_id),
        device=f.need("device", a_device_id),
        from_us=f.need("from", instant),
        to_us=f.take("to", nullable(instant), None),
        wearer=f.take("wearer", nullable(an_id), None),
        victim=f.take("victim", nullable(an_id), None),
    )
    if not f.faults and (built.wearer is None) == (built.victim is None):
        both = "names both a wearer and a victim" if built.wearer else "names neither a wearer nor a victim"
        f.fault("wearer", f"{both}; a fitting is on one of them")
    f.after(built.from_us, built.to_us)
    return _whole_record(f, built)


def _order(f: Fields) -> Order:
    from_us = f.need("from", instant)
    to_us = f.take("to", nullable(instant), None)
    review_us = f.take("review", nullable(instant), None)
    f.after(from_us, to_us)
    if to_us is None and review_us is None and not f.faults:
        f.fault("review", "is missing: an order without an end (`to` null or left out) needs the instant of its review")
    return _whole_record(
        f,
        Order(
            id=f.need("id", an_id),
            wearer=f.need("wearer", an_id),
            kind=f.need("kind", word_of(OrderKind)),
            from_us=from_us,
            to_us=to_us,
            review_us=review_us,
            programme=f.take("programme", nullable(word_of(Programme)), None),
            notifying_organisation=f.take("notifying_organisation", nullable(text), None),
            organisation=f.take("organisation", nullable(text), None),
            area=f.take("area", nullable(an_id), None),
            officer=f.take("officer", nullable(_person), None),
            told_at_us=f.take("told_at", told, from_us),
            fit_within_h=f.take("fit_within_h", number(0, MAX_FIT_WITHIN_H), 72.0),
            atv_allowance_min=f.take("atv_allowance_min", nullable(number(0, MAX_ATV_ALLOWANCE_MIN)), None),
        ),
    )


def _zone(f: Fields) -> Zone:
    return _whole_record(
        f,
        Zone(
            id=f.need("id", an_id),
            shape=f.need("shape", read_shape),
            area=f.take("area", nullable(an_id), None),
            name=f.take("name", text, ""),
        ),
    )


def _absence(f: Fields) -> Absence:
    from_us, to_us, timetable = _interval(f)
    return _whole_record(
        f,
        Absence(
            id=f.need("id", an_id),
            condition=f.need("condition", an_id),
            from_us=from_us,
            to_us=to_us,
            timetable=timetable,
            reason=f.take("reason", text, ""),
            granted_by=f.take("granted_by", text, ""),
        ),
    )


def _suspension(f: Fields) -> Suspension:
    from_us, to_us, timetable = _interval(f)
    return _whole_record(
        f,
        Suspension(
            id=f.need("id", an_id),
            order=f.need("order", an_id),
            from_us=from_us,
            to_us=to_us,
            timetable=timetable,
            reason=f.take("reason", text, ""),
            by=f.take("by", text, ""),
        ),
    )


def _interval(f: Fields) -> tuple[int, int | None, Timetable | None]:
    from_us = f.need("from", instant)
    to_us = f.take("to", nullable(instant), None)
    f.after(from_us, to_us)
    timetable = f.timetable("timetable", f.timezone() or DEFAULT_TIMEZONE)
    return from_us, to_us, timetable


def _visit(f: Fields) -> Visit:
    return _whole_record(
        f,
        Visit(
            id=f.need("id", an_id),
            wearer=f.need("wearer", an_id),
            kind=f.need("kind", word_of(VisitKind)),
            at_us=f.need("at", instant),
            outcome=f.need("outcome", word_of(VisitOutcome)),
        ),
    )


def _equipment_check(f: Fields) -> EquipmentCheck:
    return _whole_record(
        f,
        EquipmentCheck(
            id=f.need("id", an_id),
            device=f.need("device", a_device_id),
            at_us=f.need("at", instant),
            by=f.take("by", text, ""),
            result=f.take("result", text, ""),
        ),
    )


def _assessment(f: Fields) -> Assessment:
    return _whole_record(
        f,
        Assessment(
            id=f.need("id", an_id),
            violation=f.need("violation", a_violation_id),
            decision=f.need("decision", word_of(AssessmentDecision)),
            by=f.take("by", text, ""),
            at_us=f.need("at", instant),
            reason=f.take("reason", text, ""),
        ),
    )


def _whole_record(f: Fields, built: R) -> R:
    """``built``, once every key of the record is known to have been taken."""
    f.finish()
    return built


BUILDERS: dict[str, Callable[[Fields], Record]] = {
    "area": _area,
    "wearer": _wearer,
    "victim": _victim,
    "device": _device,
    "fitting": _fitting,
    "order": _order,
    "zone": _zone,
    "condition": condition,
    "absence": _absence,
    "suspension": _suspension,
    "visit": _visit,
    "equipment_check": _equipment_check,
    "assessment": _assessment,
}
"""A test holds these to `domain.records.RECORD_TYPES`."""
