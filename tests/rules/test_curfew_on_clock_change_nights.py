"""Curfew violations on the nights on which clocks change: their minutes are minutes that passed (rules.md 1 and 5)."""

from __future__ import annotations

import json

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from tests.rules.made import AWAY_LAT, HOME, ORDER_FROM, ORDER_TO, Line, Sender, condition, standing, wearer
from tests.rules.running import WHOLE, decided

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NIGHTS = [
    # zone, rows, out from (well before the window) to (well after), the window in UTC
    ("Europe/London", ["22:00-02:00"], "2026-03-28T22:00", "2026-03-29T01:00"),
    ("Europe/London", ["22:00-02:00"], "2026-10-24T21:00", "2026-10-25T02:00"),
    ("Europe/London", ["01:30-06:00"], "2026-03-29T01:00", "2026-03-29T05:00"),
    ("Europe/London", ["01:30-06:00"], "2026-10-25T00:30", "2026-10-25T06:00"),
    ("Europe/London", ["00:30-01:30"], "2026-03-29T00:30", "2026-03-29T01:00"),
    ("Europe/London", ["00:30-01:30"], "2026-10-24T23:30", "2026-10-25T01:30"),
    ("Europe/London", ["19:00-07:00"], "2026-03-28T19:00", "2026-03-29T06:00"),
    ("Europe/London", ["19:00-07:00"], "2026-10-24T18:00", "2026-10-25T07:00"),
    ("Europe/London", ["00:00-02:00", "02:00-04:00"], "2026-03-29T00:00", "2026-03-29T03:00"),
    ("Europe/London", ["00:00-02:00", "02:00-04:00"], "2026-10-24T23:00", "2026-10-25T04:00"),
    ("Australia/Lord_Howe", ["22:00-02:00"], "2026-10-03T11:30", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", ["22:00-02:00"], "2026-04-04T11:00", "2026-04-04T15:30"),
    ("Australia/Lord_Howe", ["19:00-07:00"], "2026-10-03T08:30", "2026-10-03T20:00"),
    ("Australia/Lord_Howe", ["19:00-07:00"], "2026-04-04T08:00", "2026-04-04T20:30"),
    ("Australia/Adelaide", ["01:30-06:00"], "2026-10-03T16:00", "2026-10-03T19:30"),
    ("Australia/Adelaide", ["01:30-06:00"], "2026-04-04T15:00", "2026-04-04T20:30"),
    ("America/Santiago", ["19:00-07:00"], "2026-09-05T23:00", "2026-09-06T10:00"),
    ("America/Santiago", ["19:00-07:00"], "2026-04-04T22:00", "2026-04-05T11:00"),
]
AROUND_MIN = 20


def curfew(
    zone: str, rows: list[str], since: str = "2026-01-01T00:00:00Z", until: str = "2027-01-01T00:00:00Z"
) -> list[str]:
    timetable = [{"day": day, "start": row[:5], "end": row[6:]} for day in DAYS for row in rows]
    made = condition("curfew", place=HOME, timezone=zone, timetable=timetable, grace_s=300)
    records = [*wearer(("T1", "gps_tag")), made]
    times = {ORDER_FROM: since, ORDER_TO: until}
    return [json.dumps({key: times.get(str(value), value) for key, value in record.items()}) for record in records]


def fixes(tag: Sender, first_us: int, last_us: int, lat: float) -> list[Line]:
    return [tag.fix(format_instant(at)[:-1], lat) for at in range(first_us, last_us, MINUTE_US)]


def violations(zone: str, rows: list[str], lines: list[Line], **order: str) -> list[Line]:
    feed = [json.dumps(line) for line in lines]
    whole = decided(curfew(zone, rows, **order), feed, WHOLE)
    assert decided(curfew(zone, rows, **order), feed, 7, restarts=True) == whole
    return standing(map(json.loads, whole), "curfew")


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "rows", "start", "end"), NIGHTS)
def test_failure_12_a_night_out_counts_the_minutes_that_passed(
    zone: str, rows: list[str], start: str, end: str
) -> None:
    """Out for the whole of the window: one AL12 from its start to its end, every minute of it certain."""
    low, high = parse_instant(f"{start}:00Z"), parse_instant(f"{end}:00Z")
    lines = fixes(Sender("T1"), low - AROUND_MIN * MINUTE_US, high + AROUND_MIN * MINUTE_US, AWAY_LAT)
    (found,) = [v for v in violations(zone, rows, lines) if v["to"] is not None and v["from"] == f"{start}:00Z"]
    assert (found["to"], found["code"]) == (f"{end}:00Z", "AL12")
    assert found["minutes_certain"] == found["minutes_possible"] == (high - low) // MINUTE_US


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "rows", "start", "end"), NIGHTS)
def test_failure_12_an_absence_over_the_change_counts_the_minutes_that_passed(
    zone: str, rows: list[str], start: str, end: str
) -> None:
    """Home at both ends, out from five minutes after the start to five before the end: AL10, across the change."""
    low, high = parse_instant(f"{start}:00Z"), parse_instant(f"{end}:00Z")
    left, back = low + 5 * MINUTE_US, high - 5 * MINUTE_US
    tag = Sender("T1")
    lines = fixes(tag, low - AROUND_MIN * MINUTE_US, left, HOME["lat"]) + fixes(tag, left, back, AWAY_LAT)
    lines += fixes(tag, back, high + AROUND_MIN * MINUTE_US, HOME["lat"])
    (found,) = violations(zone, rows, lines)
    assert (found["from"], found["to"], found["code"]) == (format_instant(left), format_instant(back), "AL10")
    assert found["minutes_certain"] == (back - left) // MINUTE_US
    assert found["minutes_possible"] == found["minutes_certain"] + 1, "the last fix at home was a minute before"


