"""The compliance sheet: every case of docs/sheets.md, window by window, and that its hours add up."""

from __future__ import annotations

from typing import Any

import pytest

from domain.violations import Violation
from domain.vocabulary import Cause, Kind
from evidence.compliance import ComplianceSheet, KeptAs, added, compliance
from tests.evidence.made import assessed, curfew, every_day, hours, known, order_of, out, us, version, wearer

WEEK = ("2026-11-02T00:00", "2026-11-09T00:00")
LATER = "2026-12-01T00:00"
HOME_UNIT = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}


def sheet(
    *violations: Violation, caseload: Any = None, period: tuple[str, str] = WEEK, now: str = LATER
) -> ComplianceSheet:
    of = known(*(wearer(curfew()) if caseload is None else caseload))
    return compliance(of, order_of(of), violations, us(period[0]), us(period[1]), us(now))


def kept_of(found: ComplianceSheet, place: int = 0) -> list[str]:
    return [row.kept.value for row in found.conditions[place].rows]


def gap(number: int, kind: Kind, start: str, end: str | None, **more: Any) -> Violation:
    told: dict[str, Any] = {"kind": kind, "cause": Cause.UNKNOWN, "condition": None, "order": None, "device": "T1"}
    return out(number, start, end, **(told | {"minutes_certain": None, "minutes_possible": None} | more))


def test_a_week_without_a_violation_is_seven_windows_kept_and_every_hour_certain() -> None:
    found = sheet()
    assert kept_of(found) == ["kept"] * 7
    assert (hours(found.all.hours.required), hours(found.all.hours.present)) == (84.0, 84.0)
    (week,) = found.conditions[0].weeks
    assert week[1] == found.conditions[0].all, "one local week, from Monday to Monday"


@pytest.mark.parametrize(
    ("decision", "kept", "absent_h", "unknown_h"),
    [
        (None, "undecided", 2.0, 0.0),
        ("upheld", "not_kept", 2.0, 0.0),
        ("reasonable_excuse", "kept", 0.0, 2.0),
        ("equipment", "kept_with_doubt", 0.0, 2.0),
        ("disputed", "kept_with_doubt", 0.0, 2.0),
        ("not_pursued", "kept_with_doubt", 0.0, 2.0),
    ],
)
def test_what_the_officer_decided_is_what_the_window_counts_for(
    decision: str | None, kept: str, absent_h: float, unknown_h: float
) -> None:
    decided = [] if decision is None else [assessed("W1-1", decision)]
    found = sheet(out(1, "2026-11-03T20:00", "2026-11-03T22:00"), caseload=wearer(curfew(), *decided))
    assert kept_of(found) == ["kept", kept, *["kept"] * 5]
    told = found.all.hours
    assert (hours(told.absent), hours(told.unknown), hours(told.present)) == (absent_h, unknown_h, 82.0)
    assert told.required == told.present + told.absent + told.open_
    (weighed,) = found.conditions[0].rows[1].violations
    assert weighed.reason == ("" if decision is None else "as said"), "the excuse is shown"


def test_an_assessment_counts_from_when_it_was_made_and_the_newest_counts() -> None:
    decided = [assessed("W1-1", "upheld"), assessed("W1-1", "reasonable_excuse", "B2", at="2026-11-25T09:00:00Z")]
    absence = out(1, "2026-11-03T20:00", "2026-11-03T22:00")
    at = {
        day: kept_of(sheet(absence, caseload=wearer(curfew(), *decided), now=f"2026-11-{day}T12:00"))[1]
        for day in ("19", "20", "25")
    }
    assert at == {"19": "undecided", "20": "not_kept", "25": "kept"}


@pytest.mark.parametrize("flag", ["retrospective", "untold"])
def test_what_nobody_had_told_them_counts_against_nobody(flag: str) -> None:
    found = sheet(out(1, "2026-11-03T20:00", "2026-11-03T22:00", **{flag: True}))
    assert kept_of(found)[1] == "not_counted"
    assert found.all.windows[KeptAs.NOT_KEPT] == found.all.hours.absent == 0
    both = sheet(
        out(1, "2026-11-03T20:00", "2026-11-03T22:00", **{flag: True}),
        out(2, "2026-11-03T23:00", "2026-11-03T23:30"),
        caseload=wearer(curfew(), assessed("W1-2", "upheld")),
    )
    assert kept_of(both)[1] == "not_kept", "what they had been told of stands beside it"
    assert hours(both.all.hours.absent) == 0.5


