"""What is quiet is shown as instants before it is saved: mutes, and suspensions (failure 18)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.machine import Actor
from alerts.mutes import MUTABLE, STILL_TOLD, MuteRefused, Stretch, check_mute, enforcements, preview, silences
from alerts.policy import mute_of
from alerts.state import Alert, Mute
from bailiwick.timeline_command import timeline_command
from bailiwick.timezones import pinned_time_zones
from domain.facts import Roster
from domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant
from domain.records import (
    Absence,
    Condition,
    Order,
    Place,
    Record,
    Suspension,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
)
from domain.vocabulary import ConditionKind, Kind, Level, OrderKind, Role, Severity
from geofence.book import Book
from geofence.timetable import WindowCache
from tests.alerts.made import at

NOW = at("12:00:00")
OPERATOR, SUPERVISOR = Actor("ann", Role.OPERATOR), Actor("cal", Role.SUPERVISOR)

# ---- who may mute, and for how long ----


def refused(
    from_us: int = NOW,
    to_us: int = NOW + HOUR_US,
    reason: str = "in hospital",
    by: Actor = OPERATOR,
    level: Level = Level.STANDARD,
    victim: bool = False,
) -> str | None:
    try:
        check_mute(from_us, to_us, reason, by, NOW, level=level, has_victim=victim)
    except MuteRefused as why:
        return why.field
    return None


@pytest.mark.parametrize(
    ("standing", "joined"),
    [
        ([(-HOUR_US, 0)], None),
        ([(-23 * HOUR_US, 0)], None),
        ([(-23 * HOUR_US - 1, 0)], "from"),
        ([(-20 * HOUR_US, -HOUR_US), (-HOUR_US, 0), (HOUR_US, 6 * HOUR_US)], "from"),
        ([(HOUR_US, DAY_US + 1)], "from"),
        ([(-DAY_US, -1)], None),
        ([(HOUR_US + 1, DAY_US + HOUR_US)], None),
    ],
)
def test_mutes_that_join_are_one_silence_of_a_day_at_most(standing: list[tuple[int, int]], joined: str | None) -> None:
    mutes = [Mute(no, "W1", NOW + start, NOW + end, "ann", "x") for no, (start, end) in enumerate(standing)]
    found = None
    try:
        check_mute(
            NOW, NOW + HOUR_US, "in hospital", OPERATOR, NOW, level=Level.STANDARD, has_victim=False, standing=mutes
        )
    except MuteRefused as why:
        found = why.field
    assert found == joined


@pytest.mark.parametrize(
    ("from_us", "to_us", "field"),
    [
        (NOW, NOW + DAY_US, None),
        (NOW, NOW + DAY_US + 1, "to"),
        (NOW, NOW, "to"),
        (NOW - 2, NOW - 1, "to"),
        (NOW - 1, NOW + HOUR_US, "from"),
        (NOW + DAY_US, NOW + 2 * DAY_US, None),
    ],
)
def test_a_mute_lasts_a_day_at_most_and_is_not_of_the_past(from_us: int, to_us: int, field: str | None) -> None:
    assert refused(from_us, to_us) == field


@pytest.mark.parametrize(
    ("level", "victim", "by", "field"),
    [
        (Level.STANDARD, False, OPERATOR, None),
        (Level.ENHANCED, False, OPERATOR, None),
        (Level.INTENSIVE, False, OPERATOR, "by"),
        (Level.STANDARD, True, OPERATOR, "by"),
        (Level.INTENSIVE, True, SUPERVISOR, None),
        (Level.INTENSIVE, True, Actor("dee", Role.DUTY_MANAGER), None),
    ],
)
def test_a_wearer_with_a_victim_or_intensive_is_muted_by_a_senior_alone(
    level: Level, victim: bool, by: Actor, field: str | None
) -> None:
    assert refused(by=by, level=level, victim=victim) == field


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4001])
def test_a_mute_says_why(reason: str) -> None:
    assert refused(reason=reason) == "reason"


def test_tamper_zones_proximity_and_sos_are_told_all_the_same() -> None:
    told = {Kind.STRAP_TAMPER, Kind.CASE_TAMPER, Kind.SHIELDING, Kind.ALCOHOL_TAMPER, Kind.SOS, Kind.EXCLUSION_ZONE}
    told |= {Kind.RESTRICTION_ZONE, Kind.PROXIMITY_ALERT, Kind.PROXIMITY_PREALERT, Kind.PROXIMITY_UNKNOWN}
    assert {kind.value for kind in told} <= set(STILL_TOLD)
    assert set(STILL_TOLD) | set(MUTABLE) == set(Kind)
    assert not set(STILL_TOLD) & set(MUTABLE)


# ---- the preview of a mute ----


def mute(no: int, from_h: float, to_h: float, wearer: str = "W1") -> Mute:
    return Mute(no, wearer, NOW + round(from_h * HOUR_US), NOW + round(to_h * HOUR_US), "cal", "in hospital")


def hours(found: list[Stretch]) -> list[tuple[float, float, tuple[str, ...]]]:
    return [((one.from_us - NOW) / HOUR_US, (one.to_us - NOW) / HOUR_US, one.by) for one in found]


def test_the_preview_of_a_mute_shows_every_instant_with_what_makes_it_quiet() -> None:
    mutes = [mute(1, 1, 3), mute(2, 2, 5), mute(3, 0, 9, "W2"), mute(4, 20, 30)]
    assert hours(preview(mutes, "W1", NOW, NOW + DAY_US)) == [
        (0, 1, ()),
        (1, 2, ("mute:1",)),
        (2, 3, ("mute:1", "mute:2")),
        (3, 5, ("mute:2",)),
        (5, 20, ()),
        (20, 24, ("mute:4",)),
    ]
    assert hours(preview([], "W1", NOW, NOW + DAY_US)) == [(0, 24, ())]


MUTES = st.lists(st.tuples(st.integers(-30, 30), st.integers(1, 24)), max_size=6)


@given(MUTES)
def test_what_the_preview_shows_is_what_the_policy_does(drawn: list[tuple[int, int]]) -> None:
    mutes = [mute(no, start, start + length) for no, (start, length) in enumerate(drawn, start=1)]
    found = preview(mutes, "W1", NOW, NOW + DAY_US)
    assert [one.from_us for one in found] == [NOW, *(one.to_us for one in found[:-1])]
    assert found[-1].to_us == NOW + DAY_US
    for kind, covered in ((Kind.BATTERY_LOW, True), (Kind.STRAP_TAMPER, False)):
        alert = Alert(1, "W1-1", kind.value, Severity.SERIOUS, NOW, NOW, wearer="W1")
        for one in found:
            for instant in (one.from_us, (one.from_us + one.to_us) // 2, one.to_us - 1):
                assert (mute_of(alert, mutes, instant) is not None) == (one.quiet and covered)


# ---- suspensions ----

LONDON = "Europe/London"
SPRING, AUTUMN = parse_instant("2026-03-26T00:00:00Z"), parse_instant("2026-10-22T00:00:00Z")
"""Weeks in which clocks change: on the night to 29 March, and to 25 October."""
YEAR = (parse_instant("2026-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z"))


def daily(start_h: float, end_h: float) -> Timetable:
    return Timetable(LONDON, tuple(TimetableRow(day, round(start_h * 3600), round(end_h * 3600)) for day in range(7)))


def book_of(*more: Record) -> Book:
    order = Order("O1", "W1", OrderKind.COMMUNITY, *YEAR)
    curfew = Condition("C1", "O1", ConditionKind.CURFEW, place=Place("home", 0.5, 51.2), timetable=daily(19, 7))
    book = Book(Roster(), WindowCache(pinned_time_zones()))
    for record in (Wearer("W1"), order, curfew, *more):
        book.learn(Version(record))
    return book


def silent_hours(book: Book, from_us: int, to_us: int) -> list[float]:
    return [(one.to_us - one.from_us) / HOUR_US for one in silences(book, "O1", from_us, to_us) if one.quiet]


def test_failure_18_a_suspension_that_repeats_daily_is_shown_as_each_of_its_silences() -> None:
    """The case: 22:00 to 02:00 every day, meant for one night. Seven silences of four hours stand there to be seen."""
    from_us = parse_instant("2026-11-02T12:00:00Z")
    book = book_of(Suspension("S1", "O1", from_us, from_us + 7 * DAY_US, daily(22, 2), "hospital", "cal"))
    found = silences(book, "O1", from_us, from_us + 7 * DAY_US)
    quiet = [one for one in found if one.quiet]
    assert [one.by for one in quiet] == [("suspension:S1",)] * 7
    assert silent_hours(book, from_us, from_us + 7 * DAY_US) == [4.0] * 7
    assert quiet[0].from_us == parse_instant("2026-11-02T22:00:00Z")
    assert len(found) == 15


@pytest.mark.parametrize(("week", "change"), [(SPRING, 3.0), (AUTUMN, 5.0)])
def test_failure_18_and_12_a_silence_over_a_clock_change_has_the_hours_that_pass(week: int, change: float) -> None:
    book = book_of(Suspension("S1", "O1", week, None, daily(22, 2), "hospital", "cal"))
    found = silent_hours(book, week + 12 * HOUR_US, week + 7 * DAY_US + 12 * HOUR_US)
    assert sorted(found) == sorted([4.0] * 6 + [change])


def test_failure_18_two_suspensions_leave_no_hidden_hours_between_them() -> None:
    from_us = parse_instant("2026-11-02T00:00:00Z")
    book = book_of(
        Suspension("S1", "O1", from_us, from_us + 10 * HOUR_US, None, "custody", "cal"),
        Suspension("S2", "O1", from_us + 14 * HOUR_US, from_us + DAY_US, None, "custody", "cal"),
        Suspension("S3", "O2", from_us, None, None, "another order's", "cal"),
    )
    found = [(one.from_us, one.to_us, one.quiet) for one in silences(book, "O1", from_us, from_us + DAY_US)]
    edges = [from_us + hour * HOUR_US for hour in (0, 10, 14, 24)]
    assert found == [(edges[0], edges[1], True), (edges[1], edges[2], False), (edges[2], edges[3], True)]


def test_what_is_outside_the_order_is_not_enforced_and_not_shown() -> None:
    found = silences(book_of(), "O1", YEAR[0] - DAY_US, YEAR[0] + DAY_US)
    assert found == [Stretch(YEAR[0], YEAR[0] + DAY_US)]


def test_a_conditions_windows_are_shown_with_what_makes_them_silent() -> None:
    from_us = parse_instant("2026-11-02T12:00:00Z")
    book = book_of(
        Suspension("S1", "O1", from_us, None, daily(22, 2), "hospital", "cal"),
        Absence("A1", "C1", from_us + 11 * HOUR_US, from_us + 13 * HOUR_US, None, "work", "cal"),
    )
    (curfew,) = enforcements(book, "O1", from_us, from_us + DAY_US)
    assert curfew.condition == "C1"
    found = [((one.from_us - from_us) / HOUR_US, (one.to_us - from_us) / HOUR_US, one.by) for one in curfew.in_order()]
    assert found == [
        (7, 10, ()),
        (10, 11, ("suspension:S1",)),
        (11, 13, ("absence", "suspension:S1")),
        (13, 14, ("suspension:S1",)),
        (14, 19, ()),
    ]


ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 95), st.integers(0, 95)), min_size=1, max_size=4)


@pytest.mark.slow
@given(ROWS, st.sampled_from([SPRING, AUTUMN]))
def test_failure_18_the_timeline_is_what_a_walk_through_the_local_minutes_finds(
    rows: list[tuple[int, int, int]], week: int
) -> None:
    """Against the standard library's own time zones, every quarter of an hour, away from the hour that comes twice."""
    timetable = Timetable(LONDON, tuple(TimetableRow(day, start * 900, end * 900) for day, start, end in rows))
    book = book_of(Suspension("S1", "O1", week, week + 7 * DAY_US, timetable, "hospital", "cal"))
    found = silences(book, "O1", week, week + 7 * DAY_US)
    zone = ZoneInfo(LONDON)
    for quarter in range(7 * 96):
        instant = week + quarter * 15 * MINUTE_US + MINUTE_US
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).astimezone(zone)
        if local.date().day in (29, 25) and local.hour in (0, 1, 2):
            continue
        minute = local.weekday() * 1440 + local.hour * 60 + local.minute
        holds = any(_holds(day, start * 15, end * 15, minute) for day, start, end in rows)
        (shown,) = [one for one in found if one.from_us <= instant < one.to_us]
        assert shown.quiet == holds, (local, rows)


