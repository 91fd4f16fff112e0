"""Weekly sheets, and the timetables of release days, split curfews and intermittent custody as the windows that they come to."""

from __future__ import annotations

from typing import Any

from domain.instants import format_instant
from domain.violations import Violation
from domain.vocabulary import Kind
from evidence.compliance import compliance
from evidence.order_windows import Held, conditions_of, sheet_windows
from evidence.programmes import weekly_sheet
from tests.evidence.made import HOME, assessed, curfew, every_day, hours, known, order_of, out, us, version, wearer

AUTUMN = ("2026-10-22T00:00", "2026-10-28T00:00")
SPRING = ("2027-03-25T00:00", "2027-03-30T23:00")
WEEKDAYS = [{"day": day, "start": "10:00", "end": "16:00"} for day in ("mon", "tue", "wed", "thu", "fri")]


def enforced(of: Held, name: str, period: tuple[str, str]) -> list[tuple[str, str]]:
    """What of a condition's windows is enforced, as instants without their year and seconds."""
    (condition,) = (one for one in conditions_of(of, "O1") if one.id == name)
    windows = sheet_windows(of, condition, us(period[0]), us(period[1]))
    spans = [span for window in windows for span in window.enforced]
    return [(format_instant(start)[5:16], format_instant(end)[5:16]) for start, end in spans]


def test_a_release_day_begins_at_the_release_and_ends_in_the_morning() -> None:
    """HDC: from the gate to 07:00, and every night after."""
    release = {"from_": "2026-10-23T13:40:00Z", "to": "2026-10-24T06:00:00Z", "timetable": None}
    of = known(
        *wearer(
            curfew("C0", **release),
            curfew("C1", from_="2026-10-24T06:00:00Z"),
            kind="hdc",
            from_="2026-10-23T13:40:00Z",
        )
    )
    assert enforced(of, "C0", AUTUMN) == [("10-23T13:40", "10-24T06:00")], "one window, not a day and a night"
    assert enforced(of, "C1", AUTUMN)[:2] == [("10-24T18:00", "10-25T07:00"), ("10-25T19:00", "10-26T07:00")]
    cut = known(*wearer(curfew(), kind="hdc", from_="2026-10-23T20:15:00Z"))
    assert enforced(cut, "C1", AUTUMN)[0] == ("10-23T20:15", "10-24T06:00"), "released in the middle of a night"


def test_a_curfew_split_in_two_blocks_is_two_windows_a_day_on_both_clock_change_days() -> None:
    blocks = [*every_day("00:30", "05:30"), *every_day("21:00", "23:30")]
    of = known(*wearer(curfew(timetable=blocks)))
    told = {start: hours(us(f"2026-{end}") - us(f"2026-{start}")) for start, end in enforced(of, "C1", AUTUMN)}
    assert told["10-23T23:30"] == 5.0
    assert told["10-24T23:30"] == 6.0, "the night has an hour more"
    assert told["10-25T21:00"] == 2.5
    spring = enforced(of, "C1", SPRING)
    assert ("03-28T00:30", "03-28T04:30") in spring, "an hour less"
    assert len(spring) == 2 * 6


def test_intermittent_custody_is_a_suspension_with_a_timetable_and_the_curfew_holds_between() -> None:
    """In prison from Monday 09:00 to Friday 17:00, at home under curfew at the weekend."""
    inside = [
        {"day": "mon", "start": "09:00", "end": "09:00"},
        {"day": "tue", "start": "09:00", "end": "09:00"},
        {"day": "wed", "start": "09:00", "end": "09:00"},
        {"day": "thu", "start": "09:00", "end": "09:00"},
        {"day": "fri", "start": "09:00", "end": "17:00"},
    ]
    custody = version(
        type="suspension",
        id="S1",
        order="O1",
        from_="2026-10-01T00:00:00Z",
        timetable=inside,
        reason="intermittent custody",
    )
    of = known(*wearer(curfew(start="16:00", end="10:00"), custody))
    assert enforced(of, "C1", AUTUMN) == [
        ("10-23T16:00", "10-24T09:00"),
        ("10-24T15:00", "10-25T10:00"),
        ("10-25T16:00", "10-26T09:00"),
    ], "from 17:00 on Friday by the clock on the wall to 09:00 on Monday, summer time and winter time"
    found = compliance(of, order_of(of), (), us(AUTUMN[0]), us(AUTUMN[1]), us("2026-12-01T00:00"))
    assert [row.kept.value for row in found.conditions[0].rows] == [
        *("not_counted", "kept", "kept", "kept", "not_counted", "not_counted"),
    ]