def test_a_violation_whose_cause_is_not_the_wearer_is_a_gap_whatever_was_decided() -> None:
    for cause in (Cause.EQUIPMENT, Cause.NETWORK, Cause.SERVICE, Cause.UNKNOWN):
        found = sheet(
            out(1, "2026-11-03T20:00", "2026-11-03T22:00", cause=cause),
            caseload=wearer(curfew(), assessed("W1-1", "upheld")),
        )
        assert kept_of(found)[1] == "kept_with_doubt"
        assert [one.id for one in found.gaps] == ["W1-1"]


def test_a_gap_is_doubt_and_a_whole_window_without_news_was_not_monitored() -> None:
    found = sheet(
        gap(1, Kind.COMMUNICATION_LOST, "2026-11-03T20:00", "2026-11-03T22:00"),
        gap(2, Kind.LOCATION_LOST, "2026-11-04T18:00", "2026-11-05T08:00"),
        gap(3, Kind.BATTERY_LOW, "2026-11-06T18:00", "2026-11-07T08:00"),
        gap(4, Kind.UNMONITORED, "2026-11-08T23:00", None, device=None, order="O1"),
    )
    assert kept_of(found) == [
        *("kept", "kept_with_doubt", "not_monitored", "kept", "kept", "kept", "kept_with_doubt"),
    ], "a low battery hides nobody"
    assert hours(found.all.hours.unknown) == 2 + 12 + 8


def test_the_home_unit_speaks_while_the_tag_is_lost_and_the_other_way_round() -> None:
    unit_fitted = version(type="fitting", id="F2", wearer="W1", device="H1", from_="2026-09-01T09:00:00Z")
    caseload = wearer(version(type="device", id="H1", kind="home_unit"), unit_fitted, curfew(place=HOME_UNIT))
    tag = gap(1, Kind.COMMUNICATION_LOST, "2026-11-03T20:00", "2026-11-03T23:00")
    unit = gap(2, Kind.HOME_UNIT_POWER_LOST, "2026-11-03T22:00", "2026-11-03T23:30", device="H1")
    assert kept_of(sheet(tag, caseload=caseload))[1] == "kept"
    assert kept_of(sheet(unit, caseload=caseload))[1] == "kept"
    both = sheet(tag, unit, caseload=caseload)
    assert (kept_of(both)[1], hours(both.all.hours.unknown)) == ("kept_with_doubt", 1.0)
    blind = gap(3, Kind.WHEREABOUTS_UNKNOWN, "2026-11-04T19:05", "2026-11-04T20:05", device=None, condition="C1")
    assert hours(sheet(blind, caseload=caseload).all.hours.unknown) == 1.0


def test_failure_24_a_strap_cut_and_the_tag_left_at_home_is_not_a_curfew_kept() -> None:
    cut = gap(1, Kind.STRAP_TAMPER, "2026-11-03T18:00", "2026-11-03T18:00", cause=Cause.WEARER)
    assert kept_of(sheet(cut))[1:] == ["not_monitored"] * 6
    checked = version(type="equipment_check", id="E1", device="T1", at="2026-11-05T10:00:00Z", result="sound")
    assert kept_of(sheet(cut, caseload=wearer(curfew(), checked))) == [
        *("kept", "not_monitored", "not_monitored", "kept", "kept", "kept", "kept"),
    ]


def test_absences_and_suspensions_are_taken_out_and_what_they_cover_whole_is_not_counted() -> None:
    granted = version(
        type="absence", id="A1", condition="C1", from_="2026-11-03T20:00:00Z", to="2026-11-03T22:00:00Z", reason="work"
    )
    custody = version(
        type="suspension",
        id="S1",
        order="O1",
        from_="2026-11-05T00:00:00Z",
        to="2026-11-06T12:00:00Z",
        reason="custody",
    )
    found = sheet(caseload=wearer(curfew(), granted, custody))
    assert kept_of(found) == ["kept", "kept", "kept", "not_counted", "kept", "kept", "kept"]
    assert hours(found.all.hours.required) == 6 * 12 - 2 - 7, "Wednesday night was cut at midnight"
    assert hours(found.all.hours.excused) == 2 + 7