def _holds(day: int, start: int, end: int, minute: int) -> bool:
    first = day * 1440 + start
    length = end - start if end > start else end - start + 1440
    return (minute - first) % 10_080 < length


# ---- the command ----

CASELOAD = """
{"type":"wearer","id":"W1"}
{"type":"order","id":"O1","wearer":"W1","kind":"community","from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}
{"type":"condition","id":"C1","order":"O1","kind":"curfew","place":{"name":"home","lon":0.5,"lat":51.2},"timetable":[{"day":"mon","start":"19:00","end":"07:00"}]}
{"type":"suspension","id":"S1","order":"O1","from":"2026-11-02T12:00:00Z","timetable":[{"day":"mon","start":"22:00","end":"02:00"}],"reason":"hospital","by":"cal"}
"""


def test_failure_18_the_command_prints_the_timeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "caseload.ndjson"
    file.write_text(CASELOAD)
    assert timeline_command(file, "O1", "2026-11-02T12:00:00Z", "2026-11-03T12:00:00Z") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    shown = [(line["condition"], line["from"][8:16], line["to"][8:16], line["by"]) for line in told]
    assert shown == [
        (None, "02T12:00", "02T22:00", []),
        (None, "02T22:00", "03T02:00", ["suspension:S1"]),
        (None, "03T02:00", "03T12:00", []),
        ("C1", "02T19:00", "02T22:00", []),
        ("C1", "02T22:00", "03T02:00", ["suspension:S1"]),
        ("C1", "03T02:00", "03T07:00", []),
    ]
    assert [line["enforced"] for line in told] == [not line["by"] for line in told]


@pytest.mark.parametrize(
    ("order", "start", "end", "said"),
    [
        ("O9", "2026-11-02T12:00:00Z", None, "--order: there is no order 'O9'"),
        ("O1", "2026-11-02T12:00:00Z", "2026-11-02T12:00:00Z", "--to: is 2026-11-02T12:00:00Z; must be after"),
        ("O1", "noon", None, "--from: "),
    ],
)
def test_bad_usage_is_told_in_one_line(
    order: str, start: str, end: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "caseload.ndjson"
    file.write_text(CASELOAD)
    assert timeline_command(file, order, start, end) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
