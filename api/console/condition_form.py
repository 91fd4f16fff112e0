"""A condition as a form: what of its record each field holds, and the record that was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.console import shape_text, timetables
from api.console.timetables import Row
from api.console.typed import Form
from domain.vocabulary import ConditionKind

PLACED: Final = frozenset({"curfew", "attendance", "presence_check"})
ZONED: Final = frozenset({"exclusion_zone", "inclusion_zone", "restriction_zone"})
TIMED: Final = PLACED | ZONED
"""Kinds with rows of times."""
DRAWN: Final = (
    ConditionKind.CURFEW,
    ConditionKind.EXCLUSION_ZONE,
    ConditionKind.INCLUSION_ZONE,
    ConditionKind.RESTRICTION_ZONE,
    ConditionKind.ATTENDANCE,
    ConditionKind.TRAIL,
)
"""Kinds that are made here; the others name people, and are entered with them."""
WHOLE, TIMES = "whole", "times"
SHARED, OWN = "shared", "own"
AS_ORDER, NOT_YET, AT = "order", "not_yet", "at"
MINUTE_S: Final = 60
FIELDS: Final = {
    "name": "name",
    "from": "from",
    "to": "to",
    "told_at": "told",
    "place.lon": "place_at",
    "place.lat": "place_at",
    "place.name": "place_name",
    "place.radius_m": "place_radius",
    "place.home_unit": "home_unit",
    "place": "place_at",
    "grace_s": "grace",
    "hours_per_week": "hours",
    "buffer_m": "buffer",
    "threshold_points": "threshold",
    "zone.radius_m": "radius",
    "zone.width_m": "width",
    "zone.id": "zone",
    "zone": "points",
}
"""The API's fields as those of the form."""

Record = dict[str, Any]


def fill(form: Form, record: Mapping[str, Any]) -> list[Row]:
    """Puts a record into the fields, and gives the rows of its times."""
    values = form.values
    values |= {"name": record.get("name") or "", "when": WHOLE}
    form.fill("from", record.get("from"))
    form.fill("to", record.get("to"))
    place = record.get("place")
    if place:
        values |= {"place_name": place.get("name") or "", "place_at": f"{place['lat']}, {place['lon']}"}
        values |= {"place_radius": f"{place.get('radius_m', 50):g}", "home_unit": place.get("home_unit") or ""}
    for key, name, scale in (("grace_s", "grace", MINUTE_S), ("hours_per_week", "hours", 1), ("buffer_m", "buffer", 1)):
        if record.get(key) is not None:
            values[name] = f"{record[key] / scale:g}"
    values["threshold"] = str(record.get("threshold_points", 1))
    zone = record.get("zone")
    if zone and "id" in zone:
        values |= {"zone_from": SHARED, "zone": zone["id"], "shape": shape_text.POLYGON}
    else:
        values["zone_from"] = OWN
        shape_text.fill(form, zone)
    rows = record.get("timetable") or record.get("schedule")
    if rows:
        values["when"] = TIMES
    return timetables.rows_of_record(rows)


def record_of(form: Form, rows: Sequence[Row], kind: str, before: Mapping[str, Any]) -> Record:
    """The record as typed, over the one that stood; what is wrong is told in the form."""
    record = dict(before) | {"kind": kind, "name": form.said("name")}
    record |= {"from": form.moment("from", "when it begins", needed=False)}
    record |= {"to": form.moment("to", "when it ends", end=True, needed=False)}
    _told(form, record)
    if kind in PLACED:
        record["place"] = _place(form)
        record["timetable"] = timetables.timetable_of(form, rows, needed=kind != "presence_check")
    if kind == "curfew":
        grace = form.number("grace", "The time allowed")
        record["grace_s"] = 300 if grace is None else grace * MINUTE_S
    if kind == "attendance":
        record["hours_per_week"] = form.number("hours", "The hours a week")
    if kind in ZONED:
        record["zone"] = _zone(form)
        record["schedule"] = timetables.timetable_of(form, rows, needed=True) if form["when"] == TIMES else None
        threshold = form.number("threshold", "The points over the first")
        record["threshold_points"] = 1 if threshold is None else int(threshold)
    if kind == "exclusion_zone":
        record["buffer_m"] = form.number("buffer", "The buffer") or 0
    return {key: value for key, value in record.items() if value is not None or key == "told_at"}


def _told(form: Form, record: Record) -> None:
    choice = form["told"]
    if choice == AS_ORDER:
        record.pop("told_at", None)
    elif choice == NOT_YET:
        record["told_at"] = None
    elif choice == AT:
        record["told_at"] = form.moment("told_at", "when the wearer was told")
    else:
        form.fault("told", "Say whether the wearer has been told of this")


def _place(form: Form) -> Record | None:
    found = shape_text.position(form["place_at"])
    if found is None:
        form.fault("place_at", "Enter a latitude and a longitude, such as 51.5310, -0.1210")
        return None
    lat, lon = found
    radius = form.number("place_radius", "The radius")
    place = {"name": form.said("place_name"), "lon": lon, "lat": lat, "radius_m": 50 if radius is None else radius}
    return place | ({"home_unit": form["home_unit"].strip()} if form["home_unit"].strip() else {})


def _zone(form: Form) -> Record | None:
    if form["zone_from"] == SHARED:
        name = form.said("zone", "Choose a zone, or draw one")
        return {"id": name} if name else None
    return shape_text.shape_of(form)
