"""A suspension and the end of an order stop a victim's protection: each is an alert of its own, once."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.protection_ends import Ended, Protections, Why
from bailiwick.timezones import pinned_time_zones
from domain.instants import EARLY_US, HOUR_US, parse_instant
from domain.records import Absence, Condition, Order, Record, Suspension, Timetable, TimetableRow, Version, Wearer
from domain.vocabulary import ConditionKind, OrderKind
from geofence.timetable import WindowCache

BEGUN = parse_instant("2026-11-01T09:00:00Z")
OVER = parse_instant("2026-11-21T12:00:00Z")


def order(**more: Any) -> Order:
    return Order("O1", "W1", OrderKind.BAIL, BEGUN, **({"to_us": OVER} | more))


PAIR = Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)


def ends(*records: Record | Version, from_: str, to: str) -> list[Ended]:
    given = [one if isinstance(one, Version) else Version(one) for one in (Wearer("W1"), PAIR, *records)]
    return Protections(given, WindowCache(pinned_time_zones())).ended(parse_instant(from_), parse_instant(to))


def test_the_end_of_an_order_is_found_at_its_instant_and_only_there() -> None:
    expected = [Ended(OVER, "O1", "P1", "W1", "V1", Why.ENDED)]
    assert ends(order(), from_="2026-11-21T11:59:59Z", to="2026-11-21T12:00:00Z") == expected
    assert ends(order(), from_="2026-11-21T12:00:00Z", to="2026-11-21T13:00:00Z") == []
    assert ends(order(), from_="2026-11-01T00:00:00Z", to="2026-11-21T11:59:59Z") == []


def test_a_suspension_ends_protection_when_it_begins_and_the_order_inside_it_ends_nothing_more() -> None:
    held = Suspension("S1", "O1", OVER - 2 * HOUR_US, OVER + HOUR_US)
    found = ends(order(), held, from_="2026-11-20T00:00:00Z", to="2026-11-22T00:00:00Z")
    assert found == [Ended(OVER - 2 * HOUR_US, "O1", "P1", "W1", "V1", Why.SUSPENDED)]


def test_a_suspension_that_repeats_ends_it_each_time() -> None:
    rows = tuple(TimetableRow(day, 9 * 3600, 10 * 3600) for day in range(7))
    daily = Suspension("S1", "O1", BEGUN, None, Timetable("Europe/London", rows))
    found = ends(order(), daily, from_="2026-11-17T00:00:00Z", to="2026-11-20T00:00:00Z")
    assert [end.at_us for end in found] == [parse_instant(f"2026-11-{day}T09:00:00Z") for day in (17, 18, 19)]
    assert {end.why for end in found} == {Why.SUSPENDED}


def test_an_order_that_is_cancelled_ends_it_when_that_holds() -> None:
    at_us = parse_instant("2026-11-10T15:00:00Z")
    cancelled = Version(order(), at_us, at_us, cancelled=True)
    found = ends(order(), cancelled, from_="2026-11-10T00:00:00Z", to="2026-11-22T00:00:00Z")
    assert found == [Ended(at_us, "O1", "P1", "W1", "V1", Why.ENDED)]


def test_an_extension_moves_it() -> None:
    longer = Version(order(to_us=OVER + HOUR_US), EARLY_US, BEGUN + HOUR_US)
    found = ends(order(), longer, from_="2026-11-21T00:00:00Z", to="2026-11-22T00:00:00Z")
    assert [end.at_us for end in found] == [OVER + HOUR_US]


def test_an_absence_that_was_granted_and_other_conditions_end_nothing() -> None:
    granted = Absence("A1", "P1", OVER - 3 * HOUR_US, OVER - HOUR_US)
    trail = Condition("T1", "O1", ConditionKind.TRAIL, to_us=OVER - HOUR_US)
    found = ends(order(), granted, trail, from_="2026-11-21T00:00:00Z", to="2026-11-21T11:30:00Z")
    assert found == []


@pytest.mark.parametrize("seconds", [0, 1])
def test_its_alert_is_named_by_condition_and_instant(seconds: int) -> None:
    ended = Ended(OVER + seconds, "O1", "P1", "W1", "V1", Why.ENDED)
    made = ended.as_raise()
    assert (made.kind, made.episode, made.wearer, made.victim) == (
        "protection_ended",
        f"protection_ended:P1:{OVER + seconds}",
        "W1",
        "V1",
    )
