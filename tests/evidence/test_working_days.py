"""Working days of the three jurisdictions, and limits that end with a local day, also over the nights when clocks change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bailiwick.timezones import pinned_time_zones
from domain.instants import HOUR_US, format_instant, parse_instant
from evidence.working_days import Proclaimed, Region, WorkingDays

LONDON = pinned_time_zones().zone("Europe/London")
ENGLAND, SCOTLAND, ULSTER = Region.ENGLAND_AND_WALES, Region.SCOTLAND, Region.NORTHERN_IRELAND
CALENDARS = {region: WorkingDays(region, LONDON) for region in Region}
ODD = {
    "2020-05-08": "ESN",  # VE day, moved from the Monday
    "2020-05-04": "",
    "2021-12-27": "ESN",  # for Christmas Day, a Saturday
    "2021-12-28": "ESN",  # for Boxing Day, a Sunday
    "2022-01-03": "ESN",
    "2022-01-04": "S",  # for 2 January, a Sunday
    "2022-05-30": "",  # moved to the Thursday
    "2022-06-02": "ESN",
    "2022-06-03": "ESN",  # the jubilee
    "2022-09-19": "ESN",  # the funeral
    "2022-12-27": "ESN",
    "2023-01-02": "ESN",
    "2023-01-03": "S",
    "2023-05-08": "ESN",  # the coronation
    "2024-12-02": "S",  # for St Andrew's Day, a Saturday
    "2024-03-18": "N",  # for St Patrick's Day, a Sunday
    "2026-04-06": "EN",  # Easter Monday
    "2026-07-13": "N",  # for 12 July, a Sunday
    "2026-08-03": "S",
    "2026-08-31": "EN",
    "2026-11-30": "S",
    "2026-12-28": "ESN",
    "2027-07-12": "N",
    "2032-12-27": "ESN",
    "2033-01-03": "ESN",
    "2033-01-04": "S",
}
"""Days that rules alone get wrong, and whose bank holiday each is: England and Wales, Scotland, Northern Ireland (gov.uk/bank-holidays)."""


def days(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(("day", "whose"), ODD.items())
def test_odd_bank_holidays(day: str, whose: str) -> None:
    found = "".join(region.name[0] for region, calendar in CALENDARS.items() if calendar.holiday(days(day)))
    assert found == whose


def test_every_year_has_its_number_of_bank_holidays_on_days_that_would_be_worked() -> None:
    more = {2022: (2, 2, 2), 2023: (1, 1, 1), 2026: (0, 1, 0)}
    for year in range(2020, 2036):
        all_days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
        for place, (calendar, usual) in enumerate(zip(CALENDARS.values(), (8, 9, 10), strict=True)):
            kept = [day for day in all_days if day.year == year and day.weekday() < 5 and calendar.holiday(day)]
            assert len(kept) == usual + more.get(year, (0, 0, 0))[place], (year, calendar.region, kept)


def test_limits_are_counted_from_the_day_after_over_week_ends_and_bank_holidays() -> None:
    england, scotland = CALENDARS[ENGLAND], CALENDARS[SCOTLAND]
    assert england.after(days("2026-11-20"), 2) == days("2026-11-24"), "Friday to Tuesday"
    assert england.after(days("2026-11-21"), 0) == days("2026-11-23"), "a Saturday is none"
    assert england.after(days("2026-12-24"), 1) == days("2026-12-29")
    assert england.after(days("2026-12-31"), 1) == days("2027-01-04")
    assert scotland.after(days("2026-12-31"), 1) == days("2027-01-05")
    assert CALENDARS[ULSTER].after(days("2026-07-10"), 1) == days("2026-07-14")
    assert england.left(days("2026-11-24"), days("2026-11-26")) == 2
    assert england.left(days("2026-11-26"), days("2026-11-26")) == 0
    assert england.left(days("2026-12-29"), days("2026-12-24")) == -1


def test_a_day_ends_at_local_midnight_whatever_the_clocks_do() -> None:
    england = CALENDARS[ENGLAND]
    assert england.day_of(parse_instant("2026-06-30T23:30:00Z")) == days("2026-07-01")
    assert england.day_of(parse_instant("2026-12-31T23:59:59Z")) == days("2026-12-31")
    spring, autumn = days("2026-03-29"), days("2026-10-25")
    assert format_instant(england.end_us(spring)) == "2026-03-29T23:00:00Z"
    assert england.end_us(spring) - england.start_us(spring) == 23 * HOUR_US
    assert england.end_us(autumn) - england.start_us(autumn) == 25 * HOUR_US
    assert format_instant(england.start_us(spring, 8 * HOUR_US)) == "2026-03-29T07:00:00Z"
    assert format_instant(england.start_us(autumn, 8 * HOUR_US)) == "2026-10-25T08:00:00Z"
    assert format_instant(england.start_us(spring, 90 * 60_000_000)) == "2026-03-29T01:00:00Z", "01:30 is not there"


def test_what_was_proclaimed_since_is_kept_where_it_is_and_what_was_taken_back_is_not() -> None:
    told = (
        Proclaimed(days("2030-06-03"), "An invented jubilee", (ENGLAND,)),
        Proclaimed(days("2030-05-06"), "moved", (SCOTLAND,), works=True),
    )
    england, scotland = (WorkingDays(region, LONDON, told) for region in (ENGLAND, SCOTLAND))
    assert england.holiday(days("2030-06-03")) == "An invented jubilee"
    assert not england.works(days("2030-06-03"))
    assert scotland.works(days("2030-06-03"))
    assert scotland.works(days("2030-05-06"))
    assert not england.works(days("2030-05-06"))
