"""The auditor's own reading of timetables, both clock-change nights above all (failures 12)."""

from __future__ import annotations

import pytest

from domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from domain.records import Timetable, TimetableRow
from simulators.calendars import cut, merged, windows, without, zone_named

SUNDAY, SATURDAY = 6, 5


def _windows(rows: list[tuple[int, str, str]], start: str, end: str) -> list[tuple[str, str]]:
    def seconds(clock: str) -> int:
        hours, minutes = clock.split(":")
        return int(hours) * 3600 + int(minutes) * 60

    timetable = Timetable("Europe/London", tuple(TimetableRow(d, seconds(a), seconds(b)) for d, a, b in rows))
    found = windows(timetable, parse_instant(start), parse_instant(end))
    return [(format_instant(a), format_instant(b)) for a, b in found]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(SUNDAY, "00:30", "01:30")], [("2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z")]),
        ([(SATURDAY, "19:00", "07:00")], [("2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z")]),
        ([(SUNDAY, "01:30", "01:45")], [("2026-10-25T00:30:00Z", "2026-10-25T01:45:00Z")]),
        (
            [(SATURDAY, "20:00", "24:00"), (SUNDAY, "00:00", "06:00")],
            [("2026-10-24T19:00:00Z", "2026-10-25T06:00:00Z")],
        ),
    ],
)
def test_the_night_the_clocks_go_back(rows: list[tuple[int, str, str]], expected: list[tuple[str, str]]) -> None:
    assert _windows(rows, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z") == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(SUNDAY, "00:30", "01:30")], [("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")]),
        ([(SUNDAY, "01:30", "02:30")], [("2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")]),
        ([(SUNDAY, "01:15", "01:45")], []),
        ([(SATURDAY, "19:00", "07:00")], [("2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z")]),
    ],
)
def test_the_night_the_clocks_go_forward(rows: list[tuple[int, str, str]], expected: list[tuple[str, str]]) -> None:
    assert _windows(rows, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z") == expected


def test_equal_start_and_end_are_a_day() -> None:
    found = _windows([(SATURDAY, "18:00", "18:00")], "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z")
    assert found == [("2026-11-21T18:00:00Z", "2026-11-22T18:00:00Z")]


def test_intervals_are_merged_cut_and_taken_out() -> None:
    assert merged([(5, 9), (0, 2), (2, 3), (8, 12)]) == [(0, 3), (5, 12)]
    assert cut([(0, 10), (20, 30)], [(5, 25)]) == [(5, 10), (20, 25)]
    assert without([(0, 10)], [(2, 3), (9, 20)]) == [(0, 2), (3, 9)]


def test_an_unknown_zone_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        zone_named("Europe/Nowhere")


def test_windows_of_a_half_hour_zone() -> None:
    timetable = Timetable("Australia/Lord_Howe", (TimetableRow(SUNDAY, 0, 4 * 3600),))
    found = windows(timetable, parse_instant("2026-04-04T00:00:00Z"), parse_instant("2026-04-05T12:00:00Z"))
    assert [b - a for a, b in found] == [4 * HOUR_US + 30 * MINUTE_US]
