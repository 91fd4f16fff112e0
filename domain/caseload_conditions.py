"""A condition from its JSON object: what each kind needs, takes, and does not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.caseload_fields import DEFAULT_TIMEZONE, Fields
from domain.caseload_shapes import RADIUS_M, read_shape
from domain.caseload_values import (
    Wrong,
    a_device_id,
    an_id,
    at,
    instant,
    nullable,
    number,
    said,
    shown,
    text,
    told,
    whole,
    word_of,
)
from domain.records import Condition, Override, Place, Shape
from domain.vocabulary import ConditionKind

THRESHOLD_POINTS = (0, 4)
GRACE_S = (0.0, 7_200.0)
MAX_BUFFER_M = 50_000.0
MAX_ALERT_M = 100_000.0
ALERT_M = 500.0
"""Of a proximity condition that does not say."""
MAX_TAC_PERMILLE = 10.0
HOURS_A_WEEK = 168.0

KEYS_OF_KIND: dict[ConditionKind, tuple[str, ...]] = {
    ConditionKind.CURFEW: ("place", "timetable", "grace_s", "override"),
    ConditionKind.EXCLUSION_ZONE: ("zone", "schedule", "threshold_points", "buffer_m"),
    ConditionKind.INCLUSION_ZONE: ("zone", "schedule", "threshold_points", "buffer_m"),
    ConditionKind.RESTRICTION_ZONE: ("zone", "schedule", "threshold_points", "buffer_m"),
    ConditionKind.ATTENDANCE: ("place", "timetable", "hours_per_week"),
    ConditionKind.PROXIMITY: ("victim", "alert_m", "threshold_points"),
    ConditionKind.ASSOCIATION: ("other_wearer",),
    ConditionKind.PRESENCE_CHECK: ("place", "timetable"),
    ConditionKind.TRAIL: (),
    ConditionKind.ALCOHOL: ("tac_limit_permille",),
}
"""The keys of each kind, beside those that every condition has; `prealert_m` is read with `alert_m`."""


def condition(f: Fields) -> Condition:
    """A condition of any kind; its faults are left in ``f``."""
    kind = f.need("kind", word_of(ConditionKind))
    from_us = f.take("from", nullable(instant), None)
    to_us = f.take("to", nullable(instant), None)
    f.after(from_us, to_us)
    timezone = f.timezone() or DEFAULT_TIMEZONE
    shared: dict[str, Any] = {
        "id": f.need("id", an_id),
        "order": f.need("order", an_id),
        "kind": kind,
        "name": f.take("name", text, ""),
        "from_us": from_us,
        "to_us": to_us,
        "told_at_us": f.take("told_at", told, None),
        "timezone": timezone,
    }
    if kind is None:  # its keys cannot be told from wrong ones; the kind is fault enough
        return Condition(**shared)
    own: dict[str, Any] = {}
    for key in KEYS_OF_KIND[kind]:
        own |= KEY_READERS[key](f, kind, timezone)
    f.finish(others=[*KEY_READERS, "prealert_m"])
    return Condition(**shared, **own)


def _zone(f: Fields, _kind: ConditionKind, _timezone: str) -> dict[str, Any]:
    found = f.need("zone", _shape_or_id, 'a zone condition needs its shape, or {"id":"..."} of a zone record')
    return {"zone": found} if isinstance(found, str) else {"shape": found}


def _shape_or_id(value: Any) -> Shape | str:
    if isinstance(value, dict) and "id" in value and "type" not in value:
        if len(value) > 1:
            raise Wrong(f'has more keys than id; must be a shape, or {{"id":{shown(value["id"])}}} alone')
        return at(".id", an_id, value["id"])
    return read_shape(value)


def _schedule(f: Fields, _kind: ConditionKind, timezone: str) -> dict[str, Any]:
    return {"timetable": f.timetable("schedule", timezone)}


def _timetable(f: Fields, kind: ConditionKind, timezone: str) -> dict[str, Any]:
    needed = "" if kind is ConditionKind.PRESENCE_CHECK else f"{_a(kind)} needs its rows, or null for always"
    return {"timetable": f.timetable("timetable", timezone, needed=needed)}


def _a(kind: ConditionKind) -> str:
    return f"{'an' if kind.value[0] in 'aeiou' else 'a'} {kind.value}"


def _place(f: Fields, kind: ConditionKind, _timezone: str) -> dict[str, Any]:
    if kind is ConditionKind.PRESENCE_CHECK:
        return {"place": f.take("place", nullable(_read_place), None)}
    return {"place": f.need("place", _read_place, f"{_a(kind)} needs the place where the wearer must be")}


def _read_place(value: Any) -> Place:
    if not isinstance(value, dict):
        raise Wrong(f'is {shown(value)}; must be a place, such as {{"name":"home","lon":0.5,"lat":51.2,"radius_m":50}}')
    keys = ("name", "lon", "lat", "radius_m", "home_unit")
    for key in value:
        if key not in keys:
            raise Wrong(f"has the key {shown(key)}; a place has {', '.join(keys)}")
    for key in ("lon", "lat"):
        if key not in value:
            raise Wrong(f"has no {key}; a place needs lon and lat, in degrees")
    return Place(
        name=at(".name", text, value.get("name", "")),
        lon=at(".lon", number(-180, 180), value["lon"]),
        lat=at(".lat", number(-90, 90), value["lat"]),
        radius_m=at(".radius_m", number(*RADIUS_M), value.get("radius_m", 50)),
        home_unit=at(".home_unit", nullable(a_device_id), value.get("home_unit")),
    )


def _override(f: Fields, _kind: ConditionKind, _timezone: str) -> dict[str, Any]:
    return {"override": f.take("override", nullable(_read_override), None)}


def _read_override(value: Any) -> Override:
    if not isinstance(value, dict) or set(value) != {"by", "reason"}:
        raise Wrong(f'is {shown(value)}; must be {{"by":"...","reason":"..."}}: who let it over the limits, and why')
    return Override(by=at(".by", said, value["by"]), reason=at(".reason", said, value["reason"]))


def _threshold_points(f: Fields, kind: ConditionKind, _timezone: str) -> dict[str, Any]:
    default = 0 if kind is ConditionKind.PROXIMITY else 1
    return {"threshold_points": f.take("threshold_points", whole(*THRESHOLD_POINTS), default)}


def _alert_m(f: Fields, _kind: ConditionKind, _timezone: str) -> dict[str, Any]:
    alert_m = f.take("alert_m", number(0, MAX_ALERT_M, above=True), ALERT_M)
    prealert_m = f.take("prealert_m", nullable(number(0, 2 * MAX_ALERT_M, above=True)), None)
    if alert_m is not None and prealert_m is not None and prealert_m < alert_m:
        f.fault(
            "prealert_m", f"is {prealert_m:g}, under alert_m ({alert_m:g}): the pre-alert comes first, so is farther"
        )
    return {"alert_m": alert_m, "prealert_m": 2 * alert_m if prealert_m is None and alert_m else prealert_m}


def _one(key: str, read: Callable[[Any], Any], default: Any) -> Callable[[Fields, ConditionKind, str], dict[str, Any]]:
    return lambda f, _kind, _timezone: {key: f.take(key, read, default)}


def _needed(key: str, read: Callable[[Any], Any], why: str) -> Callable[[Fields, ConditionKind, str], dict[str, Any]]:
    return lambda f, _kind, _timezone: {key: f.need(key, read, why)}


KEY_READERS: dict[str, Callable[[Fields, ConditionKind, str], dict[str, Any]]] = {
    "zone": _zone,
    "schedule": _schedule,
    "timetable": _timetable,
    "place": _place,
    "override": _override,
    "threshold_points": _threshold_points,
    "alert_m": _alert_m,
    "buffer_m": _one("buffer_m", number(0, MAX_BUFFER_M), 0.0),
    "grace_s": _one("grace_s", number(*GRACE_S), 300.0),
    "hours_per_week": _one("hours_per_week", nullable(number(0, HOURS_A_WEEK)), None),
    "tac_limit_permille": _one("tac_limit_permille", nullable(number(0, MAX_TAC_PERMILLE, above=True)), None),
    "victim": _needed("victim", an_id, "a proximity condition needs the victim whom it protects"),
    "other_wearer": _needed("other_wearer", an_id, "an association condition needs the wearer who must not be met"),
}
"""How each key that only some kinds have is read; a test holds these to `KEYS_OF_KIND`."""
