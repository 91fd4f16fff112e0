"""A condition as a form: what of its record each field holds, and the record that was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from api.console import shape_text, timetables
from api.console.timetables import Row
from api.console.typed import Form
from domain.vocabulary import ConditionKind

PLACED: Final = frozenset({"curfew", "attendance", "presence_check"})
ZONED: Final = frozenset({"exclusion_zone", "inclusion_zone", "restriction_zone"})
TIMED: Final = PLACED | ZONED
"""Kinds with rows of times."""
MADE: Final = (
    *(ConditionKind.CURFEW, ConditionKind.EXCLUSION_ZONE, ConditionKind.INCLUSION_ZONE),
    *(ConditionKind.RESTRICTION_ZONE, ConditionKind.ATTENDANCE, ConditionKind.PROXIMITY, ConditionKind.ASSOCIATION),
    *(ConditionKind.PRESENCE_CHECK, ConditionKind.ALCOHOL, ConditionKind.TRAIL),
)
"""Kinds in the order in which they are offered."""
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
    "override.by": "override_by",
    "override": "override_reason",
    "hours_per_week": "hours",
    "buffer_m": "buffer",
    "threshold_points": "threshold",
    "zone.radius_m": "radius",
    "zone.width_m": "width",
    "zone.id": "zone",
    "zone": "points",
    "victim": "victim",
    "alert_m": "alert",
    "prealert_m": "prealert",
    "other_wearer": "other_wearer",
    "tac_limit_permille": "limit",
}
"""The API's fields as those of the form."""
NUMBERS: Final = (
    ("grace_s", "grace", MINUTE_S),
    ("hours_per_week", "hours", 1),
    ("buffer_m", "buffer", 1),
    ("alert_m", "alert", 1),
    ("prealert_m", "prealert", 1),
    ("tac_limit_permille", "limit", 1),
)
"""Keys of a record that are one number, their fields, and how many of the record's units one of the field's is."""

Record = dict[str, Any]


def begun(kind: str) -> Form:
    """The form of a new condition of a kind, as it is shown first."""
    return Form({"holds": "now", "when": WHOLE, "zone_from": OWN, "threshold": _threshold(kind)})


def fill(form: Form, record: Mapping[str, Any]) -> list[Row]:
    """Puts a record into the fields, and gives the rows of its times."""
    values = form.values
    values |= {"name": record.get("name") or "", "when": WHOLE}
    values |= {key: record[key] for key in ("victim", "other_wearer") if record.get(key)}
    form.fill("from", record.get("from"))
    form.fill("to", record.get("to"))
    place = record.get("place")
    if place:
        values |= {"place_name": place.get("name") or "", "place_at": f"{place['lat']}, {place['lon']}"}
        values |= {"place_radius": f"{place.get('radius_m', 50):g}", "home_unit": place.get("home_unit") or ""}
    for key, name, scale in NUMBERS:
        if record.get(key) is not None:
            values[name] = f"{record[key] / scale:g}"
    override = record.get("override") or {}
    values |= {f"override_{key}": text for key, text in override.items()}
    values["threshold"] = str(record.get("threshold_points", _threshold(record["kind"])))
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


def _threshold(kind: str) -> str:
    """The points over the first of who does not say."""
    return "0" if kind == ConditionKind.PROXIMITY else "1"


def record_of(form: Form, rows: Sequence[Row], kind: str, before: Mapping[str, Any]) -> Record:
    """The record as typed, over the one that stood; what is wrong is told in the form."""
    record = dict(before) | {"kind": kind, "name": form.said("name")}
    record |= {"from": form.moment("from", "when it begins", needed=False)}
    record |= {"to": form.moment("to", "when it ends", end=True, needed=False)}
    _told(form, record)
    own = OWN_KEYS.get(kind)
    if own is not None:
        own(form, rows, record)
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


def _curfew(form: Form, rows: Sequence[Row], record: Record) -> None:
    record |= {"place": _place(form), "timetable": timetables.timetable_of(form, rows, needed=True)}
    grace = form.number("grace", "The time allowed")
    record["grace_s"] = 300 if grace is None else grace * MINUTE_S
    by, reason = form.said("override_by"), form.said("override_reason")
    if by or reason:
        by = by or form.said("override_by", "Say who allowed more hours")
        reason = reason or form.said("override_reason", "Say why more hours were allowed")
    record["override"] = {"by": by, "reason": reason} if by and reason else None


def _attendance(form: Form, rows: Sequence[Row], record: Record) -> None:
    record |= {"place": _place(form), "timetable": timetables.timetable_of(form, rows, needed=True)}
    record["hours_per_week"] = form.number("hours", "The hours a week")


def _presence_check(form: Form, rows: Sequence[Row], record: Record) -> None:
    """Its place and its times may both be left open."""
    anywhere = not (form["place_name"].strip() or form["place_at"].strip())
    record |= {"place": None if anywhere else _place(form)}
    record["timetable"] = timetables.timetable_of(form, rows, needed=False)


def _zone_kind(form: Form, rows: Sequence[Row], record: Record) -> None:
    record["zone"] = _zone(form)
    record["schedule"] = timetables.timetable_of(form, rows, needed=True) if form["when"] == TIMES else None
    _points(form, record)
    if record["kind"] == ConditionKind.EXCLUSION_ZONE:
        record["buffer_m"] = form.number("buffer", "The buffer") or 0


def _proximity(form: Form, _rows: Sequence[Row], record: Record) -> None:
    record["victim"] = form.said("victim", "Enter the number of the protected person") or None
    record["alert_m"] = form.number("alert", "The distance of the alert")
    record["prealert_m"] = form.number("prealert", "The distance of the pre-alert")
    _points(form, record)


def _association(form: Form, _rows: Sequence[Row], record: Record) -> None:
    record["other_wearer"] = form.said("other_wearer", "Enter the number of the other wearer") or None


def _alcohol(form: Form, _rows: Sequence[Row], record: Record) -> None:
    record["tac_limit_permille"] = form.number("limit", "The limit")


OWN_KEYS: Final[dict[str, Callable[[Form, Sequence[Row], Record], None]]] = {
    ConditionKind.CURFEW: _curfew,
    ConditionKind.ATTENDANCE: _attendance,
    ConditionKind.PRESENCE_CHECK: _presence_check,
    ConditionKind.EXCLUSION_ZONE: _zone_kind,
    ConditionKind.INCLUSION_ZONE: _zone_kind,
    ConditionKind.RESTRICTION_ZONE: _zone_kind,
    ConditionKind.PROXIMITY: _proximity,
    ConditionKind.ASSOCIATION: _association,
    ConditionKind.ALCOHOL: _alcohol,
}
"""What of a record only some kinds have; `trail` has nothing of its own."""


def _points(form: Form, record: Record) -> None:
    threshold = form.number("threshold", "The points over the first")
    points = float(_threshold(record["kind"])) if threshold is None else threshold
    record["threshold_points"] = int(points) if points.is_integer() else points


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
