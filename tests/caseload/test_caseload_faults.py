"""Every fault of a caseload file: one clear line each, with line number, field, and what would be right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.errors import BadInput
from domain.records import Caseload
from tests.caseload.lines import (
    NIGHT,
    SINCE,
    also,
    as_lines,
    changed,
    faults_of,
    line_of,
    read,
    record,
    records,
)

LAST = len(records()) + 1
"""The line after the good ones."""


def zone(**shape: Any) -> dict[str, Any]:
    return {"zone": shape}


def place(**values: Any) -> dict[str, Any]:
    return {"place": record("C2")["place"] | values}


def row(**values: Any) -> dict[str, Any]:
    return {"timetable": [NIGHT[0] | values]}


# id: the record that is changed, the values, the field of its fault, a part of the cause
ONE_RECORD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "no type": ("W1", {"type": ...}, "type", "is missing; must be one of area, wearer"),
    "unknown type": ("Z1", {"type": "zones"}, "type", "did you mean 'zone'?"),
    "type that is a list": ("W1", {"type": ["wearer"]}, "type", "must be one of"),
    "type null": ("W1", {"type": None}, "type", "is null; must be one of"),
    "unknown key": ("W1", {"levle": "standard"}, "levle", "is not a key of this record; did you mean 'level'?"),
    "a key with no name": ("W1", {"": 1}, '""', "is not a key of this record"),
    "a key across lines": ("W1", {"a\nb": 1}, '"a\\nb"', "is not a key of this record"),
    "no id": ("W2", {"id": ...}, "id", "is missing"),
    "id null": ("W2", {"id": None}, "id", "is null; must be 1 to 64 of A-Z"),
    "id number": ("W2", {"id": 7}, "id", "is 7; must be 1 to 64"),
    "id empty": ("W2", {"id": ""}, "id", 'is ""; must be 1 to 64'),
    "id too long": ("W2", {"id": "w" * 65}, "id", "must be 1 to 64"),
    "id with a space": ("W2", {"id": "W 2"}, "id", "must be 1 to 64"),
    "id with a line end": ("W2", {"id": "W2\n"}, "id", "must be 1 to 64"),
    "id of a device too long": ("L1", {"id": "L" * 33}, "id", "must be 1 to 32"),
    "id of a device with a colon": ("L1", {"id": "L:1"}, "id", "part of the device's topics"),
    "id of a device in other digits": ("L1", {"id": "L\u0661"}, "id", "must be 1 to 32"),
    "unknown level": ("W1", {"level": "high"}, "level", "must be one of standard, enhanced, intensive"),
    "level null": ("W1", {"level": None}, "level", "is null; must be one of"),
    "level nearly": ("W1", {"level": "intensiv"}, "level", "did you mean 'intensive'?"),
    "name number": ("W1", {"name": 5}, "name", "must be a text in quotes"),
    "name too long": ("W1", {"name": "n" * 4001}, "name", "has 4001 characters; at most 4000"),
    "name with NUL": ("W1", {"name": "a\0b"}, "name", "control character"),
    "name with half a pair": ("W1", {"name": "\ud800"}, "name", "half of a surrogate pair"),
    "cohorts text": ("W1", {"cohorts": "iom"}, "cohorts", "must be a list"),
    "cohorts of numbers": ("W1", {"cohorts": ["iom", 3]}, "cohorts[1]", "must be a text"),
    "an empty need": ("W1", {"needs": [" "]}, "needs[0]", "is empty"),
    "too many phones": ("W1", {"phones": ["1"] * 1001}, "phones", "has 1001 items; at most 1000"),
    "mappa 4": ("W1", {"mappa": 4}, "mappa", "must be a whole number from 1 to 3"),
    "mappa true": ("W1", {"mappa": True}, "mappa", "must be a whole number from 1 to 3"),
    "rosh": ("W1", {"rosh": "severe"}, "rosh", "must be one of low, medium, high, very_high"),
    "born": ("W1", {"born": "1990-02-30"}, "born", "must be a date, such as 1990-05-31"),
    "born in weeks": ("W1", {"born": "1990-W05-3"}, "born", "must be a date"),
    "language": ("W1", {"language": "e" * 36}, "language", "must be a language tag"),
    "ids": ("W1", {"ids": {"pnc": 12}}, "ids.pnc", "is 12; must be a text"),
    "ids list": ("W1", {"ids": []}, "ids", "must be an object"),
    "ids of lists": ("W1", {"ids": {"pnc": ["1"]}}, "ids.pnc", "must be a text"),
    "contact text": ("V1", {"contact": "sms"}, "contact", "must be an object"),
    "contact key": ("V1", {"contact": {"safe_chanels": []}}, "contact", "did you mean 'safe_channels'?"),
    "channels text": ("V1", {"contact": {"safe_channels": "sms"}}, "contact.safe_channels", "must be a list"),
    "vulnerable": ("V1", {"vulnerable": "yes"}, "vulnerable", 'is "yes"; must be true or false'),
    "device kind": ("T1", {"kind": "gps"}, "kind", "must be one of gps_tag, rf_tag"),
    "interval 0": ("T1", {"interval_s": 0}, "interval_s", "must be a whole number from 1 to 86,400"),
    "interval over a day": ("T1", {"interval_s": 86401}, "interval_s", "from 1 to 86,400"),
    "interval in halves": ("T1", {"interval_s": 0.5}, "interval_s", "from 1 to 86,400"),
    "interval of 1.5": ("T1", {"interval_s": 1.5}, "interval_s", "must be a whole number"),
    "interval text": ("T1", {"interval_s": "60"}, "interval_s", 'is "60"; must be a whole number'),
    "interval true": ("T1", {"interval_s": True}, "interval_s", "must be a whole number"),
    "interval beyond all": ("T1", {"interval_s": 10**400}, "interval_s", "must be a whole number"),
    "upload 0": ("T1", {"upload_s": 0}, "upload_s", "from 1 to 86,400"),
    "model": ("T1", {"model": 3}, "model", "must be a text"),
    "fitting without device": ("F1", {"device": ...}, "device", "is missing"),
    "fitting of nobody": ("F1", {"wearer": None}, "wearer", "names neither a wearer nor a victim"),
    "fitting of both": ("F1", {"victim": "V1"}, "wearer", "names both a wearer and a victim"),
    "fitting without from": ("F1", {"from_": ...}, "from", "is missing"),
    "fitting ends before": ("F1", {"to": "2026-10-01T00:00:00Z"}, "to", "before `from` (2026-11-01T09:00:00Z)"),
    "fitting ends at once": ("F1", {"to": SINCE}, "to", "the same instant as `from`"),
    "from without zone": ("F1", {"from_": "2026-11-01T09:00:00"}, "from", "such as 2026-11-01T09:00:00Z"),
    "from on a date": ("F1", {"from_": "2026-11-01"}, "from", "must be a date and time with its zone"),
    "from in month 13": ("F1", {"from_": "2026-13-01T09:00:00Z"}, "from", "must be a date and time"),
    "from in other digits": ("F1", {"from_": "\u0662026-11-01T09:00:00Z"}, "from", "must be a date and time"),
    "from as a number": ("F1", {"from_": 1793523600}, "from", "must be a date and time"),
    "from long ago": ("F1", {"from_": "0001-01-01T00:00:00+23:00"}, "from", "in the years 1900 to 9999"),
    "to after all years": ("F1", {"to": "9999-12-31T23:59:59-10:00"}, "to", "in the years 1900 to 9999"),
    "order kind": ("O1", {"kind": "comunity"}, "kind", "did you mean 'community'?"),
    "order without wearer": ("O1", {"wearer": ...}, "wearer", "is missing"),
    "order open": ("O1", {"to": None}, "review", "an order without an end"),
    "order end left out": ("O1", {"to": ...}, "review", "an order without an end"),
    "programme": ("O1", {"programme": "isss"}, "programme", "must be one of iss, iccp, iom"),
    "officer": ("O1", {"officer": 5}, "officer", "must be an object"),
    "officer within": ("O1", {"officer": {"name": {"first": "D"}}}, "officer.name", "must be a text"),
    "told": ("O1", {"told_at": "yes"}, "told_at", "must be a date and time"),
    "fit_within_h": ("O1", {"fit_within_h": -1}, "fit_within_h", "must be a number from 0 to 8,760"),
    "allowance": ("O1", {"atv_allowance_min": -5}, "atv_allowance_min", "must be a number from 0"),
    "condition kind": ("C1", {"kind": "exclusion"}, "kind", "did you mean 'exclusion_zone'?"),
    "condition without kind": ("C1", {"kind": ...}, "kind", "is missing"),
    "condition without order": ("C1", {"order": ...}, "order", "is missing"),
    "condition ends before": ("C1", {"from_": SINCE, "to": "2026-01-01T00:00:00Z"}, "to", "before `from`"),
    "another kind's key": ("C1", {"grace_s": 300}, "grace_s", 'does not go with kind "exclusion_zone"'),
    "another kind's distance": ("C1", {"prealert_m": 300}, "prealert_m", "does not go with kind"),
    "a key of no kind": ("C1", {"treshold_points": 1}, "treshold_points", "did you mean 'threshold_points'?"),
    "no zone": ("C1", {"zone": ...}, "zone", "needs its shape"),
    "zone null": ("C1", {"zone": None}, "zone", "must be a shape"),
    "zone text": ("C1", {"zone": "Z1"}, "zone", "must be a shape"),
    "zone id and more": ("C1", zone(id="Z1", name="x"), "zone", 'must be a shape, or {"id":"Z1"} alone'),
    "zone id number": ("C1", zone(id=1), "zone.id", "must be 1 to 64"),
    "threshold 5": ("C1", {"threshold_points": 5}, "threshold_points", "a whole number from 0 to 4"),
    "threshold null": ("C1", {"threshold_points": None}, "threshold_points", "is null"),
    "buffer": ("C1", {"buffer_m": -1}, "buffer_m", "must be a number from 0"),
    "time zone": ("C1", {"timezone": "Europe/Londn"}, "timezone", "does not exist; did you mean 'Europe/London'?"),
    "time zone far off": ("C1", {"timezone": "GMT+17"}, "timezone", "does not exist"),
    "time zone null": ("C1", {"timezone": None}, "timezone", "must be the name of a time zone"),
    "time zone path": ("C1", {"timezone": "../zones"}, "timezone", "does not exist"),
    "schedule text": ("C1", {"schedule": "always"}, "schedule", "must be a list"),
    "schedule empty": ("C1", {"schedule": []}, "schedule", "null for always"),
    "curfew without place": ("C2", {"place": ...}, "place", "a curfew needs the place"),
    "curfew without timetable": ("C2", {"timetable": ...}, "timetable", "a curfew needs its rows, or null for always"),
    "place text": ("C2", {"place": "home"}, "place", "must be a place"),
    "place without lat": ("C2", {"place": {"lon": 0.5}}, "place", "has no lat"),
    "place key": ("C2", place(radius=50), "place", 'has the key "radius"; a place has name, lon'),
    "place north of the pole": ("C2", place(lat=91), "place.lat", "must be a number from -90 to 90"),
    "place lon": ("C2", place(lon=-181), "place.lon", "must be a number from -180 to 180"),
    "place radius 9": ("C2", place(radius_m=9), "place.radius_m", "must be a number from 10 to 5,000"),
    "place radius 5001": ("C2", place(radius_m=5001), "place.radius_m", "from 10 to 5,000"),
    "grace": ("C2", {"grace_s": 7201}, "grace_s", "must be a number from 0 to 7,200"),
    "row text": ("C2", {"timetable": ["mon"]}, "timetable[0]", "must be a row"),
    "row without end": ("C2", {"timetable": [{"day": "mon", "start": "19:00"}]}, "timetable[0]", "has no end"),
    "row key": ("C2", row(note="x"), "timetable[0]", "a row has day, start and end"),
    "row day": ("C2", row(day="monday"), "timetable[0].day", "must be one of mon, tue"),
    "row day list": ("C2", row(day=["mon"]), "timetable[0].day", "must be one of mon, tue"),
    "row start": ("C2", row(start="7pm"), "timetable[0].start", "must be HH:MM or HH:MM:SS"),
    "row start 24:00": ("C2", row(start="24:00"), "timetable[0].start", "00:00 to 23:59:59"),
    "row end 24:01": ("C2", row(end="24:01"), "timetable[0].end", "00:00 to 24:00"),
    "row end 25:00": ("C2", row(end="25:00"), "timetable[0].end", "00:00 to 24:00"),
    "row start 9:00": ("C2", row(start="9:00"), "timetable[0].start", "must be HH:MM"),
    "override text": ("C2", {"override": "yes"}, "override", "who let it over the limits, and why"),
    "override unnamed": ("C2", {"override": {"by": "", "reason": "x"}}, "override.by", "is empty"),
    "alert 0": ("C3", {"alert_m": 0}, "alert_m", "must be a number over 0"),
    "pre-alert nearer": ("C3", {"alert_m": 500, "prealert_m": 400}, "prealert_m", "under alert_m (500)"),
    "pre-alert as near": ("C3", {"alert_m": 500, "prealert_m": 499.999}, "prealert_m", "under alert_m (500)"),
    "alert over the pre-alert": ("C3", {"alert_m": 1001, "prealert_m": 1000}, "prealert_m", "under alert_m (1001)"),
    "alert text": ("C3", {"alert_m": "near"}, "alert_m", "must be a number over 0"),
    "a victim who is a wearer": ("C3", {"victim": "W2"}, "victim", "there is no victim 'W2'"),
    "a victim null": ("C3", {"victim": None}, "victim", "must be 1 to 64"),
    "another wearer beside a victim": ("C3", {"other_wearer": "W2"}, "other_wearer", "does not go with kind"),
    "no victim": ("C3", {"victim": ...}, "victim", "needs the victim whom it protects"),
    "absence ends before": ("A1", {"to": "2026-11-05T18:00:00Z"}, "to", "before `from`"),
    "absence without from": ("A1", {"from_": ...}, "from", "is missing"),
    "absence time zone": ("A1", {"timezone": "Kent"}, "timezone", "does not exist"),
    "suspension rows": ("S1", {"timetable": [{}]}, "timetable[0]", "has no day"),
    "visit without at": ("X1", {"at": ...}, "at", "is missing"),
    "visit outcome": ("X1", {"outcome": "ok"}, "outcome", "must be one of done, no_answer"),
    "check of nothing": ("E1", {"device": ...}, "device", "is missing"),
    "assessment of what": ("B1", {"violation": "W1"}, "violation", "the id of a violation, such as W1-3"),
    "decision": ("B1", {"decision": ...}, "decision", "is missing"),
    # references to nothing
    "no such parent": ("kent-pdu", {"parent": "sussex"}, "parent", "there is no area 'sussex'"),
    "an area in itself": ("south-east", {"parent": "south-east"}, "parent", "an area cannot lie in itself"),
    "no such wearer": ("F1", {"wearer": "W9"}, "wearer", "there is no wearer 'W9'"),
    "no such victim": ("F3", {"victim": "V9"}, "victim", "there is no victim 'V9'"),
    "no such device": ("F1", {"device": "T9"}, "device", "there is no device 'T9'"),
    "no such wearer of an order": ("O1", {"wearer": "W9"}, "wearer", "there is no wearer 'W9'"),
    "no such area": ("O1", {"area": "essex"}, "area", "there is no area 'essex'"),
    "no such area of a zone": ("Z1", {"area": "essex"}, "area", "there is no area 'essex'"),
    "no such order": ("C1", {"order": "O9"}, "order", "there is no order 'O9'"),
    "no such zone": ("C1", zone(id="Z9"), "zone.id", "there is no zone 'Z9'"),
    "no such home unit": ("C2", place(home_unit="H9"), "place.home_unit", "there is no device 'H9'"),
    "a tag for a home unit": ("C2", place(home_unit="T1"), "place.home_unit", "'T1' is a gps_tag; must be a home_unit"),
    "no such victim to protect": ("C3", {"victim": "V9"}, "victim", "there is no victim 'V9'"),
    "no such condition": ("A1", {"condition": "C9"}, "condition", "there is no condition 'C9'"),
    "an order for a condition": ("A1", {"condition": "O1"}, "condition", "there is no condition 'O1'"),
    "no such order to suspend": ("S1", {"order": "O9"}, "order", "there is no order 'O9'"),
    "no such wearer to visit": ("X1", {"wearer": "W9"}, "wearer", "there is no wearer 'W9'"),
    "no such device to check": ("E1", {"device": "T9"}, "device", "there is no device 'T9'"),
}

# A line as it stands in the file: the field of its fault, a part of the cause
LINES: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b"{type: wearer}\n", "line", "is not JSON: "),
    "cut short": (b'{"type":"wearer"', "line", "is not JSON: "),
    "two objects": (b'{"type":"wearer","id":"W7"}{}\n', "line", "is not JSON: Extra data at column 28"),
    "a list": (b"[]\n", "line", "is []; each line is one object"),
    "a text": (b'"wearer"\n', "line", "each line is one object"),
    "null": (b"null\n", "line", "is null; each line is one object"),
    "a number": (b"5\n", "line", "each line is one object"),
    "an empty object": (b"{}\n", "type", "is missing"),
    "NaN": (b'{"type":"device","id":"T7","kind":"gps_tag","interval_s":NaN}\n', "line", "holds NaN"),
    "infinity": (b'{"type":"device","id":"T7","kind":"gps_tag","interval_s":-Infinity}\n', "line", "holds -Infinity"),
    "too large for a number": (
        b'{"type":"device","id":"T7","kind":"gps_tag","interval_s":1e999}\n',
        "interval_s",
        "is Infinity; must be a whole number",
    ),
    "too many digits": (
        b'{"type":"device","id":"T7","kind":"gps_tag","interval_s":' + b"1" * 5000 + b"}\n",
        "line",
        "too many digits",
    ),
    "a key twice": (b'{"type":"wearer","id":"W7","id":"W8"}\n', "line", 'has the key "id" twice'),
    "a key twice within": (
        b'{"type":"wearer","id":"W7","ids":{"pnc":"1","pnc":"2"}}\n',
        "line",
        'has the key "pnc" twice',
    ),
    "not UTF-8": (b'{"type":"wearer","id":"W7","name":"Zo\xeb"}\n', "line", "is not UTF-8: byte 0xeb at column 38"),
    "a byte order mark within": (
        b'\xef\xbb\xbf{"type":"wearer","id":"W7"}\n',
        "line",
        "begins with a byte order mark",
    ),
    "absurd nesting": (b"[" * 100_000 + b"\n", "line", "nested too deep"),
    "deep nesting in a value": (
        b'{"type":"wearer","id":"W7","name":' + b"[" * 400 + b"]" * 400 + b"}\n",
        "name",
        "must be a text",
    ),
    "too long": (b'{"type":"wearer","id":"W7","name":"' + b"n" * 5_000_000 + b'"}\n', "line", "at most 4,194,304"),
}


@pytest.mark.parametrize("fault", ONE_RECORD)
def test_a_record_with_one_fault_is_refused_with_its_line_and_field(fault: str) -> None:
    key, values, field, cause = ONE_RECORD[fault]
    [found] = faults_of(changed(key, **values))
    assert (found.file, found.line, found.field) == ("caseload.ndjson", line_of(key), field)
    assert cause in found.cause
    assert "\n" not in str(found)


@pytest.mark.parametrize("fault", LINES)
def test_a_line_that_is_no_record_is_refused(fault: str) -> None:
    line, field, cause = LINES[fault]
    [found] = faults_of([*as_lines(records()), line])
    assert (found.line, found.field) == (LAST, field)
    assert cause in found.cause
    assert len(found.cause) < 300


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_its_lines() -> None:
    lines = as_lines(records())
    lines[line_of("W1") - 1] = b"{\n"
    lines[line_of("T1") - 1] = b'{"type":"device","id":"T1","kind":"gps","interval_s":0,"lott":null}\n'
    lines += as_lines([record("W2"), record("F1") | {"id": "F9", "device": "U9"}])
    told = [(fault.line, fault.field) for fault in faults_of(lines)]
    assert told == [
        (line_of("W1"), "line"),
        (line_of("T1"), "kind"),
        (line_of("T1"), "interval_s"),
        (line_of("T1"), "lott"),
        # W1's line could not be read at all, so who refers to it refers to nothing; T1's line says what it would be.
        (line_of("F1"), "wearer"),
        (line_of("F2"), "wearer"),
        (line_of("O1"), "wearer"),
        (line_of("X1"), "wearer"),
        (LAST, "id"),
        (LAST + 1, "device"),
        (LAST + 1, "wearer"),
    ]


def test_a_bad_file_gives_nothing_at_all() -> None:
    with pytest.raises(BadInput) as refused:
        read(changed("W2", level="high"))
    assert str(refused.value).startswith(f"caseload.ndjson:{line_of('W2')}: level: ")


def test_an_id_stands_once_for_each_type() -> None:
    [found] = faults_of(also(record("W1")))
    assert (found.line, found.field) == (LAST, "id")
    assert found.cause == f"wearer 'W1' already stands on line {line_of('W1')}"


def test_an_id_that_a_bad_line_has_taken_is_told_with_all_else() -> None:
    bad = record("W1") | {"id": "W9", "level": "high"}
    for first, second in ((bad, record("W1") | {"id": "W9"}), (record("W1") | {"id": "W9"}, bad)):
        faults = faults_of(also(first, second))
        assert sorted((fault.line, fault.field) for fault in faults) == sorted(
            [(LAST + (second is bad), "level"), (LAST + 1, "id")]
        )
    assert faults_of(also({"type": "zone", "id": "W1", "shape": record("Z1")["shape"]})) == []


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        (SINCE, None, True),
        ("2026-01-01T00:00:00Z", None, True),
        ("2026-01-01T00:00:00Z", "2026-11-01T09:00:00.000001Z", True),
        ("2026-01-01T00:00:00Z", SINCE, False),
        ("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", True),
    ],
)
def test_a_device_is_on_one_person_at_a_time(start: str, end: str | None, overlaps: bool) -> None:
    more = {"type": "fitting", "id": "F9", "wearer": "W2", "device": "T1", "from": start, "to": end}
    found = faults_of(also(more))
    assert [(fault.line, fault.field) for fault in found] == ([(LAST, "device")] if overlaps else [])
    if found:
        assert f"'T1' is already on 'W1' by fitting 'F1' (line {line_of('F1')})" in found[0].cause


def test_a_long_fitting_overlaps_each_that_comes_within_it() -> None:
    def fitting(key: str, start: int, end: int) -> dict[str, Any]:
        days = {"from": f"2026-01-{start:02d}T00:00:00Z", "to": f"2026-01-{end:02d}T00:00:00Z"}
        return {"type": "fitting", "id": key, "wearer": "W2", "device": "T1", **days}

    lines = also(fitting("long", 1, 20), fitting("a", 2, 3), fitting("b", 5, 6), fitting("after", 20, 25))
    assert [fault.line for fault in faults_of(lines)] == [LAST + 1, LAST + 2]


def test_areas_that_lie_in_each_other_are_told_each() -> None:
    found = faults_of(changed("south-east", parent="kent-pdu"))
    assert [(fault.line, fault.field) for fault in found] == [(1, "parent"), (2, "parent")]


def test_a_wearer_who_must_not_meet_himself() -> None:
    meet = {"type": "condition", "id": "C9", "order": "O1", "kind": "association", "other_wearer": "W1"}
    [found] = faults_of(also(meet))
    assert (found.line, found.field) == (LAST, "other_wearer")
    assert faults_of(also(meet | {"other_wearer": "W2"})) == []


@pytest.mark.parametrize(
    ("values", "field", "cause"),
    [
        ({"other_wearer": "W9"}, "other_wearer", "there is no wearer 'W9'"),
        ({"other_wearer": "V1"}, "other_wearer", "there is no wearer 'V1'"),
        ({"other_wearer": None}, "other_wearer", "must be 1 to 64"),
        ({}, "other_wearer", "needs the wearer who must not be met"),
        ({"other_wearer": "W2", "victim": "V1"}, "victim", "does not go with kind"),
        ({"other_wearer": "W2", "alert_m": 50}, "alert_m", "does not go with kind"),
    ],
)
def test_an_association_with_nobody_to_meet(values: dict[str, Any], field: str, cause: str) -> None:
    [found] = faults_of(also({"type": "condition", "id": "C9", "order": "O1", "kind": "association"} | values))
    assert (found.line, found.field) == (LAST, field)
    assert cause in found.cause


def test_a_curfew_over_the_limits_of_its_order_needs_a_named_override() -> None:
    order = record("O1") | {"id": "O9", "kind": "suspended_sentence"}
    curfew = record("C2") | {"id": "C9", "order": "O9"}
    round_the_clock = [{"day": r["day"], "start": "18:00", "end": "18:00"} for r in NIGHT]
    for rows, cause in (
        (None, "asks 24 hours in one day; the most is 20 (Sentencing Act 2020"),
        (round_the_clock, "asks 24 hours in one day"),
        ([r | {"start": "14:00"} for r in NIGHT], "asks 119 hours a week; the most is 112"),
    ):
        [found] = faults_of(also(order, curfew | {"timetable": rows}))
        assert (found.line, found.field) == (LAST + 1, "timetable")
        assert cause in found.cause
        assert '"override":{"by":"...","reason":"..."}' in found.cause
        named = {"override": {"by": "Recorder Finch", "reason": "residence at a clinic"}}
        assert faults_of(also(order, curfew | {"timetable": rows} | named)) == []
    assert faults_of(also(order, curfew)) == []


def test_a_file_may_refer_to_what_was_learnt_before_it_and_replace_it() -> None:
    known = Caseload()
    for version in read(as_lines(records()))[0]:
        known.learn(version)
    absence = record("A1") | {"id": "A9"}
    versions, _ = read(as_lines([absence]), known)
    assert [version.record.id for version in versions] == ["A9"]
    assert [fault.field for fault in faults_of(as_lines([absence]))] == ["condition"]
    swap = record("F1") | {"to": "2026-12-01T00:00:00Z"}
    after = record("F1") | {"id": "F9", "wearer": "W2", "from": "2026-12-01T00:00:00Z"}
    assert [(fault.line, fault.field) for fault in faults_of(as_lines([after]), known)] == [(1, "device")]
    assert faults_of(as_lines([after, swap]), known) == []


def test_the_text_of_a_fault_is_plain_ascii_on_one_line() -> None:
    for values in ({"level": "é\n\u2028"}, {"\u2028": 1}, {"level": {"a": "\ud800"}}):
        [found] = faults_of(changed("W1", **values))
        assert str(found).isascii()
        assert str(found).isprintable()
        assert json.dumps(str(found))