DAYS_OF_CHANGE = [
    # zone, the local day in UTC, its minutes
    ("Europe/London", "2026-03-29T00:00", "2026-03-29T23:00", 23 * 60),
    ("Europe/London", "2026-10-24T23:00", "2026-10-26T00:00", 25 * 60),
    ("Australia/Lord_Howe", "2026-10-03T13:30", "2026-10-04T13:00", 23 * 60 + 30),
    ("Australia/Lord_Howe", "2026-04-04T13:00", "2026-04-05T13:30", 24 * 60 + 30),
    ("America/Santiago", "2026-04-04T03:00", "2026-04-05T04:00", 25 * 60),
]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [["00:00-24:00"], ["00:00-00:00"], ["00:00-12:00", "12:00-24:00"]])
@pytest.mark.parametrize(("zone", "start", "end", "minutes"), DAYS_OF_CHANGE)
def test_failure_12_a_curfew_of_all_day_is_as_long_as_the_day(
    zone: str, start: str, end: str, minutes: int, rows: list[str]
) -> None:
    """An order of that one day: out for all of it is one AL12 of 23, 25, 23 1/2 hours, whatever rows make up the day."""
    low, high = parse_instant(f"{start}:00Z"), parse_instant(f"{end}:00Z")
    lines = fixes(Sender("T1"), low - AROUND_MIN * MINUTE_US, high + AROUND_MIN * MINUTE_US, AWAY_LAT)
    found = violations(zone, rows, lines, since=f"{start}:00Z", until=f"{end}:00Z")
    (day,) = [v for v in found if v["to"] is not None]
    assert (day["from"], day["to"], day["code"]) == (f"{start}:00Z", f"{end}:00Z", "AL12")
    assert day["minutes_certain"] == day["minutes_possible"] == minutes == (high - low) // MINUTE_US


@pytest.mark.parametrize(
    ("zone", "night"), [("Europe/London", "2026-03-29T01"), ("Australia/Lord_Howe", "2026-10-03T15")]
)
def test_failure_12_nobody_is_out_in_a_window_that_the_change_left_out(zone: str, night: str) -> None:
    """01:15 to 01:45 and 02:05 to 02:25 lie in the hole of those nights."""
    rows = ["01:15-01:45"] if zone == "Europe/London" else ["02:05-02:25"]
    change = parse_instant(f"{night}:00:00Z")
    assert (
        violations(zone, rows, fixes(Sender("T1"), change - 120 * MINUTE_US, change + 120 * MINUTE_US, AWAY_LAT)) == []
    )
