"""What a wearer's conditions require now: the ranks of a contingency list, at their boundaries."""

from __future__ import annotations

import pytest

from alerts.contingency import RANK, LastFix, Need, Requirements
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, MINUTE_US, SECOND_US, parse_instant
from domain.records import (
    Absence,
    Circle,
    Condition,
    Corridor,
    Order,
    Place,
    Polygons,
    Record,
    Suspension,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
    Zone,
)
from domain.vocabulary import ConditionKind, Level, OrderKind
from geofence.geodesy import distance_m
from geofence.timetable import WindowCache

NOW = parse_instant("2026-11-03T12:00:00Z")
NOON_S = 43_200
HOME = LastFix(0.5, 51.2, 8.0, NOW - 600 * SECOND_US)


def window(start_s: int, end_s: int) -> Timetable:
    return Timetable("Europe/London", (TimetableRow(1, start_s, end_s),))


def curfew(start_s: int, end_s: int, **more: object) -> Condition:
    place = Place("home", 0.5, 51.2)
    return Condition("C1", "O1", ConditionKind.CURFEW, place=place, timetable=window(start_s, end_s), **more)


def zone(kind: ConditionKind, metres_east: float, radius_m: float = 100.0, **more: object) -> Condition:
    lon = 0.5 + metres_east / distance_m(51.2, 0.0, 51.2, 1.0)
    return Condition("Z1", "O1", kind, shape=Circle(lon, 51.2, radius_m), **more)


def proximity(**more: object) -> Condition:
    return Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", **more)


def need(*records: Record, level: Level = Level.STANDARD, last: LastFix | None = HOME, in_zone: bool = False) -> str:
    order = Order("O1", "W1", OrderKind.COMMUNITY, NOW - 9 * DAY_US, NOW + 9 * DAY_US)
    known = [Version(record) for record in (Wearer("W1", level=level), order, *records)]
    required = Requirements(known, WindowCache(pinned_time_zones()))
    return required.need_of("W1", NOW, last, lost_in_zone=in_zone).value


EXCLUSION, INCLUSION = ConditionKind.EXCLUSION_ZONE, ConditionKind.INCLUSION_ZONE
SOON_S = NOON_S + 1800


@pytest.mark.parametrize(
    ("records", "more", "word"),
    [
        ((), {}, "nothing_now"),
        ((proximity(),), {"in_zone": True, "level": Level.INTENSIVE}, "victim"),
        ((proximity(timetable=window(0, NOON_S)),), {}, "nothing_now"),
        ((proximity(), Suspension("S1", "O1", NOW - 1, NOW + 1, None, "custody", "x")), {}, "nothing_now"),
        ((curfew(NOON_S, NOON_S + 60),), {"in_zone": True}, "lost_in_zone"),
        ((curfew(NOON_S, NOON_S + 60),), {"level": Level.INTENSIVE}, "intensive"),
        ((curfew(NOON_S + 1, NOON_S + 60),), {"level": Level.INTENSIVE}, "curfew"),
        ((curfew(NOON_S - 60, NOON_S),), {}, "nothing_now"),
        ((curfew(SOON_S - 1, SOON_S + 60),), {}, "curfew"),
        ((curfew(SOON_S, SOON_S + 60),), {}, "nothing_now"),
        (
            (curfew(NOON_S, NOON_S + 60), Absence("A1", "C1", NOW - 1, NOW + DAY_US, None, "work", "x")),
            {},
            "nothing_now",
        ),
        ((zone(EXCLUSION, 17_900),), {}, "zone_in_reach"),
        ((zone(EXCLUSION, 18_500),), {}, "nothing_now"),
        ((zone(EXCLUSION, 18_500),), {"last": None}, "zone_in_reach"),
        ((zone(EXCLUSION, 17_900, timetable=window(0, NOON_S)),), {}, "nothing_now"),
        ((zone(INCLUSION, 0, 17_900),), {}, "zone_in_reach"),
        ((zone(INCLUSION, 0, 18_500),), {}, "nothing_now"),
        ((zone(INCLUSION, 0, 18_500),), {"level": Level.INTENSIVE}, "intensive"),
    ],
)
def test_the_first_that_holds_is_the_rank(records: tuple[Record, ...], more: dict[str, object], word: str) -> None:
    assert need(*records, **more) == word


def test_a_shared_zone_counts_in_its_shape_of_now() -> None:
    shared = Zone("S1", shape=Circle(0.5, 51.2, 50.0))
    assert need(Condition("Z1", "O1", EXCLUSION, zone="S1"), shared) == "zone_in_reach"


def test_what_has_ended_requires_nothing() -> None:
    assert need(curfew(NOON_S, NOON_S + 60, to_us=NOW)) == "nothing_now"
    assert need(curfew(NOON_S, NOON_S + 60, to_us=NOW + MINUTE_US)) == "curfew"


def test_ranks_are_in_the_order_of_urgency() -> None:
    assert [need.value for need in sorted(RANK, key=RANK.__getitem__)] == [
        *("victim", "lost_in_zone", "intensive", "curfew", "zone_in_reach", "nothing_now")
    ]
    assert RANK[Need.VICTIM] == 1


SQUARE = Polygons((((((0.5, 51.2), (0.6, 51.2), (0.6, 51.3), (0.5, 51.3), (0.5, 51.2))),),))
STREET = Corridor(((0.5, 51.2), (0.5, 51.3)), 100.0)


@pytest.mark.parametrize(
    ("kind", "shape", "lon", "less_m"),
    [(EXCLUSION, SQUARE, 0.4, 0.0), (INCLUSION, SQUARE, 0.52, 0.0), (EXCLUSION, STREET, 0.4, 50.0)],
)
def test_reach_is_right_to_a_hundredth_and_rather_too_far(
    kind: ConditionKind, shape: Polygons | Corridor, lon: float, less_m: float
) -> None:
    condition = Condition("Z1", "O1", kind, shape=shape)
    to_go_m = distance_m(51.25, lon, 51.25, 0.5) - less_m
    for share, word in ((1.0, "zone_in_reach"), (0.98, "nothing_now")):
        since_us = round((to_go_m * share - 8.0) / 30.0 * SECOND_US)
        assert need(condition, last=LastFix(lon, 51.25, 8.0, NOW - since_us)) == word


def test_who_is_where_a_zone_forbids_needs_no_reach() -> None:
    there = LastFix(0.55, 51.25, 8.0, NOW)
    assert need(Condition("Z1", "O1", EXCLUSION, shape=SQUARE), last=there) == "zone_in_reach"
    assert need(Condition("Z1", "O1", INCLUSION, shape=SQUARE), last=there) == "nothing_now"
