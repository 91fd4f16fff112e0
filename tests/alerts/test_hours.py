"""Safe hours and the nights of those under 18, on the nights on which clocks change too."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.hours import Hours, Unreadable, quiet_until_us, read_hours
from bailiwick.timezones import pinned_time_zones
from domain.instants import parse_instant

LONDON = "Europe/London"


def opens(hours: Hours, clock: str) -> int | None:
    return hours.opens_us(parse_instant(clock), LONDON, pinned_time_zones())


@pytest.mark.parametrize(
    ("written", "now", "opens_at"),
    [
        (None, "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z"),
        ("09:00-17:00", "2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
        ("09:00-17:00", "2026-11-21T17:00:00Z", "2026-11-22T09:00:00Z"),
        ("09:00-17:00", "2026-07-21T07:59:59Z", "2026-07-21T08:00:00Z"),  # 09:00 by the clock in summer
        ("mon-fri 09:00-17:00", "2026-11-21T10:00:00Z", "2026-11-23T09:00:00Z"),  # a Saturday
        ("fri-mon 20:00-24:00", "2026-11-23T23:59:59Z", "2026-11-23T23:59:59Z"),
        (["mon 09:00-10:00", "tue 22:00-02:00"], "2026-11-25T01:59:59Z", "2026-11-25T01:59:59Z"),
        ([{"day": "mon", "start": "09:00", "end": "10:00"}], "2026-11-23T10:00:00Z", "2026-11-30T09:00:00Z"),
    ],
)
def test_when_somebody_may_be_told(written: Any, now: str, opens_at: str) -> None:
    assert opens(read_hours(written), now) == parse_instant(opens_at)


@pytest.mark.parametrize(
    ("written", "now", "opens_at"),
    [
        # The hour that comes twice is within them both times; the one that is left out begins when it would have been over.
        ("01:00-02:00", "2026-10-24T23:59:59Z", "2026-10-25T00:00:00Z"),
        ("01:00-02:00", "2026-10-25T01:59:59Z", "2026-10-25T01:59:59Z"),
        ("01:00-02:00", "2026-10-25T02:00:00Z", "2026-10-26T01:00:00Z"),
        ("01:30-03:00", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        ("01:30-03:00", "2026-03-29T02:00:00Z", "2026-03-30T00:30:00Z"),
    ],
)
def test_failure_12_safe_hours_on_the_nights_on_which_clocks_change(written: str, now: str, opens_at: str) -> None:
    assert opens(read_hours(written), now) == parse_instant(opens_at)


@pytest.mark.parametrize(
    "written",
    [
        "when he is at work",
        "9-5",
        "09:00-25:00",
        "mon",
        [],
        [[]],
        True,
        9,
        {"day": "mon"},
        ["09:00-17:00", "not nights"],
    ],
)
def test_hours_that_we_cannot_read_are_said_to_be(written: Any) -> None:
    with pytest.raises(Unreadable):
        read_hours(written)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T21:59:59Z", None),
        ("2026-11-21T22:00:00Z", "2026-11-22T07:00:00Z"),
        ("2026-11-22T06:59:59Z", "2026-11-22T07:00:00Z"),
        ("2026-11-22T07:00:00Z", None),
        ("2026-07-21T20:59:59Z", None),
        ("2026-07-21T21:00:00Z", "2026-07-22T06:00:00Z"),
    ],
)
def test_the_night_of_those_under_18(now: str, until: str | None) -> None:
    found = quiet_until_us(parse_instant(now), LONDON, pinned_time_zones())
    assert found == (None if until is None else parse_instant(until))


@pytest.mark.parametrize(
    ("now", "until", "hours"),
    [("2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z", 8), ("2026-10-24T21:00:00Z", "2026-10-25T07:00:00Z", 10)],
)
def test_failure_12_the_night_is_an_hour_shorter_or_longer_when_clocks_change(now: str, until: str, hours: int) -> None:
    found = quiet_until_us(parse_instant(now), LONDON, pinned_time_zones())
    assert found == parse_instant(until)
    assert found - parse_instant(now) == hours * 3_600_000_000