def test_a_violation_of_a_curfew_at_all_times_is_shared_out_over_its_days() -> None:
    of = known(*wearer(curfew(timetable=None)))
    gone = out(1, "2026-11-03T18:00", "2026-11-04T06:00", certain=360.0, possible=720.0)
    found = compliance(
        of, order_of(of), (gone,), us("2026-11-02T00:00"), us("2026-11-06T00:00"), us("2026-12-01T00:00")
    )
    assert [hours(row.hours.absent) for row in found.conditions[0].rows] == [0.0, 3.0, 3.0, 0.0]
    assert [row.kept.value for row in found.conditions[0].rows] == ["kept", "undecided", "undecided", "kept"]


def short(number: int, start: str, end: str, present_h: float, unknown_h: float) -> Violation:
    minutes = {"certain": present_h * 60, "possible": (present_h + unknown_h) * 60}
    return out(number, start, end, kind=Kind.HOURS_SHORT, condition="C4", **minutes)


def attending(*more: Any) -> Held:
    attendance = version(
        type="condition", id="C4", order="O1", kind="attendance", place=HOME, timetable=WEEKDAYS, hours_per_week=25
    )
    return known(*wearer(attendance, *more, kind="yro", programme="iss"))


def test_each_week_of_intensive_supervision_has_its_hours_required_present_and_unknown() -> None:
    day_off = version(
        type="absence", id="A1", condition="C4", from_="2026-11-12T00:00:00Z", to="2026-11-13T00:00:00Z", reason="court"
    )
    of = attending(day_off, assessed("W1-4", "reasonable_excuse"))
    violations = (
        short(1, "2026-10-18T23:00", "2026-10-26T00:00", 10, 2),
        short(2, "2026-10-26T00:00", "2026-11-02T00:00", 20, 8),
        short(4, "2026-11-09T00:00", "2026-11-16T00:00", 12, 0),
    )
    found = weekly_sheet(
        of, order_of(of), violations, us("2026-10-18T23:00"), us("2026-11-23T00:00"), us("2026-11-21T12:00")
    )
    assert [one.met.value for one in found] == ["short", "short_or_unknown", "met", "excused", "running"]
    assert [hours(one.offered_us) for one in found] == [30.0, 30.0, 30.0, 24.0, 30.0]
    assert [hours(one.required_us or 0) for one in found] == [25.0] * 5
    assert [(hours(one.present_us), one.exactly) for one in found[:3]] == [(10.0, True), (20.0, True), (25.0, False)]
    assert [hours(one.unknown_us) for one in found[:3]] == [2.0, 8.0, 0.0]


def test_a_week_in_which_the_order_ends_asks_for_no_hours() -> None:
    attendance = version(
        type="condition", id="C4", order="O1", kind="attendance", place=HOME, timetable=WEEKDAYS, hours_per_week=25
    )
    of = known(*wearer(attendance, to="2026-11-11T00:00:00Z"))
    found = weekly_sheet(of, order_of(of), (), us("2026-11-02T00:00"), us("2026-11-20T00:00"), us("2026-12-01T00:00"))
    assert [(one.met.value, one.required_us) for one in found][1] == ("no_hours", None)
    assert len(found) == 2
