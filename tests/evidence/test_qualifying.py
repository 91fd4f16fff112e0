"""Days on bail with a monitored curfew: each step of the reckoning, both clock-change nights, and files that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from domain.violations import Violation
from domain.vocabulary import Cause, Kind
from evidence.policy_files import BadPolicy, read_policy
from evidence.qualifying import DayWhy, Deduct, NotReckoned, QualifyingSheet, Schemes, qualifying, shipped_schemes
from tests.evidence.made import assessed, curfew, hours, known, order_of, out, us, version, wearer

BAIL = {"kind": "bail", "from_": "2026-11-02T14:00:00Z", "to": "2026-11-12T11:00:00Z"}


def sheet(
    *more: Any, violations: tuple[Violation, ...] = (), now: str = "2026-12-01T00:00", **order: Any
) -> QualifyingSheet:
    caseload = wearer(*(more or (curfew(),)), **(BAIL | order))
    of = known(*caseload)
    return qualifying(of, order_of(of), violations, us(now), shipped_schemes())


def whys(found: QualifyingSheet) -> list[str]:
    return [one.why.value for one in found.days]


def scheme(**changed: Any) -> Schemes:
    lines = {"from": "2012-12-03", "name": '"one"', "order_kinds": '["bail"]', "minimum_hours": "9", "deducts": "[]"}
    text = "\n".join(f"{name} = {value}" for name, value in (lines | changed).items())
    return read_policy(f"[[scheme]]\n{text}", Schemes, "here.toml")


def test_half_of_the_days_rounded_up_the_first_and_the_last_as_if_they_were_whole() -> None:
    found = sheet()
    assert [str(one.day) for one in found.days][:2] == ["2026-11-02", "2026-11-03"]
    assert whys(found) == ["counts_as_if_whole", *["counts"] * 9, "counts_as_if_whole"]
    assert [hours(one.asked_us) for one in found.days] == [5.0, *[12.0] * 9, 7.0]
    assert (found.subject, found.counted, found.credit) == (11, 11, 6), "5.5 is 6"
    assert [scheme().scheme[0].credit(days) for days in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_under_nine_hours_counts_nothing_and_nine_hours_at_two_places_count() -> None:
    short = sheet(curfew(start="23:00", end="07:30"))
    assert set(whys(short)) == {"under_the_minimum"}
    assert (short.subject, short.credit) == (0, 0)
    split = sheet(curfew(start="20:00", end="00:30"), curfew("C2", start="02:30", end="07:00"))
    assert {hours(one.asked_us) for one in split.days[1:-1]} == {9.0}
    assert split.counted == 11


def test_the_last_day_does_not_count_when_it_ends_in_custody_and_days_in_custody_never_do() -> None:
    remanded = version(
        type="suspension", id="S1", order="O1", from_="2026-11-12T09:00:00Z", reason="remanded in Custody"
    )
    assert whys(sheet(curfew(), remanded))[-1] == "last_day"
    two_days = version(
        type="suspension",
        id="S2",
        order="O1",
        from_="2026-11-05T00:00:00Z",
        to="2026-11-07T00:00:00Z",
        reason="custody",
    )
    found = sheet(curfew(), two_days)
    assert whys(found)[3:5] == ["suspended", "suspended"]
    assert found.subject == 9


def test_what_is_deducted_is_deducted_once_and_told_by_what() -> None:
    caseload = (
        curfew(),
        version(
            type="order",
            id="O2",
            wearer="W1",
            kind="community",
            from_="2026-11-04T00:00:00Z",
            to="2026-11-06T00:00:00Z",
        ),
        version(
            type="condition",
            id="C9",
            order="O2",
            kind="curfew",
            timetable=None,
            place={"name": "home", "lon": 0.5, "lat": 51.2},
        ),
        version(
            type="order",
            id="O3",
            wearer="W1",
            kind="temporary_licence",
            from_="2026-11-08T00:00:00Z",
            to="2026-11-09T00:00:00Z",
        ),
        assessed("W1-1", "upheld"),
        assessed("W1-2", "reasonable_excuse", "B2"),
        assessed("W1-3", "upheld", "B3"),
        assessed("W1-4", "upheld", "B4"),
        assessed("W1-5", "upheld", "B5"),
    )
    violations = (
        out(1, "2026-11-05T23:00", "2026-11-07T01:00"),
        out(2, "2026-11-09T23:00", "2026-11-10T01:00"),
        out(3, "2026-11-10T22:00", "2026-11-10T23:00", untold=True),
        out(4, "2026-11-11T22:00", "2026-11-11T23:00", cause=Cause.EQUIPMENT),
        out(5, "2026-11-11T09:00", "2026-11-11T09:00", kind=Kind.STRAP_TAMPER, condition=None, order=None),
        out(6, "2026-11-10T20:00", "2026-11-10T21:00"),
    )
    found = sheet(*caseload, violations=violations)
    assert whys(found) == [
        *("counts_as_if_whole", "counts", "other_order", "other_order", "broken", "broken", "release", "counts"),
        *("counts", "broken", "counts_as_if_whole"),
    ], "an excuse, what nobody told them, a gap and what nobody has decided deduct nothing"
    assert found.days[4].because == ("W1-1",)
    assert found.deducted == {Deduct.OTHER_ORDER: 2, Deduct.RELEASE: 1, Deduct.BROKEN: 3}
    assert (found.subject, found.counted, found.credit) == (11, 5, 3)


def test_both_clock_change_nights() -> None:
    nine = curfew(start="22:00", end="07:00")
    spring = {"from_": "2027-03-26T00:00:00Z", "to": "2027-03-31T23:00:00Z"}
    found = sheet(nine, now="2027-04-10T00:00", **spring)
    told = {str(one.day): (hours(one.asked_us), one.why) for one in found.days}
    assert told["2027-03-28"] == (8.0, DayWhy.COUNTS_BY_WALL), "the hour that the clocks took is not theirs to lose"
    assert told["2027-03-27"] == told["2027-03-29"] == (9.0, DayWhy.COUNTS)
    eight = sheet(
        curfew(start="22:00", end="06:00"),
        now="2026-11-10T00:00",
        from_="2026-10-23T23:00:00Z",
        to="2026-10-28T00:00:00Z",
    )
    told = {str(one.day): (hours(one.asked_us), one.why) for one in eight.days}
    assert told["2026-10-25"] == (9.0, DayWhy.COUNTS), "nine hours passed"
    assert told["2026-10-24"] == told["2026-10-26"] == (8.0, DayWhy.SHORT)


def test_a_bail_that_runs_is_reckoned_to_yesterday_and_an_absence_takes_no_day() -> None:
    granted = version(
        type="absence", id="A1", condition="C1", from_="2026-11-03T19:00:00Z", to="2026-11-04T06:00:00Z", reason="work"
    )
    found = sheet(curfew(), granted, now="2026-11-05T15:00")
    assert [str(one.day) for one in found.days] == ["2026-11-02", "2026-11-03", "2026-11-04"]
    assert found.counted == 3


def test_what_cannot_be_reckoned_is_said() -> None:
    with pytest.raises(NotReckoned, match="no curfew"):
        sheet(version(type="condition", id="C1", order="O1", kind="trail"))
    with pytest.raises(NotReckoned, match="bail and not for community"):
        sheet(kind="community")
    of = known(*wearer(curfew(), **BAIL))
    with pytest.raises(NotReckoned, match="no scheme holds"):
        qualifying(of, order_of(of), (), us("2026-12-01T00:00"), scheme(**{"from": "2027-01-01"}))
    with pytest.raises(NotReckoned, match="more than 1100 days"):
        sheet(from_="2023-11-02T14:00:00Z")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rounding": '"sideways"'}, r"here.toml: scheme\[0\].rounding: .*it may be (up, down|down, up)"),
        ({"order_kinds": '["parole"]'}, r"here.toml: scheme\[0\].order_kinds\[0\]: .*it may be bail, community"),
        ({"minimum_hours": "30"}, r"here.toml: scheme\[0\]: minimum_hours must be over 0 and at most 24"),
        ({"numerator": "3"}, r"here.toml: scheme\[0\]: numerator must be over 0 and at most denominator"),
        ({"hours": "9"}, r"here.toml: scheme\[0\]: .*unknown field `hours`"),
        ({"name": ""}, r"here.toml: not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_what_may_stand_there(changed: dict[str, str], told: str) -> None:
    with pytest.raises(BadPolicy, match=told):
        scheme(**changed)
