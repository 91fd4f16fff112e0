"""What is typed into the editors' forms, without a browser: moments, rows of times, shapes as text, days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.console import condition_form, shape_text, timetables
from api.console.asking import Refused
from api.console.timelines import Stretch, clock_changes, days_of, midnight
from api.console.timetables import Row
from api.console.typed import Form
from domain.vocabulary import ConditionKind


def moment(text: str, **more: Any) -> tuple[str | None, dict[str, str]]:
    form = Form(dict(zip(("a-day", "a-month", "a-year", "a-time"), text.split(" "), strict=True)))
    return form.moment("a", "the beginning", **more), form.wrong


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("21 11 2026 22:30", "2026-11-21T22:30:00Z"),
        ("1 7 2026 9.05", "2026-07-01T08:05:00Z"),
        ("1 7 2026 0905", "2026-07-01T08:05:00Z"),
        ("1 7 2026 24:00", "2026-07-01T23:00:00Z"),
    ],
)
def test_a_moment_is_that_of_the_wall(text: str, instant: str) -> None:
    assert moment(text) == (instant, {})


def test_of_an_hour_that_comes_twice_a_start_is_the_first_and_an_end_the_second() -> None:
    assert moment("25 10 2026 01:30")[0] == "2026-10-25T00:30:00Z"
    assert moment("25 10 2026 01:30", end=True)[0] == "2026-10-25T01:30:00Z"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("28 3 2027 01:30", "There is no 01:30 on that day"),
        ("31 2 2026 12:00", "must be a real day"),
        ("1 2 2026 25:00", "must be a time"),
        ("1 2 2026 24:01", "must be a time"),
        ("1  2026 12:00", "must include a month"),
        ("   ", "Enter the beginning"),
    ],
)
def test_what_is_no_moment_is_told(text: str, words: str) -> None:
    found, wrong = moment(text)
    assert found is None
    assert words in wrong["a"]


def test_a_moment_that_need_not_be_is_nothing_when_nothing_was_typed() -> None:
    assert moment("   ", needed=False) == (None, {})


def test_what_the_api_refuses_stands_at_the_field() -> None:
    form = Form()
    problem = {"errors": [{"field": "timetable[1].start", "cause": "is wrong"}, {"field": "odd", "cause": "too"}]}
    form.refused(
        Refused(422, problem), timetables.fields([Row("mon", "1", "2"), Row(), Row("tue", "x", "y")], "timetable")
    )
    assert form.wrong == {"row-2": "Is wrong", "form": "Odd: too"}


def test_rows_are_added_copied_and_taken_out() -> None:
    rows = [Row("sat", "09:00", "17:00"), Row("mon", "07:00", "08:00")]
    assert timetables.changed(rows, "more") == [*rows, Row()]
    assert timetables.changed(rows, "drop-0") == rows[1:]
    copied = timetables.changed(rows, "copy-0")
    assert copied is not None
    assert [(row.day, row.start) for row in copied][:3] == [("mon", "07:00"), ("mon", "09:00"), ("tue", "09:00")]
    assert len(copied) == 8
    assert timetables.changed(rows, "save") is None
    assert timetables.changed(rows, "copy-9") is None


def test_half_a_row_is_told_and_times_are_read_as_people_write_them() -> None:
    form = Form()
    rows = [Row("mon", "7", "1730"), Row("tue", "19.00", ""), Row()]
    found = timetables.timetable_of(form, rows, needed=True)
    assert found is not None
    assert found[0] == {"day": "mon", "start": "07:00", "end": "17:30"}
    assert form.wrong == {"row-1": "Row 2 needs an end"}


SQUARE = [[0.0, 51.0], [0.01, 51.0], [0.01, 51.01], [0.0, 51.01], [0.0, 51.0]]
HOLE = [[0.002, 51.002], [0.004, 51.002], [0.004, 51.004], [0.002, 51.002]]
FAR = [[1.0, 51.0], [1.01, 51.0], [1.01, 51.01], [1.0, 51.0]]


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Polygon", "coordinates": [SQUARE]},
        {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [FAR]]},
        {"type": "Circle", "center": [-0.1210001, 51.531], "radius_m": 250.0},
        {"type": "Corridor", "coordinates": [[0.0, 51.0], [0.1, 51.1]], "width_m": 40.0},
    ],
)
def test_a_shape_as_text_is_the_same_shape(shape: dict[str, Any]) -> None:
    form = Form()
    shape_text.fill(form, shape)
    assert shape_text.shape_of(form) == shape
    assert form.wrong == {}
    assert shape_text.shape_words(shape)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"points": ""}, "points", "Draw the zone"),
        ({"points": "51.5, -0.1\nhere"}, "points", "Line 2"),
        ({"points": "151.5, -0.1"}, "points", "Line 1"),
        ({"points": "51.5, -0.1\n51.6, -0.1"}, "points", "three corners or more"),
        ({"points": "51.5, -0.1", "shape": "circle"}, "radius", "Enter the radius"),
        ({"points": "51.5, -0.1", "shape": "circle", "radius": "wide"}, "radius", "must be a number"),
        ({"points": "1, 1\n2, 2", "shape": "circle", "radius": "20"}, "points", "one line"),
        ({"points": "1, 1\n2, 2", "shape": "corridor"}, "width", "Enter the width"),
        ({"points": '{"type": "Point"'}, "points", "cannot be read"),
        ({"points": '{"type": "Point", "coordinates": [0, 0]}'}, "points", "one Polygon"),
    ],
)
def test_what_is_no_shape_is_told_at_its_field(values: dict[str, str], field: str, words: str) -> None:
    form = Form({"shape": "polygon", **values})
    shape_text.shape_of(form)
    assert words in form.wrong[field]


def test_a_night_of_thirteen_hours_is_drawn_as_one() -> None:
    start, end = datetime(2026, 10, 24, 18, tzinfo=UTC), datetime(2026, 10, 25, 7, tzinfo=UTC)
    first = midnight(start)
    saturday, sunday, monday = days_of([Stretch(start, end, "on", "")], first, first + timedelta(days=2, hours=12))
    assert (saturday.minutes, sunday.minutes, monday.minutes) == (1440, 1500, 1440)
    assert (sunday.parts[0].at, sunday.parts[0].minutes, sunday.parts[0].times) == (0, 480, "00:00 to 07:00")
    assert (saturday.change, sunday.change, monday.parts) == (None, "25 hours: clocks go back", ())
    assert clock_changes(first, first + timedelta(days=200)) == [sunday.start, datetime(2027, 3, 28, tzinfo=UTC)]


def _place() -> dict[str, Any]:
    return {"name": "9 Invented Yard", "lon": -0.1, "lat": 51.5, "radius_m": 80.0}


EVERY_KIND: dict[str, dict[str, Any]] = {
    "curfew": {
        "place": _place() | {"home_unit": "H1"},
        "timetable": [{"day": "mon", "start": "19:00", "end": "07:00"}],
        "grace_s": 600.0,
        "override": {"by": "Recorder Finch", "reason": "At court"},
    },
    "attendance": {
        "place": _place(),
        "timetable": [{"day": "tue", "start": "09:00", "end": "16:00"}],
        "hours_per_week": 7.0,
    },
    "presence_check": {"place": _place(), "timetable": [{"day": "sat", "start": "20:00", "end": "22:00"}]},
    "exclusion_zone": {"zone": {"id": "Z1"}, "threshold_points": 2, "buffer_m": 150.0},
    "inclusion_zone": {"zone": {"type": "Circle", "center": [0.5, 51.0], "radius_m": 90.0}, "threshold_points": 1},
    "restriction_zone": {"zone": {"id": "Z1"}, "threshold_points": 0},
    "proximity": {"victim": "V1", "alert_m": 400.0, "prealert_m": 900.0, "threshold_points": 0},
    "association": {"other_wearer": "W2"},
    "alcohol": {"tac_limit_permille": 0.2},
    "trail": {},
}


@pytest.mark.parametrize("kind", [kind.value for kind in ConditionKind])
def test_a_condition_of_each_kind_comes_out_of_the_form_as_it_went_in(kind: str) -> None:
    record = {"id": "C1", "order": "O1", "kind": kind, "name": "Kept", "told_at": None, **EVERY_KIND[kind]}
    form = Form({"told": condition_form.NOT_YET})
    rows = condition_form.fill(form, record)
    stood = {key: record[key] for key in ("id", "order", "kind")}
    assert condition_form.record_of(form, rows, kind, stood) == record
    assert form.wrong == {}


def test_a_new_condition_says_what_it_lacks_and_a_check_lacks_neither_place_nor_times() -> None:
    wrong = {}
    for kind in ("proximity", "association", "curfew", "presence_check", "alcohol", "trail"):
        form = condition_form.begun(kind)
        form.values["told"] = condition_form.NOT_YET
        record = condition_form.record_of(form, [Row()], kind, {"order": "O1", "kind": kind})
        wrong[kind] = sorted(form.wrong)
        assert record["told_at"] is None
    assert wrong == {
        "proximity": ["victim"],
        "association": ["other_wearer"],
        "curfew": ["place_at", "rows"],
        "presence_check": [],
        "alcohol": [],
        "trail": [],
    }


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "five"])
def test_what_is_no_number_is_told(text: str) -> None:
    form = Form({"alert": text})
    assert form.number("alert", "The distance") is None
    assert form.wrong == {"alert": "The distance must be a number, such as 50"}