def test_both_clock_change_nights_have_the_hours_that_they_had() -> None:
    autumn = sheet(period=("2026-10-24T12:00", "2026-10-25T12:00"))
    assert [hours(row.hours.required) for row in autumn.conditions[0].rows] == [13.0]
    spring = sheet(period=("2027-03-27T12:00", "2027-03-28T12:00"), now="2027-03-30T00:00")
    assert [hours(row.hours.required) for row in spring.conditions[0].rows] == [11.0]


def test_a_window_belongs_to_the_period_in_which_it_begins_so_periods_add_up() -> None:
    violations = [out(1, "2026-11-04T20:00", "2026-11-05T06:00", certain=30.0, possible=200.0)]
    middle = "2026-11-05T03:30"
    whole, first, second = (
        sheet(*violations, period=period) for period in (WEEK, (WEEK[0], middle), (middle, WEEK[1]))
    )
    assert added([first.all, second.all]) == whole.all
    assert (hours(whole.all.hours.absent), hours(whole.all.hours.absent_possible)) == (0.5, 10.0)
    running = sheet(now="2026-11-08T23:00")
    assert kept_of(running)[-1] == "running"
    assert hours(running.all.hours.required) == 72.0, "what runs is not counted"


def test_a_condition_without_hours_is_counted_by_local_days_and_attendance_by_its_windows() -> None:
    zone = {"type": "Circle", "center": [0.6, 51.3], "radius_m": 100}
    caseload = wearer(
        version(type="condition", id="C1", order="O1", kind="exclusion_zone", zone=zone),
        version(
            type="condition",
            id="C4",
            order="O1",
            kind="attendance",
            place=HOME_UNIT | {"home_unit": None},
            timetable=every_day("10:00", "12:00"),
        ),
        assessed("W1-1", "upheld"),
        assessed("W1-2", "upheld", "B2"),
    )
    inside = out(1, "2026-11-03T22:00", "2026-11-04T01:00", kind=Kind.EXCLUSION_ZONE, minutes_certain=None)
    missed = out(2, "2026-11-06T10:00", "2026-11-06T12:00", kind=Kind.ATTENDANCE_MISSED, condition="C4")
    warned = out(3, "2026-11-07T10:00", "2026-11-07T12:00", kind=Kind.ZONE_BUFFER)
    unsure = out(
        4, "2026-11-05T10:00", "2026-11-05T12:00", kind=Kind.ATTENDANCE_UNCONFIRMED, condition="C4", cause=Cause.UNKNOWN
    )
    found = sheet(inside, missed, warned, unsure, caseload=caseload)
    assert kept_of(found, 0) == ["kept", "not_kept", "not_kept", "kept", "kept", "kept", "kept"]
    assert kept_of(found, 1) == ["kept", "kept", "kept", "not_monitored", "not_kept", "kept", "kept"]
    zone_hours, attended = found.conditions[0].all.hours, found.conditions[1].all.hours
    assert (hours(zone_hours.absent), hours(zone_hours.required)) == (3.0, 168.0)
    assert (hours(attended.present), hours(attended.open_), hours(attended.absent_possible)) == (0.0, 14.0, 2.0)


def test_hours_always_add_up() -> None:
    violations = [
        out(1, "2026-11-02T18:30", "2026-11-03T08:00", certain=5.0, possible=900.0),
        out(2, "2026-11-03T20:00", "2026-11-03T22:00"),
        gap(3, Kind.COMMUNICATION_LOST, "2026-11-03T19:30", "2026-11-03T21:00"),
        gap(4, Kind.LOCATION_LOST, "2026-11-03T20:30", "2026-11-04T06:00"),
    ]
    found = sheet(*violations, caseload=wearer(curfew(), assessed("W1-2", "disputed")))
    for row in found.conditions[0].rows:
        told = row.hours
        assert min(told.present, told.absent, told.open_, told.unknown) >= 0
        assert told.required == told.present + told.absent + told.open_
        assert told.absent <= told.absent_possible <= told.required or told.absent_possible == 0
