"""A small caseload of invented people, as objects to change and lines to read."""

from __future__ import annotations

import copy
import json
from typing import Any

from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import read_caseload
from domain.errors import BadInput, Fault
from domain.records import Caseload, Version

TIMEZONES = pinned_time_zones().names
SQUARE = [[0.50, 51.20], [0.52, 51.20], [0.52, 51.22], [0.50, 51.22], [0.50, 51.20]]
NIGHT = [{"day": day, "start": "19:00", "end": "07:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
SINCE = "2026-11-01T09:00:00Z"

_RECORDS: list[dict[str, Any]] = [
    {"type": "area", "id": "south-east", "kind": "region", "name": "South East", "parent": None},
    {"type": "area", "id": "kent-pdu", "kind": "pdu", "name": "Kent", "parent": "south-east"},
    {"type": "wearer", "id": "W1", "name": "Ansel Quill", "level": "standard"},
    {"type": "wearer", "id": "W2", "name": "Bram Tiller"},
    {"type": "victim", "id": "V1", "name": "Cleo Marsh", "contact": {"safe_channels": ["sms"]}},
    {"type": "device", "id": "T1", "kind": "gps_tag", "interval_s": 60, "upload_s": 60},
    {"type": "device", "id": "H1", "kind": "home_unit", "interval_s": 300, "upload_s": 300},
    {"type": "device", "id": "U1", "kind": "victim_unit"},
    {"type": "device", "id": "L1", "kind": "voice_line"},
    {"type": "fitting", "id": "F1", "wearer": "W1", "device": "T1", "from": SINCE, "to": None},
    {"type": "fitting", "id": "F2", "wearer": "W1", "device": "H1", "from": SINCE},
    {"type": "fitting", "id": "F3", "victim": "V1", "device": "U1", "from": SINCE},
    {
        "type": "order",
        "id": "O1",
        "wearer": "W1",
        "kind": "community",
        "from": SINCE,
        "to": "2027-02-01T00:00:00Z",
        "area": "kent-pdu",
        "officer": {"name": "Dee Farrow", "email": "d.farrow@example.org"},
    },
    {"type": "zone", "id": "Z1", "area": "kent-pdu", "shape": {"type": "Polygon", "coordinates": [SQUARE]}},
    {"type": "condition", "id": "C1", "order": "O1", "kind": "exclusion_zone", "zone": {"id": "Z1"}, "schedule": None},
    {
        "type": "condition",
        "id": "C2",
        "order": "O1",
        "kind": "curfew",
        "place": {"name": "home", "lon": 0.6, "lat": 51.3, "radius_m": 50, "home_unit": "H1"},
        "timetable": NIGHT,
    },
    {"type": "condition", "id": "C3", "order": "O1", "kind": "proximity", "victim": "V1"},
    {"type": "absence", "id": "A1", "condition": "C2", "from": "2026-11-05T19:00:00Z", "to": "2026-11-05T21:00:00Z"},
    {"type": "suspension", "id": "S1", "order": "O1", "from": "2026-12-24T00:00:00Z", "reason": "custody"},
    {"type": "visit", "id": "X1", "wearer": "W1", "kind": "fit", "at": SINCE, "outcome": "done"},
    {"type": "equipment_check", "id": "E1", "device": "T1", "at": "2026-11-09T10:00:00Z", "result": "sound"},
    {"type": "assessment", "id": "B1", "violation": "W1-3", "decision": "upheld", "at": "2026-11-09T10:00:00Z"},
]


def records() -> list[dict[str, Any]]:
    """The records of a good file, fresh to be changed."""
    return copy.deepcopy(_RECORDS)


def record(key: str) -> dict[str, Any]:
    """One of them, by id."""
    return next(r for r in records() if r["id"] == key)


def line_of(key: str) -> int:
    """The line of a record in `good_lines`."""
    return next(i for i, r in enumerate(_RECORDS, start=1) if r["id"] == key)


def changed(key: str, **values: Any) -> list[bytes]:
    """The good file with values of one record changed; ``...`` takes the key out; ``from_`` stands for ``from``."""
    written = records()
    target = written[line_of(key) - 1]
    for name, value in values.items():
        if value is ...:
            target.pop(name.rstrip("_"), None)
        else:
            target[name.rstrip("_")] = value
    return as_lines(written)


def also(*more: dict[str, Any]) -> list[bytes]:
    """The good file with more records after it."""
    return as_lines([*records(), *more])


def as_lines(written: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(r).encode() + b"\n" for r in written]


def read(lines: list[bytes], known: Caseload | None = None) -> tuple[list[Version], list[Fault]]:
    return read_caseload(lines, "caseload.ndjson", TIMEZONES, known=known)


def faults_of(lines: list[bytes], known: Caseload | None = None) -> list[Fault]:
    """The faults of lines that cannot be taken; none when they can."""
    try:
        read(lines, known)
    except BadInput as bad:
        return bad.faults
    return []
