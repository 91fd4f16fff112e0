"""Attendance (rules.md 6): windows in which the wearer never came, and weeks with too few hours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.made import HOME, Line, Sender, condition, learnt, said, standing, tick, told, wearer

COLLEGE = HOME | {"name": "college"}
MONDAY = "2026-11-02T"
MORNING = [{"day": "mon", "start": "09:00", "end": "10:00"}]
COURSE = condition("attendance", place=COLLEGE, timetable=MORNING, timezone="Europe/London")
KINDS = ("attendance_missed", "attendance_unconfirmed")
RECORDS = [*wearer(("T1", "gps_tag")), COURSE]
SPAN = (f"{MONDAY}09:00:00Z", f"{MONDAY}10:00:00Z")


def found(lines: list[Line], records: list[Line] | None = None, until: str = f"{MONDAY}10:00:00") -> list[Line]:
    return standing(said(RECORDS if records is None else records, [*lines, tick(until)]), *KINDS)


def kinds(lines: list[Line], records: list[Line] | None = None, until: str = f"{MONDAY}10:00:00") -> list[str]:
    return [version["kind"] for version in found(lines, records, until)]


@pytest.mark.parametrize(
    ("inside", "outside", "expected"),
    [
        ([], [], ["attendance_unconfirmed"]),
        (["09:30:00"], [], []),
        (["09:00:00"], [], []),
        (["08:55:00.001"], [], []),  # presence holds for 300 s, half open
        (["08:55:00"], [], ["attendance_unconfirmed"]),
        (["09:59:59.999"], ["09:30:00", "09:31:00"], []),
        ([], ["09:30:00"], ["attendance_missed"]),  # one fix is seen outside; presence wants two
        ([], ["09:00:00"], ["attendance_missed"]),
        ([], ["08:59:59.999"], ["attendance_unconfirmed"]),
        ([], ["09:59:59.999"], ["attendance_missed"]),
    ],
)
def test_at_the_end_of_a_window(inside: list[str], outside: list[str], expected: list[str]) -> None:
    tag = Sender("T1")
    marks = sorted([(at, True) for at in inside] + [(at, False) for at in outside])
    lines = [tag.fix(f"{MONDAY}{at}") if at_place else tag.away(f"{MONDAY}{at}") for at, at_place in marks]
    versions = found(lines)
    assert [v["kind"] for v in versions] == expected
    assert told(versions, "from", "to") == [SPAN] * len(expected)


def test_what_is_missed_is_one_version_by_the_clock() -> None:
    tag = Sender("T1")
    (only,) = found([tag.away(f"{MONDAY}09:30:00"), tag.away(f"{MONDAY}09:31:00")], until=f"{MONDAY}10:00:01")
    assert (only["version"], only["change"], only["reason"], only["cause"]) == (1, "opened", "clock", "wearer")
    assert (only["decided"], only["condition"], only["order"]) == (f"{MONDAY}10:00:01Z", "C1", "O1")
    assert [fact["seq"] for fact in only["evidence"]] == [1]
    assert only["p_inside"] is not None
    (only,) = found([])
    assert (only["cause"], only["evidence"], only["p_inside"]) == ("unknown", [], None)


def test_nothing_is_said_before_the_windows_end() -> None:
    assert not kinds([], until=f"{MONDAY}09:59:59.999")
    assert kinds([], until=f"{MONDAY}10:00:00") == ["attendance_unconfirmed"]


def test_who_stays_away_all_week_misses_every_window() -> None:
    """Long after the run outside was whole: it makes no news any more, and stands in the window all the same."""
    tag = Sender("T1")
    lines = [tag.away(f"{MONDAY}0{hour}:{minute:02}:00") for hour in range(7, 10) for minute in range(0, 60, 2)]
    (only,) = found(lines)
    assert only["kind"] == "attendance_missed"
    assert [fact["seq"] for fact in only["evidence"]] == [1, 2], "the run from before the window that goes on"


def test_an_absence_that_was_granted() -> None:
    whole = {"type": "absence", "id": "A1", "condition": "C1", "reason": "ill", "granted_by": "R. Dale"}
    away = whole | {"from": f"{MONDAY}08:00:00Z", "to": f"{MONDAY}11:00:00Z"}
    assert not kinds([], [*RECORDS, away])
    part = whole | {"from": f"{MONDAY}09:30:00Z", "to": f"{MONDAY}11:00:00Z"}
    (only,) = found([], [*RECORDS, part], until=f"{MONDAY}09:30:00")
    assert (only["from"], only["to"]) == (f"{MONDAY}09:00:00Z", f"{MONDAY}09:30:00Z")


def test_a_backlog_from_the_dark_says_that_the_wearer_came() -> None:
    tag = Sender("T1")
    late = tag.fix(f"{MONDAY}09:30:00", received=f"{MONDAY}12:00:00")
    versions = said(RECORDS, [tick(f"{MONDAY}10:00:00"), late, tick(f"{MONDAY}12:01:00")])
    assert told([v for v in versions if v["kind"] in KINDS], "kind", "change", "decided") == [
        ("attendance_unconfirmed", "opened", f"{MONDAY}10:00:00Z"),
        ("attendance_unconfirmed", "withdrawn", f"{MONDAY}12:00:00Z"),
    ]


@pytest.mark.parametrize("delay", ["09:04:00", "10:04:20", "12:00:00"])
def test_a_fix_outside_comes_out_the_same_whenever_it_comes(delay: str) -> None:
    """The one fix in the window comes in time, within the gap of the one before it, or long after."""
    tag = Sender("T1")
    short = [{"day": "mon", "start": "09:00", "end": "09:03"}]
    records = [*wearer(("T1", "gps_tag")), COURSE | {"timetable": short}]
    lines = [tag.away(f"{MONDAY}08:{minute}:30") for minute in (56, 57, 58, 59)]
    lines += [tag.away(f"{MONDAY}09:01:00", received=f"{MONDAY}{delay}"), tick(f"{MONDAY}09:03:00")]
    (only,) = found(lines, records, until=f"{MONDAY}12:30:00")
    assert only["kind"] == "attendance_missed"
    assert [fact["seq"] for fact in only["evidence"]] == [1, 2]


def test_a_home_unit_at_the_place_that_lost_the_tag_has_seen_the_wearer_out() -> None:
    unit = Sender("H1")
    hostel = condition("attendance", place=COLLEGE | {"home_unit": "H1"}, timetable=MORNING)
    records = [*wearer(("R1", "rf_tag"), ("H1", "home_unit")), hostel]
    lines = [unit.event(f"{MONDAY}08:50:00", "in_range", "start", tag="R1")]
    lines += [unit.event(f"{MONDAY}08:59:00", "in_range", "end", tag="R1")]
    lines += [unit.event(f"{MONDAY}09:{minute:02}:00", "heartbeat") for minute in range(0, 60, 4)]
    (only,) = found(lines, records)
    assert only["kind"] == "attendance_missed"
    assert only["evidence"] == [{"device": "H1", "gen": 0, "seq": 2}]
    back = unit.event(f"{MONDAY}09:59:00", "in_range", "start", tag="R1")
    assert not found([*lines, back], records)


def test_fixes_of_a_tag_that_was_cut_say_where_the_tag_is() -> None:
    tag = Sender("T1")
    lines = [tag.event(f"{MONDAY}08:00:00", "strap_tamper", "start")]
    assert kinds([*lines, tag.fix(f"{MONDAY}09:30:00")]) == ["attendance_unconfirmed"]
    assert kinds([*lines, tag.away(f"{MONDAY}09:30:00")]) == ["attendance_unconfirmed"]


def test_a_variation_moves_the_window() -> None:
    later = COURSE | {"timetable": [{"day": "mon", "start": "11:00", "end": "12:00"}]}
    varied = learnt(f"{MONDAY}08:00:00", later)
    assert not kinds([varied], until=f"{MONDAY}11:59:59")
    (only,) = found([varied], until=f"{MONDAY}12:00:00")
    assert (only["from"], only["to"]) == (f"{MONDAY}11:00:00Z", f"{MONDAY}12:00:00Z")


def test_an_attendance_that_is_learnt_of_somebody_never_heard() -> None:
    records = wearer(("T1", "gps_tag"))
    (only,) = found([learnt(f"{MONDAY}08:00:00", COURSE)], records)
    assert (only["kind"], only["decided"]) == ("attendance_unconfirmed", f"{MONDAY}10:00:00Z")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 00:30 to 01:30 on the night of the autumn change: 23:30Z to 01:30Z, one window of two hours
        ("2026-10-25T01:29:59.999", []),
        ("2026-10-25T01:30:00", [("2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z")]),
    ],
)
def test_a_window_on_the_night_when_the_clocks_go_back(at: str, expected: list[tuple[str, str]]) -> None:
    night = [{"day": "sun", "start": "00:30", "end": "01:30"}]
    records = wearer(("T1", "gps_tag"), **{"from": "2026-10-23T12:00:00Z"})
    versions = found([], [*records, COURSE | {"timetable": night}], until=at)
    assert told(versions, "from", "to") == expected


# ---- hours ----

ALWAYS = condition("attendance", place=COLLEGE, timetable=None, timezone="Europe/London", hours_per_week=2)


def short(lines: list[Line], until: str, record: Line = ALWAYS, **order: Any) -> list[Line]:
    records = [*wearer(("T1", "gps_tag"), **order), record]
    return standing(said(records, [*lines, tick(until)]), "hours_short")


def stay(tag: Sender, day: str, first: int, minutes: int) -> list[Line]:
    """A fix every five minutes at the place: presence holds from one to the next, and 300 s after the last."""
    marks = range(first, first + minutes, 5)
    return [tag.fix(f"2026-11-{day}T{minute // 60:02}:{minute % 60:02}:00") for minute in marks]


@pytest.mark.parametrize(("minutes", "is_short"), [(120, False), (115, True)])
def test_hours_are_counted_by_the_local_week(minutes: int, is_short: bool) -> None:
    versions = short(stay(Sender("T1"), "03", 600, minutes), "2026-11-09T00:00:00")
    assert [v["from"] for v in versions] == ["2026-11-01T09:00:00Z", *(["2026-11-02T00:00:00Z"] if is_short else [])]
    if is_short:
        week = versions[1]
        assert (week["to"], week["decided"]) == ("2026-11-09T00:00:00Z", "2026-11-09T00:00:00Z")
        assert (week["version"], week["reason"], week["cause"], week["evidence"]) == (1, "clock", "wearer", [])
        assert week["minutes_certain"] == 115.0
        assert week["minutes_possible"] == 7 * 24 * 60.0, "all the rest is unknown"


def test_hours_known_to_be_away_are_neither_present_nor_unknown() -> None:
    tag = Sender("T1")
    lines = stay(tag, "03", 600, 60)
    lines += [tag.away(f"2026-11-03T11:{minute:02}:00") for minute in range(0, 60, 5)]
    week = short(lines, "2026-11-09T00:00:00")[1]
    assert week["minutes_certain"] == 60.0
    assert week["minutes_possible"] == 7 * 24 * 60.0 - 60.0


def test_no_week_is_judged_before_it_is_over() -> None:
    assert len(short([], "2026-11-08T23:59:59.999")) == 1
    assert len(short([], "2026-11-09T00:00:00")) == 2


def test_the_week_of_the_autumn_change_is_an_hour_longer() -> None:
    """Monday 19 October begins at 23:00Z of the Sunday, Monday 26 at midnight UTC: 169 hours."""
    until = "2026-10-26T00:00:00"
    assert len(short([], "2026-10-25T23:59:59", **{"from": "2026-10-18T23:00:00Z"})) == 0
    (week,) = short([], until, **{"from": "2026-10-18T23:00:00Z"})
    assert (week["from"], week["to"]) == ("2026-10-18T23:00:00Z", "2026-10-26T00:00:00Z")
    assert week["minutes_possible"] == 169 * 60.0


def test_hours_count_in_the_windows_only() -> None:
    course = ALWAYS | {"timetable": [{"day": "tue", "start": "10:00", "end": "12:00"}]}
    lines = stay(Sender("T1"), "03", 570, 120)  # 09:30 to 11:30
    week = short(lines, "2026-11-09T00:00:00", course)[1]
    assert week["minutes_certain"] == 90.0
    assert week["minutes_possible"] == 120.0


def test_a_backlog_lengthens_the_hours() -> None:
    tag = Sender("T1")
    late = [line | {"received": "2026-11-09T06:00:00Z"} for line in stay(tag, "03", 600, 120)]
    records = [*wearer(("T1", "gps_tag")), ALWAYS]
    versions = said(records, [tick("2026-11-09T00:00:00"), *late, tick("2026-11-09T06:01:00")])
    of_week = [v for v in versions if v["kind"] == "hours_short" and v["from"] == "2026-11-02T00:00:00Z"]
    assert of_week[0]["change"] == "opened"
    assert (of_week[-1]["change"], of_week[-1]["decided"]) == ("withdrawn", "2026-11-09T06:00:00Z")
