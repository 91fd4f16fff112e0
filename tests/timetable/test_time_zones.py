"""The pinned time zones: all of them, the package's and not the system's, right on every day for years to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from bailiwick.timezones import LAST_YEAR, parse_zone, pinned_time_zones
from domain.instants import HOUR_US, SECOND_US, parse_instant
from geofence.wallclock import Zone, merged
from tests.timetable.minute_walk import pinned_zone

ZONES = pinned_time_zones()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(name: str) -> bytes:
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def with_rules() -> list[str]:
    """One zone for each different rule for the years to come."""
    by_rule = {written(name).rsplit(b"\n", 2)[1]: name for name in sorted(ZONES.names)}
    return sorted(by_rule.values())


def offset_us(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def assert_agrees(name: str, first: datetime, last: datetime, step: timedelta) -> None:
    zone, standard = ZONES.zone(name), pinned_zone(name)
    at = first
    while at < last:
        assert zone.offset_us((at - EPOCH) // timedelta(microseconds=1)) == offset_us(standard, at), (name, at)
        at += step


def test_every_zone_of_the_package_is_there() -> None:
    assert ZONES.names == frozenset(resources.files("tzdata").joinpath("zones").read_text().split())
    assert {"Europe/London", "Australia/Lord_Howe", "UTC"} <= ZONES.names
    assert ZONES.version.startswith("20")


@pytest.mark.parametrize("name", ["Mars/Base", "../zones", "europe/london", "", "posixrules"])
def test_there_is_no_other_zone(name: str) -> None:
    with pytest.raises(KeyError):
        ZONES.zone(name)


def test_the_clock_changes_of_a_year_stand_to_the_second() -> None:
    london = ZONES.zone("Europe/London")
    spring, autumn = parse_instant("2026-03-29T01:00:00Z"), parse_instant("2026-10-25T01:00:00Z")
    assert [at for at in london.transitions_us if spring <= at <= autumn] == [spring, autumn]
    assert [london.offset_us(at) for at in (spring - 1, spring, autumn - 1, autumn)] == [0, HOUR_US, HOUR_US, 0]


def test_what_does_not_exist_and_what_happens_twice() -> None:
    london = ZONES.zone("Europe/London")
    spring, autumn = parse_instant("2026-03-29T01:00:00Z"), parse_instant("2026-10-25T01:00:00Z")
    in_the_hole = parse_instant("2026-03-29T01:30:00Z")  # as a wall time
    assert london.first_us(in_the_hole) == london.last_us(in_the_hole) == spring
    twice = parse_instant("2026-10-25T01:30:00Z")
    assert (london.first_us(twice), london.last_us(twice)) == (autumn - HOUR_US // 2, autumn + HOUR_US // 2)


def test_a_date_that_a_zone_left_out_is_a_hole() -> None:
    apia = ZONES.zone("Pacific/Apia")  # crossed the date line: there was no 30 December 2011
    change = parse_instant("2011-12-30T10:00:00Z")
    assert apia.first_us(parse_instant("2011-12-30T12:00:00Z")) == change
    assert apia.first_us(parse_instant("2011-12-31T00:00:00Z")) == change


@pytest.mark.parametrize("name", ["Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk"])
def test_offsets_of_the_years_in_use(name: str) -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    assert_agrees(name, first, first + timedelta(days=4 * 366), timedelta(hours=6))


@pytest.mark.slow
@pytest.mark.parametrize("name", with_rules())
def test_offsets_on_every_day_for_a_generation(name: str) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    assert_agrees(name, first, first + timedelta(days=30 * 366), timedelta(days=1))
    last = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    assert_agrees(name, last, last + timedelta(days=365), timedelta(days=1))


@pytest.mark.slow
def test_every_zone_can_be_read_and_is_in_order() -> None:
    for name in ZONES.names:
        zone = ZONES.zone(name)
        assert list(zone.transitions_us) == sorted(set(zone.transitions_us))
        assert len(zone.offsets_us) == len(zone.transitions_us) + 1
        assert all(abs(offset) <= 26 * HOUR_US and offset % SECOND_US == 0 for offset in zone.offsets_us)


def test_a_file_that_is_none_is_refused() -> None:
    version_1 = b"TZif\0" + bytes(15) + bytes(24)
    with pytest.raises(ValueError, match="TZif"):
        parse_zone("Mars/Base", version_1 + version_1)


def test_merging() -> None:
    assert merged([(5, 7), (1, 2), (2, 3), (4, 4), (6, 9)]) == [(1, 3), (5, 9)]
    assert Zone("UTC", (), (0,)).first_us(5) == 5
