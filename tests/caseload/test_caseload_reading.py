"""What a good caseload file gives: defaults, shapes, round trips, warnings; and that nothing makes it crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.caseload_conditions import KEY_READERS, KEYS_OF_KIND
from domain.caseload_file import parse_record, read_caseload, record_as_json
from domain.caseload_learnt import LearntRecords
from domain.caseload_records import BUILDERS
from domain.errors import BadInput, RecordFault
from domain.instants import FAR_US, LAST_OF_RECORDS_US, parse_instant
from domain.records import (
    RECORD_TYPES,
    Caseload,
    Circle,
    Condition,
    Corridor,
    Device,
    Order,
    Override,
    Place,
    Polygons,
    Timetable,
    TimetableRow,
    Victim,
    Wearer,
)
from domain.vocabulary import ConditionKind, DeviceKind, Level
from tests.caseload.lines import (
    NIGHT,
    SINCE,
    SQUARE,
    TIMEZONES,
    also,
    as_lines,
    changed,
    faults_of,
    line_of,
    read,
    record,
    records,
)

WORKED = sorted((Path(__file__).parent / "worked").glob("*.ndjson"))


def parsed(**values: Any) -> Any:
    return parse_record(values, TIMEZONES)


def condition(**values: Any) -> Condition:
    found = parsed(type="condition", id="C", order="O", **values)
    assert isinstance(found, Condition)
    return found


def test_the_good_file_is_good() -> None:
    versions, warnings = read(as_lines(records()))
    assert warnings == []
    assert [record_as_json(version.record)["id"] for version in versions] == [r["id"] for r in records()]


@pytest.mark.parametrize("path", WORKED, ids=lambda path: path.stem)
def test_the_worked_caseloads_have_no_fault_and_come_back_as_they_were(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    versions, _ = read_caseload(lines, path.name, TIMEZONES)
    assert len(versions) == len(lines)
    for version, line in zip(versions, lines, strict=True):
        written = record_as_json(version.record)
        assert parse_record(written, TIMEZONES) == version.record
        # Every value of the line stands in what is written again, which adds the defaults.
        assert {key: value for key, value in written.items() if key in json.loads(line)} == json.loads(line)


def test_there_are_three_worked_caseloads() -> None:
    assert [path.stem for path in WORKED] == ["april", "march", "november"]


def test_defaults_are_those_of_the_contract() -> None:
    assert parsed(type="wearer", id="W") == Wearer(id="W", level=Level.STANDARD, language="en")
    assert parsed(type="victim", id="V") == Victim(id="V")
    assert parsed(type="device", id="T", kind="gps_tag") == Device("T", DeviceKind.GPS_TAG, 60, 60)
    order = parsed(type="order", id="O", wearer="W", kind="bail", **{"from": SINCE}, review="2027-01-01T00:00:00Z")
    assert isinstance(order, Order)
    assert (order.fit_within_h, order.atv_allowance_min, order.told_at_us) == (72, None, parse_instant(SINCE))
    zone = condition(kind="exclusion_zone", zone={"id": "Z1"})
    assert (zone.threshold_points, zone.buffer_m, zone.timezone, zone.timetable) == (1, 0, "Europe/London", None)
    curfew = condition(kind="curfew", place={"lon": 0.5, "lat": 51}, timetable=None)
    assert (curfew.grace_s, curfew.place, curfew.timetable) == (300, Place("", 0.5, 51, 50, None), None)
    near = condition(kind="proximity", victim="V1")
    assert (near.alert_m, near.prealert_m, near.threshold_points) == (500, 1000, 0)
    assert condition(kind="proximity", victim="V1", alert_m=200).prealert_m == 400


def test_told_left_out_null_and_given_are_three_things() -> None:
    order = record("O1")
    assert parsed(**order).told_at_us == parse_instant(SINCE)
    assert parsed(**order, told_at=None).told_at_us == FAR_US
    later = "2026-11-03T12:00:00Z"
    assert parsed(**order, told_at=later).told_at_us == parse_instant(later)
    assert condition(kind="trail").told_at_us is None
    assert condition(kind="trail", told_at=None).told_at_us == FAR_US
    assert condition(kind="trail", told_at=later).told_at_us == parse_instant(later)


def test_timetable_rows() -> None:
    rows = [{"day": "sun", "start": "19:00:30", "end": "24:00"}, {"day": "mon", "start": "00:00", "end": "00:00"}]
    found = condition(kind="curfew", place={"lon": 0, "lat": 51}, timezone="Australia/Lord_Howe", timetable=rows)
    expected = (TimetableRow(6, 68_430, 86_400), TimetableRow(0, 0, 0))
    assert found.timetable == Timetable("Australia/Lord_Howe", expected)
    assert record_as_json(found)["timetable"] == rows


def test_shapes() -> None:
    def shape(**written: Any) -> Any:
        return condition(kind="inclusion_zone", zone=written).shape

    square = tuple((float(lon), float(lat)) for lon, lat in SQUARE)
    assert shape(type="Polygon", coordinates=[SQUARE]) == Polygons(((square,),))
    assert shape(type="Polygon", coordinates=[SQUARE[::-1]]) == Polygons(((square[::-1],),))
    assert shape(type="MultiPolygon", coordinates=[[SQUARE]]) == Polygons(((square,),))
    assert shape(type="Circle", center=[0, 51], radius_m=5000) == Circle(0, 51, 5000)
    assert shape(type="Corridor", coordinates=[[0, 51], [1, 51]], width_m=0.5) == Corridor(((0, 51), (1, 51)), 0.5)


def test_a_zone_may_have_10000_vertices_and_lie_along_the_180th_meridian() -> None:
    top = [[i * 1e-4, 51.1 if i % 2 else 51.2] for i in range(9_998)]
    ring = [*top, [top[-1][0], 50.0], [0.0, 50.0], top[0]]
    assert faults_of(changed("C1", zone={"type": "Polygon", "coordinates": [ring]})) == []
    edge = [[179.0, 10.0], [180.0, 10.0], [180.0, 11.0], [179.0, 10.0]]
    assert faults_of(changed("C1", zone={"type": "Polygon", "coordinates": [edge]})) == []


def test_limits_are_inclusive() -> None:
    for values in ({"interval_s": 1, "upload_s": 86_400}, {"interval_s": 86_400, "upload_s": 1}, {"interval_s": 60.0}):
        assert faults_of(changed("T1", **values)) == []
    for radius_m in (10, 5000):
        assert faults_of(changed("C2", place=record("C2")["place"] | {"radius_m": radius_m}, grace_s=7200)) == []
    for threshold_points in (0, 4):
        assert faults_of(changed("C1", threshold_points=threshold_points)) == []


@pytest.mark.parametrize(
    "lines",
    [
        b"\xef\xbb\xbf" + b"".join(as_lines(records())),
        b"".join(as_lines(records())).replace(b"\n", b"\r\n"),
        b"\n" + b"\n \n".join(as_lines(records())) + b"\n\n",
        b"".join(as_lines(records()))[:-1],
        b"".join(reversed(as_lines(records()))),
    ],
    ids=["byte order mark", "CR LF", "blank lines", "no end of line at the end", "any order"],
)
def test_what_loses_nothing_is_taken(lines: bytes) -> None:
    versions, warnings = read(lines.splitlines(keepends=True))
    assert len(versions) == len(records())
    assert warnings == []


def test_lines_may_be_text() -> None:
    lines = [line.decode() for line in as_lines(records())]
    assert len(read_caseload(lines, "-", TIMEZONES)[0]) == len(lines)
    assert read_caseload([], "-", TIMEZONES) == ([], [])


def test_every_type_has_a_reader_and_every_kind_of_condition_its_keys() -> None:
    assert set(BUILDERS) == set(RECORD_TYPES)
    assert set(KEYS_OF_KIND) == set(ConditionKind)
    assert {key for keys in KEYS_OF_KIND.values() for key in keys} == set(KEY_READERS)


# What is warned of


def warnings(lines: list[bytes]) -> list[tuple[int, str]]:
    return [(warning.line, warning.field) for warning in read(lines)[1]]


@pytest.mark.parametrize(
    ("metres", "warned"), [(0.0, True), (49.0, True), (-49.0, True), (51.0, False), (-51.0, False)]
)
@pytest.mark.parametrize("kind", ["exclusion_zone", "inclusion_zone", "restriction_zone"])
def test_an_edge_at_the_wearers_own_door_is_warned_of(metres: float, warned: bool, kind: str) -> None:
    """The curfew place stands at 0.6 E 51.3 N, where a degree of longitude is 69,706 m."""
    west = 0.6 + metres / 69_706
    ring = [[west, 51.2], [0.7, 51.2], [0.7, 51.4], [west, 51.4], [west, 51.2]]
    found = read(changed("C1", kind=kind, zone={"type": "Polygon", "coordinates": [ring]}))[1]
    near = [warning for warning in found if "its edge is" in warning.cause]
    assert [(warning.line, warning.field) for warning in near] == ([(line_of("C1"), "zone")] if warned else [])
    if near:
        assert f"its edge is {abs(metres):.0f} m from the place 'home' of the wearer's own curfew 'C2'" in near[0].cause
    elif kind == "exclusion_zone" and metres < 0:
        assert "the wearer is to be there, and must not be" in found[0].cause


@pytest.mark.parametrize(
    ("shape", "warned"),
    [
        ({"type": "Circle", "center": [0.6, 51.3], "radius_m": 45}, True),
        ({"type": "Circle", "center": [0.6, 51.33], "radius_m": 3300}, True),
        ({"type": "Circle", "center": [0.6, 51.33], "radius_m": 3280}, False),
        ({"type": "Corridor", "coordinates": [[0.5, 51.31], [0.7, 51.31]], "width_m": 2200}, True),
        ({"type": "Corridor", "coordinates": [[0.5, 51.31], [0.7, 51.31]], "width_m": 2000}, False),
    ],
)
def test_an_edge_of_a_circle_or_corridor_is_warned_of(shape: dict[str, Any], warned: bool) -> None:
    assert warnings(changed("Z1", shape=shape)) == ([(line_of("C1"), "zone")] if warned else [])


def test_another_wearers_door_is_not_warned_of() -> None:
    zone = {"type": "Circle", "center": [0.6, 51.3], "radius_m": 45}
    other = record("O1") | {"id": "O2", "wearer": "W2"}
    there = {"type": "condition", "id": "C9", "order": "O2", "kind": "exclusion_zone", "zone": zone}
    assert warnings(also(other, there)) == []


def test_home_units_that_will_show_nothing_are_warned_of() -> None:
    lines = [line for line in as_lines(records()) if json.loads(line)["id"] != "F2"]
    assert warnings(lines) == [(line_of("C2") - 1, "place.home_unit")]
    assert warnings(changed("F2", wearer="W2")) == [(line_of("C2"), "place.home_unit")]


def test_what_is_never_enforced_or_used_is_warned_of() -> None:
    assert warnings(changed("C2", from_="2027-03-01T00:00:00Z")) == [(line_of("C2"), "from")]
    assert warnings(changed("C1", kind="inclusion_zone", buffer_m=100)) == [(line_of("C1"), "buffer_m")]
    assert warnings(changed("F3", device="L1")) == [(line_of("F3"), "device")]


def test_a_curfew_over_the_law_is_told_where_it_is_not_refused() -> None:
    assert warnings(changed("C2", timetable=None)) == [(line_of("C2"), "timetable")]
    assert warnings(changed("C2", timetable=None, override={"by": "HHJ Finch", "reason": "x"})) == []


# Against what was learnt before


def learnt(*more: dict[str, Any]) -> Caseload:
    caseload = Caseload()
    for version in read(also(*more))[0]:
        caseload.learn(version)
    return caseload


def faults_learning(caseload: Caseload, written: dict[str, Any]) -> list[tuple[str, str]]:
    """What a ``learnt`` line with a record is refused for, of those who know a caseload."""
    known = [version for versions in caseload.versions.values() for version in versions]
    try:
        LearntRecords(known, TIMEZONES)(written)
    except RecordFault as fault:
        return fault.faults
    return []


def test_references_of_a_learnt_record() -> None:
    caseload = learnt()
    assert faults_learning(caseload, record("C2")) == []
    absence = record("A1") | {"condition": "C9"}
    assert faults_learning(caseload, absence) == [("condition", "there is no condition 'C9'")]
    assert faults_learning(caseload, {"type": "area", "id": "kent-pdu", "kind": "pdu", "parent": "kent-pdu"})


def test_a_learnt_record_is_held_against_the_newest_versions() -> None:
    caseload = learnt()
    swap = record("F1") | {"id": "F9", "wearer": "W2", "from": "2026-12-01T00:00:00Z"}
    [(field, cause)] = faults_learning(caseload, swap)
    assert field == "device"
    assert "by fitting 'F1'" in cause
    [ended] = read(as_lines([record("F1") | {"to": "2026-12-01T00:00:00Z"}]), caseload)[0]
    caseload.learn(ended)
    assert faults_learning(caseload, swap) == []
    caseload = learnt(record("O1") | {"id": "O9", "kind": "yro"})
    always = condition(kind="curfew", place={"lon": 0, "lat": 51}, timetable=None)
    assert [field for field, _ in faults_learning(caseload, record_as_json(always) | {"order": "O9"})] == ["timetable"]


@pytest.mark.parametrize(
    ("known", "again", "field", "cause"),
    [
        (
            changed("C2", timetable=None, override=None),
            record("O1") | {"kind": "yro"},
            "kind",
            "order 'O1' has condition 'C2', which asks 24 hours",
        ),
        (as_lines(records()), record("H1") | {"kind": "gps_tag"}, "kind", "'H1' is the home unit of condition 'C2'"),
        (
            also({"type": "condition", "id": "C9", "order": "O1", "kind": "association", "other_wearer": "W2"}),
            record("O1") | {"wearer": "W2"},
            "wearer",
            "is 'W2', whom condition 'C9' of order 'O1' forbids to meet",
        ),
    ],
)
def test_a_new_version_that_makes_a_known_record_wrong_is_refused_and_both_are_named(
    known: list[bytes], again: dict[str, Any], field: str, cause: str
) -> None:
    caseload = Caseload()
    for version in read(known)[0]:
        caseload.learn(version)
    with pytest.raises(BadInput) as refused:
        read(as_lines([again]), caseload)
    [fault] = refused.value.faults
    assert (fault.line, fault.field) == (1, field)
    assert cause in fault.cause
    assert read(as_lines([record(again["id"])]), caseload)[0], "what stands there already is nobody's mistake now"


# Round trips, and anything at all

ids = st.from_regex(r"[A-Za-z0-9_.:-]{1,12}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
instants = st.integers(parse_instant("1900-01-01T00:00:00Z"), LAST_OF_RECORDS_US)
rows = st.builds(TimetableRow, st.integers(0, 6), st.integers(0, 86_399), st.integers(0, 86_400))
timetables = st.builds(Timetable, st.sampled_from(["Europe/London", "Asia/Kolkata"]), st.tuples(rows, rows))
circles = st.builds(Circle, st.floats(-179, 179), st.floats(-89, 89), st.floats(10, 5000))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    told = draw(st.none() | instants | st.just(FAR_US))
    times = sorted(draw(st.sets(instants, min_size=2, max_size=2)))
    shared: dict[str, Any] = {"id": draw(ids), "order": draw(ids), "name": draw(texts), "told_at_us": told}
    shared |= {"from_us": times[0], "to_us": times[1]}
    timetable = draw(st.none() | timetables)
    shared["timezone"] = "Europe/London" if timetable is None else timetable.timezone
    place = Place(draw(texts), draw(st.floats(-180, 180)), draw(st.floats(-90, 90)), draw(st.floats(10, 5000)))
    if draw(st.booleans()):
        override = draw(st.none() | st.just(Override("Recorder Finch", "a clinic")))
        own: dict[str, Any] = {
            "timetable": timetable,
            "place": place,
            "grace_s": draw(st.floats(0, 7200)),
            "override": override,
        }
        return Condition(kind=ConditionKind.CURFEW, **shared, **own)
    own = {"timetable": timetable, "shape": draw(circles), "threshold_points": draw(st.integers(0, 4))}
    return Condition(kind=ConditionKind.EXCLUSION_ZONE, buffer_m=draw(st.floats(0, 50_000)), **shared, **own)


@pytest.mark.slow
@given(conditions())
def test_a_condition_comes_back_as_it_was(found: Condition) -> None:
    written = json.loads(json.dumps(record_as_json(found)))
    assert parse_record(written, TIMEZONES) == found


@pytest.mark.parametrize("kind", ConditionKind)
def test_every_kind_of_condition_comes_back_as_it_was(kind: ConditionKind) -> None:
    given_: dict[str, Any] = {
        "zone": {"id": "Z1"},
        "schedule": NIGHT,
        "timetable": NIGHT,
        "place": {"name": "mill", "lon": 0.5, "lat": 51.5, "radius_m": 75.5},
        "override": {"by": "HHJ Finch", "reason": "shifts"},
        "threshold_points": 2,
        "alert_m": 250,
        "buffer_m": 12.5,
        "grace_s": 60,
        "hours_per_week": 12.5,
        "tac_limit_permille": 0.2,
        "victim": "V1",
        "other_wearer": "W2",
    }
    written = condition(kind=kind.value, **{key: given_[key] for key in KEYS_OF_KIND[kind]})
    again = record_as_json(written)
    assert parse_record(again, TIMEZONES) == written
    assert {"type", "id", "order", "kind", "name", "timezone", *KEYS_OF_KIND[kind]} <= set(again)


@pytest.mark.parametrize("key", [r["id"] for r in records()])
def test_each_record_comes_back_as_it_was(key: str) -> None:
    found = parsed(**record(key))
    assert parse_record(json.loads(json.dumps(record_as_json(found))), TIMEZONES) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=60) | json_values.map(lambda v: json.dumps(v).encode()), max_size=4))
@pytest.mark.slow
def test_no_lines_at_all_make_a_traceback(lines: list[bytes]) -> None:
    found = faults_of(lines)
    assert all(fault.field and fault.cause and 1 <= fault.line <= len(lines) for fault in found)
    assert found or len(read(lines)[0]) <= len(lines)


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """A good record, some value of it, at any depth, replaced by anything."""
    found: dict[str, Any] = draw(st.sampled_from(records()))
    target: Any = found
    while True:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        if not keys:
            return found
        key = draw(st.sampled_from(keys))
        if isinstance(target[key], dict | list) and target[key] and draw(st.booleans()):
            target = target[key]
            continue
        target[key] = draw(json_values)
        return found


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt())
@pytest.mark.slow
def test_no_record_makes_a_traceback_and_what_is_taken_comes_back(written: dict[str, Any]) -> None:
    faults, found = [], None
    try:
        found = parse_record(written, TIMEZONES)
    except RecordFault as bad:
        faults = [(bad.field, bad.cause), *bad.faults]
    assert all(field and cause for field, cause in faults)
    assert found is None or parse_record(json.loads(json.dumps(record_as_json(found))), TIMEZONES) == found
