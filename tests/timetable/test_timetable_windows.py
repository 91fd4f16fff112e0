"""Windows of a timetable, on both clock-change nights, against a walk over wall-clock minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, EARLY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from domain.records import Timetable, TimetableRow
from geofence.timetable import CHUNK_US, WindowCache, windows
from tests.timetable.minute_walk import DAYS, Row, utc, walk

ZONES = pinned_time_zones()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Each zone with a night on which its clocks go forward and one on which they go back, as the UTC day of the change.
CHANGES = {
    "Europe/London": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-10-03", "2026-04-04"),  # half an hour
    "Australia/Adelaide": ("2026-10-03", "2026-04-04"),  # half-hour offset, south of the equator
    "America/Santiago": ("2026-09-06", "2026-04-05"),  # at midnight, south of the equator
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Europe/Dublin": ("2026-03-29", "2026-10-25"),  # whose winter is the "saving"
    "Pacific/Chatham": ("2026-09-26", "2026-04-04"),  # three quarters of an hour
    "Asia/Kolkata": ("2026-03-29", "2026-10-25"),  # none at all
}
NIGHTS = [(zone, day) for zone, days in CHANGES.items() for day in days]


def daily(*spans: str) -> list[Row]:
    """Each span, such as ``19:00-07:00``, on every day."""
    return [(day, span[:5], span[6:]) for day in DAYS for span in spans]


SHAPES: dict[str, list[Row]] = {
    "late evening": daily("22:00-02:00"),
    "small hours": daily("01:30-06:00"),
    "across the hour": daily("00:30-01:30"),
    "night": daily("19:00-07:00"),
    "all day": daily("00:00-00:00"),
    "all day to 24:00": daily("00:00-24:00"),
    "two-hour splits": daily("00:00-02:00", "04:00-06:00", "08:00-10:00", "20:00-22:00", "22:00-24:00"),
    "inside the hole": daily("01:15-01:45"),
    "inside another hole": daily("02:05-02:25"),
    "from midnight": daily("00:10-00:50"),
    "all but a quarter of an hour": daily("01:45-01:15"),
    "all but a minute": daily("02:10-02:09"),
    "touching in the hour": daily("00:15-01:30", "01:30-02:45"),
    "overlapping": daily("23:00-01:30", "01:00-05:00"),
    "once a week": [("sun", "01:15", "01:45"), ("sat", "18:00", "18:00")],
    "all week but Sunday's small hours": [
        *[(day, "00:00", "24:00") for day in DAYS[:6]],
        ("sun", "00:00", "01:15"),
        ("sun", "01:45", "24:00"),
    ],
}


def timetable(zone: str, rows: list[Row]) -> Timetable:
    def seconds(text: str) -> int:
        return int(text[:2]) * 3600 + int(text[3:]) * 60

    return Timetable(
        zone, tuple(TimetableRow(DAYS.index(day), seconds(begins), seconds(ends)) for day, begins, ends in rows)
    )


def us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def told(found: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(format_instant(start), format_instant(end)) for start, end in found]


def agrees_with_the_walk(zone: str, rows: list[Row], day: str) -> None:
    """The windows of the days around ``day``, whole, against those that a longer walk sees."""
    middle = utc(f"{day} 00:00")
    walked = walk(rows, zone, middle - timedelta(days=12), 24 * 24 * 60)
    low, high = us(middle - timedelta(days=2)), us(middle + timedelta(days=3))
    expected = [(us(start), us(end)) for start, end in walked if us(start) < high and us(end) > low]
    found = windows(timetable(zone, rows), ZONES, low, high)
    first, last = us(middle - timedelta(days=12)), us(middle + timedelta(days=12))
    # The walk does not know of a window that reaches out of it where that really begins or ends.
    assert [(max(start, first), min(end, last)) for start, end in found] == expected


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_windows_on_a_night_with_a_clock_change(zone: str, day: str, shape: str) -> None:
    agrees_with_the_walk(zone, SHAPES[shape], day)


@pytest.mark.parametrize("zone", CHANGES)
def test_the_nights_of_these_tests_have_clock_changes(zone: str) -> None:
    forward, back = (us(utc(f"{day} 00:00")) for day in CHANGES[zone])
    there = ZONES.zone(zone)
    assert there.change_near(forward, forward + DAY_US) == (zone != "Asia/Kolkata")
    assert there.offset_us(forward + DAY_US) >= there.offset_us(forward)
    assert there.offset_us(back + DAY_US) <= there.offset_us(back)


LONDON = {
    # shape, night: windows in UTC
    ("22:00-02:00", "2026-03-28"): ("2026-03-28T22:00:00Z", "2026-03-29T01:00:00Z"),
    ("22:00-02:00", "2026-10-24"): ("2026-10-24T21:00:00Z", "2026-10-25T02:00:00Z"),
    ("01:30-06:00", "2026-03-28"): ("2026-03-29T01:00:00Z", "2026-03-29T05:00:00Z"),
    ("01:30-06:00", "2026-10-24"): ("2026-10-25T00:30:00Z", "2026-10-25T06:00:00Z"),
    ("00:30-01:30", "2026-03-28"): ("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
    ("00:30-01:30", "2026-10-24"): ("2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z"),
    ("19:00-07:00", "2026-03-28"): ("2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z"),
    ("19:00-07:00", "2026-10-24"): ("2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z"),
    ("01:15-01:45", "2026-10-24"): ("2026-10-25T00:15:00Z", "2026-10-25T01:45:00Z"),
}


@pytest.mark.parametrize(("span", "night"), LONDON)
def test_failure_12_local_time_is_never_taken_for_utc_on_a_clock_change_night(span: str, night: str) -> None:
    evening = parse_instant(f"{night}T20:00:00Z")
    found = windows(timetable("Europe/London", daily(span)), ZONES, evening, evening + 10 * HOUR_US)
    assert told(found) == [LONDON[span, night]]


def test_failure_12_a_window_inside_the_hole_is_none_on_that_night_alone() -> None:
    rows = timetable("Europe/London", daily("01:15-01:45"))
    saturday = parse_instant("2026-03-28T00:00:00Z")
    assert told(windows(rows, ZONES, saturday, saturday + 3 * DAY_US)) == [
        ("2026-03-28T01:15:00Z", "2026-03-28T01:45:00Z"),
        ("2026-03-30T00:15:00Z", "2026-03-30T00:45:00Z"),
    ]


def test_a_day_with_a_clock_change_is_one_window_of_23_or_25_hours() -> None:
    saturdays_alone = timetable("Europe/London", [("sun", "00:00", "24:00")])
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)):
        noon = parse_instant(f"{day}T12:00:00Z")
        [(start, end)] = windows(saturdays_alone, ZONES, noon, noon + 1)
        assert end - start == hours * HOUR_US


def test_an_equal_start_and_end_are_24_hours_and_seconds_count() -> None:
    rows = Timetable("Europe/London", (TimetableRow(0, 64_800, 64_800), TimetableRow(3, 61_230, 61_231)))
    monday = parse_instant("2026-11-23T00:00:00Z")
    assert told(windows(rows, ZONES, monday, monday + 7 * DAY_US)) == [
        ("2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"),
        ("2026-11-26T17:00:30Z", "2026-11-26T17:00:31Z"),
    ]


def test_a_timetable_that_never_stops_is_one_window_without_ends() -> None:
    for rows in (daily("18:00-18:00"), daily("00:00-12:00", "12:00-24:00"), daily("20:00-08:00", "07:00-21:00")):
        night = timetable("Europe/London", rows)
        assert windows(night, ZONES, 0, 1) == [(EARLY_US, FAR_US)]
        assert WindowCache(ZONES).windows(night, 0, DAY_US) == [(EARLY_US, FAR_US)]


def test_a_week_that_runs_on_over_a_clock_change_is_one_window_of_two_weeks() -> None:
    rows = timetable("Europe/London", SHAPES["all week but Sunday's small hours"])
    noon = parse_instant("2026-03-29T12:00:00Z")
    assert told(windows(rows, ZONES, noon, noon + 1)) == [("2026-03-22T01:45:00Z", "2026-04-05T00:15:00Z")]


def test_windows_are_half_open() -> None:
    rows = timetable("Europe/London", daily("19:00-20:00"))
    start, end = (parse_instant(f"2026-11-22T{hour}:00:00Z") for hour in (19, 20))
    assert windows(rows, ZONES, end, end + 1) == []
    assert windows(rows, ZONES, start - 1, start) == []
    assert windows(rows, ZONES, end - 1, end) == [(start, end)]
    assert windows(rows, ZONES, start, start) == []
    assert WindowCache(ZONES).windows(rows, end, start) == []


def test_no_rows_are_no_windows() -> None:
    assert windows(Timetable("Europe/London", ()), ZONES, 0, DAY_US) == []
    assert WindowCache(ZONES).windows(Timetable("Europe/London", ()), 0, 400 * DAY_US) == []


def test_an_unknown_zone_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="Mars/Base"):
        windows(timetable("Mars/Base", daily("19:00-07:00")), ZONES, 0, 1)


minute = st.integers(0, 1439).map(lambda m: f"{m // 60:02d}:{m % 60:02d}")
small_hour = st.integers(0, 14).map(lambda q: f"{q // 4:02d}:{q % 4 * 15:02d}")
clock = st.one_of(small_hour, minute)
rows_strategy = st.lists(st.tuples(st.sampled_from(DAYS), clock, st.one_of(clock, st.just("24:00"))), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NIGHTS), rows_strategy)
@pytest.mark.slow
def test_any_rows_agree_with_the_walk(night: tuple[str, str], rows: list[Row]) -> None:
    agrees_with_the_walk(night[0], rows, night[1])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NIGHTS), rows_strategy, st.lists(st.integers(-60 * 1440, 60 * 1440), min_size=2, max_size=6))
@pytest.mark.slow
def test_whatever_is_asked_in_whatever_order_the_cache_gives_the_same_whole_windows(
    night: tuple[str, str], rows: list[Row], offsets: list[int]
) -> None:
    middle = us(utc(f"{night[1]} 00:00"))
    rows_there = timetable(night[0], rows)
    cache = WindowCache(ZONES, max_chunks=3, max_timetables=1)
    for a, b in pairwise(offsets):
        low, high = middle + min(a, b) * MINUTE_US, middle + max(a, b) * MINUTE_US
        found = windows(rows_there, ZONES, low, high)
        assert cache.windows(rows_there, low, high) == found
        half = (low + high) // 2
        both = windows(rows_there, ZONES, low, half) + windows(rows_there, ZONES, half, high)
        assert sorted(set(both)) == found


def test_the_cache_forgets_and_says_the_same() -> None:
    cache = WindowCache(ZONES, max_chunks=2, max_timetables=2)
    start = parse_instant("2026-11-22T12:00:00Z")
    for hour in range(10, 20):
        rows = timetable("Europe/London", daily(f"{hour}:00-07:00"))
        twin = timetable("Europe/London", daily(f"{hour}:00-07:00"))
        for at in (start, start + 3 * CHUNK_US, start - 5 * CHUNK_US):
            expected = windows(rows, ZONES, at, at + 2 * CHUNK_US)
            assert cache.windows(rows, at, at + 2 * CHUNK_US) == expected
            assert cache.windows(twin, at, at + 2 * CHUNK_US) == expected
        assert cache.chunks_kept <= 2


def test_the_window_at_an_instant() -> None:
    cache = WindowCache(ZONES)
    rows = timetable("Europe/London", daily("19:00-07:00"))
    night = parse_instant("2026-11-22T19:00:00Z"), parse_instant("2026-11-23T07:00:00Z")
    assert cache.window_at(rows, night[0]) == night
    assert cache.window_at(rows, night[1] - 1) == night
    assert cache.window_at(rows, night[1]) is None
    assert cache.window_at(rows, night[0] - SECOND_US) is None
